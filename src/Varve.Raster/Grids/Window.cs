namespace Varve.Raster.Grids;

/// <summary>A rectangle of pixels: first column and row, columns and rows.</summary>
internal readonly record struct Window(long X, long Y, long Width, long Height)
{
    public long Right => X + Width;
    public long Bottom => Y + Height;
    public bool IsEmpty => Width <= 0 || Height <= 0;
    public long Pixels => IsEmpty ? 0 : Width * Height;

    /// <summary>What they share; empty when nothing.</summary>
    public Window And(Window other)
    {
        var (x, y) = (Math.Max(X, other.X), Math.Max(Y, other.Y));
        return new Window(x, y, Math.Max(0, Math.Min(Right, other.Right) - x), Math.Max(0, Math.Min(Bottom, other.Bottom) - y));
    }

    /// <summary>The smallest rectangle that holds both.</summary>
    public Window Or(Window other)
    {
        if (IsEmpty) return other;
        if (other.IsEmpty) return this;
        var (x, y) = (Math.Min(X, other.X), Math.Min(Y, other.Y));
        return new Window(x, y, Math.Max(Right, other.Right) - x, Math.Max(Bottom, other.Bottom) - y);
    }

    public bool Holds(Window other) => other.IsEmpty || (other.X >= X && other.Y >= Y && other.Right <= Right && other.Bottom <= Bottom);

    public Window Moved(long x, long y) => this with { X = X + x, Y = Y + y };
}
