using System.Runtime.InteropServices;
using Varve.Raster.Graph;
using Varve.Raster.Grids;

namespace Varve.Raster.Layers;

/// <summary>The true area of each pixel in square metres, on whatever grid the other layers have; it lies where its part does, or everywhere.</summary>
internal sealed class PixelArea(Node? where) : Generated(PixelType.Float64, null, false, where is null ? [] : [where]), IEquatable<PixelArea>
{
    public override string Name => "area()";
    public override bool IsByRow(Grid reference) => Surface.Of(reference).IsSameAlongRows;
    public override Window? PlaceOn(Grid reference) => null;

    public override void Fill(Grid reference, Window window, Span<byte> into)
    {
        var areas = MemoryMarshal.Cast<byte, double>(into);
        var width = (int)window.Width;
        var surface = Surface.Of(reference);
        for (var row = 0; row < window.Height; row++)
        {
            var line = areas.Slice(row * width, width);
            if (surface.IsSameAlongRows) line.Fill(surface.PixelAt(0, window.Y + row));
            else
                for (var column = 0; column < width; column++) line[column] = surface.PixelAt(window.X + column, window.Y + row);
        }
    }

    public bool Equals(PixelArea? other) => other is not null && Parts.SequenceEqual(other.Parts, ReferenceEqualityComparer.Instance);
    public override bool Equals(object? obj) => Equals(obj as PixelArea);
    public override int GetHashCode() => Parts.Count;
}
