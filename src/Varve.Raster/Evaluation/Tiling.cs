using Varve.Raster.Grids;

namespace Varve.Raster.Evaluation;

/// <summary>A window cut into chunks of one size, counted row by row; the first begins at, or before, the window's first pixel.</summary>
/// <param name="Everything">What is cut.</param>
/// <param name="X">A column at which a chunk begins.</param>
/// <param name="Y">A row at which one begins.</param>
/// <param name="Width">Columns of a chunk.</param>
/// <param name="Height">Rows of a chunk.</param>
internal sealed record Tiling(Window Everything, long X, long Y, long Width, long Height)
{
    private long FirstColumn => Floor(Everything.X - X, Width);
    private long FirstRow => Floor(Everything.Y - Y, Height);
    public long Across => Floor(Everything.Right - 1 - X, Width) - FirstColumn + 1;
    public long Down => Floor(Everything.Bottom - 1 - Y, Height) - FirstRow + 1;
    public long Count => Everything.IsEmpty ? 0 : Across * Down;
    public long Pixels => Width * Height;

    /// <summary>The pixels of a chunk, within the window.</summary>
    public Window this[long index]
    {
        get
        {
            var (row, column) = Math.DivRem(index, Across);
            return new Window(X + (FirstColumn + column) * Width, Y + (FirstRow + row) * Height, Width, Height).And(Everything);
        }
    }

    /// <summary>How many chunks share a pixel with a window.</summary>
    public long CountOver(Window window)
    {
        var part = window.And(Everything);
        if (part.IsEmpty) return 0;
        return (Floor(part.Right - 1 - X, Width) - Floor(part.X - X, Width) + 1) * (Floor(part.Bottom - 1 - Y, Height) - Floor(part.Y - Y, Height) + 1);
    }

    private static long Floor(long a, long b) => a >= 0 ? a / b : -((b - 1 - a) / b);
}
