using Varve.Raster.Grids;

namespace Varve.Raster.Files;

/// <summary>One image of a TIFF: its layout, and its blocks (strips or tiles), which a <see cref="BlockReader"/> decodes.</summary>
internal sealed class TiffImage : BlockImage
{
    private const long LargestBlock = 1L << 30, LargestSide = 1L << 30;
    private const int PlainBlock = 1 << 18;
    private readonly TiffEntry offsetList, countList;
    private readonly long rowsPerStrip, stripRows;
    private long[]? offsets, counts;
    private bool isMixed;

    /// <exception cref="RasterException">The directory tells of no image.</exception>
    /// <param name="file">Of which file.</param>
    /// <param name="tags">Its directory.</param>
    /// <param name="isPacked">Whether eight pixels of one bit are taken as one of a byte.</param>
    public TiffImage(TiffFile file, Dictionary<int, TiffEntry> tags, bool isPacked = false)
    {
        File = file;
        var inByte = isPacked ? 8 : 1;
        long One(int tag, long otherwise) => tags.TryGetValue(tag, out var entry) && entry.Count > 0 ? file.Values(entry with { Count = 1 })[0] : otherwise;
        Width = (One(TiffTags.Width, 0) + inByte - 1) / inByte;
        Height = One(TiffTags.Height, 0);
        if (Width is < 1 or > LargestSide || Height is < 1 or > LargestSide) throw file.Damaged($"its width or height cannot be ({Width} x {Height})");
        Compression = (int)One(TiffTags.Compression, 1);
        Bands = (int)Math.Min(One(TiffTags.Samples, 1), int.MaxValue);
        if (Bands is < 1 or > 65535) throw file.Damaged("it has a number of bands that cannot be");
        Bits = SameForAll(tags, TiffTags.Bits, 1) * inByte;
        Format = SameForAll(tags, TiffTags.SampleFormat, 1) is var format && format == 4 ? 1 : format;
        IsPlanar = One(TiffTags.Planar, 1) == 2 && Bands > 1;
        Predictor = (int)One(TiffTags.Predictor, 1);
        Photometric = (int)One(TiffTags.Photometric, 1);
        IsReduced = (One(TiffTags.SubfileType, 0) & 1) != 0;
        IsMask = (One(TiffTags.SubfileType, 0) & 4) != 0;
        IsTiled = tags.ContainsKey(TiffTags.TileWidth);
        stripRows = Math.Min(One(TiffTags.RowsPerStrip, Height), Height);
        if (stripRows < 1) throw file.Damaged("its strips have no rows");
        rowsPerStrip = stripRows;
        BlockWidth = IsTiled ? (One(TiffTags.TileWidth, 0) + inByte - 1) / inByte : Width;
        BlockHeight = IsTiled ? One(TiffTags.TileHeight, 0) : stripRows;
        if (BlockWidth is < 1 or > LargestSide || BlockHeight is < 1 or > LargestSide) throw file.Damaged("its blocks have a size that cannot be");
        // Rows of a strip that is not packed lie one after the other: a part of them can be had alone.
        if (!IsTiled && Compression == (int)TiffCompression.None) BlockHeight = Part(stripRows, Math.Max(1, PlainBlock / Math.Max(1, Width * PixelBytes)));
        if (!tags.TryGetValue(IsTiled ? TiffTags.TileOffsets : TiffTags.StripOffsets, out offsetList) || !tags.TryGetValue(IsTiled ? TiffTags.TileBytes : TiffTags.StripBytes, out countList))
            throw file.Damaged("it does not say where its pixels are");
        var stored = Across * (IsTiled ? Down : (Height + stripRows - 1) / stripRows) * (IsPlanar ? Bands : 1);
        if (offsetList.Count < stored || countList.Count < stored) throw file.Damaged($"it should have {stored} blocks and lists {Math.Min(offsetList.Count, countList.Count)}");
    }

    public TiffFile File { get; }
    public override long Width { get; }
    public override long Height { get; }
    public int Bits { get; }
    public override int Bands { get; }
    /// <summary>1 unsigned, 2 signed, 3 floating point.</summary>
    public int Format { get; }
    public int Compression { get; }
    public int Predictor { get; }
    public int Photometric { get; }
    public override bool IsPlanar { get; }
    public override bool IsTiled { get; }
    public bool IsReduced { get; }
    public bool IsMask { get; }
    public override long BlockWidth { get; }
    public override long BlockHeight { get; }
    public override int PixelBytes => Math.Max(1, Bits / 8) * Step;
    /// <summary>How the block is stored by the file's own numbers; another than <see cref="BlockHeight"/> where parts of strips are read.</summary>
    public long StoredRows => rowsPerStrip;

