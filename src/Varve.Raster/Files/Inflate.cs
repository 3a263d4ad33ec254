using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Varve.Raster.Files;

/// <summary>
/// Unpacks zlib's streams (RFC 1950 and 1951) that lie in memory as a whole, into memory of a known size: no window has to
/// be kept, and bits are taken from eight bytes at once. A thread has its own.
/// </summary>
internal sealed unsafe class Inflate : IDisposable
{
    private const int LiteralBits = 11, DistanceBits = 9, LengthBits = 7, MostBits = 15;
    private const int EndOfBlock = 256, Literals = 288, Distances = 32, LengthCodes = 19;
    /// <summary>Room for all tables below the first ones: a code of n bits takes at most 2^(n - bits of the first) entries of its own.</summary>
    private const int LiteralEntries = 1 << 13, DistanceEntries = 1 << 12;

    // An entry: bits to take in all, then bits of the code itself (the rest says how far beyond the base), kind, and base.
    private const uint IsLiteral = 1u << 31, IsTable = 1u << 30, IsEnd = 1u << 29, IsNothing = 1u << 28;
    private const int CodeShift = 8, BaseShift = 12;

    private readonly uint* literals = (uint*)NativeMemory.AlignedAlloc((LiteralEntries + DistanceEntries + (1 << LengthBits)) * sizeof(uint), 64);
    private readonly byte[] lengths = new byte[Literals + Distances];
    private byte* input, inputEnd;
    private ulong held;
    private int bits;

    private uint* DistanceTable => literals + LiteralEntries;
    private uint* LengthTable => DistanceTable + DistanceEntries;

    /// <summary>Unpacks; what does not fit is left out, and then nothing is checked.</summary>
    /// <returns>The bytes written.</returns>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public int Unpack(ReadOnlySpan<byte> source, Span<byte> target)
    {
        if (source.Length < 6 || (source[0] & 15) != 8 || (source[0] << 8 | source[1]) % 31 != 0 || (source[1] & 32) != 0) throw new InvalidDataException("it does not begin as zlib's streams do");
        fixed (byte* from = source)
        fixed (byte* into = target)
        {
            input = from + 2;
            inputEnd = from + source.Length;
            (held, bits) = (0, 0);
            var at = into;
            var end = into + target.Length;
            bool isLast;
            do
            {
                isLast = Take(1) == 1;
                switch (Take(2))
                {
                    case 0: at = Stored(at, end); break;
                    case 1: Fixed(); at = Block(into, at, end); break;
                    case 2: Dynamic(); at = Block(into, at, end); break;
                    default: throw new InvalidDataException("a block in it is of no kind");
                }
            }
            while (!isLast && at < end);
            var written = (int)(at - into);
            // A stream whose end lies behind the last byte that fits is not followed to its checksum.
            if (isLast && EndsHere(at, end) is { } sum && sum != Adler32.Of(target[..written])) throw new InvalidDataException("its checksum is another");
            return written;
        }
    }

    /// <summary>The checksum behind the last block; null when the block was not followed to its end.</summary>
    private uint? EndsHere(byte* at, byte* end)
    {
        if (at == end && !isWhole) return null;
        input -= bits >> 3;
        return inputEnd - input >= 4 ? BinaryPrimitives.ReadUInt32BigEndian(new ReadOnlySpan<byte>(input, 4)) : throw new InvalidDataException("it ends before its checksum");
    }

    private bool isWhole;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Fill()
    {
        if (inputEnd - input >= 8)
        {
            held |= Unsafe.ReadUnaligned<ulong>(input) << bits;
            input += (63 - bits) >> 3;
            bits |= 56;
            return;
        }
        for (; bits <= 56 && input < inputEnd; bits += 8) held |= (ulong)*input++ << bits;
    }

    private uint Take(int count)
    {
        if (bits < count) Fill();
        if (bits < count) throw Short();
        var value = (uint)held & ((1u << count) - 1);
        held >>= count;
        bits -= count;
        return value;
    }

