using CsCheck;
using Xunit;

namespace Varve.Raster.Tests;

/// <summary>How far it is to the nearest true pixel.</summary>
public sealed class DistanceTests
{
    private static readonly Projection Utm = Projection.OfEpsg(32612);

    [Fact]
    public void It_is_the_least_of_all_distances_whatever_the_chunks() =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 40], Gen.Int[0, 60], Gen.Int, Gen.Double[0.5, 30], Gen.Bool, Gen.Int[16, 700], Gen.Int[1, 3]).Sample((width, height, every, seed, limit, isInMetres, chunk, threads) =>
        {
            var random = new Random(seed);
            var truth = Enumerable.Range(0, width * height).Select(_ => random.Next(every + 1) == 0 ? (byte)1 : (byte)0).ToArray();
            var grid = new Grid(300_000, 4_000_000, 2, -3, width, height, Utm);
            if (isInMetres && !Gdal.Gdal.IsThere) return;
            var (stepX, stepY) = isInMetres ? (2.0, 3.0) : (1, 1);
            var raster = Raster.FromArray(truth, PixelType.Byte, grid);
            var found = (isInMetres ? raster.DistanceInMetres(limit) : raster.Distance(limit)).Read(new Limits { ChunkPixels = chunk, Threads = threads }).As<double>();
            for (var i = 0; i < truth.Length; i++)
            {
                var nearest = double.PositiveInfinity;
                for (var j = 0; j < truth.Length; j++)
                    if (truth[j] != 0) nearest = Math.Min(nearest, Math.Sqrt(Math.Pow((i % width - j % width) * stepX, 2) + Math.Pow((i / width - j / width) * stepY, 2)));
                if (Math.Abs(nearest - limit) < 1e-9) continue;
                if (nearest > limit) Assert.True(double.IsNaN(found[i]), $"{i}: {found[i]} beyond {limit}");
                else Assert.Equal(nearest, found[i], 1e-9);
            }
        }, iter: Math.Max(Check.Iter, 150));

    [Fact]
    public void It_is_nowhere_farther_than_gdal_proximity_says_and_nearly_everywhere_the_same()
    {
        using var folder = new TemporaryFolder();
        var random = new Random(3);
        var grid = new Grid(300_000, 4_000_000, 10, -10, 200, 150, Utm);
        Raster.FromArray<byte>([.. Enumerable.Range(0, 30_000).Select(_ => random.Next(400) == 0 ? (byte)1 : (byte)0)], PixelType.Byte, grid).Write(folder["a.tif"]);
        Tool.Run("gdal_proximity.py", "-q", "-values", "1", "-distunits", "PIXEL", "-ot", "Float64", folder["a.tif"], folder["b.tif"]);
        var oracle = Raster.Open(folder["b.tif"]);
        foreach (var own in (Raster[])[Raster.Open(folder["a.tif"]).Distance(500), Raster.Open(folder["a.tif"]).Distance()])
        {
            Assert.Equal(0, (own > oracle + 1e-5).Sum());
            Assert.InRange(((own - oracle).Abs() < 1e-5).Sum(), 29_500, 30_000);
        }
    }

    [Fact]
    public void Without_a_limit_it_is_the_least_of_all_distances_whatever_the_chunks_and_missing_only_where_nothing_is_true() =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 40], Gen.Int[0, 300], Gen.Int, Gen.Bool, Gen.Int[16, 700], Gen.Int[1, 3]).Sample((width, height, every, seed, isInMetres, chunk, threads) =>
        {
            if (isInMetres && !Gdal.Gdal.IsThere) return;
            var random = new Random(seed);
            var truth = Enumerable.Range(0, width * height).Select(_ => random.Next(every + 1) == 0 ? (byte)1 : (byte)0).ToArray();
            var raster = Raster.FromArray(truth, PixelType.Byte, new Grid(300_000, 4_000_000, 2, -3, width, height, Utm));
            var (stepX, stepY) = isInMetres ? (2.0, 3.0) : (1, 1);
            using var folder = new TemporaryFolder();
            var limits = new Limits { ChunkPixels = chunk, Threads = threads };
            var found = (isInMetres ? raster.DistanceInMetres() : raster.Distance()).Read(limits).As<double>();
            for (var i = 0; i < truth.Length; i++)
            {
                var nearest = double.NaN;
                for (var j = 0; j < truth.Length; j++)
                    if (truth[j] != 0 && Math.Sqrt(Math.Pow((i % width - j % width) * stepX, 2) + Math.Pow((i / width - j / width) * stepY, 2)) is var away && !(away >= nearest)) nearest = away;
                Assert.Equal(nearest, found[i], 1e-9);
            }
            // Within another layer, and from a part of it.
            if (!isInMetres) Assert.Equal(raster.Distance().Read().Bytes, (raster.Distance().FocalMean(0)).Read(limits).Bytes);
        }, iter: Math.Max(Check.Iter, 150));

    [Fact]
    public void It_is_stopped_before_it_is_found()
    {
        var raster = Raster.FromArray(new byte[1_000_000], PixelType.Byte, new Grid(0, 0, 1, -1, 1000, 1000, Utm));
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => raster.Distance().Sum(new Limits { Cancellation = stop.Token }));
    }

    [Fact]
    public void Degrees_and_endless_limits_are_refused()
    {
        var raster = Raster.FromArray(new byte[4], PixelType.Byte, new Grid(0, 0, 1, -1, 2, 2, Projection.OfEpsg(4326)));
        Assert.Contains("not the same number of metres", Assert.Throws<RasterException>(() => raster.DistanceInMetres(100)).Message, StringComparison.Ordinal);
        Assert.Contains("without a limit, distance(x)", Assert.Throws<RasterException>(() => raster.Distance(5000)).Message, StringComparison.Ordinal);
        Assert.Throws<RasterException>(() => raster.Distance(0));
    }

    [Fact]
    public void A_histogram_counts_as_numpy_does()
    {
        var raster = Raster.FromArray<double>([0, 0.5, 1, 1, 2.999, 3, 3.1, -1, double.NaN], PixelType.Float64, new Grid(0, 0, 1, -1, 9, 1, Utm));
        Assert.Equal([2L, 2, 2], raster.Histogram(0, 3, 3));
        Assert.Throws<RasterException>(() => raster.Histogram(3, 3, 3));
        // 0.7 / 0.1 is less than 7, and 0.3 / 0.1 too, but the ends of bins are 7 * 0.1 and 3 * 0.1, as numpy.linspace has them.
        var tenths = Raster.FromArray<double>([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.30000000000000004, 0.7000000000000001], PixelType.Float64, new Grid(0, 0, 1, -1, 11, 1, Utm));
        Assert.Equal([0L, 1, 2, 1, 1, 2, 1, 1, 1, 1], tenths.Histogram(0, 1, 10));
    }
}
