using System.Globalization;

namespace Varve.Raster.Grids;

/// <summary>
/// Whether rasters lie on one grid, and where each lies on it. The grid that all are held against is chosen by its
/// numbers, so that nothing depends on the order in which rasters are named.
/// </summary>
internal static class Alignment
{
    /// <summary>The grid among these that the others are counted from; null when there is none.</summary>
    public static Grid? Reference(IEnumerable<Grid> grids) =>
        grids.OrderBy(static g => g.X).ThenBy(static g => g.Y).ThenBy(static g => g.StepX).ThenBy(static g => g.StepY)
            .ThenBy(static g => g.Projection.ToString(), StringComparer.Ordinal).ThenBy(static g => g.Width).ThenBy(static g => g.Height).FirstOrDefault();

    /// <summary>The pixels of the reference on which a grid lies.</summary>
    /// <exception cref="RasterException">It lies on no pixels of the reference; the message says what to call.</exception>
    public static Window Place(Grid reference, Origin referenceName, Grid grid, Origin name)
    {
        MustHaveSamePixels(reference, referenceName, grid, name);
        var (x, y) = ((grid.X - reference.X) / reference.StepX, (grid.Y - reference.Y) / reference.StepY);
        var (column, row) = (Math.Round(x), Math.Round(y));
        if (!(Math.Abs(x - column) <= Grid.Tolerance && Math.Abs(y - row) <= Grid.Tolerance))
            throw new RasterException(string.Create(CultureInfo.InvariantCulture, $"the pixels of {name.Name} lie {Math.Abs(x - column):0.###} across and {Math.Abs(y - row):0.###} down beside those of {referenceName.Name}, in parts of a pixel; {Remedy(name, referenceName)}{Moved(name, referenceName)}"));
        if (Math.Abs(column) > int.MaxValue || Math.Abs(row) > int.MaxValue) throw new RasterException($"{name.Name} lies too far from {referenceName.Name} to be combined with it");
        return new Window((long)column, (long)row, grid.Width, grid.Height);
    }

    /// <summary>Wherever they lie: whether they are of one projection, and their pixels of one size.</summary>
    /// <exception cref="RasterException">They are not; the message says what to call.</exception>
    public static void MustHaveSamePixels(Grid reference, Origin referenceName, Grid grid, Origin name)
    {
        if (!reference.Projection.IsSame(grid.Projection)) throw new RasterException(OtherProjection(reference, referenceName, grid, name));
        var drift = Math.Max(Drift(reference.StepX, grid.StepX, Math.Max(reference.Width, grid.Width)), Drift(reference.StepY, grid.StepY, Math.Max(reference.Height, grid.Height)));
        if (!(drift <= Grid.Tolerance))
            throw new RasterException($"pixels of {referenceName.Name} are {Size(reference)} and of {name.Name} {Size(grid)}; {Remedy(name, referenceName)}");
    }

    private static string OtherProjection(Grid reference, Origin referenceName, Grid grid, Origin name)
    {
        if (reference.Projection.IsNone) (reference, referenceName, grid, name) = (grid, name, reference, referenceName);
        if (grid.Projection.IsNone) return $"{referenceName.Name} is in {reference.Projection} and {name.Name} does not say in which it is; {Renamed(reference, name)} says so, if it is the same";
        return $"{referenceName.Name} is in {reference.Projection} and {name.Name} in {grid.Projection}; {Remedy(name, referenceName)}{(reference.Projection.Epsg is null || reference.Projection.IsGeographic != grid.Projection.IsGeographic ? "" : $"; or, if only their names differ, {Renamed(reference, name)}")}";
    }

    private static string Renamed(Grid reference, Origin name)
    {
        var code = reference.Projection.Epsg is { } epsg ? string.Create(CultureInfo.InvariantCulture, $"EPSG:{epsg}") : "NAME";
        return name.IsFile ? $"varve raster convert {Origin.Quoted(name.File!)} --srs {code} -o {Origin.Quoted($"{Origin.Stem(name.File!)}-named.tif")}" : $"varve raster convert --srs {code}";
    }

    /// <summary>What lays one on the other's pixels.</summary>
    private static string Remedy(Origin name, Origin reference) =>
        Origin.Warp(name, reference) is { } call ? $"{call} lays one on the pixels of the other (-r average or bilinear for measurements)" : "lay one on the grid of the other first: varve raster warp --snap FILE, or To(grid) in a program";

    /// <summary>What only calls the pixels another place, where both are files.</summary>
    private static string Moved(Origin name, Origin reference)
    {
        if (!(name.IsFile && reference.File is not null)) (name, reference) = (reference, name);
        return name.IsFile && reference.File is not null ? $", or varve raster convert {Origin.Quoted(name.File!)} --snap {Origin.Quoted(reference.File)} -o {Origin.Quoted($"{Origin.Stem(name.File!)}-moved.tif")} moves its pixels as they are" : "";
    }

    /// <summary>How many pixels apart two steps end after a number of them.</summary>
    private static double Drift(double a, double b, long count) => Math.Abs(a - b) / Math.Abs(a) * count;

    private static string Size(Grid grid) => $"{PixelTypes.Text(grid.StepX)} x {PixelTypes.Text(-grid.StepY)}";
}
