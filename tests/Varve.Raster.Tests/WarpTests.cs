using System.Globalization;
using Xunit;

namespace Varve.Raster.Tests;

/// <summary>Rasters on other grids: as gdalwarp has them, and the same whatever the chunks.</summary>
public sealed class WarpTests
{
    private static readonly Grid Utm = new(300_000, 4_150_000, 90, -90, 60, 50, Projection.OfEpsg(32612));

    /// <summary>Hills, with holes.</summary>
    private static Raster Hills(Grid grid, string path)
    {
        var random = new Random(5);
        var numbers = Enumerable.Range(0, (int)(grid.Width * grid.Height)).Select(i => random.Next(25) == 0 ? -9999f : (float)(1000 + 300 * Math.Sin(i % grid.Width / 7.0) * Math.Cos(i / grid.Width / 5.0) + random.Next(20))).ToArray();
        Raster.FromArray<float>(numbers, PixelType.Float32, grid, -9999).Write(path, new WriteOptions { NoData = -9999, Sparse = false });
        return Raster.Open(path);
    }

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static void Gdalwarp(string from, string to, Grid grid, string method, params string[] more) =>
        Tool.Run("gdalwarp", ["-q", "-et", "0", "-r", method, "-ot", "Float64", "-dstnodata", "-9999", "-t_srs", $"EPSG:{grid.Projection.Epsg}", "-te", Text(grid.X), Text(grid.Y + grid.Height * grid.StepY), Text(grid.X + grid.Width * grid.StepX), Text(grid.Y), "-ts", Text(grid.Width), Text(grid.Height), .. more, from, to]);

    /// <summary>How many pixels differ by more than a little, how many are missing in one, how large the largest difference is.</summary>
    private static (int Different, int MissingInOne, double Largest, int All) Compare(Raster own, string oracle, double close)
    {
        var (a, b) = (own.AsType(PixelType.Float64).Read().As<double>().ToArray(), Raster.Open(oracle).AsType(PixelType.Float64).Read().As<double>().ToArray());
        Assert.Equal(b.Length, a.Length);
        Assert.Contains(a, static v => !double.IsNaN(v));
        var both = a.Zip(b).Where(static p => !double.IsNaN(p.First) && !double.IsNaN(p.Second)).Select(static p => Math.Abs(p.First - p.Second)).ToList();
        return (both.Count(d => d > close), a.Zip(b).Count(static p => double.IsNaN(p.First) != double.IsNaN(p.Second)), both.Max(), a.Length);
    }

    [Theory]
    [InlineData("near", Resampling.Near)]
    [InlineData("bilinear", Resampling.Bilinear)]
    [InlineData("cubic", Resampling.Cubic)]
    [InlineData("cubicspline", Resampling.CubicSpline)]
    [InlineData("lanczos", Resampling.Lanczos)]
    [InlineData("average", Resampling.Average)]
    [InlineData("rms", Resampling.Rms)]
    [InlineData("mode", Resampling.Mode)]
    [InlineData("min", Resampling.Min)]
    [InlineData("max", Resampling.Max)]
    [InlineData("med", Resampling.Median)]
    [InlineData("q1", Resampling.FirstQuartile)]
    [InlineData("q3", Resampling.ThirdQuartile)]
    [InlineData("sum", Resampling.Sum)]
    public void Every_method_gives_what_gdalwarp_gives(string name, Resampling how)
    {
        using var folder = new TemporaryFolder();
        var hills = Hills(Utm, folder["a.tif"]);
        // Larger pixels, smaller ones, and another projection.
        var larger = Utm with { StepX = 216, StepY = -300, Width = 25, Height = 15 };
        var smaller = Utm with { X = Utm.X + 1017, Y = Utm.Y - 1013, StepX = 31, StepY = -37, Width = 80, Height = 70 };
        var degrees = new Grid(-113.262, 37.47, 0.00095, -0.0008, 55, 50, Projection.OfEpsg(4326));
        foreach (var grid in (Grid[])[larger, smaller, degrees])
        {
            // Where Lanczos' shrinks, GDAL lays it beside the point: the next test.
            if (how == Resampling.Lanczos && ReferenceEquals(grid, larger)) continue;
            if (ReferenceEquals(grid, degrees)) Tool.NeedGdal();
            Gdalwarp(folder["a.tif"], folder[$"{name}-{grid.Width}.tif"], grid, name);
            var (different, missing, largest, all) = Compare(hills.To(grid, how), folder[$"{name}-{grid.Width}.tif"], 0.02);
            // Between projections gdalwarp shares the sum out by another rule, which on a slope differs by a little.
            if (how == Resampling.Sum && ReferenceEquals(grid, degrees)) Assert.True(largest < 20 && missing < 30, $"{name}: {largest} {missing}");
            else Assert.True(different <= all * 0.005 && missing <= all * 0.008, $"{name} onto {grid}: {different} of {all} differ, by up to {largest}, and {missing} are missing in one");
        }
    }

