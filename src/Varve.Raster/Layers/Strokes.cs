using Varve.Raster.Grids;

namespace Varve.Raster.Layers;

/// <summary>
/// The lines and points of some shapes in pixels of a grid, found by row. A point is in the pixel that holds it. A line is
/// in the pixels of Bresenham's way (1965) from the pixel of one of its points to that of the next, or, where all that is
/// touched counts, in all that it passes through; of a pixel the left and the upper edge belong to it.
/// </summary>
internal sealed class Strokes
{
    private const int BandRows = 16;
    private readonly record struct Stroke(int Shape, double X1, double Y1, double X2, double Y2);

    private readonly Dictionary<long, List<Stroke>> bands = [];
    private readonly bool isTouched;
    private static readonly List<Stroke> None = [];

    /// <exception cref="RasterException">They lie too far from the grid.</exception>
    public Strokes(IReadOnlyList<Shape> shapes, Grid grid, bool isTouched)
    {
        this.isTouched = isTouched;
        var bounds = default(Window);
        for (var shape = 0; shape < shapes.Count; shape++)
            foreach (var path in shapes[shape].Paths)
                for (var i = 0; i < path.Length; i += 2)
                {
                    if (i + 2 >= path.Length && path.Length > 2) break;
                    var next = Math.Min(i + 2, path.Length - 2);
                    var stroke = new Stroke(shape, (path[i] - grid.X) / grid.StepX, (path[i + 1] - grid.Y) / grid.StepY, (path[next] - grid.X) / grid.StepX, (path[next + 1] - grid.Y) / grid.StepY);
                    if (!(Math.Max(Math.Max(Math.Abs(stroke.X1), Math.Abs(stroke.Y1)), Math.Max(Math.Abs(stroke.X2), Math.Abs(stroke.Y2))) < 1e9)) throw new RasterException("a line or a point lies more than a billion pixels from the rasters; are its coordinates in their projection?");
                    bounds = bounds.Or(Around(stroke));
                    Keep(stroke, grid);
                }
        Bounds = bounds;
    }

    /// <summary>The smallest rectangle of whole pixels around all; empty when there are none.</summary>
    public Window Bounds { get; }

    private static Window Around(Stroke stroke)
    {
        var (x, y) = ((long)Math.Floor(Math.Min(stroke.X1, stroke.X2)), (long)Math.Floor(Math.Min(stroke.Y1, stroke.Y2)));
        return new Window(x, y, (long)Math.Floor(Math.Max(stroke.X1, stroke.X2)) - x + 1, (long)Math.Floor(Math.Max(stroke.Y1, stroke.Y2)) - y + 1);
    }

    private void Keep(Stroke stroke, Grid grid)
    {
        // Rows far outside any raster are never asked for; a line through them all would fill memory.
        var around = Around(stroke).And(new Window(long.MinValue / 4, -100_000_000, long.MaxValue / 2, grid.Height + 200_000_000));
        if (around.IsEmpty) return;
        for (var band = Band(around.Y); band <= Band(around.Bottom - 1); band++)
        {
            if (!bands.TryGetValue(band, out var list)) bands[band] = list = [];
            list.Add(stroke);
        }
    }

    private static long Band(long row) => row >= 0 ? row / BandRows : -((BandRows - 1 - row) / BandRows);

    /// <summary>Adds the runs of pixels in a row: which shape, from which column, to before which.</summary>
    public void Row(long row, List<(int Shape, long From, long To)> runs)
    {
        foreach (var stroke in bands.GetValueOrDefault(Band(row)) ?? None)
            if ((isTouched ? Touched(stroke, row) : Walked(stroke, row)) is var (from, to)) runs.Add((stroke.Shape, from, to));
    }

    /// <summary>What lies in a row of Bresenham's way: where it goes more along than down, all steps of one height; else the one step of that row.</summary>
    private static (long From, long To)? Walked(Stroke stroke, long row)
    {
        var (x, y, endX, endY) = ((long)Math.Floor(stroke.X1), (long)Math.Floor(stroke.Y1), (long)Math.Floor(stroke.X2), (long)Math.Floor(stroke.Y2));
        var (along, down) = (Math.Abs(endX - x), Math.Abs(endY - y));
        var height = endY >= y ? row - y : y - row;
        if (height < 0 || height > down) return null;
        var (first, last) = (0L, along);
        if (along >= down && down > 0)
        {
            static long Ceiling(Int128 a, Int128 b) => (long)((a + b - 1) / b);
            first = height == 0 ? 0 : Ceiling((Int128)along * (2 * height - 1), 2 * down);
            last = Math.Min(along, Ceiling((Int128)along * (2 * height + 1), 2 * down) - 1);
        }
        else if (along < down)
        {
            // It goes aside when half of a pixel is behind.
            first = last = (long)(((Int128)2 * along * height + down) / (2 * down));
        }
        if (first > last) return null;
        return endX >= x ? (x + first, x + last + 1) : (x - last, x - first + 1);
    }

    private static (long From, long To)? Touched(Stroke stroke, long row)
    {
        var (x1, y1, x2, y2) = stroke.Y1 <= stroke.Y2 ? (stroke.X1, stroke.Y1, stroke.X2, stroke.Y2) : (stroke.X2, stroke.Y2, stroke.X1, stroke.Y1);
        if (Math.Floor(y1) > row || Math.Floor(y2) < row) return null;
        double At(double y) => x1 + (y - y1) * ((x2 - x1) / (y2 - y1));
        var (a, b) = (y1 >= row ? x1 : At(row), y2 < row + 1 ? x2 : At(row + 1));
        if (a > b) (a, b) = (b, a);
        // Where it leaves by a corner, it does not pass through the pixel beside; the pixels that hold its ends it has in any case.
        var (from, to) = ((long)Math.Floor(a + PolygonEdges.Hair), (long)Math.Ceiling(b - PolygonEdges.Hair));
        foreach (var (x, y) in ((double, double)[])[(x1, y1), (x2, y2)])
            if (Math.Floor(y) == row) (from, to) = (Math.Min(from, (long)Math.Floor(x)), Math.Max(to, (long)Math.Floor(x) + 1));
        return (from, Math.Max(from + 1, to));
    }

    /// <summary>Whether any comes near a window.</summary>
    public bool AreNear(Window window)
    {
        for (var band = Band(window.Y); band <= Band(window.Bottom - 1); band++)
            foreach (var stroke in bands.GetValueOrDefault(band) ?? None)
            {
                var (top, bottom) = (Math.Max(window.Y - 1, Math.Min(stroke.Y1, stroke.Y2)), Math.Min(window.Bottom + 1, Math.Max(stroke.Y1, stroke.Y2)));
                if (top > bottom) continue;
                // Only the part of it in these rows counts: a long one passes by most windows.
                double At(double y) => stroke.X1 + (y - stroke.Y1) * ((stroke.X2 - stroke.X1) / (stroke.Y2 - stroke.Y1));
                var (a, b) = stroke.Y1 == stroke.Y2 ? (stroke.X1, stroke.X2) : (At(top), At(bottom));
                if (Math.Max(a, b) >= window.X - 1 && Math.Min(a, b) <= window.Right + 1) return true;
            }
        return false;
    }
}
