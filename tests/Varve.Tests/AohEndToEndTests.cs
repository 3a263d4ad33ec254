using System.Globalization;
using System.Text.Json;
using Varve.Raster;
using Xunit;

namespace Varve.Tests;

/// <summary><c>varve aoh</c> as a person calls it: species, what they come to, a bad file among them, and again.</summary>
public sealed class AohEndToEndTests : IDisposable
{
    private readonly Played here = new();

    public AohEndToEndTests()
    {
        var grid = new Grid(500000, 4000000, 100, -100, 40, 30, Projection.OfEpsg(32612));
        Raster.Raster.FromArray<short>([.. Enumerable.Range(0, 1200).Select(static i => (short)i)], PixelType.Int16, grid).Write(here.At("e.tif"));
        Raster.Raster.FromArray<byte>([.. Enumerable.Range(0, 1200).Select(static i => (byte)(i % 5))], PixelType.Byte, grid).Write(here.At("h.tif"));
        File.WriteAllText(here.At("c.csv"), "code,value\n1.5,1\n1.6,2\n");
        Directory.CreateDirectory(here.At("species"));
        for (var id = 1; id <= 3; id++) Species(id, 600);
    }

    public void Dispose() => here.Dispose();

    private void Species(int id, int upper) => File.WriteAllText(here.At($"species/{id}.geojson"), string.Create(CultureInfo.InvariantCulture,
        $$$"""{"type":"Feature","crs":{"type":"name","properties":{"name":"EPSG:32612"}},"properties":{"id_no":{{{id}}},"season":1,"elevation_lower":100,"elevation_upper":{{{upper}}},"full_habitat_code":"1.5|1.6"},"geometry":{"type":"Polygon","coordinates":[[[500010,3999990],[50{{{id}}}990,3999990],[50{{{id}}}990,3997010],[500010,3997010],[500010,3999990]]]}}"""));

    private Played.Said Aoh(params string[] more) => here.Call(["aoh", "--classified-habitat", "h.tif", "--elevation", "e.tif", "--crosswalk", "c.csv", "--species", "species", "--output", "aoh", .. more], here.Folder, "home");

    /// <summary>Of the first columns, those whose class is 1 or 2, from elevation 100 to 600.</summary>
    private static int Suitable(int columns) => Enumerable.Range(0, 1200).Count(i => i % 40 < columns && (i % 5 is 1 or 2) && i is >= 100 and <= 600);

    [Fact]
    public void Species_become_maps_and_manifests_and_these_a_map_of_richness()
    {
        var first = Aoh();
        Assert.Equal((0, "varve: 3 species: 3 computed\n"), (first.Status, first.Error));
        var manifest = JsonDocument.Parse(File.ReadAllText(here.At("aoh/2_1.json"))).RootElement;
        Assert.Equal((900, Suitable(30)), (manifest.GetProperty("range_total").GetDouble(), manifest.GetProperty("aoh_total").GetDouble()));
        Assert.Equal(Suitable(30) + "\n", here.Varve("raster", "sum", "aoh/2_1.tif"));
        here.Varve("aoh", "species-richness", "--aohs-folder", "aoh", "--output", "richness.tif");
        Assert.Equal(Suitable(20) + Suitable(30) + Suitable(40) + "\n", here.Varve("raster", "sum", "richness.tif"));
        here.Varve("aoh", "endemism", "--aohs-folder", "aoh", "--species-richness", "richness.tif", "--output", "endemism.tif");
        here.Varve("aoh", "collate", "--aohs-folder", "aoh", "--output", "all.csv");
        Assert.Equal(4, File.ReadAllLines(here.At("all.csv")).Length);
    }

    [Fact]
    public void A_bad_species_is_named_the_others_go_on_and_again_only_what_changed_is_done()
    {
        File.WriteAllText(here.At("species/4.geojson"), "{\"type\":\"Feature\",\"properties\":{\"id_no\":4}}");
        var first = Aoh();
        Assert.Equal(3, first.Status);
        Assert.Equal("varve: species/4.geojson: the species has no elevation_lower\nvarve: 4 species: 3 computed, 1 failed\n", first.Error);
        File.Delete(here.At("species/4.geojson"));
        Species(2, 700);
        Assert.Equal("varve: 3 species: 1 computed, 2 there already\n", Aoh().Error);
        var lines = Aoh("--json").Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static l => JsonDocument.Parse(l).RootElement.GetProperty("status").GetString());
        Assert.Equal(["kept", "kept", "kept"], lines);
    }

    [Fact]
    public void What_is_missing_on_the_command_line_is_said()
    {
        var failed = here.Call(["aoh", "--classified-habitat", "h.tif", "--species", "species", "--output", "aoh"], here.Folder, "home");
        Assert.Equal(2, failed.Status);
        Assert.Contains("--elevation FILE", failed.Error, StringComparison.Ordinal);
        var halves = here.Call(["aoh", "habitat-process", "--habitat", "h.tif", "--scale", "200", "--output", "lcc"], here.Folder, "home");
        Assert.Equal((0, "varve: 4 classes\n"), (halves.Status, halves.Error));
        Assert.Equal("60\n", here.Varve("raster", "sum", "lcc/lcc_1.tif"));
    }
}
