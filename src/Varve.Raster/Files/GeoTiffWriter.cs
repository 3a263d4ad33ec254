using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Varve.Raster.Grids;

namespace Varve.Raster.Files;

/// <summary>
/// Writes a tiled GeoTIFF, its bands one after the other, tile by tile in the file's order, beside its final place; it
/// appears there, whole, by <see cref="Finish"/>. Without that nothing remains of it.
/// </summary>
internal sealed class GeoTiffWriter : IDisposable
{
    private readonly string path, temporary;
    private readonly SafeFileHandle file;
    private readonly TiffLayout layout;
    private readonly long[] offsets, counts;
    private readonly byte[] buffer = new byte[1 << 20];
    private int buffered;
    private long at, written;
    private bool isFinished;

    /// <exception cref="RasterException">The folder is not there, or may not be written.</exception>
    public GeoTiffWriter(string path, TiffLayout layout)
    {
        this.path = Path.GetFullPath(path);
        this.layout = layout;
        if (Directory.Exists(this.path)) throw new RasterException($"{path}: it is a folder; name the file to write");
        temporary = Path.Combine(Path.GetDirectoryName(this.path)!, $".{Path.GetFileName(this.path)}.{Guid.NewGuid().ToString("N")[..8]}.part");
        (offsets, counts) = (new long[layout.Across * layout.Down * layout.Bands], new long[layout.Across * layout.Down * layout.Bands]);
        try
        {
            file = File.OpenHandle(temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RasterException($"{path}: it cannot be written: {e.Message}", e);
        }
        // The header is written last, when the place of the directory is known.
        Write(new byte[layout.IsBig ? 16 : 8]);
    }

    /// <summary>The next tile that has anything in it. Not for several threads at once.</summary>
    /// <exception cref="RasterException">The disk is full, or the file would grow over 4 GB.</exception>
    public void Put(int band, long tile, ReadOnlySpan<byte> packed)
    {
        var index = band * layout.Across * layout.Down + tile;
        if (!layout.IsBig && at + packed.Length > uint.MaxValue - (1 << 20)) throw new RasterException($"{path}: it would grow over 4 GB; write a BigTIFF");
        (offsets[index], counts[index]) = (at, packed.Length);
        Write(packed);
        // Places are even numbers, as the format asks.
        if ((at & 1) != 0) Write([0]);
    }

    /// <summary>Writes what says where the tiles are, and puts the file in its place.</summary>
    public void Finish()
    {
        try
        {
            var directory = new TiffDirectory(layout.IsBig);
            Describe(directory);
            var start = at;
            Write(directory.Build(start));
            Flush();
            Span<byte> head = stackalloc byte[layout.IsBig ? 16 : 8];
            "II"u8.CopyTo(head);
            if (layout.IsBig)
            {
                (head[2], head[4]) = (43, 8);
                BinaryPrimitives.WriteInt64LittleEndian(head[8..], start);
            }
            else
            {
                head[2] = 42;
                BinaryPrimitives.WriteUInt32LittleEndian(head[4..], (uint)start);
            }
            RandomAccess.Write(file, head, 0);
            RandomAccess.FlushToDisk(file);
            File.Move(temporary, path, overwrite: true);
            isFinished = true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed(e);
        }
    }

    private void Describe(TiffDirectory directory)
    {
        var isPalette = layout.ColorMap is not null && layout.Bands == 1 && layout.Type is PixelType.Byte or PixelType.UInt16 && layout.ColorMap?.Length == 3 << (layout.Type.Size() * 8);
        var isRgb = layout.IsRgb && layout.Bands >= 3;
        var format = layout.Type.IsFloat() ? 3 : layout.Type.IsSigned() ? 2 : 1;
        directory.Longs(TiffTags.Width, layout.Grid.Width);
        directory.Longs(TiffTags.Height, layout.Grid.Height);
        directory.Shorts(TiffTags.Bits, Enumerable.Repeat((ushort)(layout.Type.Size() * 8), layout.Bands));
        directory.Shorts(TiffTags.Compression, [layout.Compression switch { Compression.Lzw => 5, Compression.Deflate => 8, Compression.Zstd => 50000, _ => 1 }]);
        directory.Shorts(TiffTags.Photometric, [(ushort)(isPalette ? 3 : isRgb ? 2 : 1)]);
        directory.Shorts(TiffTags.Samples, [(ushort)layout.Bands]);
        directory.Shorts(TiffTags.Planar, [(ushort)(layout.Bands > 1 ? 2 : 1)]);
        if (layout.Predictor > 1) directory.Shorts(TiffTags.Predictor, [(ushort)layout.Predictor]);
        if (isPalette) directory.Shorts(TiffTags.ColorMap, layout.ColorMap!.Select(static c => (ushort)c));
        directory.Longs(TiffTags.TileWidth, layout.TileWidth);
        directory.Longs(TiffTags.TileHeight, layout.TileHeight);
        directory.Places(TiffTags.TileOffsets, offsets);
        directory.Places(TiffTags.TileBytes, counts);
        if (layout.Bands > (isRgb ? 3 : 1)) directory.Shorts(TiffTags.ExtraSamples, Enumerable.Repeat((ushort)0, layout.Bands - (isRgb ? 3 : 1)));
        directory.Shorts(TiffTags.SampleFormat, Enumerable.Repeat((ushort)format, layout.Bands));
        var grid = layout.Grid;
        if (grid.IsPlaced)
        {
            if (grid.StepY < 0)
            {
                directory.Reals(TiffTags.PixelScale, [grid.StepX, -grid.StepY, 0]);
                directory.Reals(TiffTags.TiePoints, [0, 0, 0, grid.X, grid.Y, 0]);
            }
            else
            {
                directory.Reals(TiffTags.Transformation, [grid.StepX, 0, 0, grid.X, 0, grid.StepY, 0, grid.Y, 0, 0, 0, 0, 0, 0, 0, 1]);
            }
        }
        var (list, reals, texts) = GeoKeyTags.Write(grid.Projection);
        if (list.Length > 0) directory.Shorts(TiffTags.GeoKeys, list);
        if (reals.Length > 0) directory.Reals(TiffTags.GeoReals, reals);
        if (texts.Length > 0) directory.Text(TiffTags.GeoTexts, texts);
        if (layout.Metadata.Length > 0) directory.Text(TiffTags.GdalMetadata, Encoding.UTF8.GetBytes(layout.Metadata + "\0"));
        if (layout.NoData is { } none) directory.Text(TiffTags.GdalNoData, Encoding.ASCII.GetBytes(PixelTypes.Text(none) + "\0"));
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        at += bytes.Length;
        if (buffered + bytes.Length > buffer.Length) Flush();
        if (bytes.Length > buffer.Length)
        {
            WriteOut(bytes, at - bytes.Length);
            return;
        }
        bytes.CopyTo(buffer.AsSpan(buffered));
        buffered += bytes.Length;
    }

    private void Flush()
    {
        if (buffered == 0) return;
        WriteOut(buffer.AsSpan(0, buffered), written);
        buffered = 0;
    }

    private void WriteOut(ReadOnlySpan<byte> bytes, long place)
    {
        try
        {
            RandomAccess.Write(file, bytes, place);
            written = place + bytes.Length;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed(e);
        }
    }

    private RasterException Failed(Exception e) => new($"{path}: it could not be written, and nothing of it was kept: {e.Message}", e);

    public void Dispose()
    {
        file.Dispose();
        if (!isFinished) File.Delete(temporary);
    }
}

/// <summary>A directory of a little-endian TIFF in the making.</summary>
internal sealed class TiffDirectory(bool isBig)
{
    private readonly SortedDictionary<int, (ushort Type, long Count, byte[] Bytes)> entries = [];

