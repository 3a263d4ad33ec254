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
            for (var column = 0; column < width; column++) areas[row * width + column] = Area(x, y, 2 * column, across);
        }
    }

    public void Dispose() => toDegrees.Dispose();

    private double Area(double[] x, double[] y, int at, int across)
    {
        // Around: corner, middle, corner, ... and back to the first.
        ReadOnlySpan<int> around = [at, at + 1, at + 2, at + across + 2, at + 2 * across + 2, at + 2 * across + 1, at + 2 * across, at + across, at];
        Span<double> longitudes = stackalloc double[9];
        Span<double> zones = stackalloc double[9];
        var middle = y[at + across + 1] * Math.PI / 180;
        for (var i = 0; i < 9; i++)
        {
            var (longitude, latitude) = (x[around[i]] * Math.PI / 180, y[around[i]] * Math.PI / 180);
            if (double.IsNaN(longitude + middle)) return double.NaN;
            longitudes[i] = i == 0 ? longitude : longitudes[i - 1] + Math.IEEERemainder(longitude - longitudes[i - 1], 2 * Math.PI);
            zones[i] = Zone(latitude, middle, 1, squaredPole, e);
        }
        var sum = 0.0;
        for (var side = 0; side < 8; side += 2)
        {
            var (a, b, c) = (longitudes[side], longitudes[side + 1], longitudes[side + 2]);
            sum += (zones[side] * (-3 * a + 4 * b - c) + 4 * zones[side + 1] * (c - a) + zones[side + 2] * (a - 4 * b + 3 * c)) / 6;
        }
        // Once around: the pole is in it.
        var turn = longitudes[8] - longitudes[0];
        return Math.Abs(turn) < Math.PI ? Math.Abs(sum) : Math.Abs(turn * Zone(Math.CopySign(Math.PI / 2, middle), middle, 1, squaredPole, e) - sum);
    }
}
