namespace Varve.Raster.Hexagons;

/// <summary>
/// Base cells and digits. A cell's digits say, from its base cell on, which of the seven children each next is part of,
/// on the plane of the base cell's home face. Around a pentagon, which lies on a corner where only five faces meet, the
/// plane has a sixth too much: the children of one digit are left out, and the faces are laid side by side from the home
/// face on, with the clock, until they come back to it.
/// </summary>
internal static class Lattice
{
    /// <summary>The digit that pentagons have no children of.</summary>
    public const int DeletedDigit = 1;

    /// <summary>The digit of each unit, in the order of <see cref="Eisenstein.Units"/>.</summary>
    private static readonly int[] Digits = [4, 6, 2, 3, 1, 5];

    private static readonly Dictionary<(int Face, Eisenstein At), int> BaseCells = BaseCellsOf();

    public static bool IsPentagon(int baseCell) => Constants.Homes[baseCell] % 1000 == 100 * Constants.CornerDistance;

    /// <summary>The face on which a base cell is at home, and where.</summary>
    public static (int Face, Eisenstein At) Home(int baseCell)
    {
        var (face, steps) = Math.DivRem((int)Constants.Homes[baseCell], 1000);
        return (face, steps / 100 * Eisenstein.Corners[0] + steps / 10 % 10 * Eisenstein.Corners[1] + steps % 10 * Eisenstein.Corners[2]);
    }

    public static Eisenstein UnitOf(int digit) => digit == 0 ? default : Eisenstein.Units[Array.IndexOf(Digits, digit)];

    private static Eisenstein StepTo(int resolution) => resolution % 2 == 1 ? Eisenstein.ToOdd : Eisenstein.ToEven;

    /// <summary>Where a cell is on its home face's plane, in the lattice of its resolution.</summary>
    public static Eisenstein AtHome(HexagonCell cell)
    {
        var (_, at) = Home(cell.BaseCell);
        for (var r = 1; r <= cell.Resolution; r++) at = at * StepTo(r) + UnitOf(cell.DigitAt(r));
        return at;
    }

    /// <summary>One distance of base cells in the lattice of a resolution.</summary>
    public static Eisenstein Scale(int resolution)
    {
        var scale = Eisenstein.One;
        for (var r = 1; r <= resolution; r++) scale *= StepTo(r);
        return scale;
    }

    /// <summary>What each face calls the base cells on it and right around it.</summary>
    private static Dictionary<(int Face, Eisenstein At), int> BaseCellsOf()
    {
        const int Reach = 4, Near = 3;
        var all = new Dictionary<(int, Eisenstein), int>();
        var centres = Enumerable.Range(0, Constants.Homes.Length).Select(static c => Home(c) is var (face, at) ? Icosahedron.Place(face, at.Point.X, at.Point.Y) : default).ToList();
        for (var face = 0; face < Constants.Faces.Length; face++)
            for (var a = -Reach; a <= Reach; a++)
                for (var b = -Reach; b <= Reach; b++)
                {
                    var at = new Eisenstein(a, b);
                    if (Enumerable.Range(0, 3).Any(e => Icosahedron.Outwards(at, e) > Near)) continue;
                    var (there, point) = Icosahedron.Settle(face, at, Eisenstein.One);
                    var place = Icosahedron.Place(there, point.Point.X, point.Point.Y);
                    all[(face, at)] = Enumerable.Range(0, centres.Count).MinBy(c => Apart(centres[c], place));
                }
        return all;
    }

    private static double Apart((double Latitude, double Longitude) a, (double Latitude, double Longitude) b) =>
        Math.Pow(Math.Sin((a.Latitude - b.Latitude) / 2), 2) + Math.Cos(a.Latitude) * Math.Cos(b.Latitude) * Math.Pow(Math.Sin((a.Longitude - b.Longitude) / 2), 2);

    /// <summary>The base cell and the digits of the cell in which a place, in radians, lies.</summary>
    public static (int BaseCell, int[] Digits) Find(double latitude, double longitude, int resolution)
    {
        var (face, x, y) = Icosahedron.Face(latitude, longitude);
        var (scale, turn) = (Scale(resolution), Scale(resolution).Point);
        var at = Eisenstein.Nearest(x * turn.X - y * turn.Y, x * turn.Y + y * turn.X);
        var baseCell = BaseCells[(face, Climb(at, resolution).Top)];
        var (home, _) = Home(baseCell);
        var turns = 0;
        if (IsPentagon(baseCell))
        {
            // Back, against the clock around the corner, by the edge at whose end it is.
            var corner = Enumerable.Range(0, 3).First(c => BaseCells[(face, Constants.CornerDistance * Eisenstein.Corners[c])] == baseCell);
            for (; face != home; turns++) (face, at, corner) = Around(face, at, corner, scale, isBack: true);
        }
        else if (face != home)
        {
            (_, at) = Icosahedron.Cross(face, at, Icosahedron.EdgeTo(face, home), scale);
        }
        var rests = Climb(at, resolution).Rests;
        if (IsPentagon(baseCell) && Array.Find(rests, static r => r != default) == UnitOf(DeletedDigit))
        {
            // Over the seam: what it has too much there lies on its other side.
            var aside = Eisenstein.Units[turns == 0 ? 1 : 5];
            for (var i = 0; i < rests.Length; i++) rests[i] *= aside;
        }
        return (baseCell, [.. rests.Select(static r => r == default ? 0 : Digits[Array.IndexOf(Eisenstein.Units, r)])]);
    }

    /// <summary>The base cell's point above one, and which child each next is.</summary>
    private static (Eisenstein Top, Eisenstein[] Rests) Climb(Eisenstein at, int resolution)
    {
        var rests = new Eisenstein[resolution];
        for (var r = resolution; r > 0; r--) (at, rests[r - 1]) = at.Up(StepTo(r));
        return (at, rests);
    }

    /// <summary>From a face to the next around one of its corners, with the clock, or back.</summary>
    public static (int Face, Eisenstein At, int Corner) Around(int face, Eisenstein at, int corner, Eisenstein scale, bool isBack = false)
    {
        var edge = isBack ? (corner + 2) % 3 : corner;
        var (other, there) = Icosahedron.Cross(face, at, edge, scale);
        return (other, there, Icosahedron.CornerOver(face, edge, corner));
    }
}
