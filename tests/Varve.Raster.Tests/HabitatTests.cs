using System.Globalization;
using System.Text.Json;
using CsCheck;
using Varve.Raster.Habitat;
using Xunit;

namespace Varve.Raster.Tests;

/// <summary>Areas of habitat: what a person gives and gets, against a plain walk over all pixels.</summary>
public sealed class HabitatTests : IDisposable
{
    private const int Width = 70, Height = 60;
    private static readonly Grid Map = new(-10, 50, 0.01, -0.01, Width, Height, Projection.OfEpsg(4326));
    private readonly TemporaryFolder folder = new();
    private readonly byte[] habitat = new byte[Width * Height];
    private readonly short[] elevation = new short[Width * Height];
    private readonly Random random = new(5);

    public HabitatTests()
    {
        for (var i = 0; i < habitat.Length; i++) (habitat[i], elevation[i]) = ((byte)random.Next(0, 6), (short)random.Next(0, 3000));
        Raster.FromArray<byte>(habitat, PixelType.Byte, Map).Write(folder["h.tif"], new WriteOptions { TileSize = 16 });
        Raster.FromArray<short>(elevation, PixelType.Int16, Map, -1).Write(folder["e.tif"], new WriteOptions { TileSize = 32 });
        File.WriteAllText(folder["c.csv"], "code,value\n1.5,1\n\"1.6\",2\n1.6,3\n2.0,4\n");
        Directory.CreateDirectory(folder["species"]);
    }

    public void Dispose() => folder.Dispose();

    /// <summary>A rectangle of whole pixels, edges within: what touches it and what has its centre in it is the same.</summary>
    private string Species(int id, (int X, int Y, int Width, int Height) at, int lower, int upper, string codes, string more = "")
    {
        string Place(int x, int y, double inset, double insetY) => string.Create(CultureInfo.InvariantCulture, $"[{-10 + (x + inset) * 0.01:R},{50 - (y + insetY) * 0.01:R}]");
        var (right, bottom) = (at.X + at.Width, at.Y + at.Height);
        var ring = $"[{Place(at.X, at.Y, 0.2, 0.2)},{Place(right, at.Y, -0.2, 0.2)},{Place(right, bottom, -0.2, -0.2)},{Place(at.X, bottom, 0.2, -0.2)},{Place(at.X, at.Y, 0.2, 0.2)}]";
        var path = folder[$"species/{id}.geojson"];
        File.WriteAllText(path, $$$"""{"type":"Feature","properties":{"id_no":{{{id}}},"season":"1","elevation_lower":{{{lower}}}.7,"elevation_upper":{{{upper}}},"full_habitat_code":"{{{codes}}}"{{{more}}}},"geometry":{"type":"Polygon","coordinates":[{{{ring}}}]}}""");
        return path;
    }

    private AohRequest Request(string output = "out") => new()
    {
        Species = [folder["species"]],
        ClassifiedHabitat = folder["h.tif"],
        ElevationMin = folder["e.tif"],
        ElevationMax = folder["e.tif"],
        Crosswalk = folder["c.csv"],
        Output = folder[output],
    };

    private JsonElement ManifestOf(string name, string output = "out") => JsonDocument.Parse(File.ReadAllText(folder[$"{output}/{name}.json"])).RootElement;

    private static double Number(JsonElement manifest, string name) => manifest.GetProperty(name).GetDouble();

    private bool IsSuitable(int i, params int[] values) => values.Contains(habitat[i]);

    private IEnumerable<int> Pixels((int X, int Y, int Width, int Height) at) => Enumerable.Range(0, habitat.Length).Where(i => i % Width >= at.X && i % Width < at.X + at.Width && i / Width >= at.Y && i / Width < at.Y + at.Height);

