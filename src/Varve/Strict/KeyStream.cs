using System.Buffers.Binary;
using System.Numerics;

namespace Varve.Strict;

/// <summary>
/// Bytes that look random and follow from a key: the key stream of ChaCha20 (RFC 8439, section 2.3), with the block counter
/// of 64 bits that its first description has, so that it does not end. Not for concurrent use.
/// </summary>
internal sealed class KeyStream
{
    private const int Words = 16, BlockBytes = 64, Rounds = 10;
    private readonly uint[] state = new uint[Words];
    private readonly byte[] block = new byte[BlockBytes];
    private int used = BlockBytes;

    /// <summary>The stream of a key of 32 bytes.</summary>
    /// <param name="key">The key.</param>
    /// <param name="counter">The number of the first block.</param>
    /// <param name="nonce">Tells apart streams of one key.</param>
    public KeyStream(ReadOnlySpan<byte> key, ulong counter = 0, ulong nonce = 0)
    {
        "expand 32-byte k"u8.CopyTo(block);
        for (var i = 0; i < 4; i++) state[i] = BinaryPrimitives.ReadUInt32LittleEndian(block.AsSpan(4 * i));
        for (var i = 0; i < 8; i++) state[4 + i] = BinaryPrimitives.ReadUInt32LittleEndian(key[(4 * i)..]);
        (state[12], state[13]) = ((uint)counter, (uint)(counter >> 32));
        (state[14], state[15]) = ((uint)nonce, (uint)(nonce >> 32));
    }

    /// <summary>The next bytes.</summary>
    public void Fill(Span<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (used == BlockBytes) Next();
            var count = Math.Min(BlockBytes - used, bytes.Length);
            block.AsSpan(used, count).CopyTo(bytes);
            used += count;
            bytes = bytes[count..];
        }
    }

    private void Next()
    {
        Span<uint> x = stackalloc uint[Words];
        state.CopyTo(x);
        for (var i = 0; i < Rounds; i++)
        {
            QuarterRound(x, 0, 4, 8, 12);
            QuarterRound(x, 1, 5, 9, 13);
            QuarterRound(x, 2, 6, 10, 14);
            QuarterRound(x, 3, 7, 11, 15);
            QuarterRound(x, 0, 5, 10, 15);
            QuarterRound(x, 1, 6, 11, 12);
            QuarterRound(x, 2, 7, 8, 13);
            QuarterRound(x, 3, 4, 9, 14);
        }
        for (var i = 0; i < Words; i++) BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(4 * i), x[i] + state[i]);
        if (++state[12] == 0) state[13]++;
        used = 0;
    }

    private static void QuarterRound(Span<uint> x, int a, int b, int c, int d)
    {
        x[a] += x[b];
        x[d] = BitOperations.RotateLeft(x[d] ^ x[a], 16);
        x[c] += x[d];
        x[b] = BitOperations.RotateLeft(x[b] ^ x[c], 12);
        x[a] += x[b];
        x[d] = BitOperations.RotateLeft(x[d] ^ x[a], 8);
        x[c] += x[d];
        x[b] = BitOperations.RotateLeft(x[b] ^ x[c], 7);
    }
}
