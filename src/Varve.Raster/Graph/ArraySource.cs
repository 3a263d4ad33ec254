using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Varve.Raster.Grids;

namespace Varve.Raster.Graph;

/// <summary>Numbers that lie in memory.</summary>
internal sealed class ArraySource(byte[] bytes, PixelType type, Grid grid, double? noData) : Generated(type, RangeOf(bytes, type), noData is not null)
{
    /// <summary>Of integers of 64 bits, in which other languages keep small numbers, what they are and not what they could be: or all that is computed of them would have to be real.</summary>
    private static ValueRange? RangeOf(byte[] bytes, PixelType type) => type switch
    {
        PixelType.Int64 when bytes.Length > 0 => RangeOf<long>(bytes),
        PixelType.UInt64 when bytes.Length > 0 => RangeOf<ulong>(bytes),
        _ => null,
    };

    private static ValueRange RangeOf<T>(byte[] bytes) where T : unmanaged, INumber<T>
    {
        var numbers = MemoryMarshal.Cast<byte, T>(bytes.AsSpan());
        return new ValueRange(0, 0).With(new ValueRange(Int128.CreateTruncating(TensorPrimitives.Min<T>(numbers)), Int128.CreateTruncating(TensorPrimitives.Max<T>(numbers))));
    }

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
