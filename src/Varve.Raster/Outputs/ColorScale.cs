namespace Varve.Raster.Outputs;

/// <summary>Colours of numbers: between a least and a most, or each value its own.</summary>
internal sealed class ColorScale
{
    /// <summary>Named scales, as colours at even distances; viridis is that of S. van der Walt and N. Smith (CC0).</summary>
    private static readonly Dictionary<string, uint[]> Named = new(StringComparer.OrdinalIgnoreCase)
    {
        ["viridis"] = [0x440154, 0x472d7b, 0x3b528b, 0x2c728e, 0x21918c, 0x28ae80, 0x5ec962, 0xaddc30, 0xfde725],
        ["grey"] = [0x000000, 0xffffff],
        ["terrain"] = [0x2e6b4f, 0x7fa65a, 0xd8cf8a, 0xa9814f, 0x7d5a45, 0xffffff],
        ["heat"] = [0x000000, 0x6a0f1c, 0xd0301b, 0xf59d15, 0xfff7c8],
        ["difference"] = [0x2166ac, 0xd1e5f0, 0xf7f7f7, 0xfddbc7, 0xb2182b],
    };

    private readonly uint[] colors;
    private readonly long[]? palette;

    private ColorScale(uint[] colors, long[]? palette, double least, double most) => (this.colors, this.palette, Least, Most) = (colors, palette, least, most);

    public static IEnumerable<string> Names => Named.Keys;
    public double Least { get; }
    public double Most { get; }
    public bool IsPalette => palette is not null;

    /// <exception cref="RasterException">There is no scale of that name.</exception>
    public static ColorScale Of(string name, double least, double most) =>
        Named.TryGetValue(name, out var colors) ? new ColorScale(colors, null, least, most) : throw new RasterException($"there is no colour scale '{name}'; there are {string.Join(", ", Named.Keys)}");

    /// <summary>The palette of a file: reds, greens and blues, 0 to 65535, of all values.</summary>
    public static ColorScale OfPalette(long[] palette) => new([], palette, 0, palette.Length / 3 - 1);

    /// <summary>Red, green, blue as 0xRRGGBB; null for a missing pixel.</summary>
    public uint? this[double value]
    {
        get
        {
            if (double.IsNaN(value)) return null;
            if (palette is not null)
            {
                var (count, index) = (palette.Length / 3, (int)Math.Clamp(value, 0, palette.Length / 3 - 1));
                return (uint)(palette[index] >> 8) << 16 | (uint)(palette[count + index] >> 8) << 8 | (uint)(palette[2 * count + index] >> 8);
            }
            var at = Most > Least ? Math.Clamp((value - Least) / (Most - Least), 0, 1) * (colors.Length - 1) : 0;
            var below = Math.Min((int)at, colors.Length - 2);
            var part = at - below;
            uint Channel(int shift) => (uint)Math.Round((colors[below] >> shift & 255) * (1 - part) + (colors[below + 1] >> shift & 255) * part);
            return Channel(16) << 16 | Channel(8) << 8 | Channel(0);
        }
    }
}
