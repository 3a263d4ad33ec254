namespace Varve.Snapshots.Repository;

/// <summary>What to bring back, and where.</summary>
public sealed record RestoreOptions
{
    /// <summary>Full name of the snapshot.</summary>
    public required string Snapshot { get; init; }

    /// <summary>The folder to restore into, absolute, as bytes; made when it is not there.</summary>
    public required byte[] Target { get; init; }

    /// <summary>Only these paths, from the folder that was saved; all when empty.</summary>
    public IReadOnlyList<byte[]> Only { get; init; } = [];

    /// <summary>
    /// Whether the folder may hold something: files of the snapshot replace those of their name, others stay. Without
    /// it the folder must be empty, or hold what an interrupted restore of this snapshot left.
    /// </summary>
    public bool Overwrite { get; init; }

    /// <summary>Threads; 0 for one a core.</summary>
    public int Threads { get; init; }
}

/// <summary>What came of a restore.</summary>
/// <param name="Files">Files that are there now.</param>
/// <param name="Bytes">Their size.</param>
/// <param name="Untouched">Of the files, those that were right already.</param>
/// <param name="Troubles">What could not be brought back as it was, a line each.</param>
public sealed record RestoreReport(long Files, long Bytes, long Untouched, IReadOnlyList<string> Troubles);
