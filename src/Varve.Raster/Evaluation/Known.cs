using System.Runtime.InteropServices;

namespace Varve.Raster.Evaluation;

/// <summary>A value that is one number over a whole chunk, or missing over all of it.</summary>
/// <param name="Bits">The number's bytes as its type has them.</param>
/// <param name="IsMissing">For integers and truths; a real number is missing by being NaN.</param>
internal readonly record struct Known(ulong Bits, bool IsMissing)
{
    public static Known Of(PixelType type, double value)
    {
        ulong bits = 0;
        var bytes = MemoryMarshal.AsBytes(new Span<ulong>(ref bits));
        switch (type)
        {
            case PixelType.Float32: BitConverter.TryWriteBytes(bytes, (float)value); break;
            case PixelType.Float64: BitConverter.TryWriteBytes(bytes, value); break;
            case PixelType.UInt64: BitConverter.TryWriteBytes(bytes, (ulong)value); break;
            default: bits = (ulong)(long)value & (ulong.MaxValue >> (64 - 8 * Grids.PixelTypes.Size(type))); break;
        }
        return new Known(bits, false);
    }

    /// <summary>Writes it to each of a run of pixels.</summary>
    public unsafe void Fill(byte* into, int size, int count)
    {
        switch (size)
        {
            case 1: new Span<byte>(into, count).Fill((byte)Bits); break;
            case 2: new Span<ushort>(into, count).Fill((ushort)Bits); break;
            case 4: new Span<uint>(into, count).Fill((uint)Bits); break;
            default: new Span<ulong>(into, count).Fill(Bits); break;
        }
    }
}
