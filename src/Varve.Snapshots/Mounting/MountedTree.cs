using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Varve.Snapshots.Repository;

namespace Varve.Snapshots.Mounting;

/// <summary>A thing that the kernel knows by a number.</summary>
/// <param name="Id">The number by which the kernel asks.</param>
/// <param name="Inode">The number that programs see: the same for the names of one file.</param>
/// <param name="Parent">Where it was found; null for the root.</param>
/// <param name="Entry">What it is.</param>
internal sealed record MountedNode(ulong Id, ulong Inode, MountedNode? Parent, TreeEntry Entry)
{
    /// <summary>Inode of the root of the snapshot that it is in: link keys are of one snapshot.</summary>
    public ulong Snapshot { get; init; }

    /// <summary>How often the kernel was told of it and has not forgotten it.</summary>
    public ulong Lookups { get; set; }
}

/// <summary>The entries of a folder, in their order and by name.</summary>
internal sealed class MountedFolder
{
    public MountedFolder(IReadOnlyList<TreeEntry> entries)
    {
        Entries = entries;
        // A tree that names something twice shows the first.
        foreach (var entry in entries) ByName.TryAdd(Key(entry.Name), entry);
    }

    public IReadOnlyList<TreeEntry> Entries { get; }

    public Dictionary<string, TreeEntry> ByName { get; } = new(StringComparer.Ordinal);

    /// <summary>A name as a key: each byte a character.</summary>
    public static string Key(ReadOnlySpan<byte> name) => Encoding.Latin1.GetString(name);
}

/// <summary>What is seen: the folders of a snapshot, or of all snapshots. Safe for several threads.</summary>
internal sealed class MountedTree
{
    /// <summary>The number by which the kernel asks for the root.</summary>
    public const ulong Root = 1;

    private const int KeptEntries = 200_000, LongestName = 255, ShortName = 12;
    private const string Latest = "latest";
    private static ReadOnlySpan<byte> InodesOfNames => "name"u8;
    private static ReadOnlySpan<byte> InodesOfLinks => "link"u8;

    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, MountedNode> _nodes = [];
    private readonly Dictionary<(ulong Parent, string Name), MountedNode> _named = [];
    private readonly LinkedList<(ulong Inode, MountedFolder Folder)> _order = [];
    private readonly Dictionary<ulong, LinkedListNode<(ulong Inode, MountedFolder Folder)>> _folders = [];
    private readonly MountedFolder? _snapshots;
    private ulong _lastId = Root;
    private int _keptEntries;

    /// <param name="repository">Whose snapshots.</param>
    /// <param name="snapshot">Full name of the one that is shown; null for all.</param>
    public MountedTree(SnapshotRepository repository, string? snapshot)
    {
        TreeEntry root;
        using var codec = repository.NewCodec();
        if (snapshot is not null)
        {
            root = repository.Read(snapshot, codec).Root;
            Bytes = repository.Find(snapshot).Bytes;
        }
        else
        {
            var all = repository.Snapshots();
            Bytes = all.Sum(static s => s.Bytes);
            root = Folder([], all.Count > 0 ? all[^1].Taken : DateTimeOffset.UnixEpoch);
            _snapshots = new MountedFolder(Named(all, s => repository.Read(s.Name, codec).Root));
        }
        _nodes[Root] = new MountedNode(Root, Root, null, root) { Snapshot = Root, Lookups = 1 };
    }

    /// <summary>Bytes of all files.</summary>
    public long Bytes { get; }

    private static TreeEntry Folder(byte[] name, DateTimeOffset time) =>
        new() { Kind = EntryKind.Directory, Name = name, Mode = 0x1ED, Uid = Native.geteuid(), Gid = 0, ModifiedNs = time.ToUnixTimeMilliseconds() * 1_000_000 };

