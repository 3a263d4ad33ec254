using Xunit;

namespace Varve.Raster.Tests;

/// <summary>Polygons of any file, in any projection, also around the back of the world.</summary>
public sealed class VectorTests
{
    private static readonly Grid World = new(-180, 90, 1, -1, 360, 180, Projection.OfEpsg(4326));

    private static void Write(string path, params double[][] rings)
    {
        string Ring(double[] r) => string.Join(",", Enumerable.Range(0, r.Length / 2).Select(k => $"[{r[2 * k]:R},{r[2 * k + 1]:R}]"));
        var features = rings.Select((r, i) => "{\"type\":\"Feature\",\"properties\":{\"code\":" + (i + 2) + ",\"name\":\"n" + i + "\"},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[" + Ring(r) + "]]}}");
        File.WriteAllText(path, "{\"type\":\"FeatureCollection\",\"features\":[" + string.Join(",", features) + "]}");
    }

    private static readonly double[] One = [-113.2, 37.1, -112.8, 37.15, -112.9, 37.45, -113.25, 37.4, -113.2, 37.1], Two = [-113.0, 37.3, -112.7, 37.3, -112.85, 37.5, -113.0, 37.3];

    [Theory]
    [InlineData("GPKG", "p.gpkg")]
    [InlineData("ESRI Shapefile", "p.shp")]
    public void A_GeoPackage_and_a_shapefile_are_layers_like_GeoJSON(string format, string name)
    {
        Tool.NeedGdal();
        using var folder = new TemporaryFolder();
        Write(folder["p.geojson"], One, Two);
        Tool.Run("ogr2ogr", "-f", format, folder[name], folder["p.geojson"]);
        var grid = new Grid(-113.3, 37.6, 0.005, -0.005, 140, 120, Projection.OfEpsg(4326));
        foreach (var coverage in (Coverage[])[Coverage.Centre, Coverage.AllTouched, Coverage.Fraction])
            Assert.Equal(Raster.Polygons(folder["p.geojson"], coverage).On(grid).Read().Bytes, Raster.Polygons(folder[name], coverage).On(grid).Read().Bytes);
        var second = Raster.Polygons(folder[name], new ShapeOptions { Where = "name = 'n1'", Property = "code" }).On(grid);
        Assert.Equal((0, 3), (second.Min(), second.Max()));
        Tool.Run("gdal_rasterize", "-q", "-a", "code", "-where", "name = 'n1'", "-te", "-113.3", "37", "-112.6", "37.6", "-ts", "140", "120", "-ot", "Byte", folder[name], folder["o.tif"]);
        Assert.Equal(Raster.Open(folder["o.tif"]).Sum(), second.Sum());
        Assert.Contains("no layer 'x'; there are p", Assert.Throws<RasterException>(() => Raster.Polygons(folder[name], new ShapeOptions { Layer = "x" })).Message, StringComparison.Ordinal);
        Assert.Contains("cannot be followed", Assert.Throws<RasterException>(() => Raster.Polygons(folder[name], new ShapeOptions { Where = "name ==== 3" })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Polygons_come_to_the_projection_of_the_rasters()
    {
        Tool.NeedGdal();
        using var folder = new TemporaryFolder();
        Write(folder["p.geojson"], One);
        var grid = new Grid(290_000, 4_160_000, 250, -250, 240, 240, Projection.OfEpsg(32612));
        var own = Raster.Polygons(folder["p.geojson"]).On(grid);
        Tool.Run("ogr2ogr", "-f", "GPKG", "-t_srs", "EPSG:32612", "-segmentize", "0.001", folder["q.gpkg"], folder["p.geojson"]);
        Tool.Run("gdal_rasterize", "-q", "-burn", "1", "-te", "290000", "4100000", "350000", "4160000", "-ts", "240", "240", "-ot", "Byte", folder["q.gpkg"], folder["o.tif"]);
        Assert.InRange(own.IsNotEqual(Raster.Open(folder["o.tif"])).Sum(), 0, 3);
    }

    [Fact]
    public void Fractions_are_the_area_of_a_polygon_to_the_last_digit()
    {
        using var folder = new TemporaryFolder();
        Write(folder["p.geojson"], [0.3, 0.2, 4.1, 0.7, 3.3, 3.9, 1.2, 2.2, 0.3, 0.2]);
        var grid = new Grid(0, 5, 1, -1, 5, 5, Projection.OfEpsg(4326));
        double[] ring = [0.3, 0.2, 4.1, 0.7, 3.3, 3.9, 1.2, 2.2, 0.3, 0.2];
        var area = Math.Abs(Enumerable.Range(0, 4).Sum(i => ring[2 * i] * ring[2 * i + 3] - ring[2 * i + 2] * ring[2 * i + 1])) / 2;
        var fractions = Raster.Polygons(folder["p.geojson"], Coverage.Fraction).On(grid);
        Assert.Equal(area, fractions.Sum(), 1e-12);
        Assert.Equal((0, 1), (fractions.Min(), fractions.Max()));
        Assert.Equal(fractions.Read().Bytes, fractions.Read(new Limits { Threads = 3, ChunkPixels = 16 }).Bytes);
    }

    [Fact]
    public void A_polygon_over_the_antimeridian_is_cut_there()
    {
        using var folder = new TemporaryFolder();
        Write(folder["p.geojson"], [175, 0, -170, 0, -170, 10, 175, 10, 175, 0]);
        Write(folder["q.geojson"], [175, 0, 180, 0, 180, 10, 175, 10, 175, 0], [-180, 0, -170, 0, -170, 10, -180, 10, -180, 0]);
        Assert.Equal(Raster.Polygons(folder["q.geojson"]).On(World).Read().Bytes, Raster.Polygons(folder["p.geojson"]).On(World).Read().Bytes);
        Assert.Equal(150, Raster.Polygons(folder["p.geojson"]).On(World).Sum());
        Write(folder["r.geojson"], [100, 0, -85, 0, -85, 10, 100, 10, 100, 0]);
        Assert.Contains("either way", Assert.Throws<RasterException>(() => Raster.Polygons(folder["r.geojson"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_polygon_around_a_pole_holds_the_pole()
    {
        using var folder = new TemporaryFolder();
        Write(folder["p.geojson"], [0, -60, 100, -60, -160, -60, -60, -60, 0, -60]);
        Assert.Equal(360 * 30, Raster.Polygons(folder["p.geojson"]).On(World).Sum());
        // Along the edge of the map is not over it.
        Write(folder["q.geojson"], [-180, -90, 180, -90, 180, -60, -180, -60, -180, -90]);
        Assert.Equal(360 * 30, Raster.Polygons(folder["q.geojson"]).On(World).Sum());
    }

    [Theory]
    [InlineData(Coverage.Centre, 1)]
    [InlineData(Coverage.AllTouched, 2)]
    public void Lines_and_points_are_burnt_as_gdal_rasterize_burns_them(Coverage coverage, int seed)
    {
        using var folder = new TemporaryFolder();
        var random = new Random(seed);
        string Point() => FormattableString.Invariant($"[{Math.Round(random.NextDouble() * 70 - 5, 4)},{Math.Round(random.NextDouble() * 60 - 5, 4)}]");
        string Points() => $"[{string.Join(",", Enumerable.Range(0, random.Next(2, 6)).Select(_ => Point()))}]";
        var shapes = Enumerable.Range(0, 120).Select(i => (i % 4) switch
        {
            0 => $"{{\"type\":\"Point\",\"coordinates\":{Point()}}}",
            1 => $"{{\"type\":\"LineString\",\"coordinates\":{Points()}}}",
            2 => $"{{\"type\":\"MultiPoint\",\"coordinates\":{Points()}}}",
            _ => $"{{\"type\":\"MultiLineString\",\"coordinates\":[{Points()},{Points()}]}}",
        });
        File.WriteAllText(folder["p.geojson"], "{\"type\":\"FeatureCollection\",\"features\":[" + string.Join(",", shapes.Select((s, i) => $"{{\"type\":\"Feature\",\"properties\":{{\"code\":{i + 1}}},\"geometry\":{s}}}")) + "]}");
        var grid = new Grid(0, 50, 1, -1, 60, 50, Projection.OfEpsg(4326));
        Tool.Run("gdal_rasterize", ["-q", "-a", "code", .. coverage == Coverage.AllTouched ? (string[])["-at"] : [], "-te", "0", "0", "60", "50", "-ts", "60", "50", "-ot", "Byte", folder["p.geojson"], folder["o.tif"]]);
        var oracle = Raster.Open(folder["o.tif"]).Read().Bytes;
        foreach (var (threads, chunk) in ((int, long)[])[(1, 1 << 18), (2, 100)])
        {
            var own = Raster.Polygons(folder["p.geojson"], "code", coverage).On(grid).Read(new Limits { Threads = threads, ChunkPixels = chunk }).Bytes;
            Assert.Equal(oracle, own);
        }
        if (!Gdal.Gdal.IsThere) return;
        Tool.Run("ogr2ogr", "-f", "GPKG", folder["p.gpkg"], folder["p.geojson"]);
        Assert.Equal(oracle, Raster.Polygons(folder["p.gpkg"], "code", coverage).On(grid).Read().Bytes);
    }

    [Fact]
    public void A_line_on_the_border_of_pixels_is_in_those_right_of_it_and_below_and_one_over_the_antimeridian_is_cut()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["p.geojson"], """{"type":"LineString","coordinates":[[2,4],[2,1],[4,1]]}""");
        var grid = new Grid(0, 4, 1, -1, 5, 4, Projection.OfEpsg(4326));
        byte[] rows = [0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 1];
        foreach (var coverage in (Coverage[])[Coverage.Centre, Coverage.AllTouched]) Assert.Equal(rows, Raster.Polygons(folder["p.geojson"], coverage).On(grid).Read().Bytes);
        File.WriteAllText(folder["q.geojson"], """{"type":"LineString","coordinates":[[178.5,10.5],[-178.5,10.5]]}""");
        Assert.Equal(4, Raster.Polygons(folder["q.geojson"]).On(World).Sum());
        Assert.Contains("no part of a pixel", Assert.Throws<RasterException>(() => Raster.Polygons(folder["q.geojson"], Coverage.Fraction)).Message, StringComparison.Ordinal);
    }
}
