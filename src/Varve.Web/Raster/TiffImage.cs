using System.Buffers.Binary;
using System.IO.Compression;

namespace Varve.Web.Raster;

/// <summary>One image of a TIFF: its layout, and its blocks (strips or tiles) decoded one at a time.</summary>
internal sealed class TiffImage
{
    private const long LargestBlock = 96L << 20, LargestPacked = 192L << 20, LargestSide = 4_000_000;
    private const int None = 1, Lzw = 5, Deflate = 8, OldDeflate = 32946, PackBits = 32773, Zstd = 50000;
    private readonly TiffFile file;
    private readonly TiffEntry offsets, counts;
    private readonly int rowsPerStrip;

    /// <exception cref="InvalidDataException">The directory tells of no image.</exception>
    public TiffImage(TiffFile file, Dictionary<int, TiffEntry> tags)
    {
        this.file = file;
        long One(int tag, long otherwise) => tags.TryGetValue(tag, out var entry) && entry.Count > 0 ? file.Value(entry, 0) : otherwise;
        Width = One(256, 0);
        Height = One(257, 0);
        if (Width is < 1 or > LargestSide || Height is < 1 or > LargestSide) throw new InvalidDataException("its width or height cannot be");
        Bits = (int)One(258, 1);
        Compression = (int)One(259, None);
        Samples = (int)One(277, 1);
        if (Samples is < 1 or > 4096) throw new InvalidDataException("it has a number of bands that cannot be");
        IsPlanar = One(284, 1) == 2;
        Predictor = (int)One(317, 1);
        Format = (int)One(339, 1);
        IsReduced = (One(254, 0) & 1) != 0;
        IsMask = (One(254, 0) & 4) != 0;
        IsTiled = tags.ContainsKey(322);
        rowsPerStrip = (int)Math.Min(One(278, Height), Height);
        BlockWidth = IsTiled ? One(322, 0) : Width;
        // Rows of an uncompressed strip lie one after the other: each can be had alone.
        BlockHeight = IsTiled ? One(323, 0) : Compression == None ? 1 : rowsPerStrip;
        if (BlockWidth is < 1 or > LargestSide || BlockHeight is < 1 or > LargestSide || rowsPerStrip < 1) throw new InvalidDataException("its blocks have a size that cannot be");
        if (!tags.TryGetValue(IsTiled ? 324 : 273, out offsets) || !tags.TryGetValue(IsTiled ? 325 : 279, out counts)) throw new InvalidDataException("it does not say where its cells are");
    }

    public long Width { get; }
    public long Height { get; }
    public int Bits { get; }
    public int Samples { get; }
    /// <summary>1 unsigned, 2 signed, 3 floating point.</summary>
    public int Format { get; }
    public int Compression { get; }
    public int Predictor { get; }
    public bool IsPlanar { get; }
    public bool IsTiled { get; }
    public bool IsReduced { get; }
    public bool IsMask { get; }
    public long BlockWidth { get; }
    public long BlockHeight { get; }
    public long BlockBytes => BlockWidth * BlockHeight * CellBytes;
    /// <summary>From one cell of a band to the next.</summary>
    public int CellBytes => Bits / 8 * (IsPlanar ? 1 : Samples);
    private long Across => (Width + BlockWidth - 1) / BlockWidth;
    private long Down => (Height + BlockHeight - 1) / BlockHeight;

    /// <summary>Why its cells cannot be read, in words that end a sentence; empty when they can.</summary>
    public string WhyNot()
    {
        if (Compression is not (None or Lzw or Deflate or OldDeflate or PackBits or Zstd)) return $"its compression ({Compression}{(Compression is 6 or 7 ? ", JPEG" : Compression == 34887 ? ", LERC" : "")}) is not known here";
        if (!(Bits is 8 or 16 or 32 or 64) || (Format == 3 && Bits < 32)) return $"cells of {Bits} bits are not known here";
        if (Format is not (1 or 2 or 3)) return "its cells are complex numbers or of no known kind";
        if (Predictor is not (1 or 2 or 3) || (Predictor == 3 && Format != 3)) return $"its predictor ({Predictor}) is not known here";
        return BlockBytes > LargestBlock ? $"one of its blocks takes {BlockBytes >> 20} MB; `gdal_translate -co TILED=YES` makes it readable" : "";
    }

