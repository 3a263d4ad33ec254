using System.Collections.Concurrent;
using Varve.Snapshots.Repository;

namespace Varve.Snapshots.Mounting;

/// <summary>
/// Answers the kernel. Each thread has a reader and a buffer of its own. What a damaged or hostile tree makes impossible
/// is an error of that one call, EIO, and a line for people.
/// </summary>
internal sealed class FuseServer(MountedTree tree, ChunkCache cache, Action<string> warn)
{
    /// <summary>Of linux/fuse.h: what is spoken here, and the oldest that a kernel may speak (Linux 4.20).</summary>
    private const uint Major = 7, Minor = 31, OldestMinor = 28;
    private const uint AsynchronousReads = 1 << 0, ParallelFolders = 1 << 18, ManyPages = 1 << 22, KeepsLinks = 1 << 23;
    private const uint KeepCache = 1 << 1, KeepFolder = 1 << 3;
    private const int MostRead = 1 << 20, Page = 4096, LongestLink = 4095;
    private const ushort AtOnce = 16;
    private const ulong DayOfSeconds = 86_400;
    private const uint FolderKind = 0x4000, FileKind = 0x8000, LinkKind = 0xA000, FifoKind = 0x1000, KindMask = 0xF000;

    private readonly ConcurrentDictionary<ulong, object> _open = new();
    private long _lastHandle;

    /// <summary>Bytes that a request or an answer can have.</summary>
    public const int BufferSize = MostRead + Page;

    /// <summary>One call; the error, 0 when there is none. Null: no answer is wanted.</summary>
    public int? Answer(in FuseRequest request, FuseAnswer answer, ChunkReader reader)
    {
        try
        {
            switch (request.Call)
            {
                case FuseCall.Init: return Init(request, answer);
                case FuseCall.Forget:
                    tree.Forget(request.Node, request.Long(0));
                    return null;
                case FuseCall.BatchForget:
                    for (var i = 0; i < request.Number(0); i++) tree.Forget(request.Long(8 + (i * 16)), request.Long(16 + (i * 16)));
                    return null;
                case FuseCall.Interrupt: return null;
                case FuseCall.Flush or FuseCall.Destroy: return 0;
                case FuseCall.StatFs: return StatFs(answer);
                case FuseCall.Release or FuseCall.ReleaseFolder:
                    _open.TryRemove(request.Long(0), out _);
                    return 0;
                default: return tree.Node(request.Node) is { } node ? OfNode(request, node, answer, reader) : MountCalls.Enoent;
            }
        }
        catch (Exception e) when (e is SnapshotException or InvalidDataException or IOException or ArgumentOutOfRangeException)
        {
            warn(e is ArgumentOutOfRangeException ? $"the kernel asks something that makes no sense: {request.Call}" : e.Message);
            return MountCalls.Eio;
        }
    }

    private int OfNode(in FuseRequest request, MountedNode node, FuseAnswer answer, ChunkReader reader)
    {
        switch (request.Call)
        {
            case FuseCall.Lookup:
                if (node.Entry.Kind != EntryKind.Directory) return MountCalls.Enotdir;
                var name = request.Body[..Math.Max(0, request.Body.IndexOf((byte)0))];
                if (tree.Find(node, name, reader) is not { } found) return MountCalls.Enoent;
                answer.Long(found.Id);
                answer.Long(0);
                Times(answer, twice: true);
                Attributes(found, answer);
                return 0;
            case FuseCall.GetAttributes:
                Times(answer, twice: false);
                Attributes(node, answer);
                return 0;
            case FuseCall.ReadLink:
                if (node.Entry.Kind != EntryKind.Link) return MountCalls.Einval;
                if (node.Entry.Target.Length is 0 or > LongestLink || node.Entry.Target.AsSpan().Contains((byte)0)) return MountCalls.Eio;
                answer.Raw(node.Entry.Target);
                return 0;
            case FuseCall.Open:
                if (node.Entry.Kind != EntryKind.File) return node.Entry.Kind == EntryKind.Directory ? MountCalls.Eisdir : MountCalls.Einval;
                if ((request.Number(0) & 3) != 0) return MountCalls.Erofs;
                return Opened(new OpenFile(node.Entry, reader), KeepCache, answer);
            case FuseCall.Read:
                if (!_open.TryGetValue(request.Long(0), out var file) || file is not OpenFile open) return MountCalls.Eio;
                var wanted = (int)Math.Min(request.Number(16), MostRead);
                answer.Took(open.Read(answer.Room(wanted), (long)request.Long(8), reader, cache));
                return 0;
            case FuseCall.OpenFolder:
                return node.Entry.Kind == EntryKind.Directory ? Opened(tree.FolderOf(node, reader), KeepCache | KeepFolder, answer) : MountCalls.Enotdir;
            case FuseCall.ReadFolder:
                return _open.TryGetValue(request.Long(0), out var held) && held is MountedFolder folder ? ReadFolder(request, node, folder, answer) : MountCalls.Eio;
            default:
                // What the kernel is told once it does not ask again.
                return MountCalls.Enosys;
        }
    }

