using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Varve.Raster.Files;

/// <summary>
/// What makes neighbours similar before packing: differences of integers (TIFF 6.0, section 14), and, for real numbers,
/// differences of their bytes laid together by weight (Adobe Photoshop TIFF Technical Note 3).
/// </summary>
internal static class Predictors
{
    /// <summary>Turns differences back into numbers, row by row.</summary>
    /// <param name="block">Rows of numbers in the machine's order.</param>
    /// <param name="rowBytes">Bytes of a row.</param>
    /// <param name="size">Bytes of a number.</param>
    /// <param name="step">Numbers of a pixel.</param>
    public static void Sum(Span<byte> block, int rowBytes, int size, int step)
    {
        switch (size)
        {
            case 1: SumRows<byte>(block, rowBytes, step); break;
            case 2: SumRows<ushort>(block, rowBytes, step); break;
            case 4: SumRows<uint>(block, rowBytes, step); break;
            default: SumRows<ulong>(block, rowBytes, step); break;
        }
    }

    private static void SumRows<T>(Span<byte> block, int rowBytes, int step) where T : unmanaged, INumber<T>
    {
        for (; block.Length >= rowBytes && rowBytes > 0; block = block[rowBytes..]) SumRow(MemoryMarshal.Cast<byte, T>(block[..rowBytes]), step);
    }

    private static void SumRow<T>(Span<T> row, int step) where T : unmanaged, INumber<T>
    {
        var i = step == 1 && Sse2.IsSupported ? SumVectors(row) : step;
        for (; i < row.Length; i++) row[i] += row[i - step];
    }

    /// <summary>Adds up as many numbers as whole vectors have: which number comes next.</summary>
    private static unsafe int SumVectors<T>(Span<T> row) where T : unmanaged, INumber<T>
    {
        var (i, last) = (0, Vector128<T>.Zero);
        for (; i <= row.Length - Vector128<T>.Count; i += Vector128<T>.Count)
        {
            // Each number gets the one before, then what the two before it have by now, then the four.
            var sums = Vector128.Create<T>(row.Slice(i, Vector128<T>.Count));
            if (sizeof(T) <= 1) sums += Sse2.ShiftLeftLogical128BitLane(sums.AsByte(), 1).As<byte, T>();
            if (sizeof(T) <= 2) sums += Sse2.ShiftLeftLogical128BitLane(sums.AsByte(), 2).As<byte, T>();
            if (sizeof(T) <= 4) sums += Sse2.ShiftLeftLogical128BitLane(sums.AsByte(), 4).As<byte, T>();
            sums += Sse2.ShiftLeftLogical128BitLane(sums.AsByte(), 8).As<byte, T>();
            sums += last;
            sums.CopyTo(row[i..]);
            last = Vector128.Create(sums[Vector128<T>.Count - 1]);
        }
        return Math.Max(i, 1);
    }

    /// <summary>Turns numbers into differences, row by row.</summary>
    public static void Difference(Span<byte> block, int rowBytes, int size, int step)
    {
        switch (size)
        {
            case 1: DifferRows<byte>(block, rowBytes, step); break;
            case 2: DifferRows<ushort>(block, rowBytes, step); break;
            case 4: DifferRows<uint>(block, rowBytes, step); break;
            default: DifferRows<ulong>(block, rowBytes, step); break;
        }
    }

    private static void DifferRows<T>(Span<byte> block, int rowBytes, int step) where T : unmanaged, INumber<T>
    {
        for (; block.Length >= rowBytes && rowBytes > 0; block = block[rowBytes..]) DifferRow(MemoryMarshal.Cast<byte, T>(block[..rowBytes]), step);
    }

    /// <summary>From the end, so that what is subtracted is still as it was.</summary>
    private static void DifferRow<T>(Span<T> row, int step) where T : unmanaged, INumber<T>
    {
        var i = row.Length;
        for (; i - Vector128<T>.Count >= step; i -= Vector128<T>.Count)
        {
            var at = i - Vector128<T>.Count;
            (Vector128.Create<T>(row.Slice(at, Vector128<T>.Count)) - Vector128.Create<T>(row.Slice(at - step, Vector128<T>.Count))).CopyTo(row[at..]);
        }
        while (--i >= step) row[i] -= row[i - step];
    }

    /// <summary>Puts real numbers together again from the differences of their bytes.</summary>
    public static void Gather(Span<byte> block, int rowBytes, int size, int step, Span<byte> scratch)
    {
        scratch = scratch[..rowBytes];
        for (; block.Length >= rowBytes && rowBytes > 0; block = block[rowBytes..])
        {
            var row = block[..rowBytes];
            SumRow(row, step);
            row.CopyTo(scratch);
            BytePlanes.Join(scratch, row, size);
        }
    }

    /// <summary>The opposite of <see cref="Gather"/>.</summary>
    public static void Scatter(Span<byte> block, int rowBytes, int size, int step, Span<byte> scratch)
    {
        scratch = scratch[..rowBytes];
        for (; block.Length >= rowBytes && rowBytes > 0; block = block[rowBytes..])
        {
            var row = block[..rowBytes];
            row.CopyTo(scratch);
            BytePlanes.Split(scratch, row, size);
            DifferRow(row, step);
        }
    }

    /// <summary>Turns numbers of the other byte order into the machine's.</summary>
    public static void Swap(Span<byte> block, int size)
    {
        switch (size)
        {
            case 2:
                var twos = MemoryMarshal.Cast<byte, ushort>(block);
                BinaryPrimitives.ReverseEndianness(twos, twos);
                break;
            case 4:
                var fours = MemoryMarshal.Cast<byte, uint>(block);
                BinaryPrimitives.ReverseEndianness(fours, fours);
                break;
            case 8:
                var eights = MemoryMarshal.Cast<byte, ulong>(block);
                BinaryPrimitives.ReverseEndianness(eights, eights);
                break;
            default:
                break;
        }
    }
}
