namespace Varve.Snapshots.Policy;

/// <summary>One snapshot of one dataset, as a policy sees it.</summary>
/// <param name="Dataset">The dataset: <c>pool/name</c>, or a folder.</param>
/// <param name="Name">What stands after the <c>@</c>.</param>
/// <param name="Guid">The same on every host that has this snapshot; no other snapshot has it.</param>
/// <param name="CreatedAt">When, in seconds since 1970 UTC, as the clock of the host that took it said.</param>
/// <param name="Transaction">
/// Grows with each snapshot of a dataset, whatever the clock says: what came later is larger (ZFS <c>createtxg</c>,
/// btrfs generation).
/// </param>
public sealed record Snapshot(string Dataset, string Name, ulong Guid, long CreatedAt, ulong Transaction)
{
    /// <summary>How many holds keep it from being destroyed.</summary>
    public int Holds { get; init; }

    /// <summary>Whether a writable clone is made from it.</summary>
    public bool HasClones { get; init; }

    /// <summary>Whether Varve took it, by the mark it left on it and never by its name alone.</summary>
    public bool IsMarked { get; init; }

    /// <summary>Bytes that only this snapshot holds; 0 when not known.</summary>
    public long UniqueBytes { get; init; }

    /// <summary>What its encrypted form is known by: the same on two hosts exactly when it came there raw; 0 when it is not encrypted, or not known.</summary>
    public ulong RawId { get; init; }

    /// <summary><c>dataset@name</c>.</summary>
    public string FullName => $"{Dataset}@{Name}";
}
