using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using Varve.Raster.Grids;

namespace Varve.Raster.Outputs;

/// <summary>A picture of red, green, blue and opacity, and the PNG file of it (ISO/IEC 15948).</summary>
internal sealed class Png(int width, int height)
{
    private const int BarHeight = 10, Margin = 6, Glyph = 2;

    /// <summary>Digits and signs of 3 x 5 dots, rows from above, the highest bit left.</summary>
    private static readonly Dictionary<char, ushort> Glyphs = new()
    {
        ['0'] = 0b111_101_101_101_111,
        ['1'] = 0b010_110_010_010_111,
        ['2'] = 0b111_001_111_100_111,
        ['3'] = 0b111_001_111_001_111,
        ['4'] = 0b101_101_111_001_001,
        ['5'] = 0b111_100_111_001_111,
        ['6'] = 0b111_100_111_101_111,
        ['7'] = 0b111_001_010_010_010,
        ['8'] = 0b111_101_111_101_111,
        ['9'] = 0b111_101_111_001_111,
        ['.'] = 0b000_000_000_000_010,
        ['-'] = 0b000_000_111_000_000,
        ['+'] = 0b000_010_111_010_000,
        ['E'] = 0b111_100_111_100_111,
        ['e'] = 0b000_111_111_100_111,
    };

    private readonly byte[] pixels = new byte[width * height * 4];

    /// <summary>A picture of values, with a bar of its colours below when they are a scale.</summary>
    public static Png Of(double[] values, int width, int height, ColorScale scale, bool hasLegend)
    {
        var legend = hasLegend && !scale.IsPalette ? BarHeight + 5 * Glyph + 3 * Margin : 0;
        var png = new Png(width, height + legend);
        for (var i = 0; i < values.Length; i++)
            if (scale[values[i]] is { } color) png.Set(i % width, i / width, color);
        if (legend > 0) png.DrawLegend(height, scale);
        return png;
    }

    private void DrawLegend(int top, ColorScale scale)
    {
        for (var y = top; y < height; y++)
            for (var x = 0; x < width; x++) Set(x, y, 0xFFFFFF);
        for (var x = Margin; x < width - Margin; x++)
            for (var y = 0; y < BarHeight; y++) Set(x, top + Margin + y, scale[scale.Least + (scale.Most - scale.Least) * (x - Margin) / Math.Max(1, width - 2 * Margin - 1)] ?? 0);
        var (least, most) = (PixelTypes.Text(Rounded(scale.Least)), PixelTypes.Text(Rounded(scale.Most)));
        Text(Margin, top + BarHeight + 2 * Margin, least);
        Text(width - Margin - most.Length * 4 * Glyph + Glyph, top + BarHeight + 2 * Margin, most);
    }

    private static double Rounded(double value) => double.Parse(value.ToString("G5", System.Globalization.CultureInfo.InvariantCulture), System.Globalization.CultureInfo.InvariantCulture);

    private void Text(int left, int top, string text)
    {
        foreach (var c in text)
        {
            if (Glyphs.TryGetValue(c, out var dots))
                for (var i = 0; i < 15 * Glyph * Glyph; i++)
                {
                    var (y, x) = Math.DivRem(i, 3 * Glyph);
                    if ((dots >> (14 - (y / Glyph * 3 + x / Glyph)) & 1) != 0) Set(left + x, top + y, 0);
                }
            left += 4 * Glyph;
        }
    }

    private void Set(int x, int y, uint color)
    {
        if (x < 0 || y < 0 || x >= width || y >= height) return;
        var at = (y * width + x) * 4;
        (pixels[at], pixels[at + 1], pixels[at + 2], pixels[at + 3]) = ((byte)(color >> 16), (byte)(color >> 8), (byte)color, 255);
    }

    /// <summary>The file.</summary>
    public byte[] Encode()
    {
        var file = new MemoryStream();
        file.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
        var head = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(head, width);
        BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(4), height);
        (head[8], head[9]) = (8, 6);
        Chunk(file, "IHDR"u8, head);
        var packed = new MemoryStream();
        using (var deflate = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
            for (var y = 0; y < height; y++)
            {
                deflate.WriteByte(0);
                deflate.Write(pixels, y * width * 4, width * 4);
            }
        Chunk(file, "IDAT"u8, packed.ToArray());
        Chunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    private static void Chunk(MemoryStream file, ReadOnlySpan<byte> name, byte[] data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        file.Write(number);
        file.Write(name);
        file.Write(data);
        var crc = new Crc32();
        crc.Append(name);
        crc.Append(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, crc.GetCurrentHashAsUInt32());
        file.Write(number);
    }
}
