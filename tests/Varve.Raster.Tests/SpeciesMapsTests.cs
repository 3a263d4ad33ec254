using CsCheck;
using Varve.Raster.Habitat;
using Xunit;

namespace Varve.Raster.Tests;

/// <summary>What many species' maps come to together, and what a classified map becomes, against plain walks over all pixels.</summary>
public sealed class SpeciesMapsTests : IDisposable
{
    private static readonly Grid World = new(0, 40, 1, -1, 60, 40, Projection.OfEpsg(32630));
    private readonly TemporaryFolder folder = new();
    private readonly Random random = new(9);

    public void Dispose() => folder.Dispose();

    /// <summary>A species' map on a part of the world, and its values by pixel of the world.</summary>
    private double[] Species(string name, int x, int y, int width, int height, bool isReal)
    {
        var all = new double[World.Width * World.Height];
        var own = new double[width * height];
        for (var i = 0; i < own.Length; i++) all[(y + i / width) * World.Width + x + i % width] = own[i] = random.Next(3) == 0 ? isReal ? random.NextDouble() * 5 : 1 : 0;
        var grid = World with { X = x, Y = 40 - y, Width = width, Height = height };
        if (isReal) Raster.FromArray<double>(own, PixelType.Float64, grid).Write(folder[name]);
        else Raster.FromArray<byte>([.. own.Select(static v => (byte)v)], PixelType.Byte, grid).Write(folder[name]);
        return all;
    }

    private Dictionary<string, double[][]> Many() => new()
    {
        ["1"] = [Species("1_1.tif", 0, 0, 20, 30, false)],
        ["2"] = [Species("2_2.tif", 10, 5, 30, 30, true), Species("2_3.tif", 25, 0, 35, 40, true)],
        ["3"] = [Species("aoh_T3A7_1.tif", 5, 5, 1, 1, true)],
        ["4"] = [Species("aoh_T4_1.tif", 30, 20, 30, 20, false), Species("aoh_T4_2.tif", 30, 20, 10, 10, false)],
    };

    private static double[] OnWorld(Raster raster)
    {
        var (array, all) = (raster.AsType(PixelType.Float64).Read(), new double[World.Width * World.Height]);
        Array.Fill(all, double.NaN);
        var values = array.As<double>();
        for (var i = 0; i < values.Length; i++) all[(40 - (long)array.Grid.Y + i / array.Grid.Width) * World.Width + (long)array.Grid.X + i % array.Grid.Width] = values[i];
        return all;
    }