    private static InvalidDataException Short() => new("it ends too early");

    private byte* Stored(byte* at, byte* end)
    {
        // Whole bytes that were taken ahead are given back.
        input -= bits >> 3;
        (held, bits) = (0, 0);
        if (inputEnd - input < 4) throw Short();
        var (length, check) = (Unsafe.ReadUnaligned<ushort>(input), Unsafe.ReadUnaligned<ushort>(input + 2));
        if (length != (ushort)~check) throw new InvalidDataException("a block in it has no length");
        input += 4;
        if (inputEnd - input < length) throw Short();
        var count = (int)Math.Min(length, end - at);
        Buffer.MemoryCopy(input, at, count, count);
        input += length;
        isWhole = count == length;
        return at + count;
    }

    private void Fixed()
    {
        for (var i = 0; i < Literals; i++) lengths[i] = (byte)(i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8);
        lengths.AsSpan(Literals).Fill(5);
        LiteralTable(lengths.AsSpan(0, Literals));
        Build(lengths.AsSpan(Literals, Distances), DistanceTable, DistanceBits, DistanceEntries, DistanceEntry);
    }

    private void Dynamic()
    {
        var (literalCount, distanceCount, lengthCount) = ((int)Take(5) + 257, (int)Take(5) + 1, (int)Take(4) + 4);
        Span<byte> own = stackalloc byte[LengthCodes];
        own.Clear();
        for (var i = 0; i < lengthCount; i++) own[DeflateCodes.LengthOrder[i]] = (byte)Take(3);
        Build(own, LengthTable, LengthBits, 1 << LengthBits, static symbol => (uint)symbol << BaseShift);
        var all = lengths.AsSpan(0, literalCount + distanceCount);
        for (var i = 0; i < all.Length;)
        {
            if (bits < LengthBits + 7) Fill();
            var entry = LengthTable[held & ((1 << LengthBits) - 1)];
            if ((entry & IsNothing) != 0 || bits < (int)(entry & 0xFF)) throw (entry & IsNothing) != 0 ? Nothing() : Short();
            held >>= (int)(entry & 0xFF);
            bits -= (int)(entry & 0xFF);
            var symbol = (int)(entry >> BaseShift);
            if (symbol < 16)
            {
                all[i++] = (byte)symbol;
                continue;
            }
            var (value, times) = symbol switch { 16 => (i > 0 ? all[i - 1] : throw Nothing(), 3 + (int)Take(2)), 17 => ((byte)0, 3 + (int)Take(3)), _ => ((byte)0, 11 + (int)Take(7)) };
            if (times > all.Length - i) throw Nothing();
            all.Slice(i, times).Fill(value);
            i += times;
        }
        if (all[EndOfBlock] == 0) throw Nothing();
        var distances = all[literalCount..].ToArray();
        LiteralTable(all[..literalCount]);
        Build(distances, DistanceTable, DistanceBits, DistanceEntries, DistanceEntry);
    }

    private static InvalidDataException Nothing() => new("a code in it stands for nothing");

    private void LiteralTable(ReadOnlySpan<byte> codeLengths) => Build(codeLengths, literals, LiteralBits, LiteralEntries, static symbol =>
        symbol < EndOfBlock ? IsLiteral | (uint)symbol << BaseShift : symbol == EndOfBlock ? IsEnd
        : symbol < DeflateCodes.Literals ? (uint)DeflateCodes.LeastOf(symbol) << BaseShift | (uint)DeflateCodes.MoreOfLength(symbol) : IsNothing);

    private static uint DistanceEntry(int symbol) => symbol < DeflateCodes.Distances ? (uint)DeflateCodes.NearestOf(symbol) << BaseShift | (uint)DeflateCodes.MoreOfDistance(symbol) : IsNothing;

