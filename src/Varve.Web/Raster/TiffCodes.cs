namespace Varve.Web.Raster;

/// <summary>The two compressions that the runtime does not have (TIFF 6.0, sections 9 and 13). What does not fit the block is left out.</summary>
internal static class TiffCodes
{
    private const int Clear = 256, End = 257, First = 258, Most = 4096;

    /// <exception cref="InvalidDataException">A code stands for nothing.</exception>
    public static void Lzw(ReadOnlySpan<byte> source, Span<byte> target)
    {
        // Each entry is the one it prolongs, its last byte, and its length.
        Span<short> prefix = stackalloc short[Most];
        Span<byte> last = stackalloc byte[Most];
        Span<short> length = stackalloc short[Most];
        for (var i = 0; i < 256; i++) (last[i], length[i]) = ((byte)i, 1);
        int next = First, width = 9, previous = -1, at = 0, bits = 0, held = 0, from = 0;
        while (at < target.Length)
        {
            while (bits < width)
            {
                if (from >= source.Length) return;
                held = (held << 8) | source[from++];
                bits += 8;
            }
            var code = (held >> (bits - width)) & ((1 << width) - 1);
            bits -= width;
            held &= (1 << bits) - 1;
            if (code == End) return;
            if (code == Clear)
            {
                (next, width, previous) = (First, 9, -1);
                continue;
            }
            if (previous < 0 ? code >= 256 : code > next || (code == next && next >= Most)) throw new InvalidDataException("a block is damaged: its LZW code stands for nothing");
            if (previous >= 0 && next < Most)
            {
                prefix[next] = (short)previous;
                length[next] = (short)(length[previous] + 1);
                last[next] = FirstOf(code == next ? previous : code, prefix, last);
                next++;
            }
            var count = length[code];
            for (int i = at + count - 1, c = code; i >= at; i--, c = prefix[c])
                if (i < target.Length) target[i] = last[c];
            at += count;
            previous = code;
            // The code grows one entry early, as the format's first writer did it.
            width = next >= 2047 ? 12 : next >= 1023 ? 11 : next >= 511 ? 10 : 9;
        }
    }

    private static byte FirstOf(int code, ReadOnlySpan<short> prefix, ReadOnlySpan<byte> last)
    {
        while (code >= First) code = prefix[code];
        return last[code];
    }

    public static void PackBits(ReadOnlySpan<byte> source, Span<byte> target)
    {
        var at = 0;
        for (var i = 0; i < source.Length && at < target.Length;)
        {
            var n = (sbyte)source[i++];
            if (n == -128) continue;
            var count = Math.Min(n >= 0 ? n + 1 : 1 - n, target.Length - at);
            if (n >= 0)
            {
                count = Math.Min(count, source.Length - i);
                source.Slice(i, count).CopyTo(target[at..]);
                i += n + 1;
            }
            else if (i < source.Length)
            {
                target.Slice(at, count).Fill(source[i++]);
            }
            at += count;
        }
    }
}