    [Fact]
    public void Richness_counts_species_and_not_their_seasons()
    {
        var species = Many();
        SpeciesMaps.Richness(folder.Path, folder["richness.tiff"], null, new Limits { Threads = 3 });
        var expected = Enumerable.Range(0, (int)(World.Width * World.Height)).Select(i => (double)species.Values.Count(seasons => seasons.Any(s => s[i] != 0))).Select(static n => n == 0 ? double.NaN : n);
        Assert.Equal(expected, OnWorld(Raster.Open(folder["richness.tiff"])));
        Assert.Equal(PixelType.Byte, Raster.Open(folder["richness.tiff"]).Type);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Endemism_is_the_geometric_mean_of_the_parts_of_habitat(bool isGiven)
    {
        var species = Many();
        SpeciesMaps.Richness(folder.Path, folder["richness.tiff"]);
        SpeciesMaps.Endemism(folder.Path, isGiven ? folder["richness.tiff"] : null, folder["endemism.tiff"]);
        var found = OnWorld(Raster.Open(folder["endemism.tiff"]));
        for (var i = 0; i < found.Length; i++)
        {
            var parts = species.Values.Select(seasons => seasons.Max(s => s[i] == 0 ? 0 : s[i] / s.Sum())).Where(static p => p > 0).ToList();
            if (parts.Count == 0) Assert.Equal(double.NaN, found[i]);
            else Assert.Equal(Math.Pow(parts.Aggregate(static (a, b) => a * b), 1.0 / parts.Count), found[i], 1e-12);
        }
    }

    [Fact]
    public void Manifests_become_a_table()
    {
        File.WriteAllText(folder["1_1.json"], """{"id_no":1,"full_habitat_code":"1.5|1.6","scientific_name":"A \"b\", c","aoh_total":2.5,"zone":null}""");
        File.WriteAllText(folder["2_1.json"], """{"id_no":2,"full_habitat_code":"3","error":"none"}""");
        Assert.Equal(2, Collation.Write(folder.Path, folder["all.csv"]));
        var lines = File.ReadAllLines(folder["all.csv"]);
        Assert.Equal("id_no,assessment_id,assessment_year,class_name,family_name,scientific_name,full_habitat_code,category,season,elevation_upper,elevation_lower,range_total,hab_total,dem_total,aoh_total,prevalence,error,zone,n_habitats", lines[0]);
        Assert.Equal("1,,,,,\"A \"\"b\"\", c\",1.5|1.6,,,,,,,,2.5,,,,2", lines[1]);
        Assert.Equal("2,,,,,,3,,,,,,,,,,none,,1", lines[2]);
    }

    [Fact]
    public void Parts_of_classes_are_by_area_whatever_the_size_of_pixels() =>
        Gen.Select(Gen.Double[1, 9], Gen.Int[1, 30], Gen.Int[1, 30], Gen.Int[1, 4], Gen.Bool).Sample((scale, width, height, threads, isWhole) =>
        {
            if (isWhole) scale = Math.Round(scale);
            var values = Enumerable.Range(0, width * height).Select(_ => (byte)random.Next(0, 4)).ToArray();
            var grid = World with { X = 3, Y = 37, Width = width, Height = height };
            // As a layer with nodata 3, whose pixels count for nothing.
            Raster.FromArray<byte>(values, PixelType.Byte, grid, 3).Write(folder["map.tif"], new WriteOptions { NoData = 3, TileSize = 16 });
            var classes = FractionalHabitats.Write(folder["map.tif"], scale, folder["lcc"], null, new Limits { Threads = threads });
            Assert.Equal(values.Where(static v => v is 1 or 2).Distinct().Order().Select(static v => (int)v), classes);
            foreach (var value in classes)
            {
                var array = Raster.Open(folder[$"lcc/lcc_{value}.tif"]).Read();
                var parts = array.As<float>();
                for (var i = 0; i < parts.Length; i++)
                {
                    var (left, top) = (array.Grid.X + i % array.Grid.Width * scale, array.Grid.Y - i / array.Grid.Width * scale);
                    var (own, all) = (0.0, 0.0);
                    for (var p = 0; p < values.Length; p++)
                    {
                        var (x, y) = (3 + p % width, 37 - p / width);
                        var area = Math.Max(0, Math.Min(left + scale, x + 1) - Math.Max(left, x)) * Math.Max(0, Math.Min(top, y) - Math.Max(top - scale, y - 1));
                        if (values[p] == 3) continue;
                        all += area;
                        if (values[p] == value) own += area;
                    }
                    if (all > 1e-4) Assert.Equal(own / all, parts[i], 1e-4);
                    else if (all == 0) Assert.Equal(float.NaN, parts[i]);
                }
            }
        }, iter: 60, threads: 1);

    [Fact]
    public void Without_a_scale_parts_are_all_or_nothing()
    {
        Raster.FromArray<short>([0, 100, 200, 100], PixelType.Int16, World with { Width = 2, Height = 2 }).Write(folder["map.tif"]);
        Assert.Equal([100, 200], FractionalHabitats.Write(folder["map.tif"], null, folder["lcc"]));
        Assert.Equal([0f, 1, 0, 1], Raster.Open(folder["lcc/lcc_100.tif"]).Read().As<float>().ToArray());
        Assert.Contains("smaller", Assert.Throws<RasterException>(() => FractionalHabitats.Write(folder["map.tif"], 0.5, folder["lcc"])).Message, StringComparison.Ordinal);
        Raster.FromArray<float>([0.5f], PixelType.Float32, World with { Width = 1, Height = 1 }).Write(folder["real.tif"]);
        Assert.Contains("integers", Assert.Throws<RasterException>(() => FractionalHabitats.Write(folder["real.tif"], null, folder["lcc"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void In_another_projection_parts_of_classes_are_the_means_that_gdalwarp_has()
    {
        Tool.NeedGdal();
        var grid = new Grid(320_000, 4_140_000, 100, -100, 90, 70, Projection.OfEpsg(32612));
        var values = Enumerable.Range(0, 6300).Select(_ => (byte)random.Next(1, 4)).ToArray();
        Raster.FromArray(values, PixelType.Byte, grid).Write(folder["map.tif"]);
        Raster.FromArray<float>([.. values.Select(static v => v == 2 ? 1f : 0f)], PixelType.Float32, grid).Write(folder["two.tif"]);
        Assert.Equal([1, 2, 3], FractionalHabitats.Write(folder["map.tif"], 0.005, folder["lcc"], projection: Projection.OfEpsg(4326)));
        var parts = Enumerable.Range(1, 3).Select(v => Raster.Open(folder[$"lcc/lcc_{v}.tif"])).ToList();
        var own = parts[1].Grid;
        Assert.Equal((0.005, -0.005), (own.StepX, own.StepY));
        Assert.Equal(Math.Round(own.X / 0.005), own.X / 0.005, 1e-6);
        // All of a pixel is of some class, where the map has a pixel.
        Assert.Equal(0, ((parts[0] + parts[1] + parts[2] - 1).Abs() > 1e-5).Sum());
        Assert.True(parts[0].Count() > 100);
        string Text(double value) => value.ToString("R", System.Globalization.CultureInfo.InvariantCulture);
        Tool.Run("gdalwarp", "-q", "-et", "0", "-r", "average", "-dstnodata", "nan", "-t_srs", "EPSG:4326", "-te", Text(own.X), Text(own.Y + own.Height * own.StepY), Text(own.X + own.Width * own.StepX), Text(own.Y), "-ts", Text(own.Width), Text(own.Height), folder["two.tif"], folder["oracle.tif"]);
        // Inside the map: over its edge the two weigh what is there differently.
        float[] array = [.. parts[1].Read().As<float>()], oracle = [.. Raster.Open(folder["oracle.tif"]).Read().As<float>()];
        for (var y = 2; y < own.Height - 2; y++)
            for (var x = 2; x < own.Width - 2; x++) Assert.Equal(oracle[y * own.Width + x], array[y * own.Width + x], 0.005f);
    }
}
