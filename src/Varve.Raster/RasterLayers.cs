using Varve.Raster.Graph;
using Varve.Raster.Layers;

namespace Varve.Raster;

public sealed partial class Raster
{
    /// <summary>The true area of each pixel in square metres, on the grid of whatever it is combined with; for other projections than longitude and latitude, UTM, Mercator and equal-area ones GDAL must be installed.</summary>
    public static Raster Area() => new(new PixelArea(null));

    /// <summary>The true area of each pixel of this in square metres; its pixels are not read.</summary>
    public Raster AsArea() => new(new PixelArea(Node));

    /// <summary>True inside the polygons of a GeoJSON file, and on its lines and points, on the grid of whatever it is combined with; it lies on the rectangle around them.</summary>
    /// <param name="path">The file; polygons in another projection than the rasters' are brought to theirs, where GDAL is installed.</param>
    /// <param name="coverage">Which pixels are inside.</param>
    /// <exception cref="RasterException">It cannot be read.</exception>
    public static Raster Polygons(string path, Coverage coverage = Coverage.Centre)
    {
        return Polygons(VectorFile.Read(path), null, coverage);
    }

    /// <summary>The polygons, lines and points of a GeoJSON file, each with the value of a property of its, and 0 outside; later ones over earlier ones.</summary>
    /// <param name="path">The file; polygons in another projection than the rasters' are brought to theirs, where GDAL is installed.</param>
    /// <param name="property">A property that is a number in every shape.</param>
    /// <param name="coverage">Which pixels are inside.</param>
    /// <exception cref="RasterException">It cannot be read, or a shape has no such number.</exception>
    public static Raster Polygons(string path, string property, Coverage coverage = Coverage.Centre)
    {
        return Polygons(VectorFile.Read(path), property, coverage);
    }

    /// <summary>Polygons, lines and points of any vector file that OGR reads (GeoPackage, shapefile, ...), where GDAL is installed, chosen and burnt as said; 0 outside.</summary>
    /// <param name="path">The file.</param>
    /// <param name="shapes">Which of its shapes, and what of them.</param>
    /// <exception cref="RasterException">It cannot be read, or a shape has no such number.</exception>
    public static Raster Polygons(string path, ShapeOptions shapes) => Polygons(VectorFile.Read(path, shapes.Layer, shapes.Where), shapes.Property, shapes.Coverage);

    /// <summary>True in a cell of the hexagonal grid H3 (h3geo.org), whose sides are arcs of great circles.</summary>
    /// <param name="cell">Its index in hexadecimal, 8928308280fffff; or the one in which a place lies: RESOLUTION@LATITUDE,LONGITUDE, in degrees.</param>
    /// <param name="coverage">Which pixels are inside.</param>
    /// <exception cref="RasterException">It is no cell.</exception>
    public static Raster HexagonCell(string cell, Coverage coverage = Coverage.Centre) => Polygons(HexagonCells.Read(HexagonCells.Named(cell)), null, coverage);

    /// <summary>True in a cell of the hexagonal grid H3.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="coverage">Which pixels are inside.</param>
    public static Raster HexagonCell(HexagonCell cell, Coverage coverage = Coverage.Centre) => Polygons(HexagonCells.Read(cell), null, coverage);

    private static Raster Polygons(GeoJson file, string? property, Coverage coverage)
    {
        var type = coverage == Coverage.Fraction ? PixelType.Float64 : PixelType.Boolean;
        if (property is null) return new Raster(new PolygonSource(file, type, [.. file.Shapes.Select(static _ => 1.0)], coverage));
        var values = file.Shapes.Select(s => s.Values.TryGetValue(property, out var value) ? value : throw new RasterException($"{file.Name}: a shape has no number '{property}'; numbers there are: {string.Join(", ", s.Values.Keys)}")).ToArray();
        var isWhole = values.All(static v => v == Math.Floor(v) && Math.Abs(v) < 1e15);
        if (coverage != Coverage.Fraction) type = isWhole ? Grids.PixelTypes.Smallest(new Grids.ValueRange(Int128.Min(0, (Int128)values.Min()), (Int128)values.Max()))!.Value : PixelType.Float64;
        return new Raster(new PolygonSource(file, type, values, coverage));
    }

