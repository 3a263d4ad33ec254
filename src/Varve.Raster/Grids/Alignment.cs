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
    public static Window Place(Grid reference, string referenceName, Grid grid, string name)
    {
        MustHaveSamePixels(reference, referenceName, grid, name);
        var (x, y) = ((grid.X - reference.X) / reference.StepX, (grid.Y - reference.Y) / reference.StepY);
        var (column, row) = (Math.Round(x), Math.Round(y));
        if (!(Math.Abs(x - column) <= Grid.Tolerance && Math.Abs(y - row) <= Grid.Tolerance))
            throw new RasterException(string.Create(CultureInfo.InvariantCulture, $"the pixels of {name} lie {Math.Abs(x - column):0.###} across and {Math.Abs(y - row):0.###} down beside those of {referenceName}, in parts of a pixel; move them deliberately (varve raster convert --snap {referenceName}), or warp one onto the other's grid"));
        if (Math.Abs(column) > int.MaxValue || Math.Abs(row) > int.MaxValue) throw new RasterException($"{name} lies too far from {referenceName} to be combined with it");
        return new Window((long)column, (long)row, grid.Width, grid.Height);
    }

    /// <summary>Wherever they lie: whether they are of one projection, and their pixels of one size.</summary>
    /// <exception cref="RasterException">They are not; the message says what to call.</exception>
    public static void MustHaveSamePixels(Grid reference, string referenceName, Grid grid, string name)
    {
        if (!reference.Projection.IsSame(grid.Projection))
            throw new RasterException($"{referenceName} is in {reference.Projection} and {name} in {grid.Projection}; warp one onto the other's grid (gdalwarp -t_srs ... -tr ... -te ...), or, when they only are named differently, write the right name into one (varve raster convert --srs EPSG:CODE)");
        var drift = Math.Max(Drift(reference.StepX, grid.StepX, Math.Max(reference.Width, grid.Width)), Drift(reference.StepY, grid.StepY, Math.Max(reference.Height, grid.Height)));
        if (!(drift <= Grid.Tolerance))
            throw new RasterException($"pixels of {referenceName} are {Size(reference)} and of {name} {Size(grid)}; warp one onto the other's grid (gdalwarp -tr ... -te ...)");
    }

    /// <summary>How many pixels apart two steps end after a number of them.</summary>
    private static double Drift(double a, double b, long count) => Math.Abs(a - b) / Math.Abs(a) * count;

    private static string Size(Grid grid) => $"{PixelTypes.Text(grid.StepX)} x {PixelTypes.Text(-grid.StepY)}";
}
