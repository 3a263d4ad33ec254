using System.Numerics;
using System.Runtime.Intrinsics;

namespace Varve.Raster.Reductions;

/// <summary>
/// The sum of real numbers, exact until it is asked for, and then rounded once: it depends on the numbers alone, never on
/// their order or on who added which. Numbers are added into a fixed-point register that spans all of binary64 (the
/// "small superaccumulator" of R. Neal, Fast Exact Summation Using Small and Large Superaccumulators, 2015); long runs
/// are first cut at fixed bits into parts whose sums are exact in binary64 (S. Rump's error-free extraction).
/// </summary>
internal sealed class ExactSum
{
    private const int LimbBits = 32, Limbs = 70, Lowest = -1074, Carry = 1 << 29, CutBits = 40;
    private readonly long[] limbs = new long[Limbs];
    private int adds;
    private int unit = -CutBits;
    private long positiveInfinities, negativeInfinities;

    /// <summary>Adds one number; NaN is none.</summary>
    public void Add(double value)
    {
        if (value == 0 || double.IsNaN(value)) return;
        if (double.IsInfinity(value))
        {
            if (value > 0) positiveInfinities++;
            else negativeInfinities++;
            return;
        }
        var bits = BitConverter.DoubleToInt64Bits(value);
        var exponent = (int)(bits >> 52) & 0x7FF;
        var mantissa = bits & 0xFFFFFFFFFFFFF;
        if (exponent == 0) exponent = 1;
        else mantissa |= 1L << 52;
        var (limb, shift) = Math.DivRem(exponent - 1, LimbBits);
        var wide = (UInt128)(ulong)mantissa << shift;
        var (low, middle, high) = ((long)(uint)wide, (long)(uint)(wide >> 32), (long)(uint)(wide >> 64));
        if (bits < 0) (low, middle, high) = (-low, -middle, -high);
        limbs[limb] += low;
        limbs[limb + 1] += middle;
        limbs[limb + 2] += high;
        if (++adds >= Carry) Normalise();
    }

    /// <summary>Adds a number many times.</summary>
    public void Add(double value, long times)
    {
        var product = value * times;
        if (double.IsFinite(product) && Math.Abs(product) > 1e-200)
        {
            Add(product);
            Add(Math.FusedMultiplyAdd(value, times, -product));
            return;
        }
        for (var i = 0L; i < times && value != 0; i++) Add(value);
    }

    /// <summary>Adds a run of at most 4096 numbers; NaN are none. Returns how many of them were NaN.</summary>
    public unsafe int Add(double* values, int count)
    {
        // Runs are mostly like the one before: its cut is tried first.
        if (Cut(values, count, unit, out var largest, out var nans)) return nans;
        if (double.IsInfinity(largest) || Math.ILogB(largest) is < -700 or > 900)
        {
            One(values, count);
            return nans;
        }
        unit = Math.ILogB(largest) + 1 - CutBits;
        if (!Cut(values, count, unit, out _, out _)) One(values, count);
        return nans;
    }

    /// <summary>Adds a run whose numbers are below 2^40 units and have no bits below 2^-40 of one; else adds nothing, and returns false.</summary>
    private unsafe bool Cut(double* values, int count, int ofUnit, out double largest, out int nans)
    {
        var (first, second) = (Vector128.Create(1.5 * Math.ScaleB(1, ofUnit + 52)), Vector128.Create(1.5 * Math.ScaleB(1, ofUnit - CutBits + 52)));
        var (sum1, sum2, rest, most) = (Vector128<double>.Zero, Vector128<double>.Zero, Vector128<double>.Zero, Vector128<double>.Zero);
        var (i, numbers) = (0, Vector128<long>.Zero);
        for (; i <= count - 2; i += 2)
        {
            var x = Vector128.Load(values + i);
            // All bits, which is -1 as an integer, where a number equals itself.
            var isNumber = Vector128.Equals(x, x);
            numbers -= isNumber.AsInt64();
            x &= isNumber;
            most = Vector128.Max(most, Vector128.Abs(x));
            var high = x + first - first;
            var left = x - high;
            var low = left + second - second;
            sum1 += high;
            sum2 += low;
            rest |= left - low;
        }
        nans = i - (int)Vector128.Sum(numbers) + (i < count && double.IsNaN(values[i]) ? 1 : 0);
        largest = Math.Max(most[0], most[1]);
        if (i < count && !double.IsNaN(values[i])) largest = Math.Max(largest, Math.Abs(values[i]));
        if (largest == 0) return true;
        if (!(largest < Math.ScaleB(1, ofUnit + CutBits)) || !Vector128.EqualsAll(rest, Vector128<double>.Zero)) return false;
        Add(sum1[0] + sum1[1]);
        Add(sum2[0] + sum2[1]);
        if (i < count) Add(values[i]);
        return true;
    }

