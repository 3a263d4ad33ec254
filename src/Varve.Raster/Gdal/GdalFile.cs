using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Varve.Raster.Files;
using Varve.Raster.Grids;

namespace Varve.Raster.Gdal;

/// <summary>A band of a raster that GDAL reads, in blocks of its own. Each thread reads through a handle that no other has.</summary>
internal sealed unsafe class GdalFile : RasterFile
{
    public const uint RasterFlag = 0x02;
    private const long FewPixels = 1 << 16;
    /// <summary>How many handles stay open, in the whole process, though nobody reads through them.</summary>
    private const int MostOpen = 64;
    private readonly ConcurrentBag<Dataset> handles = [];
    private readonly List<(string Path, long Bytes, DateTime Changed)> parts = [];
    private readonly Blocks image;
    private bool isClosed;

    private GdalFile(string path, nint first, int band, bool isMask)
    {
        Name = path;
        var (width, height, bands) = (Gdal.GDALGetRasterXSize(first), Gdal.GDALGetRasterYSize(first), Gdal.GDALGetRasterCount(first));
        if (width < 1 || height < 1) throw new RasterException($"{path}: it has no pixels ({width} x {height})");
        if (bands < 1) throw new RasterException($"{path}: it has no band; it may hold several rasters: gdalinfo lists their names (SUBDATASET_1_NAME), which can be opened in its place");
        Format = Gdal.Text(Gdal.GDALGetDriverShortName(Gdal.GDALGetDatasetDriver(first)));
        // A band that is not there is said where the others are counted.
        image = new Blocks(this, first, width, height, bands, Math.Clamp(band, 0, bands - 1), isMask);
        var projection = SpatialReferences.From(Gdal.GDALGetSpatialRef(first));
        var six = stackalloc double[6];
        var isPlaced = Gdal.GDALGetGeoTransform(first, six) == 0;
        if (isPlaced && (six[2] != 0 || six[4] != 0 || six[1] < 0)) Turned = [six[0], six[1], six[2], six[3], six[4], six[5]];
        Grid = isPlaced && Turned is null ? new Grid(six[0], six[3], six[1], six[5], width, height, projection) : Grid.Plain(width, height) with { Projection = projection };
        if (!isPlaced && Gdal.GDALGetGCPCount(first) > 0) WhyNoGrid = WhyByPoints(path);
        Remember(first);
        Keep(new Dataset(first));
    }

    /// <summary>Keeps a handle for the next who reads; a layer may have thousands of files.</summary>
    private void Keep(Dataset dataset)
    {
        if (Dataset.Count > MostOpen) dataset.Dispose();
        else handles.Add(dataset);
    }

    public override string Name { get; }
    public override BlockImage Image => image;
    public override Grid Grid { get; }
    public override double? NoData => image.NoData;
    public override long[]? ColorMap => image.ColorMap;
    public override double[]? Turned { get; }
    public override string WhyNoGrid => field ?? base.WhyNoGrid;
    /// <summary>GDAL's short name of the format.</summary>
    public string Format { get; }

    /// <param name="path">A file, or another name that GDAL opens.</param>
    /// <param name="band">Which band, from 0.</param>
    /// <exception cref="RasterException">GDAL is missing, or cannot open it.</exception>
    /// <param name="isMask">Whether the band's mask is read in its place.</param>
    public static GdalFile Open(string path, int band, bool isMask = false)
    {
        Gdal.Need($"{path}: it is no TIFF that can be read without GDAL");
        var handle = Handle(path);
        try
        {
            return new GdalFile(path, handle, band, isMask);
        }
        catch
        {
            Gdal.GDALClose(handle);
            throw;
        }
    }

    private static nint Handle(string path)
    {
        Gdal.CPLErrorReset();
        var handle = Gdal.GDALOpenEx(path, RasterFlag | 0x40, 0, 0, 0);
        return handle != 0 ? handle : throw new RasterException($"{path}: it is no raster that can be read: {Gdal.LastError()}");
    }

    private void Remember(nint dataset)
    {
        var list = Gdal.GDALGetFileList(dataset);
        if (list == 0) return;
        for (var i = 0; Marshal.ReadIntPtr(list, i * nint.Size) is not 0 and var text; i++)
            if (new FileInfo(Gdal.Text(text)) is { Exists: true } file) parts.Add((file.FullName, file.Length, file.LastWriteTimeUtc));
        Gdal.CSLDestroy(list);
    }

    public override FileMask? MaskOf(int band)
    {
        const int AllValid = 1, Alpha = 4, ByValue = 8;
        return band >= Image.Bands || image.MaskFlags is AllValid or ByValue ? null : new FileMask(Open(Name, band, isMask: true), 0, (image.MaskFlags & Alpha) != 0);
    }

    public override void MustBeUnchanged()
    {
        foreach (var (path, bytes, changed) in parts)
            if (new FileInfo(path) is not { Exists: true } now || now.Length != bytes || now.LastWriteTimeUtc != changed)
                throw new RasterException($"{path}: it was changed while it was read, so nothing was made of it; run again when it is whole");
    }

    public override void Dispose()
    {
        isClosed = true;
        while (handles.TryTake(out var handle)) handle.Dispose();
    }

    /// <summary>An open handle, closed also when nobody knows of it any more.</summary>
    private sealed class Dataset : SafeHandle
    {
        private static int count;

        public Dataset(nint value) : base(0, ownsHandle: true)
        {
            SetHandle(value);
            Interlocked.Increment(ref count);
        }

        /// <summary>How many are open.</summary>
        public static int Count => Volatile.Read(ref count);

        public nint Value => handle;
        public override bool IsInvalid => handle == 0;

