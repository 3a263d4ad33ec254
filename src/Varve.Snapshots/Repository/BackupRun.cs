using System.Collections.Concurrent;

namespace Varve.Snapshots.Repository;

/// <summary>
/// One backup. A thread walks; as many as there are cores read, cut, compress and seal; one writes packs; one waits for
/// the disk. A file counts as done when its chunks are named, which is before they are written: the snapshot comes
/// after all of them.
/// </summary>
internal sealed class BackupRun : IDisposable
{
    private const int QueuedFiles = 16, MostThreads = 32;
    /// <summary>The kernel stamps files with the time of its last tick, which may be 10 ms old.</summary>
    private const long SettledAfterNs = 20_000_000;

    private readonly SnapshotRepository repository;
    private readonly BackupOptions options;
    private readonly CancellationToken cancel;
    private readonly ChunkSink sink;
    private readonly TreeWriter trees;
    private readonly WorkQueue<FileReader> queue;
    private readonly FileCache? cache;
    private readonly FileCache.Writer nextCache;
    private readonly bool cacheIsTrusted;
    private readonly ConcurrentDictionary<int, byte> open = new();
    private readonly int threads;
    private Exception? failure;
    private long directories;
    private TreeEntry? root;

    public BackupRun(SnapshotRepository repository, BackupOptions options, RepositoryProgress progress, CancellationToken cancel)
    {
        this.repository = repository;
        this.options = options;
        this.cancel = cancel;
        Progress = progress;
        LeaveOutWith = options.LeaveOutWith.Length > 0 ? Posix.Terminated(System.Text.Encoding.UTF8.GetBytes(options.LeaveOutWith)) : null;
        threads = Math.Clamp(options.Threads > 0 ? options.Threads : Environment.ProcessorCount, 1, MostThreads);
        queue = new WorkQueue<FileReader>(threads + 2, QueuedFiles);
        var cachePath = $"{repository.CacheFolder}/files-{FileCache.Hash(options.As ?? options.Path):x16}";
        cache = options.ReadAll ? null : FileCache.TryOpen(cachePath);
        // What a snapshot that must still be there refers to needs no second look.
        cacheIsTrusted = cache is not null && repository.Head.Snapshots.Contains(cache.Snapshot) && IsComplete();
        nextCache = new FileCache.Writer(cachePath);
        sink = new ChunkSink(repository, options.Level);
        trees = new TreeWriter(repository, sink);
    }

    public RepositoryProgress Progress { get; }

    public bool OneFileSystem => options.OneFileSystem;

    /// <summary>Zero-terminated; a folder below with such an entry is left out. Null: none is.</summary>
    public byte[]? LeaveOutWith { get; }

    private bool IsComplete()
    {
        var there = repository.Index.Packs.ToHashSet(StringComparer.Ordinal);
        return repository.Listed().IsSubsetOf(there);
    }

    /// <summary>Whether the times of a file will tell a change that comes after this moment.</summary>
    public static bool Settled(in FileStatus status) => status.ChangedNs < Posix.StampTime() - SettledAfterNs;

    /// <summary>Saves the folder.</summary>
    public BackupReport Run()
    {
        var top = OpenTop();
        var excluded = new HashSet<(ulong, ulong)>();
        foreach (var own in (string?[])[repository.Store.Folder, repository.CacheFolder])
            if (own is not null && Posix.Look(Native.AtFdcwd, Posix.Terminated(System.Text.Encoding.UTF8.GetBytes(own))) is { } status) excluded.Add((status.Device, status.Inode));
        var workers = Enumerable.Range(0, threads).Select(n => Start(Work, $"read {n}")).ToList();
        var walk = new SourceWalk(this, cache, new Exclusions(options.Exclude), excluded, cancel);
        // A deep folder needs a deep stack.
        var walker = Start(() =>
        {
            walk.Walk(top);
            queue.Close();
        }, "walk", 256 << 20);
        walker.Join();
        foreach (var worker in workers) worker.Join();
        if (failure is not null) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        cancel.ThrowIfCancellationRequested();
        trees.Flush();
        sink.Finish();
        return Commit();
    }

