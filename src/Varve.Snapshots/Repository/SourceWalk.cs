namespace Varve.Snapshots.Repository;

/// <summary>A file that must be read.</summary>
internal sealed record SourceFile(DirectoryNode Directory, int Slot, byte[] Name, FileStatus Status);

/// <summary>
/// Goes through the folder that is saved, depth first and by name, holds each entry against the cache, and hands on
/// the files that must be read.
/// </summary>
internal sealed class SourceWalk(BackupRun run, FileCache? cache, Exclusions exclusions, IReadOnlySet<(ulong Device, ulong Inode)> notThese, CancellationToken cancel)
{
    private const int BatchFiles = 64, BatchBytes = 1 << 20;
    private readonly List<SourceFile> batch = [];
    private long batchBytes;
    private ulong device;

    /// <summary>Goes through all of it.</summary>
    public void Walk(DirectoryNode root)
    {
        device = root.Status.Device;
        Visit(root);
        SendBatch();
    }

    private void Visit(DirectoryNode node)
    {
        List<byte[]> names;
        try
        {
            names = Posix.List(node.Descriptor, node.Path);
        }
        catch (IOException e)
        {
            run.Progress.Trouble(e.Message);
            names = [];
        }
        var known = 0;
        foreach (var name in names)
        {
            cancel.ThrowIfCancellationRequested();
            var plain = name.AsSpan(0, name.Length - 1);
            byte[]? path = null;
            if (exclusions.Any && exclusions.Has(path = PathOf(node, plain), plain)) continue;
            if (Look(node, name) is not { } status || status.IsSocket) continue;
            CachedEntry? cached = node.Cached is { } before ? Known(before.Entries, ref known, plain) : null;
            var slot = node.Reserve();
            if (status.IsDirectory) Enter(node, slot, name, path ?? PathOf(node, plain), status, cached);
            else if (cached is { } entry && entry.Matches(status) && run.Trusts(entry)) Keep(node, slot, status, entry);
            else if (status.IsFile) Send(new SourceFile(node, slot, name, status));
            else AddSpecial(node, slot, name, status);
        }
        run.Arrive(node);
    }

    private FileStatus? Look(DirectoryNode node, byte[] name)
    {
        try
        {
            return Posix.Look(node.Descriptor, name);
        }
        catch (IOException e)
        {
            run.Progress.Trouble(e.Message);
            return null;
        }
    }

    private static byte[] PathOf(DirectoryNode node, ReadOnlySpan<byte> name) =>
        node.Path.Length == 0 ? name.ToArray() : [.. node.Path, (byte)'/', .. name];

    /// <summary>The entry of that name in a sorted list, from where the last search ended.</summary>
    private static CachedEntry? Known(IReadOnlyList<CachedEntry> entries, ref int at, ReadOnlySpan<byte> name)
    {
        while (at < entries.Count)
        {
            var order = entries[at].Name.SequenceCompareTo(name);
            if (order > 0) return null;
            at++;
            if (order == 0) return entries[at - 1];
        }
        return null;
    }

    private void Enter(DirectoryNode node, int slot, byte[] name, byte[] path, in FileStatus status, CachedEntry? cached)
    {
        if (notThese.Contains((status.Device, status.Inode))) return;
        int descriptor;
        try
        {
            descriptor = Posix.Open(node.Descriptor, name, Native.ReadOnly | Native.Directory | Native.NoFollow);
        }
        catch (IOException e)
        {
            run.Progress.Trouble(e.Message);
            return;
        }
        if (run.LeaveOutWith is { } mark && Posix.Look(descriptor, mark) is not null)
        {
            Posix.Close(descriptor);
            return;
        }
        run.Opened(descriptor);
        var self = TreeEntries.Of(EntryKind.Directory, name.AsSpan(0, name.Length - 1), status, Attributes(node, name, status, cached));
        var child = new DirectoryNode(node, slot, path, descriptor, self, status, cache?.Find(path));
        child.CachedEntry = cached?.Encoded ?? default;
        node.Await();
        if (run.OneFileSystem && status.Device != device) run.Arrive(child);
        else Visit(child);
    }

    private static IReadOnlyList<ExtendedAttribute> Attributes(DirectoryNode node, byte[] name, in FileStatus status, CachedEntry? cached)
    {
        if (cached is not { } entry || !entry.Matches(status)) return Posix.Attributes(Posix.Reach(node.Descriptor, name));
        var r = new ByteReader(entry.Encoded.Span);
        return TreeEntry.Decode(ref r).Attributes;
    }

    private void Keep(DirectoryNode node, int slot, in FileStatus status, CachedEntry entry)
    {
        node.Fill(slot, status, settled: true, entry.Encoded, isCached: true);
        if (status.IsFile) run.Progress.Done(status.Size);
    }

    private void AddSpecial(DirectoryNode node, int slot, byte[] name, in FileStatus status)
    {
        try
        {
            var kind = status.IsLink ? EntryKind.Link : status.IsFifo ? EntryKind.Fifo : EntryKind.Device;
            var entry = TreeEntries.Of(kind, name.AsSpan(0, name.Length - 1), status, Posix.Attributes(Posix.Reach(node.Descriptor, name)));
            if (kind == EntryKind.Link) entry = entry with { Target = Posix.LinkTarget(node.Descriptor, name) };
            if (kind == EntryKind.Device) entry = entry with { Device = ((ulong)status.Rdev << 32) | status.RdevMinor };
            node.Fill(slot, status, settled: BackupRun.Settled(status), entry.Encode(), isCached: false);
        }
        catch (IOException e)
        {
            run.Progress.Trouble(e.Message);
        }
    }

    private void Send(SourceFile file)
    {
        file.Directory.Await();
        if (file.Status.Size > ChunkWriter.Small)
        {
            run.SendLarge(file);
            return;
        }
        batch.Add(file);
        batchBytes += file.Status.Size;
        if (batch.Count >= BatchFiles || batchBytes >= BatchBytes) SendBatch();
    }

    private void SendBatch()
    {
        if (batch.Count > 0) run.SendSmall([.. batch]);
        batch.Clear();
        batchBytes = 0;
    }
}

/// <summary>Entries as the kernel describes files.</summary>
internal static class TreeEntries
{
    private const uint Permissions = 0xFFF;

    /// <summary>The entry of a file, without what it holds.</summary>
    public static TreeEntry Of(EntryKind kind, ReadOnlySpan<byte> name, in FileStatus status, IReadOnlyList<ExtendedAttribute> attributes) => new()
    {
        Kind = kind,
        Name = name.ToArray(),
        Mode = kind == EntryKind.Device ? status.Mode : status.Mode & Permissions,
        Uid = status.Uid,
        Gid = status.Gid,
        ModifiedNs = status.ModifiedNs,
        LinkKey = kind != EntryKind.Directory && status.Links > 1 ? LinkKeyOf(status) : 0,
        Attributes = attributes,
    };

    // Never 0; the same for all names of a file, another for an inode of the same number on another device.
    private static ulong LinkKeyOf(in FileStatus status) => (status.Inode * 0x9E3779B97F4A7C15UL ^ status.Device) | 1;
}
