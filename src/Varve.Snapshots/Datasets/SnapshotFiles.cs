using Varve.Snapshots.Repository;
using Varve.Snapshots.Volumes;

namespace Varve.Snapshots.Datasets;

/// <summary>The files of one snapshot on this host, whatever keeps it.</summary>
public abstract class SnapshotFiles : IDisposable
{
    private Manifest? _manifest;

    /// <summary>What it holds.</summary>
    public Manifest Manifest => _manifest ??= Manifest.Of(Rows());

    /// <summary>Its rows, in any order.</summary>
    protected abstract IEnumerable<FileRow> Rows();

    /// <summary>One name; null when it is not there.</summary>
    public abstract FileRow? Look(byte[] path);

    /// <summary>Begins to read a file of it; the bytes are then copied once.</summary>
    /// <param name="path">From the dataset.</param>
    /// <param name="offset">The first byte wanted.</param>
    /// <param name="length">How many bytes come: those up to the file's end.</param>
    /// <exception cref="SnapshotException">There is no such file, or it is damaged.</exception>
    public abstract Action<Stream> Open(byte[] path, long offset, out long length);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives back what is open.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }

    /// <summary>Opens a snapshot of a dataset on this host.</summary>
    /// <exception cref="SnapshotException">There is none, or its dataset is not mounted.</exception>
    public static SnapshotFiles Open(IVolumes volumes, string dataset, string name)
    {
        if (volumes is PlainVolumes)
        {
            var folder = PlainVolumes.RepositoryOf(dataset);
            var repository = SnapshotRepository.Open(folder, SnapshotRepository.IsEncrypted(folder) ? RepositoryKey.OfEnvironment() : null, SnapshotRepository.UsualCacheFolder);
            return new RepositoryFiles(repository, name);
        }
        return new FolderFiles(CheckOuts.FolderOf(volumes, dataset, name));
    }
}

/// <summary>A snapshot that is a folder: of btrfs, of ZFS.</summary>
internal sealed class FolderFiles : SnapshotFiles
{
    private readonly string _folder;
    private readonly int _root;

    public FolderFiles(string folder)
    {
        _folder = folder;
        if (!Directory.Exists(folder)) throw new SnapshotException($"{folder} is not there, or its dataset is not mounted");
        _root = Posix.Open(Native.AtFdcwd, Posix.Terminated(System.Text.Encoding.UTF8.GetBytes(folder)), Native.ReadOnly | Native.Directory);
    }

    public override FileRow? Look(byte[] path)
    {
        var slash = path.AsSpan().LastIndexOf((byte)'/');
        int parent;
        try
        {
            parent = RestoreTarget.OpenBelow(_root, slash < 0 ? default : path.AsSpan(0, slash));
        }
        catch (IOException)
        {
            return null;
        }
        try
        {
            var name = Posix.Terminated(path.AsSpan(slash + 1));
            return Posix.Look(parent, name) is { } status ? Row(parent, name, path, status) : null;
        }
        finally
        {
            Posix.Close(parent);
        }
    }

    /// <summary>A row; null for what is neither file nor folder nor link.</summary>
    private static FileRow? Row(int directory, byte[] name, byte[] at, in FileStatus status)
    {
        var kind = status.IsDirectory ? 'd' : status.IsFile ? 'f' : status.IsLink ? 'l' : ' ';
        return kind == ' ' ? null : new FileRow(at, kind, status.Mode & 0xFFF, status.Uid, status.Gid, kind == 'f' ? status.Size : 0, status.ModifiedNs, kind == 'l' ? Posix.LinkTarget(directory, name) : []);
    }

    protected override IEnumerable<FileRow> Rows()
    {
        var rows = new List<FileRow>();
        var open = new Stack<byte[]>([[]]);
        while (open.TryPop(out var path))
        {
            var directory = RestoreTarget.OpenBelow(_root, path);
            try
            {
                foreach (var name in Posix.List(directory, path))
                {
                    byte[] at = path.Length == 0 ? name[..^1] : [.. path, (byte)'/', .. name.AsSpan(..^1)];
                    if (Posix.Look(directory, name) is not { } status || IsOwn(at) || IsSnapshotsOfZfs(at, status)) continue;
                    if (Row(directory, name, at, status) is not { } row) continue;
                    rows.Add(row);
                    if (row.Kind == 'd') open.Push(at);
                }
            }
            finally
            {
                Posix.Close(directory);
            }
        }
        return rows;
    }

    /// <summary>The folder of a dataset's own snapshots, empty in each snapshot of btrfs, and what a clone has not finished.</summary>
    internal static bool IsOwn(ReadOnlySpan<byte> path) => path.SequenceEqual(".varve-snapshots"u8) || path[(path.LastIndexOf((byte)'/') + 1)..].StartsWith(CloneTarget.Temporary);

