using Varve.Raster.Gdal;
using Varve.Raster.Grids;

namespace Varve.Raster.Layers;

/// <summary>
/// The areas of pixels in any projection that PROJ knows, on its ellipsoid: by Green's theorem along the four sides of
/// each, of which the corners and the middles are brought back to longitude and latitude. The area between a side and a
/// parallel is taken in closed form at those three points, and a parabola between. Where sides are nearly geodesics, it
/// is the area of Karney's geodesic polygons (Algorithms for geodesics, 2013).
/// </summary>
internal sealed class ProjectedSurface : Surface, IDisposable
{
    private const int SidePoints = 1024;
    private const double UsualStep = 0.02, MostStep = 4;
    private readonly Grid grid;
    private readonly Transformation toDegrees;
    private readonly double squaredPole, e;

    /// <exception cref="RasterException">GDAL is missing, or PROJ does not know the projection.</exception>
    public ProjectedSurface(Grid grid)
    {
        this.grid = grid;
        toDegrees = Transformation.ToDegrees(grid.Projection, out var axis, out var flattening);
        (squaredPole, e) = (Math.Pow(axis * (1 - flattening), 2), Math.Sqrt(flattening * (2 - flattening)));
    }

    public override bool IsSameAlongRows => false;

    public void Dispose() => toDegrees.Dispose();

    public override double PixelAt(long column, long row)
    {
        Span<double> one = stackalloc double[1];
        Fill(new Window(column, row, 1, 1), one);
        return one[0];
    }

    public override void Fill(Window window, Span<double> areas)
    {
        var width = (int)window.Width;
        var across = 2 * width + 1;
        for (var row = 0; row < window.Height; row++)
        {
            // Three lines of points: the upper sides, the middles, the lower sides.
            var (x, y) = (new double[3 * across], new double[3 * across]);
            for (var i = 0; i < x.Length; i++) (x[i], y[i]) = (grid.AtColumn(window.X + i % across / 2.0), grid.AtRow(window.Y + row + i / across / 2.0));
            toDegrees.Apply(x, y);
            for (var column = 0; column < width; column++)
            {
                ReadOnlySpan<int> around = [0, 1, 2, across + 2, 2 * across + 2, 2 * across + 1, 2 * across, across, 0];
                var (px, py) = (new double[around.Length], new double[around.Length]);
                for (var i = 0; i < around.Length; i++) (px[i], py[i]) = (x[2 * column + around[i]], y[2 * column + around[i]]);
                var middle = y[2 * column + across + 1];
                areas[row * width + column] = Area(px, py, middle) ?? Area(window.X + column, window.Y + row, middle);
            }
        }
    }

    /// <summary>A pixel near a pole, whose longitudes change fast, by many points along its sides.</summary>
    private double Area(long column, long row, double middle)
    {
        var (x, y) = (new double[4 * SidePoints + 1], new double[4 * SidePoints + 1]);
        for (var i = 0; i < x.Length; i++)
        {
            var (side, part) = (i / SidePoints, i % SidePoints / (double)SidePoints);
            (x[i], y[i]) = (grid.AtColumn(column + side switch { 0 => part, 1 => 1, 2 => 1 - part, _ => 0 }), grid.AtRow(row + side switch { 1 => part, 2 => 1, 3 => 1 - part, _ => 0 }));
        }
        toDegrees.Apply(x, y);
        return Area(x, y, middle, MostStep) ?? double.NaN;
    }

    /// <summary>The area inside points along the sides, two steps at a time; null where longitudes change too much between them.</summary>
    private double? Area(double[] x, double[] y, double middle, double most = UsualStep)
    {
        var (longitudes, zones) = (new double[x.Length], new double[x.Length]);
        middle *= Math.PI / 180;
        for (var i = 0; i < x.Length; i++)
        {
            var (longitude, latitude) = (x[i] * Math.PI / 180, y[i] * Math.PI / 180);
            if (double.IsNaN(longitude + middle)) return double.NaN;
            longitudes[i] = i == 0 ? longitude : longitudes[i - 1] + Math.IEEERemainder(longitude - longitudes[i - 1], 2 * Math.PI);
            if (i > 0 && Math.Abs(longitudes[i] - longitudes[i - 1]) > most) return null;
            zones[i] = Zone(latitude, middle, 1, squaredPole, e);
        }
        var sum = 0.0;
        for (var i = 0; i + 2 < x.Length; i += 2)
        {
            var (a, b, c) = (longitudes[i], longitudes[i + 1], longitudes[i + 2]);
            sum += (zones[i] * (-3 * a + 4 * b - c) + 4 * zones[i + 1] * (c - a) + zones[i + 2] * (a - 4 * b + 3 * c)) / 6;
        }
        // Once around: the pole is in it.
        var turn = longitudes[^1] - longitudes[0];
        return Math.Abs(turn) < Math.PI ? Math.Abs(sum) : Math.Abs(turn * Zone(Math.CopySign(Math.PI / 2, middle), middle, 1, squaredPole, e) - sum);
    }
}
