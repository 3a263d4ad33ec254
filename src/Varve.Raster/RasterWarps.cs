using Varve.Raster.Files;
using Varve.Raster.Gdal;
using Varve.Raster.Grids;
using Varve.Raster.Layers;

namespace Varve.Raster;

public sealed partial class Raster
{
    /// <summary>This on another grid: other pixels, or another projection (by PROJ, where GDAL is installed). Missing where this does not lie.</summary>
    /// <param name="grid">That grid.</param>
    /// <param name="how">How its pixels come about.</param>
    /// <returns>Integers for methods that take values as they are (near, mode, min, max, quartiles), of a larger type where one is needed for missing pixels; real numbers for the others.</returns>
    /// <exception cref="RasterException">There is no way between the projections, or GDAL is missing.</exception>
    public Raster To(Grid grid, Resampling how = Resampling.Near) => new(Warped.Of(Node, grid, how));

    /// <summary>This in pixels of another size, from the same corner.</summary>
    /// <param name="stepX">Width of a pixel, in units of the projection.</param>
    /// <param name="stepY">Height of a pixel; its sign does not count.</param>
    /// <param name="how">How its pixels come about.</param>
    public Raster Rescale(double stepX, double stepY, Resampling how = Resampling.Near)
    {
        if (!double.IsFinite(stepX) || !double.IsFinite(stepY) || stepX <= 0 || stepY == 0) throw new RasterException("pixels have a width and a height above 0");
        var grid = Grid;
        var (width, height) = (grid.Width * grid.StepX / stepX, grid.Height * Math.Abs(grid.StepY / stepY));
        return To(grid with { StepX = stepX, StepY = Math.CopySign(stepY, grid.StepY), Width = Whole(width), Height = Whole(height) }, how);
    }

    /// <summary>This in another projection, on the grid that GDAL finds for it.</summary>
    /// <exception cref="RasterException">There is no way between the projections, or GDAL is missing.</exception>
    public Raster AsProjection(Projection projection, Resampling how = Resampling.Near, double? step = null) => To(GridIn(projection, step), how);

    /// <summary>The grid on which this is laid in another projection, or with pixels of another size.</summary>
    /// <param name="projection">The projection.</param>
    /// <param name="step">Width and height of a pixel; null for what keeps about as many.</param>
    public Grid GridIn(Projection projection, double? step = null)
    {
        var own = Grid;
        if (own.Projection.IsNone && !projection.IsNone) throw new RasterException($"the raster does not say in which projection it is, so there is no way to {projection}; varve raster convert FILE --srs NAME says so");
        var grid = own.Projection.Equals(projection) ? own : SuggestedGrid.Of(own.Projection, own.Width, own.Height, [own.X, own.StepX, 0, own.Y, 0, own.StepY], projection);
        return step is { } size ? Stepped(grid, size, size) : grid;
    }

    /// <summary>A file whose rows do not run along the axes of its projection, or any other, laid on a grid.</summary>
    /// <param name="path">The file.</param>
    /// <param name="grid">The grid; null for the one that GDAL finds, in the file's projection.</param>
    /// <param name="how">How its pixels come about.</param>
    /// <param name="band">Which band, from 1.</param>
    /// <exception cref="RasterException">It cannot be read, or there is no way between the projections.</exception>
    public static Raster OpenTurned(string path, Grid? grid = null, Resampling how = Resampling.Near, int band = 1)
    {
        if (RasterFiles.Open(path, band - 1) is not { Turned: { } six } file) return grid is null ? Open(path, band) : Open(path, band).To(grid, how);
        return new Raster(Warped.Of(FileBand.OfTurned(file, band - 1), grid ?? GridFor(file, null, null), how, six));
    }

    /// <summary>The grid on which a file is laid straight, whether its rows run along the axes or not: its own where they do and nothing else is asked for.</summary>
    /// <param name="path">The file.</param>
    /// <param name="projection">Another projection; null for the file's.</param>
    /// <param name="step">Width and height of a pixel; null for what keeps about as many.</param>
    /// <exception cref="RasterException">It cannot be read, or there is no way between the projections.</exception>
    public static Grid GridFor(string path, Projection? projection = null, double? step = null)
    {
        using var file = RasterFiles.Open(path);
        return GridFor(file, projection, step);
    }

    private static Grid GridFor(RasterFile file, Projection? projection, double? step)
    {
        var own = file.Grid;
        if (file.Turned is null && file.WhyNoGrid is { Length: > 0 } why) throw new RasterException($"{file.Name}: {why}");
        var isSame = projection is null || own.Projection.Equals(projection);
        if (!isSame && own.Projection.IsNone) throw new RasterException($"{file.Name}: it does not say in which projection it is, so there is no way to {projection}; {Named(file)} says it");
        var grid = file.Turned is null && isSame ? own : SuggestedGrid.Of(own.Projection, own.Width, own.Height, file.Turned ?? [own.X, own.StepX, 0, own.Y, 0, own.StepY], projection ?? own.Projection);
        return step is { } size ? Stepped(grid, size, size) : grid;
    }

    private static string Named(RasterFile file)
    {
        var (own, straight) = (Origin.Quoted(file.Name), Origin.Quoted($"{Origin.Stem(file.Name)}-straight.tif"));
        var named = Origin.Quoted($"{Origin.Stem(file.Name)}-named.tif");
        return file.Turned is null ? $"varve raster convert {own} --srs NAME -o {named}" : $"varve raster warp {own} -o {straight}, and then varve raster convert {straight} --srs NAME -o {named},";
    }

    internal static Grid Stepped(Grid grid, double stepX, double stepY) => grid with
    {
        StepX = stepX,
        StepY = Math.CopySign(stepY, grid.StepY),
        Width = Whole(grid.Width * grid.StepX / stepX),
        Height = Whole(grid.Height * Math.Abs(grid.StepY / stepY)),
    };

    /// <summary>Pixels that cover a length: a hair more than a whole number is that number.</summary>
    private static long Whole(double pixels) => Math.Max(1, (long)Math.Ceiling(pixels - Varve.Raster.Grid.Tolerance));
}
