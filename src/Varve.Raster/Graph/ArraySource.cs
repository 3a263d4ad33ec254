using Varve.Raster.Grids;

namespace Varve.Raster.Graph;

/// <summary>Numbers that lie in memory.</summary>
internal sealed class ArraySource(byte[] bytes, PixelType type, Grid grid, double? noData) : Generated(type, null, noData is not null)
{
    public override string Name => "an array";
    public override Grid Grid => grid;
    public override double? NoData => noData;

    public override Window? PlaceOn(Grid reference) => Alignment.Place(reference, "another layer", grid, Name);

    public override void Fill(Grid reference, Window window, Span<byte> into)
    {
        var place = PlaceOn(reference)!.Value;
        var size = Type.Size();
        var rowBytes = (int)window.Width * size;
        for (var row = 0; row < window.Height; row++)
            bytes.AsSpan(checked((int)(((window.Y - place.Y + row) * grid.Width + window.X - place.X) * size)), rowBytes).CopyTo(into[(row * rowBytes)..]);
    }
}
