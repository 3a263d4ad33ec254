using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Varve.Snapshots.Repository;

/// <summary>
/// What follows from the 32 bytes of a repository's master secret, each by HKDF-SHA-256 (RFC 5869) under a label of its
/// own: the key that seals, the key that names chunks, the key that signs heads, and the table that cuts files.
/// </summary>
internal sealed class Secrets
{
    /// <summary>Length of the master secret in bytes.</summary>
    public const int MasterSize = 32;

    private readonly byte[] idKey, headKey;

    /// <summary>The secrets of a master.</summary>
    public Secrets(ReadOnlySpan<byte> master)
    {
        Master = master.ToArray();
        SealKey = Derive("varve repository 1: seal", 32);
        idKey = Derive("varve repository 1: chunk ids", 32);
        headKey = Derive("varve repository 1: heads", 32);
        var table = Derive("varve repository 1: gear", 256 * 8);
        Gear = new ulong[256];
        for (var i = 0; i < Gear.Length; i++) Gear[i] = BinaryPrimitives.ReadUInt64LittleEndian(table.AsSpan(i * 8));
    }

    /// <summary>The master itself, for wrapping it under another key.</summary>
    public byte[] Master { get; }

    /// <summary>The key that everything is sealed with.</summary>
    public byte[] SealKey { get; }

    /// <summary>A random number for each byte: where files are cut tells nothing to who does not know it.</summary>
    public ulong[] Gear { get; }

    /// <summary>The id of a content.</summary>
    public ChunkId IdOf(ReadOnlySpan<byte> content)
    {
        Span<byte> mac = stackalloc byte[ChunkId.Size];
        HMACSHA256.HashData(idKey, content, mac);
        return ChunkId.Read(mac);
    }

    /// <summary>The signature of a head.</summary>
    public byte[] Sign(ReadOnlySpan<byte> head) => HMACSHA256.HashData(headKey, head);

    private byte[] Derive(string label, int length) =>
        HKDF.Expand(HashAlgorithmName.SHA256, HKDF.Extract(HashAlgorithmName.SHA256, Master, "varve"u8.ToArray()), length, Encoding.ASCII.GetBytes(label));
}