    /// <summary>
    /// For what follows any grid (polygons, areas, rows, numbers): where nothing else says on which pixels it lies, those of
    /// this grid, and all of it where it has no area of its own; where something does, that must have pixels of this size.
    /// </summary>
    public Raster OnPixels(Grid grid) => new(new OnPixels(Node, grid));

    /// <summary>This on a whole grid, 0 where it does not lie.</summary>
    public Raster On(Grid grid, string name = "the grid") => new(Choice.Of(new GridSource(grid, name), Node, Graph.Constant.Of((Int128)0)));

    /// <summary>The sum of the pixels around each, times weights (not turned over); 0 outside, missing where a pixel under a weight is.</summary>
    /// <param name="weights">Rows and columns, both odd.</param>
    /// <exception cref="RasterException">Rows or columns are even, or too many.</exception>
    public Raster Convolve(double[,] weights) => new(new Neighbourhood(Node, Focus.Convolve, weights));

    /// <summary>How far each pixel is from the nearest that is true (0 in it), in pixels; missing beyond a limit. A missing pixel is not true.</summary>
    /// <param name="limit">The largest distance that is looked for, in pixels; at most 4096.</param>
    /// <exception cref="RasterException">The limit is too large, or not above 0.</exception>
    public Raster Distance(double limit) => new(new Distance(Node, limit, null));

    /// <summary>How far each pixel is from the nearest that is true, in metres on the map, whose projection must be in metres or feet; missing beyond a limit.</summary>
    /// <param name="limit">The largest distance that is looked for, in metres; at most 4096 pixels.</param>
    /// <exception cref="RasterException">The limit is too large, the projection is in degrees, or GDAL is missing.</exception>
    public Raster DistanceInMetres(double limit) => new(new Distance(Node, limit, Gdal.Transformation.MetresOf));

    /// <summary>How far each pixel is from the nearest that is true, however far that is, in pixels; missing where none is at all. Takes 8 bytes of a temporary file for each pixel of the raster, in TMPDIR or /var/tmp.</summary>
    public Raster Distance() => new(new WholeDistance(Node, null));

    /// <summary>How far each pixel is from the nearest that is true, however far that is, in metres on the map, whose projection must be in metres or feet.</summary>
    /// <exception cref="RasterException">The projection is in degrees, or GDAL is missing.</exception>
    public Raster DistanceInMetres() => new(new WholeDistance(Node, Gdal.Transformation.MetresOf));

    /// <summary>The mean of the pixels that are there in a square of 2 * radius + 1.</summary>
    public Raster FocalMean(int radius) => Focal(Focus.Mean, radius);
    /// <summary>The sum of the pixels that are there in a square of 2 * radius + 1.</summary>
    public Raster FocalSum(int radius) => Focal(Focus.Sum, radius);
    /// <summary>The least of the pixels that are there in a square of 2 * radius + 1.</summary>
    public Raster FocalMin(int radius) => Focal(Focus.Minimum, radius);
    /// <summary>The most of the pixels that are there in a square of 2 * radius + 1.</summary>
    public Raster FocalMax(int radius) => Focal(Focus.Maximum, radius);

    /// <summary>The most less the least of the pixels that are there in a square of 2 * radius + 1.</summary>
    public Raster FocalRange(int radius) => Focal(Focus.Range, radius);
    /// <summary>The variance (the mean of the squares of differences from the mean) of the pixels that are there in a square of 2 * radius + 1.</summary>
    public Raster FocalVariance(int radius) => Focal(Focus.Variance, radius);
    /// <summary>The standard deviation, the root of the variance, of the pixels that are there in a square of 2 * radius + 1.</summary>
    public Raster FocalDeviation(int radius) => Focal(Focus.Deviation, radius);
    /// <summary>The median of the pixels that are there in a square of 2 * radius + 1; of an even number of them the middle between the two.</summary>
    public Raster FocalMedian(int radius) => Focal(Focus.Median, radius);
    /// <summary>The value that most of the pixels have that are there in a square of 2 * radius + 1; of several the least.</summary>
    public Raster FocalMajority(int radius) => Focal(Focus.Majority, radius);

    internal Raster Focal(Focus focus, int radius) =>
        radius is >= 0 and <= 255 ? new(new Neighbourhood(Node, focus, new double[2 * radius + 1, 2 * radius + 1])) : throw new RasterException("a radius is from 0 to 255 pixels");
}