    [Fact]
    public void A_species_lives_where_habitat_and_elevation_suit_it_in_its_range()
    {
        var at = (X: 5, Y: 7, Width: 40, Height: 30);
        Species(17, at, 500, 1500, "1.6|9.9", ",\"scientific_name\":\"Ünus primus\"");
        Assert.Equal(AohStatus.Computed, Assert.Single(AreaOfHabitat.Run(Request())).Status);
        bool Suits(int i) => IsSuitable(i, 2, 3) && elevation[i] >= 500 && elevation[i] <= 1500;
        var manifest = ManifestOf("17_1");
        Assert.Equal(["id_no", "season", "elevation_lower", "elevation_upper", "full_habitat_code", "scientific_name", "range_total", "hab_total", "dem_total", "aoh_total", "prevalence"], manifest.EnumerateObject().Select(static p => p.Name));
        Assert.Equal("Ünus primus", manifest.GetProperty("scientific_name").GetString());
        Assert.Equal((1200, Pixels(at).Count(i => IsSuitable(i, 2, 3)), Pixels(at).Count(i => elevation[i] is >= 500 and <= 1500), Pixels(at).Count(Suits)),
            (Number(manifest, "range_total"), Number(manifest, "hab_total"), Number(manifest, "dem_total"), Number(manifest, "aoh_total")));
        Assert.Equal(Pixels(at).Count(Suits) / 1200.0, Number(manifest, "prevalence"));
        var map = Raster.Open(folder["out/17_1.tif"]);
        Assert.Equal((40, 30, PixelType.Byte), (map.Grid.Width, map.Grid.Height, map.Type));
        Assert.Equal(Pixels(at).Select(i => Suits(i) ? (byte)1 : (byte)0), map.Read().Bytes);
    }

    [Fact]
    public void Without_habitat_the_range_counts_unless_it_is_forced()
    {
        var at = (X: 0, Y: 0, Width: 20, Height: 20);
        Species(1, at, 0, 1000, "9.9");
        Species(2, at, 5000, 6000, "9.9");
        Species(3, at, 5000, 6000, "1.5");
        AreaOfHabitat.Run(Request());
        var (low, habitats) = (Pixels(at).Count(i => elevation[i] <= 1000), Pixels(at).Count(i => IsSuitable(i, 1)));
        (double, double, double, double) Of(string name) => ManifestOf(name) is var m ? (Number(m, "range_total"), Number(m, "hab_total"), Number(m, "dem_total"), Number(m, "aoh_total")) : default;
        Assert.Equal((400, 400, low, low), Of("1_1"));
        Assert.Equal((400, 400, 0, 400), Of("2_1"));
        Assert.Equal((400, habitats, 0, habitats), Of("3_1"));
        Assert.Equal((double)low, Raster.Open(folder["out/1_1.tif"]).Sum());
        Assert.Equal(400, Raster.Open(folder["out/2_1.tif"]).Sum());
        Assert.Equal((double)habitats, Raster.Open(folder["out/3_1.tif"]).Sum());

        var forced = AreaOfHabitat.Run(Request("forced") with { ForceHabitat = true });
        Assert.Equal([AohStatus.NoMap, AohStatus.NoMap, AohStatus.Computed], forced.Select(static o => o.Status));
        Assert.Equal("No habitats found in crosswalk", ManifestOf("1_1", "forced").GetProperty("error").GetString());
        Assert.False(File.Exists(folder["forced/1_1.tif"]));
    }

    [Fact]
    public void Fractions_are_added_up_to_one_and_weighed()
    {
        var at = (X: 10, Y: 10, Width: 30, Height: 8);
        Directory.CreateDirectory(folder["lcc"]);
        var fractions = new Dictionary<int, float[]>();
        foreach (var value in (int[])[1, 2, 3])
        {
            fractions[value] = [.. Enumerable.Range(0, habitat.Length).Select(_ => random.NextSingle() * 0.7f)];
            Raster.FromArray<float>(fractions[value], PixelType.Float32, Map).Write(folder[$"lcc/lcc_{value}.tif"]);
        }
        float[] weights = [.. Enumerable.Range(0, habitat.Length).Select(_ => random.NextSingle())];
        Raster.FromArray<float>(weights, PixelType.Float32, Map).Write(folder["w.tif"]);
        Species(8, at, 0, 2000, "1.5|1.6|2");
        var request = Request() with { ClassifiedHabitat = null, FractionalHabitats = folder["lcc"], Weights = [folder["w.tif"], "0.5"], IucnNames = true };
        Assert.Equal(AohStatus.Computed, Assert.Single(AreaOfHabitat.Run(request)).Status);
        float Part(int i) => Math.Min(1, fractions[1][i] + fractions[2][i] + fractions[3][i]);
        var expected = Pixels(at).Sum(i => elevation[i] is >= 0 and <= 2000 ? (double)Part(i) * (weights[i] * 0.5) : 0);
        Assert.Equal(expected, Number(ManifestOf("aoh_T8_1"), "aoh_total"), 1e-4);
        Assert.Equal(Pixels(at).Sum(i => weights[i] * 0.5), Number(ManifestOf("aoh_T8_1"), "range_total"), 1e-9);
    }

