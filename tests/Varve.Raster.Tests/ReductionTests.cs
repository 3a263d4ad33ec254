using Varve.Raster.Files;
using Xunit;

namespace Varve.Raster.Tests;

/// <summary>Zones, differences, overviews and pictures.</summary>
public sealed class ReductionTests
{
    private static Grid Plain(long width, long height) => new(3, 5, 1, -1, width, height, Projection.None);

    [Fact]
    public void Zones_have_their_own_statistics()
    {
        var values = Raster.FromArray<double>([1, 2, 3, double.NaN, 5, 6], PixelType.Float64, Plain(3, 2));
        var zones = Raster.FromArray<byte>([1, 1, 2, 2, 9, 1], PixelType.Byte, Plain(3, 2), noData: 9);
        var found = values.Zonal(zones);
        Assert.Equal([1L, 2], found.Keys);
        Assert.Equal((3, 0, 9, 1, 6, 3), (found[1].Count, found[1].Missing, found[1].Sum, found[1].Min, found[1].Max, found[1].Mean));
        Assert.Equal((1, 1, 3), (found[2].Count, found[2].Missing, found[2].Sum));
        Assert.Throws<RasterException>(() => zones.Zonal(values));
    }

    [Fact]
    public void Zones_are_the_same_for_any_chunks_and_threads()
    {
        var random = new Random(1);
        var values = Raster.FromArray<float>([.. Enumerable.Range(0, 10_000).Select(_ => random.NextSingle())], PixelType.Float32, Plain(100, 100));
        var zones = Raster.FromArray<short>([.. Enumerable.Range(0, 10_000).Select(_ => (short)random.Next(-5, 5))], PixelType.Int16, Plain(100, 100));
        var once = values.Zonal(zones, new Limits { Threads = 1 });
        var often = values.Zonal(zones, new Limits { Threads = 4, ChunkPixels = 64 });
        Assert.Equal(once, often);
        Assert.Equal(10_000, once.Values.Sum(static z => z.Count));
    }

    [Fact]
    public void A_difference_says_where_and_how_much()
    {
        var a = Raster.FromArray<short>([1, 2, 3, 4, 5, 6], PixelType.Int16, Plain(3, 2), noData: 6);
        var b = Raster.FromArray<short>([1, 2, 3, 9, 5, 7], PixelType.Int16, Plain(3, 2));
        var found = a.Difference(b);
        Assert.Equal((6, 2, 1, 5), (found.Pixels, found.Count, found.Missing, found.Largest));
        Assert.Equal((0, 1), found.First);
        Assert.Equal((0, 1, 3, 1), found.Extent);
        Assert.Equal(0, a.Difference(a).Count);
    }

    [Fact]
    public void A_deviation_cancels_nothing()
    {
        var a = Raster.FromArray<double>([1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16], PixelType.Float64, Plain(2, 2));
        Assert.Equal(Math.Sqrt(22.5), a.Statistics().Deviation);
    }

    [Fact]
    public void A_cog_has_overviews_of_means_and_all_directories_first()
    {
        using var folder = new TemporaryFolder();
        var numbers = Enumerable.Range(0, 1100 * 700).Select(static i => (float)(i % 1100 * (i / 1100))).ToArray();
        numbers[0] = float.NaN;
        Raster.FromArray<float>(numbers, PixelType.Float32, Plain(1100, 700)).Write(folder["a.tif"], new WriteOptions { Cog = true, TileSize = 256 }, new Limits { Threads = 3 });
        using var tiff = GeoTiff.Open(folder["a.tif"]);
        Assert.Equal([(550L, 350L), (275L, 175L)], tiff.Overviews.Select(static o => (o.Width, o.Height)));
        var block = new float[256 * 256];
        using var reader = new BlockReader();
        Assert.True(reader.Read(tiff.Overviews[0], 0, 0, 0, System.Runtime.InteropServices.MemoryMarshal.AsBytes(block.AsSpan())));
        // Of 0 (missing), 0, 0 and 1.
        Assert.Equal((float)(1 / 3.0), block[0]);
        Assert.Equal((2 * 2 + 3 * 2 + 2 * 3 + 3 * 3) / 4f, block[257]);
        Assert.True(tiff.Overviews[1].Place(0, 0, 0).Offset < tiff.Overviews[0].Place(0, 0, 0).Offset && tiff.Overviews[0].Place(0, 0, 0).Offset < tiff.Image.Place(0, 0, 0).Offset);
        Assert.Empty(Directory.GetFiles(folder.Path, ".*"));
        Assert.Equal(0, Raster.Open(folder["a.tif"]).Difference(Raster.FromArray<float>(numbers, PixelType.Float32, Plain(1100, 700))).Count);
    }

    [Fact]
    public void Overviews_of_codes_are_codes()
    {
        using var folder = new TemporaryFolder();
        var numbers = Enumerable.Range(0, 600 * 600).Select(static i => (byte)(i % 2 == 0 ? 7 : 200)).ToArray();
        Raster.FromArray(numbers, PixelType.Byte, Plain(600, 600)).Write(folder["a.tif"], new WriteOptions { Cog = true });
        using var tiff = GeoTiff.Open(folder["a.tif"]);
        var block = new byte[tiff.Overviews[0].BlockBytes];
        using var reader = new BlockReader();
        Assert.True(reader.Read(tiff.Overviews[0], 0, 0, 0, block));
        Assert.Equal(7, block[0]);
    }

