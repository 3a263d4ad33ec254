namespace Varve.Raster.Hexagons;

/// <summary>
/// Where a cell's centre and corners are. All is counted in integers, on a lattice three times as fine as that of the
/// next even resolution, on which corners lie: so it is known, and not guessed, on which side of a face's edge a corner is.
/// </summary>
internal static class Outline
{
    private const int Fine = 3;

    /// <summary>How often one goes on around a pentagon to the face in which children of a digit begin.</summary>
    private static int TurnsOf(int digit) => digit switch { 2 => 1, 6 => 2, 4 => 3, 5 => 4, _ => 0 };

    /// <summary>Latitude and longitude, in radians, of a cell's centre.</summary>
    public static (double Latitude, double Longitude) CentreOf(HexagonCell cell)
    {
        var (face, at, scale) = Settled(cell);
        return PlaceOf(face, at.Point, scale);
    }

    /// <summary>Latitudes and longitudes, in radians, of a cell's corners against the clock, with those points where a side bends at an edge of the icosahedron.</summary>
    public static List<(double Latitude, double Longitude)> Of(HexagonCell cell)
    {
        var (face, at, scale) = Settled(cell);
        var step = cell.Resolution % 2 == 1 ? Eisenstein.ToEven : Eisenstein.One;
        Eisenstein[] around = [.. Enumerable.Range(0, 6).Select(i => step * (Eisenstein.Units[i] + Eisenstein.Units[(i + 1) % 6]))];
        return cell.IsPentagon ? Pentagon(face, scale, around) : Hexagon(face, at, scale, around, mayBend: cell.Resolution % 2 == 1);
    }

    /// <summary>The face on which the centre lies, where on its plane, and what one distance of base cells is there.</summary>
    private static (int Face, Eisenstein At, Eisenstein Scale) Settled(HexagonCell cell)
    {
        var (face, _) = Lattice.Home(cell.BaseCell);
        var isOdd = cell.Resolution % 2 == 1;
        var at = Fine * (isOdd ? Lattice.AtHome(cell) * Eisenstein.ToEven : Lattice.AtHome(cell));
        var scale = Fine * Lattice.Scale(cell.Resolution + (isOdd ? 1 : 0));
        if (!cell.IsOfPentagon) return Icosahedron.Settle(face, at, scale) is var (there, point) ? (there, point, scale) : default;
        var corner = 0;
        for (var turns = TurnsOf(cell.LeadingDigit); turns > 0; turns--) (face, at, corner) = Lattice.Around(face, at, corner, scale);
        // The children of one digit lie on two faces, and a little on a third.
        var end = Constants.CornerDistance * scale.A;
        while (Icosahedron.Outwards(at, corner) > end) (face, at, corner) = Lattice.Around(face, at, corner, scale);
        while (Icosahedron.Outwards(at, (corner + 2) % 3) > end) (face, at, corner) = Lattice.Around(face, at, corner, scale, isBack: true);
        return (face, at, scale);
    }

    private static (double Latitude, double Longitude) PlaceOf(int face, (double X, double Y) point, Eisenstein scale) => Icosahedron.Place(face, point.X / scale.A, point.Y / scale.A);

    private static List<(double, double)> Hexagon(int face, Eisenstein at, Eisenstein scale, Eisenstein[] around, bool mayBend)
    {
        var corners = new List<(double, double)>();
        for (var i = 0; i < 6; i++)
        {
            var (from, to) = (at + around[i], at + around[(i + 1) % 6]);
            var (there, point) = Icosahedron.Settle(face, from, scale);
            corners.Add(PlaceOf(there, point.Point, scale));
            // In even resolutions a side that meets an edge lies on it, or ends there.
            if (mayBend)
                foreach (var part in Enumerable.Range(0, 3).Select(e => Bend(from, to, e, scale)).OfType<double>().Order()) corners.Add(PlaceOf(face, Between(from, to, part), scale));
        }
        return corners;
    }

    /// <summary>On each of the five faces around it one corner, and where the side after that leaves the face.</summary>
    private static List<(double, double)> Pentagon(int face, Eisenstein scale, Eisenstein[] around)
    {
        var corners = new List<(double, double)>();
        var end = Constants.CornerDistance * scale.A;
        var (at, corner) = (end * Eisenstein.Corners[0], 0);
        for (var turn = 0; turn < 5; turn++)
        {
            var own = Enumerable.Range(0, 6).First(i => Icosahedron.Outwards(at + around[i], corner) <= end && Icosahedron.Outwards(at + around[i], (corner + 2) % 3) < end);
            var (from, to) = (at + around[own], at + around[(own + 5) % 6]);
            corners.Add(PlaceOf(face, from.Point, scale));
            if (Bend(from, to, corner, scale) is { } part) corners.Add(PlaceOf(face, Between(from, to, part), scale));
            (face, at, corner) = Lattice.Around(face, at, corner, scale);
        }
        corners.Reverse();
        return corners;
    }

    /// <summary>Which part of a side lies before an edge of the face; null when its ends do not lie on both sides.</summary>
    private static double? Bend(Eisenstein from, Eisenstein to, int edge, Eisenstein scale)
    {
        var (a, b) = (Icosahedron.Outwards(from, edge) - Constants.CornerDistance * scale.A, Icosahedron.Outwards(to, edge) - Constants.CornerDistance * scale.A);
        return (a < 0 && b > 0) || (a > 0 && b < 0) ? (double)a / (a - b) : null;
    }

    private static (double X, double Y) Between(Eisenstein from, Eisenstein to, double part) =>
        (from.Point.X + (to.Point.X - from.Point.X) * part, from.Point.Y + (to.Point.Y - from.Point.Y) * part);
}
