using System.Globalization;
using System.Runtime.InteropServices;
using CsCheck;
using Varve.Tests;
using Xunit;

namespace Varve.Raster.Tests;

/// <summary>Cells of H3, held against those of the standard's own library.</summary>
public sealed class HexagonTests
{
    private static readonly string[] Vectors = File.ReadAllLines(Environment.GetEnvironmentVariable("VARVE_H3_VECTORS") ?? Path.Combine(Checkout.Root, "tests/Varve.Raster.Tests/Vectors/h3.txt"));

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private static IEnumerable<string[]> Lines(string kind) => Vectors.Where(l => l.StartsWith(kind + " ", StringComparison.Ordinal)).Select(static l => l.Split(' ')[1..]);

    /// <summary>The distance of two places in degrees of a great circle.</summary>
    private static double Apart((double Latitude, double Longitude) a, (double Latitude, double Longitude) b)
    {
        static (double X, double Y, double Z) On((double Latitude, double Longitude) p) => (Math.Cos(p.Latitude * Math.PI / 180) * Math.Cos(p.Longitude * Math.PI / 180), Math.Cos(p.Latitude * Math.PI / 180) * Math.Sin(p.Longitude * Math.PI / 180), Math.Sin(p.Latitude * Math.PI / 180));
        var ((x, y, z), (u, v, w)) = (On(a), On(b));
        return Math.Sqrt(Math.Pow(x - u, 2) + Math.Pow(y - v, 2) + Math.Pow(z - w, 2)) * 180 / Math.PI;
    }

    private static void MustBe(string cell, IReadOnlyList<(double Latitude, double Longitude)> corners, IReadOnlyList<(double, double)> expected)
    {
        Assert.True(corners.Count == expected.Count, $"{cell} has {corners.Count} corners, and should have {expected.Count}");
        // They go round the same way, from any corner on.
        var first = Enumerable.Range(0, corners.Count).MinBy(i => Apart(corners[i], expected[0]));
        // The nearer to a pole, the fewer digits has a latitude that comes from its sine.
        var near = 1e-9 + 1e-12 / (90 - corners.Max(static c => Math.Abs(c.Latitude)));
        for (var i = 0; i < corners.Count; i++) Assert.True(Apart(corners[(first + i) % corners.Count], expected[i]) < near, $"{cell}: corner {i} is {corners[(first + i) % corners.Count]}, and should be {expected[i]}");
    }

    [Fact]
    public void Corners_are_where_the_standard_has_them()
    {
        var cells = Lines("cell").ToList();
        Assert.True(cells.Count > 300);
        foreach (var line in cells) MustBe(line[0], HexagonCell.Named(line[0])!.Value.Corners(), [.. line[1..].Chunk(2).Select(static p => (Number(p[0]), Number(p[1])))]);
        Assert.Contains(cells, static l => l.Length == 1 + 2 * 10);
        Assert.Contains(cells, static l => l.Length is 1 + 2 * 7 or 1 + 2 * 8);
    }

    [Fact]
    public void Places_lie_in_the_cells_of_the_standard_at_every_resolution()
    {
        foreach (var line in Lines("at"))
            for (var resolution = 0; resolution <= HexagonCell.MostResolution; resolution++)
                Assert.True(line[2 + resolution] == HexagonCell.At(Number(line[0]), Number(line[1]), resolution).ToString(), $"({line[0]}, {line[1]}) at {resolution}: {HexagonCell.At(Number(line[0]), Number(line[1]), resolution)}, not {line[2 + resolution]}");
    }