    public void Shorts(int tag, IEnumerable<ushort> values)
    {
        var all = values.ToArray();
        entries[tag] = (3, all.Length, MemoryMarshal.AsBytes(all.AsSpan()).ToArray());
    }

    public void Longs(int tag, long value) => entries[tag] = (4, 1, BitConverter.GetBytes(checked((uint)value)));

    public void Places(int tag, long[] values) => entries[tag] = isBig
        ? ((ushort)16, values.Length, MemoryMarshal.AsBytes(values.AsSpan()).ToArray())
        : ((ushort)4, values.Length, MemoryMarshal.AsBytes(Array.ConvertAll(values, static v => checked((uint)v)).AsSpan()).ToArray());

    public void Reals(int tag, double[] values) => entries[tag] = (12, values.Length, MemoryMarshal.AsBytes(values.AsSpan()).ToArray());

    public void Text(int tag, byte[] text) => entries[tag] = (2, text.Length, text);

    /// <summary>The bytes of the directory and all its values, when it begins at a place.</summary>
    public byte[] Build(long start)
    {
        var inPlace = isBig ? 8 : 4;
        var headBytes = (isBig ? 8 : 2) + entries.Count * (isBig ? 20 : 12) + inPlace;
        var values = new MemoryStream();
        var head = new byte[headBytes];
        int cursor;
        if (isBig) BinaryPrimitives.WriteInt64LittleEndian(head, entries.Count);
        else BinaryPrimitives.WriteUInt16LittleEndian(head, (ushort)entries.Count);
        cursor = isBig ? 8 : 2;
        foreach (var (tag, (type, count, bytes)) in entries)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(cursor), (ushort)tag);
            BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(cursor + 2), type);
            if (isBig) BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(cursor + 4), count);
            else BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(cursor + 4), (uint)count);
            var field = head.AsSpan(cursor + (isBig ? 12 : 8), inPlace);
            if (bytes.Length <= inPlace)
            {
                bytes.CopyTo(field);
            }
            else
            {
                while (((start + headBytes + values.Length) & 7) != 0) values.WriteByte(0);
                var place = start + headBytes + values.Length;
                if (isBig) BinaryPrimitives.WriteInt64LittleEndian(field, place);
                else BinaryPrimitives.WriteUInt32LittleEndian(field, checked((uint)place));
                values.Write(bytes);
            }
            cursor += isBig ? 20 : 12;
        }
        return [.. head, .. values.ToArray()];
    }
}
