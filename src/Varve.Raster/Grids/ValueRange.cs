namespace Varve.Raster.Grids;

/// <summary>The least and the most that an integer can be.</summary>
internal readonly record struct ValueRange(Int128 Least, Int128 Most)
{
    public bool Holds(ValueRange other) => other.Least >= Least && other.Most <= Most;
    public bool Holds(Int128 value) => value >= Least && value <= Most;
    public ValueRange With(ValueRange other) => new(Int128.Min(Least, other.Least), Int128.Max(Most, other.Most));

    public static ValueRange operator +(ValueRange a, ValueRange b) => new(a.Least + b.Least, a.Most + b.Most);
    public static ValueRange operator -(ValueRange a, ValueRange b) => new(a.Least - b.Most, a.Most - b.Least);
    public static ValueRange operator -(ValueRange a) => new(-a.Most, -a.Least);

    /// <summary>The product's; what leaves 127 bits is cut there, which is far outside every pixel type.</summary>
    public static ValueRange operator *(ValueRange a, ValueRange b)
    {
        Int128[] corners = [Times(a.Least, b.Least), Times(a.Least, b.Most), Times(a.Most, b.Least), Times(a.Most, b.Most)];
        return new ValueRange(corners.Min(), corners.Max());
    }

    private static Int128 Times(Int128 a, Int128 b)
    {
        try
        {
            return checked(a * b);
        }
        catch (OverflowException)
        {
            return Int128.IsNegative(a) == Int128.IsNegative(b) ? Int128.MaxValue >> 2 : Int128.MinValue >> 2;
        }
    }
}
