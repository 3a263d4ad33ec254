using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Varve.Store;

/// <summary>How the bytes of two files differ.</summary>
/// <param name="FirstBytes">Size of the first.</param>
/// <param name="SecondBytes">Size of the second.</param>
/// <param name="At">Offset of the first byte that differs; -1 when all are the same.</param>
/// <param name="Differing">How many bytes differ, those that only one of them has included.</param>
/// <param name="Line">For texts, the line of the first difference, from 1; else 0.</param>
/// <param name="FirstLine">For texts, that line in the first.</param>
/// <param name="SecondLine">For texts, that line in the second.</param>
public sealed record ContentDifference(long FirstBytes, long SecondBytes, long At, long Differing, int Line, string FirstLine, string SecondLine)
{
    private const int Piece = 1 << 16, LongestLine = 400;
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Whether all bytes are the same.</summary>
    public bool Same => At < 0;

    /// <summary>Compares two open files from beginning to end.</summary>
    public static ContentDifference Between(SafeFileHandle first, SafeFileHandle second)
    {
        var (a, b) = (new byte[Piece], new byte[Piece]);
        var (firstBytes, secondBytes) = (RandomAccess.GetLength(first), RandomAccess.GetLength(second));
        var both = Math.Min(firstBytes, secondBytes);
        long at = -1, differing = Math.Abs(firstBytes - secondBytes);
        for (long offset = 0; offset < both;)
        {
            var count = (int)Math.Min(Piece, both - offset);
            Fill(first, a.AsSpan(0, count), offset);
            Fill(second, b.AsSpan(0, count), offset);
            if (!a.AsSpan(0, count).SequenceEqual(b.AsSpan(0, count)))
            {
                for (var i = 0; i < count; i++)
                {
                    if (a[i] == b[i]) continue;
                    differing++;
                    if (at < 0) at = offset + i;
                }
            }
            offset += count;
        }
        if (at < 0 && firstBytes != secondBytes) at = both;
        var (line, start) = at < 0 ? (0, 0L) : LineOf(first, at);
        var firstLine = line > 0 ? TextAt(first, start) : null;
        var secondLine = line > 0 ? TextAt(second, start) : null;
        return firstLine is null || secondLine is null
            ? new ContentDifference(firstBytes, secondBytes, at, differing, 0, "", "")
            : new ContentDifference(firstBytes, secondBytes, at, differing, line, firstLine, secondLine);
    }

    /// <summary>The line that holds an offset, and where it begins; line 0 when a byte before it cannot be in a text.</summary>
    private static (int Line, long Start) LineOf(SafeFileHandle file, long at)
    {
        var buffer = new byte[Piece];
        var line = 1;
        long start = 0;
        for (long offset = 0; offset < at;)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(Piece, at - offset));
            Fill(file, part, offset);
            for (var i = 0; i < part.Length; i++)
            {
                if (part[i] == 0) return (0, 0);
                if (part[i] != (byte)'\n') continue;
                line++;
                start = offset + i + 1;
            }
            offset += part.Length;
        }
        return (line, start);
    }

    private static string? TextAt(SafeFileHandle file, long start)
    {
        var buffer = new byte[LongestLine];
        ReadOnlySpan<byte> line = buffer.AsSpan(0, RandomAccess.Read(file, buffer, start));
        if (line.IndexOf((byte)'\n') is var end and >= 0) line = line[..end];
        if (line.Contains((byte)0)) return null;
        try
        {
            // A line that was cut may end within a character.
            while (line.Length == LongestLine && (line[^1] & 0x80) != 0) line = line[..^1];
            return Strict.GetString(line);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    private static void Fill(SafeFileHandle file, Span<byte> part, long offset)
    {
        while (!part.IsEmpty)
        {
            var count = RandomAccess.Read(file, part, offset);
            if (count == 0) throw new IOException("a file became shorter while it was compared");
            part = part[count..];
            offset += count;
        }
    }
}
