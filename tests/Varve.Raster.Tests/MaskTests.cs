using Xunit;

namespace Varve.Raster.Tests;

/// <summary>Masks: inside a TIFF, in a file beside it, of another format, and alpha bands. What GDAL holds for valid is valid.</summary>
public sealed class MaskTests
{
    private static readonly Grid Grid = new(300_000, 4_150_000, 90, -90, 75, 50, Projection.OfEpsg(32612));

    /// <summary>A file of the numbers 0 to 255, and one of what counts: all but every seventh pixel.</summary>
    private static double WriteBoth(TemporaryFolder folder)
    {
        var numbers = Enumerable.Range(0, 3750).Select(static i => (byte)(i * 7)).ToArray();
        Raster.FromArray(numbers, PixelType.Byte, Grid).Write(folder["a.tif"]);
        Raster.FromArray([.. Enumerable.Range(0, 3750).Select(static i => i % 7 == 0 ? (byte)0 : (byte)255)], PixelType.Byte, Grid).Write(folder["m.tif"]);
        Tool.Run("gdalbuildvrt", "-q", "-separate", folder["both.vrt"], folder["a.tif"], folder["m.tif"]);
        return numbers.Where(static (_, i) => i % 7 != 0).Sum(static n => (double)n);
    }

    private static void MustBe(double sum, Raster masked)
    {
        var there = masked.Statistics();
        Assert.Equal((sum, 3750 - 536L, 536L), (there.Sum, there.Count, there.Missing));
    }

    [Theory]
    [InlineData("inside.tif", "YES", "COMPRESS=DEFLATE")]
    [InlineData("tiles.tif", "YES", "TILED=YES")]
    [InlineData("plain.tif", "YES", "COMPRESS=NONE")]
    [InlineData("beside.tif", "NO", "COMPRESS=LZW")]
    public void A_mask_inside_a_TIFF_or_beside_it_makes_pixels_missing(string name, string isInside, string option)
    {
        using var folder = new TemporaryFolder();
        var sum = WriteBoth(folder);
        Tool.Run("gdal_translate", "-q", "--config", "GDAL_TIFF_INTERNAL_MASK", isInside, "-co", option, "-b", "1", "-mask", "2", folder["both.vrt"], folder[name]);
        Assert.Equal(isInside == "NO", File.Exists(folder[$"{name}.msk"]));
        MustBe(sum, Raster.Open(folder[name]));
        Assert.Equal(3750, Raster.Open(folder[name], ignoresNoData: true).Count());
        // Pixels that are missing stay so in a file without a mask.
        Raster.Open(folder[name]).Write(folder["out.tif"]);
        MustBe(sum, Raster.Open(folder["out.tif"]));
        // Under a tile without one nothing of it is missing.
        Assert.Equal(3750, Raster.Open([folder[name], folder["a.tif"]]).Count());
        MustBe(sum, Raster.Open([folder[name], folder[name]]));
    }

    [Fact]
    public void An_alpha_band_masks_the_others_also_through_GDAL()
    {
        Tool.NeedGdal();
        using var folder = new TemporaryFolder();
        var sum = WriteBoth(folder);
        Tool.Run("gdal_translate", "-q", "-colorinterp", "gray,alpha", folder["both.vrt"], folder["alpha.tif"]);
        Tool.Run("gdal_translate", "-q", "-of", "PNG", folder["alpha.tif"], folder["alpha.png"]);
        foreach (var name in (string[])["alpha.tif", "alpha.png"])
        {
            MustBe(sum, Raster.Open(folder[name]));
            Assert.Equal(3750, Raster.Open(folder[name], 2).Count());
        }
    }

    [Fact]
    public void A_mask_of_another_format_is_honoured_through_GDAL()
    {
        Tool.NeedGdal();
        using var folder = new TemporaryFolder();
        var sum = WriteBoth(folder);
        Tool.Run("gdal_translate", "-q", "-of", "VRT", "-b", "1", "-mask", "2", folder["both.vrt"], folder["masked.vrt"]);
        MustBe(sum, Raster.Open(folder["masked.vrt"]));
    }

    [Fact]
    public void A_mask_of_another_size_is_refused()
    {
        using var folder = new TemporaryFolder();
        WriteBoth(folder);
        Raster.FromArray(new byte[4], PixelType.Byte, Grid with { Width = 2, Height = 2 }).Write(folder["a.tif.msk"]);
        Assert.Contains("2 x 2 pixels", Assert.Throws<RasterException>(() => Raster.Open(folder["a.tif"])).Message, StringComparison.Ordinal);
    }
}
