using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Varve.Snapshots.Repository;

/// <summary>The objects of a repository in a folder of this host.</summary>
internal sealed class ObjectFolder(string path) : ObjectStore
{
    private const int Patience = 200;

    public override string Path { get; } = System.IO.Path.GetFullPath(path);

    internal override string? Folder => Path;

    /// <summary>Where a thing lies; packs are spread over 256 folders.</summary>
    public string PathOf(string kind, string name) =>
        kind.Length == 0 ? $"{Path}/{name}" : kind == Packs ? $"{Path}/{kind}/{name[..2]}/{name}" : $"{Path}/{kind}/{name}";

    internal override List<string> Names(string kind)
    {
        var names = new List<string>();
        var from = $"{Path}/{kind}";
        if (!Directory.Exists(from)) return names;
        var all = kind == Packs ? Directory.EnumerateDirectories(from).SelectMany(Directory.EnumerateFiles) : Directory.EnumerateFiles(from);
        foreach (var file in all)
        {
            var name = System.IO.Path.GetFileName(file);
            if (IsByDigest(kind) ? IsDigest(name) : !name.StartsWith('.')) names.Add(name);
        }
        names.Sort(StringComparer.Ordinal);
        return names;
    }

    internal override bool Has(string kind, string name) => File.Exists(PathOf(kind, name));

    internal override IEnumerable<byte[]?> TryRead(string kind, IReadOnlyCollection<string> names) => names.Select(name =>
    {
        try
        {
            return File.ReadAllBytes(PathOf(kind, name));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    });

    internal override IEnumerable<SealedDirectory?> Directories(IReadOnlyCollection<string> packs) => packs.Select(pack =>
    {
        try
        {
            using var file = Open(pack);
            return PackFile.ReadSealed(file);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or SnapshotException)
        {
            return null;
        }
    });

    internal override void Put(string kind, string name, ReadOnlySpan<byte> bytes)
    {
        using var staged = Stage();
        staged.Write(bytes);
        staged.Commit(kind, name);
    }

    internal override StagedObject Stage() => new StagedFile(this, $"{Path}/{Temporary}/{Environment.ProcessId}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}");

    /// <summary>Makes the name of an object durable.</summary>
    private void SyncFolder(string kind, string name)
    {
        Sync(System.IO.Path.GetDirectoryName(PathOf(kind, name))!);
        if (kind == Packs) Sync($"{Path}/{Packs}");
    }

    /// <summary>Makes the names in a directory durable.</summary>
    public static void Sync(string directory)
    {
        var descriptor = Posix.Open(Native.AtFdcwd, Posix.Terminated(Encoding.UTF8.GetBytes(directory)), Native.ReadOnly | Native.Directory);
        try
        {
            if (Native.fsync(descriptor) != 0) throw Posix.Failure("make durable", Encoding.UTF8.GetBytes(directory));
        }
        finally
        {
            Posix.Close(descriptor);
        }
    }

    internal override PackSource Open(string pack)
    {
        try
        {
            return new PackHandle(File.OpenHandle(PathOf(Packs, pack), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Missing(Packs, pack);
        }
    }

    internal override void Delete(string kind, string name)
    {
        File.Delete(PathOf(kind, name));
        // A key that came back after a power cut would still open it.
        if (kind == Keys) SyncFolder(kind, name);
    }

    /// <summary>Removes a file and does not mind if that fails.</summary>
    public static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A leftover in tmp/ costs space only, and the next prune takes it.
        }
    }

    internal override int RemoveTemporaries()
    {
        var names = Names(Temporary);
        foreach (var name in names) File.Delete(PathOf(Temporary, name));
        return names.Count;
    }

    internal override void Prepare()
    {
        if (Directory.Exists(Path) && !IsUnfinished()) throw new SnapshotException($"{Path} is not empty; give a folder that does not exist yet");
        Directory.CreateDirectory(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (var part in Folders) Directory.CreateDirectory($"{Path}/{part}");
        // Of a run that was interrupted; they belong to a secret that nobody has.
        foreach (var part in (string[])[Keys, Heads, Temporary])
            foreach (var name in Names(part)) File.Delete(PathOf(part, name));
    }

    /// <summary>Whether the folder holds nothing but the beginning of a repository, in which nothing was saved.</summary>
    private bool IsUnfinished() =>
        Directory.EnumerateFileSystemEntries(Path).All(static e => System.IO.Path.GetFileName(e) is var name && (name == AppendOnly || Folders.Contains(name)))
        && ((string[])[Packs, Snapshots, Lists, Condemned]).All(part => Names(part).Count == 0)
        && Names(Heads).All(static name => name == RepositoryHead.NameOf(0));

    internal override ObjectFindings Check(RepositoryProgress progress, CancellationToken cancel) => new ObjectCheck(this, progress, cancel).Run();

    internal override IDisposable Lock(string name, bool exclusive, bool wait)
    {
        SafeFileHandle handle;
        try
        {
            handle = File.OpenHandle($"{Path}/{name}", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception e) when (!exclusive && e is UnauthorizedAccessException or IOException)
        {
            return new Held(null);
        }
        for (var tries = 0; ; tries++)
        {
            if (Native.flock((int)handle.DangerousGetHandle(), (exclusive ? Native.LockExclusive : Native.LockShared) | Native.LockNoWait) == 0) return new Held(handle);
            if (!wait && tries >= Patience)
            {
                handle.Dispose();
                throw new SnapshotException($"{Path} is in use by another command ({(exclusive ? "a backup, a restore or a check" : "a prune")}); run again when it has ended");
            }
            Thread.Sleep(10);
        }
    }

    private sealed class Held(SafeFileHandle? handle) : IDisposable
    {
        public void Dispose() => handle?.Dispose();
    }

    private sealed class PackHandle(SafeFileHandle file) : PackSource
    {
        public override long Length => RandomAccess.GetLength(file);

        public override int Read(Span<byte> into, long offset) => RandomAccess.Read(file, into, offset);

        public override void Dispose() => file.Dispose();
    }

    private sealed class StagedFile(ObjectFolder folder, string temporary) : StagedObject
    {
        private readonly SafeFileHandle file = File.OpenHandle(temporary, FileMode.CreateNew, FileAccess.Write);
        private long length;
        private bool isCommitted;

        public override void Write(ReadOnlySpan<byte> bytes)
        {
            Posix.Write((int)file.DangerousGetHandle(), bytes, length);
            length += bytes.Length;
        }

        public override void Commit(string kind, string name)
        {
            RandomAccess.FlushToDisk(file);
            var path = folder.PathOf(kind, name);
            if (kind == Packs) Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
            File.Move(temporary, path, overwrite: true);
            isCommitted = true;
            folder.SyncFolder(kind, name);
        }

        public override void Dispose()
        {
            file.Dispose();
            if (!isCommitted) TryDelete(temporary);
        }
    }
}
