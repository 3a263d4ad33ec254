using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Varve.Raster;

/// <summary>A raster in memory: its numbers row by row, and which are missing.</summary>
/// <param name="Grid">Where it lies.</param>
/// <param name="Type">What the bytes are.</param>
/// <param name="Bytes">The numbers, in the machine's order of bytes; where an integer is missing, 0.</param>
/// <param name="Missing">1 for each pixel that is missing, else 0; null when none is. Real numbers are NaN there too.</param>
public sealed record RasterArray(Grid Grid, PixelType Type, byte[] Bytes, byte[]? Missing)
{
    /// <summary>The numbers, as what they are.</summary>
    /// <exception cref="RasterException">They are of another size.</exception>
    public Span<T> As<T>() where T : unmanaged =>
        Unsafe.SizeOf<T>() == Grids.PixelTypes.Size(Type) ? MemoryMarshal.Cast<byte, T>(Bytes.AsSpan()) : throw new RasterException($"the array holds {Type}, which {typeof(T).Name} has not the size of");
}
