using System.Text.Json;
using Varve.Raster;
using Xunit;

namespace Varve.Tests;

/// <summary><c>varve raster</c> as a person calls it, alone and as a step.</summary>
public sealed class RasterEndToEndTests : IDisposable
{
    private readonly Played here = new();

    public RasterEndToEndTests()
    {
        var grid = new Grid(500000, 4000000, 100, -100, 40, 30, Projection.OfEpsg(32612));
        Raster.Raster.FromArray<short>([.. Enumerable.Range(0, 1200).Select(static i => (short)i)], PixelType.Int16, grid).Write(here.At("e.tif"));
        Raster.Raster.FromArray<byte>([.. Enumerable.Range(0, 1200).Select(static i => (byte)(i % 5))], PixelType.Byte, grid).Write(here.At("h.tif"));
    }

    public void Dispose() => here.Dispose();

    [Fact]
    public void Expressions_become_files_and_numbers()
    {
        here.Varve("raster", "calc", "where(h in [1, 2], e, nan)", "e * 2", "-l", "h=h.tif", "-l", "e=e.tif", "-o", "out.tif", "--band", "habitat", "--band", "twice");
        Assert.Equal("480\n", here.Varve("raster", "sum", "h in [1, 2] and e >= 0", "-l", "h=h.tif", "-l", "e=e.tif"));
        Assert.Equal(Enumerable.Range(0, 1200).Where(static i => i % 5 is 1 or 2).Sum() + "\n", here.Varve("raster", "sum", "out.tif"));
        var info = JsonDocument.Parse(here.Varve("raster", "info", "--json", "out.tif")).RootElement;
        Assert.Equal((40, 30, 2, "EPSG:32612"), (info.GetProperty("width").GetInt32(), info.GetProperty("height").GetInt32(), info.GetProperty("bands").GetInt32(), info.GetProperty("projection").GetString()));
        var stats = JsonDocument.Parse(here.Varve("raster", "stats", "--json", "--quantiles", "0.5", "e.tif")).RootElement;
        Assert.Equal((599.5, 599.5, 719400), (stats.GetProperty("mean").GetDouble(), stats.GetProperty("quantile0.5").GetDouble(), stats.GetProperty("sum").GetInt64()));
    }

    [Fact]
    public void An_error_points_at_the_character_and_leaves_nothing()
    {
        var failed = here.Call(["raster", "calc", "where(h > 2, e", "-l", "h=h.tif", "-l", "e=e.tif", "-o", "out.tif"], here.Folder, "home");
        Assert.Equal(2, failed.Status);
        Assert.Contains("where(h > 2, e\n", failed.Error, StringComparison.Ordinal);
        Assert.EndsWith("^\n", failed.Error, StringComparison.Ordinal);
        Assert.Equal(4, here.Call(["raster", "sum", "absent.tif"], here.Folder, "home").Status);
        Assert.False(File.Exists(here.At("out.tif")));
    }

    [Fact]
    public void Two_that_differ_end_with_1()
    {
        here.Varve("raster", "convert", "h.tif", "-o", "cog.tif", "--cog", "--compress", "zstd");
        Assert.Equal("the same, 1,200 pixels\n", here.Varve("raster", "diff", "h.tif", "cog.tif"));
        var found = here.Call(["raster", "diff", "h.tif", "e.tif"], here.Folder, "home");
        Assert.Equal(1, found.Status);
        Assert.Contains("first at column 5, row 0", found.Output, StringComparison.Ordinal);
        // A file is one, also where an expression names layers.
        Assert.Equal(found.Output, here.Call(["raster", "diff", "h.tif", "e + 0", "-l", "e=e.tif"], here.Folder, "home").Output);
    }

