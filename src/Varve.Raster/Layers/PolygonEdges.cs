using Varve.Raster.Grids;

namespace Varve.Raster.Layers;

/// <summary>The edges of some shapes, and their lines and points, in pixels of a grid, found by row. What it says of a row does not depend on what was asked before.</summary>
internal sealed class PolygonEdges
{
    private const int BandRows = 16;
    /// <summary>In pixels: what is nearer to a border lies on it, but for rounding.</summary>
    public const double Hair = 1e-6;
    private readonly record struct Edge(int Shape, double X1, double Y1, double X2, double Y2);

    private readonly Dictionary<long, List<Edge>> bands = [];
    private readonly bool isTouched, hasSeveral;
    private readonly Strokes strokes;

    /// <exception cref="RasterException">They lie too far from the grid.</exception>
    public PolygonEdges(IReadOnlyList<Shape> shapes, Grid grid, Coverage coverage)
    {
        (isTouched, hasSeveral) = (coverage == Coverage.AllTouched, shapes.Count > 1);
        strokes = new Strokes(shapes, grid, isTouched);
        var (left, top, right, bottom) = (double.PositiveInfinity, double.PositiveInfinity, double.NegativeInfinity, double.NegativeInfinity);
        for (var shape = 0; shape < shapes.Count; shape++)
            foreach (var ring in shapes[shape].Rings)
                for (var i = 0; i + 1 < ring.Length; i += 2)
                {
                    // A ring that does not end where it began is closed.
                    var next = (i + 2) % ring.Length;
                    var edge = new Edge(shape, (ring[i] - grid.X) / grid.StepX, (ring[i + 1] - grid.Y) / grid.StepY, (ring[next] - grid.X) / grid.StepX, (ring[next + 1] - grid.Y) / grid.StepY);
                    if (!(Math.Abs(edge.X1) < 1e9 && Math.Abs(edge.Y1) < 1e9)) throw new RasterException("a polygon lies more than a billion pixels from the rasters; are its coordinates in their projection?");
                    (left, right) = (Math.Min(left, edge.X1), Math.Max(right, edge.X1));
                    (top, bottom) = (Math.Min(top, edge.Y1), Math.Max(bottom, edge.Y1));
                    if (edge.Y1 > edge.Y2) edge = edge with { X1 = edge.X2, Y1 = edge.Y2, X2 = edge.X1, Y2 = edge.Y1 };
                    Keep(edge, grid);
                }
        var (x, y) = left > right ? (0, 0) : ((long)Math.Floor(left + Hair), (long)Math.Floor(top + Hair));
        Bounds = strokes.Bounds.Or(left > right ? default : new Window(x, y, Math.Max(1, (long)Math.Ceiling(right - Hair) - x), Math.Max(1, (long)Math.Ceiling(bottom - Hair) - y)));
    }

    /// <summary>The smallest rectangle of whole pixels around all shapes.</summary>
    public Window Bounds { get; }

    private void Keep(Edge edge, Grid grid)
    {
        // Rows far outside any raster are never asked for; an edge that spans them all would fill memory.
        var (from, to) = (Math.Max(edge.Y1, -100_000_000), Math.Min(edge.Y2, grid.Height + 100_000_000));
        for (var band = (long)Math.Floor(from / BandRows); band <= (long)Math.Floor(to / BandRows); band++)
        {
            if (!bands.TryGetValue(band, out var list)) bands[band] = list = [];
            list.Add(edge);
        }
    }

    private static double At(Edge edge, double y) => edge.X1 + (y - edge.Y1) * ((edge.X2 - edge.X1) / (edge.Y2 - edge.Y1));

    private static readonly List<Edge> None = [];

    private List<Edge> Band(long row) => bands.GetValueOrDefault(row >= 0 ? row / BandRows : -((BandRows - 1 - row) / BandRows)) ?? None;

    /// <summary>Runs of pixels in a row that belong to shapes, in the order of shapes: which shape, from which column, to before which.</summary>
    /// <param name="row">Which.</param>
    /// <param name="memory">Where they are found; what is returned holds until the next row.</param>
    public List<(int Shape, long From, long To)> Row(long row, RowMemory memory)
    {
        var (crossings, runs) = (memory.Crossings, memory.Runs);
        crossings.Clear();
        runs.Clear();
        var centre = row + 0.5;
        foreach (var edge in Band(row))
        {
            if (edge.Y1 <= centre && edge.Y2 > centre) Insert(crossings, (edge.Shape, At(edge, centre)));
            // What runs along the border of pixels passes through none: polygons that share it share no pixel.
            if (!isTouched || edge.Y2 <= row + Hair || edge.Y1 >= row + 1 - Hair) continue;
            var (a, b) = edge.Y1 == edge.Y2 ? (edge.X1, edge.X2) : (At(edge, Math.Max(row, edge.Y1)), At(edge, Math.Min(row + 1, edge.Y2)));
            var (from, to) = ((long)Math.Floor(Math.Min(a, b) + Hair), (long)Math.Ceiling(Math.Max(a, b) - Hair));
            if (to > from) runs.Add((edge.Shape, from, to));
        }
        for (var i = 0; i + 1 < crossings.Count; i += 2)
        {
            // A pixel's centre on the left edge is inside, one on the right is not: neighbours share no pixel.
            var (from, to) = ((long)Math.Ceiling(crossings[i].X - 0.5), (long)Math.Ceiling(crossings[i + 1].X - 0.5));
            if (to > from) runs.Add((crossings[i].Shape, from, to));
        }
        strokes.Row(row, runs);
        if (hasSeveral) runs.Sort(static (a, b) => a.Shape.CompareTo(b.Shape));
        return runs;
    }

