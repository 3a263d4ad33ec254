using Varve.Raster.Grids;

namespace Varve.Raster.Layers;

/// <summary>The true areas of the pixels of a grid, on the ellipsoid of its projection.</summary>
internal abstract class Surface
{
    /// <summary>Codes of the EPSG's register in which a square metre is one everywhere.</summary>
    private static readonly int[] EqualArea = [2163, 3035, 3408, 3409, 3410, 3571, 3572, 3573, 3574, 3575, 3576, 5070, 6931, 6932, 6933, 8857, 8858, 8859, 9311, 9377];
    /// <summary>Of GeoTIFF 6.3.3.3: Lambert's azimuthal, Albers', sinusoidal, cylindrical.</summary>
    private static readonly int[] EqualAreaMethods = [10, 11, 24, 28];
    private static readonly (double Axis, double Flattening) Wgs84 = (6378137, 1 / 298.257223563);

    /// <summary>Whether all pixels of a row have one area.</summary>
    public virtual bool IsSameAlongRows => true;

    /// <summary>Square metres of the pixel in a column and row of the grid; beyond its ends too.</summary>
    public abstract double PixelAt(long column, long row);

    /// <summary>The areas of a window of pixels, row by row.</summary>
    public virtual void Fill(Window window, Span<double> areas)
    {
        for (var row = 0; row < window.Height; row++)
        {
            var line = areas.Slice((int)(row * window.Width), (int)window.Width);
            if (IsSameAlongRows) line.Fill(PixelAt(0, window.Y + row));
            else
                for (var column = 0; column < line.Length; column++) line[column] = PixelAt(window.X + column, window.Y + row);
        }
    }

    /// <exception cref="RasterException">It is not known how areas come out in this projection.</exception>
    public static Surface Of(Grid grid)
    {
        var projection = grid.Projection;
        var ellipsoid = projection.Ellipsoid ?? Wgs84;
        if (projection.IsGeographic) return new Geographic(grid, ellipsoid);
        if (projection.Epsg is { } code)
        {
            if (EqualArea.Contains(code)) return new Flat(grid);
            if (code is 3857 or 3395) return new Mercator(grid, isSpherical: code == 3857);
            if (Zone(code) is { } zone) return new TransverseMercator(grid, zone.IsSouth, zone.Ellipsoid);
        }
        else if (projection.MethodCode is { } method && EqualAreaMethods.Contains(method))
        {
            return new Flat(grid);
        }
        if (projection.IsNone) throw new RasterException("how large pixels are is not known without a projection; varve raster convert --srs EPSG:CODE says which it has");
        if (Gdal.Gdal.IsThere) return new ProjectedSurface(grid);
        throw new RasterException($"areas in {projection} need PROJ, and {Gdal.Gdal.Install}; without it they are for longitude and latitude, UTM, Mercator and equal-area projections, such as EPSG:6933");
    }

    /// <summary>Zones of UTM of WGS 84, NAD83, ETRS89, WGS 72 and SIRGAS 2000.</summary>
    private static (bool IsSouth, (double, double) Ellipsoid)? Zone(int code)
    {
        (double, double) grs80 = (6378137, 1 / 298.257222101);
        return code switch
        {
            >= 32601 and <= 32660 => (false, Wgs84),
            >= 32701 and <= 32760 => (true, Wgs84),
            >= 26901 and <= 26923 or >= 25828 and <= 25838 or >= 31965 and <= 31976 => (false, grs80),
            >= 31977 and <= 31985 => (true, grs80),
            _ => null,
        };
    }

    /// <summary>An equal-area projection in metres.</summary>
    private sealed class Flat(Grid grid) : Surface
    {
        public override double PixelAt(long column, long row) => Math.Abs(grid.StepX * grid.StepY);
    }

    /// <summary>Between two meridians and two parallels: the closed form of the ellipsoid's zone (J. Snyder, Map Projections, 1987, 3-12).</summary>
    private sealed class Geographic(Grid grid, (double Axis, double Flattening) ellipsoid) : Surface
    {
        private readonly double squaredPole = Math.Pow(ellipsoid.Axis * (1 - ellipsoid.Flattening), 2), e = Math.Sqrt(ellipsoid.Flattening * (2 - ellipsoid.Flattening));

        public override double PixelAt(long column, long row)
        {
            var (a, b) = (Latitude(grid.AtRow(row)), Latitude(grid.AtRow(row + 1)));
            return Zone(Math.Max(a, b), Math.Min(a, b), Math.Abs(grid.StepX) * Math.PI / 180, squaredPole, e);
        }

        private static double Latitude(double degrees) => Math.Clamp(degrees, -90, 90) * Math.PI / 180;
    }

