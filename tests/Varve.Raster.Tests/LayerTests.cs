using CsCheck;
using Xunit;

namespace Varve.Raster.Tests;

/// <summary>Layers that follow from where they lie: polygons, the area of pixels.</summary>
public sealed class LayerTests
{
    private static readonly Grid World = new(-180, 90, 1, -1, 360, 180, Projection.OfEpsg(4326));

    private static void Write(string path, string crs, params double[][] rings)
    {
        string Ring(double[] r) => string.Join(",", Enumerable.Range(0, r.Length / 2).Select(k => $"[{r[2 * k]:R},{r[2 * k + 1]:R}]"));
        var features = rings.Select((r, i) => "{\"type\":\"Feature\",\"properties\":{\"id\":" + (i + 2) + ",\"name\":\"x\"},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[" + Ring(r) + "]]}}");
        File.WriteAllText(path, "{\"type\":\"FeatureCollection\"," + crs + "\"features\":[" + string.Join(",", features) + "]}");
    }

    private static Raster Zero(Grid grid) => Raster.FromArray(new byte[grid.Width * grid.Height], PixelType.Byte, grid);

    [Fact]
    public void The_pixels_of_the_world_are_as_large_as_the_world() => Assert.Equal(510065621724088.4, Zero(World).AsArea().Sum(), 510065621724088.4 * 1e-14);

    [Theory]
    [InlineData(32630, 166000, 9000000, 998084.4345928282)]
    [InlineData(32733, 833000, 6000000, 998061.4355875584)]
    [InlineData(3857, 0, 8000000, 279246.92856892943)]
    [InlineData(6933, 0, 100, 1000000)]
    public void Areas_are_those_of_the_corners_on_the_ellipsoid(int code, double x, double y, double area) =>
        Assert.Equal(area, Zero(new Grid(x, y, 1000, -1000, 1, 1, Projection.OfEpsg(code))).AsArea().Sum(), area * 1e-8);

    [Fact]
    public void The_area_of_a_layer_lies_where_the_layer_does()
    {
        var (a, b) = (Zero(World with { Width = 2, Height = 2 }), Zero(World with { X = -179, Width = 3, Height = 1 }));
        var both = a.AsArea() + b;
        var areas = both.Read().As<double>().ToArray();
        Assert.Equal((4, 2), (both.Grid.Width, both.Grid.Height));
        Assert.Equal([true, true, false, false, true, true, false, false], areas.Select(static x => x > 0));
        Assert.Equal(areas[0], areas[1]);
        Assert.True(areas[4] > areas[0]);
    }

