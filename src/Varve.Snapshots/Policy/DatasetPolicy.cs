namespace Varve.Snapshots.Policy;

/// <summary>The programs of an administrator that are run around a snapshot, in sanoid's terms.</summary>
public sealed record Hooks
{
    /// <summary>Run before the snapshots of a dataset; a command line for <c>/bin/sh</c>. Empty: none.</summary>
    public string Before { get; init; } = "";

    /// <summary>Run after them.</summary>
    public string After { get; init; } = "";

    /// <summary>Run after each snapshot that was destroyed.</summary>
    public string Pruned { get; init; } = "";

    /// <summary>How many seconds each may take; 0 or less: as long as it likes.</summary>
    public int TimeoutSeconds { get; init; } = 5;

    /// <summary>Whether no snapshot is taken when <see cref="Before"/> fails.</summary>
    public bool NoInconsistentSnapshot { get; init; }

    /// <summary>Whether <see cref="After"/> runs although <see cref="Before"/> failed.</summary>
    public bool AlwaysAfter { get; init; }
}

/// <summary>From which age on monitoring warns, in seconds; 0 never.</summary>
public sealed record AgeLimit(long Warn, long Critical);

/// <summary>What monitoring says, and when.</summary>
public sealed record Monitoring
{
    /// <summary>Whether the dataset is looked at.</summary>
    public bool On { get; init; } = true;

    /// <summary>Warnings are told, with status OK.</summary>
    public bool NoWarnings { get; init; }

    /// <summary>Critical ages are told, with status OK.</summary>
    public bool NoCriticals { get; init; }

    /// <summary>The ages of the newest snapshot of each kind.</summary>
    public IReadOnlyDictionary<Kind, AgeLimit> Ages { get; init; } = new Dictionary<Kind, AgeLimit>();

    /// <summary>How full the pool may be, in percent; 0: no limit.</summary>
    public int CapacityWarn { get; init; } = 80;

    /// <summary>How full the pool may be, in percent; 0: no limit.</summary>
    public int CapacityCritical { get; init; } = 95;
}

/// <summary>Everything that a configuration says of one dataset.</summary>
public sealed record DatasetPolicy(string Dataset, Retention Retention)
{
    /// <summary>Whether snapshots are taken.</summary>
    public bool Take { get; init; } = true;

    /// <summary>Whether snapshots are destroyed.</summary>
    public bool Prune { get; init; } = true;

    /// <summary>Whether all datasets below are snapshotted in the same instant (<c>zfs snapshot -r</c>).</summary>
    public bool TakesChildren { get; init; }

    /// <summary>Destroy only when the pool is fuller than this, in percent; 0 always.</summary>
    public int PruneDeferPercent { get; init; }

    /// <summary>A prune that takes more than this share of a dataset's snapshots asks first, in percent.</summary>
    public int MostPercent { get; init; } = 100;

    /// <summary>Peers whose newest common snapshot must survive. Peers that sync recorded count without being named.</summary>
    public IReadOnlyList<string> Peers { get; init; } = [];

    /// <summary>Programs around it.</summary>
    public Hooks Hooks { get; init; } = new();

    /// <summary>Monitoring.</summary>
    public Monitoring Monitoring { get; init; } = new();
}

/// <summary>A configuration, before it is known which datasets there are.</summary>
public interface IPolicyFile
{
    /// <summary>The datasets that the file names, in its order.</summary>
    IReadOnlyList<string> Named { get; }

    /// <summary>Whether datasets below this one, or of the whole host, must be listed to apply it.</summary>
    bool IsRecursive(string dataset);

    /// <summary>The policy of each dataset that has one.</summary>
    /// <param name="datasets">All datasets there are, or that are pretended to be.</param>
    /// <exception cref="SnapshotException">The file names what it does not have, or says nonsense.</exception>
    IReadOnlyList<DatasetPolicy> For(IEnumerable<string> datasets);
}
