using Xunit;

namespace Varve.Raster.Tests;

/// <summary>Cells of H3, where libh3 is installed.</summary>
public sealed class HexagonTests
{
    [Fact]
    public void Cells_around_a_pole_and_over_the_antimeridian_cover_the_world_once()
    {
        Assert.SkipUnless(Layers.HexagonCells.IsThere, "libh3 is not installed");
        var world = new Grid(-180, 90, 1, -1, 360, 180, Projection.OfEpsg(4326));
        var all = Enumerable.Range(0, 122).Select(static i => (0x8001FFFFFFFFFFFUL | (ulong)i << 45).ToString("x", null)).Select(c => Raster.HexagonCell(c).On(world)).Aggregate(static (a, b) => a + b);
        var counts = all.Read().Bytes;
        Assert.InRange(counts.Count(static c => c != 1), 0, 3);
    }

    [Fact]
    public void What_is_no_cell_is_said() =>
        Assert.Contains("hexadecimal", Assert.Throws<RasterException>(() => Raster.HexagonCell("xyz")).Message, StringComparison.Ordinal);
}
