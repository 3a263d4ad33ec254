namespace Varve.Raster.Graph;

/// <summary>A raster where a mask is true, and missing where it is not; it lies where both do.</summary>
internal sealed class Masked : Node
{
    private Masked(Node value, Node mask) : base(value.Type, value.Range, true, value, mask) { }

    public static Node Of(Node value, Node mask) => new Masked(value, Unary.Truth(mask));
}
