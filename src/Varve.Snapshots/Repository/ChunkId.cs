using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Varve.Snapshots.Repository;

/// <summary>
/// The name of a content: HMAC-SHA-256 under the repository's secret, so that only who holds the key can tell which
/// content a name stands for.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 8)]
internal readonly record struct ChunkId(ulong A, ulong B, ulong C, ulong D)
{
    /// <summary>Length of an id in bytes.</summary>
    public const int Size = 32;

    /// <summary>The id that these 32 bytes are.</summary>
    public static ChunkId Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]),
        BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]), BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]));

    /// <summary>Writes the 32 bytes.</summary>
    public void Write(Span<byte> into)
    {
        BinaryPrimitives.WriteUInt64BigEndian(into, A);
        BinaryPrimitives.WriteUInt64BigEndian(into[8..], B);
        BinaryPrimitives.WriteUInt64BigEndian(into[16..], C);
        BinaryPrimitives.WriteUInt64BigEndian(into[24..], D);
    }

    /// <summary>The 32 bytes.</summary>
    public byte[] ToBytes()
    {
        var bytes = new byte[Size];
        Write(bytes);
        return bytes;
    }

    // An id is uniformly distributed: any eight bytes of it are a good hash.
    /// <inheritdoc/>
    public override int GetHashCode() => (int)B;

    /// <inheritdoc/>
    public override string ToString() => Convert.ToHexStringLower(ToBytes());
}
