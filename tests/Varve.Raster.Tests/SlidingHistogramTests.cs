using CsCheck;
using Varve.Raster.Grids;
using Varve.Raster.Layers;
using Xunit;

namespace Varve.Raster.Tests;

/// <summary>Medians and majorities that are counted along, against those that are sorted, which are those of real numbers.</summary>
public sealed class SlidingHistogramTests
{
    private static Grid Plain(int width, int height) => new(0, height, 1, -1, width, height, Projection.OfEpsg(32612));

    [Fact]
    public void What_is_counted_along_is_what_is_sorted() =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 40], Gen.Int[2, 9], Gen.Int[1, 40_000], Gen.Int[0, 1 << 16]).Sample(static (width, height, radius, spread, seed) =>
        {
            var random = new Random(seed);
            var limits = new Limits { Threads = 2, ChunkPixels = 1 + random.Next(600) };
            short Whole() => (short)(random.Next(6) == 0 ? -7 : random.Next(4) == 0 ? random.Next(-spread, spread) : random.Next(5));
            var shorts = Enumerable.Range(0, width * height).Select(_ => Whole()).ToArray();
            var bytes = shorts.Select(static s => (byte)s).ToArray();
            foreach (var raster in (Raster[])[
                Raster.FromArray(shorts, PixelType.Int16, Plain(width, height), -7), Raster.FromArray(bytes, PixelType.Byte, Plain(width, height), 249),
                Raster.FromArray(shorts.Select(static s => (ushort)s).ToArray(), PixelType.UInt16, Plain(width, height)), Raster.FromArray(bytes, PixelType.Byte, Plain(width, height)) > Raster.Constant(2)])
            {
                var sorted = raster.AsType(PixelType.Float64);
                Assert.Equal(sorted.FocalMedian(radius).Read(limits).Bytes, raster.FocalMedian(radius).Read(limits).Bytes);
                Assert.Equal(sorted.FocalMajority(radius).Read(limits).Bytes, raster.FocalMajority(radius).Read(limits).Bytes);
            }
        }, iter: 60);

    [Theory, InlineData(0, 255), InlineData(-32768, 32767), InlineData(0, 1), InlineData(-100, 155), InlineData(-100, 156)]
    public void The_ends_of_a_range_are_values_like_others(int least, int most)
    {
        var histogram = new SlidingHistogram(new ValueRange(least, most));
        Assert.True(double.IsNaN(histogram.Median()) && double.IsNaN(histogram.Majority()));
        histogram.Add(most, 1);
        histogram.Add(double.NaN, 1);
        Assert.Equal((most, most), (histogram.Median(), histogram.Majority()));
        histogram.Add(least, 1);
        Assert.Equal(((least + most) / 2.0, least), (histogram.Median(), histogram.Majority()));
        histogram.Add(most, -1);
        Assert.Equal((least, least), (histogram.Median(), histogram.Majority()));
        histogram.Clear();
        Assert.True(double.IsNaN(histogram.Median()));
    }
}
