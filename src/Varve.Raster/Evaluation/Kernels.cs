using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Varve.Raster.Evaluation;

/// <summary>A comparison, of numbers and of vectors of them.</summary>
internal interface IComparison
{
    static abstract bool Of<T>(T a, T b) where T : unmanaged, INumber<T>;
    static abstract Vector128<T> Of<T>(Vector128<T> a, Vector128<T> b) where T : unmanaged, INumber<T>;
}

/// <summary>a == b.</summary>
internal readonly struct IsEqual : IComparison
{
    public static bool Of<T>(T a, T b) where T : unmanaged, INumber<T> => a == b;
    public static Vector128<T> Of<T>(Vector128<T> a, Vector128<T> b) where T : unmanaged, INumber<T> => Vector128.Equals(a, b);
}

/// <summary>a != b; true of NaN and itself.</summary>
internal readonly struct IsNotEqual : IComparison
{
    public static bool Of<T>(T a, T b) where T : unmanaged, INumber<T> => a != b;
    public static Vector128<T> Of<T>(Vector128<T> a, Vector128<T> b) where T : unmanaged, INumber<T> => ~Vector128.Equals(a, b);
}

/// <summary>a &lt; b.</summary>
internal readonly struct IsLess : IComparison
{
    public static bool Of<T>(T a, T b) where T : unmanaged, INumber<T> => a < b;
    public static Vector128<T> Of<T>(Vector128<T> a, Vector128<T> b) where T : unmanaged, INumber<T> => Vector128.LessThan(a, b);
}

/// <summary>a &lt;= b.</summary>
internal readonly struct IsLessOrEqual : IComparison
{
    public static bool Of<T>(T a, T b) where T : unmanaged, INumber<T> => a <= b;
    public static Vector128<T> Of<T>(Vector128<T> a, Vector128<T> b) where T : unmanaged, INumber<T> => Vector128.LessThanOrEqual(a, b);
}

