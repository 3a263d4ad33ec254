using NodaTime;
using NodaTime.Text;

namespace Varve.Snapshots.Policy;

/// <summary>One part of a short form: the newest in each of so many hours, days, weeks, months or years.</summary>
/// <param name="Kind">Which buckets.</param>
/// <param name="Count">How many of them, at least 1.</param>
public sealed record KeepRule(Kind Kind, int Count);

/// <summary>
/// Varve's own rule. Time is cut into UTC hours, days, ISO weeks, months and years. A rule keeps the newest snapshot in
/// each of its last so many buckets, the present one counted; the rules' keeps are united. With a floor of counts (the
/// default) a rule whose buckets are partly empty goes further back until it found its number, so that a host that
/// was off loses nothing.
/// </summary>
/// <param name="Rules">At most one of a kind.</param>
public sealed record KeepRetention(IReadOnlyList<KeepRule> Rules) : Retention
{
    /// <summary>What the names of snapshots begin with, followed by the time in UTC.</summary>
    public const string Prefix = "varve_";

    private static readonly InstantPattern NamePattern = InstantPattern.CreateWithInvariantCulture("uuuu-MM-dd'T'HH:mm:ss'Z'");

    /// <summary>Whether to go further back over empty buckets: <c>floor = "count"</c>.</summary>
    public bool CountsBuckets { get; init; } = true;

    /// <summary>Marked by Varve, and named so: a sync snapshot is marked too, and is not a policy's.</summary>
    public override bool Owns(Snapshot snapshot) => snapshot.IsMarked && snapshot.Name.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>
    /// One when the present bucket of the finest rule has none yet. After a clock was set back, the snapshots of the
    /// future do not count, and it goes on.
    /// </summary>
    public override IReadOnlyList<DueSnapshot> Due(IReadOnlyList<Snapshot> existing, long now, DateTimeZone zone)
    {
        if (Rules.Count == 0) return [];
        var finest = Rules.Max(static r => r.Kind);
        var present = Buckets.Of(finest, now);
        if (existing.Any(s => s.CreatedAt <= now && Owns(s) && Buckets.Of(finest, s.CreatedAt) == present)) return [];
        return [new DueSnapshot(finest, Free(existing, Prefix + NamePattern.Format(Instant.FromUnixTimeSeconds(now))))];
    }

    /// <summary>The name, or the name with a number after it: a clock that was set back comes to the same second again.</summary>
    private static string Free(IReadOnlyList<Snapshot> existing, string name)
    {
        var free = name;
        for (var n = 2; existing.Any(s => s.Name == free); n++) free = $"{name}.{n}";
        return free;
    }

    internal override void Judge(IReadOnlyList<Snapshot> snapshots, long now, Span<Verdict> verdicts)
    {
        var owned = new List<int>(snapshots.Count);
        for (var i = snapshots.Count - 1; i >= 0; i--)
        {
            if (!Owns(snapshots[i])) continue;
            var future = snapshots[i].CreatedAt > now;
            verdicts[i] = new Verdict(snapshots[i], future ? Reason.Future : Reason.NoRule);
            if (!future) owned.Add(i);
        }
        foreach (var rule in Rules.OrderByDescending(static r => r.Kind)) Apply(rule, snapshots, owned, now, verdicts);
    }

    private void Apply(KeepRule rule, IReadOnlyList<Snapshot> snapshots, List<int> newestFirst, long now, Span<Verdict> verdicts)
    {
        var newest = new SortedDictionary<long, int>(Comparer<long>.Create(static (a, b) => b.CompareTo(a)));
        var (last, isFirst) = (0L, true);
        foreach (var i in newestFirst)
        {
            var bucket = Buckets.Of(rule.Kind, snapshots[i].CreatedAt);
            if (!isFirst && bucket == last) continue;
            newest.TryAdd(bucket, i);
            (last, isFirst) = (bucket, false);
        }
        var oldest = CountsBuckets ? long.MinValue : Buckets.Of(rule.Kind, now) - rule.Count + 1;
        var ordinal = 0;
        foreach (var (bucket, i) in newest)
        {
            if (++ordinal > rule.Count || bucket < oldest) break;
            var earlier = verdicts[i];
            verdicts[i] = earlier.Reason == Reason.Rule
                ? earlier with { Others = (byte)(earlier.Others | (1 << (int)rule.Kind)) }
                : new Verdict(snapshots[i], Reason.Rule) { Kind = rule.Kind, Ordinal = ordinal, Wanted = rule.Count };
        }
    }
}
