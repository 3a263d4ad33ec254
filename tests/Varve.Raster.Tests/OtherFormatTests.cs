using Xunit;

namespace Varve.Raster.Tests;

/// <summary>Files that Varve does not read itself, through the system's libgdal.</summary>
public sealed class OtherFormatTests
{
    private static readonly Grid Grid = new(300_000, 4_150_000, 90, -90, 700, 500, Projection.OfEpsg(32612));

    private static Raster Plain(string path)
    {
        Raster.FromArray<byte>([.. Enumerable.Range(0, 350_000).Select(static i => (byte)(1 + i * 7 % 251))], PixelType.Byte, Grid).Write(path);
        return Raster.Open(path);
    }

    [Theory]
    [InlineData("PNG", "b.png")]
    [InlineData("AAIGrid", "b.asc")]
    [InlineData("ENVI", "b.dat")]
    [InlineData("VRT", "b.vrt")]
    [InlineData("HFA", "b.img")]
    public void Another_format_is_read_like_a_GeoTIFF(string format, string name)
    {
        Tool.NeedGdal();
        using var folder = new TemporaryFolder();
        var own = Plain(folder["a.tif"]);
        Tool.Run("gdal_translate", "-q", "-of", format, folder["a.tif"], folder[name]);
        foreach (var (threads, chunk) in ((int, long)[])[(1, 1 << 18), (3, 5000)])
        {
            var limits = new Limits { Threads = threads, ChunkPixels = chunk };
            Assert.Equal(own.Sum(), Raster.Open(folder[name]).Sum(limits));
            // On one grid with the file itself.
            Assert.Equal(0, (Raster.Open(folder[name]).IsNotEqual(own)).Sum(limits));
        }
    }

    [Fact]
    public void Codecs_that_are_not_read_here_come_through_GDAL_band_by_band()
    {
        Tool.NeedGdal();
        using var folder = new TemporaryFolder();
        var own = Plain(folder["a.tif"]);
        Raster.WriteBands(folder["rgb.tif"], [own, own / 2, 255 - own], new WriteOptions { Type = PixelType.Byte });
        Tool.Run("gdal_translate", "-q", "-co", "COMPRESS=JPEG", "-co", "PHOTOMETRIC=YCBCR", "-co", "INTERLEAVE=PIXEL", folder["rgb.tif"], folder["jpeg.tif"]);
        Tool.Run("gdal_translate", "-q", folder["jpeg.tif"], folder["back.tif"]);
        foreach (var band in (int[])[1, 2, 3]) Assert.Equal(Raster.Open(folder["back.tif"], band).Sum(), Raster.Open(folder["jpeg.tif"], band).Sum());
        Tool.Run("gdal_translate", "-q", "-co", "COMPRESS=LZMA", folder["a.tif"], folder["lzma.tif"]);
        Assert.Equal(own.Sum(), Raster.Open(folder["lzma.tif"]).Sum());
        Assert.Contains("no band 4", Assert.Throws<RasterException>(() => Raster.Open(folder["jpeg.tif"], 4)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_stands_for_missing_pixels_and_the_place_come_along()
    {
        Tool.NeedGdal();
        using var folder = new TemporaryFolder();
        var numbers = Plain(folder["plain.tif"]);
        Raster.Where(numbers > 9, numbers, Raster.Missing).Write(folder["a.tif"], new WriteOptions { NoData = 7 });
        var own = Raster.Open(folder["a.tif"]);
        Tool.Run("gdal_translate", "-q", "-of", "ENVI", folder["a.tif"], folder["b.dat"]);
        var other = Raster.Open(folder["b.dat"]);
        Assert.Equal(own.Statistics(), other.Statistics());
        Assert.Equal(own.Grid, other.Grid);
    }

    [Fact]
    public void A_file_that_changes_while_GDAL_reads_it_gives_nothing()
    {
        Tool.NeedGdal();
        using var folder = new TemporaryFolder();
        Plain(folder["a.tif"]);
        Tool.Run("gdal_translate", "-q", "-of", "ENVI", folder["a.tif"], folder["b.dat"]);
        var raster = Raster.Open(folder["b.dat"]);
        File.SetLastWriteTimeUtc(folder["b.dat"], DateTime.UtcNow.AddHours(1));
        Assert.Contains("changed while it was read", Assert.Throws<RasterException>(() => raster.Write(folder["out.tif"])).Message, StringComparison.Ordinal);
        Assert.False(File.Exists(folder["out.tif"]));
    }

    [Fact]
    public void Projections_have_names_of_all_kinds_and_are_the_same_when_PROJ_says_so()
    {
        Tool.NeedGdal();
        Assert.Equal(32612, Projection.Named("EPSG:32612").Epsg);
        Assert.True(Projection.Named("EPSG:4326").IsGeographic);
        var mollweide = Projection.Named("ESRI:54009");
        Assert.Equal(mollweide, Projection.Named("+proj=moll +lon_0=0 +datum=WGS84 +units=m"));
        Assert.NotEqual(mollweide, Projection.Named("+proj=moll +lon_0=10 +datum=WGS84 +units=m"));
        Assert.Contains("no projection", Assert.Throws<RasterException>(() => Projection.Named("nonsense")).Message, StringComparison.Ordinal);
    }
}
