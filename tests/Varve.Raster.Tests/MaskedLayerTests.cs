using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using CsCheck;
using Varve.Raster.Habitat;
using Xunit;

namespace Varve.Raster.Tests;

/// <summary>Masks of tiles, of layers of rows and of the maps of a species: what a mask leaves out is missing, as what a value leaves out is.</summary>
public sealed class MaskedLayerTests
{
    private const double Left = 400_000, Top = 5_000_000;
    private static readonly Projection Utm = Projection.OfEpsg(32612);

    /// <summary>How a tile says what is missing.</summary>
    private enum Missing { Nothing, Value, Beside, BesideInStrips }

    private sealed record Tile(int X, int Y, int Width, int Height, Missing By, double[] Values, bool[] IsThere);

    private static double? NoDataOf(Tile tile) => tile.By == Missing.Value ? -3 : null;

    /// <summary>Writes a tile plainly, and its mask beside it, in blocks of which some are left out.</summary>
    private static void Write(string path, Tile tile, PixelType type)
    {
        var grid = new Grid(Left + 30 * tile.X, Top - 30 * tile.Y, 30, -30, tile.Width, tile.Height, Utm);
        byte[] Bytes(double value) => type == PixelType.Float32 ? BitConverter.GetBytes((float)value) : BitConverter.GetBytes((short)value);
        var layout = new TestLayout { IsTiled = tile.Width % 2 == 0, Compression = 5, NoData = NoDataOf(tile)?.ToString(CultureInfo.InvariantCulture) };
        TestTiff.Write(path, grid, type, [[.. tile.Values.SelectMany(Bytes)]], layout);
        if (tile.By is not (Missing.Beside or Missing.BesideInStrips)) return;
        var isTiled = tile.By == Missing.Beside;
        TestTiff.Write(path + ".msk", grid, PixelType.Byte, [[.. tile.IsThere.Select(static t => t ? (byte)255 : (byte)0)]], new TestLayout { IsTiled = isTiled, Compression = isTiled ? 1 : 5 });
    }

    private static Gen<Tile> Tiles(bool isReal) => Gen.Select(Gen.Int[0, 40], Gen.Int[0, 30], Gen.Int[1, 50], Gen.Int[1, 40], Gen.Enum<Missing>(), Gen.Int).Select((x, y, width, height, by, seed) =>
    {
        var random = new Random(seed);
        var values = Enumerable.Range(0, width * height).Select(_ => isReal && random.Next(9) == 0 ? double.NaN : random.Next(-3, 4)).ToArray();
        var mask = values.Select(_ => random.Next(3) > 0).ToArray();
        return new Tile(x, y, width, height, by, values, [.. values.Zip(mask, (v, m) => !double.IsNaN(v) && (by is Missing.Beside or Missing.BesideInStrips ? m : by != Missing.Value || v != -3))]);
    });

    private static void MustBeAsSeen(IReadOnlyList<Tile> tiles, Raster raster, Limits limits)
    {
        var (x, y) = (tiles.Min(static t => t.X), tiles.Min(static t => t.Y));
        var (width, height) = (tiles.Max(static t => t.X + t.Width) - x, tiles.Max(static t => t.Y + t.Height) - y);
        var seen = new double?[width * height];
        foreach (var tile in tiles)
            for (var i = 0; i < tile.Values.Length; i++)
                if (tile.IsThere[i]) seen[(tile.Y - y + i / tile.Width) * width + tile.X - x + i % tile.Width] = tile.Values[i];
        var (values, isMissing) = (raster.AsType(PixelType.Float64).Read(limits).As<double>().ToArray(), raster.IsMissing().Read(limits).Bytes);
        Assert.Equal((width, height), ((int)raster.Grid.Width, (int)raster.Grid.Height));
        Assert.Equal(seen.Select(static s => s is null ? (byte)1 : (byte)0), isMissing);
        Assert.Equal(seen.Where(static s => s is not null).Select(static s => s!.Value), values.Where((_, i) => isMissing[i] == 0));
        Assert.Equal(seen.Sum(static s => s ?? 0), raster.Sum(limits));
    }

    [Theory, InlineData(PixelType.Int16), InlineData(PixelType.Float32)]
    public void Of_tiles_over_each_other_the_last_valid_pixel_is_seen_whoever_says_what_is_valid(PixelType type) =>
        Gen.Select(Tiles(type == PixelType.Float32).Array[1, 12], Gen.Int[1, 3], Gen.OneOf(Gen.Const(1L), Gen.Const(200L), Gen.Const(5000L))).Sample((tiles, threads, pixels) =>
        {
            // Without a mask all have one value for what is missing, or none.
            if (!tiles.Any(static t => t.By is Missing.Beside or Missing.BesideInStrips)) tiles[0] = tiles[0] with { By = Missing.Beside };
            using var folder = new TemporaryFolder();
            for (var i = 0; i < tiles.Length; i++) Write(folder[$"{i}.tif"], tiles[i], type);
            MustBeAsSeen(tiles, Raster.Open([.. tiles.Select((_, i) => folder[$"{i}.tif"])]), new Limits { Threads = threads, ChunkPixels = pixels });
        }, iter: 60, threads: 1);

