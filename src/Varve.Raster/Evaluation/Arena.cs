using System.Runtime.InteropServices;

namespace Varve.Raster.Evaluation;

/// <summary>Memory of one thread for one piece of work after the other: taken bit by bit, given back all at once, and kept.</summary>
internal sealed unsafe class Arena : IDisposable
{
    private const long Alignment = 64;
    private readonly List<(nint Memory, long Bytes)> pieces = [];
    private int piece;
    private long used;

    /// <summary>Bytes that hold until <see cref="Reset"/>; what is in them is not known.</summary>
    public byte* Take(long bytes)
    {
        bytes = (bytes + Alignment - 1) / Alignment * Alignment;
        for (; piece < pieces.Count; piece++, used = 0)
        {
            if (used + bytes > pieces[piece].Bytes) continue;
            used += bytes;
            return (byte*)pieces[piece].Memory + used - bytes;
        }
        var size = Math.Max(bytes, 1 << 20);
        pieces.Add(((nint)NativeMemory.AlignedAlloc((nuint)size, (nuint)Alignment), size));
        used = bytes;
        return (byte*)pieces[piece].Memory;
    }

    /// <summary>All that was taken is given back.</summary>
    public void Reset() => (piece, used) = (0, 0);

    public void Dispose()
    {
        foreach (var (memory, _) in pieces) NativeMemory.AlignedFree((byte*)memory);
        pieces.Clear();
    }
}
