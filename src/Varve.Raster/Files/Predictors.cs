using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

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
        for (; block.Length >= rowBytes && rowBytes > 0; block = block[rowBytes..])
        {
            var row = MemoryMarshal.Cast<byte, T>(block[..rowBytes]);
            if (step == 1)
            {
                var last = T.Zero;
                for (var i = 0; i < row.Length; i++) row[i] = last += row[i];
                continue;
            }
            for (var i = step; i < row.Length; i++) row[i] += row[i - step];
        }
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
        for (; block.Length >= rowBytes && rowBytes > 0; block = block[rowBytes..])
        {
            var row = MemoryMarshal.Cast<byte, T>(block[..rowBytes]);
            for (var i = row.Length - 1; i >= step; i--) row[i] -= row[i - step];
        }
    }

    /// <summary>Puts real numbers together again from the differences of their bytes.</summary>
    public static void Gather(Span<byte> block, int rowBytes, int size, int step, Span<byte> scratch)
    {
        var numbers = rowBytes / size;
        scratch = scratch[..rowBytes];
        for (; block.Length >= rowBytes && rowBytes > 0; block = block[rowBytes..])
        {
            var row = block[..rowBytes];
            for (var i = step; i < row.Length; i++) row[i] += row[i - step];
            row.CopyTo(scratch);
            // The heaviest bytes come first, whatever the file's order.
            for (var b = 0; b < size; b++)
            {
                var plane = scratch.Slice((size - 1 - b) * numbers, numbers);
                for (var n = 0; n < plane.Length; n++) row[n * size + b] = plane[n];
            }
        }
    }

    /// <summary>The opposite of <see cref="Gather"/>.</summary>
    public static void Scatter(Span<byte> block, int rowBytes, int size, int step, Span<byte> scratch)
    {
        var numbers = rowBytes / size;
        scratch = scratch[..rowBytes];
        for (; block.Length >= rowBytes && rowBytes > 0; block = block[rowBytes..])
        {
            var row = block[..rowBytes];
            row.CopyTo(scratch);
            for (var b = 0; b < size; b++)
            {
                var plane = row.Slice((size - 1 - b) * numbers, numbers);
                for (var n = 0; n < plane.Length; n++) plane[n] = scratch[n * size + b];
            }
            for (var i = row.Length - 1; i >= step; i--) row[i] -= row[i - step];
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