    [Theory]
    [InlineData("YES", "COMPRESS=LZW")]
    [InlineData("NO", "TILED=YES")]
    public void Tiles_with_masks_are_what_GDAL_makes_of_them(string isInside, string option)
    {
        Tool.NeedGdal();
        using var folder = new TemporaryFolder();
        var random = new Random(7);
        string[] names = ["a", "b", "c"];
        for (var i = 0; i < names.Length; i++)
        {
            var grid = new Grid(Left + 30 * 20 * i, Top - 30 * 11 * i, 30, -30, 64, 48, Utm);
            byte[] Some(Func<int> one) => [.. Enumerable.Range(0, 64 * 48).Select(_ => (byte)one())];
            Raster.FromArray(Some(() => random.Next(256)), PixelType.Byte, grid).Write(folder["v.tif"]);
            Raster.FromArray(Some(() => random.Next(3) > 0 ? 255 : 0), PixelType.Byte, grid).Write(folder["m.tif"]);
            Tool.Run("gdalbuildvrt", "-q", "-overwrite", "-separate", folder["both.vrt"], folder["v.tif"], folder["m.tif"]);
            // The last says by alpha what the others say by a mask.
            string[] how = i == 2 ? ["-colorinterp", "gray,alpha"] : ["--config", "GDAL_TIFF_INTERNAL_MASK", isInside, "-co", option, "-b", "1", "-mask", "2"];
            Tool.Run("gdal_translate", ["-q", .. how, folder["both.vrt"], folder[$"{names[i]}.tif"]]);
        }
        var ours = Raster.Open([folder["a.tif"], folder["b.tif"]]);
        Tool.Run("gdalbuildvrt", "-q", folder["ab.vrt"], folder["a.tif"], folder["b.tif"]);
        MustBeSame(Raster.Open(folder["ab.vrt"]), ours);
        // With the alpha as well: as the alpha alone over the two.
        var alpha = Raster.Open(folder["c.tif"]);
        var all = Raster.Open([folder["a.tif"], folder["b.tif"], folder["c.tif"]]);
        var (below, above) = (ours.On(all.Grid).Read().Bytes, alpha.On(all.Grid).Read().Bytes);
        var isThere = (!alpha.IsMissing()).On(all.Grid).Read().Bytes;
        Assert.Equal(alpha.Count(), isThere.Sum(static b => (long)b));
        var missing = all.IsMissing().Read().Bytes;
        var seen = all.Read().Bytes;
        for (var i = 0; i < seen.Length; i++)
            if (isThere[i] == 1) Assert.Equal((0, above[i]), (missing[i], seen[i]));
            else if (missing[i] == 0) Assert.Equal(below[i], seen[i]);
    }

    private static void MustBeSame(Raster expected, Raster actual)
    {
        var (a, b) = (expected.IsMissing().Read().Bytes, actual.IsMissing().Read().Bytes);
        Assert.Equal(a, b);
        var (x, y) = (expected.Read().Bytes, actual.Read().Bytes);
        Assert.Equal(x.Where((_, i) => a[i] == 0), y.Where((_, i) => a[i] == 0));
    }

    [Theory, InlineData(false), InlineData(true)]
    public void A_mask_of_a_layer_of_rows_makes_whole_rows_missing(bool isOfBits)
    {
        using var folder = new TemporaryFolder();
        var (rows, random) = (90, new Random(3));
        var (values, mask) = (Enumerable.Range(1, rows).Select(static i => (byte)i).ToArray(), Enumerable.Range(0, rows).Select(_ => random.Next(2) == 0 ? (byte)255 : (byte)0).ToArray());
        var narrow = new Grid(Left, Top, 30, -30, 1, rows, Utm);
        Raster.FromArray(values, PixelType.Byte, narrow).Write(folder["rows.tif"]);
        Raster.FromArray(mask, PixelType.Byte, narrow).Write(folder[isOfBits ? "m.tif" : "rows.tif.msk"]);
        if (isOfBits)
        {
            Tool.Run("gdalbuildvrt", "-q", "-separate", folder["both.vrt"], folder["rows.tif"], folder["m.tif"]);
            Tool.Run("gdal_translate", "-q", "--config", "GDAL_TIFF_INTERNAL_MASK", "YES", "-b", "1", "-mask", "2", folder["both.vrt"], folder["bits.tif"]);
        }
        var layer = Raster.OpenRows(folder[isOfBits ? "bits.tif" : "rows.tif"]);
        var wide = Raster.FromArray(Enumerable.Repeat((byte)2, 70 * rows).ToArray(), PixelType.Byte, narrow with { Width = 70 }) * layer;
        var there = Enumerable.Range(0, rows).Where(i => mask[i] != 0).ToList();
        foreach (var pixels in (long[])[10, 700, 1 << 18])
        {
            var found = wide.Statistics(new Limits { Threads = 2, ChunkPixels = pixels });
            Assert.Equal((there.Sum(i => 140.0 * values[i]), 70L * there.Count, 70L * (rows - there.Count)), (found.Sum, found.Count, found.Missing));
        }
        Assert.Equal(mask.SelectMany(static m => Enumerable.Repeat(m == 0 ? (byte)1 : (byte)0, 70)), wide.IsMissing().Read().Bytes);
        Assert.Equal(70L * rows, (Raster.FromArray(new byte[70 * rows], PixelType.Byte, narrow with { Width = 70 }) * Raster.OpenRows(folder[isOfBits ? "bits.tif" : "rows.tif"], ignoresNoData: true)).Count());
    }

