namespace Varve.Raster.Layers;

/// <summary>
/// Rings in longitude and latitude that go over the antimeridian, or around a pole, cut there, as RFC 7946 (3.1.9) has
/// them. An edge that spans more than half the world goes the short way; one that spans all of it runs along the map.
/// </summary>
internal static class Antimeridian
{
    private const double World = 360, Half = 180, Hair = 1e-9;

    /// <param name="name">The file, for messages.</param>
    /// <param name="rings">Closed.</param>
    /// <param name="isDense">Whether points lie so near to each other that every edge goes the short way, also past a pole.</param>
    /// <returns>Rings from -180 to 180 degrees, which hold the same places by the rule of odd crossings.</returns>
    /// <exception cref="RasterException">It cannot be told which way an edge goes.</exception>
    public static IReadOnlyList<double[]> Cut(string name, IReadOnlyList<double[]> rings, bool isDense = false)
    {
        if (!rings.Any(Crosses)) return rings;
        return [.. rings.SelectMany(r => Crosses(r) ? Pieces(Unrolled(name, r, isDense)) : [r])];
    }

    /// <summary>A shape whose rings and lines are cut.</summary>
    /// <exception cref="RasterException">It cannot be told which way an edge goes.</exception>
    public static Shape Cut(string name, Shape shape) => shape with
    {
        Rings = Cut(name, shape.Rings),
        Paths = shape.Paths.Any(Crosses) ? [.. shape.Paths.SelectMany(p => Crosses(p) ? Parts(name, p) : [p])] : shape.Paths,
    };

    /// <summary>A line that goes the short way over the antimeridian, in parts that end there.</summary>
    private static List<double[]> Parts(string name, double[] line)
    {
        var (parts, part) = (new List<double[]>(), new List<double> { line[0], line[1] });
        for (var i = 2; i < line.Length; i += 2)
        {
            var step = line[i] - line[i - 2];
            if (Jumps(step))
            {
                MustBeClear(name, line, i);
                var edge = Math.CopySign(Half, line[i - 2]);
                var y = line[i - 1] + (line[i + 1] - line[i - 1]) * ((edge - line[i - 2]) / (step - Math.Sign(step) * World));
                part.AddRange([edge, y]);
                parts.Add([.. part]);
                part = [-edge, y];
            }
            part.AddRange([line[i], line[i + 1]]);
        }
        parts.Add([.. part]);
        return parts;
    }

    private static void MustBeClear(string name, double[] line, int to)
    {
        if (Math.Abs(line[to]) < Half / 2 || Math.Abs(line[to - 2]) < Half / 2)
            throw new RasterException($"{name}: an edge from longitude {line[to - 2]} to {line[to]} could go either way around the world; give it points between");
    }

    private static bool Crosses(double[] ring)
    {
        for (var i = 2; i < ring.Length; i += 2)
            if (Jumps(ring[i] - ring[i - 2])) return true;
        return false;
    }

    private static bool Jumps(double step) => Math.Abs(step) > Half && Math.Abs(step) < World - Hair;

    /// <summary>The same ring with longitudes that go on beyond 180, closed around the pole that it holds, if it holds one.</summary>
    private static List<(double X, double Y)> Unrolled(string name, double[] ring, bool isDense)
    {
        var points = new List<(double X, double Y)> { (ring[0], ring[1]) };
        var turn = 0.0;
        for (var i = 2; i < ring.Length; i += 2)
        {
            var step = ring[i] - ring[i - 2];
            if (Jumps(step))
            {
                if (!isDense) MustBeClear(name, ring, i);
                turn -= Math.Sign(step) * World;
            }
            points.Add((ring[i] + turn, ring[i + 1]));
        }
        if (turn == 0) return points;
        // Once around the world: what it holds is the pole on its side of the equator.
        var pole = points.Average(static p => p.Y) > 0 ? 90 : -90;
        points.Add((points[^1].X, pole));
        points.Add((points[0].X, pole));
        points.Add(points[0]);
        return points;
    }

    private static IEnumerable<double[]> Pieces(List<(double X, double Y)> ring)
    {
        var (least, most) = (ring.Min(static p => p.X), ring.Max(static p => p.X));
        for (var turn = Math.Floor((least + Half) / World); turn * World - Half < most; turn++)
        {
            var moved = ring.ConvertAll(p => (p.X - turn * World, p.Y));
            var piece = Side(Side(moved, -Half, 1), Half, -1);
            if (piece.Count < 3) continue;
            piece.Add(piece[0]);
            yield return [.. piece.SelectMany(static p => new[] { p.X, p.Y })];
        }
    }

    /// <summary>What lies on one side of a meridian (I. Sutherland and G. Hodgman, 1974).</summary>
    private static List<(double X, double Y)> Side(List<(double X, double Y)> ring, double meridian, int sign)
    {
        var kept = new List<(double X, double Y)>();
        for (var i = 0; i < ring.Count; i++)
        {
            var (a, b) = (ring[i], ring[(i + 1) % ring.Count]);
            var (isIn, isNextIn) = ((a.X - meridian) * sign >= 0, (b.X - meridian) * sign >= 0);
            if (isIn) kept.Add(a);
            if (isIn != isNextIn) kept.Add((meridian, a.Y + (b.Y - a.Y) * ((meridian - a.X) / (b.X - a.X))));
        }
        return kept;
    }
}
