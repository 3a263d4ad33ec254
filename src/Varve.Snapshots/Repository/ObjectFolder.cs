using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Varve.Snapshots.Repository;

/// <summary>
/// The folder of a repository: objects that are written once, whole or not at all, under the SHA-256 of their bytes,
/// so that who holds no key can still tell whether they are what was written.
/// </summary>
internal sealed class ObjectFolder
{
    public const string Packs = "packs", Snapshots = "snapshots", Lists = "lists", Heads = "heads", Keys = "keys", Condemned = "condemned", Temporary = "tmp";
    public static readonly string[] Folders = [Packs, Snapshots, Lists, Heads, Keys, Condemned, Temporary];

    private const int Patience = 200;
    private static readonly System.Buffers.SearchValues<char> HexDigits = System.Buffers.SearchValues.Create("0123456789abcdef");

    public ObjectFolder(string path)
    {
        Path = System.IO.Path.GetFullPath(path);
    }

    /// <summary>Absolute.</summary>
    public string Path { get; }

    /// <summary>Where a thing lies; packs are spread over 256 folders.</summary>
    public string PathOf(string folder, string name) =>
        folder.Length == 0 ? $"{Path}/{name}" : folder == Packs ? $"{Path}/{folder}/{name[..2]}/{name}" : $"{Path}/{folder}/{name}";

    /// <summary>The names in a folder, sorted; what has no fitting name is not there.</summary>
    public List<string> Names(string folder)
    {
        var names = new List<string>();
        var from = $"{Path}/{folder}";
        if (!Directory.Exists(from)) return names;
        var all = folder == Packs ? Directory.EnumerateDirectories(from).SelectMany(Directory.EnumerateFiles) : Directory.EnumerateFiles(from);
        foreach (var file in all)
        {
            var name = System.IO.Path.GetFileName(file);
            if (folder is Packs or Snapshots or Lists ? IsDigest(name) : !name.StartsWith('.')) names.Add(name);
        }
        names.Sort(StringComparer.Ordinal);
        return names;
    }

    private static bool IsDigest(string name) => name.Length == 64 && !name.AsSpan().ContainsAnyExcept(HexDigits);

    /// <summary>Whether there is such an object.</summary>
    public bool Has(string folder, string name) => File.Exists(PathOf(folder, name));

    /// <summary>All bytes of an object that is named by its digest.</summary>
    /// <exception cref="SnapshotException">It is missing or damaged.</exception>
    public byte[] ReadChecked(string folder, string name)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(PathOf(folder, name));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new SnapshotException($"{folder}/{name} is missing from {Path}; `varve snap repo verify` says what depends on it", e);
        }
        return NameOf(bytes) == name ? bytes
            : throw new SnapshotException($"{folder}/{name} in {Path} is damaged: its bytes are not those that were written; `varve snap repo verify` says what depends on it");
    }

    /// <summary>The name of an object of these bytes.</summary>
    public static string NameOf(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>Adds a small object, durably, under the digest of its bytes; the name.</summary>
    public string Add(string folder, ReadOnlySpan<byte> bytes)
    {
        var name = NameOf(bytes);
        Put(folder, name, bytes);
        return name;
    }

    /// <summary>Writes a small file, durably, whole or not at all.</summary>
    public void Put(string folder, string name, ReadOnlySpan<byte> bytes)
    {
        var temporary = NewTemporary();
        try
        {
            using (var handle = File.OpenHandle(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                Posix.Write((int)handle.DangerousGetHandle(), bytes, 0);
                RandomAccess.FlushToDisk(handle);
            }
            Commit(temporary, folder, name);
            SyncFolder(folder, name);
        }
        catch
        {
            TryDelete(temporary);
            throw;
        }
    }

    /// <summary>A name in the folder of temporary files that nobody else has.</summary>
    public string NewTemporary() => $"{Path}/{Temporary}/{Environment.ProcessId}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}";

    /// <summary>Gives a written and synced temporary file its name.</summary>
    public void Commit(string temporary, string folder, string name)
    {
        var path = PathOf(folder, name);
        if (folder == Packs) Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>Makes the name of an object durable.</summary>
    public void SyncFolder(string folder, string name)
    {
        var path = PathOf(folder, name);
        Sync(System.IO.Path.GetDirectoryName(path)!);
        if (folder == Packs) Sync($"{Path}/{Packs}");
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

    /// <summary>Opens an object for reading at offsets.</summary>
    public SafeFileHandle Open(string folder, string name)
    {
        try
        {
            return File.OpenHandle(PathOf(folder, name), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new SnapshotException($"{folder}/{name} is missing from {Path}; `varve snap repo verify` says what depends on it", e);
        }
    }

    /// <summary>Removes an object, if it is there.</summary>
    public void Delete(string folder, string name) => File.Delete(PathOf(folder, name));

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

    /// <summary>
    /// Holds the repository: shared for all who add and read, exclusive for who removes. Where the folder cannot be
    /// written (a copy on a read-only disk), nothing is held, and nothing can change.
    /// </summary>
    /// <param name="name">Which lock.</param>
    /// <param name="exclusive">Alone, or with others of the same kind.</param>
    /// <param name="wait">Whether to wait for others to end.</param>
    /// <exception cref="SnapshotException">Others hold it, and this call does not wait.</exception>
    public IDisposable Lock(string name, bool exclusive, bool wait)
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
}
