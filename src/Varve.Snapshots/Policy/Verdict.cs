namespace Varve.Snapshots.Policy;

/// <summary>Why a snapshot stays, or goes. The guards come first: no rule can overrule them.</summary>
public enum Reason
{
    /// <summary>Somebody holds it.</summary>
    Held,

    /// <summary>A clone is made from it.</summary>
    Cloned,

    /// <summary>The newest that a peer has too: without it the next transfer would be a full one.</summary>
    CommonWithPeer,

    /// <summary>A receive that was interrupted goes on from it.</summary>
    PendingReceive,

    /// <summary>The newest of its dataset.</summary>
    Newest,

    /// <summary>Not taken under this policy.</summary>
    NotOurs,

    /// <summary>Created in the future, so a clock was wrong, now or then.</summary>
    Future,

    /// <summary>A rule keeps it.</summary>
    Rule,

    /// <summary>Not old enough for sanoid's rule.</summary>
    Young,

    /// <summary>Old enough for sanoid's rule, but there are no more than wanted of its kind.</summary>
    Few,

    /// <summary>No rule keeps it: it goes.</summary>
    NoRule,

    /// <summary>Older than sanoid's rule keeps, with enough younger ones of its kind: it goes.</summary>
    Old,
}

/// <summary>What a plan says of one snapshot.</summary>
public readonly record struct Verdict(Snapshot Snapshot, Reason Reason)
{
    /// <summary>Whether it is to be destroyed.</summary>
    public bool Destroy => Reason is Reason.NoRule or Reason.Old;

    /// <summary>The finest kind of rule that decided.</summary>
    public Kind Kind { get; init; }

    /// <summary>Which of the rule's it is, counted from the newest, from 1; and of how many.</summary>
    public int Ordinal { get; init; }

    /// <summary>How many the rule wants.</summary>
    public int Wanted { get; init; }

    /// <summary>A bit for each further kind of rule that keeps it.</summary>
    internal byte Others { get; init; }

    /// <summary>The peer that has it too.</summary>
    public string? Peer { get; init; }

    /// <summary>The reason for a person, in a few words.</summary>
    public string Text => Reason switch
    {
        Reason.Held => Snapshot.Holds == 1 ? "held" : $"held {Snapshot.Holds} times",
        Reason.Cloned => "a clone is made from it",
        Reason.CommonWithPeer => $"the newest that {Peer} has too",
        Reason.PendingReceive => "an interrupted transfer goes on from it",
        Reason.Newest => "the newest of the dataset",
        Reason.NotOurs => "not taken under this policy",
        Reason.Future => "created in the future",
        Reason.Rule => $"{Kind.Word()} {Ordinal} of {Wanted}{Also}",
        Reason.Young => $"{Kind.Word()}, not yet older than {Wanted} of its periods",
        Reason.Few => $"{Kind.Word()} {Ordinal} of {Wanted}",
        Reason.NoRule => "no rule keeps it",
        _ => Wanted == 0 ? $"{Kind.Word()}, of which none are wanted" : $"{Kind.Word()}, older than {Wanted} of its periods",
    };

    private string Also
    {
        get
        {
            var others = Others;
            var kinds = Kinds.All.Where(k => (others & (1 << (int)k)) != 0).Select(static k => k.Word()).ToList();
            return kinds.Count == 0 ? "" : ", also " + string.Join(", ", kinds);
        }
    }
}
