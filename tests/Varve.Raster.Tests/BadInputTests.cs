using Varve.Raster.Files;
using Xunit;

namespace Varve.Raster.Tests;

/// <summary>Files that are not what they should be: a message that helps, and nothing left behind.</summary>
public sealed class BadInputTests
{
    private static readonly Grid Grid = new(100, 200, 2, -2, 40, 30, Projection.OfEpsg(4326));
    private static readonly byte[] Numbers = [.. Enumerable.Range(0, 1200).Select(static i => (byte)(i * 7))];

    private static byte[] FileOf(TemporaryFolder folder, TestLayout layout)
    {
        TestTiff.Write(folder["whole.tif"], Grid, PixelType.Byte, [Numbers], layout);
        return File.ReadAllBytes(folder["whole.tif"]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(8)]
    [InlineData(50000)]
    [InlineData(32773)]
    public void A_file_cut_anywhere_or_with_any_byte_turned_is_an_error_or_a_raster_and_no_crash(int compression)
    {
        using var folder = new TemporaryFolder();
        var whole = FileOf(folder, new TestLayout { IsTiled = true, Compression = compression, NoData = "3" });
        var random = new Random(compression);
        for (var i = 0; i < 400; i++)
        {
            var bytes = i % 2 == 0 ? whole[..random.Next(whole.Length)] : (byte[])whole.Clone();
            if (i % 2 == 1)
                for (var n = 0; n <= i % 5; n++) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            File.WriteAllBytes(folder["bad.tif"], bytes);
            try
            {
                var raster = Raster.Open(folder["bad.tif"]);
                if (raster.Grid.Width * raster.Grid.Height < 1 << 20) raster.Write(folder["out.tif"]);
            }
            catch (RasterException e)
            {
                Assert.Contains("bad.tif", e.Message + e.InnerException?.Message, StringComparison.Ordinal);
            }
            Assert.Empty(Directory.GetFiles(folder.Path, "*.part"));
        }
    }

    [Fact]
    public void A_truncated_file_names_itself_and_leaves_no_output()
    {
        using var folder = new TemporaryFolder();
        var whole = FileOf(folder, new TestLayout { Compression = 8, BlockHeight = 5 });
        // What says where blocks are comes first here: the end of the pixels is cut away behind it.
        File.WriteAllBytes(folder["bad.tif"], whole[..(whole.Length / 2)]);
        var e = Assert.Throws<RasterException>(() => Raster.Open(folder["bad.tif"]).Write(folder["out.tif"]));
        Assert.Contains("damaged or was not copied whole", e.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(folder["out.tif"]));
    }

    [Fact]
    public void An_empty_file_a_folder_and_a_text_are_no_rasters()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["empty.tif"], "");
        File.WriteAllText(folder["text.tif"], "II is what I say");
        foreach (var name in (string[])["empty.tif", "text.tif", "absent.tif", ""]) Assert.Throws<RasterException>(() => Raster.Open(folder[name]));
    }

    [Fact]
    public void Layers_that_share_no_pixel_have_a_sum_of_0_and_no_file()
    {
        using var folder = new TemporaryFolder();
        var a = Raster.FromArray(Numbers, PixelType.Byte, Grid);
        var b = Raster.FromArray(Numbers, PixelType.Byte, Grid with { X = 1000 });
        Assert.Equal(0, (a * b).Sum());
        Assert.Contains("share no pixel", Assert.Throws<RasterException>(() => (a * b).Write(folder["out.tif"])).Message, StringComparison.Ordinal);
        Assert.Equal(a.Sum() + b.Sum(), (a + b).Sum());
    }

    [Fact]
    public void NaN_in_integers_is_refused_or_missing_and_never_a_number()
    {
        using var folder = new TemporaryFolder();
        var a = Raster.FromArray<float>([1.5f, float.NaN, -3, 300], PixelType.Float32, Grid with { Width = 4, Height = 1 });
        var bytes = a.AsType(PixelType.Byte);
        Assert.Equal((1, 256), (bytes.Statistics().Missing, bytes.Sum()));
        Assert.Contains("missing", Assert.Throws<RasterException>(() => bytes.Write(folder["out.tif"], new WriteOptions { Type = PixelType.Byte })).Message, StringComparison.Ordinal);
        bytes.Write(folder["out.tif"]);
        Assert.Equal((1, 256), (Raster.Open(folder["out.tif"]).Statistics().Missing, Raster.Open(folder["out.tif"]).Sum()));
    }

    [Fact]
    public void A_file_that_changes_while_it_is_read_gives_nothing()
    {
        using var folder = new TemporaryFolder();
        FileOf(folder, new TestLayout { Compression = 8 });
        var raster = Raster.Open(folder["whole.tif"]);
        File.SetLastWriteTimeUtc(folder["whole.tif"], DateTime.UtcNow.AddHours(1));
        Assert.Contains("changed while it was read", Assert.Throws<RasterException>(() => raster.Write(folder["out.tif"])).Message, StringComparison.Ordinal);
        Assert.False(File.Exists(folder["out.tif"]));
    }

    [Fact]
    public void An_interrupt_leaves_no_file()
    {
        using var folder = new TemporaryFolder();
        using var stop = new CancellationTokenSource();
        var a = Raster.FromArray(new byte[1 << 20], PixelType.Byte, new Grid(0, 0, 1, -1, 1024, 1024, Projection.None));
        Assert.ThrowsAny<OperationCanceledException>(() => (a + 1).Write(folder["out.tif"], new WriteOptions { TileSize = 16 }, new Limits { Cancellation = stop.Token, Threads = 2, Progress = _ => stop.Cancel() }));
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void A_disk_that_is_full_leaves_no_file()
    {
        if (!File.Exists("/dev/full")) Assert.Skip("there is no /dev/full");
        using var folder = new TemporaryFolder();
        var layout = new TiffLayout { Grid = Grid, Type = PixelType.Byte, Bands = 1, TileWidth = 16, TileHeight = 16 };
        using (var writer = new GeoTiffWriter(folder["out.tif"], layout)) writer.Put(0, 0, Numbers);
        Assert.Empty(Directory.GetFiles(folder.Path));
        Assert.Throws<RasterException>(() => new GeoTiffWriter("/dev/full/out.tif", layout));
    }

    [Fact]
    public void Memory_that_does_not_hold_a_block_is_an_error_that_says_so()
    {
        using var folder = new TemporaryFolder();
        var big = new Grid(0, 0, 1, -1, 6000, 5000, Projection.None);
        TestTiff.Write(folder["a.tif"], big, PixelType.Byte, [new byte[30_000_000]], new TestLayout { Compression = 8, BlockHeight = 5000 });
        var e = Assert.Throws<RasterException>(() => Raster.Open(folder["a.tif"]).Sum(new Limits { Memory = Limits.LeastMemory }));
        Assert.Contains("--memory", e.Message, StringComparison.Ordinal);
    }
}
