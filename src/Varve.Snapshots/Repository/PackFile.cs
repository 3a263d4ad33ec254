using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Varve.Snapshots.Repository;

/// <summary>A blob of a pack, as its directory tells it.</summary>
internal sealed record PackedBlob(BlobKind Kind, long Offset, int Length, int RawLength, IReadOnlyList<BlobMember> Members);

/// <summary>
/// The file form of a pack: <c>magic (8) | blobs | sealed directory | its length (4) | magic (8)</c>. The directory
/// at the end says what is in it, so that the index can always be made again.
/// </summary>
internal static class PackFile
{
    public const int HeaderSize = 8, TrailerSize = 12;
    private const int LargestBlob = 1 << 28;

    public static ReadOnlySpan<byte> Head => "VARVEPK1"u8;

    private static ReadOnlySpan<byte> Tail => "1KPEVRAV"u8;

    private static ReadOnlySpan<byte> About => "varve pack directory"u8;

    /// <summary>What follows the blobs.</summary>
    public static byte[] Ending(IReadOnlyList<SealedBlob> blobs, BlobCodec codec)
    {
        var w = new ByteWriter(blobs.Count * 48);
        w.Number((ulong)blobs.Count);
        foreach (var blob in blobs)
        {
            w.Byte((byte)blob.Kind);
            w.Number((ulong)blob.Length);
            w.Number((ulong)blob.RawLength);
            w.Number((ulong)blob.Members.Count);
            foreach (var member in blob.Members)
            {
                w.Id(member.Id);
                w.Number((ulong)member.Length);
            }
        }
        var directory = codec.Seal(w.Span, About);
        var ending = new byte[directory.Length + TrailerSize];
        directory.CopyTo(ending, 0);
        BinaryPrimitives.WriteInt32LittleEndian(ending.AsSpan(directory.Length), directory.Length);
        Tail.CopyTo(ending.AsSpan(directory.Length + 4));
        return ending;
    }

    /// <summary>The directory of a pack, as who holds no key can read it.</summary>
    /// <exception cref="InvalidDataException">The file is no pack.</exception>
    public static SealedDirectory ReadSealed(PackSource file)
    {
        var size = file.Length;
        var trailer = new byte[TrailerSize];
        if (size < HeaderSize + TrailerSize || file.Read(trailer, size - TrailerSize) != TrailerSize || !trailer.AsSpan(4).SequenceEqual(Tail))
            throw new InvalidDataException("it has no end");
        var length = BinaryPrimitives.ReadInt32LittleEndian(trailer);
        var start = size - TrailerSize - length;
        if (length < Sealer.Overhead || start < HeaderSize) throw new InvalidDataException("its directory is damaged");
        var bytes = new byte[length];
        return file.Read(bytes, start) == length ? new SealedDirectory(bytes, start) : throw new InvalidDataException("its directory is damaged");
    }

    /// <summary>The blobs of a pack.</summary>
    /// <exception cref="InvalidDataException">The directory is damaged, or sealed with another key.</exception>
    public static List<PackedBlob> Open(SealedDirectory directory, BlobCodec codec) =>
        codec.Open(directory.Bytes, About) is { } plain ? Parse(plain, directory.Start) : throw new InvalidDataException("its directory is damaged, or of another repository");

    private static List<PackedBlob> Parse(byte[] plain, long end)
    {
        var r = new ByteReader(plain);
        var blobs = new List<PackedBlob>(r.Count(4));
        long offset = HeaderSize;
        for (var n = blobs.Capacity; n > 0; n--)
        {
            var kind = (BlobKind)r.Byte();
            var (length, raw) = (r.Number(), r.Number());
            if (length > LargestBlob || raw > LargestBlob || offset + (long)length > end) throw new InvalidDataException("its directory makes no sense");
            var members = new BlobMember[r.Count(ChunkId.Size)];
            long sum = 0;
            for (var i = 0; i < members.Length; i++)
            {
                members[i] = new BlobMember(r.Id(), (int)Math.Min(r.Number(), int.MaxValue));
                sum += members[i].Length;
            }
            if (sum != (long)raw) throw new InvalidDataException("its directory makes no sense");
            blobs.Add(new PackedBlob(kind, offset, (int)length, (int)raw, members));
            offset += (long)length;
        }
        return blobs;
    }
}

/// <summary>A pack that is being written. One thread at a time.</summary>
internal sealed class PackWriter : IDisposable
{
    private readonly StagedObject staged;
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly List<SealedBlob> blobs = [];

    public PackWriter(ObjectStore store)
    {
        staged = store.Stage();
        Append(PackFile.Head);
    }

    /// <summary>Bytes so far.</summary>
    public long Length { get; private set; }

    /// <summary>Adds a blob; its buffer is free again when this returns.</summary>
    public void Add(SealedBlob blob)
    {
        Append(blob.Buffer.AsSpan(0, blob.Length));
        blobs.Add(blob with { Buffer = [] });
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        staged.Write(bytes);
        hash.AppendData(bytes);
        Length += bytes.Length;
    }

    /// <summary>Writes the directory; the name of the pack. It is not durable yet.</summary>
    public string Finish(BlobCodec codec)
    {
        Append(PackFile.Ending(blobs, codec));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>What is in it.</summary>
    public List<PackedBlob> Directory
    {
        get
        {
            long offset = PackFile.HeaderSize;
            var list = new List<PackedBlob>(blobs.Count);
            foreach (var blob in blobs)
            {
                list.Add(new PackedBlob(blob.Kind, offset, blob.Length, blob.RawLength, blob.Members));
                offset += blob.Length;
            }
            return list;
        }
    }

    /// <summary>Waits until it is on the disk, under its name.</summary>
    public void Commit(string name) => staged.Commit(ObjectStore.Packs, name);

    /// <summary>Drops it, if it was not committed.</summary>
    public void Dispose()
    {
        staged.Dispose();
        hash.Dispose();
    }
}
