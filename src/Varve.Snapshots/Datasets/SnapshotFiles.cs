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
                    if (Posix.Look(directory, name) is not { } status || IsOwn(at)) continue;
                    var kind = status.IsDirectory ? 'd' : status.IsFile ? 'f' : status.IsLink ? 'l' : ' ';
                    if (kind == ' ') continue;
                    rows.Add(new FileRow(at, kind, status.Mode & 0xFFF, status.Uid, status.Gid, kind == 'f' ? status.Size : 0, status.ModifiedNs, kind == 'l' ? Posix.LinkTarget(directory, name) : []));
                    if (kind == 'd') open.Push(at);
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

    public RepositoryFiles(SnapshotRepository repository, string name)
    {
        _repository = repository;
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
                var kind = entry.Kind switch { EntryKind.Directory => 'd', EntryKind.File => 'f', EntryKind.Link => 'l', _ => ' ' };
                if (kind == ' ') continue;
                rows.Add(new FileRow(at, kind, entry.Mode & 0xFFF, entry.Uid, entry.Gid, kind == 'f' ? entry.Size : 0, entry.ModifiedNs, kind == 'l' ? entry.Target : []));
                if (kind == 'd') open.Push((at, entry));
                else if (kind == 'f') _files[Convert.ToHexString(at)] = entry;
            }
        }
        return rows;
    }

    public override Action<Stream> Open(byte[] path, long offset, out long length)
    {
        if (_files.Count == 0) _ = Manifest;
        if (!_files.TryGetValue(Convert.ToHexString(path), out var entry)) throw new SnapshotException($"the snapshot has no file {Posix.Show(path)}");
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
        _repository.Dispose();
        base.Dispose(disposing);
    }
}