    [Fact]
    public void A_raster_is_laid_on_another_grid_and_written_with_GDALs_creation_options()
    {
        here.Varve("raster", "warp", "e.tif", "--step", "200", "-r", "average", "-o", "w.tif", "--co", "COMPRESS=LZW", "--co", "BLOCKXSIZE=64", "--co", "BIGTIFF=YES");
        var info = JsonDocument.Parse(here.Varve("raster", "info", "--json", "w.tif")).RootElement;
        Assert.Equal((20, 15, "LZW", 64), (info.GetProperty("width").GetInt32(), info.GetProperty("height").GetInt32(), info.GetProperty("compression").GetString(), info.GetProperty("block")[0].GetInt32()));
        Assert.Equal("599.5", JsonDocument.Parse(here.Varve("raster", "stats", "--json", "w.tif")).RootElement.GetProperty("mean").ToString());
        here.Varve("raster", "warp", "h.tif", "--like", "w.tif", "-o", "same.tif");
        Assert.Equal("300\n", here.Varve("raster", "sum", "same == same", "-l", "same=same.tif"));
        var bad = here.Call(["raster", "warp", "e.tif", "--step", "200", "-o", "bad.tif", "--co", "COMPRESS=JPEG"], here.Folder, "home");
        Assert.NotEqual(0, bad.Status);
        Assert.Contains("NONE, LZW, DEFLATE or ZSTD", bad.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(here.At("bad.tif")));
    }

    [Fact]
    public void Polygons_become_fractions_and_distances()
    {
        File.WriteAllText(here.At("p.geojson"), "{\"type\":\"Feature\",\"properties\":{},\"crs\":{\"type\":\"name\",\"properties\":{\"name\":\"urn:ogc:def:crs:EPSG::32612\"}},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[500150,3999850],[500350,3999850],[500350,3999650],[500150,3999650],[500150,3999850]]]}}");
        here.Varve("raster", "rasterize", "p.geojson", "--like", "e.tif", "--fraction", "-o", "f.tif");
        Assert.Equal("4\n", here.Varve("raster", "sum", "f.tif"));
        // From a corner, the pixels of a quarter of a circle.
        Assert.Equal("10\n", here.Varve("raster", "sum", "distance(e == 0, 3) > 0", "-l", "e=e.tif"));
    }