    [Fact]
    public void Areas_are_those_of_the_pixels_and_coarse_pixels_have_a_least_and_a_most_elevation()
    {
        Raster.FromArray<short>([.. elevation.Select(static e => (short)(e + 300))], PixelType.Int16, Map).Write(folder["high.tif"]);
        var at = (X: 3, Y: 40, Width: 33, Height: 20);
        Species(4, at, 1000, 1200, "1.5|2.0");
        AreaOfHabitat.Run(Request() with { ElevationMax = folder["high.tif"], PixelArea = true });
        var areas = Raster.Open(folder["h.tif"]).AsArea().Read().As<double>().ToArray();
        var expected = Pixels(at).Where(i => IsSuitable(i, 1, 4) && elevation[i] <= 1200 && elevation[i] + 300 >= 1000).Sum(i => areas[i]);
        Assert.Equal(expected, Number(ManifestOf("4_1"), "aoh_total"), expected * 1e-12);
        Assert.Equal(expected, Raster.Open(folder["out/4_1.tif"]).Sum(), expected * 1e-12);
    }

    [Fact]
    public void What_is_unknown_suits_nobody()
    {
        Raster.FromArray<byte>(habitat, PixelType.Byte, Map, 2).Write(folder["h.tif"], new WriteOptions { NoData = 2 });
        var at = (X: 0, Y: 0, Width: 50, Height: 50);
        Species(5, at, 0, 9000, "1.6");
        AreaOfHabitat.Run(Request());
        Assert.Equal(Pixels(at).Count(i => IsSuitable(i, 3)), Number(ManifestOf("5_1"), "aoh_total"));
        Assert.Equal(0, Raster.Open(folder["out/5_1.tif"]).Statistics().Missing);
    }

    [Fact]
    public void A_bad_species_is_named_and_the_others_are_computed()
    {
        Species(1, (0, 0, 9, 9), 0, 9000, "1.5");
        File.WriteAllText(folder["species/bad.geojson"], "{");
        File.WriteAllText(folder["species/low.geojson"], File.ReadAllText(folder["species/1.geojson"]).Replace("elevation_lower", "elevation", StringComparison.Ordinal));
        File.WriteAllText(folder["species/twice.geojson"], File.ReadAllText(folder["species/1.geojson"]));
        File.WriteAllText(folder["species/up.geojson"], File.ReadAllText(folder["species/1.geojson"]).Replace("\"id_no\":1", "\"id_no\":\"../1\"", StringComparison.Ordinal));
        Species(6, (-500, 0, 9, 9), 0, 9000, "1.5");
        var all = AreaOfHabitat.Run(Request());
        Assert.Equal([AohStatus.Computed, AohStatus.Failed, AohStatus.Failed, AohStatus.Failed, AohStatus.Failed, AohStatus.Failed], all.Select(static o => o.Status));
        Assert.All(all.Skip(1), static o => Assert.Contains(o.Path, o.Message, StringComparison.Ordinal));
        Assert.Contains("no elevation_lower", all.Single(static o => o.Path.EndsWith("low.geojson", StringComparison.Ordinal)).Message, StringComparison.Ordinal);
        Assert.Contains("outside the maps", all.Single(static o => o.Path.EndsWith("6.geojson", StringComparison.Ordinal)).Message, StringComparison.Ordinal);
        Assert.Equal(["1_1.json", "1_1.tif"], Directory.GetFiles(folder["out"]).Select(static f => Path.GetFileName(f)!).Where(static f => f[0] != '.').Order());
    }

