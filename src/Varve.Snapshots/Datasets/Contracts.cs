namespace Varve.Snapshots.Datasets;

// What this room promises. Each host keeps a catalogue: a small file that says which host holds which snapshots of which
// dataset. There is no server: whenever two hosts speak, both end with what either knew. A host writes only its own record,
// so records never conflict; what people decide of a dataset (how many copies) goes by the later decision. Catalogue.cs has
// the rule, whose result does not depend on who met whom first.
//
// A snapshot never changes, so its files may be fetched from any host that has it, file by file, and one file from several
// hosts. A clone keeps what came: whatever interrupts it, at any instant, the same call goes on (CloneRun.cs). A file
// that a person changed since it came is not fetched again.
//
// A drop removes nothing before as many other hosts as copies are wanted have shown that they hold the same snapshot,
// and before this host's own claim on it is withdrawn, so that two hosts that drop at once cannot count on each other.

/// <summary>A snapshot that a host holds.</summary>
/// <param name="Name">What stands after the <c>@</c> there.</param>
/// <param name="Guid">The same on every host that has it.</param>
/// <param name="CreatedAt">When it was taken, in seconds since 1970 (UTC).</param>
public sealed record HeldSnapshot(string Name, ulong Guid, long CreatedAt);

/// <summary>A dataset on a host.</summary>
/// <param name="Dataset">Its name in the catalogue, the same on all hosts.</param>
/// <param name="At">Where it is: <c>pool/name</c>, or an absolute folder.</param>
public sealed record Holding(string Dataset, string At)
{
    /// <summary>Its newest snapshots there, the oldest first; at most <see cref="MostSnapshots"/>.</summary>
    public IReadOnlyList<HeldSnapshot> Snapshots { get; init; } = [];

    /// <summary>How many there are.</summary>
    public int Count { get; init; }

    /// <summary>Bytes that could still be written there.</summary>
    public long AvailableBytes { get; init; }

    /// <summary>How full its disk is, in percent.</summary>
    public int FullPercent { get; init; }

    /// <summary>Whether the host is about to remove it: nobody may count on it.</summary>
    public bool IsLeaving { get; init; }

    /// <summary>The newest snapshot, or null.</summary>
    public HeldSnapshot? Newest => Snapshots.Count > 0 ? Snapshots[^1] : null;

    internal const int MostSnapshots = 256;
}

/// <summary>What one host says of itself.</summary>
/// <param name="Name">The host's name in the catalogue.</param>
/// <param name="Address">How others reach it by ssh: <c>host</c>, or <c>user@host</c>.</param>
/// <param name="Version">Grows with each change of the record; the larger one holds.</param>
/// <param name="At">When it was written, in seconds since 1970 (UTC), by that host's clock.</param>
public sealed record HostRecord(string Name, string Address, long Version, long At)
{
    /// <summary>What it holds, by the name of the dataset.</summary>
    public IReadOnlyList<Holding> Holdings { get; init; } = [];

    /// <summary>Whether a person said that this host is no more.</summary>
    public bool IsGone { get; init; }

    /// <summary>Its part of a dataset, or null.</summary>
    public Holding? Of(string dataset) => Holdings.FirstOrDefault(h => h.Dataset == dataset);
}

/// <summary>What people decided of a dataset.</summary>
/// <param name="Dataset">Its name.</param>
/// <param name="Copies">How many hosts should hold its newest snapshot.</param>
/// <param name="Version">Grows with each decision; the larger one holds.</param>
/// <param name="By">The host on which it was decided; of two decisions of one version the host that sorts last holds.</param>
public sealed record Wish(string Dataset, int Copies, long Version, string By);
