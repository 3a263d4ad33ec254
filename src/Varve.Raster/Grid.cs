using System.Globalization;
using Varve.Raster.Grids;

namespace Varve.Raster;

/// <summary>Where pixels lie: the outer corner of the first pixel, the steps from pixel to pixel, how many there are, in which projection.</summary>
/// <param name="X">The corner of the first pixel, in units of the projection.</param>
/// <param name="Y">The same, across.</param>
/// <param name="StepX">From a column to the next; more than 0.</param>
/// <param name="StepY">From a row to the next; less than 0 where the first row is the northernmost.</param>
/// <param name="Width">Columns.</param>
/// <param name="Height">Rows.</param>
/// <param name="Projection">What its coordinates mean.</param>
public sealed record Grid(double X, double Y, double StepX, double StepY, long Width, long Height, Projection Projection)
{
    /// <summary>How far, in pixels, grids that count as one may lie apart at any of their pixels.</summary>
    public const double Tolerance = 0.01;

    /// <summary>A grid that no file placed: steps of one, from 0, 0.</summary>
    internal static Grid Plain(long width, long height) => new(0, 0, 1, -1, width, height, Projection.None);

    internal bool IsPlaced => this is not { X: 0, Y: 0, StepX: 1 } || Math.Abs(StepY) != 1;

    /// <summary>The place of a column's left edge.</summary>
    internal double AtColumn(double column) => X + column * StepX;

    /// <summary>The place of a row's upper edge.</summary>
    internal double AtRow(double row) => Y + row * StepY;

    /// <summary>The part of this grid, or beyond it, in a window of its pixels.</summary>
    internal Grid Part(Window window) => this with { X = X + window.X * StepX, Y = Y + window.Y * StepY, Width = window.Width, Height = window.Height };

    internal Window All => new(0, 0, Width, Height);

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Width} x {Height} pixels of {PixelTypes.Text(StepX)} x {PixelTypes.Text(Math.Abs(StepY))} from ({PixelTypes.Text(X)}, {PixelTypes.Text(Y)}), {Projection}");
}
