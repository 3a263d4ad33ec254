using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Varve.Raster.Files;

/// <summary>
/// Packs runs of equal numbers, as masks, classes and areas of pixels have them, into zlib's streams (RFC 1950 and 1951). It
/// searches nothing: a number that begins a run is written, or pointed to where it was lately, and the rest of the run points
/// at the number before it. Every block has codes of its own. A thread has its own.
/// </summary>
internal sealed unsafe class RunDeflate
{
    private const int MostSymbols = 1 << 15, MostLength = 258, LeastLength = 3, Window = 1 << 15, MostPointers = 1 << 10;
    private const int EndOfBlock = 256;
    /// <summary>A code of 15 bits and 5 more for the length, one of 15 and 13 more for the distance.</summary>
    private const int MostBytesOfSymbol = 6, MostBytesOfHeader = 512;

    // A symbol: a byte, or a length above and the distance in the bits below.
    private const int LengthShift = 16;
    private readonly uint[] symbols = new uint[MostSymbols];
    private readonly int[] literalCounts = new int[DeflateCodes.Literals], distanceCounts = new int[DeflateCodes.Distances];
    private readonly DeflateCodes codes = new();
    private readonly int[] lately = new int[MostPointers];
    private byte[] packed = new byte[1 << 16];
    private int symbolCount, written, bits;
    private ulong held;

    /// <summary>Packs; what is returned holds until the next call.</summary>
    /// <param name="source">Whole numbers of a size.</param>
    /// <param name="size">1, 2, 4 or 8 bytes.</param>
    public ReadOnlySpan<byte> Pack(ReadOnlySpan<byte> source, int size)
    {
        // 0x78: windows of 32 KiB; 0x01: packed quickly, and both together divisible by 31.
        (packed[0], packed[1], written, held, bits, symbolCount) = (0x78, 0x01, 2, 0, 0, 0);
        Array.Clear(literalCounts);
        Array.Clear(distanceCounts);
        Array.Fill(lately, -Window - 1);
        fixed (byte* from = source)
        {
            switch (size)
            {
                case 1: Runs<byte>(from, source.Length); break;
                case 2: Runs<ushort>(from, source.Length); break;
                case 4: Runs<uint>(from, source.Length); break;
                default: Runs<ulong>(from, source.Length); break;
            }
        }
        Block(isLast: true);
        MakeRoom(16);
        Put(0, (8 - bits) & 7);
        BinaryPrimitives.WriteUInt32BigEndian(packed.AsSpan(written), Adler32.Of(source));
        return packed.AsSpan(0, written + 4);
    }

    private void Runs<T>(byte* bytes, int length) where T : unmanaged, IBinaryInteger<T>
    {
        var numbers = (T*)bytes;
        var count = length / sizeof(T);
        var (start, i) = (0, 1);
        for (; i <= count - Vector128<T>.Count; i += Vector128<T>.Count)
        {
            var changes = ~Vector128.Equals(Vector128.Load(numbers + i), Vector128.Load(numbers + i - 1)).ExtractMostSignificantBits() & (uint)((1 << Vector128<T>.Count) - 1);
            for (; changes != 0; changes &= changes - 1)
            {
                var next = i + BitOperations.TrailingZeroCount(changes);
                Run(numbers, start, next);
                start = next;
            }
        }
        for (; i < count; i++)
        {
            if (numbers[i] == numbers[i - 1]) continue;
            Run(numbers, start, i);
            start = i;
        }
        if (count > 0) Run(numbers, start, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Run<T>(T* numbers, int start, int end) where T : unmanaged, IBinaryInteger<T>
    {
        if (symbolCount + sizeof(T) + LeastLength + (end - start) * sizeof(T) / MostLength >= MostSymbols) Block(isLast: false);
        var at = start * sizeof(T);
        if (sizeof(T) > LeastLength)
        {
            ref var where = ref lately[(int)((ulong.CreateTruncating(numbers[start]) * 0x9E3779B97F4A7C15) >> 54)];
            if (at - where <= Window && numbers[where / sizeof(T)] == numbers[start]) Pointer(sizeof(T), at - where);
            else Bytes((byte*)(numbers + start), sizeof(T));
            where = at;
        }
        else
        {
            Bytes((byte*)(numbers + start), sizeof(T));
        }
        var rest = (end - start - 1) * sizeof(T);
        while (rest >= LeastLength)
        {
            if (symbolCount >= MostSymbols - LeastLength) Block(isLast: false);
            // What would leave a rest too short to be pointed at is cut shorter.
            var length = rest <= MostLength ? rest : Math.Min(MostLength, rest - LeastLength);
            Pointer(length, sizeof(T));
            rest -= length;
        }
        Bytes((byte*)(numbers + end) - rest, rest);
    }

    private void Bytes(byte* bytes, int count)
    {
        for (var i = 0; i < count; i++)
        {
            symbols[symbolCount++] = bytes[i];
            literalCounts[bytes[i]]++;
        }
    }

    private void Pointer(int length, int distance)
    {
        symbols[symbolCount++] = (uint)length << LengthShift | (uint)distance;
        literalCounts[DeflateCodes.OfLength(length)]++;
        distanceCounts[DeflateCodes.OfDistance(distance)]++;
    }

    /// <summary>Writes the symbols so far with the codes that suit them.</summary>
    private void Block(bool isLast)
    {
        literalCounts[EndOfBlock] = 1;
        codes.Make(literalCounts, distanceCounts);
        MakeRoom(MostBytesOfHeader + MostBytesOfSymbol * symbolCount);
        Put(isLast ? 1u : 0u, 1);
        Put(2, 2);
        foreach (var (code, length) in codes.Header()) Put(code, length);
        foreach (var symbol in symbols.AsSpan(0, symbolCount))
        {
            if (symbol < EndOfBlock)
            {
                Put(codes.Literal[symbol], codes.LiteralBits[symbol]);
                continue;
            }
            var (length, distance) = ((int)(symbol >> LengthShift), (int)(symbol & (1 << LengthShift) - 1));
            var (code, near) = (DeflateCodes.OfLength(length), DeflateCodes.OfDistance(distance));
            Put(codes.Literal[code] | (ulong)(uint)(length - DeflateCodes.LeastOf(code)) << codes.LiteralBits[code], codes.LiteralBits[code] + DeflateCodes.MoreOfLength(code));
            Put(codes.Distance[near] | (ulong)(uint)(distance - DeflateCodes.NearestOf(near)) << codes.DistanceBits[near], codes.DistanceBits[near] + DeflateCodes.MoreOfDistance(near));
        }
        Put(codes.Literal[EndOfBlock], codes.LiteralBits[EndOfBlock]);
        Array.Clear(literalCounts);
        Array.Clear(distanceCounts);
        symbolCount = 0;
    }

    /// <summary>At most 28 bits; there is room for eight bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Put(ulong value, int count)
    {
        held |= value << bits;
        bits += count;
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(packed), written), held);
        written += bits >> 3;
        held >>= bits & ~7;
        bits &= 7;
    }

    private void MakeRoom(int bytes)
    {
        if (written + bytes + sizeof(ulong) > packed.Length) Array.Resize(ref packed, Math.Max(packed.Length * 2, written + bytes + sizeof(ulong)));
    }
}