    private unsafe void One(double* values, int count)
    {
        for (var i = 0; i < count; i++) Add(values[i]);
    }

    /// <summary>Adds all that another has.</summary>
    public void Add(ExactSum other)
    {
        other.Normalise();
        Normalise();
        for (var i = 0; i < Limbs; i++) limbs[i] += other.limbs[i];
        Normalise();
        positiveInfinities += other.positiveInfinities;
        negativeInfinities += other.negativeInfinities;
    }

    private void Normalise()
    {
        adds = 0;
        for (var i = 0; i < Limbs - 1; i++)
        {
            var carry = limbs[i] >> LimbBits;
            limbs[i] -= carry << LimbBits;
            limbs[i + 1] += carry;
        }
    }

    /// <summary>The sum, divided by a number, rounded once.</summary>
    public double Value(long divisor = 1)
    {
        if (positiveInfinities > 0) return negativeInfinities > 0 ? double.NaN : double.PositiveInfinity;
        if (negativeInfinities > 0) return double.NegativeInfinity;
        return Rounded(Whole, divisor, Lowest);
    }

    /// <summary>The sum in units of 2^-1074; without infinities.</summary>
    public BigInteger Whole
    {
        get
        {
            Normalise();
            var whole = BigInteger.Zero;
            for (var i = Limbs - 1; i >= 0; i--) whole = (whole << LimbBits) + limbs[i];
            return whole;
        }
    }

    /// <summary>Whether it is infinite, so that <see cref="Whole"/> does not tell.</summary>
    public bool IsInfinite => positiveInfinities > 0 || negativeInfinities > 0;

    /// <summary>a / b * 2^exponent, rounded to the nearest, halves to even.</summary>
    public static double Rounded(BigInteger a, BigInteger b, int exponent)
    {
        if (a.IsZero) return 0;
        var isNegative = a.Sign * b.Sign < 0;
        (a, b) = (BigInteger.Abs(a), BigInteger.Abs(b));
        // A quotient of at least 64 bits, whose last bit also stands for whatever is below it.
        var shift = (int)(66 - a.GetBitLength() + b.GetBitLength());
        if (shift > 0) a <<= shift;
        else b <<= -shift;
        var quotient = BigInteger.DivRem(a, b, out var rest);
        var extra = (int)quotient.GetBitLength() - 55;
        var top = (ulong)(quotient >> extra);
        if (!rest.IsZero || (quotient & ((BigInteger.One << extra) - 1)) != 0) top |= 1;
        var scale = exponent - shift + extra;
        // Below the normal numbers fewer bits are kept: they are cut here, so that nothing is rounded twice.
        if (scale + 55 < -1021)
        {
            var lost = Math.Min(-1021 - scale - 55, 60);
            var sticky = (top & ((1UL << lost) - 1)) != 0 ? 1UL : 0;
            top = top >> lost | sticky;
            scale += lost;
        }
        var kept = top >> 2;
        var half = top & 3;
        if (half == 3 || (half == 2 && (kept & 1) == 1)) kept++;
        var value = Math.ScaleB(kept, scale + 2);
        return isNegative ? -value : value;
    }
}