/// <summary>Loops over runs of pixels, in vectors.</summary>
internal static unsafe class Kernels
{
    /// <summary>1 where the comparison holds, else 0.</summary>
    public static void Compare<T, TComparison>(T* a, T* b, byte* result, int count)
        where T : unmanaged, INumber<T>
        where TComparison : IComparison
    {
        var i = 0;
        var one = Vector128.Create((byte)1);
        var lanes = Vector128<T>.Count;
        for (; i <= count - 16; i += 16)
        {
            Vector128<byte> packed;
            if (sizeof(T) == 1)
            {
                packed = TComparison.Of(Vector128.Load(a + i), Vector128.Load(b + i)).AsByte();
            }
            else if (sizeof(T) == 2)
            {
                packed = Vector128.Narrow(Pair<T, TComparison>(a + i, b + i).AsUInt16(), Pair<T, TComparison>(a + i + lanes, b + i + lanes).AsUInt16());
            }
            else if (sizeof(T) == 4)
            {
                packed = Vector128.Narrow(Four<T, TComparison>(a + i, b + i), Four<T, TComparison>(a + i + 8, b + i + 8));
            }
            else
            {
                packed = Vector128.Narrow(Eight<T, TComparison>(a + i, b + i), Eight<T, TComparison>(a + i + 8, b + i + 8));
            }
            (packed & one).Store(result + i);
        }
        for (; i < count; i++) result[i] = TComparison.Of(a[i], b[i]) ? (byte)1 : (byte)0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<T> Pair<T, TComparison>(T* a, T* b) where T : unmanaged, INumber<T> where TComparison : IComparison =>
        TComparison.Of(Vector128.Load(a), Vector128.Load(b));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ushort> Four<T, TComparison>(T* a, T* b) where T : unmanaged, INumber<T> where TComparison : IComparison =>
        Vector128.Narrow(Pair<T, TComparison>(a, b).AsUInt32(), Pair<T, TComparison>(a + 4, b + 4).AsUInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ushort> Eight<T, TComparison>(T* a, T* b) where T : unmanaged, INumber<T> where TComparison : IComparison => Vector128.Narrow(
        Vector128.Narrow(Pair<T, TComparison>(a, b).AsUInt64(), Pair<T, TComparison>(a + 2, b + 2).AsUInt64()),
        Vector128.Narrow(Pair<T, TComparison>(a + 4, b + 4).AsUInt64(), Pair<T, TComparison>(a + 6, b + 6).AsUInt64()));

    /// <summary>a where the condition is 1, b where it is 0. Only the size of the numbers matters.</summary>
    public static void Choose<T>(byte* condition, T* a, T* b, T* result, int count) where T : unmanaged, IBinaryInteger<T>
    {
        var i = 0;
        for (; i <= count - 16; i += 16)
        {
            // 1 becomes all bits, as wide as the numbers are.
            var mask = (Vector128<byte>.Zero - Vector128.Load(condition + i)).AsSByte();
            if (sizeof(T) == 1)
            {
                Pick(mask.AsByte(), (byte*)(a + i), (byte*)(b + i), (byte*)(result + i));
                continue;
            }
            var (low, high) = Vector128.Widen(mask);
            if (sizeof(T) == 2)
            {
                Pick(low.AsByte(), (byte*)(a + i), (byte*)(b + i), (byte*)(result + i));
                Pick(high.AsByte(), (byte*)(a + i + 8), (byte*)(b + i + 8), (byte*)(result + i + 8));
                continue;
            }
            Quarter(low, a + i, b + i, result + i);
            Quarter(high, a + i + 8, b + i + 8, result + i + 8);
        }
        for (; i < count; i++)
        {
            var (x, y) = (a[i], b[i]);
            var mask = T.Zero - T.CreateTruncating(condition[i]);
            result[i] = y ^ ((x ^ y) & mask);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pick(Vector128<byte> mask, byte* a, byte* b, byte* result) => Vector128.ConditionalSelect(mask, Vector128.Load(a), Vector128.Load(b)).Store(result);

    /// <summary>Eight numbers of 4 or 8 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Quarter<T>(Vector128<short> mask, T* a, T* b, T* result) where T : unmanaged
    {
        var (low, high) = Vector128.Widen(mask);
        if (sizeof(T) == 4)
        {
            Pick(low.AsByte(), (byte*)a, (byte*)b, (byte*)result);
            Pick(high.AsByte(), (byte*)(a + 4), (byte*)(b + 4), (byte*)(result + 4));
            return;
        }
        var (first, second) = Vector128.Widen(low);
        var (third, fourth) = Vector128.Widen(high);
        Pick(first.AsByte(), (byte*)a, (byte*)b, (byte*)result);
        Pick(second.AsByte(), (byte*)(a + 2), (byte*)(b + 2), (byte*)(result + 2));
        Pick(third.AsByte(), (byte*)(a + 4), (byte*)(b + 4), (byte*)(result + 4));
        Pick(fourth.AsByte(), (byte*)(a + 6), (byte*)(b + 6), (byte*)(result + 6));
    }

    /// <summary>1 where any of a few values is met; each is given as a whole vector of it.</summary>
    public static void AnyOf<T>(T* a, ReadOnlySpan<Vector128<T>> values, byte* result, int count) where T : unmanaged, INumber<T>
    {
        var i = 0;
        var one = Vector128.Create((byte)1);
        for (; i <= count - 16; i += 16)
        {
            Vector128<byte> packed;
            if (sizeof(T) == 1) packed = Met(a + i, values).AsByte();
            else if (sizeof(T) == 2) packed = Vector128.Narrow(Met(a + i, values).AsUInt16(), Met(a + i + 8, values).AsUInt16());
            else if (sizeof(T) == 4) packed = Vector128.Narrow(MetByFour(a + i, values), MetByFour(a + i + 8, values));
            else packed = Vector128.Narrow(MetByEight(a + i, values), MetByEight(a + i + 8, values));
            (packed & one).Store(result + i);
        }
        for (; i < count; i++)
        {
            result[i] = 0;
            foreach (var value in values) result[i] |= a[i] == value[0] ? (byte)1 : (byte)0;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<T> Met<T>(T* a, ReadOnlySpan<Vector128<T>> values) where T : unmanaged, INumber<T>
    {
        var (x, met) = (Vector128.Load(a), Vector128<T>.Zero);
        foreach (var value in values) met |= Vector128.Equals(x, value);
        return met;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ushort> MetByFour<T>(T* a, ReadOnlySpan<Vector128<T>> values) where T : unmanaged, INumber<T> =>
        Vector128.Narrow(Met(a, values).AsUInt32(), Met(a + 4, values).AsUInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ushort> MetByEight<T>(T* a, ReadOnlySpan<Vector128<T>> values) where T : unmanaged, INumber<T> => Vector128.Narrow(
        Vector128.Narrow(Met(a, values).AsUInt64(), Met(a + 2, values).AsUInt64()),
        Vector128.Narrow(Met(a + 4, values).AsUInt64(), Met(a + 6, values).AsUInt64()));

    /// <summary>What a table of 256 truths says of each byte.</summary>
    /// <param name="a">The bytes.</param>
    /// <param name="low">For each lower half of a byte the upper halves below 8 with which it is true, as bits.</param>
    /// <param name="high">The same for the upper halves from 8.</param>
    /// <param name="table">The truths, 0 or 1.</param>
    /// <param name="result">1 or 0 for each byte.</param>
    /// <param name="count">How many.</param>
    public static void Look(byte* a, Vector128<byte> low, Vector128<byte> high, byte* table, byte* result, int count)
    {
        var i = 0;
        if (Ssse3.IsSupported)
        {
            var (half, one) = (Vector128.Create((byte)15), Vector128.Create((byte)1));
            var bits = Vector128.Create(1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128).AsByte();
            for (; i <= count - 16; i += 16)
            {
                var x = Vector128.Load(a + i);
                var (lower, upper) = (x & half, x.AsUInt16() >>> 4);
                var isHigh = Vector128.LessThan(x.AsSByte(), Vector128<sbyte>.Zero).AsByte();
                var rows = Vector128.ConditionalSelect(isHigh, Ssse3.Shuffle(high, lower), Ssse3.Shuffle(low, lower));
                var asked = Ssse3.Shuffle(bits, upper.AsByte() & half);
                (Vector128.Equals(rows & asked, asked) & one).Store(result + i);
            }
        }
        for (; i < count; i++) result[i] = table[a[i]];
    }

    public static void Or(byte* a, byte* b, byte* result, int count)
    {
        var i = 0;
        for (; i <= count - 16; i += 16) (Vector128.Load(a + i) | Vector128.Load(b + i)).Store(result + i);
        for (; i < count; i++) result[i] = (byte)(a[i] | b[i]);
    }

    public static void And(byte* a, byte* b, byte* result, int count)
    {
        var i = 0;
        for (; i <= count - 16; i += 16) (Vector128.Load(a + i) & Vector128.Load(b + i)).Store(result + i);
        for (; i < count; i++) result[i] = (byte)(a[i] & b[i]);
    }

    /// <summary>a without what is in b.</summary>
    public static void AndNot(byte* a, byte* b, byte* result, int count)
    {
        var i = 0;
        for (; i <= count - 16; i += 16) Vector128.AndNot(Vector128.Load(a + i), Vector128.Load(b + i)).Store(result + i);
        for (; i < count; i++) result[i] = (byte)(a[i] & ~b[i]);
    }

    public static long Sum(byte* a, int count)
    {
        var (all, i) = (0L, 0);
        while (i <= count - 16)
        {
            // Bytes add up in 16 bits for 128 rounds.
            var sum = Vector128<ushort>.Zero;
            for (var end = Math.Min(count - 16, i + 127 * 16); i <= end; i += 16)
            {
                var (low, high) = Vector128.Widen(Vector128.Load(a + i));
                sum += low + high;
            }
            var (lower, upper) = Vector128.Widen(sum);
            all += Vector128.Sum(lower) + Vector128.Sum(upper);
        }
        for (; i < count; i++) all += a[i];
        return all;
    }

    /// <summary>The least of some real numbers times a sign, NaN left out; infinite when there is none.</summary>
    public static double Least(double* a, int count, double sign = 1)
    {
        var (least, i, none, factor) = (Vector128.Create(double.PositiveInfinity), 0, Vector128.Create(double.PositiveInfinity), Vector128.Create(sign));
        for (; i <= count - 2; i += 2)
        {
            var x = Vector128.Load(a + i) * factor;
            least = Vector128.Min(least, Vector128.ConditionalSelect(Vector128.Equals(x, x), x, none));
        }
        var result = Math.Min(least[0], least[1]);
        return i < count && !double.IsNaN(a[i]) ? Math.Min(result, a[i] * sign) : result;
    }

    /// <summary>How many are NaN.</summary>
    public static int NaNs(double* a, int count)
    {
        var (numbers, i) = (Vector128<long>.Zero, 0);
        for (; i <= count - 2; i += 2)
        {
            var x = Vector128.Load(a + i);
            // All bits, which is -1, where a number equals itself.
            numbers -= Vector128.Equals(x, x).AsInt64();
        }
        var nans = i - (int)Vector128.Sum(numbers);
        return i < count && double.IsNaN(a[i]) ? nans + 1 : nans;
    }

    public static bool Any(byte* a, int count) => new ReadOnlySpan<byte>(a, count).IndexOfAnyExcept((byte)0) >= 0;
}
