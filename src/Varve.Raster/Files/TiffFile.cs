using System.Buffers.Binary;
using System.Text;

namespace Varve.Raster.Files;

/// <summary>
/// The directories of a TIFF (revision 6.0) or BigTIFF file. Nothing the file says is believed before it was held
/// against the file's size. Safe to read from several threads.
/// </summary>
internal sealed class TiffFile : IDisposable
{
    private const int MostDirectories = 64, MostEntries = 4096;
    private readonly OpenFile file;
    private readonly bool isBig;

    private TiffFile(string name, OpenFile file, bool isLittle, bool isBig) => (Name, this.file, IsLittleEndian, this.isBig) = (name, file, isLittle, isBig);

    /// <summary>As it was named by who opened it.</summary>
    public string Name { get; }
    public bool IsLittleEndian { get; }
    public bool IsBigTiff => isBig;
    public long Bytes => file.Bytes;
    /// <summary>The directories in the order in which they are chained, each by tag.</summary>
    public List<Dictionary<int, TiffEntry>> Directories { get; } = [];

    /// <exception cref="RasterException">It cannot be opened, is no TIFF, or is damaged.</exception>
    public static TiffFile Open(string path)
    {
        OpenFile? file = null;
        try
        {
            file = new OpenFile(path);
            return Read(path, file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            file?.Dispose();
            throw new RasterException(e is FileNotFoundException or DirectoryNotFoundException ? $"{path}: there is no such file" : $"{path}: it cannot be read: {e.Message}", e);
        }
        catch
        {
            file?.Dispose();
            throw;
        }
    }

    private static TiffFile Read(string name, OpenFile file)
    {
        Span<byte> head = stackalloc byte[16];
        var got = file.Read(head, 0);
        var isLittle = head[0] == 'I' && head[1] == 'I';
        var mark = isLittle ? head[2] | head[3] << 8 : head[3] | head[2] << 8;
        if (got < 8 || !(isLittle || (head[0] == 'M' && head[1] == 'M')) || mark is not (42 or 43))
            throw new RasterException($"{name}: it is no TIFF{(got == 0 ? " (it is empty)" : "")}; gdal_translate makes a GeoTIFF of most raster formats");
        var tiff = new TiffFile(name, file, isLittle, mark == 43);
        if (tiff.isBig && tiff.Number(4, 2) != 8) throw tiff.Damaged("its BigTIFF header is not one");
        var next = tiff.isBig ? tiff.Long(8, 8) : tiff.Long(4, 4);
        var seen = new HashSet<long>();
        while (next != 0 && tiff.Directories.Count < MostDirectories)
        {
            if (!seen.Add(next)) throw tiff.Damaged("its directories go round in a circle");
            next = tiff.ReadDirectory(next);
        }
        return tiff.Directories.Count > 0 ? tiff : throw tiff.Damaged("it has no directory");
    }

    private long ReadDirectory(long at)
    {
        var (countSize, entrySize, inPlace) = isBig ? (8, 20, 8) : (2, 12, 4);
        var count = Long(at, countSize);
        if (count is < 1 or > MostEntries) throw Damaged("a directory has a number of entries that cannot be");
        var entries = new Dictionary<int, TiffEntry>();
        for (var i = 0; i < count; i++)
        {
            var place = at + countSize + i * entrySize;
            var entry = new TiffEntry((ushort)Number(place + 2, 2), Long(place + 4, isBig ? 8 : 4), 0);
            if (entry.Size == 0) continue;
            if (entry.Count > Bytes) throw Damaged("an entry is larger than the file");
            var values = place + (isBig ? 12 : 8);
            entries[(int)Number(place, 2)] = entry with { Offset = entry.Size * entry.Count <= inPlace ? values : Long(values, inPlace) };
        }
        Directories.Add(entries);
        return Long(at + countSize + count * entrySize, isBig ? 8 : 4);
    }

    /// <summary>What a damaged file is reported by.</summary>
    public RasterException Damaged(string what, Exception? cause = null) => new($"{Name}: {what}; the file is damaged or was not copied whole", cause);

    /// <exception cref="RasterException">It was changed after it was opened.</exception>
    public void MustBeUnchanged()
    {
        try
        {
            if (file.IsUnchanged()) return;
        }
        catch (IOException)
        {
            // It was closed meanwhile, and is not there any more.
        }
        throw new RasterException($"{Name}: it was changed while it was read, so nothing was made of it; run again when it is whole");
    }

    private long Long(long at, int size) => (long)Math.Min(Number(at, size), long.MaxValue);

    /// <summary>An unsigned number of 1, 2, 4 or 8 bytes.</summary>
    public ulong Number(long at, int size)
    {
        Span<byte> buffer = stackalloc byte[8];
        var part = buffer[..size];
        ReadExactly(part, at);
        return Number(part);
    }

    private ulong Number(ReadOnlySpan<byte> part) => part.Length switch
    {
        1 => part[0],
        2 => IsLittleEndian ? BinaryPrimitives.ReadUInt16LittleEndian(part) : BinaryPrimitives.ReadUInt16BigEndian(part),
        4 => IsLittleEndian ? BinaryPrimitives.ReadUInt32LittleEndian(part) : BinaryPrimitives.ReadUInt32BigEndian(part),
        _ => IsLittleEndian ? BinaryPrimitives.ReadUInt64LittleEndian(part) : BinaryPrimitives.ReadUInt64BigEndian(part),
    };

    /// <exception cref="RasterException">The file ends before.</exception>
    public void ReadExactly(Span<byte> part, long at)
    {
        if (at < 0 || at > Bytes - part.Length) throw Damaged("it points behind its own end");
        while (!part.IsEmpty)
        {
            int count;
            try
            {
                count = file.Read(part, at);
            }
            catch (IOException e)
            {
                throw new RasterException($"{Name}: it cannot be read: {e.Message}", e);
            }
            if (count == 0) throw Damaged("it became shorter while it was read");
            part = part[count..];
            at += count;
        }
    }

    /// <summary>All values of an entry.</summary>
    public long[] Values(TiffEntry entry, long most = 1L << 28)
    {
        if (entry.Count > most || entry.Type is 11 or 12 or 5 or 10) throw Damaged("a list in it has a length or a kind that cannot be");
        var bytes = new byte[entry.Count * entry.Size];
        ReadExactly(bytes, entry.Offset);
        var values = new long[entry.Count];
        for (var i = 0; i < values.Length; i++) values[i] = (long)Math.Min(Number(bytes.AsSpan(i * entry.Size, entry.Size)), long.MaxValue);
        return values;
    }

    /// <summary>All values of an entry of 64-bit real numbers.</summary>
    public double[] Reals(TiffEntry entry)
    {
        if (entry.Type != 12 || entry.Count > 1 << 16) throw Damaged("a place in it is not given in real numbers");
        var values = new double[entry.Count];
        for (var i = 0; i < values.Length; i++) values[i] = BitConverter.UInt64BitsToDouble(Number(entry.Offset + i * 8, 8));
        return values;
    }

    public string Text(TiffEntry entry, int most = 1 << 20)
    {
        var text = new byte[(int)Math.Min(entry.Count, most)];
        ReadExactly(text, entry.Offset);
        return Encoding.UTF8.GetString(text).TrimEnd('\0');
    }

    public void Dispose() => file.Dispose();
}
