using Varve.Raster.Gdal;

namespace Varve.Raster.Layers;

/// <summary>Shapes in the projection of a grid. An edge that is straight in their own is given points between where the grid's bends it by more than a two-hundredth of a pixel.</summary>
internal static class ReprojectedShapes
{
    private const int MostRounds = 12;
    private const double Close = 0.005;

    /// <exception cref="RasterException">GDAL is missing, knows no way, or the grid's projection does not have a place of theirs.</exception>
    public static IReadOnlyList<Shape> Of(string name, IReadOnlyList<Shape> shapes, Projection projection, Grid grid)
    {
        using var transformation = new Transformation(projection, grid.Projection);
        return [.. shapes.Select(s => s with { Rings = [.. s.Rings.Select(r => Ring(name, r, transformation, grid))], Paths = [.. s.Paths.Select(p => Ring(name, p, transformation, grid))] })];
    }

    private static double[] Ring(string name, double[] ring, Transformation transformation, Grid grid)
    {
        var (x, y) = (new List<double>(), new List<double>());
        for (var i = 0; i + 1 < ring.Length; i += 2)
        {
            x.Add(ring[i]);
            y.Add(ring[i + 1]);
        }
        var (px, py) = Apply(name, x, y, transformation, grid);
        var isOpen = Enumerable.Repeat(true, x.Count).ToList();
        for (var round = 0; round < MostRounds && isOpen.Contains(true); round++)
        {
            // The middles of all edges that are not known to be straight.
            var open = Enumerable.Range(0, x.Count - 1).Where(i => isOpen[i]).ToList();
            var (mx, my) = (open.ConvertAll(i => (x[i] + x[i + 1]) / 2), open.ConvertAll(i => (y[i] + y[i + 1]) / 2));
            var (tx, ty) = Apply(name, mx, my, transformation, grid);
            var (nx, ny, npx, npy, nOpen) = (new List<double>(), new List<double>(), new List<double>(), new List<double>(), new List<bool>());
            for (var (i, at) = (0, 0); i < x.Count; i++)
            {
                var isAsked = at < open.Count && open[at] == i;
                var isBent = isAsked && Math.Max(Math.Abs((px[i] + px[i + 1]) / 2 - tx[at]) / Math.Abs(grid.StepX), Math.Abs((py[i] + py[i + 1]) / 2 - ty[at]) / Math.Abs(grid.StepY)) > Close;
                Add(x[i], y[i], px[i], py[i], isBent);
                if (isBent) Add(mx[at], my[at], tx[at], ty[at], true);
                if (isAsked) at++;
            }
            (x, y, px, py, isOpen) = (nx, ny, npx, npy, nOpen);

            void Add(double a, double b, double c, double d, bool e)
            {
                nx.Add(a);
                ny.Add(b);
                npx.Add(c);
                npy.Add(d);
                nOpen.Add(e);
            }
        }
        var result = new double[2 * px.Count];
        for (var i = 0; i < px.Count; i++) (result[2 * i], result[2 * i + 1]) = (px[i], py[i]);
        return result;
    }

    private static (List<double> X, List<double> Y) Apply(string name, List<double> x, List<double> y, Transformation transformation, Grid grid)
    {
        var (px, py) = (x.ToArray(), y.ToArray());
        transformation.Apply(px, py);
        if (Array.FindIndex(px, static v => double.IsNaN(v)) is >= 0 and var bad) throw new RasterException($"{name}: its point ({x[bad]}, {y[bad]}) has no place in {grid.Projection}; take only the shapes that have (--where), or another projection");
        return ([.. px], [.. py]);
    }
}
