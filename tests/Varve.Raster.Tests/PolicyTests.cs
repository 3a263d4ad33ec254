using System.Runtime.InteropServices;
using Xunit;

namespace Varve.Raster.Tests;

/// <summary>Refuse or be right: what tools of this kind were found to do silently wrong, each once.</summary>
public sealed class PolicyTests
{
    private static readonly Projection Utm = Projection.OfEpsg(32630);

    private static Grid At(double x, double y, long width, long height, double step = 10, Projection? projection = null) => new(x, y, step, -step, width, height, projection ?? Utm);

    private static Raster Bytes(Grid grid, params byte[] values) => Raster.FromArray(values, PixelType.Byte, grid);

    private static Raster Doubles(Grid grid, params double[] values) => Raster.FromArray<double>(values, PixelType.Float64, grid);

    [Fact]
    public void Parts_that_look_alike_are_not_taken_for_each_other()
    {
        var a = Doubles(At(0, 0, 2, 1), 3, 5);
        Assert.Equal([-9.0, -15.0], (a * -1 + a * -2).Read().As<double>().ToArray());
        Assert.Equal([3.0, 5.0], (a * -1 - a * -2).Read().As<double>().ToArray());
    }

    [Fact]
    public void The_order_of_operands_does_not_move_the_result()
    {
        var (a, b) = (Doubles(At(0, 0, 4, 4), new double[16]), Doubles(At(20, -10, 4, 4), new double[16]));
        foreach (var (one, other) in ((Raster, Raster)[])[(a + b, b + a), (a * b, b * a)]) Assert.Equal(one.Grid, other.Grid);
        Assert.Equal(At(0, 0, 6, 5), (a + b).Grid);
        Assert.Equal(At(20, -10, 2, 3), (a * b).Grid);
    }

    [Fact]
    public void Grids_that_lie_parts_of_a_pixel_apart_are_refused_with_the_call_that_mends_it()
    {
        var (a, b) = (Doubles(At(0, 0, 4, 4), new double[16]), Doubles(At(2.5, 0, 4, 4), new double[16]));
        foreach (var sum in (Raster[])[a + b, b + a]) Assert.Contains("--snap", Assert.Throws<RasterException>(() => sum.Sum()).Message, StringComparison.Ordinal);
        // A thousandth of a pixel is rounding in whoever wrote the file.
        Assert.Equal(16, (a + 1 + Doubles(At(0.01, 0, 4, 4), new double[16])).Sum());
    }

    [Fact]
    public void Pixels_of_another_size_are_refused_however_small_both_are()
    {
        var (a, b) = (Doubles(At(0, 0, 4, 4, 0.1), new double[16]), Doubles(At(0, 0, 4, 4, 0.5), new double[16]));
        Assert.Contains("varve raster warp", Assert.Throws<RasterException>(() => (a + b).Sum()).Message, StringComparison.Ordinal);
        Assert.Throws<RasterException>(() => (a + Doubles(At(0, 0, 4, 4, 0.5, Projection.OfEpsg(32631)), new double[16])).Sum());
    }

    [Fact]
    public void Sums_of_bytes_do_not_overflow()
    {
        var a = Bytes(At(0, 0, 300, 300), Enumerable.Repeat((byte)200, 90_000).ToArray());
        foreach (var threads in (int[])[1, 2, 3]) Assert.Equal(18_000_000, a.Sum(new Limits { Threads = threads, ChunkPixels = 4096 }));
    }

    [Fact]
    public void A_byte_raster_with_nodata_stays_one()
    {
        using var folder = new TemporaryFolder();
        TestTiff.Write(folder["a.tif"], At(0, 0, 2, 2), PixelType.Byte, [[1, 255, 3, 254]], new TestLayout { NoData = "255" });
        var a = Raster.Open(folder["a.tif"]);
        Assert.Equal(PixelType.Byte, a.Type);
        Assert.Equal((258, 3, 1, 254), (a.Sum(), a.Count(), a.Statistics().Missing, a.Max()));
        a.Write(folder["b.tif"]);
        using var b = Files.GeoTiff.Open(folder["b.tif"]);
        Assert.Equal((PixelType.Byte, 255.0), (b.Image.Type, b.NoData));
    }

