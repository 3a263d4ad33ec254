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

    /// <summary>A string of the table: its first eight bytes, and where all of it was written.</summary>
    private struct Entry
    {
        public ulong Text;
        public int Length, Place;
    }

    /// <summary>Unpacks; returns the bytes written. What does not fit is left out.</summary>
    /// <returns>-1 when a code stands for nothing.</returns>
    [SkipLocalsInit]
    public static long Unpack(ReadOnlySpan<byte> source, Span<byte> target)
    {
        var entries = stackalloc Entry[Most];
        fixed (byte* into = target)
        fixed (byte* from = source)
        {
            var input = from;
            var end = from + source.Length;
            var size = target.Length;
            ulong held = 0;
            int bits = 0, width = 9, next = First, at = 0;
            var previous = default(Entry);
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
                Entry current;
                if (code < Clear)
                {
                    current = new Entry { Text = (ulong)code, Length = 1 };
                }
                else if (code >= First)
                {
                    if (code < next)
                    {
                        current = entries[code];
                    }
                    else if (code == next && next < Most && previous.Length > 0)
                    {
                        current = Longer(previous, (byte)previous.Text);
                    }
                    else
                    {
                        return -1;
                    }
                }
                else if (code == Clear)
                {
                    (next, width) = (First, 9);
                    previous = default;
                    continue;
                }
                else
                {
                    break;
                }
                if (previous.Length > 0 && next < Most) entries[next++] = Longer(previous, (byte)current.Text);
                Put(current, into, at, size);
                current.Place = at;
                at += Math.Min(current.Length, size - at);
                previous = current;
                // The width is that of the table with the entry the next code completes.
                if (next >= 511) width = next >= 2047 ? 12 : next >= 1023 ? 11 : 10;
            }
            return at;
        }
    }

    /// <summary>A string that was just written, and the byte behind it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Entry Longer(Entry entry, byte more)
    {
        if (entry.Length < sizeof(ulong)) entry.Text |= (ulong)more << (8 * entry.Length);
        entry.Length++;
        return entry;
    }

    /// <summary>Writes a string; bytes behind it may be written over, for they come later.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(Entry entry, byte* into, int at, int size)
    {
        var to = into + at;
        if (size - at >= entry.Length + sizeof(ulong))
        {
            Unsafe.WriteUnaligned(to, entry.Text);
            // A longer string ends at least eight bytes before its copy, but for its last byte.
            for (var i = sizeof(ulong); i < entry.Length; i += sizeof(ulong)) Unsafe.WriteUnaligned(to + i, Unsafe.ReadUnaligned<ulong>(into + entry.Place + i));
            return;
        }
        for (var (i, count) = (0, Math.Min(entry.Length, size - at)); i < count; i++) to[i] = i < sizeof(ulong) ? (byte)(entry.Text >> (8 * i)) : into[entry.Place + i];
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
