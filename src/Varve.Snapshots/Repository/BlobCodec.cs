using System.Buffers;

namespace Varve.Snapshots.Repository;

/// <summary>What a blob is for; kinds never share a pack.</summary>
internal enum BlobKind : byte
{
    /// <summary>Contents of files.</summary>
    Data = 1,
    /// <summary>Directories, and lists of parts.</summary>
    Meta = 2,
}

/// <summary>A chunk within a blob: small ones share one, so that many small files are cheap.</summary>
internal readonly record struct BlobMember(ChunkId Id, int Length);

/// <summary>A sealed blob, ready to be put into a pack. The buffer goes back to the pool when it is written.</summary>
internal sealed record SealedBlob(BlobKind Kind, byte[] Buffer, int Length, int RawLength, IReadOnlyList<BlobMember> Members);

/// <summary>
/// Compresses and seals: <c>method (1) | sealed bytes</c>, where the method is 0 for bytes as they are and 1 for
/// Zstandard. One for each thread.
/// </summary>
internal sealed class BlobCodec : IDisposable
{
    /// <summary>Contents whose begin and middle do not shrink are not compressed: rasters often are already.</summary>
    private const int ProbeFrom = 256 << 10, Probe = 32 << 10;
    private const double Worth = 0.97;
    private readonly Sealer sealer;
    private readonly ZstdSharp.Compressor compressor;
    private readonly ZstdSharp.Decompressor decompressor = new();
    private byte[] scratch = [];

    /// <param name="cipher">How to seal.</param>
    /// <param name="key">With what.</param>
    /// <param name="level">Of Zstandard.</param>
    public BlobCodec(RepositoryCipher cipher, byte[] key, int level)
    {
        sealer = new Sealer(cipher, key);
        compressor = new ZstdSharp.Compressor(level);
    }

    /// <summary>The most bytes that a blob of a content can take.</summary>
    public const int Overhead = 1 + Sealer.Overhead;

    private static ReadOnlySpan<byte> About(BlobKind kind, byte method) => (kind, method) switch
    {
        (BlobKind.Data, 0) => "varve blob data raw"u8,
        (BlobKind.Data, _) => "varve blob data zstd"u8,
        (_, 0) => "varve blob meta raw"u8,
        _ => "varve blob meta zstd"u8,
    };

    /// <summary>Makes a blob.</summary>
    public SealedBlob Encode(BlobKind kind, ReadOnlySpan<byte> raw, IReadOnlyList<BlobMember> members)
    {
        var packed = raw;
        byte method = 0;
        if (raw.Length > 64 && LooksCompressible(raw))
        {
            var size = Compress(raw);
            if (size < raw.Length * Worth)
            {
                packed = scratch.AsSpan(0, size);
                method = 1;
            }
        }
        var length = packed.Length + Overhead;
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        buffer[0] = method;
        sealer.Seal(packed, buffer.AsSpan(1, length - 1), About(kind, method));
        return new SealedBlob(kind, buffer, length, raw.Length, members);
    }

    private int Compress(ReadOnlySpan<byte> raw)
    {
        var bound = ZstdSharp.Compressor.GetCompressBound(raw.Length);
        if (scratch.Length < bound) scratch = new byte[bound];
        return compressor.Wrap(raw, scratch);
    }

    private bool LooksCompressible(ReadOnlySpan<byte> raw) =>
        raw.Length < ProbeFrom
        || Compress(raw[..Probe]) < Probe * Worth
        || Compress(raw.Slice(raw.Length / 2, Probe)) < Probe * Worth
        || Compress(raw[^Probe..]) < Probe * Worth;

    /// <summary>Opens a blob; false when it is damaged or not what the index says.</summary>
    /// <param name="kind">What it is for.</param>
    /// <param name="blob">The bytes of the pack.</param>
    /// <param name="raw">As long as its content.</param>
    public bool TryDecode(BlobKind kind, ReadOnlySpan<byte> blob, Span<byte> raw)
    {
        if (blob.Length < Overhead) return false;
        var method = blob[0];
        var sealedBytes = blob[1..];
        var length = sealedBytes.Length - Sealer.Overhead;
        if (method == 0) return length == raw.Length && sealer.TryOpen(sealedBytes, raw, About(kind, 0));
        if (method != 1) return false;
        if (scratch.Length < length) scratch = new byte[length];
        var packed = scratch.AsSpan(0, length);
        if (!sealer.TryOpen(sealedBytes, packed, About(kind, 1))) return false;
        try
        {
            return decompressor.Unwrap(packed, raw) == raw.Length;
        }
        catch (ZstdSharp.ZstdException)
        {
            return false;
        }
    }

    /// <summary>Seals something small that is no blob.</summary>
    public byte[] Seal(ReadOnlySpan<byte> plain, ReadOnlySpan<byte> about)
    {
        var bytes = new byte[plain.Length + Sealer.Overhead];
        sealer.Seal(plain, bytes, about);
        return bytes;
    }

    /// <summary>Opens it; null when it is damaged or something else.</summary>
    public byte[]? Open(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> about)
    {
        if (bytes.Length < Sealer.Overhead) return null;
        var plain = new byte[bytes.Length - Sealer.Overhead];
        return sealer.TryOpen(bytes, plain, about) ? plain : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        sealer.Dispose();
        compressor.Dispose();
        decompressor.Dispose();
    }
}
