using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Varve.Steps;

/// <summary>Reads a transcript record by record, also one that is still being written; a long record comes in pieces.</summary>
internal static class TranscriptReader
{
    private const int HeaderBytes = 5, Piece = 1 << 16;

    /// <summary>The records from the beginning, or from an offset at which one begins.</summary>
    /// <param name="file">The transcript.</param>
    /// <param name="most">Stop after so many bytes of what was said.</param>
    public static IEnumerable<(byte Stream, byte[] Bytes)> Read(SafeFileHandle file, long most)
    {
        var header = new byte[HeaderBytes];
        var size = RandomAccess.GetLength(file);
        for (long at = 0; at + HeaderBytes <= size && most > 0;)
        {
            if (RandomAccess.Read(file, header, at) < HeaderBytes) yield break;
            at += HeaderBytes;
            long length = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(1));
            if (at + length > size) yield break;
            for (var end = at + length; at < end;)
            {
                var bytes = new byte[(int)Math.Min(Piece, Math.Min(end - at, most))];
                if (bytes.Length == 0) yield break;
                var count = RandomAccess.Read(file, bytes, at);
                if (count == 0) yield break;
                yield return (header[0], count == bytes.Length ? bytes : bytes[..count]);
                at += count;
                most -= count;
            }
        }
    }
}
