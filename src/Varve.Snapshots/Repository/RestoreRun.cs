using System.Collections.Concurrent;
using System.Text;

namespace Varve.Snapshots.Repository;

/// <summary>
/// One restore. A thread makes directories; as many as there are cores fetch and write. A file gets its time last, so
/// that what an interrupted restore left unfinished is never taken for whole.
/// </summary>
internal sealed class RestoreRun : IDisposable
{
    private const string Marker = ".varve-restore-unfinished";
    private const int BatchFiles = 64, BatchBytes = 1 << 20, QueuedFiles = 16, MostThreads = 32;
    private readonly SnapshotRepository repository;
    private readonly RestoreOptions options;
    private readonly CancellationToken cancel;
    private readonly WorkQueue<ChunkReader> queue;
    private readonly int threads;
    private readonly List<(RestoredDirectory Directory, TreeEntry Entry)> batch = [];
    private readonly Dictionary<ulong, byte[]> firstNames = [];
    private readonly List<(byte[] First, byte[] Path, RestoredDirectory Directory)> links = [];
    private readonly ConcurrentDictionary<int, byte> open = new();
    private long batchBytes, temporaries, untouched;
    private Exception? failure;
    /// <summary>Whether a file with the right size and time is taken for right.</summary>
    private bool trustsTimes = true;

    public RestoreRun(SnapshotRepository repository, RestoreOptions options, RepositoryProgress progress, CancellationToken cancel)
    {
        this.repository = repository;
        this.options = options;
        this.cancel = cancel;
        Progress = progress;
        threads = Math.Clamp(options.Threads > 0 ? options.Threads : Environment.ProcessorCount, 1, MostThreads);
        queue = new WorkQueue<ChunkReader>(threads * 4, QueuedFiles);
    }

    private RepositoryProgress Progress { get; }

