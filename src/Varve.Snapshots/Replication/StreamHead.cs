using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Varve.Snapshots.Replication;

/// <summary>What the first bytes of a stream of ZFS say of it: the records of <c>sys/zfs_ioctl.h</c> in OpenZFS.</summary>
/// <param name="IsRaw">Whether it is encrypted.</param>
/// <param name="Wrapping">A digest of the wrapped key that it carries; empty without.</param>
internal sealed record StreamHead(bool IsRaw, string Wrapping)
{
    private const int RecordSize = 312, TypeAt = 0, PayloadAt = 4, MagicAt = 8, VersionAt = 16;
    private const uint Begin = 0, End = 5;
    private const ulong Magic = 0x2F5bacbac, CompoundHeader = 2;
    private const int FeaturesShift = 2;
    private const ulong HeaderMask = 3, RawFeature = 1ul << 24;
    private const int WrappedKeySize = 32;

    private static ReadOnlySpan<byte> WrappedKeyName => "DSL_CRYPTO_MASTER_KEY_1\0"u8;

    /// <summary>Reads the head.</summary>
    /// <param name="bytes">The begin of the stream.</param>
    /// <param name="needed">How many bytes it takes at least, when that was not enough.</param>
    /// <returns>The head; null when more bytes are needed.</returns>
    /// <exception cref="SnapshotException">It is no stream of ZFS.</exception>
    public static StreamHead? Read(ReadOnlySpan<byte> bytes, out int needed)
    {
        var at = 0;
        while (true)
        {
            needed = at + RecordSize;
            if (bytes.Length < needed) return null;
            var record = bytes[at..];
            var (type, payload) = (BinaryPrimitives.ReadUInt32LittleEndian(record[TypeAt..]), BinaryPrimitives.ReadUInt32LittleEndian(record[PayloadAt..]));
            if (type == End)
            {
                at += RecordSize;
                continue;
            }
            if (type != Begin || BinaryPrimitives.ReadUInt64LittleEndian(record[MagicAt..]) != Magic || payload > int.MaxValue - needed) throw new SnapshotException("what the source sends is no stream of ZFS of a host with the byte order of this one");
            needed += (int)payload;
            if (bytes.Length < needed) return null;
            var version = BinaryPrimitives.ReadUInt64LittleEndian(record[VersionAt..]);
            if ((version & HeaderMask) != CompoundHeader) return new StreamHead(((version >> FeaturesShift) & RawFeature) != 0, Digest(bytes[(at + RecordSize)..needed]));
            // A stream of streams: properties and names first, then an end, then the first of them.
            at = needed;
        }
    }

    private static string Digest(ReadOnlySpan<byte> payload)
    {
        var at = payload.IndexOf(WrappedKeyName);
        return at < 0 || payload.Length < at + WrappedKeyName.Length + WrappedKeySize ? "" : Convert.ToHexStringLower(SHA256.HashData(payload.Slice(at + WrappedKeyName.Length, WrappedKeySize)).AsSpan(0, 16));
    }
}
