using Varve.Raster.Graph;
using Varve.Raster.Layers;

namespace Varve.Raster;

public sealed partial class Raster
{
    /// <summary>The true area of each pixel in square metres, on the grid of whatever it is combined with: longitude and latitude, UTM, Mercator, equal-area projections.</summary>
    public static Raster Area() => new(new PixelArea(null));

    /// <summary>The true area of each pixel of this in square metres; its pixels are not read.</summary>
    public Raster AsArea() => new(new PixelArea(Node));

    /// <summary>True inside the polygons of a GeoJSON file, on the grid of whatever it is combined with; it lies on the rectangle around them.</summary>
    /// <param name="path">The file, in the projection of the rasters.</param>
    /// <param name="coverage">Which pixels are inside.</param>
    /// <exception cref="RasterException">It cannot be read.</exception>
    public static Raster Polygons(string path, Coverage coverage = Coverage.Centre)
    {
        var file = GeoJson.Read(path);
        return new Raster(new PolygonSource(file, PixelType.Boolean, [.. file.Shapes.Select(static _ => 1.0)], coverage));
    }

    /// <summary>The polygons of a GeoJSON file, each with the value of a property of its, and 0 outside; later ones over earlier ones.</summary>
    /// <param name="path">The file, in the projection of the rasters.</param>
    /// <param name="property">A property that is a number in every shape.</param>
    /// <param name="coverage">Which pixels are inside.</param>
    /// <exception cref="RasterException">It cannot be read, or a shape has no such number.</exception>
    public static Raster Polygons(string path, string property, Coverage coverage = Coverage.Centre)
    {
        var file = GeoJson.Read(path);
        var values = file.Shapes.Select(s => s.Values.TryGetValue(property, out var value) ? value : throw new RasterException($"{path}: a shape has no number '{property}'; numbers there are: {string.Join(", ", s.Values.Keys)}")).ToArray();
        var isWhole = values.All(static v => v == Math.Floor(v) && Math.Abs(v) < 1e15);
        var type = isWhole ? Grids.PixelTypes.Smallest(new Grids.ValueRange(Int128.Min(0, (Int128)values.Min()), (Int128)values.Max()))! : PixelType.Float64;
        return new Raster(new PolygonSource(file, type.Value, values, coverage));
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

    /// <summary>The mean of the pixels that are there in a square of 2 * radius + 1.</summary>
    public Raster FocalMean(int radius) => Focal(Focus.Mean, radius);
    /// <summary>The sum of the pixels that are there in a square of 2 * radius + 1.</summary>
    public Raster FocalSum(int radius) => Focal(Focus.Sum, radius);
    /// <summary>The least of the pixels that are there in a square of 2 * radius + 1.</summary>
    public Raster FocalMin(int radius) => Focal(Focus.Minimum, radius);
    /// <summary>The most of the pixels that are there in a square of 2 * radius + 1.</summary>
    public Raster FocalMax(int radius) => Focal(Focus.Maximum, radius);

    internal Raster Focal(Focus focus, int radius) =>
        radius is >= 0 and <= 255 ? new(new Neighbourhood(Node, focus, new double[2 * radius + 1, 2 * radius + 1])) : throw new RasterException("a radius is from 0 to 255 pixels");
}
