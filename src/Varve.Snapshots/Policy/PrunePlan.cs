namespace Varve.Snapshots.Policy;

/// <summary>What must survive whatever a policy says.</summary>
public sealed record Commitments
{
    /// <summary>No peer, no transfer under way.</summary>
    public static readonly Commitments None = new();

    /// <summary>For each declared peer the newest snapshot, by GUID, that it is known to have.</summary>
    public IReadOnlyDictionary<ulong, string> CommonWithPeers { get; init; } = new Dictionary<ulong, string>();

    /// <summary>GUIDs of snapshots that an interrupted receive goes on from.</summary>
    public IReadOnlySet<ulong> PendingReceives { get; init; } = new HashSet<ulong>();
}

/// <summary>
/// What a prune of one dataset would do, with the reason for each snapshot. Pure: the same snapshots, rule and time
/// give the same plan, and a plan made again after it was carried out destroys nothing more.
/// </summary>
public sealed class PrunePlan
{
    private PrunePlan(IReadOnlyList<Verdict> verdicts)
    {
        Verdicts = verdicts;
        Destroyed = verdicts.Count(static v => v.Destroy);
    }

    /// <summary>One for each snapshot, the oldest transaction first.</summary>
    public IReadOnlyList<Verdict> Verdicts { get; }

    /// <summary>How many would go.</summary>
    public int Destroyed { get; }

    /// <summary>How many would stay.</summary>
    public int Kept => Verdicts.Count - Destroyed;

    /// <summary>
    /// Whether a person must agree first: it takes more than this share of the dataset's snapshots, and more than a
    /// handful. Meant for a policy that was shrunk by mistake.
    /// </summary>
    /// <param name="mostPercent">The share, in percent; 100 never asks.</param>
    public bool NeedsConsent(int mostPercent) => Destroyed > Handful && Destroyed * 100L > (long)mostPercent * Verdicts.Count;

    /// <summary>Fewer than this are never worth asking about.</summary>
    private const int Handful = 24;

    /// <summary>Plans a prune of the snapshots of one dataset.</summary>
    /// <param name="snapshots">All of them, in any order.</param>
    /// <param name="retention">The rule.</param>
    /// <param name="now">Seconds since 1970 UTC.</param>
    /// <param name="commitments">What peers and transfers need.</param>
    public static PrunePlan Make(IEnumerable<Snapshot> snapshots, Retention retention, long now, Commitments commitments)
    {
        var ordered = snapshots.ToArray();
        Array.Sort(ordered, static (a, b) =>
        {
            var order = a.Transaction.CompareTo(b.Transaction);
            if (order == 0) order = a.CreatedAt.CompareTo(b.CreatedAt);
            return order == 0 ? string.CompareOrdinal(a.Name, b.Name) : order;
        });
        var verdicts = new Verdict[ordered.Length];
        for (var i = 0; i < ordered.Length; i++) verdicts[i] = new Verdict(ordered[i], Reason.NotOurs);
        retention.Judge(ordered, now, verdicts);
        for (var i = 0; i < verdicts.Length; i++)
        {
            // What a rule keeps needs no guard, and its place in the rule says more.
            if (!verdicts[i].Destroy) continue;
            if (Guard(ordered[i], i == ordered.Length - 1, now, commitments) is { } guarded) verdicts[i] = guarded;
        }
        return new PrunePlan(verdicts);
    }

    private static Verdict? Guard(Snapshot snapshot, bool isNewest, long now, Commitments commitments)
    {
        if (snapshot.Holds > 0) return new Verdict(snapshot, Reason.Held);
        if (snapshot.HasClones) return new Verdict(snapshot, Reason.Cloned);
        if (commitments.CommonWithPeers.TryGetValue(snapshot.Guid, out var peer)) return new Verdict(snapshot, Reason.CommonWithPeer) { Peer = peer };
        if (commitments.PendingReceives.Contains(snapshot.Guid)) return new Verdict(snapshot, Reason.PendingReceive);
        if (isNewest) return new Verdict(snapshot, Reason.Newest);
        if (snapshot.CreatedAt > now) return new Verdict(snapshot, Reason.Future);
        return null;
    }
}
