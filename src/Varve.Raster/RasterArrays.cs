using System.Runtime.InteropServices;
using Varve.Raster.Evaluation;
using Varve.Raster.Graph;
using Varve.Raster.Grids;
using Varve.Raster.Outputs;

namespace Varve.Raster;

public sealed partial class Raster
{
    /// <summary>Numbers in memory, row by row, as a layer; they are not copied.</summary>
    /// <param name="bytes">In the machine's order of bytes.</param>
    /// <param name="type">What they are.</param>
    /// <param name="grid">Where they lie.</param>
    /// <param name="noData">What stands for missing pixels; null when nothing does. NaN always does.</param>
    /// <exception cref="RasterException">The grid has not as many pixels.</exception>
    public static Raster FromArray(byte[] bytes, PixelType type, Grid grid, double? noData = null)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        if (grid.Width * grid.Height * type.Size() != bytes.Length) throw new RasterException($"the array has {bytes.Length / type.Size()} pixels, and the grid {grid.Width} x {grid.Height}");
        return new Raster(new ArraySource(bytes, type, grid, noData));
    }

    /// <summary>Numbers in memory, row by row, as a layer; they are copied.</summary>
    public static Raster FromArray<T>(ReadOnlySpan<T> numbers, PixelType type, Grid grid, double? noData = null) where T : unmanaged => FromArray(MemoryMarshal.AsBytes(numbers).ToArray(), type, grid, noData);

    /// <summary>Computes it into memory.</summary>
    /// <exception cref="RasterException">It has more than 2^31 bytes, or cannot be computed.</exception>
    public unsafe RasterArray Read(Limits? limits = null)
    {
        var grid = Grid;
        var pixels = grid.Width * grid.Height;
        if (pixels * Type.Size() > Array.MaxLength) throw new RasterException($"{pixels:#,0} pixels of {Type} do not fit into an array; write a file, or read a part");
        var (bytes, missing) = (new byte[pixels * Type.Size()], new byte[pixels]);
        fixed (byte* data = bytes)
        fixed (byte* miss = missing) return new RasterArray(grid, Type, bytes, ReadInto(data, miss, pixels, limits) ? missing : null);
    }

    /// <summary>Computes it into memory that its caller has, row by row.</summary>
    /// <param name="data">Of as many pixels.</param>
    /// <param name="missing">A byte for each pixel.</param>
    /// <param name="pixels">How many there is room for.</param>
    /// <param name="limits">What may be used.</param>
    /// <returns>Whether any pixel is missing.</returns>
    /// <exception cref="RasterException">It has not as many pixels, or cannot be computed.</exception>
    internal unsafe bool ReadInto(byte* data, byte* missing, long pixels, Limits? limits)
    {
        var pass = new Pass([Node], limits ?? Limits.Default);
        if (pass.Everything.Pixels != pixels) throw new RasterException($"the raster has {pass.Everything.Pixels:#,0} pixels, and the array {pixels:#,0}");
        var sink = new ArraySink(0, pass.Everything, data, missing);
        var report = pass.Run([sink]);
        limits?.Done?.Invoke(report);
        return sink.HasMissing;
    }
}
