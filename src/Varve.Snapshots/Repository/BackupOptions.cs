namespace Varve.Snapshots.Repository;

/// <summary>What to save, and how.</summary>
public sealed record BackupOptions
{
    /// <summary>The folder: an absolute path, as bytes.</summary>
    public required byte[] Path { get; init; }

    /// <summary>The folder that the snapshot is said to be of, where that is another: a folder of which this is a snapshot of its file system; null: the same.</summary>
    public byte[]? As { get; init; }

    /// <summary>A name for the snapshot; empty for none.</summary>
    public string Label { get; init; } = "";

    /// <summary>The time that the snapshot bears.</summary>
    public DateTimeOffset Taken { get; init; } = DateTimeOffset.UtcNow;

    /// <summary>The host that the snapshot bears.</summary>
    public string Host { get; init; } = Environment.MachineName;

    /// <summary>Of Zstandard, -7 to 19.</summary>
    public int Level { get; init; } = 3;

    /// <summary>Threads; 0 for one a core.</summary>
    public int Threads { get; init; }

    /// <summary>
    /// Names (<c>*.tmp</c>) or, with a slash in them, paths from the folder (<c>build/out</c>) that are left out; * stands for any
    /// bytes but a slash, ? for one.
    /// </summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>A folder below that has an entry of this name is left out with all that is in it; empty: none is.</summary>
    public string LeaveOutWith { get; init; } = "";

    /// <summary>What the snapshot is known by on every host that has it; 0 for a new one.</summary>
    public ulong Guid { get; init; }

    /// <summary>Whether a policy took it.</summary>
    public bool Marked { get; init; }

    /// <summary>Whether other file systems that are mounted in the folder are left out.</summary>
    public bool OneFileSystem { get; init; }

    /// <summary>Whether every file is read, whatever its times say.</summary>
    public bool ReadAll { get; init; }
}

/// <summary>How far a run is; written by many threads, read by whoever shows it.</summary>
public sealed class RepositoryProgress
{
    private long files, bytes, read;
    private readonly List<string> troubles = [];

    /// <summary>Files that are done.</summary>
    public long Files => Interlocked.Read(ref files);

    /// <summary>Their size.</summary>
    public long Bytes => Interlocked.Read(ref bytes);

    /// <summary>Bytes that were read or written on the way.</summary>
    public long Moved => Interlocked.Read(ref read);

    /// <summary>What could not be done, a line each.</summary>
    public IReadOnlyList<string> Troubles
    {
        get
        {
            lock (troubles) return [.. troubles];
        }
    }

    internal void Done(long size)
    {
        Interlocked.Increment(ref files);
        Interlocked.Add(ref bytes, size);
    }

    internal void Move(long count) => Interlocked.Add(ref read, count);

    internal void Trouble(string line)
    {
        lock (troubles) troubles.Add(line);
    }
}

/// <summary>What came of a backup.</summary>
/// <param name="Snapshot">The snapshot.</param>
/// <param name="Troubles">Files that could not be read whole, a line each: they are not in the snapshot, or as they were in the middle of a change.</param>
/// <param name="BytesRead">Bytes of files that had to be read.</param>
public sealed record BackupReport(SnapshotDescription Snapshot, IReadOnlyList<string> Troubles, long BytesRead);