    [Fact]
    public void The_type_is_what_the_numbers_need()
    {
        var a = Bytes(At(0, 0, 2, 1), 200, 1);
        Assert.Equal([400, 2], (a + a).Read().As<ushort>().ToArray());
        Assert.Equal([0.5, 100], (a / 2).Read().As<double>().ToArray().Reverse());
        Assert.Equal([-199, 0], (1 - a).Read().As<short>().ToArray());
        Assert.Equal(PixelType.Byte, (a + 1 - 1).AsType(PixelType.Byte).Type);
        Assert.Equal(PixelType.Float32, (a * Raster.FromArray<float>([1f, 2f], PixelType.Float32, At(0, 0, 2, 1))).Type);
        Assert.Equal(PixelType.Boolean, (a > 3).Type);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void All_bands_are_the_same_for_any_number_of_threads(int threads)
    {
        using var folder = new TemporaryFolder();
        var grid = At(0, 0, 200, 200);
        var a = Raster.FromArray<int>([.. Enumerable.Range(0, 40_000)], PixelType.Int32, grid);
        Raster.WriteBands(folder["a.tif"], [a, a * 2, a % 7], new WriteOptions { TileSize = 16, BandNames = ["one", "two", "rest"] }, new Limits { Threads = threads });
        Assert.Equal(799_980_000.0 * 2, Raster.Open(folder["a.tif"], 2).Sum());
        Raster.WriteBands(folder["b.tif"], [a, a * 2, a % 7], new WriteOptions { TileSize = 16, BandNames = ["one", "two", "rest"] }, new Limits { Threads = 1 });
        Assert.Equal(File.ReadAllBytes(folder["a.tif"]), File.ReadAllBytes(folder["b.tif"]));
    }

    [Fact]
    public void What_decides_nothing_is_not_read()
    {
        using var folder = new TemporaryFolder();
        var grid = At(0, 0, 64, 64);
        var numbers = Enumerable.Range(0, 4096).Select(static i => (byte)(i % 200)).ToArray();
        TestTiff.Write(folder["a.tif"], grid, PixelType.Byte, [numbers], new TestLayout { IsTiled = true, Compression = 8 });
        TestTiff.Write(folder["mask.tif"], grid, PixelType.Byte, [Enumerable.Repeat((byte)1, 4096).ToArray()], new TestLayout { IsTiled = true, Compression = 8, Hole = 2 });
        Report? report = null;
        var sum = Raster.Where(Raster.Open(folder["mask.tif"]) > 0 & Raster.Open(folder["a.tif"]) < 100, 1, 0).Sum(new Limits { ChunkPixels = 256, Done = r => report = r });
        Assert.Equal(8, report!.Skipped);
        Assert.Equal(16, report.Blocks);
        Assert.True(sum > 0);
    }

    [Fact]
    public void An_output_with_a_valid_pixel_that_would_be_taken_for_a_missing_one_is_refused()
    {
        using var folder = new TemporaryFolder();
        var a = Bytes(At(0, 0, 2, 1), 7, 9);
        Assert.Contains("column 1, row 0", Assert.Throws<RasterException>(() => a.Write(folder["a.tif"], new WriteOptions { NoData = 9 })).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void Sums_of_real_numbers_are_exact_and_rounded_once()
    {
        double[] numbers = [1e300, 1, -1e300, 1e-300, 3, double.NaN, 5e-324];
        Assert.Equal(4, Doubles(At(0, 0, 7, 1), numbers).Sum());
        var many = Enumerable.Range(0, 100_000).Select(static i => Math.Sin(i) * Math.Pow(10, i % 30 - 15)).ToArray();
        var exact = many.Aggregate(System.Numerics.BigInteger.Zero, static (sum, x) => sum + (System.Numerics.BigInteger)Math.ScaleB(x, 0) * 0 + Scaled(x));
        Assert.Equal(Reductions.ExactSum.Rounded(exact, 1, -1074), Doubles(At(0, 0, 1000, 100), many).Sum(new Limits { Threads = 3, ChunkPixels = 999 }));
    }

    private static System.Numerics.BigInteger Scaled(double x)
    {
        var bits = BitConverter.DoubleToInt64Bits(x);
        var exponent = (int)(bits >> 52 & 0x7FF);
        System.Numerics.BigInteger mantissa = (bits & 0xFFFFFFFFFFFFF) | (exponent == 0 ? 0 : 1L << 52);
        return (bits < 0 ? -mantissa : mantissa) << Math.Max(0, exponent - 1);
    }

    [Fact]
    public void Layers_of_rows_hold_for_all_columns()
    {
        using var folder = new TemporaryFolder();
        TestTiff.Write(folder["rows.tif"], At(0, 0, 1, 3), PixelType.Float64, [MemoryMarshal.AsBytes<double>([1, 2, 3]).ToArray()], new TestLayout());
        var a = Bytes(At(50, -10, 3, 2), 1, 1, 1, 1, 0, 1);
        Assert.Equal([2.0, 2, 2, 3, 0, 3], (a * Raster.OpenRows(folder["rows.tif"])).Read().As<double>().ToArray());
    }
}
