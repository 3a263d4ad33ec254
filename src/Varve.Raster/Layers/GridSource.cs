using Varve.Raster.Graph;
using Varve.Raster.Grids;

namespace Varve.Raster.Layers;

/// <summary>True on a grid: it says where something lies that follows any grid.</summary>
internal sealed class GridSource(Grid grid, string name) : Generated(PixelType.Boolean, null, false)
{
    public override string Name => name;
    public override Grid Grid => grid;
    public override Window? PlaceOn(Grid reference) => Alignment.Place(reference, "another layer", grid, Name);
    public override void Fill(Grid reference, Window window, Span<byte> into) => into.Fill(1);
    public override double? Uniform(Grid reference, Window window) => 1;
}