    /// <summary>The folder of snapshots that ZFS shows in a dataset with snapdir=visible; its number is ZFSCTL_INO_ROOT of OpenZFS.</summary>
    private static bool IsSnapshotsOfZfs(ReadOnlySpan<byte> path, in FileStatus status) => status.Inode == 0xFFFF_FFFF_FFFF && path.SequenceEqual(".zfs"u8);

    public override Action<Stream> Open(byte[] path, long offset, out long length)
    {
        int descriptor;
        var slash = path.AsSpan().LastIndexOf((byte)'/');
        try
        {
            var parent = RestoreTarget.OpenBelow(_root, slash < 0 ? default : path.AsSpan(0, slash));
            try
            {
                descriptor = Posix.Open(parent, Posix.Terminated(path.AsSpan(slash + 1)), Native.ReadOnly | Native.NoFollow);
            }
            finally
            {
                Posix.Close(parent);
            }
        }
        catch (IOException e)
        {
            throw new SnapshotException($"{_folder}: {e.Message}", e);
        }
        var file = new FileStream(new Microsoft.Win32.SafeHandles.SafeFileHandle(descriptor, ownsHandle: true), FileAccess.Read, 0) { Position = offset };
        var left = length = Math.Max(0, file.Length - offset);
        return output =>
        {
            using (file)
            {
                var buffer = new byte[1 << 18];
                while (left > 0)
                {
                    var count = file.Read(buffer, 0, (int)Math.Min(buffer.Length, left));
                    if (count == 0) throw new SnapshotException($"{Posix.Show(path)} in {_folder} is shorter than it was");
                    output.Write(buffer, 0, count);
                    left -= count;
                }
            }
        };
    }

    protected override void Dispose(bool disposing)
    {
        Posix.Close(_root);
        base.Dispose(disposing);
    }
}

/// <summary>A snapshot in a repository: what is read is compared with its digests on the way.</summary>
internal sealed class RepositoryFiles : SnapshotFiles
{
    private readonly SnapshotRepository _repository;
    private readonly ChunkReader _reader;
    private readonly TreeEntry _root;
    private readonly Dictionary<string, TreeEntry> _files = new(StringComparer.Ordinal);
    private readonly bool _owns;

    /// <param name="repository">The repository.</param>
    /// <param name="name">A name of the snapshot.</param>
    /// <param name="owns">Whether the repository is disposed with it.</param>
    public RepositoryFiles(SnapshotRepository repository, string name, bool owns = true)
    {
        (_repository, _owns) = (repository, owns);
        _reader = new ChunkReader(repository);
        using var codec = repository.NewCodec();
        _root = repository.Read(repository.Find(name).Name, codec).Root;
    }

    protected override IEnumerable<FileRow> Rows()
    {
        var rows = new List<FileRow>();
        var open = new Stack<(byte[] Path, TreeEntry Entry)>([([], _root)]);
        while (open.TryPop(out var folder))
        {
            foreach (var entry in _reader.Entries(folder.Entry.Content))
            {
                byte[] at = folder.Path.Length == 0 ? entry.Name : [.. folder.Path, (byte)'/', .. entry.Name];
                if (Row(at, entry) is not { } row) continue;
                rows.Add(row);
                if (row.Kind == 'd') open.Push((at, entry));
                else if (row.Kind == 'f') _files[Convert.ToHexString(at)] = entry;
            }
        }
        return rows;
    }

    private static FileRow? Row(byte[] at, TreeEntry entry)
    {
        var kind = entry.Kind switch { EntryKind.Directory => 'd', EntryKind.File => 'f', EntryKind.Link => 'l', _ => ' ' };
        return kind == ' ' ? null : new FileRow(at, kind, entry.Mode & 0xFFF, entry.Uid, entry.Gid, kind == 'f' ? entry.Size : 0, entry.ModifiedNs, kind == 'l' ? entry.Target : []);
    }

    public override FileRow? Look(byte[] path) => RepositoryWork.EntryAt(_root, _reader, path) is { } entry ? Row(path, entry) : null;

    public override Action<Stream> Open(byte[] path, long offset, out long length)
    {
        if (!_files.TryGetValue(Convert.ToHexString(path), out var entry) && RepositoryWork.EntryAt(_root, _reader, path) is { Kind: EntryKind.File } found) entry = found;
        if (entry is null) throw new SnapshotException($"the snapshot has no file {Posix.Show(path)}");
        length = Math.Max(0, entry.Size - offset);
        return output =>
        {
            var zeros = new byte[1 << 16];
            var skip = offset;
            foreach (var part in _reader.Parts(entry.Content))
            {
                if (skip >= part.Length)
                {
                    skip -= part.Length;
                    continue;
                }
                if (!part.IsHole) output.Write(_reader.Read(part.Id)[(int)skip..]);
                else for (var left = part.Length - skip; left > 0; left -= zeros.Length) output.Write(zeros, 0, (int)Math.Min(left, zeros.Length));
                skip = 0;
            }
        };
    }

    protected override void Dispose(bool disposing)
    {
        _reader.Dispose();
        if (_owns) _repository.Dispose();
        base.Dispose(disposing);
    }
}
