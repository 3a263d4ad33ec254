using System.Buffers;
using System.Collections.Concurrent;

namespace Varve.Snapshots.Repository;

/// <summary>
/// Where new chunks go: those that the repository has are dropped, the others are compressed and sealed by whoever
/// brings them, and written into packs by one thread; another waits for the disk.
/// </summary>
internal sealed class ChunkSink : IDisposable
{
    internal const int DataPack = 32 << 20;
    private const int MetaPack = 16 << 20, QueuedBlobs = 8, QueuedPacks = 2;
    private readonly SnapshotRepository repository;
    private readonly ChunkIndex index;
    private readonly bool isFirst;
    private readonly ConcurrentDictionary<ChunkId, byte> claimed = new();
    private readonly BlockingCollection<SealedBlob> blobs = new(QueuedBlobs);
    private readonly BlockingCollection<(PackWriter Pack, string Name)> packs = new(QueuedPacks);
    private readonly CancellationTokenSource failed = new();
    private readonly Thread packer, syncer;
    private readonly BlobCodec codec;
    private Exception? failure;
    private long added;

    public ChunkSink(SnapshotRepository repository, int level)
    {
        this.repository = repository;
        Level = level;
        index = repository.Index;
        isFirst = index.IsEmpty;
        codec = repository.NewCodec();
        packer = Start(Pack, "pack");
        syncer = Start(Sync, "sync");
    }

    /// <summary>Of compression.</summary>
    public int Level { get; }

    /// <summary>Bytes that the repository grew by so far.</summary>
    public long Added => Interlocked.Read(ref added);

    private Thread Start(Action action, string name)
    {
        var thread = new Thread(() =>
        {
            try
            {
                action();
            }
            catch (Exception e)
            {
                Interlocked.CompareExchange(ref failure, e, null);
                failed.Cancel();
            }
        })
        { IsBackground = true, Name = name };
        thread.Start();
        return thread;
    }

    /// <summary>Whether the caller must write the chunk: nobody has it, and nobody else is about to write it.</summary>
    public bool Claim(ChunkId id) => (isFirst || !claimed.ContainsKey(id) && index.Find(id) is null) && claimed.TryAdd(id, 0);

    /// <summary>Whether the repository has the chunk.</summary>
    public bool Has(ChunkId id) => claimed.ContainsKey(id) || index.Find(id) is not null;

    /// <summary>Puts a blob into a pack, some time.</summary>
    public void Write(SealedBlob blob)
    {
        try
        {
            blobs.Add(blob, failed.Token);
        }
        catch (OperationCanceledException)
        {
            ThrowFailure();
            throw;
        }
    }

    /// <summary>Throws what went wrong on the threads of the sink, if something did.</summary>
    public void ThrowFailure()
    {
        if (failure is not null) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
    }

    /// <summary>Waits until all is written, durable and in the index.</summary>
    public void Finish()
    {
        blobs.CompleteAdding();
        packer.Join();
        packs.CompleteAdding();
        syncer.Join();
        ThrowFailure();
    }

    private void Pack()
    {
        var open = new Dictionary<BlobKind, PackWriter>();
        try
        {
            foreach (var blob in blobs.GetConsumingEnumerable(failed.Token))
            {
                if (!open.TryGetValue(blob.Kind, out var pack)) open[blob.Kind] = pack = new PackWriter(repository.Store);
                pack.Add(blob);
                Interlocked.Add(ref added, blob.Length);
                ArrayPool<byte>.Shared.Return(blob.Buffer);
                if (pack.Length < (blob.Kind == BlobKind.Data ? DataPack : MetaPack)) continue;
                open.Remove(blob.Kind);
                Seal(pack);
            }
            foreach (var kind in open.Keys.ToList())
            {
                open.Remove(kind, out var pack);
                Seal(pack!);
            }
        }
        finally
        {
            foreach (var pack in open.Values) pack.Dispose();
        }
    }

    private void Seal(PackWriter pack)
    {
        try
        {
            packs.Add((pack, pack.Finish(codec)), failed.Token);
        }
        catch
        {
            pack.Dispose();
            throw;
        }
    }

    private void Sync()
    {
        foreach (var (pack, name) in packs.GetConsumingEnumerable())
        {
            using var written = pack;
            if (failed.IsCancellationRequested) continue;
            written.Commit(name);
            index.Add([(name, written.Directory)]);
        }
    }

    /// <summary>Ends the threads; what is not finished is dropped.</summary>
    public void Dispose()
    {
        failed.Cancel();
        if (!blobs.IsAddingCompleted) blobs.CompleteAdding();
        packer.Join();
        if (!packs.IsAddingCompleted) packs.CompleteAdding();
        syncer.Join();
        blobs.Dispose();
        packs.Dispose();
        codec.Dispose();
        failed.Dispose();
    }
}

/// <summary>Brings chunks to the sink; one for each thread. Small chunks wait until there is a blob of them.</summary>
internal sealed class ChunkWriter(SnapshotRepository repository, ChunkSink sink, BlobKind kind) : IDisposable
{
    /// <summary>A chunk up to this size shares its blob with others.</summary>
    public const int Small = 256 << 10;

    private const int Full = 1 << 20;
    private readonly BlobCodec codec = repository.NewCodec(sink.Level);
    private readonly byte[] bundle = new byte[Full];
    private readonly List<BlobMember> members = [];
    private int filled;

    /// <summary>Adds a chunk, unless the repository has it; its id.</summary>
    public ChunkId Add(ReadOnlySpan<byte> chunk)
    {
        var id = repository.Secrets.IdOf(chunk);
        if (!sink.Claim(id)) return id;
        if (chunk.Length > Small)
        {
            sink.Write(codec.Encode(kind, chunk, [new BlobMember(id, chunk.Length)]));
            return id;
        }
        if (filled + chunk.Length > Full) Flush();
        chunk.CopyTo(bundle.AsSpan(filled));
        filled += chunk.Length;
        members.Add(new BlobMember(id, chunk.Length));
        return id;
    }

    /// <summary>Hands over what waits.</summary>
    public void Flush()
    {
        if (members.Count == 0) return;
        sink.Write(codec.Encode(kind, bundle.AsSpan(0, filled), members.ToArray()));
        members.Clear();
        filled = 0;
    }

    /// <inheritdoc/>
    public void Dispose() => codec.Dispose();
}
