namespace Varve.Raster.Graph;

/// <summary>What follows any grid (polygons, areas, rows, numbers), with the grid on which it lies where nothing else says on which.</summary>
internal sealed class OnPixels(Node inner, Grid grid) : Node(inner.Type, inner.Range, inner.CanMiss, inner)
{
    public Grid Grid { get; } = grid;
}
