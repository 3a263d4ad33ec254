namespace Varve.Snapshots.Repository;

/// <summary>What can be done with a repository: each call is one run, which tells its progress and can be cancelled.</summary>
public static class RepositoryWork
{
    /// <summary>Saves a folder as a snapshot.</summary>
    /// <exception cref="SnapshotException">It could not be saved; what was there before is as it was.</exception>
    public static BackupReport Backup(this SnapshotRepository repository, BackupOptions options, RepositoryProgress? progress = null, CancellationToken cancel = default)
    {
        using var run = new BackupRun(repository, options, progress ?? new RepositoryProgress(), cancel);
        return run.Run();
    }

    /// <summary>Brings a snapshot back, or some paths of it.</summary>
    /// <exception cref="SnapshotException">Something is missing or damaged, or in the way.</exception>
    public static RestoreReport Restore(this SnapshotRepository repository, RestoreOptions options, RepositoryProgress? progress = null, CancellationToken cancel = default)
    {
        using var run = new RestoreRun(repository, options, progress ?? new RepositoryProgress(), cancel);
        return run.Run();
    }

    /// <summary>Checks every byte of a repository without its key.</summary>
    /// <param name="path">Its folder.</param>
    /// <param name="repairFrom">Another copy of it to take damaged objects from; null for none.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancel">Ends it.</param>
    public static VerifyReport VerifyWithoutKey(string path, string? repairFrom = null, RepositoryProgress? progress = null, CancellationToken cancel = default) =>
        VerifyWithoutKey(new ObjectFolder(path), repairFrom is null ? null : new ObjectFolder(repairFrom), progress, cancel);

    /// <summary>Checks every byte of a repository without its key, on the host where it lies.</summary>
    /// <param name="store">Where its objects lie.</param>
    /// <param name="repairFrom">Another copy of it to take damaged objects from; null for none.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancel">Ends it.</param>
    public static VerifyReport VerifyWithoutKey(ObjectStore store, ObjectStore? repairFrom, RepositoryProgress? progress = null, CancellationToken cancel = default)
    {
        if (!store.Has("", RepositoryConfig.FileName) && store.Names(ObjectStore.Heads).Count == 0 && store.Names(ObjectStore.Packs).Count == 0)
            throw new SnapshotException($"{store.Path} is no repository; `varve snap repo init` makes one");
        using var held = store.Lock(SnapshotRepository.LockName, exclusive: false, wait: false);
        var verification = new Verification(store, progress ?? new RepositoryProgress(), cancel);
        verification.CheckObjects();
        return verification.Report(repairFrom is null ? [] : verification.RepairFrom(repairFrom));
    }

    /// <summary>Checks every byte, every chunk and every snapshot.</summary>
    public static VerifyReport Verify(this SnapshotRepository repository, ObjectStore? repairFrom = null, RepositoryProgress? progress = null, CancellationToken cancel = default)
    {
        var verification = new Verification(repository.Store, progress ?? new RepositoryProgress(), cancel);
        verification.CheckObjects();
        var repaired = repairFrom is null ? [] : verification.RepairFrom(repairFrom);
        if (repaired.Count > 0) repository.Follow(repository.Index);
        verification.CheckContents(repository);
        return verification.Report(repaired);
    }

    /// <summary>
    /// Takes snapshots out of the head. What only they needed stays until a prune. The repository is held alone.
    /// </summary>
    /// <param name="repository">Opened alone.</param>
    /// <param name="names">Full names.</param>
    /// <exception cref="SnapshotException">Nothing may be removed.</exception>
    public static void Forget(this SnapshotRepository repository, IReadOnlyCollection<string> names)
    {
        repository.RefuseAppendOnly();
        repository.Advance(head => head with { Snapshots = [.. head.Snapshots.Where(n => !names.Contains(n))] });
        foreach (var name in names) repository.Store.Delete(ObjectStore.Snapshots, name);
    }

    /// <summary>Removes what no snapshot needs. The repository is held alone.</summary>
    /// <param name="repository">Opened alone.</param>
    /// <param name="dryRun">Only say what would go.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="SnapshotException">Nothing may be removed, or something needed cannot be read.</exception>
    public static PruneReport Prune(this SnapshotRepository repository, bool dryRun = false, CancellationToken cancel = default) =>
        new Collection(repository, cancel).Run(dryRun);

    /// <summary>The entries of a folder in a snapshot, or the one entry of a file.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="snapshot">Full name of the snapshot.</param>
    /// <param name="path">From the folder that was saved; empty for itself.</param>
    /// <exception cref="SnapshotException">There is no such path.</exception>
    public static IReadOnlyList<SnapshotEntry> Entries(this SnapshotRepository repository, string snapshot, ReadOnlySpan<byte> path)
    {
        using var reader = new ChunkReader(repository);
        var entry = EntryAt(repository, reader, snapshot, path);
        return [.. (entry.Kind == EntryKind.Directory ? reader.Entries(entry.Content) : [entry]).Select(SnapshotEntry.Of)];
    }