    [Fact]
    public void As_a_step_it_is_reused_and_its_lineage_names_the_layers()
    {
        string[] step = ["exec", "--json", "--", "varve", "raster", "calc", "h * e", "-l", "h=h.tif", "-l", "e=e.tif", "-o", "out.tif"];
        step[3] = Path.Combine(Checkout.Root, "artifacts/varve");
        bool Reused(string json) => JsonDocument.Parse(json.Split('\n').Last(static l => l.StartsWith('{'))).RootElement.GetProperty("reused").GetBoolean();
        Assert.False(Reused(here.Call(step, here.Folder, "home").Error));
        Assert.True(Reused(here.Call(step, here.Folder, "home").Error));
        var how = here.Varve("how", "out.tif");
        Assert.Contains("h.tif", how, StringComparison.Ordinal);
        Assert.Contains("e.tif", how, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(500030, 100, 32612)]
    [InlineData(500000, 70, 32612)]
    [InlineData(-111, 0.001, 4326)]
    public void The_call_that_a_refusal_names_makes_layers_fit(double x, double step, int epsg)
    {
        if (epsg == 4326) Assert.SkipUnless(File.Exists("/usr/bin/gdal_translate"), "gdal-bin is not installed");
        var grid = new Grid(x, epsg == 4326 ? 36.144 : 4000000, step, -step, 40, 30, Projection.OfEpsg(epsg));
        Raster.Raster.FromArray(new byte[1200], PixelType.Byte, grid).Write(here.At("o'ther map.tif"));
        string[] sum = ["raster", "sum", "e + o", "-l", "e=e.tif", "-l", "o=o'ther map.tif"];
        var refused = here.Call(sum, here.Folder, "home");
        Assert.NotEqual(0, refused.Status);
        var call = refused.Error[refused.Error.IndexOf("varve raster warp", StringComparison.Ordinal)..];
        call = call[..call.IndexOf(" lays one", StringComparison.Ordinal)];
        Assert.Equal(0, here.Start("sh", ["-c", call.Replace("varve", Checkout.Program, StringComparison.Ordinal)], here.Folder, "home").Status);
        var made = Directory.GetFiles(here.Folder, "*-on-*.tif").Single();
        here.Varve("raster", "sum", "e + o", "-l", made.Contains("/e-on", StringComparison.Ordinal) ? $"e={made}" : "e=e.tif", "-l", made.Contains("/e-on", StringComparison.Ordinal) ? "o=o'ther map.tif" : $"o={made}");
    }

    [Fact]
    public void A_turned_file_is_laid_straight_with_all_its_bands_and_options()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/gdal_translate"), "gdal-bin is not installed");
        here.Varve("raster", "calc", "e", "e * 2", "-l", "e=e.tif", "-o", "two.tif");
        here.Start("gdal_translate", ["-q", "-of", "VRT", "two.tif", "two.vrt"], here.Folder, "home");
        var text = here.Read("two.vrt");
        var (from, to) = (text.IndexOf("<GeoTransform>", StringComparison.Ordinal), text.IndexOf("</GeoTransform>", StringComparison.Ordinal));
        here.Write("two.vrt", text[..from] + "<GeoTransform>500000, 90, 20, 4000000, 20, -90" + text[to..]);
        foreach (var (options, width, height) in ((string[], int, int)[])[([], 46, 38), (["--step", "200"], 21, 18), (["--extent", "500000,3999000,501000,4000000", "--step", "50"], 20, 20), (["--like", "e.tif"], 40, 30)])
        {
            here.Varve(["raster", "warp", "two.vrt", "-o", "straight.tif", .. options]);
            var info = JsonDocument.Parse(here.Varve("raster", "info", "--json", "straight.tif")).RootElement;
            Assert.Equal((2, true), (info.GetProperty("bands").GetInt32(), Math.Abs(width - info.GetProperty("width").GetInt32()) <= 3 && Math.Abs(height - info.GetProperty("height").GetInt32()) <= 3));
            Assert.Equal("0\n", here.Varve("raster", "sum", "a[1] * 2 != a[2]", "-l", "a=straight.tif"));
        }
        here.Varve("raster", "warp", "two.vrt", "--srs", "EPSG:4326", "-b", "2", "-o", "degrees.tif");
        Assert.Contains("EPSG:4326", here.Varve("raster", "info", "degrees.tif"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_histogram_is_printed_as_a_table_CSV_and_JSON()
    {
        Assert.Equal("from,to,count\n0,599.5,600\n599.5,1199,600\n", here.Varve("raster", "histogram", "e.tif", "--bins", "2", "--csv"));
        Assert.Equal("from,to,count\n0,0,240\n1,1,240\n2,2,240\n3,3,240\n4,4,240\n", here.Varve("raster", "histogram", "h.tif", "--values", "--csv"));
        Assert.Contains("1,189 of them outside the range; 0 missing", here.Varve("raster", "histogram", "e.tif", "--range", "0,10", "--bins", "5"), StringComparison.Ordinal);
        Assert.Equal(1200, JsonDocument.Parse(here.Varve("raster", "histogram", "--json", "e.tif")).RootElement.GetProperty("bins").EnumerateArray().Sum(static b => b.GetProperty("count").GetInt64()));
    }

    [Fact]
    public void Five_thousand_tiles_are_one_layer_with_few_files_open()
    {
        Directory.CreateDirectory(here.At("tiles"));
        Raster.Raster.FromArray<byte>([.. Enumerable.Repeat((byte)3, 256)], PixelType.Byte, new Grid(500000, 4000000, 100, -100, 16, 16, Projection.OfEpsg(32612))).Write(here.At("tile.tif"), new WriteOptions { TileSize = 16 });
        var bytes = File.ReadAllBytes(here.At("tile.tif"));
        var (x, y) = (bytes.AsSpan().IndexOf(BitConverter.GetBytes(500000.0)), bytes.AsSpan().IndexOf(BitConverter.GetBytes(4000000.0)));
        for (var i = 0; i < 5000; i++)
        {
            BitConverter.TryWriteBytes(bytes.AsSpan(x), 500000.0 + i % 100 * 1600);
            BitConverter.TryWriteBytes(bytes.AsSpan(y), 4000000.0 - i / 100 * 1600);
            File.WriteAllBytes(here.At($"tiles/{i:0000}.tif"), bytes);
        }
        var said = here.Start("sh", ["-c", $"ulimit -n 256; {Checkout.Program} raster sum 't + 0' -l 't=tiles/*.tif' -j 4 && {Checkout.Program} raster mosaic tiles/*.tif -o all.tif && {Checkout.Program} raster warp t -l 't=tiles/*.tif' --step 400 -r sum -o large.tif"], here.Folder, "home");
        Assert.True(said.Status == 0, said.Error);
        Assert.Equal("3840000\n", said.Output);
        Assert.Equal("3840000\n", here.Varve("raster", "sum", "all.tif"));
        Assert.Equal("3840000\n", here.Varve("raster", "sum", "large.tif"));
    }

    [Fact]
    public void A_mask_counts_in_one_of_many_tiles_and_in_a_layer_of_rows()
    {
        var grid = new Grid(500000, 4000000, 100, -100, 40, 30, Projection.OfEpsg(32612));
        var rows = grid with { Width = 1 };
        // The left half of h.tif is masked; a tile beside it has neither mask nor nodata.
        Raster.Raster.FromArray<byte>([.. Enumerable.Range(0, 1200).Select(static i => i % 40 < 20 ? (byte)0 : (byte)255)], PixelType.Byte, grid).Write(here.At("h.tif.msk"));
        Raster.Raster.FromArray<byte>([.. Enumerable.Repeat((byte)7, 1200)], PixelType.Byte, grid with { X = 503000 }).Write(here.At("right.tif"));
        Raster.Raster.FromArray<byte>([.. Enumerable.Range(0, 30).Select(static i => (byte)i)], PixelType.Byte, rows).Write(here.At("rows.tif"));
        Raster.Raster.FromArray<byte>([.. Enumerable.Range(0, 30).Select(static i => (byte)(i % 3))], PixelType.Byte, rows).Write(here.At("rows.tif.msk"));
        here.Varve("raster", "mosaic", "h.tif", "right.tif", "-o", "all.tif");
        var seen = Enumerable.Range(0, 1200).Where(static i => i % 40 is >= 20 and < 30).Sum(static i => i % 5) + 7 * 1200;
        var stats = JsonDocument.Parse(here.Varve("raster", "stats", "--json", "all.tif")).RootElement;
        Assert.Equal((seen, 300 + 1200, 600), (stats.GetProperty("sum").GetInt32(), stats.GetProperty("count").GetInt32(), stats.GetProperty("missing").GetInt32()));
        Assert.Equal(seen + "\n", here.Varve("raster", "sum", "t", "-l", "t=h.tif", "-l", "t=right.tif"));
        Assert.Equal(40 * Enumerable.Range(0, 30).Where(static i => i % 3 != 0).Sum() + "\n", here.Varve("raster", "sum", "where(e >= 0, r, 0)", "-l", "e=e.tif", "--rows", "r=rows.tif"));
    }

    [Fact]
    public void Memory_is_given_in_the_usual_forms()
    {
        foreach (var size in (string[])["64M", "64MB", "64MiB", "0.1G", "1.5G", "67108864"])
            Assert.Equal("719400\n", here.Varve("raster", "sum", "e.tif", "--memory", size));
        var failed = here.Call(["raster", "sum", "e.tif", "--memory", "64 megs"], here.Folder, "home");
        Assert.Equal(2, failed.Status);
        Assert.Contains("--memory 64 megs: give a size, such as 500M", failed.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_wrong_with_a_file_is_one_line_and_nothing_is_left()
    {
        var bytes = File.ReadAllBytes(here.At("e.tif"));
        File.WriteAllBytes(here.At("empty.tif"), []);
        File.WriteAllText(here.At("text.tif"), "no raster");
        // Where the directory is, and in it the entries of width and height.
        var zero = (byte[])bytes.Clone();
        var directory = BitConverter.ToInt32(bytes, 4);
        for (var i = 0; i < BitConverter.ToUInt16(bytes, directory); i++)
            if (BitConverter.ToUInt16(bytes, directory + 2 + 12 * i) is 256 or 257) BitConverter.TryWriteBytes(zero.AsSpan(directory + 10 + 12 * i), 0);
        File.WriteAllBytes(here.At("zero.tif"), zero);
        File.WriteAllBytes(here.At("cut.tif"), bytes[..(bytes.Length - 40)]);
        var before = Directory.GetFiles(here.Folder).Order();
        foreach (var name in (string[])["empty.tif", "text.tif", "zero.tif", "cut.tif", "absent.tif"])
        {
            var said = here.Call(["raster", "calc", "x + 1", "-l", $"x={name}", "-o", "out.tif"], here.Folder, "home");
            Assert.NotEqual(0, said.Status);
            Assert.StartsWith($"varve: {name}: ", said.Error, StringComparison.Ordinal);
            Assert.Equal(1, said.Error.Count(static c => c == '\n'));
        }
        Assert.Equal(before, Directory.GetFiles(here.Folder).Order());
    }
}