    [Fact]
    public void Where_Lanczos_shrinks_gdalwarp_lays_its_weights_around_the_pixel_before_the_point_and_Varve_around_the_point()
    {
        using var folder = new TemporaryFolder();
        var hills = Hills(Utm, folder["a.tif"]);
        var larger = Utm with { StepX = 216, StepY = -300, Width = 25, Height = 15 };
        Gdalwarp(folder["a.tif"], folder["b.tif"], larger, "lanczos");
        var oracle = Raster.Open(folder["b.tif"]).Read().As<double>().ToArray();
        var own = hills.To(larger, Resampling.Lanczos).AsType(PixelType.Float64).Read().As<double>().ToArray();
        var values = hills.AsType(PixelType.Float64).Read().As<double>().ToArray();
        var pixels = new Layers.SourcePixels(values, Utm.All, Utm.All);
        for (var i = 0; i < oracle.Length; i++)
        {
            var (x, y) = ((i % 25 + 0.5) * 216 / 90, (i / 25 + 0.5) * 300 / 90);
            if (!pixels.Holds(x, y)) continue;
            Assert.Equal(pixels.Spread(Resampling.Lanczos, x, y, 90.0 / 216, 90.0 / 300), own[i], 0.01);
            Assert.Equal(pixels.Spread(Resampling.Lanczos, Math.Floor(x - 0.5) + 0.5, Math.Floor(y - 0.5) + 0.5, 90.0 / 216, 90.0 / 300), oracle[i], 0.01);
        }
    }

    [Theory]
    [InlineData(Resampling.Near)]
    [InlineData(Resampling.Cubic)]
    [InlineData(Resampling.Average)]
    [InlineData(Resampling.Median)]
    public void It_is_the_same_whatever_the_chunks_and_threads(Resampling how)
    {
        Tool.NeedGdal();
        using var folder = new TemporaryFolder();
        var hills = Hills(Utm, folder["a.tif"]);
        foreach (var grid in (Grid[])[Utm with { StepX = 47, StepY = -400, Width = 120, Height = 12 }, new Grid(-113.3, 37.5, 0.0007, -0.0008, 90, 60, Projection.OfEpsg(4326))])
        {
            var whole = hills.To(grid, how).Read(new Limits { Threads = 1, ChunkPixels = 1 << 20 });
            foreach (var (threads, chunk) in ((int, long)[])[(1, 100), (3, 333), (2, 1024)])
            {
                var parts = hills.To(grid, how).Read(new Limits { Threads = threads, ChunkPixels = chunk });
                Assert.Equal(whole.Bytes, parts.Bytes);
            }
        }
    }

    [Fact]
    public void The_grid_for_another_projection_is_GDALs()
    {
        Tool.NeedGdal();
        using var folder = new TemporaryFolder();
        var hills = Hills(Utm, folder["a.tif"]);
        Tool.Run("gdalwarp", "-q", "-et", "0", "-t_srs", "EPSG:4326", folder["a.tif"], folder["b.tif"]);
        var (own, oracle) = (hills.AsProjection(Projection.OfEpsg(4326)), Raster.Open(folder["b.tif"]));
        Assert.Equal((oracle.Grid.Width, oracle.Grid.Height), (own.Grid.Width, own.Grid.Height));
        Assert.Equal(oracle.Grid.X, own.Grid.X, 1e-9);
        Assert.InRange(Compare(own, folder["b.tif"], 0).Different, 0, own.Grid.Width * own.Grid.Height / 250);
    }

    [Fact]
    public void Codes_stay_codes_and_grow_only_where_nothing_is_left_for_missing_pixels()
    {
        var some = Raster.FromArray<byte>([1, 2, 3, 255], PixelType.Byte, Utm with { Width = 2, Height = 2 }, 255);
        var all = Raster.FromArray<byte>([1, 2, 3, 255], PixelType.Byte, Utm with { Width = 2, Height = 2 });
        var wider = Utm with { Width = 3, Height = 2 };
        Assert.Equal((PixelType.UInt16, PixelType.Byte), (all.To(wider).Type, (some.Fill(0) % 200).AsType(PixelType.Byte).To(wider).Type));
        var there = all.To(wider).Statistics();
        Assert.Equal((4, 2, 261), (there.Count, there.Missing, there.Sum));
        Assert.Equal(PixelType.Float32, all.To(wider, Resampling.Bilinear).Type);
    }

