namespace Varve.Raster.Files;

/// <summary>Runs of equal bytes (TIFF revision 6.0, section 9).</summary>
internal static class PackBits
{
    /// <summary>Unpacks; returns the bytes written. What does not fit is left out.</summary>
    public static int Unpack(ReadOnlySpan<byte> source, Span<byte> target)
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
            else
            {
                count = 0;
            }
            at += count;
        }
        return at;
    }
}
