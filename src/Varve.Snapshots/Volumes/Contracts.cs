using Varve.Snapshots.Policy;

namespace Varve.Snapshots.Volumes;

/// <summary>What a back end can do; what it cannot is said before anything begins.</summary>
[Flags]
public enum Abilities
{
    /// <summary>Snapshots, and nothing more.</summary>
    None = 0,

    /// <summary>A snapshot may be destroyed and still serve as the base of an increment.</summary>
    Bookmarks = 1,

    /// <summary>An interrupted receive goes on where it stopped.</summary>
    Resume = 2,

    /// <summary>All datasets below one are snapshotted in one instant.</summary>
    AtomicChildren = 4,

    /// <summary>Encrypted datasets are sent as they lie on disk, so that the receiver needs no key.</summary>
    RawStreams = 8,

    /// <summary>One stream may hold all snapshots from the base on.</summary>
    Intermediates = 16,
}

/// <summary>Where the key of an encrypted dataset is.</summary>
public enum KeyState
{
    /// <summary>The dataset is not encrypted.</summary>
    NotEncrypted,

    /// <summary>Loaded: the host can read the data.</summary>
    Available,

    /// <summary>Not loaded.</summary>
    Unavailable,
}

/// <summary>A dataset: a file system, a volume, a subvolume or a folder.</summary>
/// <param name="Name"><c>pool/name</c>, or an absolute folder.</param>
public sealed record Dataset(string Name)
{
    /// <summary>Whether it is encrypted, and whether its key is loaded.</summary>
    public KeyState Key { get; init; }

    /// <summary>Where an interrupted receive can go on; empty when none was interrupted.</summary>
    public string ResumeToken { get; init; } = "";

    /// <summary>Bytes that it and its snapshots take.</summary>
    public long UsedBytes { get; init; }

    /// <summary>Bytes that it could still take.</summary>
    public long AvailableBytes { get; init; }

    /// <summary>How full its pool is, in percent; 0 when not known.</summary>
    public int PoolPercent { get; init; }

    /// <summary>Most bytes in a block of a file; 0 when it has no such thing.</summary>
    public long RecordSize { get; init; }

    /// <summary>Whether it is a block device and no file system.</summary>
    public bool IsDevice { get; init; }

    /// <summary>Whether it came by raw streams: a snapshot of its own would end that increments can be received.</summary>
    public bool IsRawReplica => Note(Volumes.Notes.Source).Length > 0 && Note(Volumes.Notes.Mode).Split(',')[0] == Volumes.Notes.Raw;

    /// <summary>Varve's notes on it; see <see cref="Notes"/>.</summary>
    public IReadOnlyDictionary<string, string> Notes { get; init; } = new Dictionary<string, string>();

    /// <summary>A note, or empty.</summary>
    public string Note(string name) => Notes.GetValueOrDefault(name, "");
}

/// <summary>The notes that Varve keeps on a dataset; user properties in ZFS, small files elsewhere.</summary>
public static class Notes
{
    /// <summary>
    /// How streams are sent, said at the first send and never changed. On a replica <c>raw</c> or <c>plain</c>; on a source
    /// <c>raw PEER</c> or <c>plain PEER</c> for each peer, parted by commas.
    /// </summary>
    public const string Mode = "mode";

    /// <summary>Words of <see cref="Mode"/>.</summary>
    public const string Raw = "raw", Plain = "plain";

    /// <summary>On a replica: the dataset that it is of, <c>host:dataset</c>.</summary>
    public const string Source = "source";

    /// <summary>On a raw replica: a digest of its wrapped key, which changes with the passphrase at the source.</summary>
    public const string Wrapping = "wrapping";

    /// <summary>For each peer the GUID of the newest snapshot known to be there: <c>GUID PEER</c>, parted by line feeds or commas.</summary>
    public const string Peers = "peers";

    /// <summary><c>yes</c> on a dataset whose host must never hold a key.</summary>
    public const string Keyless = "keyless";

    /// <summary>All of them.</summary>
    public static readonly IReadOnlyList<string> All = [Mode, Peers, Keyless, Source, Wrapping];
}

