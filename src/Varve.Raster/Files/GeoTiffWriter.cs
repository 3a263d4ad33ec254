using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

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
    /// <summary>Bytes that are collected before they are written.</summary>
    public const int UsualBuffer = 1 << 20;
    private readonly byte[] buffer;
    private int buffered;
    private long at, written;
    private bool isFinished;

    /// <exception cref="RasterException">The folder is not there, or may not be written.</exception>
    public GeoTiffWriter(string path, TiffLayout layout, int bufferBytes = UsualBuffer)
    {
        buffer = new byte[bufferBytes];
        this.path = Path.GetFullPath(path);
        this.layout = layout;
        if (Directory.Exists(this.path)) throw new RasterException($"{path}: it is a folder; name the file to write");
        temporary = PartialFile.For(path);
        (offsets, counts) = (new long[layout.Across * layout.Down * layout.Bands], new long[layout.Across * layout.Down * layout.Bands]);
        try
        {
            file = File.OpenHandle(temporary, FileMode.Create, FileAccess.ReadWrite, FileShare.Read);
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
            TiffDescription.Of(layout, directory, offsets, counts);
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