    /// <summary>Fills a table, looked up by the next bits of the stream; longer codes lead to a table of their own.</summary>
    private static void Build(ReadOnlySpan<byte> codeLengths, uint* table, int tableBits, int most, Func<int, uint> entryOf)
    {
        Span<int> counts = stackalloc int[MostBits + 1], next = stackalloc int[MostBits + 2];
        counts.Clear();
        next.Clear();
        foreach (var length in codeLengths) counts[length]++;
        counts[0] = 0;
        var left = 1;
        for (var length = 1; length <= MostBits; length++)
        {
            left = (left << 1) - counts[length];
            if (left < 0) throw Nothing();
            next[length + 1] = (next[length] + counts[length]) << 1;
        }
        new Span<uint>(table, 1 << tableBits).Fill(IsNothing | 1);
        var free = 1 << tableBits;
        var longest = MostBits;
        while (longest > 0 && counts[longest] == 0) longest--;
        for (var symbol = 0; symbol < codeLengths.Length; symbol++)
        {
            int length = codeLengths[symbol];
            if (length == 0) continue;
            var code = Reversed(next[length]++, length);
            var entry = entryOf(symbol);
            // Bits beyond the code are kept in the low byte until here.
            var more = entry & 0xFF;
            if (length <= tableBits)
            {
                entry = (entry & ~0xFFu) | (uint)length << CodeShift | (more + (uint)length);
                for (var i = code; i < 1 << tableBits; i += 1 << length) table[i] = entry;
                continue;
            }
            var root = code & ((1 << tableBits) - 1);
            var subBits = longest - tableBits;
            if ((table[root] & IsTable) == 0)
            {
                if (free + (1 << subBits) > most) throw Nothing();
                new Span<uint>(table + free, 1 << subBits).Fill(IsNothing | 1);
                table[root] = IsTable | (uint)free << BaseShift | (uint)subBits << CodeShift | (uint)tableBits;
                free += 1 << subBits;
            }
            var sub = table + ((table[root] & ~IsTable) >> BaseShift);
            var rest = (uint)(length - tableBits);
            entry = (entry & ~0xFFu) | rest << CodeShift | (more + rest);
            for (var i = code >> tableBits; i < 1 << subBits; i += 1 << (int)rest) sub[i] = entry;
        }
    }

    private static int Reversed(int code, int length)
    {
        var result = 0;
        for (var i = 0; i < length; i++, code >>= 1) result = result << 1 | (code & 1);
        return result;
    }

