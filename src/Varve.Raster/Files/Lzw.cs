using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Varve.Raster.Files;

/// <summary>
/// LZW as TIFF has it (revision 6.0, section 13): codes of 9 to 12 bits, the highest bit first, growing one entry early.
/// Every string of the table is a piece of what was written already, so the table holds places and lengths only.
/// </summary>
internal static unsafe class Lzw
{
    private const int Clear = 256, End = 257, First = 258, Most = 4096;
    /// <summary>Bytes that are copied at once, however short a string is.</summary>
    private const int Step = 16;

    /// <summary>Unpacks; returns the bytes written. What does not fit is left out.</summary>
    /// <returns>-1 when a code stands for nothing.</returns>
    [SkipLocalsInit]
    public static long Unpack(ReadOnlySpan<byte> source, Span<byte> target)
    {
        var singles = stackalloc byte[Clear + Step];
        var places = stackalloc byte*[Most];
        // 0 for the codes that stand for no string.
        var lengths = stackalloc ushort[Most];
        for (var i = 0; i < Clear; i++)
        {
            singles[i] = (byte)i;
            places[i] = singles + i;
            lengths[i] = 1;
        }
        new Span<ushort>(lengths + Clear, Most - Clear).Clear();
        fixed (byte* into = target)
        fixed (byte* from = source)
        {
            long bit = 0, bits = 8L * source.Length;
            byte* to = into, end = into + target.Length, previous = null;
            int next = First, previousLength = 0;
            while (to < end)
            {
                var width = WidthToRead(next);
                if (previousLength > 0 && next < Most)
                {
                    // As many codes as have this width and lie where eight bytes can be read.
                    var left = Math.Min((width == 12 ? Most : (1 << width) - 1) - next, (bits - 64 - bit) / width);
                    for (; left > 0; left--)
                    {
                        // The string that this code completes, which may be its own: it then ends as it begins.
                        places[next] = previous;
                        lengths[next] = (ushort)(previousLength + 1);
                        var code = (int)(BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ulong>(from + (bit >> 3))) << (int)(bit & 7) >> (64 - width));
                        int length = lengths[code];
                        if (length == 0 || length > end - to - Step) break;
                        var place = places[code];
                        // Longer ones lie a step or more away from their copy.
                        for (var i = 0; i == 0 || i < length; i += Step) Unsafe.WriteUnaligned(to + i, Unsafe.ReadUnaligned<Vector128<byte>>(place + i));
                        if (code == next) to[length - 1] = *place;
                        bit += width;
                        (next, previousLength) = (next + 1, length);
                        previous = to;
                        to += length;
                    }
                    width = WidthToRead(next);
                }
                // One code with all care: the first after an empty table, those that are no strings, and the last ones.
                if (to >= end || bits - bit < width) break;
                var one = Code(source, bit, width);
                bit += width;
                if (one == End) break;
                if (one == Clear)
                {
                    (next, previousLength) = (First, 0);
                    new Span<ushort>(lengths + Clear, Most - Clear).Clear();
                    continue;
                }
                var isAdded = previousLength > 0 && next < Most;
                if (one >= next && !(one == next && isAdded)) return -1;
                if (isAdded)
                {
                    places[next] = previous;
                    lengths[next++] = (ushort)(previousLength + 1);
                }
                previousLength = lengths[one];
                var count = Math.Min(previousLength, end - to);
                for (var i = 0L; i < count; i++) to[i] = places[one][i];
                previous = to;
                to += count;
            }
            return to - into;
        }
    }

    /// <summary>Of the next code, when a reader has so many entries: that of the table with the entry the code completes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int WidthToRead(int next) => next >= 2047 ? 12 : next >= 1023 ? 11 : next >= 511 ? 10 : 9;

    /// <summary>The code at a bit; not all of the three bytes that it may lie in need to be there.</summary>
    private static int Code(ReadOnlySpan<byte> source, long bit, int width)
    {
        var (at, held) = ((int)(bit >> 3), 0u);
        for (var i = 0; i < 3; i++) held = held << 8 | (at + i < source.Length ? source[at + i] : 0u);
        return (int)(held << (8 + (int)(bit & 7)) >> (32 - width));
    }

    /// <summary>Of the next code, when a packer, which is one entry ahead of its reader, has so many entries.</summary>
    private static int Width(int next) => next >= 2048 ? 12 : next >= 1024 ? 11 : next >= 512 ? 10 : 9;

    /// <summary>Packs; returns the bytes written, or -1 when they do not fit.</summary>
    public static int Pack(ReadOnlySpan<byte> source, Span<byte> target, LzwTable table)
    {
        ulong held = 0;
        int bits = 0, width = 9, next = First, at = 0;
        table.Clear();
        bool Put(Span<byte> into, int code)
        {
            held = held << width | (uint)code;
            bits += width;
            while (bits >= 8)
            {
                if (at >= into.Length) return false;
                into[at++] = (byte)(held >> (bits - 8));
                bits -= 8;
            }
            return true;
        }
        if (!Put(target, Clear)) return -1;
        if (source.Length > 0)
        {
            var current = (int)source[0];
            for (var i = 1; i < source.Length; i++)
            {
                var key = current << 8 | source[i];
                if (table.Find(key) is var known and >= 0)
                {
                    current = known;
                    continue;
                }
                if (!Put(target, current)) return -1;
                current = source[i];
                table.Add(key, next++);
                if (next >= Most - 2)
                {
                    // The table is emptied one entry early too, as every reader expects.
                    if (!Put(target, Clear)) return -1;
                    (next, width) = (First, 9);
                    table.Clear();
                }
                else
                {
                    width = Width(next);
                }
            }
            if (!Put(target, current)) return -1;
            width = Width(next + 1);
        }
        if (!Put(target, End)) return -1;
        if (bits > 0)
        {
            if (at >= target.Length) return -1;
            target[at++] = (byte)(held << (8 - bits));
        }
        return at;
    }
}

/// <summary>The strings that a packer knows: pairs of a code and a byte, by open addressing.</summary>
internal sealed class LzwTable
{
    private const int Slots = 1 << 13;
    private readonly int[] keys = new int[Slots];
    private readonly short[] codes = new short[Slots];

    public void Clear() => Array.Fill(keys, -1);

    public int Find(int key)
    {
        for (var i = Place(key); ; i = (i + 1) & (Slots - 1))
        {
            if (keys[i] == key) return codes[i];
            if (keys[i] < 0) return -1;
        }
    }

    public void Add(int key, int code)
    {
        var i = Place(key);
        while (keys[i] >= 0) i = (i + 1) & (Slots - 1);
        (keys[i], codes[i]) = (key, (short)code);
    }

    private static int Place(int key) => (int)((uint)key * 2654435769u >> 19);
}