    /// <summary>The area between two parallels over a difference of longitude, in radians.</summary>
    protected static double Zone(double north, double south, double longitudes, double squaredPole, double e)
    {
        if (e == 0) return squaredPole * longitudes * (Math.Sin(north) - Math.Sin(south));
        // The sines' difference as a product, and the logarithms' as one of a ratio near 1: nothing cancels in small pixels.
        var (s, t) = (Math.Sin(north), Math.Sin(south));
        var difference = 2 * Math.Cos((north + south) / 2) * Math.Sin((north - south) / 2);
        var (n, m) = (1 - e * e * s * s, 1 - e * e * t * t);
        var fraction = difference * (1 + e * e * s * t) / (n * m);
        var logarithm = Math.Atanh(e * difference / (1 - e * e * s * t)) / e;
        return squaredPole * longitudes / 2 * (fraction + logarithm);
    }

    /// <summary>Mercator's, of the sphere that the web uses for the ellipsoid (EPSG:3857), and the true one (EPSG:3395).</summary>
    private sealed class Mercator(Grid grid, bool isSpherical) : Surface
    {
        private readonly double e = Math.Sqrt(Wgs84.Flattening * (2 - Wgs84.Flattening)), squaredPole = Math.Pow(Wgs84.Axis * (1 - Wgs84.Flattening), 2);

        public override double PixelAt(long column, long row)
        {
            var (a, b) = (Latitude(grid.AtRow(row)), Latitude(grid.AtRow(row + 1)));
            return Zone(Math.Max(a, b), Math.Min(a, b), Math.Abs(grid.StepX) / Wgs84.Axis, squaredPole, e);
        }

        private double Latitude(double y)
        {
            var sphere = Math.Atan(Math.Sinh(y / Wgs84.Axis));
            if (isSpherical) return sphere;
            // Isometric latitude, turned back by fixed points: it converges by e^2 each time.
            var latitude = sphere;
            for (var i = 0; i < 12; i++) latitude = Math.Asin(Math.Tanh(y / Wgs84.Axis + e * Math.Atanh(e * Math.Sin(latitude))));
            return latitude;
        }
    }

    /// <summary>
    /// Conformal, so that areas are those of the map divided by the scale squared; the scale at a pixel's centre, by the
    /// series of L. Krüger (1912) as C. Karney has them (Transverse Mercator with an accuracy of a few nanometers, 2011).
    /// </summary>
    private sealed class TransverseMercator : Surface
    {
        private const double Scale = 0.9996, FalseEasting = 500_000, FalseNorthing = 10_000_000;
        private readonly Grid grid;
        private readonly double n, radius, north, e;
        private readonly double[] beta;
        private readonly double axis;

        public TransverseMercator(Grid grid, bool isSouth, (double Axis, double Flattening) ellipsoid)
        {
            this.grid = grid;
            axis = ellipsoid.Axis;
            e = Math.Sqrt(ellipsoid.Flattening * (2 - ellipsoid.Flattening));
            n = ellipsoid.Flattening / (2 - ellipsoid.Flattening);
            radius = ellipsoid.Axis / (1 + n) * (1 + n * n / 4 + Math.Pow(n, 4) / 64);
            beta = [n / 2 - 2 * n * n / 3 + 37 * n * n * n / 96 - Math.Pow(n, 4) / 360, n * n / 48 + n * n * n / 15 - 437 * Math.Pow(n, 4) / 1440, 17 * n * n * n / 480 - 37 * Math.Pow(n, 4) / 840, 4397 * Math.Pow(n, 4) / 161280];
            north = isSouth ? FalseNorthing : 0;
        }

        public override bool IsSameAlongRows => false;

        public override double PixelAt(long column, long row)
        {
            var xi = (grid.AtRow(row + 0.5) - north) / (Scale * radius);
            var eta = (grid.AtColumn(column + 0.5) - FalseEasting) / (Scale * radius);
            var (x, y, p, q) = (xi, eta, 1.0, 0.0);
            for (var j = 1; j <= beta.Length; j++)
            {
                var (sin, cos) = Math.SinCos(2 * j * xi);
                var (sinh, cosh) = (Math.Sinh(2 * j * eta), Math.Cosh(2 * j * eta));
                x -= beta[j - 1] * sin * cosh;
                y -= beta[j - 1] * cos * sinh;
                p -= 2 * j * beta[j - 1] * cos * cosh;
                q += 2 * j * beta[j - 1] * sin * sinh;
            }
            // The conformal latitude, and from it the latitude.
            var tau = Math.Sin(x) / Math.Sqrt(Math.Pow(Math.Sinh(y), 2) + Math.Pow(Math.Cos(x), 2));
            var isometric = Math.Asinh(tau);
            var latitude = Math.Atan(tau);
            for (var i = 0; i < 8; i++) latitude = Math.Asin(Math.Tanh(isometric + e * Math.Atanh(e * Math.Sin(latitude))));
            var (s, c) = Math.SinCos(latitude);
            var scale = Scale * radius / axis / Math.Sqrt(p * p + q * q) * Math.Sqrt(1 - e * e * s * s) / c * Math.Sqrt(Math.Pow(Math.Sinh(y), 2) + Math.Pow(Math.Cos(x), 2));
            return Math.Abs(grid.StepX * grid.StepY) / (scale * scale);
        }
    }
}
