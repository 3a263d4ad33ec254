using Varve.Linux;

namespace Varve.Sandbox;

/// <summary>
/// Reads off an overlay's upper layer what a step left different (kernel documentation, filesystems/overlayfs: a
/// removed name is a character device 0/0, a directory that replaces one is marked opaque).
/// </summary>
internal sealed class UpperLayer(View view, IContentSource contents)
{
    private readonly List<PendingChange> changes = [];
    private readonly Dictionary<(ulong Device, ulong Inode), string> firstNames = [];
    private readonly List<string> sockets = [];

    /// <summary>Sockets that were left; they cannot outlive the step.</summary>
    public IReadOnlyList<string> Sockets => sockets;

    /// <summary>All changes, parents before what they hold.</summary>
    public IReadOnlyList<PendingChange> Read()
    {
        foreach (var (folder, upper) in view.Uppers) ReadFolder(upper, folder.Inside.Length == 1 ? "" : folder.Inside, folder.Outside, hidden: false);
        return changes;
    }

    private void ReadFolder(string upper, string inside, string outside, bool hidden)
    {
        foreach (var entry in Files.List(upper) ?? throw new IOException($"cannot list the step's layer {upper}"))
        {
            var path = $"{inside}/{entry.Name}";
            if (view.Locate(path, out _) is not (Zone.Observed or Zone.Environment)) continue;
            ReadName($"{upper}/{entry.Name}", path, $"{outside}/{entry.Name}", hidden);
        }
    }

    /// <param name="upper">Where it lies.</param>
    /// <param name="inside">Its path inside the step.</param>
    /// <param name="outside">Where it belongs.</param>
    /// <param name="hidden">Whether a directory above replaced the one below, so that nothing below counts.</param>
    private void ReadName(string upper, string inside, string outside, bool hidden)
    {
        var stamp = Files.Look(upper);
        var before = Files.Look(outside);
        var below = hidden ? default : before;
        switch (stamp.Kind)
        {
            case FileKind.Directory:
                ReadDirectory(upper, inside, outside, stamp, before, below);
                break;
            case FileKind.File:
                ReadFile(upper, inside, outside, stamp, before);
                break;
            case FileKind.Link:
                Add(new Change(inside, ChangeKind.Link, default, 0, 0x1FF, Files.LinkTarget(upper) ?? "", "", Replaced: false), upper, outside, before, stamp);
                break;
            default:
                ReadSpecial(upper, inside, outside, stamp, before, below);
                break;
        }
    }

    private void ReadDirectory(string upper, string inside, string outside, in FileStamp stamp, in FileStamp before, in FileStamp below)
    {
        var opaque = below.Kind == FileKind.Directory && IsOpaque(upper);
        if (below.Kind != FileKind.Directory || opaque || below.Permissions != stamp.Permissions)
            Add(new Change(inside, ChangeKind.Directory, default, 0, stamp.Permissions, "", "", Replaced: opaque), upper, outside, before, stamp);
        // A step may close a folder even to its owner; what it holds must be reached all the same.
        if ((stamp.Permissions & 0x1C0) != 0x1C0) Files.SetPermissions(upper, stamp.Permissions | 0x1C0);
        ReadFolder(upper, inside, outside, hidden: opaque || below.Kind != FileKind.Directory);
    }

    private void ReadFile(string upper, string inside, string outside, in FileStamp stamp, in FileStamp before)
    {
        if (stamp.Links > 1 && !firstNames.TryAdd((stamp.Device, stamp.Inode), inside))
        {
            var first = firstNames[(stamp.Device, stamp.Inode)];
            var same = changes.Find(c => c.Change.Path == first)!.Change;
            Add(same with { Path = inside, SameFileAs = first }, upper, outside, before, stamp);
            return;
        }
        if ((stamp.Permissions & 0x100) == 0) Files.SetPermissions(upper, stamp.Permissions | 0x180);
        var digest = contents.DigestOf(upper, Files.Look(upper));
        Add(new Change(inside, ChangeKind.File, digest, stamp.Size, stamp.Permissions, "", "", Replaced: false), upper, outside, before, stamp);
    }

    private void ReadSpecial(string upper, string inside, string outside, in FileStamp stamp, in FileStamp before, in FileStamp below)
    {
        const int type = 0xF000, characterDevice = 0x2000, fifo = 0x1000;
        switch (stamp.Mode & type)
        {
            case characterDevice:
                if (below.Exists) Add(new Change(inside, ChangeKind.Deleted, default, 0, 0, "", "", Replaced: false), upper, outside, before, stamp);
                break;
            case fifo:
                Add(new Change(inside, ChangeKind.Fifo, default, 0, stamp.Permissions, "", "", Replaced: false), upper, outside, before, stamp);
                break;
            default:
                sockets.Add(inside);
                break;
        }
    }

    private void Add(Change change, string upper, string outside, in FileStamp before, in FileStamp stamp) =>
        changes.Add(new PendingChange(change, upper, outside, before, stamp.ModifiedNs));

    private static unsafe bool IsOpaque(string path)
    {
        byte value;
        fixed (byte* p = PathText.EncodeTerminated(path))
        fixed (byte* trusted = "trusted.overlay.opaque\0"u8)
        fixed (byte* user = "user.overlay.opaque\0"u8)
            return (Libc.lgetxattr(p, trusted, &value, 1) == 1 || Libc.lgetxattr(p, user, &value, 1) == 1) && value == (byte)'y';
    }
}
