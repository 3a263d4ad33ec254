using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Varve.Raster.Files;

/// <summary>
/// Numbers as planes of their bytes: all the heaviest bytes, then all the next (Adobe Photoshop TIFF Technical Note 3). In the
/// machine's order the lightest byte comes first, so byte b of a number lies in plane size - 1 - b.
/// </summary>
internal static class BytePlanes
{
    private const int Most = 8;

    /// <summary>Numbers to planes.</summary>
    /// <param name="numbers">Of the machine's order.</param>
    /// <param name="planes">As many bytes.</param>
    /// <param name="size">Bytes of a number.</param>
    public static void Split(ReadOnlySpan<byte> numbers, Span<byte> planes, int size)
    {
        var (count, done) = (numbers.Length / size, 0);
        if (size is 4 or 8)
        {
            Span<Vector128<byte>> vectors = stackalloc Vector128<byte>[Most], halves = stackalloc Vector128<byte>[Most];
            vectors = vectors[..size];
            for (; done <= count - Vector128<byte>.Count; done += Vector128<byte>.Count)
            {
                for (var i = 0; i < size; i++) vectors[i] = Vector128.Create(numbers.Slice(done * size + i * Vector128<byte>.Count, Vector128<byte>.Count));
                // Even bytes and odd ones come apart, again and again, until each vector has one byte of sixteen numbers.
                for (var length = size; length > 1; length /= 2)
                {
                    for (var group = 0; group < size; group += length)
                        for (var i = 0; i < length / 2; i++)
                        {
                            var (a, b) = (vectors[group + 2 * i].AsUInt16(), vectors[group + 2 * i + 1].AsUInt16());
                            halves[group + i] = Vector128.Narrow(a, b);
                            halves[group + length / 2 + i] = Vector128.Narrow(a >>> 8, b >>> 8);
                        }
                    halves[..size].CopyTo(vectors);
                }
                for (var i = 0; i < size; i++) vectors[i].CopyTo(planes[((size - 1 - Turned(i, size)) * count + done)..]);
            }
        }
        for (; done < count; done++)
            for (var b = 0; b < size; b++) planes[(size - 1 - b) * count + done] = numbers[done * size + b];
    }

    /// <summary>Planes to numbers: the opposite of <see cref="Split"/>.</summary>
    public static void Join(ReadOnlySpan<byte> planes, Span<byte> numbers, int size)
    {
        var (count, done) = (numbers.Length / size, 0);
        if (size is 4 or 8 && Sse2.IsSupported)
        {
            Span<Vector128<byte>> vectors = stackalloc Vector128<byte>[Most], joined = stackalloc Vector128<byte>[Most];
            vectors = vectors[..size];
            for (; done <= count - Vector128<byte>.Count; done += Vector128<byte>.Count)
            {
                for (var i = 0; i < size; i++) vectors[i] = Vector128.Create(planes.Slice((size - 1 - Turned(i, size)) * count + done, Vector128<byte>.Count));
                for (var length = 2; length <= size; length *= 2)
                {
                    for (var group = 0; group < size; group += length)
                        for (var i = 0; i < length / 2; i++)
                        {
                            var (a, b) = (vectors[group + i], vectors[group + length / 2 + i]);
                            joined[group + 2 * i] = Sse2.UnpackLow(a, b);
                            joined[group + 2 * i + 1] = Sse2.UnpackHigh(a, b);
                        }
                    joined[..size].CopyTo(vectors);
                }
                for (var i = 0; i < size; i++) vectors[i].CopyTo(numbers[(done * size + i * Vector128<byte>.Count)..]);
            }
        }
        for (; done < count; done++)
            for (var b = 0; b < size; b++) numbers[done * size + b] = planes[(size - 1 - b) * count + done];
    }

    /// <summary>Which byte of a number the vector at a place has: the place, its bits from last to first.</summary>
    private static int Turned(int place, int size) => size == 4 ? (place & 1) << 1 | place >> 1 : (place & 1) << 2 | place & 2 | place >> 2;
}