/// <summary>What remains of a snapshot when it is gone: enough to send what changed since.</summary>
public sealed record Bookmark(string Dataset, string Name, ulong Guid, long CreatedAt, ulong Transaction);

/// <summary>How a stream is packed on its way between hosts.</summary>
public enum Packing
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>Zstandard, quickly.</summary>
    Zstd,

    /// <summary>Zstandard, as small as it goes.</summary>
    ZstdSlow,

    /// <summary>gzip, where the other host has no Zstandard.</summary>
    Gzip,
}

/// <summary>Something to send.</summary>
/// <param name="Dataset">The dataset.</param>
/// <param name="Name">The snapshot, after the <c>@</c>.</param>
public sealed record SendRequest(string Dataset, string Name)
{
    /// <summary>The snapshot, or the bookmark, that the receiver has already; null for everything.</summary>
    public string? Base { get; init; }

    /// <summary>Whether <see cref="Base"/> is a bookmark.</summary>
    public bool BaseIsBookmark { get; init; }

    /// <summary>Also the snapshots between.</summary>
    public bool Intermediates { get; init; }

    /// <summary>As it lies on disk, encrypted.</summary>
    public bool Raw { get; init; }

    /// <summary>Also the properties.</summary>
    public bool Properties { get; init; }

    /// <summary>Go on where an interrupted receive stopped; everything else but <see cref="Raw"/> is ignored then.</summary>
    public string ResumeToken { get; init; } = "";

    /// <summary>From another host.</summary>
    public Packing Packing { get; init; }

    /// <summary>Further options of the back end's own program.</summary>
    public IReadOnlyList<string> More { get; init; } = [];
}

/// <summary>Where to put what comes.</summary>
/// <param name="Dataset">The dataset; made when it is not there.</param>
public sealed record ReceiveRequest(string Dataset)
{
    /// <summary>Keep what came when the connection breaks.</summary>
    public bool Resumable { get; init; }

    /// <summary>What the stream will bring: for back ends whose streams carry neither time nor mark.</summary>
    public IReadOnlyList<Snapshot> Expected { get; init; } = [];

    /// <summary>Destroy what the target has since the base; only when a person said so.</summary>
    public bool Rollback { get; init; }

    /// <summary>Make a new dataset read-only, where the back end can.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>The stream has properties: those that would mount it somewhere are left out.</summary>
    public bool Properties { get; init; }

    /// <summary>The source is a block device.</summary>
    public bool IsDevice { get; init; }

    /// <summary>To another host.</summary>
    public Packing Packing { get; init; }

    /// <summary>Further options of the back end's own program.</summary>
    public IReadOnlyList<string> More { get; init; } = [];
}

/// <summary>What will be asked next.</summary>
/// <param name="Root">Of <see cref="IVolumes.Datasets"/>.</param>
/// <param name="Recursive">Also what is below it.</param>
/// <param name="Listed">Whose <see cref="IVolumes.Snapshots"/>.</param>
/// <param name="Held">Whose <see cref="IVolumes.Tags"/>.</param>
public sealed record Questions(string Root, bool Recursive, IReadOnlyCollection<string> Listed, IReadOnlyCollection<Snapshot> Held);

/// <summary>
/// One end of a transfer. <see cref="Complete"/> waits for the program behind it and throws when it failed;
/// disposing without it ends the program.
/// </summary>
public interface IEnd : IDisposable
{
    /// <summary>The bytes: to read from a sender, to write to a receiver.</summary>
    Stream Bytes { get; }

    /// <summary>Waits until the other program is done; the bytes must be read to the end, or the stream closed.</summary>
    /// <exception cref="SnapshotException">It failed, with its own words.</exception>
    void Complete();
}

/// <summary>
/// The volumes of one host, behind one back end. Listings are batched: one call answers for all datasets asked. What is
/// said of one snapshot holds at once for later calls. Names are never read by a shell.
/// </summary>
/// <remarks>
/// All back ends keep one suite of tests, <c>VolumesTests</c>. Errors are <see cref="SnapshotException"/> with the
/// words of the program that failed.
/// </remarks>
public interface IVolumes
{
    /// <summary><c>zfs</c>, <c>btrfs</c>, <c>plain</c> or <c>memory</c>.</summary>
    string Kind { get; }