    [Fact]
    public void A_rerun_does_what_is_missing_or_changed_and_nothing_else()
    {
        for (var id = 1; id <= 4; id++) Species(id, (id, id, 20, 20), 0, 9000, id == 4 ? "1.6" : "1.5");
        AohStatus[] Run(AohRequest request) => [.. AreaOfHabitat.Run(request).Select(static o => o.Status)];
        const AohStatus Kept = AohStatus.Kept, Computed = AohStatus.Computed;
        Assert.Equal([Computed, Computed, Computed, Computed], Run(Request()));
        Assert.Equal([Kept, Kept, Kept, Kept], Run(Request()));
        Species(2, (2, 2, 21, 20), 0, 9000, "1.5");
        File.Delete(folder["out/3_1.tif"]);
        File.AppendAllText(folder["c.csv"], "1.6,5\n");
        Assert.Equal([Kept, Computed, Computed, Computed], Run(Request()));
        Assert.Equal([Kept, Kept, Kept, Kept], Run(Request()));
        Assert.Equal([Computed, Computed, Computed, Computed], Run(Request() with { Again = true }));
        Raster.FromArray<byte>(habitat, PixelType.Byte, Map).Write(folder["h.tif"], new WriteOptions { TileSize = 48 });
        Assert.Equal([Computed, Computed, Computed, Computed], Run(Request()));
        // A line that a crash cut short, and what was half written.
        File.AppendAllText(folder["out/.varve-aoh"], "1_1\tabc");
        File.WriteAllText(folder["out/.9_1.tif.999999999-1.part"], "x");
        Assert.Equal([Kept, Kept, Kept, Kept], Run(Request()));
        Assert.False(File.Exists(folder["out/.9_1.tif.999999999-1.part"]));
    }

    [Fact]
    public void An_interrupt_keeps_what_is_finished_and_leaves_nothing_half()
    {
        for (var id = 1; id <= 30; id++) Species(id, (id % 10, id % 7, 40, 40), 0, 9000, "1.5");
        using var source = new CancellationTokenSource();
        var done = new List<string>();
        var request = Request() with
        {
            Told = outcome =>
            {
                done.Add(outcome.Name);
                if (done.Count == 3) source.Cancel();
            },
        };
        Assert.Throws<OperationCanceledException>(() => AreaOfHabitat.Run(request, new Limits { Cancellation = source.Token, Threads = 2 }));
        Assert.InRange(done.Count, 3, 29);
        Assert.Equal(done.SelectMany(static n => (string[])[n + ".json", n + ".tif"]).Append(".varve-aoh").Order(StringComparer.Ordinal), Directory.GetFiles(folder["out"]).Select(static f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
        var after = AreaOfHabitat.Run(Request());
        Assert.Equal(done.Count, after.Count(static o => o.Status == AohStatus.Kept));
        Assert.Equal(30 - done.Count, after.Count(static o => o.Status == AohStatus.Computed));
    }

    [Fact]
    public void A_species_is_the_same_byte_for_byte_alone_and_among_others_on_any_threads() =>
        Gen.Select(Gen.Int[1, 4], Gen.Int[0, 40], Gen.Int[0, 30], Gen.Int[1, 30], Gen.Int[1, 30]).Array[2, 6].Sample(shapes =>
        {
            Directory.Delete(folder["species"], recursive: true);
            Directory.CreateDirectory(folder["species"]);
            for (var i = 0; i < shapes.Length; i++) Species(i, (shapes[i].Item2, shapes[i].Item3, shapes[i].Item4, shapes[i].Item5), 200 * i, 200 * i + 1500, i % 2 == 0 ? "1.5|2" : "1.6");
            foreach (var name in (string[])["one", "many"])
                if (Directory.Exists(folder[name])) Directory.Delete(folder[name], recursive: true);
            var request = Request("many") with { PixelArea = shapes.Length % 2 == 0 };
            AreaOfHabitat.Run(request, new Limits { Threads = shapes[0].Item1, Memory = 64L << 20 });
            for (var i = 0; i < shapes.Length; i++)
            {
                AreaOfHabitat.Run(request with { Species = [folder[$"species/{i}.geojson"]], Output = folder["one"] }, new Limits { Threads = 1 });
                foreach (var ending in (string[])[".tif", ".json"])
                    Assert.Equal(File.ReadAllBytes(folder[$"one/{i}_1{ending}"]), File.ReadAllBytes(folder[$"many/{i}_1{ending}"]));
            }
        }, iter: 15, threads: 1);

    [Fact]
    public void Maps_that_do_not_fit_together_are_refused_before_anything_is_written()
    {
        Species(1, (0, 0, 9, 9), 0, 9000, "1.5");
        Raster.FromArray<short>(elevation, PixelType.Int16, Map with { X = -10.004 }).Write(folder["shifted.tif"]);
        Assert.Contains("beside", Assert.Throws<RasterException>(() => AreaOfHabitat.Run(Request() with { ElevationMax = folder["shifted.tif"] })).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["out"]));
        File.WriteAllText(folder["c.csv"], "code,value\n1.5,forest\n");
        Assert.Contains("line 2", Assert.Throws<RasterException>(() => AreaOfHabitat.Run(Request())).Message, StringComparison.Ordinal);
    }
}