    [Theory]
    [InlineData(Resampling.Bilinear)]
    [InlineData(Resampling.Cubic)]
    [InlineData(Resampling.CubicSpline)]
    [InlineData(Resampling.Lanczos)]
    public void What_is_flat_stays_so_and_a_slope_keeps_its_middle(Resampling how)
    {
        var flat = Raster.FromArray<float>([.. Enumerable.Repeat(7f, 3000)], PixelType.Float32, Utm);
        var slope = Raster.FromArray<float>([.. Enumerable.Range(0, 3000).Select(static i => (float)(i % 60))], PixelType.Float32, Utm);
        foreach (var grid in (Grid[])[Utm with { StepX = 270, StepY = -270, Width = 20, Height = 16 }, Utm with { StepX = 45, StepY = -45, Width = 120, Height = 100 }])
        {
            Assert.All(flat.To(grid, how).Read().As<float>().ToArray(), static v => Assert.Equal(7f, v, 1e-5f));
            Assert.Equal(29.5, slope.To(grid, how).Mean(), 0.01);
        }
    }

    [Fact]
    public void Sums_stay_when_pixels_become_larger()
    {
        using var folder = new TemporaryFolder();
        var hills = Hills(Utm, folder["a.tif"]);
        Assert.Equal(hills.Sum(), hills.Rescale(270, 200, Resampling.Sum).Sum(), 1e-3);
    }

    [Fact]
    public void A_file_whose_rows_are_turned_is_refused_and_laid_straight_on_request()
    {
        Tool.NeedGdal();
        using var folder = new TemporaryFolder();
        Hills(Utm, folder["a.tif"]);
        Tool.Run("gdal_translate", "-q", "-of", "VRT", folder["a.tif"], folder["a.vrt"]);
        var text = File.ReadAllText(folder["a.vrt"]);
        var at = text.IndexOf("<GeoTransform>", StringComparison.Ordinal);
        File.WriteAllText(folder["a.vrt"], text[..at] + "<GeoTransform>300000, 80, 30, 4150000, 30, -80" + text[text.IndexOf("</GeoTransform>", StringComparison.Ordinal)..]);
        Tool.Run("gdal_translate", "-q", folder["a.vrt"], folder["turned.tif"]);
        Assert.Contains("varve raster warp", Assert.Throws<RasterException>(() => Raster.Open(folder["turned.tif"])).Message, StringComparison.Ordinal);
        var grid = new Grid(300_000, 4_151_000, 70, -70, 90, 80, Projection.OfEpsg(32612));
        Gdalwarp(folder["turned.tif"], folder["b.tif"], grid, "bilinear");
        Assert.InRange(Compare(Raster.OpenTurned(folder["turned.tif"], grid, Resampling.Bilinear), folder["b.tif"], 0.02).Different, 0, 30);
        Assert.True(Raster.OpenTurned(folder["a.vrt"]).Count() > 2000);
    }

    [Fact]
    public void A_turned_file_without_a_projection_is_laid_on_the_grid_that_GDAL_finds()
    {
        using var folder = new TemporaryFolder();
        Raster.FromArray<byte>([.. Enumerable.Range(1, 150).Select(static i => (byte)i)], PixelType.Byte, new Grid(0, 0, 1, -1, 10, 15, Projection.None)).Write(folder["a.tif"]);
        Tool.Run("gdal_translate", "-q", "-of", "VRT", folder["a.tif"], folder["a.vrt"]);
        var text = File.ReadAllText(folder["a.vrt"]);
        File.WriteAllText(folder["a.vrt"], text.Insert(text.IndexOf("<VRTRasterBand", StringComparison.Ordinal), "<GeoTransform>100, 17.32, 5, 200, 10, -8.66</GeoTransform>"));
        Tool.Run("gdal_translate", "-q", folder["a.vrt"], folder["turned.tif"]);
        Tool.Run("gdalwarp", "-q", "-et", "0", folder["turned.tif"], folder["b.tif"]);
        var (own, oracle) = (Raster.OpenTurned(folder["turned.tif"]), Raster.Open(folder["b.tif"]));
        Assert.Equal((oracle.Grid.Width, oracle.Grid.Height), (own.Grid.Width, own.Grid.Height));
        Assert.Equal(0, own.Fill(0).Difference(oracle).Count);
        Assert.Contains("varve raster convert", Assert.Throws<RasterException>(() => Raster.GridFor(folder["turned.tif"], Projection.OfEpsg(4326))).Message, StringComparison.Ordinal);
    }
}
