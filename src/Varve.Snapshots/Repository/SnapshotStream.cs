using System.Security.Cryptography;
using System.Text;

namespace Varve.Snapshots.Repository;

/// <summary>
/// A snapshot on its way between repositories with secrets of their own: its tree from the root, and of each file what
/// the receiver's copy of the base does not have. Records with their length before them; the last is the SHA-256 of
/// all that came before, so that what was cut off or changed on the way never counts. Not encrypted: ssh does that.
/// </summary>
internal static class SnapshotStream
{
    public static ReadOnlySpan<byte> Magic => "VARVEST1"u8;

    /// <summary>Longer than any chunk and any entry.</summary>
    public const int LongestRecord = 1 << 25;

    /// <summary>What a record is.</summary>
    public enum Record : byte
    {
        /// <summary>Which snapshot, and on which base.</summary>
        Head = 1,
        /// <summary>An entry that is as the base has it.</summary>
        Same = 2,
        /// <summary>A directory; its entries follow.</summary>
        Directory = 3,
        /// <summary>The directory has no more entries.</summary>
        End = 4,
        /// <summary>A link, a FIFO, a device.</summary>
        Special = 5,
        /// <summary>A file, and how many parts follow.</summary>
        File = 6,
        /// <summary>A hole of so many bytes.</summary>
        Hole = 7,
        /// <summary>Parts that the file has in the base: the first, and how many.</summary>
        Base = 8,
        /// <summary>Bytes.</summary>
        Chunk = 9,
        /// <summary>The digest.</summary>
        Digest = 10,
    }
}

/// <summary>What a stream brings.</summary>
/// <param name="Description">The snapshot, as its sender has it.</param>
/// <param name="BaseGuid">The snapshot that the receiver must have; 0 for none.</param>
internal sealed record StreamHead(SnapshotDescription Description, ulong BaseGuid)
{
    public byte[] Encode()
    {
        var (w, d) = (new ByteWriter(), Description);
        w.Fixed((long)d.Guid);
        w.Fixed((long)BaseGuid);
        w.Fixed(d.Taken.ToUnixTimeMilliseconds());
        w.Byte(d.IsMarked ? (byte)1 : (byte)0);
        foreach (var text in (string[])[d.Host, d.Path, d.Label]) w.Block(Encoding.UTF8.GetBytes(text));
        foreach (var number in (long[])[d.Files, d.Directories, d.Bytes]) w.Number((ulong)number);
        return w.ToArray();
    }

    public static StreamHead Decode(ReadOnlySpan<byte> bytes)
    {
        var r = new ByteReader(bytes);
        var (guid, from) = ((ulong)r.Fixed(), (ulong)r.Fixed());
        var taken = DateTimeOffset.FromUnixTimeMilliseconds(r.Fixed());
        var marked = r.Byte() == 1;
        return new StreamHead(new SnapshotDescription("", taken, Text(ref r), Text(ref r), Text(ref r), (long)r.Number(), (long)r.Number(), (long)r.Number(), 0) { Guid = guid, IsMarked = marked }, from);
    }

    private static string Text(ref ByteReader r) => Encoding.UTF8.GetString(r.Block());
}

/// <summary>Writes a snapshot of a repository as a stream.</summary>
internal sealed class SnapshotSender(SnapshotRepository repository, Stream output) : IDisposable
{
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly ChunkReader reader = new(repository), chunks = new(repository);
    private readonly byte[] frame = new byte[11];

    /// <summary>Sends.</summary>
    /// <param name="name">Of the snapshot, whole.</param>
    /// <param name="baseName">Of the snapshot that the receiver has; null for none.</param>
    public void Send(string name, string? baseName)
    {
        RepositorySnapshot snapshot;
        RepositorySnapshot? from;
        using (var codec = repository.NewCodec()) (snapshot, from) = (repository.Read(name, codec), baseName is null ? null : repository.Read(baseName, codec));
        output.Write(SnapshotStream.Magic);
        hash.AppendData(SnapshotStream.Magic);
        Write(SnapshotStream.Record.Head, new StreamHead(snapshot.Description, from?.Description.Guid ?? 0).Encode());
        SendDirectory(snapshot.Root, from?.Root);
        Write(SnapshotStream.Record.Digest, hash.GetCurrentHash());
        output.Flush();
    }

    private void Write(SnapshotStream.Record record, ReadOnlySpan<byte> bytes)
    {
        frame[0] = (byte)record;
        var length = 1;
        for (var rest = (uint)bytes.Length; ; rest >>= 7)
        {
            frame[length++] = (byte)(rest < 0x80 ? rest : rest | 0x80);
            if (rest < 0x80) break;
        }
        output.Write(frame, 0, length);
        output.Write(bytes);
        hash.AppendData(frame, 0, length);
        hash.AppendData(bytes);
    }

    private void SendDirectory(TreeEntry directory, TreeEntry? from)
    {
        Write(SnapshotStream.Record.Directory, (directory with { Content = Content.Empty }).Encode());
        var before = from is { Kind: EntryKind.Directory } ? reader.Entries(from.Content).ToDictionary(static e => Convert.ToHexString(e.Name), StringComparer.Ordinal) : [];
        foreach (var entry in reader.Entries(directory.Content))
        {
            var was = before.GetValueOrDefault(Convert.ToHexString(entry.Name));
            var encoded = entry.Encode();
            if (was is not null && was.Encode().AsSpan().SequenceEqual(encoded)) Write(SnapshotStream.Record.Same, entry.Name);
            else if (entry.Kind == EntryKind.Directory) SendDirectory(entry, was);
            else if (entry.Kind == EntryKind.File) SendFile(entry, was);
            else Write(SnapshotStream.Record.Special, encoded);
        }
        Write(SnapshotStream.Record.End, []);
    }

    private void SendFile(TreeEntry file, TreeEntry? from)
    {
        var there = new Dictionary<ChunkId, int>();
        if (from is { Kind: EntryKind.File })
            foreach (var (n, part) in reader.Parts(from.Content).Index())
                if (!part.IsHole) there.TryAdd(part.Id, n);
        var parts = reader.Parts(file.Content);
        var w = new ByteWriter();
        w.Block((file with { Content = Content.Empty }).Encode());
        w.Number((ulong)parts.Count);
        Write(SnapshotStream.Record.File, w.Span);
        for (var i = 0; i < parts.Count; i++)
        {
            w.Clear();
            if (parts[i].IsHole)
            {
                w.Number((ulong)parts[i].Length);
                Write(SnapshotStream.Record.Hole, w.Span);
            }
            else if (there.TryGetValue(parts[i].Id, out var first))
            {
                var count = 1;
                while (i + count < parts.Count && !parts[i + count].IsHole && there.TryGetValue(parts[i + count].Id, out var next) && next == first + count) count++;
                w.Number((ulong)first);
                w.Number((ulong)count);
                Write(SnapshotStream.Record.Base, w.Span);
                i += count - 1;
            }
            else
            {
                Write(SnapshotStream.Record.Chunk, chunks.Read(parts[i].Id));
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        hash.Dispose();
        reader.Dispose();
        chunks.Dispose();
    }
}
