using CsCheck;
using Varve.Raster.Files;
using Varve.Raster.Grids;
using Xunit;

namespace Varve.Raster.Tests;

/// <summary>What was written is what is read, in every form that the format has.</summary>
public sealed class GeoTiffTests
{
    private static readonly PixelType[] Types = [PixelType.Byte, PixelType.Int8, PixelType.UInt16, PixelType.Int16, PixelType.UInt32, PixelType.Int32, PixelType.UInt64, PixelType.Int64, PixelType.Float32, PixelType.Float64];

    [Fact]
    public void Bands_in_any_layout_are_read_as_they_were_written() =>
        Gen.Select(Gen.Int[0, 9], Gen.Int[1, 70], Gen.Int[1, 70], Gen.Int[1, 4], Gen.Int[0, 4], Gen.Select(Gen.Bool, Gen.Bool, Gen.Bool, Gen.Bool, Gen.Bool), Gen.Int).Sample((typeIndex, width, height, bands, pack, flags, seed) =>
        {
            var (tiled, planar, bigEndian, bigTiff, predict) = flags;
            var (type, compression) = (Types[typeIndex], ((int[])[1, 5, 8, 50000, 32773])[pack]);
            var random = new Random(seed);
            var numbers = Enumerable.Range(0, bands).Select(_ => new byte[width * height * type.Size()]).ToArray();
            foreach (var band in numbers)
                if (random.Next(2) == 0) random.NextBytes(band);
                else for (var i = 0; i < band.Length; i++) band[i] = (byte)(i / 9);
            var layout = new TestLayout
            {
                IsTiled = tiled,
                IsPlanar = planar,
                IsBigEndian = bigEndian,
                IsBigTiff = bigTiff,
                Compression = compression,
                BlockWidth = 32,
                BlockHeight = tiled ? 16 : 1 + random.Next(20),
                Predictor = !predict || compression is 1 or 32773 ? 1 : type.IsFloat() && random.Next(2) == 0 ? 3 : 2,
            };
            using var folder = new TemporaryFolder();
            TestTiff.Write(folder["a.tif"], new Grid(0, 0, 1, -1, width, height, Projection.None) with { X = 7 }, type, numbers, layout);
            using var tiff = GeoTiff.Open(folder["a.tif"]);
            using var reader = new BlockReader();
            for (var band = 0; band < bands; band++) Assert.True(Same(type, numbers[band], Band(tiff, reader, band)), $"{type} {layout}, band {band}");
        }, iter: 400);

    /// <summary>One band, from its blocks.</summary>
    private static byte[] Band(GeoTiff tiff, BlockReader reader, int band)
    {
        var (image, size) = (tiff.Image, tiff.Image.Bits / 8);
        var all = new byte[image.Width * image.Height * size];
        var block = new byte[image.BlockBytes];
        for (var row = 0L; row < image.Down; row++)
            for (var column = 0L; column < image.Across; column++)
            {
                Assert.True(reader.Read(image, column, row, band, block));
                for (var y = 0L; y < image.BlockHeight && row * image.BlockHeight + y < image.Height; y++)
                    for (var x = 0L; x < image.BlockWidth && column * image.BlockWidth + x < image.Width; x++)
                        Array.Copy(block, (y * image.BlockWidth + x) * image.PixelBytes + (image.IsPlanar ? 0 : band * size), all, ((row * image.BlockHeight + y) * image.Width + column * image.BlockWidth + x) * size, size);
            }
        return all;
    }

    private static bool Same(PixelType type, byte[] a, byte[] b) => type.Size() > 0 && a.AsSpan().SequenceEqual(b);

    [Fact]
    public void Columns_of_rows_that_are_not_packed_are_read_alone() =>
        Gen.Select(Gen.Int[1, 9], Gen.Int[0, 3], Gen.Bool, Gen.Int[0, 49], Gen.Int[0, 29], Gen.Int[0, 1 << 16]).Sample(static (rows, hole, isBigEndian, x, y, seed) =>
        {
            using var folder = new TemporaryFolder();
            var (grid, random) = (new Grid(500_000, 4_000_000, 10, -10, 50, 30, Projection.OfEpsg(32612)), new Random(seed));
            var values = Enumerable.Range(0, 1500).Select(_ => (short)random.Next(-999, 999)).ToArray();
            TestTiff.Write(folder["a.tif"], grid, PixelType.Int16, [[.. values.SelectMany(BitConverter.GetBytes)]], new TestLayout { BlockHeight = rows, Hole = hole, IsBigEndian = isBigEndian });
            var (width, height) = (random.Next(1, 51 - x), random.Next(1, 31 - y));
            var part = Raster.FromArray(Enumerable.Repeat((byte)1, width * height).ToArray(), PixelType.Byte, grid with { X = 500_000 + 10 * x, Y = 4_000_000 - 10 * y, Width = width, Height = height });
            var whole = Raster.Open(folder["a.tif"]).Read().As<short>().ToArray();
            var found = (Raster.Open(folder["a.tif"]) * part).Read(new Limits { ChunkPixels = 1 + seed % 400 }).As<int>().ToArray();
            Assert.Equal(from row in Enumerable.Range(y, height) from column in Enumerable.Range(x, width) select (int)whole[row * 50 + column], found);
            if (hole == 0) Assert.Equal(values, whole);
        }, iter: 100);

    [Fact]
    public void Lzw_packs_what_it_unpacks()
    {
        var table = new LzwTable();
        Gen.Select(Gen.Int[0, 70_000], Gen.Int[1, 256], Gen.Int).Sample((length, colours, seed) =>
        {
            var random = new Random(seed);
            var bytes = Enumerable.Range(0, length).Select(_ => (byte)random.Next(colours)).ToArray();
            var (packed, back) = (new byte[length * 2 + 64], new byte[length]);
            var size = Lzw.Pack(bytes, packed, table);
            Assert.Equal(length, Lzw.Unpack(packed.AsSpan(0, size), back));
            Assert.Equal(bytes, back);
        }, iter: 60, threads: 1);
    }

    [Fact]
    public void Place_projection_names_and_nodata_come_back()
    {
        using var folder = new TemporaryFolder();
        var grid = new Grid(-180, 90, 1.0 / 3, -1.0 / 7, 20, 10, Projection.OfEpsg(4326));
        Raster.FromArray<float>(new float[200], PixelType.Float32, grid).Write(folder["a.tif"], new WriteOptions { NoData = -9999, BandNames = ["a < b"], BigTiff = true, Compression = Compression.Zstd, Level = 9 });
        using var tiff = GeoTiff.Open(folder["a.tif"]);
        Assert.Equal(grid, tiff.Grid);
        Assert.Equal(-9999, tiff.NoData);
        Assert.True(tiff.IsBigTiff);
        Assert.Contains("a &lt; b", tiff.Metadata, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_whose_first_row_is_the_southernmost_comes_back_as_such()
    {
        using var folder = new TemporaryFolder();
        var grid = new Grid(5, 5, 1, 1, 3, 2, Projection.OfEpsg(32630));
        Raster.FromArray<byte>([1, 2, 3, 4, 5, 6], PixelType.Byte, grid).Write(folder["a.tif"]);
        Assert.Equal(grid, Raster.Open(folder["a.tif"]).Grid);
    }
}