    public override PixelType Type => (Format, Bits) switch
    {
        (1, 8) => PixelType.Byte,
        (2, 8) => PixelType.Int8,
        (1, 16) => PixelType.UInt16,
        (2, 16) => PixelType.Int16,
        (1, 32) => PixelType.UInt32,
        (2, 32) => PixelType.Int32,
        (1, 64) => PixelType.UInt64,
        (2, 64) => PixelType.Int64,
        (3, 32) => PixelType.Float32,
        _ => PixelType.Float64,
    };

    public override bool Has(long column, long row, int band) => Place(column, row, band) is not (0, _) and not (_, 0);

    public override bool Read(BlockReader reader, long column, long row, int band, Span<byte> target) => reader.Read(this, column, row, band, target);

    public override unsafe bool ReadPart(long column, long row, int band, Window part, byte* target, long step)
    {
        // Rows of a tile are short: all of it is read sooner than many of them.
        if (Compression != (int)TiffCompression.None || Predictor != 1 || Step != 1 || IsTiled || (Bits > 8 && !File.IsLittleEndian)) return false;
        var (offset, bytes) = Place(column, row, band);
        if (offset == 0 || bytes < part.Bottom * Width * PixelBytes) return false;
        for (var y = part.Y; y < part.Bottom; y++, target += step) File.ReadExactly(new Span<byte>(target, (int)(part.Width * PixelBytes)), offset + (y * Width + part.X) * PixelBytes);
        return true;
    }

    public override string WhyNot()
    {
        const string Rewrite = "gdal_translate writes it in a form that can";
        if (isMixed) return "its bands are of different types; gdal_translate -b N takes one of them";
        if (Compression is not (1 or 5 or 8 or 32946 or 32773 or 50000)) return $"its compression ({CompressionName}) cannot be read here; {Rewrite}: -co COMPRESS=DEFLATE";
        if (!((Format is 1 or 2 && Bits is 8 or 16 or 32 or 64) || (Format == 3 && Bits is 32 or 64))) return $"its pixels ({FormatName} of {Bits} bits) cannot be read here; {Rewrite}: -ot Byte -co NBITS=8, or another -ot";
        if (Predictor is not (1 or 2 or 3) || (Predictor == 3 && Format != 3)) return $"its predictor ({Predictor}) cannot be";
        if (BlockBytes > LargestBlock) return $"one of its blocks takes {BlockBytes >> 20} MB; {Rewrite}: -co TILED=YES";
        return "";
    }

    public string CompressionName => Compression switch
    {
        1 => "none",
        5 => "LZW",
        8 or 32946 => "Deflate",
        32773 => "PackBits",
        50000 => "Zstd",
        6 or 7 => "JPEG",
        34887 => "LERC",
        34925 => "LZMA",
        50001 => "WebP",
        50002 => "JPEG XL",
        2 or 3 or 4 => "CCITT fax",
        34712 => "JPEG 2000",
        var other => $"{other}",
    };

    private string FormatName => Format switch { 1 => "unsigned integers", 2 => "signed integers", 3 => "floating point", 5 or 6 => "complex numbers", _ => "values" };

    /// <summary>Where a block's bytes lie in the file, and how many; none for a block that was never written.</summary>
    public (long Offset, long Bytes) Place(long column, long row, int band)
    {
        if (offsets is null || counts is null)
        {
            // Two threads may both read them: they read the same.
            counts = File.Values(countList);
            offsets = File.Values(offsetList);
        }
        var plane = IsPlanar ? band : 0;
        if (IsTiled || BlockHeight == stripRows)
        {
            var index = plane * Across * Down + row * Across + column;
            return (offsets[index], counts[index]);
        }
        var strip = row * BlockHeight / stripRows;
        var first = row * BlockHeight - strip * stripRows;
        var at = strip + plane * ((Height + stripRows - 1) / stripRows);
        var rowBytes = Width * PixelBytes;
        var rows = Math.Min(BlockHeight, Height - row * BlockHeight);
        return offsets[at] == 0 || counts[at] == 0 ? (0, 0) : (offsets[at] + first * rowBytes, Math.Min(rows * rowBytes, Math.Max(0, counts[at] - first * rowBytes)));
    }

    /// <summary>The largest number up to a limit that divides a number of rows.</summary>
    private static long Part(long rows, long most)
    {
        for (var part = Math.Min(rows, most); part > 1; part--)
            if (rows % part == 0) return part;
        return 1;
    }

    private int SameForAll(Dictionary<int, TiffEntry> tags, int tag, int otherwise)
    {
        if (!tags.TryGetValue(tag, out var entry) || entry.Count == 0) return otherwise;
        var values = File.Values(entry, 65535);
        isMixed |= values.Any(v => v != values[0]);
        return (int)Math.Min(values[0], int.MaxValue);
    }
}
