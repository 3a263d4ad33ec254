using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Varve.Raster.Files;

/// <summary>
/// LZW as TIFF has it (revision 6.0, section 13): codes of 9 to 12 bits, the highest bit first, growing one entry early.
/// Every string of the table is a piece of what was written already, so the table holds places and lengths only.
/// </summary>
internal static unsafe class Lzw
{
    private const int Clear = 256, End = 257, First = 258, Most = 4096;

    /// <summary>Unpacks; returns the bytes written. What does not fit is left out.</summary>
    /// <returns>-1 when a code stands for nothing.</returns>
    [SkipLocalsInit]
    public static long Unpack(ReadOnlySpan<byte> source, Span<byte> target)
    {
        var places = stackalloc int[Most];
        var lengths = stackalloc int[Most];
        fixed (byte* into = target)
        fixed (byte* from = source)
        {
            var end = from + source.Length;
            var input = from;
            ulong held = 0;
            int bits = 0, width = 9, next = First, previousAt = 0, previousLength = 0, at = 0;
            var size = target.Length;
            while (at < size)
            {
                if (bits < width)
                {
                    if (end - input >= sizeof(ulong))
                    {
                        // As many whole bytes as fit; the bits of a next one that come along are the same when it is read.
                        held |= BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ulong>(input)) >> bits;
                        input += (63 - bits) >> 3;
                        bits |= 56;
                    }
                    else
                    {
                        for (; bits <= 56 && input < end; bits += 8) held |= (ulong)*input++ << (56 - bits);
                        if (bits < width) break;
                    }
                }
                var code = (int)(held >> (64 - width));
                held <<= width;
                bits -= width;
                if (code < Clear)
                {
                    if (previousLength > 0 && next < Most)
                    {
                        places[next] = previousAt;
                        lengths[next++] = previousLength + 1;
                    }
                    (previousAt, previousLength) = (at, 1);
                    into[at++] = (byte)code;
                }
                else if (code >= First)
                {
                    int place, length;
                    if (code < next)
                    {
                        (place, length) = (places[code], lengths[code]);
                    }
                    else if (code == next && next < Most && previousLength > 0)
                    {
                        (place, length) = (previousAt, previousLength + 1);
                    }
                    else
                    {
                        return -1;
                    }
                    if (previousLength > 0 && next < Most)
                    {
                        places[next] = previousAt;
                        lengths[next++] = previousLength + 1;
                    }
                    (previousAt, previousLength) = (at, length);
                    var count = Math.Min(length, size - at);
                    Repeat(into + place, into + at, count, size - at);
                    at += count;
                }
                else if (code == Clear)
                {
                    (next, width, previousLength) = (First, 9, 0);
                    continue;
                }
                else
                {
                    break;
                }
                // The width is that of the table with the entry the next code completes.
                if (next >= 511) width = next >= 2047 ? 12 : next >= 1023 ? 11 : 10;
            }
            return at;
        }
    }

    /// <summary>Copies bytes that may lie right before their copy; room says how much may be overwritten behind it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Repeat(byte* from, byte* to, int count, int room)
    {
        var apart = to - from;
        if (apart >= 8 && room >= count + 8)
        {
            for (var i = 0; i < count; i += 8) Unsafe.WriteUnaligned(to + i, Unsafe.ReadUnaligned<ulong>(from + i));
            return;
        }
        for (var i = 0; i < count; i++) to[i] = from[i];
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
