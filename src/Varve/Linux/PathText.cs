using System.Buffers;
using System.Text;

namespace Varve.Linux;

/// <summary>
/// Linux paths are bytes, C# strings are UTF-16. A path becomes a string by reading it as UTF-8 and
/// keeping each byte that is not valid there as a lone low surrogate U+DC80..U+DCFF, so that every path
/// survives the round trip. (The scheme is Python's "surrogateescape", PEP 383.)
/// </summary>
public static class PathText
{
    private const char EscapeBase = '\uDC00';

    /// <summary>The string for the bytes of a path, without a terminating zero.</summary>
    public static string Decode(ReadOnlySpan<byte> path)
    {
        if (System.Text.Unicode.Utf8.IsValid(path)) return Encoding.UTF8.GetString(path);
        var text = new StringBuilder(path.Length);
        Span<char> units = stackalloc char[2];
        while (!path.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(path, out var rune, out var consumed) == OperationStatus.Done)
            {
                text.Append(units[..rune.EncodeToUtf16(units)]);
            }
            else
            {
                consumed = 1;
                text.Append((char)(EscapeBase + path[0]));
            }
            path = path[consumed..];
        }
        return text.ToString();
    }

    /// <summary>The bytes of a path, without a terminating zero.</summary>
    public static byte[] Encode(string path)
    {
        if (!HasEscapes(path)) return Encoding.UTF8.GetBytes(path);
        var bytes = new List<byte>(path.Length + 8);
        Span<byte> units = stackalloc byte[4];
        for (var i = 0; i < path.Length; i++)
        {
            if (IsEscape(path[i]) && (i == 0 || !char.IsHighSurrogate(path[i - 1])))
            {
                bytes.Add((byte)(path[i] - EscapeBase));
                continue;
            }
            Rune.DecodeFromUtf16(path.AsSpan(i), out var rune, out var consumed);
            bytes.AddRange(units[..rune.EncodeToUtf8(units)]);
            i += consumed - 1;
        }
        return bytes.ToArray();
    }

    /// <summary>The bytes of a path with a terminating zero, as system calls take it.</summary>
    internal static byte[] EncodeTerminated(string path)
    {
        if (HasEscapes(path)) return [.. Encode(path), 0];
        var bytes = new byte[Encoding.UTF8.GetByteCount(path) + 1];
        Encoding.UTF8.GetBytes(path, bytes);
        return bytes;
    }

    /// <summary>Whether some byte of the path is not valid UTF-8.</summary>
    public static bool HasEscapes(string path)
    {
        // Nearly every path is plain: one vectorised look for surrogates of any kind settles it.
        if (!path.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF')) return false;
        for (var i = 0; i < path.Length; i++)
        {
            if (char.IsHighSurrogate(path[i]) && i + 1 < path.Length && char.IsLowSurrogate(path[i + 1])) i++;
            else if (IsEscape(path[i])) return true;
        }
        return false;
    }

    private static bool IsEscape(char unit) => unit is >= '\uDC80' and <= '\uDCFF';
}