    /// <summary>The host as a person types it; empty for this one.</summary>
    string Host { get; }

    /// <summary>What it can do.</summary>
    Abilities Abilities { get; }

    /// <summary>Told what will be asked next, in this order: several answers of another host can then take one journey. Nothing comes of it but time.</summary>
    void Expect(Questions questions)
    {
    }

    /// <summary>Told that a stream will be sent or received: a channel to another host can then stand ready.</summary>
    void ExpectStream()
    {
    }

    /// <summary>A dataset and, if wanted, all below it; parents first. Empty when it does not exist.</summary>
    IReadOnlyList<Dataset> Datasets(string root, bool recursive);

    /// <summary>One dataset; null when it does not exist.</summary>
    Dataset? Find(string dataset) => Datasets(dataset, recursive: false) is [var found] ? found : null;

    /// <summary>The snapshots of these datasets, the oldest transaction first within each.</summary>
    IReadOnlyList<Snapshot> Snapshots(IReadOnlyCollection<string> datasets);

    /// <summary>The bookmarks of these datasets.</summary>
    IReadOnlyList<Bookmark> Bookmarks(IReadOnlyCollection<string> datasets);

    /// <summary>Takes snapshots, marked as Varve's. In one instant where the back end can.</summary>
    /// <param name="snapshots">Dataset and name of each.</param>
    /// <param name="children">Also of all datasets below each; only with <see cref="Abilities.AtomicChildren"/>.</param>
    void Take(IReadOnlyList<(string Dataset, string Name)> snapshots, bool children);

    /// <summary>Destroys snapshots of one dataset. One that is held or cloned makes it fail; others may be gone by then.</summary>
    void Destroy(string dataset, IReadOnlyList<string> names);

    /// <summary>Keeps a snapshot from being destroyed. Twice the same tag is once.</summary>
    void Hold(string dataset, string name, string tag);

    /// <summary>Gives it free again. A tag that is not there is no failure.</summary>
    void Release(string dataset, string name, string tag);

    /// <summary>The tags that hold these snapshots: full name and tag of each.</summary>
    IReadOnlyList<(string FullName, string Tag)> Tags(IReadOnlyCollection<Snapshot> snapshots);

    /// <summary>Makes a bookmark of a snapshot; one of that name stays.</summary>
    void MakeBookmark(string dataset, string name, string bookmark);

    /// <summary>Removes a bookmark; one that is not there is no failure.</summary>
    void DestroyBookmark(string dataset, string bookmark);

    /// <summary>Writes a note on a dataset, one of <see cref="Notes.All"/>; empty removes it.</summary>
    void SetNote(string dataset, string note, string value);

    /// <summary>Follows small changes in their order, in as few calls as it takes. The first that fails ends it.</summary>
    void Apply(IReadOnlyList<VolumeChange> changes) => VolumeChange.OneByOne(this, changes);

    /// <summary>About how many bytes a send would be; null when the back end cannot tell.</summary>
    long? Estimate(SendRequest request);

    /// <summary>The same of many, in their order, in as few calls as it takes.</summary>
    IReadOnlyList<long?> Estimates(IReadOnlyList<SendRequest> requests) => [.. requests.Select(Estimate)];

    /// <summary>Begins to send.</summary>
    IEnd Send(SendRequest request);

    /// <summary>Begins to receive.</summary>
    IEnd Receive(ReceiveRequest request);

    /// <summary>Removes what an interrupted receive left.</summary>
    void AbortReceive(string dataset);

    /// <summary>Destroys all snapshots of a dataset, in ZFS the dataset itself with those below it: everything can be received then. One that is held makes it fail.</summary>
    void Clear(string dataset);

    /// <summary>Bytes that were written to the dataset since a snapshot of it; null when the back end cannot tell.</summary>
    long? WrittenSince(string dataset, string name);
}
