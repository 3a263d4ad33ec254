using Varve.Snapshots.Policy;
using Varve.Snapshots.Volumes;

namespace Varve.Snapshots.Replication;

// What this room promises. A sync looks at both sides (a few calls each, however many datasets), plans, and says the plan
// when that is all that was asked. Then, dataset by dataset: holds on both sides, the streams, the snapshots of the target
// compared with those of the source by GUID, notes on both sides, and only then the holds go. Nothing on the target is
// destroyed unless an option says so. Whatever is interrupted, at any instant, is finished by the same call again.
// Guards.cs has what is refused although a stream could be sent.

/// <summary>One side of a sync: a dataset, or all that lies below one, on one host.</summary>
/// <param name="Volumes">The back end.</param>
/// <param name="Dataset"><c>pool/name</c>, or an absolute folder.</param>
public sealed record Side(IVolumes Volumes, string Dataset)
{
    /// <summary>Whether the host of this side must never hold a key nor see a plain byte of an encrypted dataset.</summary>
    public bool IsKeyless { get; init; }

    /// <summary>Whether its host has the program <c>zstd</c>; asked only of other hosts.</summary>
    public bool HasZstd { get; init; }

    /// <summary>As a person types it: <c>user@host:dataset</c>, or the dataset alone when it is on this host.</summary>
    public string Address => Of(Dataset);

    /// <summary>What the other side's notes call a dataset of this side. The host is named on this host too.</summary>
    public string Peer(string dataset) => $"{(Volumes.Host.Length > 0 ? Volumes.Host : Environment.MachineName)}:{dataset}";

    /// <summary>A dataset of this side as a person types it.</summary>
    public string Of(string dataset) => Volumes.Host.Length > 0 ? $"{Volumes.Host}:{dataset}" : dataset;
}

/// <summary>How to sync. What is not said destroys nothing.</summary>
public sealed record SyncOptions
{
    /// <summary>Also the datasets below.</summary>
    public bool Recursive { get; init; }

    /// <summary>Not the dataset itself, only those below.</summary>
    public bool SkipParent { get; init; }

    /// <summary>Regular expressions: datasets of the source that match one are left out.</summary>
    public IReadOnlyList<string> ExcludeDatasets { get; init; } = [];

    /// <summary>Regular expressions: only snapshots that match one are sent; all when there is none.</summary>
    public IReadOnlyList<string> IncludeSnapshots { get; init; } = [];

    /// <summary>Regular expressions: snapshots that match one are not sent; stronger than <see cref="IncludeSnapshots"/>.</summary>
    public IReadOnlyList<string> ExcludeSnapshots { get; init; } = [];

    /// <summary>Also the snapshots between the base and the newest.</summary>
    public bool Intermediates { get; init; } = true;

    /// <summary>Take a snapshot for this sync where the source changed since its newest.</summary>
    public bool SyncSnapshot { get; init; } = true;

    /// <summary>Keep sync snapshots that are not needed any more.</summary>
    public bool KeepSyncSnapshots { get; init; }

    /// <summary>Stands in the names of sync snapshots, cursors and holds: one for each of several targets.</summary>
    public string Identifier { get; init; } = "";

    /// <summary>Leave a bookmark on the source from which the next sync can go on when the snapshot is gone.</summary>
    public bool Cursor { get; init; } = true;

    /// <summary>Leave a hold on the newest common snapshot on both sides until the next sync succeeded.</summary>
    public bool KeepHold { get; init; }

    /// <summary>Destroy what the target has and the source has not since the newest common snapshot.</summary>
    public bool Rollback { get; init; }

    /// <summary>Destroy a target that has no snapshot in common with the source, and send everything.</summary>
    public bool ForceDelete { get; init; }

    /// <summary>Afterwards destroy snapshots of the target that the source does not have.</summary>
    public bool DeleteTargetSnapshots { get; init; }

    /// <summary>Also the properties of the datasets.</summary>
    public bool Properties { get; init; }

    /// <summary>Decrypt encrypted datasets on the way; the target encrypts them with a key of its own.</summary>
    public bool Plain { get; init; }

    /// <summary>With <see cref="Plain"/>: also where the target does not encrypt them.</summary>
    public bool PlainAtRest { get; init; }

    /// <summary>Take a stream whose key is wrapped otherwise than what the target has: the passphrase was changed at the source.</summary>
    public bool AcceptNewKey { get; init; }

    /// <summary>Let an interrupted receive go on where it stopped.</summary>
    public bool Resume { get; init; } = true;

    /// <summary>Make a new dataset at the target read-only, so that nothing is written to it by mistake.</summary>
    public bool ReadOnlyTarget { get; init; } = true;

    /// <summary>Most bytes a second; 0: no limit.</summary>
    public long BytesPerSecond { get; init; }