    [Fact]
    public void A_cells_centre_lies_in_it_and_a_place_is_nearer_to_it_than_its_corners_are() =>
        Gen.Select(Gen.Double[-1, 1], Gen.Double[-180, 180], Gen.Int[0, 15]).Sample((sine, longitude, resolution) =>
        {
            var place = (Math.Asin(sine) * 180 / Math.PI, longitude);
            var cell = HexagonCell.At(place.Item1, place.longitude, resolution);
            var (latitude, other) = cell.Centre();
            Assert.Equal(cell, HexagonCell.At(latitude, other, resolution));
            Assert.Equal(resolution, cell.Resolution);
            Assert.Equal(cell, HexagonCell.Of(cell.Index));
            Assert.True(Apart(place, (latitude, other)) <= cell.Corners().Max(c => Apart(c, (latitude, other))) * 1.0001);
        });

    [Theory]
    [InlineData("8928308280fffff", true)]
    [InlineData("0", false)]
    [InlineData("ffffffffffffffff", false)]
    [InlineData("8928308280ffff", false)]
    [InlineData("89283082807ffff", true)]
    [InlineData("8928308287fffff", false)]
    [InlineData("80f3fffffffffff", true)]
    [InlineData("80f5fffffffffff", false)]
    [InlineData("8a08000000007ff", false)]
    [InlineData("108928308280ffff", false)]
    [InlineData("8108bffffffffff", true)]
    [InlineData("81087ffffffffff", false)]
    [InlineData("8108fffffffffff", true)]
    [InlineData("xyz", false)]
    public void A_number_is_a_cell_or_it_is_none(string name, bool isOne) => Assert.Equal(isOne, HexagonCell.Named(name) is not null);

    [Fact]
    public void Cells_around_a_pole_and_over_the_antimeridian_cover_the_world_once()
    {
        var world = new Grid(-180, 90, 1, -1, 360, 180, Projection.OfEpsg(4326));
        var all = Enumerable.Range(0, 122).Select(static i => (0x8001FFFFFFFFFFFUL | (ulong)i << 45).ToString("x", null)).Select(c => Raster.HexagonCell(c).On(world)).Aggregate(static (a, b) => a + b);
        var counts = all.Read().Bytes;
        Assert.InRange(counts.Count(static c => c != 1), 0, 3);
    }

    [Fact]
    public void A_cell_is_named_by_a_place_and_what_names_none_is_said()
    {
        Assert.Equal("87283082affffff", Layers.HexagonCells.Named("7@37.7955,-122.3937").ToString());
        foreach (var (text, part) in ((string, string)[])[("xyz", "hexadecimal"), ("8928308280ffff", "no cell of H3"), ("16@0,0", "0 to 15"), ("3@91,0", "-90 to 90")])
            Assert.Contains(part, Assert.Throws<RasterException>(() => Raster.HexagonCell(text)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public unsafe void The_systems_libh3_says_the_same()
    {
        Assert.SkipUnless(NativeLibrary.TryLoad("libh3.so.1", out var library) || NativeLibrary.TryLoad("libh3.so", out library), "libh3 is not installed");
        var toCell = (delegate* unmanaged<double*, int, ulong*, uint>)NativeLibrary.GetExport(library, "latLngToCell");
        var toOutline = (delegate* unmanaged<ulong, double*, uint>)NativeLibrary.GetExport(library, "cellToBoundary");
        var random = new Random(7);
        // A count, and up to ten pairs.
        double* place = stackalloc double[2], outline = stackalloc double[21];
        for (var i = 0; i < 20_000; i++)
        {
            var (latitude, longitude, resolution) = (Math.Asin(2 * random.NextDouble() - 1), Math.PI * (2 * random.NextDouble() - 1), i % 16);
            (place[0], place[1]) = (latitude, longitude);
            ulong index;
            Assert.Equal(0u, toCell(place, resolution, &index));
            var cell = HexagonCell.At(latitude * 180 / Math.PI, longitude * 180 / Math.PI, resolution);
            Assert.Equal(index, cell.Index);
            Assert.Equal(0u, toOutline(index, outline));
            MustBe($"{cell}", cell.Corners(), [.. Enumerable.Range(0, *(int*)outline).Select(c => (outline[1 + 2 * c] * 180 / Math.PI, outline[2 + 2 * c] * 180 / Math.PI))]);
        }
    }
}