    private DirectoryNode OpenTop()
    {
        var name = Posix.Terminated(options.Path);
        int descriptor;
        try
        {
            descriptor = Posix.Open(Native.AtFdcwd, name, Native.ReadOnly | Native.Directory);
        }
        catch (IOException e)
        {
            throw new SnapshotException($"{e.Message}; give a folder", e);
        }
        Opened(descriptor);
        var status = Posix.Look(descriptor);
        var self = TreeEntries.Of(EntryKind.Directory, default, status, Posix.Attributes([.. options.Path, (byte)'/', (byte)'.', 0]));
        return new DirectoryNode(null, 0, [], descriptor, self, status, cache?.Find([]));
    }

    private BackupReport Commit()
    {
        using var codec = repository.NewCodec();
        var description = new SnapshotDescription("", options.Taken, options.Host, Posix.Show(options.As ?? options.Path), options.Label, Progress.Files, directories, Progress.Bytes, sink.Added)
        {
            Guid = options.Guid != 0 ? options.Guid : SnapshotDescription.NewGuid(),
            IsMarked = options.Marked,
        };
        var name = repository.Commit(new RepositorySnapshot(description, options.As ?? options.Path, root!), codec);
        nextCache.Finish(name);
        return new BackupReport(description with { Name = name }, Progress.Troubles, Progress.Moved);
    }

    private Thread Start(Action action, string name, int stack = 4 << 20)
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
                queue.Abort();
            }
        }, stack)
        { IsBackground = true, Name = name };
        thread.Start();
        return thread;
    }

    private void Work()
    {
        using var reader = new FileReader(this, repository, sink, cancel);
        queue.Work(reader);
        reader.Flush();
    }

    public void SendSmall(SourceFile[] files) => queue.AddFile(reader => reader.ReadSmall(files));

    public void SendLarge(SourceFile file) => queue.AddFile(reader => reader.ReadLarge(file));

    /// <summary>Gives a chunk to another thread; false when all have enough to do.</summary>
    public bool TrySendChunk(Action<FileReader> work) => queue.TryAddChunk(work);

    /// <summary>Whether all that a cached entry refers to is in the repository.</summary>
    public bool Trusts(CachedEntry cached)
    {
        if (cacheIsTrusted) return true;
        var r = new ByteReader(cached.Encoded.Span);
        var content = TreeEntry.Decode(ref r).Content;
        return !content.Indirect && content.Parts.All(p => p.IsHole || sink.Has(p.Id));
    }

    public void Opened(int descriptor) => open.TryAdd(descriptor, 0);

    /// <summary>A file is done.</summary>
    public void Done(SourceFile file, TreeEntry entry, in FileStatus seen, bool settled)
    {
        file.Directory.Fill(file.Slot, seen, settled, entry.Encode(), isCached: false);
        Progress.Done(entry.Size);
        Arrive(file.Directory);
    }

    /// <summary>A file could not be saved; without words it was only gone.</summary>
    public void Skip(SourceFile file, string? trouble)
    {
        if (trouble is not null) Progress.Trouble(trouble);
        Arrive(file.Directory);
    }

    /// <summary>Something that a directory waited for is done: finishes it when it was the last, and so on upwards.</summary>
    public void Arrive(DirectoryNode node)
    {
        while (node.Arrive())
        {
            if (open.TryRemove(node.Descriptor, out _)) Posix.Close(node.Descriptor);
            Interlocked.Increment(ref directories);
            var unchanged = cacheIsTrusted && node.IsUnchanged;
            var content = unchanged ? node.Cached!.Content : trees.Put(node.Entries);
            nextCache.Add(node.Path, unchanged ? node.Cached!.Record.Span : node.Record(content));
            var entry = node.Self with { Content = content };
            if (node.Parent is not { } parent)
            {
                root = entry;
                return;
            }
            var encoded = entry.Encode();
            parent.Fill(node.SlotInParent, node.Status, Settled(node.Status), encoded, isCached: encoded.AsSpan().SequenceEqual(node.CachedEntry.Span));
            node = parent;
        }
    }

    /// <summary>A content of these parts; many of them are chunks themselves.</summary>
    public Content Shortened(List<ContentPart> parts) => trees.Shortened(parts);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var descriptor in open.Keys) Posix.Close(descriptor);
        sink.Dispose();
        trees.Dispose();
        nextCache.Dispose();
        cache?.Dispose();
    }
}