    /// <summary>Codes of one block, as far as there is room.</summary>
    private byte* Block(byte* first, byte* at, byte* end)
    {
        var data = input;
        var dataEnd = inputEnd;
        var literalTable = literals;
        var distanceTable = DistanceTable;
        var (store, count) = (held, bits);
        isWhole = false;
        while (true)
        {
            // 48 bits serve a length with its code and a distance with its.
            if (dataEnd - data >= 8)
            {
                store |= Unsafe.ReadUnaligned<ulong>(data) << count;
                data += (63 - count) >> 3;
                count |= 56;
            }
            else
            {
                for (; count <= 56 && data < dataEnd; count += 8) store |= (ulong)*data++ << count;
                if (count < 0) throw Short();
            }
            var entry = literalTable[store & ((1 << LiteralBits) - 1)];
            // Up to three bytes that stand for themselves leave bits enough for a length; there is room for them, as a rule.
            if ((entry & IsLiteral) != 0 && end - at >= 4)
            {
                store >>= (byte)entry;
                count -= (byte)entry;
                *at++ = (byte)(entry >> BaseShift);
                entry = literalTable[store & ((1 << LiteralBits) - 1)];
                if ((entry & IsLiteral) != 0)
                {
                    store >>= (byte)entry;
                    count -= (byte)entry;
                    *at++ = (byte)(entry >> BaseShift);
                    entry = literalTable[store & ((1 << LiteralBits) - 1)];
                    if ((entry & IsLiteral) != 0)
                    {
                        store >>= (byte)entry;
                        count -= (byte)entry;
                        *at++ = (byte)(entry >> BaseShift);
                        if (count < 0) throw Short();
                        continue;
                    }
                }
            }
            if ((entry & IsTable) != 0)
            {
                store >>= LiteralBits;
                count -= LiteralBits;
                entry = literalTable[((entry & ~IsTable) >> BaseShift) + (store & ((1u << (int)((entry >> CodeShift) & 15)) - 1))];
            }
            if ((entry & IsLiteral) != 0)
            {
                store >>= (byte)entry;
                count -= (byte)entry;
                if (count < 0) throw Short();
                if (at == end) break;
                *at++ = (byte)(entry >> BaseShift);
                continue;
            }
            if ((entry & (IsEnd | IsNothing)) != 0)
            {
                if ((entry & IsNothing) != 0) throw Nothing();
                store >>= (byte)entry;
                count -= (byte)entry;
                if (count < 0) throw Short();
                isWhole = true;
                break;
            }
            var length = (int)(entry >> BaseShift) + (int)((store & ((1ul << (byte)entry) - 1)) >> (int)((entry >> CodeShift) & 15));
            store >>= (byte)entry;
            count -= (byte)entry;
            if (count < 28)
            {
                if (dataEnd - data >= 8)
                {
                    store |= Unsafe.ReadUnaligned<ulong>(data) << count;
                    data += (63 - count) >> 3;
                    count |= 56;
                }
                else
                {
                    for (; count <= 56 && data < dataEnd; count += 8) store |= (ulong)*data++ << count;
                }
            }
            entry = distanceTable[store & ((1 << DistanceBits) - 1)];
            if ((entry & IsTable) != 0)
            {
                store >>= DistanceBits;
                count -= DistanceBits;
                entry = distanceTable[((entry & ~IsTable) >> BaseShift) + (store & ((1u << (int)((entry >> CodeShift) & 15)) - 1))];
            }
            if ((entry & IsNothing) != 0) throw Nothing();
            var distance = (long)(entry >> BaseShift) + (long)((store & ((1ul << (byte)entry) - 1)) >> (int)((entry >> CodeShift) & 15));
            store >>= (byte)entry;
            count -= (byte)entry;
            if (count < 0) throw Short();
            if (distance > at - first) throw new InvalidDataException("it repeats what was before its beginning");
            if (end - at < length)
            {
                for (; at < end; at++) *at = at[-distance];
                break;
            }
            Repeat(at, distance, length, end);
            at += length;
        }
        input = data;
        (held, bits) = (store, count);
        return at;
    }

    /// <summary>Copies bytes from a distance behind; up to 16 bytes beyond may be spoilt where there is room.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Repeat(byte* at, long distance, int length, byte* end)
    {
        var from = at - distance;
        if (end - at >= length + 32)
        {
            var stop = at + length;
            if (distance >= 16)
            {
                do
                {
                    Vector128.Load(from).Store(at);
                    at += 16;
                    from += 16;
                }
                while (at < stop);
                return;
            }
            if (distance == 1)
            {
                var run = Vector128.Create(*from);
                do
                {
                    run.Store(at);
                    at += 16;
                }
                while (at < stop);
                return;
            }
            // What repeats after a few bytes also does after the next multiple of them from 8 on.
            var far = distance;
            while (far < 8) far += distance;
            for (var i = 0; i < far - distance && i < length; i++) at[i] = from[i];
            for (var to = at + (far - distance); to < stop; to += 8) Unsafe.WriteUnaligned(to, Unsafe.ReadUnaligned<ulong>(to - far));
            return;
        }
        for (var i = 0; i < length; i++) at[i] = from[i];
    }

    public void Dispose() => NativeMemory.AlignedFree(literals);
}