    [Fact]
    public void Maps_of_species_may_say_by_a_mask_what_is_unknown_and_a_changed_mask_is_another_map()
    {
        using var folder = new TemporaryFolder();
        const int Width = 40, Height = 30;
        var (map, random) = (new Grid(-10, 50, 0.01, -0.01, Width, Height, Projection.OfEpsg(4326)), new Random(9));
        byte[] Some(int below) => [.. Enumerable.Range(0, Width * Height).Select(_ => (byte)random.Next(below))];
        var (habitat, elevation, weights) = (Some(4), MemoryMarshal.Cast<byte, sbyte>(Some(100)).ToArray(), Enumerable.Range(1, Height).Select(static i => (byte)i).ToArray());
        var (hides, hidesElevation, hidesRow) = (Some(3), Some(3), Enumerable.Range(0, Height).Select(static i => i % 4 == 0).ToArray());
        byte[] Mask(IEnumerable<bool> isHidden) => [.. isHidden.Select(static h => h ? (byte)0 : (byte)255)];
        Raster.FromArray(habitat, PixelType.Byte, map).Write(folder["h.tif"]);
        Raster.FromArray(elevation, PixelType.Int8, map).Write(folder["e.tif"]);
        Raster.FromArray(weights, PixelType.Byte, map with { Width = 1 }).Write(folder["w.tif"]);
        Raster.FromArray(Mask(hides.Select(static h => h == 0)), PixelType.Byte, map).Write(folder["h.tif.msk"]);
        Raster.FromArray(Mask(hidesElevation.Select(static h => h == 0)), PixelType.Byte, map).Write(folder["e.tif.msk"]);
        Raster.FromArray(Mask(hidesRow), PixelType.Byte, map with { Width = 1 }).Write(folder["w.tif.msk"]);
        File.WriteAllText(folder["c.csv"], "code,value\n1.5,1\n1.6,2\n");
        File.WriteAllText(folder["s.geojson"], """{"type":"Feature","properties":{"id_no":7,"season":"1","elevation_lower":20,"elevation_upper":70,"full_habitat_code":"1.5|1.6"},"geometry":{"type":"Polygon","coordinates":[[[-10,50],[-9.6,50],[-9.6,49.7],[-10,49.7],[-10,50]]]}}""");
        var request = new AohRequest { Species = [folder["s.geojson"]], ClassifiedHabitat = folder["h.tif"], ElevationMin = folder["e.tif"], ElevationMax = folder["e.tif"], Crosswalk = folder["c.csv"], Output = folder["out"], Weights = [folder["w.tif"]], Coverage = Coverage.Centre };
        double Expected() => Enumerable.Range(0, Width * Height).Where(i => habitat[i] is 1 or 2 && hides[i] != 0 && elevation[i] is >= 20 and <= 70 && hidesElevation[i] != 0 && !hidesRow[i / Width]).Sum(i => (double)weights[i / Width]);
        double Found() => JsonDocument.Parse(File.ReadAllText(folder["out/7_1.json"])).RootElement.GetProperty("aoh_total").GetDouble();
        Assert.Equal(AohStatus.Computed, Assert.Single(AreaOfHabitat.Run(request)).Status);
        Assert.Equal(Expected(), Found());
        Assert.Equal(AohStatus.Kept, Assert.Single(AreaOfHabitat.Run(request)).Status);
        for (var i = 0; i < hides.Length; i += 2) hides[i] = 0;
        Raster.FromArray(Mask(hides.Select(static h => h == 0)), PixelType.Byte, map).Write(folder["h.tif.msk"]);
        Assert.Equal(AohStatus.Computed, Assert.Single(AreaOfHabitat.Run(request)).Status);
        Assert.Equal(Expected(), Found());

        var classes = FractionalHabitats.Write(folder["h.tif"], null, folder["lcc"]);
        Assert.Equal([1, 2, 3], classes);
        var part = Raster.Open(folder["lcc/lcc_1.tif"]).Statistics();
        Assert.Equal((habitat.Where((h, i) => h == 1 && hides[i] != 0).Count(), hides.Count(static h => h == 0)), ((int)part.Sum, (int)part.Missing));
    }
}
