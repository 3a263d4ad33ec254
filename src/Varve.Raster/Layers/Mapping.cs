using Varve.Raster.Gdal;
using Varve.Raster.Grids;

namespace Varve.Raster.Layers;

/// <summary>
/// Where points of one grid lie on another, in pixels of it. Between projections, PROJ is asked at the corners of cells
/// of 16 x 16 pixels, and for each pixel only where a straight line between the corners would be off by more than a
/// thousandth of a pixel. Cells lie on the grid and not on what is asked for, so that a point's answer is always the same.
/// </summary>
internal sealed class Mapping : IDisposable
{
    private const int Cell = 16;
    private const double Close = 0.001;
    private readonly Grid from;
    private readonly double[] inverse;
    private readonly Transformation? transformation;

    /// <param name="from">The grid whose points are asked for.</param>
    /// <param name="to">The projection of the other.</param>
    /// <param name="six">From the other's columns and rows to its places: x = [0] + [1] column + [2] row, y = [3] + [4] column + [5] row.</param>
    /// <exception cref="RasterException">The projections are not the same, and GDAL is missing or knows no way.</exception>
    public Mapping(Grid from, Projection to, double[] six)
    {
        this.from = from;
        var scale = 1 / (six[1] * six[5] - six[2] * six[4]);
        inverse = [six[5] * scale, -six[2] * scale, -six[4] * scale, six[1] * scale, six[0], six[3]];
        if (!from.Projection.IsSame(to)) transformation = new Transformation(from.Projection, to);
    }

    /// <summary>Whether columns lie along columns, and rows along rows.</summary>
    public bool IsStraight => transformation is null && inverse[1] == 0 && inverse[2] == 0;

    /// <summary>The points at columns and rows of a window, row by row, moved by a part of a pixel (0 for corners, 0.5 for centres).</summary>
    public (double[] X, double[] Y) Points(Window window, double part)
    {
        var count = checked((int)window.Pixels);
        var (x, y) = (new double[count], new double[count]);
        if (transformation is null)
        {
            for (var row = 0; row < window.Height; row++)
                for (var column = 0; column < window.Width; column++) Set(x, y, (int)(row * window.Width) + column, from.AtColumn(window.X + column + part), from.AtRow(window.Y + row + part));
            return (x, y);
        }
        for (var row = Floor(window.Y); row < window.Bottom; row += Cell)
            for (var column = Floor(window.X); column < window.Right; column += Cell) InCell(window, new Window(column, row, Cell, Cell), part, x, y);
        return (x, y);
    }

    private static long Floor(long value) => (value >= 0 ? value / Cell : -((Cell - 1 - value) / Cell)) * Cell;

    private void InCell(Window window, Window cell, double part, double[] x, double[] y)
    {
        // The corners, the middles of the sides, and the centre.
        var (px, py) = (new double[9], new double[9]);
        for (var i = 0; i < 9; i++) (px[i], py[i]) = (from.AtColumn(cell.X + i % 3 * (Cell / 2)), from.AtRow(cell.Y + i / 3 * (Cell / 2)));
        transformation!.Apply(px, py);
        for (var i = 0; i < 9; i++) Set(px, py, i, px[i], py[i]);
        var isFlat = true;
        for (var i = 0; i < 9 && isFlat; i++)
        {
            var (mx, my) = Between(px, py, i % 3 / 2.0, i / 3 / 2.0);
            isFlat = Math.Abs(mx - px[i]) < Close && Math.Abs(my - py[i]) < Close;
        }
        var seen = cell.And(window);
        if (isFlat)
        {
            for (var row = seen.Y; row < seen.Bottom; row++)
                for (var column = seen.X; column < seen.Right; column++)
                {
                    var at = (int)((row - window.Y) * window.Width + column - window.X);
                    (x[at], y[at]) = Between(px, py, (column + part - cell.X) / Cell, (row + part - cell.Y) / Cell);
                }
            return;
        }
        var (ex, ey) = (new double[seen.Pixels], new double[seen.Pixels]);
        for (var i = 0; i < ex.Length; i++) (ex[i], ey[i]) = (from.AtColumn(seen.X + i % seen.Width + part), from.AtRow(seen.Y + i / seen.Width + part));
        transformation.Apply(ex, ey);
        for (var i = 0; i < ex.Length; i++) Set(x, y, (int)((seen.Y + i / seen.Width - window.Y) * window.Width + seen.X + i % seen.Width - window.X), ex[i], ey[i]);
    }

    /// <summary>A point between the four corners of nine.</summary>
    private static (double X, double Y) Between(double[] x, double[] y, double right, double down)
    {
        double At(double[] v) => (v[0] * (1 - right) + v[2] * right) * (1 - down) + (v[6] * (1 - right) + v[8] * right) * down;
        return (At(x), At(y));
    }

    public void Dispose() => transformation?.Dispose();

    private void Set(double[] x, double[] y, int at, double placeX, double placeY)
    {
        var (dx, dy) = (placeX - inverse[4], placeY - inverse[5]);
        (x[at], y[at]) = (dx * inverse[0] + dy * inverse[1], dx * inverse[2] + dy * inverse[3]);
    }
}
