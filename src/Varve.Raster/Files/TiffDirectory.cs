using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Varve.Raster.Files;

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
    /// <param name="start">The place.</param>
    /// <param name="next">Where the next directory begins; 0 for none.</param>
    public byte[] Build(long start, long next = 0)
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
        if (isBig) BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(cursor), next);
        else BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(cursor), checked((uint)next));
        return [.. head, .. values.ToArray()];
    }
}
