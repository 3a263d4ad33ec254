using System.Security.Cryptography;

namespace Varve.Snapshots.Repository;

/// <summary>Takes a snapshot from a stream into a repository. What comes is not trusted: nothing counts before the digest was right.</summary>
internal sealed class SnapshotReceiver : IDisposable
{
    private const int DeepestTree = 4000;
    private readonly SnapshotRepository repository;
    private readonly Stream input;
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly ChunkSink sink;
    private readonly ChunkWriter data;
    private readonly TreeWriter trees;
    private readonly ChunkReader reader;
    private byte[] buffer = new byte[1 << 16];
    private int filled;

    public SnapshotReceiver(SnapshotRepository repository, Stream input)
    {
        (this.repository, this.input) = (repository, input);
        reader = new ChunkReader(repository);
        sink = new ChunkSink(repository, new BackupOptions { Path = [] }.Level);
        data = new ChunkWriter(repository, sink, BlobKind.Data);
        trees = new TreeWriter(repository, sink);
    }

    private ReadOnlySpan<byte> Body => buffer.AsSpan(0, filled);

    /// <summary>Receives.</summary>
    /// <param name="begin">Told what comes before anything is written; the name of the base here, or null. Throws to refuse.</param>
    /// <param name="end">Called when all is written, before it counts.</param>
    /// <exception cref="SnapshotException">The stream is damaged or ends too early, or is refused.</exception>
    public SnapshotDescription Receive(Func<StreamHead, string?> begin, Action end)
    {
        try
        {
            var magic = new byte[SnapshotStream.Magic.Length];
            ReadExactly(magic);
            if (!magic.AsSpan().SequenceEqual(SnapshotStream.Magic)) throw Damaged("it does not begin like one");
            Next(SnapshotStream.Record.Head);
            var head = StreamHead.Decode(Body);
            var baseName = begin(head);
            using var codec = repository.NewCodec();
            var from = baseName is null ? null : repository.Read(baseName, codec);
            Next(SnapshotStream.Record.Directory);
            var root = ReceiveDirectory(from?.Root, 0);
            var digest = hash.GetCurrentHash();
            Next(SnapshotStream.Record.Digest);
            if (!CryptographicOperations.FixedTimeEquals(digest, Body)) throw Damaged("its digest is wrong");
            data.Flush();
            trees.Flush();
            sink.Finish();
            end();
            var description = head.Description with { AddedBytes = sink.Added };
            var name = repository.Commit(new RepositorySnapshot(description, System.Text.Encoding.UTF8.GetBytes(description.Path), root), codec);
            return description with { Name = name };
        }
        catch (InvalidDataException e)
        {
            throw Damaged(e.Message);
        }
    }

    private SnapshotException Damaged(string why) => new($"{repository.Path}: the stream of a snapshot is damaged: {why}; nothing of it counts, send it again");

    private void ReadExactly(Span<byte> into)
    {
        if (input.ReadAtLeast(into, into.Length, throwOnEndOfStream: false) < into.Length) throw new SnapshotException($"{repository.Path}: the stream ends too early; nothing of it counts, send it again");
        hash.AppendData(into);
    }

    private SnapshotStream.Record Next()
    {
        Span<byte> one = stackalloc byte[1];
        ReadExactly(one);
        var record = (SnapshotStream.Record)one[0];
        long length = 0;
        for (var shift = 0; ; shift += 7)
        {
            ReadExactly(one);
            length |= (long)(one[0] & 0x7F) << shift;
            if (one[0] < 0x80) break;
            if (shift > 28) throw new InvalidDataException("a record without an end");
        }
        if (length > SnapshotStream.LongestRecord) throw new InvalidDataException("a record that is too long");
        if (buffer.Length < length) buffer = new byte[length];
        filled = (int)length;
        ReadExactly(buffer.AsSpan(0, filled));
        return record;
    }

    private void Next(SnapshotStream.Record wanted)
    {
        if (Next() != wanted) throw new InvalidDataException("a record of another kind than must follow");
    }