        protected override bool ReleaseHandle()
        {
            Gdal.GDALClose(handle);
            Interlocked.Decrement(ref count);
            return true;
        }
    }

    /// <summary>The blocks of one band.</summary>
    private sealed class Blocks : BlockImage
    {
        private readonly GdalFile file;
        private readonly int number, type;
        private readonly bool isMask;

        public Blocks(GdalFile file, nint dataset, int width, int height, int bands, int band, bool isMask)
        {
            (this.file, Width, Height, Bands, number, this.isMask) = (file, width, height, isMask ? 1 : bands, band + 1, isMask);
            var handle = Band(dataset);
            MaskFlags = isMask ? 1 : Gdal.GDALGetMaskFlags(handle);
            type = Gdal.GDALGetRasterDataType(handle);
            Gdal.GDALGetBlockSize(handle, out var blockWidth, out var blockHeight);
            // Small blocks are read several at a time.
            (BlockWidth, BlockHeight) = (Math.Clamp(blockWidth, 1, width), Math.Clamp(blockHeight, 1, height));
            while (BlockWidth * BlockHeight < FewPixels && (BlockWidth < width || BlockHeight < height))
            {
                if (BlockWidth < width && BlockWidth <= BlockHeight * 2) BlockWidth = Math.Min(width, BlockWidth * 2);
                else if (BlockHeight < height) BlockHeight = Math.Min(height, BlockHeight * 2);
                else BlockWidth = Math.Min(width, BlockWidth * 2);
            }
            NoData = isMask ? null : NoDataOf(handle);
            ColorMap = Colors(Gdal.GDALGetRasterColorTable(handle), Type);
        }

        private nint Band(nint dataset) => Gdal.GDALGetRasterBand(dataset, number) is var band && isMask ? Gdal.GDALGetMaskBand(band) : band;

        /// <summary>GMF_ALL_VALID, GMF_PER_DATASET, GMF_ALPHA and GMF_NODATA of gdal.h, added.</summary>
        public int MaskFlags { get; }
        public override long Width { get; }
        public override long Height { get; }
        public override int Bands { get; }
        public override bool IsPlanar => true;
        public override bool IsTiled => BlockWidth < Width;
        public override long BlockWidth { get; }
        public override long BlockHeight { get; }
        public override int PixelBytes => Type.Size();
        public override long CacheBytes => Gdal.CacheBytes;
        public double? NoData { get; }
        public long[]? ColorMap { get; }

        public override PixelType Type => type switch
        {
            1 => PixelType.Byte,
            2 => PixelType.UInt16,
            3 => PixelType.Int16,
            4 => PixelType.UInt32,
            5 => PixelType.Int32,
            6 => PixelType.Float32,
            12 => PixelType.UInt64,
            13 => PixelType.Int64,
            14 => PixelType.Int8,
            15 => PixelType.Float32,
            _ => PixelType.Float64,
        };

        /// <summary>The type that GDAL is asked for: it makes Float32 of its halves.</summary>
        private int Asked => type == 15 ? 6 : type;

        public override string WhyNot() =>
            type is >= 8 and <= 11 or > 15 or 0 ? $"its pixels ({Gdal.Text(Gdal.GDALGetDataTypeName(type))}) cannot be read here; gdal_translate writes them as others: -ot Float64"
            : BlockBytes > 1L << 30 ? $"one of its blocks takes {BlockBytes >> 20} MB; gdal_translate -co TILED=YES writes smaller ones" : "";

        public override bool Has(long column, long row, int band) => true;

        public override bool Read(BlockReader reader, long column, long row, int band, Span<byte> target)
        {
            ObjectDisposedException.ThrowIf(file.isClosed, file);
            if (!file.handles.TryTake(out var dataset)) dataset = new Dataset(Handle(file.Name));
            try
            {
                var (x, y) = (column * BlockWidth, row * BlockHeight);
                var (width, height) = ((int)Math.Min(BlockWidth, Width - x), (int)Math.Min(BlockHeight, Height - y));
                if (width < BlockWidth || height < BlockHeight) target.Clear();
                Gdal.CPLErrorReset();
                fixed (byte* into = target)
                    if (Gdal.GDALRasterIO(Band(dataset.Value), 0, (int)x, (int)y, width, height, into, width, height, Asked, PixelBytes, (int)(BlockWidth * PixelBytes)) != 0)
                        throw new RasterException($"{file.Name}: a block ({column}, {row}) cannot be read: {Gdal.LastError()}");
            }
            finally
            {
                file.Keep(dataset);
            }
            return true;
        }

        private double? NoDataOf(nint band)
        {
            int isSet;
            var value = Type switch
            {
                PixelType.Int64 => Gdal.GDALGetRasterNoDataValueAsInt64(band, out isSet),
                PixelType.UInt64 => Gdal.GDALGetRasterNoDataValueAsUInt64(band, out isSet),
                _ => Gdal.GDALGetRasterNoDataValue(band, out isSet),
            };
            return isSet != 0 ? value : null;
        }

        private static long[]? Colors(nint table, PixelType type)
        {
            if (table == 0 || type is not (PixelType.Byte or PixelType.UInt16)) return null;
            var size = 1 << (type.Size() * 8);
            var colors = new long[3 * size];
            var entry = stackalloc short[4];
            for (var i = 0; i < Math.Min(size, Gdal.GDALGetColorEntryCount(table)); i++)
                if (Gdal.GDALGetColorEntryAsRGB(table, i, entry) != 0)
                    for (var c = 0; c < 3; c++) colors[c * size + i] = entry[c] * 257;
            return colors;
        }
    }
}