    /// <summary>A folder for each snapshot: its time and its label, or the begin of its name; and a link to the last.</summary>
    private static List<TreeEntry> Named(IReadOnlyList<SnapshotDescription> all, Func<SnapshotDescription, TreeEntry> rootOf)
    {
        var (entries, taken) = (new List<TreeEntry>(), new HashSet<string>(StringComparer.Ordinal) { Latest });
        foreach (var snapshot in all)
        {
            var time = snapshot.Taken.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
            var label = snapshot.Label.Length > 0 ? snapshot.Label.Replace('/', '_').Replace('\0', '_') : snapshot.Name[..ShortName];
            var name = $"{time}_{label}";
            if (Encoding.UTF8.GetByteCount(name) > LongestName || !taken.Add(name)) taken.Add(name = $"{time}_{snapshot.Name[..ShortName]}");
            entries.Add(rootOf(snapshot) with { Name = Encoding.UTF8.GetBytes(name) });
        }
        if (entries.Count > 0) entries.Add(Folder(Encoding.ASCII.GetBytes(Latest), all[^1].Taken) with { Kind = EntryKind.Link, Mode = 0x1FF, Target = entries[^1].Name });
        return entries;
    }

    /// <summary>A thing that the kernel was told of; null when it is not known.</summary>
    public MountedNode? Node(ulong id)
    {
        lock (_gate) return _nodes.GetValueOrDefault(id);
    }

    /// <summary>The entries of a folder.</summary>
    /// <exception cref="SnapshotException">They are missing or damaged.</exception>
    public MountedFolder FolderOf(MountedNode node, ChunkReader reader)
    {
        if (node.Id == Root && _snapshots is not null) return _snapshots;
        lock (_gate)
        {
            if (_folders.TryGetValue(node.Inode, out var known))
            {
                _order.Remove(known);
                _order.AddFirst(known);
                return known.Value.Folder;
            }
        }
        var entries = reader.Entries(node.Entry.Content);
        entries.RemoveAll(static e => e.Name.Length > LongestName);
        var folder = new MountedFolder(entries);
        lock (_gate)
        {
            if (_folders.ContainsKey(node.Inode)) return folder;
            _folders[node.Inode] = _order.AddFirst((node.Inode, folder));
            _keptEntries += entries.Count;
            while (_keptEntries > KeptEntries && _order.Count > 1)
            {
                var last = _order.Last!;
                _order.RemoveLast();
                _folders.Remove(last.Value.Inode);
                _keptEntries -= last.Value.Folder.Entries.Count;
            }
        }
        return folder;
    }

    /// <summary>The number that programs see of an entry of a folder.</summary>
    public static ulong InodeOf(MountedNode folder, TreeEntry entry) => entry.LinkKey == 0 || entry.Kind == EntryKind.Directory
        ? Number(InodesOfNames, folder.Inode, entry.Name) : Number(InodesOfLinks, folder.Snapshot, BitConverter.GetBytes(entry.LinkKey));

    private static ulong Number(ReadOnlySpan<byte> what, ulong above, byte[] name)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData([.. what, .. BitConverter.GetBytes(above), .. name], digest);
        // The kernel keeps small numbers for itself.
        return BinaryPrimitives.ReadUInt64LittleEndian(digest) >> 1 | 1UL << 40;
    }

    /// <summary>Finds a name in a folder, and counts that the kernel is told of it; null when there is none.</summary>
    public MountedNode? Find(MountedNode folder, ReadOnlySpan<byte> name, ChunkReader reader)
    {
        var key = MountedFolder.Key(name);
        if (!FolderOf(folder, reader).ByName.TryGetValue(key, out var entry)) return null;
        lock (_gate)
        {
            if (!_named.TryGetValue((folder.Id, key), out var node))
            {
                var inode = InodeOf(folder, entry);
                node = new MountedNode(++_lastId, inode, folder, entry) { Snapshot = folder.Id == Root && _snapshots is not null ? inode : folder.Snapshot };
                _named[(folder.Id, key)] = node;
                _nodes[node.Id] = node;
            }
            node.Lookups++;
            return node;
        }
    }

    /// <summary>The kernel has forgotten a thing so many times.</summary>
    public void Forget(ulong id, ulong times)
    {
        lock (_gate)
        {
            if (id == Root || !_nodes.TryGetValue(id, out var node)) return;
            node.Lookups -= Math.Min(times, node.Lookups);
            if (node.Lookups > 0) return;
            _nodes.Remove(id);
            _named.Remove((node.Parent!.Id, MountedFolder.Key(node.Entry.Name)));
        }
    }
}
