using System.Buffers.Binary;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Varve.Web.Raster;

/// <summary>One entry of a directory: where its values lie. They are read when they are asked for, for there may be millions.</summary>
internal readonly record struct TiffEntry(ushort Type, long Count, long Offset)
{
    public int Size => Type switch { 1 or 2 or 6 or 7 => 1, 3 or 8 => 2, 4 or 9 or 11 => 4, 5 or 10 or 12 or 16 or 17 or 18 => 8, _ => 0 };
}

/// <summary>
/// The directories of a TIFF (revision 6.0) or BigTIFF file. Nothing the file says is believed before it was held against
/// the file's size.
/// </summary>
internal sealed class TiffFile
{
    private const int MostDirectories = 32, MostEntries = 512;
    private readonly SafeFileHandle file;
    private readonly long bytes;
    private readonly bool isLittle, isBig;

    private TiffFile(SafeFileHandle file, long bytes, bool isLittle, bool isBig) => (this.file, this.bytes, this.isLittle, this.isBig) = (file, bytes, isLittle, isBig);

    public bool IsLittleEndian => isLittle;
    public long Bytes => bytes;
    /// <summary>The directories in the order in which they are chained, each by tag.</summary>
    public List<Dictionary<int, TiffEntry>> Directories { get; } = [];

    /// <exception cref="InvalidDataException">It is no TIFF, or is damaged.</exception>
    public static TiffFile Read(SafeFileHandle file, long bytes)
    {
        Span<byte> head = stackalloc byte[16];
        if (RandomAccess.Read(file, head, 0) < 8) throw new InvalidDataException("the file is too short for a TIFF");
        var isLittle = head[0] == 'I';
        var isBig = (isLittle ? head[2] : head[3]) == 43;
        var tiff = new TiffFile(file, bytes, isLittle, isBig);
        var next = isBig ? (long)tiff.Number(8, 8) : (long)tiff.Number(4, 4);
        var seen = new HashSet<long>();
        while (next != 0 && tiff.Directories.Count < MostDirectories)
        {
            if (!seen.Add(next)) throw new InvalidDataException("its directories go round in a circle");
            next = tiff.ReadDirectory(next);
        }
        return tiff.Directories.Count > 0 ? tiff : throw new InvalidDataException("it has no directory");
    }

    private long ReadDirectory(long at)
    {
        var (countSize, entrySize, inPlace) = isBig ? (8, 20, 8) : (2, 12, 4);
        var count = (long)Number(at, countSize);
        if (count is < 1 or > MostEntries) throw new InvalidDataException("a directory has a number of entries that cannot be");
        var entries = new Dictionary<int, TiffEntry>();
        for (var i = 0; i < count; i++)
        {
            var place = at + countSize + i * entrySize;
            var entry = new TiffEntry((ushort)Number(place + 2, 2), (long)Math.Min(Number(place + 4, isBig ? 8 : 4), long.MaxValue), 0);
            if (entry.Size == 0) continue;
            if (entry.Count > bytes) throw new InvalidDataException("an entry is larger than the file");
            var values = place + (isBig ? 12 : 8);
            entries[(int)Number(place, 2)] = entry with { Offset = entry.Size * entry.Count <= inPlace ? values : (long)Math.Min(Number(values, inPlace), long.MaxValue) };
        }
        Directories.Add(entries);
        return (long)Math.Min(Number(at + countSize + count * entrySize, isBig ? 8 : 4), long.MaxValue);
    }

    /// <summary>An unsigned number of 1, 2, 4 or 8 bytes.</summary>
    public ulong Number(long at, int size)
    {
        Span<byte> buffer = stackalloc byte[8];
        var part = buffer[..size];
        ReadExactly(part, at);
        return size switch
        {
            1 => part[0],
            2 => isLittle ? BinaryPrimitives.ReadUInt16LittleEndian(part) : BinaryPrimitives.ReadUInt16BigEndian(part),
            4 => isLittle ? BinaryPrimitives.ReadUInt32LittleEndian(part) : BinaryPrimitives.ReadUInt32BigEndian(part),
            _ => isLittle ? BinaryPrimitives.ReadUInt64LittleEndian(part) : BinaryPrimitives.ReadUInt64BigEndian(part),
        };
    }

    /// <exception cref="InvalidDataException">The file ends before.</exception>
    public void ReadExactly(Span<byte> part, long at)
    {
        if (at < 0 || at > bytes - part.Length) throw new InvalidDataException("it points behind its own end");
        while (!part.IsEmpty)
        {
            var count = RandomAccess.Read(file, part, at);
            if (count == 0) throw new InvalidDataException("it became shorter while it was read");
            part = part[count..];
            at += count;
        }
    }

    /// <summary>The value of an entry at a place in its list; as a number that fits none of it, 0.</summary>
    public long Value(TiffEntry entry, long index)
    {
        if (index < 0 || index >= entry.Count) throw new InvalidDataException("a list in it is too short");
        return (long)Math.Min(Number(entry.Offset + index * entry.Size, entry.Size), long.MaxValue);
    }

    public double Real(TiffEntry entry, long index)
    {
        if (entry.Type != 12 || index >= entry.Count) throw new InvalidDataException("a place in it is not given in real numbers");
        return BitConverter.UInt64BitsToDouble(Number(entry.Offset + index * 8, 8));
    }

    public string Text(TiffEntry entry, int most)
    {
        var text = new byte[(int)Math.Min(entry.Count, most)];
        ReadExactly(text, entry.Offset);
        return Encoding.UTF8.GetString(text).TrimEnd('\0').Trim();
    }
}
