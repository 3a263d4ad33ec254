using System.Runtime.InteropServices;
using Varve.Raster.Graph;
using Varve.Raster.Grids;

namespace Varve.Raster.Layers;

/// <summary>The true area of each pixel in square metres, on whatever grid the other layers have; it lies where its part does, or everywhere.</summary>
internal sealed class PixelArea(Node? where) : Generated(PixelType.Float64, null, false, where is null ? [] : [where]), IEquatable<PixelArea>
{
    private sealed record Made(Grid Grid, Surface Surface);
    private volatile Made? made;

    public override string Name => "area()";
    public override bool IsByRow(Grid reference) => On(reference).IsSameAlongRows;
    public override Window? PlaceOn(Grid reference) => null;

    public override void Fill(Grid reference, Window window, Span<byte> into)
    {
        On(reference).Fill(window, MemoryMarshal.Cast<byte, double>(into));
    }

    private Surface On(Grid reference)
    {
        var known = made;
        if (known is null || known.Grid != reference) made = known = new Made(reference, Surface.Of(reference));
        return known.Surface;
    }

    public bool Equals(PixelArea? other) => other is not null && Parts.SequenceEqual(other.Parts, ReferenceEqualityComparer.Instance);
    public override bool Equals(object? obj) => Equals(obj as PixelArea);
    public override int GetHashCode() => Parts.Count;
}
