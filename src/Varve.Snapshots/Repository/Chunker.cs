namespace Varve.Snapshots.Repository;

/// <summary>
/// Finds where to cut a stream so that the same bytes give the same pieces wherever they lie: FastCDC (Xia et al.,
/// USENIX ATC 2016), a rolling sum over about 64 bytes that is looked at from the smallest size on, harder before the
/// normal size and easier after it.
/// </summary>
internal sealed class Chunker(ulong[] gear, ChunkSizes sizes)
{
    private const int Window = 64;
    private readonly ulong hard = Mask(sizes.NormalBits + 1), easy = Mask(sizes.NormalBits - 2);
    private ulong sum;
    private int seen;

    /// <summary>
    /// Looks for the end of a piece in what has been read of it so far.
    /// </summary>
    /// <param name="piece">The piece from its start; each call has at least the bytes of the one before.</param>
    /// <returns>The length of the piece, or -1 when more must be read (or the stream has ended, and this is all).</returns>
    public int Cut(ReadOnlySpan<byte> piece)
    {
        var length = Math.Min(piece.Length, sizes.Largest);
        var at = Math.Max(seen, sizes.Smallest - Window);
        var normal = Math.Min(length, sizes.Normal);
        var value = seen > sizes.Smallest - Window ? sum : 0;
        for (; at < Math.Min(length, sizes.Smallest); at++) value = (value << 1) + gear[piece[at]];
        for (; at < normal; at++)
        {
            value = (value << 1) + gear[piece[at]];
            if ((value & hard) == 0) return Ended(at + 1);
        }
        for (; at < length; at++)
        {
            value = (value << 1) + gear[piece[at]];
            if ((value & easy) == 0) return Ended(at + 1);
        }
        if (length == sizes.Largest) return Ended(length);
        (sum, seen) = (value, length);
        return -1;
    }

    /// <summary>Begins a new stream.</summary>
    public void Reset() => (sum, seen) = (0, 0);

    private int Ended(int length)
    {
        Reset();
        return length;
    }

    // The high bits depend on the whole window, the low ones on a few bytes only.
    private static ulong Mask(int bits) => ulong.MaxValue << (64 - bits);
}

/// <summary>The sizes of pieces, in bytes.</summary>
/// <param name="Smallest">None is smaller, but for the last of a file.</param>
/// <param name="Normal">A power of two: about the size of most.</param>
/// <param name="Largest">None is larger.</param>
internal sealed record ChunkSizes(int Smallest, int Normal, int Largest)
{
    /// <summary>512 KiB, 1 MiB, 8 MiB: pieces of 1 to 2 MiB in the mean.</summary>
    public static ChunkSizes Default { get; } = new(512 << 10, 1 << 20, 8 << 20);

    /// <summary>The binary logarithm of the normal size.</summary>
    public int NormalBits => int.Log2(Normal);
}