    private TreeEntry ReceiveDirectory(TreeEntry? from, int depth)
    {
        if (depth > DeepestTree) throw new InvalidDataException("folders too deep");
        var directory = Entry(EntryKind.Directory, isRoot: depth == 0);
        var before = from is { Kind: EntryKind.Directory } ? reader.Entries(from.Content).ToDictionary(static e => Convert.ToHexString(e.Name), StringComparer.Ordinal) : [];
        var entries = new List<ReadOnlyMemory<byte>>();
        byte[] last = [];
        for (var record = Next(); record != SnapshotStream.Record.End; record = Next())
        {
            var entry = record switch
            {
                SnapshotStream.Record.Same => before.GetValueOrDefault(Convert.ToHexString(Body)) ?? throw new InvalidDataException("an entry that the base does not have"),
                SnapshotStream.Record.Directory => ReceiveDirectory(before.GetValueOrDefault(Convert.ToHexString(NameOf())), depth + 1),
                SnapshotStream.Record.File => ReceiveFile(before),
                SnapshotStream.Record.Special => Entry(null, isRoot: false),
                _ => throw new InvalidDataException("a record of another kind than must follow"),
            };
            if (last.Length > 0 && last.AsSpan().SequenceCompareTo(entry.Name) >= 0) throw new InvalidDataException("names out of order");
            last = entry.Name;
            entries.Add(entry.Encode());
        }
        return directory with { Content = trees.Put(entries) };
    }

    private byte[] NameOf()
    {
        var r = new ByteReader(Body);
        r.Byte();
        return r.Block().ToArray();
    }

    /// <summary>The entry in the record; of that kind, or a special one.</summary>
    private TreeEntry Entry(EntryKind? kind, bool isRoot)
    {
        var r = new ByteReader(Body);
        return Checked(TreeEntry.Decode(ref r), kind, isRoot);
    }

    private static TreeEntry Checked(TreeEntry entry, EntryKind? kind, bool isRoot)
    {
        if (kind is { } wanted ? entry.Kind != wanted : entry.Kind is EntryKind.File or EntryKind.Directory) throw new InvalidDataException("an entry of another kind than must follow");
        if (entry.Content.Parts.Count > 0) throw new InvalidDataException("an entry that names chunks");
        if (!isRoot && (entry.Name.Length == 0 || entry.Name.AsSpan().ContainsAny((byte)'/', (byte)0) || entry.Name is [(byte)'.'] or [(byte)'.', (byte)'.'])) throw new InvalidDataException("a name that no file can have");
        return entry;
    }

    private TreeEntry ReceiveFile(Dictionary<string, TreeEntry> before)
    {
        var r = new ByteReader(Body);
        var inner = new ByteReader(r.Block());
        var file = Checked(TreeEntry.Decode(ref inner), EntryKind.File, isRoot: false);
        var count = r.Number();
        var there = before.GetValueOrDefault(Convert.ToHexString(file.Name)) is { Kind: EntryKind.File } was ? reader.Parts(was.Content) : [];
        var parts = new List<ContentPart>();
        while ((ulong)parts.Count < count)
        {
            var record = Next();
            if (record == SnapshotStream.Record.Chunk && filled > 0)
            {
                parts.Add(new ContentPart(data.Add(Body), filled));
                continue;
            }
            r = new ByteReader(Body);
            if (record == SnapshotStream.Record.Hole && r.Number() is var length && length <= (ulong)file.Size) parts.Add(new ContentPart(default, (long)length));
            else if (record == SnapshotStream.Record.Base && r.Number() is var first && r.Number() is var number && number > 0 && first < (ulong)there.Count && number <= (ulong)there.Count - first)
                parts.AddRange(there.GetRange((int)first, (int)number));
            else throw new InvalidDataException("parts that the base does not have");
        }
        if (parts.Sum(static p => p.Length) != file.Size) throw new InvalidDataException("a file whose parts are not its size");
        return file with { Content = trees.Shortened(parts) };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        sink.Dispose();
        data.Dispose();
        trees.Dispose();
        reader.Dispose();
        hash.Dispose();
    }
}
