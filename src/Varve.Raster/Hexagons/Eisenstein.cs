namespace Varve.Raster.Hexagons;

/// <summary>
/// A point of the hexagonal lattice as an integer of Eisenstein: A + B w, where w is the third root of 1, so that turns by
/// 60 degrees and the step to the next finer lattice, of a seventh of the area, are products.
/// </summary>
internal readonly record struct Eisenstein(long A, long B)
{
    private static readonly double Height = Math.Sqrt(3) / 2;

    public static readonly Eisenstein One = new(1, 0), Root = new(0, 1);

    /// <summary>The six neighbours of 0, each a turn by 60 degrees from the last, against the clock.</summary>
    public static readonly Eisenstein[] Units = [new(1, 0), new(1, 1), new(0, 1), new(-1, 0), new(-1, -1), new(0, -1)];

    /// <summary>The corners of a face, as seen from its centre.</summary>
    public static readonly Eisenstein[] Corners = [Units[0], Units[2], Units[4]];

    /// <summary>From a lattice to the next finer one, by turns to one side and the other: for resolutions of odd numbers, and of even ones. Their product is 7.</summary>
    public static readonly Eisenstein ToOdd = new(2, -1), ToEven = new(3, 1);

    public static Eisenstein operator +(Eisenstein a, Eisenstein b) => new(a.A + b.A, a.B + b.B);
    public static Eisenstein operator -(Eisenstein a, Eisenstein b) => new(a.A - b.A, a.B - b.B);
    public static Eisenstein operator *(Eisenstein a, Eisenstein b) => new(a.A * b.A - a.B * b.B, a.A * b.B + a.B * b.A - a.B * b.B);
    public static Eisenstein operator *(long a, Eisenstein b) => new(a * b.A, a * b.B);

    /// <summary>The square of the distance from 0.</summary>
    public long Norm => A * A - A * B + B * B;

    private Eisenstein Mirrored => new(A - B, -B);

    /// <summary>The quotient, which must be one.</summary>
    public static Eisenstein operator /(Eisenstein a, Eisenstein b) => a * b.Mirrored is var (x, y) && b.Norm is var norm ? new(x / norm, y / norm) : default;

    /// <summary>As a point of the plane.</summary>
    public (double X, double Y) Point => (A - B / 2.0, B * Height);

    /// <summary>The nearest to a point of the plane.</summary>
    public static Eisenstein Nearest(double x, double y)
    {
        var b = y / Height;
        var (least, below) = ((long)Math.Floor(x + b / 2), (long)Math.Floor(b));
        var (best, distance) = (default(Eisenstein), double.PositiveInfinity);
        for (var i = 0; i < 4; i++)
        {
            var one = new Eisenstein(least + (i & 1), below + (i >> 1));
            var away = Math.Pow(one.Point.X - x, 2) + Math.Pow(one.Point.Y - y, 2);
            if (away < distance) (best, distance) = (one, away);
        }
        return best;
    }

    /// <summary>The point of the next coarser lattice to which this belongs, and which of its neighbours there this is: 0, or a unit.</summary>
    /// <param name="step">From that lattice to this.</param>
    public (Eisenstein Parent, Eisenstein Child) Up(Eisenstein step)
    {
        var (x, y) = this * step.Mirrored;
        var near = new Eisenstein((long)Math.Round(x / 7.0), (long)Math.Round(y / 7.0));
        foreach (var aside in (ReadOnlySpan<Eisenstein>)[default, .. Units])
            if (this - (near + aside) * step is { Norm: <= 1 } rest) return (near + aside, rest);
        throw new InvalidOperationException("each point belongs to one of the coarser lattice");
    }
}
