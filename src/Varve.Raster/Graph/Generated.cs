using Varve.Raster.Files;
using Varve.Raster.Grids;

namespace Varve.Raster.Graph;

/// <summary>
/// Pixels that follow from where they lie: rasterised polygons, areas, arrays, warped rasters. All its members may be
/// called by several threads at once, and give the same for a pixel whatever the window it is asked for in.
/// </summary>
internal abstract class Generated(PixelType type, ValueRange? range, bool canMiss, params Node[] parts) : Source(type, range, canMiss, parts)
{
    /// <summary>What stands for missing pixels in what it fills; null when nothing does. In real numbers NaN always does.</summary>
    public virtual double? NoData => null;

    /// <summary>The grid it has of its own, against which others are held; null when it follows any.</summary>
    public override Grid? Grid => null;

    /// <summary>The pixels of a grid on which it lies, counted from that grid's first; null when it lies everywhere.</summary>
    /// <exception cref="RasterException">It cannot be laid on that grid.</exception>
    public abstract Window? PlaceOn(Grid reference);

    /// <summary>Fills a window of a grid, row by row, in the machine's order of bytes. The window lies within its place.</summary>
    /// <param name="reference">The grid.</param>
    /// <param name="window">Pixels, counted from the grid's first.</param>
    /// <param name="into">Of exactly the window's bytes.</param>
    public abstract void Fill(Grid reference, Window window, Span<byte> into);

    /// <summary>Whether all pixels of a row have one value, so that a column of it is enough.</summary>
    public virtual bool IsByRow(Grid reference) => false;

    /// <summary>Memory that it takes while it fills a window, besides the window's.</summary>
    public virtual long WorkingBytes(long width, long height) => 0;

    /// <summary>Does, once and before anything is filled, what takes all of its parts together.</summary>
    /// <param name="limits">What may be used.</param>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public virtual void Prepare(Limits limits) { }

    /// <summary>The files it reads.</summary>
    public virtual IEnumerable<RasterFile> Files => [];

    /// <summary>The number that all pixels of a window have, when that is known without work; the window may then be passed over.</summary>
    public virtual double? Uniform(Grid reference, Window window) => null;
}