    [Fact]
    public void Areas_need_a_projection() =>
        Assert.Contains("--srs", Assert.Throws<RasterException>(() => Zero(World with { Projection = Projection.None }).AsArea().Sum()).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(2154, 700_000, 6_600_000)]
    [InlineData(2154, 150_000, 6_850_000)]
    [InlineData(3031, 1_500_000, 900_000)]
    [InlineData(5041, 2_300_000, 1_200_000)]
    [InlineData(28992, 155_000, 463_000)]
    public void Areas_in_any_projection_are_those_of_geodesic_polygons(int code, double x, double y)
    {
        Tool.NeedGdal();
        var own = Zero(new Grid(x, y, 500, -500, 1, 1, Projection.OfEpsg(code))).AsArea().Sum();
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["xy"], FormattableString.Invariant($"{x} {y}\n{x + 500} {y}\n{x + 500} {y - 500}\n{x} {y - 500}\n"));
        // The projection's own longitude and latitude, without a change of datum.
        var degrees = code switch { 2154 => "EPSG:4171", 28992 => "EPSG:4289", _ => "EPSG:4326" };
        File.WriteAllText(folder["ll"], Tool.Run("sh", "-c", $"gdaltransform -output_xy -s_srs EPSG:{code} -t_srs {degrees} < {folder["xy"]} | awk '{{print $2, $1}}'"));
        string[] ellipsoid = code switch { 2154 => ["6378137", "1/298.257222101"], 28992 => ["6377397.155", "1/299.1528128"], _ => ["6378137", "1/298.257223563"] };
        var area = Math.Abs(double.Parse(Tool.Run("Planimeter", ["-e", .. ellipsoid, "-p", "10", "--input-file", folder["ll"]]).Split(' ')[2], System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(area, own, area * 1e-7);
    }

    [Fact]
    public void The_general_way_to_areas_gives_what_the_closed_forms_do_and_holds_the_pole()
    {
        Tool.NeedGdal();
        foreach (var grid in (Grid[])[new Grid(320_000, 4_200_000, 100, -100, 3, 3, Projection.OfEpsg(32612)), new Grid(10, 60, 0.01, -0.01, 3, 3, Projection.OfEpsg(4326)), new Grid(0, 5_000_000, 100, -100, 3, 3, Projection.OfEpsg(3857))])
            using (var general = new Layers.ProjectedSurface(grid)) Assert.Equal(Layers.Surface.Of(grid).PixelAt(1, 1), general.PixelAt(1, 1), Layers.Surface.Of(grid).PixelAt(1, 1) * 1e-7);
        var pole = Projection.OfEpsg(3031);
        var whole = Zero(new Grid(-10_300, 9_100, 20_000, -20_000, 1, 1, pole)).AsArea().Sum();
        Assert.Equal(Zero(new Grid(-10_300, 9_100, 200, -200, 100, 100, pole)).AsArea().Sum(), whole, whole * 1e-7);
    }

    [Fact]
    public void A_pixel_is_in_a_polygon_when_its_centre_is() =>
        Gen.Select(Gen.Double[-5, 45].Array[6, 16], Gen.Int[1, 5], Gen.Int[16, 900]).Sample((numbers, threads, chunk) =>
        {
            using var folder = new TemporaryFolder();
            var ring = numbers[..(numbers.Length / 2 * 2)];
            double[] closed = [.. ring, ring[0], ring[1]];
            Write(folder["p.geojson"], "", closed);
            var grid = new Grid(0, 40, 1, -1, 40, 40, Projection.OfEpsg(4326));
            var array = Raster.Polygons(folder["p.geojson"]).On(grid).Read(new Limits { Threads = threads, ChunkPixels = chunk });
            for (var row = 0; row < 40; row++)
                for (var column = 0; column < 40; column++)
                    Assert.True(IsOnEdge(closed, column + 0.5, 39.5 - row) || Holds(closed, column + 0.5, 39.5 - row) == (array.Bytes[row * 40 + column] != 0), $"{column}, {row}");
            var touched = Raster.Polygons(folder["p.geojson"], Coverage.AllTouched).On(grid).Read(new Limits { Threads = threads, ChunkPixels = chunk });
            for (var i = 0; i < 1600; i++)
                if (Touches(closed, i % 40, i / 40) is { } isTouched) Assert.True((touched.Bytes[i] != 0) == (isTouched || array.Bytes[i] != 0), $"{i % 40}, {i / 40}");
        }, iter: Math.Max(Check.Iter, 200));

    /// <summary>Whether an edge passes through a pixel, whose border is a millionth of a pixel wide and not part of it; null where rounding cannot tell.</summary>
    private static bool? Touches(double[] ring, int column, int row)
    {
        const double Border = 1e-6, Near = 1e-9;
        var isUnclear = false;
        for (var i = 0; i + 3 < ring.Length; i += 2)
        {
            var (x1, y1, x2, y2) = (ring[i], 40 - ring[i + 1], ring[i + 2], 40 - ring[i + 3]);
            if (y1 > y2) (x1, y1, x2, y2) = (x2, y2, x1, y1);
            double At(double y) => y1 == y2 ? x1 : x1 + (y - y1) / (y2 - y1) * (x2 - x1);
            var (a, b) = y1 == y2 ? (x1, x2) : (At(Math.Max(row, y1)), At(Math.Min(row + 1, y2)));
            // How far the edge reaches into the pixel from each of its four sides.
            double[] inside = [y2 - row - Border, row + 1 - Border - y1, Math.Max(a, b) - column - Border, column + 1 - Border - Math.Min(a, b)];
            if (inside.Min() > Near) return true;
            isUnclear |= inside.Min() > -Near;
        }
        return isUnclear ? null : false;
    }

    /// <summary>A centre nearer to an edge than rounding can tell belongs to either side.</summary>
    private static bool IsOnEdge(double[] ring, double x, double y)
    {
        const double Near = 1e-9;
        var here = Holds(ring, x, y);
        return Holds(ring, x - Near, y) != here || Holds(ring, x + Near, y) != here || Holds(ring, x, y - Near) != here || Holds(ring, x, y + Near) != here;
    }

    /// <summary>By counting the edges left of a point; one that lies on an edge belongs to what is right of it, or below.</summary>
    private static bool Holds(double[] ring, double x, double y)
    {
        var isIn = false;
        for (var i = 0; i + 3 < ring.Length; i += 2)
        {
            var (x1, y1, x2, y2) = (ring[i], -ring[i + 1], ring[i + 2], -ring[i + 3]);
            if (y1 > y2) (x1, y1, x2, y2) = (x2, y2, x1, y1);
            if (y1 <= -y && y2 > -y && x1 + (-y - y1) * ((x2 - x1) / (y2 - y1)) <= x) isIn = !isIn;
        }
        return isIn;
    }

    [Fact]
    public void Polygons_burn_a_number_of_theirs_later_over_earlier()
    {
        using var folder = new TemporaryFolder();
        Write(folder["p.geojson"], "", [0, 0, 4, 0, 4, 2, 0, 2, 0, 0], [2, 0, 6, 0, 6, 2, 2, 2, 2, 0]);
        var grid = new Grid(0, 2, 1, -1, 7, 2, Projection.OfEpsg(4326));
        Assert.Equal([2, 2, 3, 3, 3, 3, 0], Raster.Polygons(folder["p.geojson"], "id").On(grid).Read().Bytes[..7]);
        Assert.Contains("no number 'name'", Assert.Throws<RasterException>(() => Raster.Polygons(folder["p.geojson"], "name")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_lies_outside_a_polygon_is_not_read()
    {
        using var folder = new TemporaryFolder();
        var grid = new Grid(0, 160, 1, -1, 160, 160, Projection.OfEpsg(4326));
        TestTiff.Write(folder["a.tif"], grid, PixelType.Byte, [Enumerable.Repeat((byte)3, 25_600).ToArray()], new TestLayout { IsTiled = true, Compression = 8 });
        // A thin triangle: its rectangle has 100 blocks, and itself crosses few.
        double[] ring = [0, 0.3, 160, 160.3, 160, 150.3, 0, 0.3];
        Write(folder["p.geojson"], "", ring);
        Report? report = null;
        var sum = Raster.Open(folder["a.tif"]).Within(Raster.Polygons(folder["p.geojson"])).Sum(new Limits { ChunkPixels = 256, Done = r => report = r });
        Assert.Equal(3 * Enumerable.Range(0, 25_600).Count(i => Holds(ring, i % 160 + 0.5, 159.5 - i / 160)), sum);
        Assert.InRange(report!.Blocks, 15, 30);
        Assert.InRange(report.Skipped, 70, 85);
    }

    [Fact]
    public void What_holds_no_polygon_is_refused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["r.geojson"], """{"type":"Feature","geometry":{"type":"Sphere","coordinates":[1,2]}}""");
        Assert.Contains("points, lines and polygons", Assert.Throws<RasterException>(() => Raster.Polygons(folder["r.geojson"])).Message, StringComparison.Ordinal);
        File.WriteAllText(folder["s.geojson"], "{");
        Assert.Contains("no GeoJSON", Assert.Throws<RasterException>(() => Raster.Polygons(folder["s.geojson"])).Message, StringComparison.Ordinal);
    }
}
