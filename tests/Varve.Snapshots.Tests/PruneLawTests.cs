using CsCheck;
using Varve.Snapshots.Policy;
using Xunit;

namespace Varve.Snapshots.Tests;

/// <summary>What holds for every history and every policy.</summary>
public sealed class PruneLawTests
{
    private const long Epoch = 1_767_225_600;
    private const long Span = 200L * 86_400;

    private sealed record Case(IReadOnlyList<Snapshot> Snapshots, Retention Retention, long Now, Commitments Commitments)
    {
        public PrunePlan Plan => PrunePlan.Make(Snapshots, Retention, Now, Commitments);
    }

    /// <summary>Taken at any times, in any order: clocks step. Some are held, cloned, somebody else's.</summary>
    private static readonly Gen<IReadOnlyList<Snapshot>> Histories =
        from times in Gen.Long[Epoch, Epoch + Span].Array[0, 60]
        from rounded in Gen.Bool
        from ordered in Gen.Bool
        from traits in Gen.Int[0, 39].Array[60]
        from kinds in Gen.Int[0, 5].Array[60]
        select (IReadOnlyList<Snapshot>)[.. (ordered ? times.Order() : times.AsEnumerable()).Select((t, i) =>
        {
            var at = rounded ? t / 900 * 900 : t;
            var name = i % 2 == 0 ? $"{KeepRetention.Prefix}{i}" : $"autosnap_{i}_{((Kind)kinds[i]).Word()}";
            return new Snapshot("tank", name, (ulong)i + 1, at, (ulong)i + 1) { Holds = traits[i] == 0 ? 1 : 0, HasClones = traits[i] == 1, IsMarked = traits[i] != 2 };
        })];

    private static readonly Gen<KeepRetention> Keeps =
        from counts in Gen.Int[0, 9].Array[6]
        from floor in Gen.Bool
        select new KeepRetention([.. Kinds.All.Where(k => counts[(int)k] > 0).Select(k => new KeepRule(k, counts[(int)k]))]) { CountsBuckets = floor };

    private static readonly Gen<SanoidRetention> Sanoids =
        from counts in Gen.Int[0, 9].Array[6]
        select new SanoidRetention { Counts = Kinds.All.ToDictionary(static k => k, k => counts[(int)k]) };

    private static readonly Gen<Case> Cases =
        from snapshots in Histories
        from keep in Keeps
        from sanoid in Sanoids
        from which in Gen.Bool
        from now in Gen.Long[Epoch, Epoch + Span]
        from peer in Gen.ULong[1, 60]
        from pending in Gen.ULong[1, 60]
        select new Case(snapshots, which ? keep : sanoid, now, new Commitments { CommonWithPeers = new Dictionary<ulong, string> { [peer] = "peer" }, PendingReceives = new HashSet<ulong> { pending } });

    /// <summary>How many histories a law is tried on.</summary>
    private static int Tries => Environment.GetEnvironmentVariable("VARVE_TEST_ALL") == "1" ? 1_000_000 : 3000;

    private static void Always(Action<Case> law) => Cases.Sample(law, iter: Tries);

    [Fact]
    public void What_is_guarded_is_never_destroyed() => Always(static c =>
    {
        foreach (var verdict in c.Plan.Verdicts.Where(static v => v.Destroy))
        {
            var s = verdict.Snapshot;
            Assert.True(s.Holds == 0 && !s.HasClones && s.CreatedAt <= c.Now && c.Retention.Owns(s));
            Assert.False(c.Commitments.CommonWithPeers.ContainsKey(s.Guid) || c.Commitments.PendingReceives.Contains(s.Guid));
            Assert.NotEqual(c.Snapshots.Max(static x => x.Transaction), s.Transaction);
        }
    });

    [Fact]
    public void A_plan_carried_out_leaves_nothing_to_do() => Always(static c =>
    {
        var left = c.Plan.Verdicts.Where(static v => !v.Destroy).Select(static v => v.Snapshot).ToList();
        Assert.Equal(0, (c with { Snapshots = left }).Plan.Destroyed);
    });

    [Fact]
    public void The_order_in_which_snapshots_are_listed_changes_nothing() => Always(static c =>
        Assert.Equal(c.Plan.Verdicts, (c with { Snapshots = [.. c.Snapshots.Reverse()] }).Plan.Verdicts));

    [Fact]
    public void A_rule_has_its_number_of_snapshots_or_all_the_buckets_there_are() => Always(static c =>
    {
        if (c.Retention is not KeepRetention { CountsBuckets: true } keep) return;
        var kept = c.Plan.Verdicts.Where(static v => !v.Destroy).Select(static v => v.Snapshot).ToList();
        foreach (var rule in keep.Rules)
        {
            int Count(IEnumerable<Snapshot> of) => of.Where(s => keep.Owns(s) && s.CreatedAt <= c.Now).Select(s => Buckets.Of(rule.Kind, s.CreatedAt)).Distinct().Count();
            Assert.True(Count(kept) >= Math.Min(rule.Count, Count(c.Snapshots)));
        }
    });

    [Fact]
    public void Under_sanoids_rule_as_many_of_a_kind_stay_as_are_wanted() => Always(static c =>
    {
        if (c.Retention is not SanoidRetention sanoid) return;
        foreach (var kind in Kinds.All)
        {
            var all = c.Snapshots.Count(s => SanoidRetention.KindOf(s.Name) == kind);
            Assert.True(c.Plan.Verdicts.Count(v => !v.Destroy && SanoidRetention.KindOf(v.Snapshot.Name) == kind) >= Math.Min(all, sanoid.Count(kind)));
        }
    });

    [Fact]
    public void A_later_run_never_misses_what_an_earlier_one_destroyed()
    {
        // A clock that only goes forward; the second plan is the same with and without the first.
        var gen = from keep in Keeps
                  from times in Gen.Long[Epoch, Epoch + Span].Array[1, 60]
                  from at in Gen.Long[Epoch, Epoch + Span]
                  select (keep, Times: times.Order().ToArray(), at);
        gen.Sample(static g =>
        {
            var all = g.Times.Select(static (t, i) => new Snapshot("tank", $"{KeepRetention.Prefix}{i}", (ulong)i + 1, t, (ulong)i + 1) { IsMarked = true }).ToList();
            var first = PrunePlan.Make(all.Where(s => s.CreatedAt <= g.at), g.keep, g.at, Commitments.None);
            var left = first.Verdicts.Where(static v => !v.Destroy).Select(static v => v.Snapshot).Concat(all.Where(s => s.CreatedAt > g.at));
            static IEnumerable<string> Ruled(PrunePlan plan) => plan.Verdicts.Where(static v => v.Reason == Reason.Rule).Select(static v => v.Snapshot.Name);
            Assert.Equal(Ruled(PrunePlan.Make(all, g.keep, Epoch + Span, Commitments.None)), Ruled(PrunePlan.Make(left, g.keep, Epoch + Span, Commitments.None)));
        }, iter: Tries);
    }
}