    /// <summary>How streams are packed on their way between hosts; null: where it pays.</summary>
    public Packing? Packing { get; init; }
}

/// <summary>What happens to one dataset.</summary>
public enum TransferAction
{
    /// <summary>The target has all.</summary>
    Nothing,

    /// <summary>Everything is sent.</summary>
    Full,

    /// <summary>What changed since a common snapshot, or a bookmark of it, is sent.</summary>
    Increment,

    /// <summary>An interrupted receive goes on, then what came since.</summary>
    Resume,

    /// <summary>It is not sent; <see cref="Transfer.Refusal"/> says why.</summary>
    Refused,
}

/// <summary>One dataset in a plan.</summary>
/// <param name="Source">The dataset at the source.</param>
/// <param name="Target">The dataset at the target.</param>
/// <param name="Action">What is done.</param>
public sealed record Transfer(string Source, string Target, TransferAction Action)
{
    /// <summary>Whether streams are raw: encrypted as they lie on disk.</summary>
    public bool Raw { get; init; }

    /// <summary>The snapshot or bookmark that both have; empty for everything.</summary>
    public string Base { get; init; } = "";

    /// <summary>The newest snapshot that is sent; empty when none is.</summary>
    public string Newest { get; init; } = "";

    /// <summary>The snapshots that the target will have afterwards and has not now, the oldest first.</summary>
    public IReadOnlyList<Snapshot> Brings { get; init; } = [];

    /// <summary>Whether the newest is a sync snapshot that is yet to be taken.</summary>
    public bool TakesSnapshot { get; init; }

    /// <summary>The streams, in order; empty before the snapshot is taken.</summary>
    public IReadOnlyList<SendRequest> Streams { get; init; } = [];

    /// <summary>About how many bytes; null when not known.</summary>
    public long? EstimatedBytes { get; init; }

    /// <summary>Snapshots of the target that are destroyed first, because an option says so.</summary>
    public IReadOnlyList<Snapshot> Destroys { get; init; } = [];

    /// <summary>Whether the whole target is destroyed first, because an option says so.</summary>
    public bool DestroysTarget { get; init; }

    /// <summary>Why it is refused, and what to do; else empty.</summary>
    public string Refusal { get; init; } = "";

    internal Dataset SourceState { get; init; } = new("");

    internal Dataset? TargetState { get; init; }

    internal Dataset? ParentState { get; init; }

    internal Snapshot? BaseSnapshot { get; init; }

    internal Snapshot? BaseTheirs { get; init; }

    internal ulong BaseGuid { get; init; }

    /// <summary>All snapshots of both sides, as they were when it was planned.</summary>
    internal IReadOnlyList<Snapshot> Ours { get; init; } = [];

    internal IReadOnlyList<Snapshot> Theirs { get; init; } = [];

    internal IReadOnlyList<Bookmark> Bookmarks { get; init; } = [];
}

/// <summary>What would be done.</summary>
/// <param name="Source">The source.</param>
/// <param name="Target">The target.</param>
/// <param name="Transfers">One for each dataset, parents first.</param>
public sealed record SyncPlan(Side Source, Side Target, IReadOnlyList<Transfer> Transfers);

/// <summary>What became of one dataset.</summary>
/// <param name="Planned">What was to be done.</param>
/// <param name="Failure">Why it was not, or not whole; empty when it was.</param>
/// <param name="Bytes">Of its streams.</param>
/// <param name="Seconds">That it took.</param>
public sealed record TransferResult(Transfer Planned, string Failure, long Bytes, double Seconds)
{
    /// <summary>Bytes between the hosts, packed or not.</summary>
    public long BytesOnWire { get; init; }

    /// <summary>Snapshots of the target that were destroyed.</summary>
    public IReadOnlyList<string> Destroyed { get; init; } = [];

    /// <summary>What a person should know although it succeeded, a line each.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}

/// <summary>What became of a sync to one target.</summary>
/// <param name="Source">As typed.</param>
/// <param name="Target">As typed.</param>
/// <param name="Results">One for each dataset.</param>
public sealed record SyncReport(string Source, string Target, IReadOnlyList<TransferResult> Results)
{
    /// <summary>Whether every dataset of the target is as it should be.</summary>
    public bool Succeeded => Results.All(static r => r.Failure.Length == 0);
}

/// <summary>Told how a sync goes; from more than one thread when there are several targets.</summary>
public interface ISyncWatch
{
    /// <summary>A dataset is about to be sent.</summary>
    void Began(Side target, Transfer transfer);

    /// <summary>So many bytes of its streams have gone over, all in all.</summary>
    void Moved(Side target, Transfer transfer, long bytes);

    /// <summary>It is done, or it is not.</summary>
    void Ended(Side target, TransferResult result);
}
