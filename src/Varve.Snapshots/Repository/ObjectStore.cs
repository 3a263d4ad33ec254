using System.Security.Cryptography;

namespace Varve.Snapshots.Repository;

/// <summary>
/// Where the objects of a repository lie: a folder of this host, or one of another that is reached through the varve
/// there. Objects are written once, whole or not at all, those of three kinds under the SHA-256 of their bytes, so that who
/// holds no key can still tell whether they are what was written. It is used by several threads.
/// </summary>
public abstract class ObjectStore : IDisposable
{
    internal const string Packs = "packs", Snapshots = "snapshots", Lists = "lists", Heads = "heads", Keys = "keys", Condemned = "condemned", Temporary = "tmp";
    internal static readonly string[] Folders = [Packs, Snapshots, Lists, Heads, Keys, Condemned, Temporary];

    /// <summary>The file whose presence says that nothing may be removed.</summary>
    internal const string AppendOnly = "append-only";

    private static readonly System.Buffers.SearchValues<char> HexDigits = System.Buffers.SearchValues.Create("0123456789abcdef");

    /// <summary>As a person types it; absolute.</summary>
    public abstract string Path { get; }

    /// <summary>Its folder on this host; null when it is on another.</summary>
    internal virtual string? Folder => null;

    /// <summary>The names of one kind, sorted; what has no fitting name is not there.</summary>
    internal abstract List<string> Names(string kind);

    /// <summary>Whether there is such an object.</summary>
    internal abstract bool Has(string kind, string name);

    /// <summary>The bytes of small objects, in their order; null for one that is not there.</summary>
    internal abstract IEnumerable<byte[]?> TryRead(string kind, IReadOnlyCollection<string> names);

    /// <summary>The sealed directories of packs, in their order; null for one that has none.</summary>
    internal abstract IEnumerable<SealedDirectory?> Directories(IReadOnlyCollection<string> packs);

    /// <summary>Opens a pack for reading at offsets.</summary>
    /// <exception cref="SnapshotException">It is missing.</exception>
    internal abstract PackSource Open(string pack);

    /// <summary>Writes a small object, durably, whole or not at all.</summary>
    internal abstract void Put(string kind, string name, ReadOnlySpan<byte> bytes);

    /// <summary>Begins an object that gets its name when it is written.</summary>
    internal abstract StagedObject Stage();

    /// <summary>Removes an object, if it is there.</summary>
    internal abstract void Delete(string kind, string name);

    /// <summary>
    /// Holds the repository: shared for all who add and read, exclusive for who removes. Where it cannot be
    /// written (a copy on a read-only disk), nothing is held, and nothing can change.
    /// </summary>
    /// <param name="name">Which lock.</param>
    /// <param name="exclusive">Alone, or with others of the same kind.</param>
    /// <param name="wait">Whether to wait for others to end.</param>
    /// <exception cref="SnapshotException">Others hold it, and this call does not wait.</exception>
    internal abstract IDisposable Lock(string name, bool exclusive, bool wait);

    /// <summary>Makes the folders of a new repository; those that an interrupted run left are taken.</summary>
    /// <exception cref="SnapshotException">Something else is there.</exception>
    internal abstract void Prepare();

    /// <summary>Checks every byte, where the bytes are.</summary>
    internal abstract ObjectFindings Check(RepositoryProgress progress, CancellationToken cancel);

    /// <summary>Removes what runs that crashed had begun; how many there were. The repository is held alone.</summary>
    internal abstract int RemoveTemporaries();

    /// <summary>The bytes of a small object.</summary>
    /// <exception cref="SnapshotException">It is missing.</exception>
    internal byte[] Read(string kind, string name) => TryRead(kind, [name]).First() ?? throw Missing(kind, name);

    /// <summary>All bytes of an object that is named by its digest.</summary>
    /// <exception cref="SnapshotException">It is missing or damaged.</exception>
    internal byte[] ReadChecked(string kind, string name) => ReadChecked(kind, [name]).First();

    /// <summary>The bytes of objects that are named by their digests, in their order.</summary>
    /// <exception cref="SnapshotException">One is missing or damaged.</exception>
    internal IEnumerable<byte[]> ReadChecked(string kind, IReadOnlyCollection<string> names) => TryRead(kind, names).Zip(names, (bytes, name) =>
        bytes is null ? throw Missing(kind, name) : NameOf(bytes) == name ? bytes
            : throw new SnapshotException($"{kind}/{name} in {Path} is damaged: its bytes are not those that were written; `varve snap repo verify` says what depends on it"));

    /// <summary>Adds a small object, durably, under the digest of its bytes; the name.</summary>
    internal string Add(string kind, ReadOnlySpan<byte> bytes)
    {
        var name = NameOf(bytes);
        Put(kind, name, bytes);
        return name;
    }

    internal SnapshotException Missing(string kind, string name) => new($"{kind}/{name} is missing from {Path}; `varve snap repo verify` says what depends on it");

    /// <summary>The name of an object of these bytes.</summary>
    internal static string NameOf(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>Whether objects of this kind are named by the digest of their bytes.</summary>
    internal static bool IsByDigest(string kind) => kind is Packs or Snapshots or Lists;

    /// <summary>Whether these are bytes that an object of this kind and name can have; it takes no key to tell.</summary>
    internal static bool IsWhole(string kind, string name, ReadOnlySpan<byte> bytes) => IsByDigest(kind) ? NameOf(bytes) == name : Checked.IsWhole(bytes);

    internal static bool IsDigest(string name) => name.Length == 64 && !name.AsSpan().ContainsAnyExcept(HexDigits);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Ends what it holds.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }
}

/// <summary>The directory of a pack as it lies there, sealed, and where it begins.</summary>
internal sealed record SealedDirectory(byte[] Bytes, long Start)
{
    /// <summary>Bytes of the pack.</summary>
    public long PackSize => Start + Bytes.Length + PackFile.TrailerSize;
}

/// <summary>An object that is being written. What is not committed is dropped. One thread at a time.</summary>
internal abstract class StagedObject : IDisposable
{
    /// <summary>Adds bytes at its end.</summary>
    public abstract void Write(ReadOnlySpan<byte> bytes);

    /// <summary>Makes it durable under its name.</summary>
    public abstract void Commit(string kind, string name);

    /// <inheritdoc/>
    public abstract void Dispose();
}

/// <summary>A pack that is open for reading.</summary>
internal abstract class PackSource : IDisposable
{
    /// <summary>Its bytes.</summary>
    public abstract long Length { get; }

    /// <summary>Reads from an offset on; less than asked only at the end.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public abstract int Read(Span<byte> into, long offset);

    /// <inheritdoc/>
    public abstract void Dispose();
}

/// <summary>What a check of the objects found.</summary>
/// <param name="Objects">Objects looked at.</param>
/// <param name="Bytes">Bytes read.</param>
/// <param name="Problems">What is wrong, by object.</param>
internal sealed record ObjectFindings(long Objects, long Bytes, IReadOnlyDictionary<string, string> Problems);