    /// <summary>Adds a crossing to those in their order, of which there are few.</summary>
    private static void Insert(List<(int Shape, double X)> crossings, (int Shape, double X) one)
    {
        var i = crossings.Count;
        crossings.Add(one);
        for (; i > 0 && (crossings[i - 1].Shape > one.Shape || (crossings[i - 1].Shape == one.Shape && crossings[i - 1].X > one.X)); i--) crossings[i] = crossings[i - 1];
        crossings[i] = one;
    }

    /// <summary>Adds to the pixels of a row the part of each that lies in shapes, times the value of the shape.</summary>
    /// <param name="row">Which row.</param>
    /// <param name="first">The column of the first pixel.</param>
    /// <param name="values">Of each shape.</param>
    /// <param name="isCapped">Whether what lies in several shapes counts once.</param>
    /// <param name="into">Zeros.</param>
    public void Cover(long row, long first, double[] values, bool isCapped, Span<double> into)
    {
        foreach (var shape in Band(row).Where(e => e.Y1 < row + 1 && e.Y2 > row).GroupBy(static e => e.Shape).OrderBy(static g => g.Key))
        {
            // Between the heights at which an edge begins or ends, all edges go through, and bound what is inside by pairs.
            var heights = shape.SelectMany(static e => new[] { e.Y1, e.Y2 }).Where(y => y > row && y < row + 1).Append(row).Append(row + 1).Distinct().Order().ToList();
            for (var i = 0; i + 1 < heights.Count; i++)
            {
                var (top, bottom) = (heights[i], heights[i + 1]);
                var sides = shape.Where(e => e.Y1 <= top && e.Y2 >= bottom).Select(e => (A: At(e, top), B: At(e, bottom))).OrderBy(static s => s.A + s.B).ToList();
                for (var side = 0; side + 1 < sides.Count; side += 2) Between(sides[side], sides[side + 1], bottom - top, first, values[shape.Key], into);
            }
        }
        if (isCapped)
            for (var i = 0; i < into.Length; i++) into[i] = Math.Min(into[i], 1);
    }

    private static void Between((double A, double B) left, (double A, double B) right, double height, long first, double value, Span<double> into)
    {
        var from = (long)Math.Floor(Math.Clamp(Math.Min(left.A, left.B) - first, 0, into.Length));
        var to = (long)Math.Ceiling(Math.Clamp(Math.Max(right.A, right.B) - first, 0, into.Length));
        for (var i = from; i < to; i++) into[(int)i] += (LeftOf(right, first + i) - LeftOf(left, first + i)) * height * value;
    }

    /// <summary>The part of a column's width that lies left of a line, over the line's height.</summary>
    private static double LeftOf((double A, double B) line, long column)
    {
        var (a, b) = (line.A - column, line.B - column);
        static double Area(double u) => u <= 0 ? 0 : u >= 1 ? u - 0.5 : u * u / 2;
        return Math.Abs(b - a) < 1e-12 ? Math.Clamp((a + b) / 2, 0, 1) : (Area(b) - Area(a)) / (b - a);
    }

    /// <summary>The shape of which all pixels of a window are; -1 when they are of none; null when that is not known at once.</summary>
    public int? Uniform(Window window)
    {
        if (window.And(Bounds).IsEmpty) return -1;
        if (strokes.AreNear(window)) return null;
        for (var row = window.Y; row < window.Bottom; row += BandRows - (row % BandRows + BandRows) % BandRows)
            foreach (var edge in Band(row))
            {
                if (edge.Y2 < window.Y - 1 || edge.Y1 > window.Bottom + 1) continue;
                // Only the part of the edge in these rows counts: a long one passes by most windows.
                var (a, b) = edge.Y1 == edge.Y2 ? (edge.X1, edge.X2) : (At(edge, Math.Max(window.Y - 1, edge.Y1)), At(edge, Math.Min(window.Bottom + 1, edge.Y2)));
                if (Math.Max(a, b) >= window.X - 1 && Math.Min(a, b) <= window.Right + 1) return null;
            }
        // No edge comes near: what holds of one pixel holds of all.
        var shape = -1;
        foreach (var run in Row(window.Y, new RowMemory()))
            if (run.From <= window.X && run.To > window.X) shape = run.Shape;
        return shape;
    }
}

/// <summary>Memory in which rows of polygons are found, one after the other.</summary>
internal sealed class RowMemory
{
    public List<(int Shape, double X)> Crossings { get; } = [];
    public List<(int Shape, long From, long To)> Runs { get; } = [];
}
