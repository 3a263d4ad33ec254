using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Varve.Snapshots.Repository;

namespace Varve.Snapshots.Datasets;

/// <summary>The folder that a clone fills. Each file comes under a name of its own beside its place, and is renamed when it is whole.</summary>
internal sealed class CloneTarget : IDisposable
{
    private readonly string _folder;
    private readonly int _root;

    public CloneTarget(string folder)
    {
        _folder = folder;
        _root = Here(() => RestoreTarget.OpenTarget(Encoding.UTF8.GetBytes(folder)));
    }

    /// <summary>How names of files begin that are not whole yet.</summary>
    public static ReadOnlySpan<byte> Temporary => ".varve-cloning-"u8;

    /// <summary>Makes a directory that the owner can fill; its own mode and time come last.</summary>
    public void MakeDirectory(FileRow row) => Beside(row, (parent, name) =>
    {
        var (made, _) = RestoreTarget.Enter(parent, name);
        Posix.Close(made);
        return true;
    });

    /// <summary>Makes a symbolic link, if there is nothing.</summary>
    public void MakeLink(FileRow row) => Beside(row, (parent, name) =>
    {
        if (Posix.Look(parent, name) is null) RestoreTarget.MakeSpecial(parent, Entry(row), name);
        return true;
    });

    /// <summary>Whether a file stands there as it was sent.</summary>
    public bool IsThere(FileRow row) => Beside(row, (parent, name) => Posix.Look(parent, name) is { } there && there.IsFile && there.Size == row.Size && there.ModifiedNs == row.ModifiedNs);

    /// <summary>Whether something stands there, as it was sent or not.</summary>
    public bool IsTaken(FileRow row) => Beside(row, (parent, name) => Posix.Look(parent, name) is not null);

    /// <summary>How many bytes of a file have come.</summary>
    public long Come(FileRow row, int number) => Beside(row, (parent, _) => Posix.Look(parent, PartName(number)) is { } part && part.IsFile && part.Size <= row.Size ? part.Size : 0);

    /// <summary>Opens what has come of a file, to write on from a byte.</summary>
    public SafeFileHandle Open(FileRow row, int number, long from) => Beside(row, (parent, _) =>
    {
        var file = new SafeFileHandle(Posix.Open(parent, PartName(number), Native.ReadWrite | Native.Create | Native.NoFollow, 0x180), ownsHandle: true);
        RandomAccess.SetLength(file, from);
        return file;
    });

    /// <summary>Writes; stretches of zeros take no room.</summary>
    public void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        try
        {
            if (bytes.ContainsAnyExcept((byte)0)) RandomAccess.Write(file, bytes, offset);
            else RandomAccess.SetLength(file, offset + bytes.Length);
        }
        catch (IOException e)
        {
            throw new TargetException($"{_folder}: {e.Message}", e);
        }
    }

    /// <summary>Gives a whole file its owner, mode, time and name.</summary>
    public void Settle(FileRow row, int number) => Beside(row, (parent, name) =>
    {
        RestoreTarget.Dress(parent, PartName(number), Entry(row));
        RestoreTarget.Rename(parent, PartName(number), name);
        return true;
    });

    /// <summary>Gives the directories their modes and times, the deepest first.</summary>
    public void Finish(IEnumerable<FileRow> directories)
    {
        foreach (var row in directories.Reverse())
            Beside(row, (parent, name) => RestoreTarget.Dress(parent, name, Entry(row)));
    }

    public void Dispose() => Posix.Close(_root);

    private static byte[] PartName(int number) => [.. Temporary, .. Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture)), 0];

    private static TreeEntry Entry(FileRow row) => new()
    {
        Kind = row.Kind switch { 'd' => EntryKind.Directory, 'l' => EntryKind.Link, _ => EntryKind.File },
        Name = row.Path[(row.Path.AsSpan().LastIndexOf((byte)'/') + 1)..],
        Mode = row.Mode,
        Uid = row.Uid,
        Gid = row.Gid,
        ModifiedNs = row.ModifiedNs,
        Size = row.Size,
        Target = row.Target,
    };

    private T Beside<T>(FileRow row, Func<int, byte[], T> work) => Here(() =>
    {
        var slash = row.Path.AsSpan().LastIndexOf((byte)'/');
        var parent = RestoreTarget.OpenBelow(_root, slash < 0 ? default : row.Path.AsSpan(0, slash));
        try
        {
            return work(parent, Posix.Terminated(row.Path.AsSpan(slash + 1)));
        }
        finally
        {
            Posix.Close(parent);
        }
    });

    private T Here<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TargetException($"{_folder}: {e.Message}", e);
        }
    }
}

/// <summary>What came cannot be written here: no other host would help.</summary>
public sealed class TargetException(string message, Exception inner) : Exception(message, inner);