    [Fact]
    public void A_picture_is_a_png_and_has_what_was_asked()
    {
        using var folder = new TemporaryFolder();
        var a = Raster.FromArray<double>([.. Enumerable.Range(0, 5000).Select(static i => i % 100.0)], PixelType.Float64, Plain(100, 50));
        a.WritePicture(folder["a.png"], new PictureOptions { Size = 50 });
        var png = File.ReadAllBytes(folder["a.png"]);
        Assert.Equal("PNG"u8.ToArray(), png[1..4]);
        Assert.Equal((0, 50), (png[18], png[19]));
        Assert.Equal([1.0, 3, 5], a.Preview(50, 1)[..3]);
        Assert.Contains("viridis", Assert.Throws<RasterException>(() => a.WritePicture(folder["b.png"], new PictureOptions { Colors = "pink" })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Quantiles_are_those_of_the_sorted_values_for_every_type()
    {
        var random = new Random(3);
        foreach (var type in Enum.GetValues<PixelType>().Where(static t => t != PixelType.Boolean))
        {
            var range = type is PixelType.Float32 or PixelType.Float64 ? 1e9 : Math.Min(1e9, Math.Pow(2, 8 * Grids.PixelTypes.Size(type) - 1) - 1);
            var isSigned = type is PixelType.Float32 or PixelType.Float64 or PixelType.Int8 or PixelType.Int16 or PixelType.Int32 or PixelType.Int64;
            var values = Enumerable.Range(0, 1000).Select(_ => Math.Floor((random.NextDouble() - (isSigned ? 0.5 : 0)) * range)).Select(v => type == PixelType.Float32 ? (float)v / 16 : v).ToArray();
            var raster = Raster.FromArray<double>(values, PixelType.Float64, Plain(40, 25)).AsType(type);
            var sorted = values.Order().ToArray();
            double Between(double f) => sorted[(int)Math.Floor(f * 999)] is var low && sorted[(int)Math.Ceiling(f * 999)] is var high && low == high ? low : low + (high - low) * (f * 999 - Math.Floor(f * 999));
            double[] fractions = [0, 0.05, 0.25, 0.5, 0.731, 1];
            Assert.Equal(fractions.Select(Between), raster.Quantiles(fractions, new Limits { Threads = 3, ChunkPixels = 100 }));
        }
        Assert.True(double.IsNaN(Raster.FromArray<double>([double.NaN], PixelType.Float64, Plain(1, 1)).Quantiles([0.5])[0]));
    }

    [Fact]
    public void Neighbourhoods_are_the_same_for_any_chunks()
    {
        using var folder = new TemporaryFolder();
        var random = new Random(5);
        var values = Enumerable.Range(0, 70 * 50).Select(_ => random.Next(20) == 0 ? 99 : random.Next(50)).Select(static v => (byte)v).ToArray();
        TestTiff.Write(folder["a.tif"], Plain(70, 50), PixelType.Byte, [values], new TestLayout { IsTiled = true, NoData = "99" });
        var a = Raster.Open(folder["a.tif"]);
        double[,] weights = { { 1, 2, 0 }, { 0, -4, 1 }, { 0.5, 0, 0 } };
        foreach (var limits in (Limits[])[new() { Threads = 1 }, new() { Threads = 3, ChunkPixels = 256 }])
        {
            var (mean, least, turned) = (a.FocalMean(2).Read(limits), (a + 0).FocalMin(1).Read(limits), a.Convolve(weights).Read(limits));
            var (range, median, most) = (a.FocalRange(2).Read(limits), a.FocalMedian(2).Read(limits), a.FocalMajority(2).Read(limits));
            var (variance, deviation) = (a.FocalVariance(2).Read(limits), a.FocalDeviation(2).Read(limits));
            for (var y = 0; y < 50; y++)
                for (var x = 0; x < 70; x++)
                {
                    var around = (int r) => from dy in Enumerable.Range(-r, 2 * r + 1) from dx in Enumerable.Range(-r, 2 * r + 1) where x + dx is >= 0 and < 70 && y + dy is >= 0 and < 50 && values[(y + dy) * 70 + x + dx] != 99 select (double)values[(y + dy) * 70 + x + dx];
                    Assert.Equal(around(2).Average(), mean.As<double>()[y * 70 + x], 1e-12);
                    Assert.Equal(around(1).Min(), least.As<double>()[y * 70 + x]);
                    var there = around(2).Order().ToList();
                    Assert.Equal(there[^1] - there[0], range.As<double>()[y * 70 + x]);
                    Assert.Equal((there[(there.Count - 1) / 2] + there[there.Count / 2]) / 2, median.As<double>()[y * 70 + x]);
                    Assert.Equal(there.GroupBy(static v => v).OrderByDescending(static g => g.Count()).ThenBy(static g => g.Key).First().Key, most.As<double>()[y * 70 + x]);
                    Assert.Equal(there.Average(v => (v - there.Average()) * (v - there.Average())), variance.As<double>()[y * 70 + x], 1e-9);
                    Assert.Equal(Math.Sqrt(variance.As<double>()[y * 70 + x]), deviation.As<double>()[y * 70 + x], 1e-12);
                    var sum = 0.0;
                    for (var i = 0; i < 9; i++)
                        if (weights[i / 3, i % 3] is not 0 and var w && x + i % 3 - 1 is >= 0 and < 70 and var u && y + i / 3 - 1 is >= 0 and < 50 and var v) sum += values[v * 70 + u] == 99 ? double.NaN : values[v * 70 + u] * w;
                    Assert.Equal(sum, turned.As<double>()[y * 70 + x] is 0 && turned.Missing is { } m && m[y * 70 + x] != 0 ? double.NaN : turned.As<double>()[y * 70 + x]);
                }
        }
        Assert.Equal(a.FocalSum(3).Sum(), a.FocalSum(3).Sum(new Limits { ChunkPixels = 300 }));
        Assert.Throws<RasterException>(() => a.Convolve(new double[2, 3]));
    }
}