    /// <summary>Writes what a file of a snapshot holds.</summary>
    /// <exception cref="SnapshotException">There is no such file, or a part of it is missing or damaged.</exception>
    public static void CopyTo(this SnapshotRepository repository, string snapshot, ReadOnlySpan<byte> path, Stream output)
    {
        using var reader = new ChunkReader(repository);
        var entry = EntryAt(repository, reader, snapshot, path);
        if (entry.Kind != EntryKind.File) throw new SnapshotException($"'{Posix.Show(path)}' is no file in the snapshot {snapshot[..12]}");
        var zeros = new byte[1 << 16];
        foreach (var part in reader.Parts(entry.Content))
        {
            if (!part.IsHole) output.Write(reader.Read(part.Id));
            else for (var left = part.Length; left > 0; left -= zeros.Length) output.Write(zeros.AsSpan(0, (int)Math.Min(left, zeros.Length)));
        }
        output.Flush();
    }

    /// <summary>Writes a snapshot as a stream that another repository, with a key of its own, can take in.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="snapshot">Full name of the snapshot.</param>
    /// <param name="baseSnapshot">Full name of the snapshot that the other has already; null for none.</param>
    /// <param name="output">Gets the stream, which is not encrypted.</param>
    /// <exception cref="SnapshotException">Something is missing or damaged.</exception>
    public static void SendTo(this SnapshotRepository repository, string snapshot, string? baseSnapshot, Stream output)
    {
        using var sender = new SnapshotSender(repository, output);
        sender.Send(snapshot, baseSnapshot);
    }

    /// <summary>Takes in a snapshot from a stream.</summary>
    /// <param name="repository">The repository.</param>
    /// <param name="input">What <see cref="SendTo"/> wrote.</param>
    /// <param name="begin">Told the snapshot that comes and the GUID of its base, 0 for none; gives the full name of the base here. Throws to refuse.</param>
    /// <param name="end">Called when all of it has come, before it counts.</param>
    /// <exception cref="SnapshotException">The stream is damaged or ends too early; nothing of it counts.</exception>
    public static SnapshotDescription ReceiveFrom(this SnapshotRepository repository, Stream input, Func<SnapshotDescription, ulong, string?> begin, Action end)
    {
        using var receiver = new SnapshotReceiver(repository, input);
        return receiver.Receive(head => begin(head.Description, head.BaseGuid), end);
    }

    private static TreeEntry EntryAt(SnapshotRepository repository, ChunkReader reader, string snapshot, ReadOnlySpan<byte> path)
    {
        using var codec = repository.NewCodec();
        return EntryAt(repository.Read(snapshot, codec).Root, reader, path)
            ?? throw new SnapshotException($"the snapshot {snapshot[..12]} has no '{Posix.Show(path)}'; `varve snap repo list REPOSITORY {snapshot[..12]}` shows what it has");
    }

    /// <summary>What a path from the root of a snapshot leads to; null when nothing does.</summary>
    internal static TreeEntry? EntryAt(TreeEntry root, ChunkReader reader, ReadOnlySpan<byte> path)
    {
        TreeEntry? at = root;
        for (var rest = path; !rest.IsEmpty && at is not null;)
        {
            var slash = rest.IndexOf((byte)'/');
            var name = (slash < 0 ? rest : rest[..slash]).ToArray();
            rest = slash < 0 ? default : rest[(slash + 1)..];
            if (name.Length > 0) at = at.Kind == EntryKind.Directory ? reader.Entries(at.Content).Find(e => e.Name.AsSpan().SequenceEqual(name)) : null;
        }
        return at;
    }
}

/// <summary>An entry of a folder in a snapshot.</summary>
/// <param name="Name">Bytes of the name.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Mode">Permission and set-id bits.</param>
/// <param name="Uid">Owner.</param>
/// <param name="Gid">Group.</param>
/// <param name="ModifiedNs">Nanoseconds since 1970 (UTC).</param>
/// <param name="Size">Bytes of a file.</param>
/// <param name="Target">Of a symbolic link.</param>
public sealed record SnapshotEntry(byte[] Name, EntryKind Kind, uint Mode, uint Uid, uint Gid, long ModifiedNs, long Size, byte[] Target)
{
    internal static SnapshotEntry Of(TreeEntry e) => new(e.Name, e.Kind, e.Mode & 0xFFF, e.Uid, e.Gid, e.ModifiedNs, e.Size, e.Target);

    /// <summary>The name for people.</summary>
    public string ShownName => Posix.Show(Name);

    /// <summary>The link's target for people.</summary>
    public string ShownTarget => Posix.Show(Target);
}
