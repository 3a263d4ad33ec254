namespace Varve.Raster;

/// <summary>How often each value of a raster occurs.</summary>
/// <param name="Type">What the bytes are.</param>
/// <param name="Values">Each value once, in their order, in the machine's order of bytes.</param>
/// <param name="Counts">How many pixels have it.</param>
/// <param name="Missing">How many pixels are missing.</param>
public sealed record ValueCounts(PixelType Type, byte[] Values, long[] Counts, long Missing);
