using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Varve.Raster.Files;

/// <summary>The checksum of zlib's streams (RFC 1950, section 8).</summary>
internal static unsafe class Adler32
{
    private const uint Modulus = 65521;
    /// <summary>The most bytes after which sums still fit 32 bits.</summary>
    private const int Most = 5552;

    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        var (a, b) = (1u, 0u);
        fixed (byte* all = bytes)
            for (var at = 0; at < bytes.Length; at += Most)
            {
                var count = Math.Min(Most, bytes.Length - at);
                var i = 0;
                if (Ssse3.IsSupported) i = Vectors(all + at, count, ref a, ref b);
                for (; i < count; i++) b += a += all[at + i];
                a %= Modulus;
                b %= Modulus;
            }
        return b << 16 | a;
    }

    /// <summary>Sixteen bytes at a time: how many were added.</summary>
    private static int Vectors(byte* bytes, int count, ref uint a, ref uint b)
    {
        var (plain, weighted, before, i) = (Vector128<uint>.Zero, Vector128<int>.Zero, Vector128<uint>.Zero, 0);
        var weights = Vector128.Create(16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1);
        for (; i <= count - 16; i += 16)
        {
            var x = Vector128.Load(bytes + i);
            before += plain;
            plain += Sse2.SumAbsoluteDifferences(x, Vector128<byte>.Zero).AsUInt32();
            weighted += Sse2.MultiplyAddAdjacent(Ssse3.MultiplyAddAdjacent(x, weights.AsSByte()), Vector128<short>.One);
        }
        b += a * (uint)i + 16 * Vector128.Sum(before) + (uint)Vector128.Sum(weighted);
        a += Vector128.Sum(plain);
        return i;
    }
}
