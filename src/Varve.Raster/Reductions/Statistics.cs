using System.Numerics;

namespace Varve.Raster.Reductions;

/// <summary>What was asked of all values.</summary>
[Flags]
internal enum Wanted
{
    /// <summary>How many there are: always known.</summary>
    Count = 0,
    Sum = 1,
    Extremes = 2,
    Squares = 4,
    All = Sum | Extremes | Squares,
}

/// <summary>Count, sum, least and most of some values, growing. Sums are exact.</summary>
internal sealed class Tally
{
    private readonly ExactSum real = new();
    private readonly ExactSum squares = new();
    private Int128 whole;

    public long Count { get; private set; }
    public long Missing { get; private set; }
    public double Least { get; private set; } = double.PositiveInfinity;
    public double Most { get; private set; } = double.NegativeInfinity;

    public ExactSum Real => real;
    public ExactSum Squares => squares;

    public void Counted(long values, long missing)
    {
        Count += values;
        Missing += missing;
    }

    public void AddWhole(Int128 sum) => whole += sum;

    public void Extend(double least, double most)
    {
        if (least < Least) Least = least;
        if (most > Most) Most = most;
    }

    public void Add(Tally other)
    {
        Counted(other.Count, other.Missing);
        whole += other.whole;
        real.Add(other.real);
        squares.Add(other.squares);
        Extend(other.Least, other.Most);
    }

    public Statistics Result(PixelType type)
    {
        var isReal = type is PixelType.Float32 or PixelType.Float64;
        var sum = isReal ? real.Value() : ExactSum.Rounded((BigInteger)whole, 1, 0);
        var mean = Count == 0 ? double.NaN : isReal ? real.Value(Count) : ExactSum.Rounded((BigInteger)whole, Count, 0);
        return new Statistics(Count, Missing, sum, isReal ? null : whole, Count == 0 ? double.NaN : Least, Count == 0 ? double.NaN : Most, mean, Deviation(isReal), type);
    }

    private double Deviation(bool isReal)
    {
        if (Count == 0 || real.IsInfinite || squares.IsInfinite) return double.NaN;
        // n * sum of squares - square of sum, in units of 2^-2148; nothing cancels, since nothing was rounded.
        var sum = isReal ? real.Whole : (BigInteger)whole << 1074;
        var difference = Count * (squares.Whole << 1074) - sum * sum;
        return difference.Sign <= 0 ? 0 : Math.Sqrt(ExactSum.Rounded(difference, (BigInteger)Count * Count, -2148));
    }
}