    /// <summary>The decoded bytes of a block, in the machine's byte order; null for one that was never written.</summary>
    /// <exception cref="InvalidDataException">The block is damaged.</exception>
    public byte[]? Block(long column, long row, int band)
    {
        var plane = IsPlanar ? band : 0;
        long offset, packed;
        if (!IsTiled && Compression == None)
        {
            var strip = row / rowsPerStrip + plane * ((Height + rowsPerStrip - 1) / rowsPerStrip);
            offset = file.Value(offsets, strip);
            if (offset == 0) return null;
            (offset, packed) = (offset + row % rowsPerStrip * BlockBytes, BlockBytes);
        }
        else
        {
            var index = plane * Across * Down + row * Across + column;
            (offset, packed) = (file.Value(offsets, index), file.Value(counts, index));
        }
        if (offset == 0 || packed == 0) return null;
        if (packed > LargestPacked || packed > file.Bytes) throw new InvalidDataException("a block is larger than it can be");
        var bytes = new byte[BlockBytes];
        if (Compression == None)
        {
            file.ReadExactly(bytes.AsSpan(0, (int)Math.Min(packed, BlockBytes)), offset);
        }
        else
        {
            var source = new byte[packed];
            file.ReadExactly(source, offset);
            Decompress(source, bytes);
        }
        Undo(bytes);
        return bytes;
    }

    private void Decompress(byte[] source, byte[] target)
    {
        switch (Compression)
        {
            case Lzw:
                TiffCodes.Lzw(source, target);
                break;
            case PackBits:
                TiffCodes.PackBits(source, target);
                break;
            case Zstd:
                try
                {
                    using var decompressor = new ZstdSharp.Decompressor();
                    decompressor.Unwrap(source, target, 0);
                }
                catch (ZstdSharp.ZstdException e)
                {
                    throw new InvalidDataException($"a block is damaged: {e.Message}", e);
                }
                break;
            default:
                using (var inflate = new ZLibStream(new MemoryStream(source), CompressionMode.Decompress))
                    _ = inflate.ReadAtLeast(target, target.Length, throwOnEndOfStream: false);
                break;
        }
    }

    /// <summary>Undoes the predictor and puts the bytes of each number into the machine's order.</summary>
    private void Undo(byte[] bytes)
    {
        var size = Bits / 8;
        var step = IsPlanar ? 1 : Samples;
        var rowBytes = (int)(BlockWidth * CellBytes);
        if (Predictor == 3)
        {
            var numbers = rowBytes / size;
            var row = new byte[rowBytes];
            for (var at = 0; at + rowBytes <= bytes.Length; at += rowBytes)
            {
                var part = bytes.AsSpan(at, rowBytes);
                for (var i = step; i < rowBytes; i++) part[i] += part[i - step];
                part.CopyTo(row);
                // The bytes of equal weight lie together, the heaviest first, whatever the file's byte order.
                for (var n = 0; n < numbers; n++)
                    for (var b = 0; b < size; b++) part[n * size + b] = row[(size - 1 - b) * numbers + n];
            }
            return;
        }
        if (!file.IsLittleEndian && size > 1)
            for (var at = 0; at + size <= bytes.Length; at += size) bytes.AsSpan(at, size).Reverse();
        if (Predictor != 2) return;
        for (var at = 0; at + rowBytes <= bytes.Length; at += rowBytes)
        {
            var part = bytes.AsSpan(at, rowBytes);
            for (var i = step * size; i < rowBytes; i += size)
            {
                var now = part[i..];
                var before = part[(i - step * size)..];
                switch (size)
                {
                    case 1: now[0] += before[0]; break;
                    case 2: BinaryPrimitives.WriteUInt16LittleEndian(now, (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(now) + BinaryPrimitives.ReadUInt16LittleEndian(before))); break;
                    case 4: BinaryPrimitives.WriteUInt32LittleEndian(now, BinaryPrimitives.ReadUInt32LittleEndian(now) + BinaryPrimitives.ReadUInt32LittleEndian(before)); break;
                    default: BinaryPrimitives.WriteUInt64LittleEndian(now, BinaryPrimitives.ReadUInt64LittleEndian(now) + BinaryPrimitives.ReadUInt64LittleEndian(before)); break;
                }
            }
        }
    }

    /// <summary>A cell of a decoded block.</summary>
    public double Cell(byte[] block, long column, long row, int band)
    {
        var part = block.AsSpan((int)((row * BlockWidth + column) * CellBytes + (IsPlanar ? 0 : band * (Bits / 8))));
        return (Format, Bits) switch
        {
            (1, 8) => part[0],
            (2, 8) => (sbyte)part[0],
            (1, 16) => BinaryPrimitives.ReadUInt16LittleEndian(part),
            (2, 16) => BinaryPrimitives.ReadInt16LittleEndian(part),
            (1, 32) => BinaryPrimitives.ReadUInt32LittleEndian(part),
            (2, 32) => BinaryPrimitives.ReadInt32LittleEndian(part),
            (3, 32) => BinaryPrimitives.ReadSingleLittleEndian(part),
            (1, 64) => BinaryPrimitives.ReadUInt64LittleEndian(part),
            (2, 64) => BinaryPrimitives.ReadInt64LittleEndian(part),
            _ => BinaryPrimitives.ReadDoubleLittleEndian(part),
        };
    }
}