    private int Opened(object what, uint flags, FuseAnswer answer)
    {
        var handle = (ulong)Interlocked.Increment(ref _lastHandle);
        _open[handle] = what;
        answer.Long(handle);
        answer.Number(flags);
        answer.Number(0);
        return 0;
    }

    /// <summary><c>struct fuse_init_out</c>.</summary>
    private static int Init(in FuseRequest request, FuseAnswer answer)
    {
        var (major, minor, ahead, offered) = (request.Number(0), request.Number(4), request.Number(8), request.Number(12));
        if (major < Major || (major == Major && minor < OldestMinor)) return MountCalls.Enosys;
        answer.Number(Major);
        answer.Number(Minor);
        // A later major asks again with this one.
        if (major > Major) return 0;
        answer.Number(Math.Min(ahead, MostRead));
        answer.Number(offered & (AsynchronousReads | ParallelFolders | ManyPages | KeepsLinks));
        answer.Short(AtOnce);
        answer.Short(AtOnce * 3 / 4);
        answer.Number(Page);
        answer.Number(1);
        answer.Short(MostRead / Page);
        answer.Short(0);
        answer.Zeros(32);
        return 0;
    }

    /// <summary><c>struct fuse_kstatfs</c>: a disk that is full, for nothing can be added.</summary>
    private int StatFs(FuseAnswer answer)
    {
        answer.Long((ulong)(Math.Max(0, tree.Bytes) / Page));
        answer.Zeros(32);
        answer.Number(Page);
        answer.Number(255);
        answer.Number(Page);
        answer.Zeros(28);
        return 0;
    }

    /// <summary>How long the kernel may count on it: nothing here changes.</summary>
    private static void Times(FuseAnswer answer, bool twice)
    {
        answer.Long(DayOfSeconds);
        if (twice) answer.Long(DayOfSeconds);
        answer.Zeros(8);
    }

    /// <summary><c>struct fuse_attr</c>.</summary>
    private static void Attributes(MountedNode node, FuseAnswer answer)
    {
        var entry = node.Entry;
        var size = entry.Kind switch { EntryKind.File => Math.Max(0, entry.Size), EntryKind.Link => entry.Target.Length, EntryKind.Directory => Page, _ => 0 };
        var (seconds, rest) = Math.DivRem(entry.ModifiedNs, 1_000_000_000);
        if (rest < 0) (seconds, rest) = (seconds - 1, rest + 1_000_000_000);
        answer.Long(node.Inode);
        answer.Long((ulong)size);
        answer.Long((ulong)((size / 512) + (size % 512 > 0 ? 1 : 0)));
        for (var i = 0; i < 3; i++) answer.Long((ulong)seconds);
        for (var i = 0; i < 3; i++) answer.Number((uint)rest);
        answer.Number(KindOf(entry) | (entry.Mode & 0xFFF));
        // How many names there are is not known; that there is more than one is.
        answer.Number(entry.Kind == EntryKind.Directory || entry.LinkKey != 0 ? 2u : 1u);
        answer.Number(entry.Uid);
        answer.Number(entry.Gid);
        var (high, low) = ((uint)(entry.Device >> 32), (uint)entry.Device);
        answer.Number(entry.Kind == EntryKind.Device ? (low & 0xFF) | (high << 8) | ((low & ~0xFFu) << 12) : 0);
        answer.Number(Page);
        answer.Number(0);
    }

    private static uint KindOf(TreeEntry entry) => entry.Kind switch
    {
        EntryKind.Directory => FolderKind,
        EntryKind.Link => LinkKind,
        EntryKind.Fifo => FifoKind,
        EntryKind.Device => entry.Mode & KindMask,
        _ => FileKind,
    };

    /// <summary>As many of <c>struct fuse_dirent</c> as there is room for; the offset is the number of the next.</summary>
    private static int ReadFolder(in FuseRequest request, MountedNode node, MountedFolder folder, FuseAnswer answer)
    {
        const int HeadOfEntry = 24;
        var (offset, room) = (request.Long(8), (int)Math.Min(request.Number(16), MostRead));
        for (var at = offset; at < (ulong)folder.Entries.Count + 2; at++)
        {
            var (name, inode, kind) = at switch
            {
                0 => ("."u8.ToArray(), node.Inode, FolderKind),
                1 => (".."u8.ToArray(), node.Parent?.Inode ?? node.Inode, FolderKind),
                _ when folder.Entries[(int)at - 2] is var entry => (entry.Name, MountedTree.InodeOf(node, entry), KindOf(entry)),
                _ => throw new InvalidDataException("a place in a folder that makes no sense"),
            };
            var padding = -(HeadOfEntry + name.Length) & 7;
            if (answer.Length + HeadOfEntry + name.Length + padding > room) break;
            answer.Long(inode);
            answer.Long(at + 1);
            answer.Number((uint)name.Length);
            answer.Number(kind >> 12);
            answer.Raw(name);
            answer.Zeros(padding);
        }
        return 0;
    }
}