    /// <summary>Restores.</summary>
    public RestoreReport Run()
    {
        RepositorySnapshot snapshot;
        using (var codec = repository.NewCodec()) snapshot = repository.Read(options.Snapshot, codec);
        // Opened here, before threads ask for it.
        _ = repository.Index.IsEmpty;
        var target = RestoreTarget.OpenTarget(options.Target);
        try
        {
            var marker = Posix.Terminated(Encoding.ASCII.GetBytes(Marker));
            Begin(target, marker);
            var workers = Enumerable.Range(0, threads).Select(n => Start(() =>
            {
                using var reader = new ChunkReader(repository);
                queue.Work(reader);
            }, $"restore {n}")).ToList();
            var top = new RestoredDirectory(null, snapshot.Root, [], target, isNew: !options.Overwrite);
            var walker = Start(() => Walk(top), "walk", 256 << 20);
            walker.Join();
            foreach (var worker in workers) worker.Join();
            if (failure is not null) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
            cancel.ThrowIfCancellationRequested();
            foreach (var link in links) MakeLink(target, link.First, link.Path, link.Directory);
            if (Native.syncfs(target) != 0) throw Posix.Failure("make durable", options.Target);
            RestoreTarget.Remove(target, marker);
            if (options.Only.Count == 0 && RestoreTarget.Dress(target, Posix.Terminated("."u8), snapshot.Root) is { } trouble) Progress.Trouble(trouble);
        }
        finally
        {
            Posix.Close(target);
        }
        return new RestoreReport(Progress.Files, Progress.Bytes, untouched, Progress.Troubles);
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

    /// <summary>Refuses a target with foreign things in it; marks it as unfinished.</summary>
    private void Begin(int target, byte[] marker)
    {
        // After a power cut a file may have its size and time, but not all of its bytes.
        var content = Encoding.ASCII.GetBytes($"{options.Snapshot} {File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim()}");
        var names = Posix.List(target, options.Target);
        // The marker comes before all else: alone, and perhaps not whole, it stands for an empty folder.
        if (names.Exists(n => !n.AsSpan().SequenceEqual(marker)))
        {
            var mine = false;
            if (Posix.Look(target, marker) is { IsFile: true })
            {
                var descriptor = Posix.Open(target, marker, Native.ReadOnly | Native.NoFollow);
                var held = new byte[content.Length + 1];
                var length = Posix.Read(descriptor, held);
                mine = length >= options.Snapshot.Length && held.AsSpan(0, options.Snapshot.Length).SequenceEqual(content.AsSpan(0, options.Snapshot.Length));
                trustsTimes = held.AsSpan(0, length).SequenceEqual(content);
                Posix.Close(descriptor);
            }
            if (!mine && !options.Overwrite) throw new SnapshotException($"{Posix.Show(options.Target)} is not empty; give another folder, or --overwrite to put the files of the snapshot in place of those of their name");
        }
        var file = Posix.Open(target, marker, Native.WriteOnly | Native.Create | Native.Truncate | Native.NoFollow, 0x180);
        Posix.Write(file, content, 0);
        Posix.Close(file);
    }

    private void Walk(RestoredDirectory top)
    {
        using var reader = new ChunkReader(repository);
        Visit(top, reader);
        SendBatch();
        queue.Close();
    }

    private void Visit(RestoredDirectory directory, ChunkReader reader)
    {
        if (!directory.IsNew || directory.Parent is null) RestoreTarget.RemoveTemporaries(directory.Descriptor, directory.Path);
        foreach (var entry in reader.Entries(directory.Entry.Content))
        {
            cancel.ThrowIfCancellationRequested();
            byte[] path = directory.Path.Length == 0 ? entry.Name : [.. directory.Path, (byte)'/', .. entry.Name];
            if (!IsWanted(path)) continue;
            var name = Posix.Terminated(entry.Name);
            if (entry.Kind == EntryKind.Directory)
            {
                var (descriptor, isNew) = RestoreTarget.Enter(directory.Descriptor, name);
                open.TryAdd(descriptor, 0);
                directory.Await();
                Visit(new RestoredDirectory(directory, entry, path, descriptor, isNew), reader);
            }
            else if (entry.LinkKey != 0 && !firstNames.TryAdd(entry.LinkKey, path))
            {
                links.Add((firstNames[entry.LinkKey], path, directory));
            }
            else if (entry.Kind == EntryKind.File)
            {
                Send(directory, entry);
            }
            else
            {
                Special(directory, entry, name);
            }
        }
        Arrive(directory);
    }

    /// <summary>Whether a path is one of those asked for, in one of them, or above one.</summary>
    private bool IsWanted(byte[] path)
    {
        if (options.Only.Count == 0) return true;
        foreach (var wanted in options.Only)
        {
            var (shorter, longer) = path.Length <= wanted.Length ? (path, wanted) : (wanted, path);
            if (longer.AsSpan().StartsWith(shorter) && (longer.Length == shorter.Length || longer[shorter.Length] == (byte)'/')) return true;
        }
        return false;
    }

    private void Special(RestoredDirectory directory, TreeEntry entry, byte[] name)
    {
        try
        {
            RestoreTarget.MakeSpecial(directory.Descriptor, entry, name);
            if (RestoreTarget.Dress(directory.Descriptor, name, entry) is { } trouble) Progress.Trouble(trouble);
        }
        catch (IOException e)
        {
            // Devices, for one, are not for ordinary users.
            Progress.Trouble(e.Message);
        }
    }

    private void MakeLink(int target, byte[] first, byte[] path, RestoredDirectory directory)
    {
        var from = RestoreTarget.OpenBelow(target, Above(first, out var firstName));
        var to = RestoreTarget.OpenBelow(target, Above(path, out var name));
        try
        {
            var here = Posix.Terminated("."u8);
            RestoreTarget.LetIn(to, here);
            RestoreTarget.MakeLink(from, firstName, to, name);
            RestoreTarget.SetMode(to, here, directory.Parent is null ? null : directory.Entry.Mode);
            Progress.Done(0);
            RestoreTarget.SetTime(to, here, directory.Entry.ModifiedNs);
        }
        finally
        {
            Posix.Close(from);
            Posix.Close(to);
        }
    }

    private static ReadOnlySpan<byte> Above(byte[] path, out byte[] name)
    {
        var slash = path.AsSpan().LastIndexOf((byte)'/');
        name = Posix.Terminated(path.AsSpan(slash + 1));
        return slash < 0 ? default : path.AsSpan(0, slash);
    }

    private void Send(RestoredDirectory directory, TreeEntry entry)
    {
        directory.Await();
        if (entry.Size > ChunkWriter.Small)
        {
            queue.AddFile(reader => RestoreLarge(directory, entry, reader));
            return;
        }
        batch.Add((directory, entry));
        batchBytes += entry.Size;
        if (batch.Count >= BatchFiles || batchBytes >= BatchBytes) SendBatch();
    }

    private void SendBatch()
    {
        if (batch.Count == 0) return;
        var files = batch.ToArray();
        queue.AddFile(reader =>
        {
            foreach (var (directory, entry) in files)
            {
                cancel.ThrowIfCancellationRequested();
                RestoreSmall(directory, entry, reader);
            }
        });
        batch.Clear();
        batchBytes = 0;
    }

    /// <summary>Opens the file to write into; null when the right one is there already.</summary>
    private (int Descriptor, byte[] Temporary, byte[] Name)? Create(RestoredDirectory directory, TreeEntry entry)
    {
        var name = Posix.Terminated(entry.Name);
        var temporary = name;
        if (!directory.IsNew || directory.Parent is null)
        {
            if (Posix.Look(directory.Descriptor, name) is { } there)
            {
                if (trustsTimes && there.IsFile && there.Size == entry.Size && there.ModifiedNs == entry.ModifiedNs)
                {
                    if (RestoreTarget.Dress(directory.Descriptor, name, entry) is { } trouble) Progress.Trouble(trouble);
                    Interlocked.Increment(ref untouched);
                    Progress.Done(entry.Size);
                    Arrive(directory);
                    return null;
                }
                if (there.IsDirectory) throw new SnapshotException($"'{Posix.Show(directory.Path)}/{Posix.Show(entry.Name)}' is a file in the snapshot and a folder in the target; move it away and run again");
                temporary = RestoreTarget.TemporaryName(Interlocked.Increment(ref temporaries));
            }
        }
        var descriptor = Posix.Open(directory.Descriptor, temporary, Native.WriteOnly | Native.Create | Native.Exclusive | Native.NoFollow, 0x180);
        open.TryAdd(descriptor, 0);
        return (descriptor, temporary, name);
    }

    private void Finish(RestoredDirectory directory, TreeEntry entry, byte[] temporary, byte[] name)
    {
        if (RestoreTarget.Dress(directory.Descriptor, temporary, entry) is { } trouble) Progress.Trouble(trouble);
        if (!ReferenceEquals(temporary, name)) RestoreTarget.Rename(directory.Descriptor, temporary, name);
        Progress.Done(entry.Size);
        Arrive(directory);
    }

    private void RestoreSmall(RestoredDirectory directory, TreeEntry entry, ChunkReader reader)
    {
        if (Create(directory, entry) is not { } made) return;
        try
        {
            long at = 0;
            foreach (var part in reader.Parts(entry.Content))
            {
                if (!part.IsHole) Posix.Write(made.Descriptor, reader.Read(part.Id), at);
                at += part.Length;
            }
            if (entry.Content.Parts.Any(static p => p.IsHole)) _ = Native.ftruncate(made.Descriptor, entry.Size);
            Progress.Move(at);
        }
        finally
        {
            Close(made.Descriptor);
        }
        Finish(directory, entry, made.Temporary, made.Name);
    }

    private void RestoreLarge(RestoredDirectory directory, TreeEntry entry, ChunkReader reader)
    {
        if (Create(directory, entry) is not { } made) return;
        if (Native.ftruncate(made.Descriptor, entry.Size) != 0) throw Posix.Failure("make room for", entry.Name);
        var parts = reader.Parts(entry.Content);
        var pending = parts.Count + 1;
        long at = 0;
        foreach (var part in parts)
        {
            var offset = at;
            at += part.Length;
            if (part.IsHole) Done();
            else if (!queue.TryAddChunk(r => Write(r, part, offset))) Write(reader, part, offset);
        }
        Done();

        void Write(ChunkReader r, ContentPart part, long offset)
        {
            cancel.ThrowIfCancellationRequested();
            Posix.Write(made.Descriptor, r.Read(part.Id), offset);
            Progress.Move(part.Length);
            Done();
        }

        void Done()
        {
            if (Interlocked.Decrement(ref pending) > 0) return;
            Close(made.Descriptor);
            Finish(directory, entry, made.Temporary, made.Name);
        }
    }

    private void Arrive(RestoredDirectory directory)
    {
        while (directory.Arrive() && directory.Parent is { } parent)
        {
            Close(directory.Descriptor);
            if (RestoreTarget.Dress(parent.Descriptor, Posix.Terminated(directory.Entry.Name), directory.Entry) is { } trouble) Progress.Trouble(trouble);
            directory = parent;
        }
    }

    // Taken out before it is closed: the kernel gives the number to the next file at once.
    private void Close(int descriptor)
    {
        if (open.TryRemove(descriptor, out _)) Posix.Close(descriptor);
    }

    /// <summary>Closes what a failure left open.</summary>
    public void Dispose()
    {
        queue.Abort();
        foreach (var descriptor in open.Keys) Close(descriptor);
    }
}
