namespace Varve.Raster.Hexagons;

/// <summary>
/// The faces of the icosahedron around the globe, each with a plane that touches the globe at the face's centre, onto
/// which the globe is projected from its own centre. A plane goes on beyond its face; what lies there belongs to the
/// neighbour, whose plane is laid against the shared edge by a turn and a shift.
/// </summary>
internal static class Icosahedron
{
    private static readonly (Vector East, Vector North)[] Axes = [.. Constants.Faces.Select(AxesOf)];
    private static readonly Neighbour[,] Neighbours = NeighboursOf();

    private readonly record struct Vector(double X, double Y, double Z)
    {
        public static Vector operator +(Vector a, Vector b) => new(a.X + b.X, a.Y + b.Y, a.Z + b.Z);
        public static Vector operator *(double a, Vector b) => new(a * b.X, a * b.Y, a * b.Z);
        public double Times(Vector b) => X * b.X + Y * b.Y + Z * b.Z;
    }

    /// <summary>Over an edge: which face is there, and how places of the old plane become places of its own: turned, then shifted by a number of base cells.</summary>
    private readonly record struct Neighbour(int Face, Eisenstein Turn, Eisenstein Shift, int[] Corners);

    private static Vector Centre(int face) => new(Constants.Faces[face].X, Constants.Faces[face].Y, Constants.Faces[face].Z);

    /// <summary>The axes of a face's plane: to its first corner, and a quarter turn from there against the clock.</summary>
    private static (Vector, Vector) AxesOf((double X, double Y, double Z, double Azimuth) face)
    {
        var flat = Math.Sqrt(face.X * face.X + face.Y * face.Y);
        var (east, north) = (new Vector(-face.Y / flat, face.X / flat, 0), new Vector(-face.Z * face.X / flat, -face.Z * face.Y / flat, flat));
        var (cos, sin) = (Math.Cos(face.Azimuth), Math.Sin(face.Azimuth));
        return (cos * north + sin * east, sin * north + -cos * east);
    }

    private static Neighbour[,] NeighboursOf()
    {
        Vector Corner(int face, int corner) => OnGlobe(face, Constants.CornerDistance * Eisenstein.Corners[corner].Point.X, Constants.CornerDistance * Eisenstein.Corners[corner].Point.Y);
        const double Same = 0.999;
        var all = new Neighbour[Constants.Faces.Length, 3];
        for (var face = 0; face < Constants.Faces.Length; face++)
            for (var edge = 0; edge < 3; edge++)
            {
                var (from, to) = (Corner(face, edge), Corner(face, (edge + 1) % 3));
                for (var other = 0; other < Constants.Faces.Length; other++)
                {
                    var (a, b) = (Array.FindIndex([0, 1, 2], c => Corner(other, c).Times(from) > Same), Array.FindIndex([0, 1, 2], c => Corner(other, c).Times(to) > Same));
                    if (other == face || a < 0 || b < 0) continue;
                    var turn = (Eisenstein.Corners[a] - Eisenstein.Corners[b]) / (Eisenstein.Corners[edge] - Eisenstein.Corners[(edge + 1) % 3]);
                    var corners = new[] { -1, -1, -1 };
                    (corners[edge], corners[(edge + 1) % 3]) = (a, b);
                    all[face, edge] = new Neighbour(other, turn, Constants.CornerDistance * (Eisenstein.Corners[a] - turn * Eisenstein.Corners[edge]), corners);
                }
            }
        return all;
    }

    /// <summary>A place on a face's plane, in distances of base cells, as a vector from the globe's centre.</summary>
    private static Vector OnGlobe(int face, double x, double y)
    {
        var at = Centre(face) + Constants.Unit * x * Axes[face].East + Constants.Unit * y * Axes[face].North;
        return 1 / Math.Sqrt(at.Times(at)) * at;
    }

    /// <summary>Latitude and longitude, in radians, of a place on a face's plane in distances of base cells.</summary>
    public static (double Latitude, double Longitude) Place(int face, double x, double y)
    {
        var at = OnGlobe(face, x, y);
        return (Math.Atan2(at.Z, Math.Sqrt(at.X * at.X + at.Y * at.Y)), Math.Atan2(at.Y, at.X));
    }

    /// <summary>The face whose centre is nearest, and where a place, in radians, lies on its plane.</summary>
    public static (int Face, double X, double Y) Face(double latitude, double longitude)
    {
        var at = new Vector(Math.Cos(latitude) * Math.Cos(longitude), Math.Cos(latitude) * Math.Sin(longitude), Math.Sin(latitude));
        var face = Enumerable.Range(0, Constants.Faces.Length).MaxBy(f => Centre(f).Times(at));
        var scale = Constants.Unit * Centre(face).Times(at);
        return (face, Axes[face].East.Times(at) / scale, Axes[face].North.Times(at) / scale);
    }

    /// <summary>How far a point lies along an edge's direction outwards; on the edge it is the scale times the distance of corners.</summary>
    public static long Outwards(Eisenstein at, int edge) => edge switch { 0 => at.A + at.B, 1 => at.B - 2 * at.A, _ => at.A - 2 * at.B };

    /// <summary>A point of a face's plane on that of its neighbour over an edge.</summary>
    /// <param name="face">The face.</param>
    /// <param name="at">The point.</param>
    /// <param name="edge">From corner number `edge` to the next.</param>
    /// <param name="scale">What one distance of base cells is in the point's lattice.</param>
    public static (int Face, Eisenstein At) Cross(int face, Eisenstein at, int edge, Eisenstein scale) =>
        Neighbours[face, edge] is var (other, turn, shift, _) ? (other, turn * at + shift * scale) : default;

    /// <summary>What a corner of a face is called by its neighbour over an edge that has it.</summary>
    public static int CornerOver(int face, int edge, int corner) => Neighbours[face, edge].Corners[corner];

    /// <summary>The edge over which a face's neighbour is another one; -1 when they are none.</summary>
    public static int EdgeTo(int face, int other) => Array.FindIndex([0, 1, 2], e => Neighbours[face, e].Face == other);

    /// <summary>A point on the face that it lies on.</summary>
    public static (int Face, Eisenstein At) Settle(int face, Eisenstein at, Eisenstein scale)
    {
        var end = Constants.CornerDistance * scale.A;
        for (var edge = 0; edge < 3; edge++)
            if (Outwards(at, edge) > end)
            {
                (face, at) = Cross(face, at, edge, scale);
                edge = -1;
            }
        return (face, at);
    }
}
