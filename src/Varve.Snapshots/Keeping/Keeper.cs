using NodaTime;
using Varve.Snapshots.Policy;
using Varve.Snapshots.Volumes;

namespace Varve.Snapshots.Keeping;

/// <summary>What happened, or would, to one snapshot.</summary>
/// <param name="FullName"><c>dataset@name</c>.</param>
/// <param name="Action"><c>take</c> or <c>destroy</c>.</param>
/// <param name="Failure">Why it did not; empty when it did.</param>
public sealed record Deed(string FullName, string Action, string Failure);

/// <summary>One dataset with what its policy says of its snapshots now.</summary>
public sealed record DatasetPlan(DatasetPolicy Policy, Dataset Dataset, IReadOnlyList<Snapshot> Snapshots, PrunePlan Prune)
{
    /// <summary>Why nothing of it will be destroyed although the plan says so; empty when it will.</summary>
    public string Refusal { get; init; } = "";
}

/// <summary>Carries a configuration out on the volumes of this host.</summary>
public sealed class Keeper
{
    private readonly IPolicyFile _file;
    private readonly Func<string, IVolumes> _volumesOf;
    private readonly DateTimeZone _zone;

    /// <summary>For a configuration.</summary>
    /// <param name="file">The configuration.</param>
    /// <param name="volumesOf">The back end of a dataset.</param>
    /// <param name="zone">For names and preferred times.</param>
    public Keeper(IPolicyFile file, Func<string, IVolumes> volumesOf, DateTimeZone zone) => (_file, _volumesOf, _zone) = (file, volumesOf, zone);

    /// <summary>Datasets that the configuration names and that are not there; known after a plan was made.</summary>
    public IReadOnlyList<string> Missing { get; private set; } = [];

    /// <summary>Only says what would be done.</summary>
    public bool DryRun { get; init; }

    /// <summary>Also carries out a prune that takes more than its stated share.</summary>
    public bool Consent { get; init; }

    /// <summary>Reads what there is, and plans; changes nothing. A few calls, however many datasets.</summary>
    /// <param name="now">Seconds since 1970 UTC.</param>
    /// <param name="began">When the run began, if it took snapshots since: sanoid's rule does not count those yet.</param>
    public IReadOnlyList<DatasetPlan> Plan(long now, long? began = null)
    {
        var missing = new List<string>();
        var plans = new List<DatasetPlan>();
        foreach (var group in _file.Named.GroupBy(_volumesOf))
        {
            var datasets = new Dictionary<string, Dataset>(StringComparer.Ordinal);
            foreach (var named in group.Order(StringComparer.Ordinal))
            {
                if (datasets.ContainsKey(named)) continue;
                // All of a pool is one call; asking for each dataset would be as many.
                var root = group.Key is ZfsVolumes && group.Count() > 1 ? named.Split('/')[0] : named;
                foreach (var dataset in group.Key.Datasets(root, root != named || _file.IsRecursive(named))) datasets[dataset.Name] = dataset;
            }
            missing.AddRange(group.Where(n => !datasets.ContainsKey(n)));
            var policies = _file.For(datasets.Keys.Order(StringComparer.Ordinal));
            var snapshots = group.Key.Snapshots([.. policies.Select(static p => p.Dataset)]).ToLookup(static s => s.Dataset, StringComparer.Ordinal);
            // Each is a matter of its own, and a host may have thousands.
            plans.AddRange(policies.AsParallel().AsOrdered().Select(p => Plan(p, datasets[p.Dataset], [.. snapshots[p.Dataset]], p.Retention is SanoidRetention ? began ?? now : now)));
        }
        Missing = missing;
        return plans;
    }

    private DatasetPlan Plan(DatasetPolicy policy, Dataset dataset, IReadOnlyList<Snapshot> snapshots, long now)
    {
        var peers = PeerNotes.Of(dataset);
        var common = new Dictionary<ulong, string>();
        foreach (var (peer, guid) in peers) common[guid] = peer;
        var plan = PrunePlan.Make(snapshots, policy.Retention, now, new Commitments { CommonWithPeers = common });
        var unknown = policy.Peers.FirstOrDefault(p => !PeerNotes.IsKnown(peers.Keys, p));
        return new DatasetPlan(policy, dataset, snapshots, plan)
        {
            Refusal = !policy.Prune ? "its policy does not prune"
                : policy.PruneDeferPercent > 0 && dataset.PoolPercent <= policy.PruneDeferPercent ? $"prune_defer: the pool is {dataset.PoolPercent} % full, and pruning begins above {policy.PruneDeferPercent} %"
                : unknown is not null ? $"it is not known what the peer {unknown} has; run varve sync to it once, or strike it from peers"
                : plan.NeedsConsent(policy.MostPercent) && !Consent ? $"{plan.Destroyed} of {plan.Verdicts.Count} snapshots would go, more than {policy.MostPercent} %; look at varve snap plan, then say --yes"
                : "",
        };
    }

    /// <summary>Takes what is due, at most once a name. Datasets without hooks are taken together.</summary>
    public IReadOnlyList<Deed> Take(IReadOnlyList<DatasetPlan> plans, long now)
    {
        var deeds = new List<Deed>();
        var due = plans.Where(static p => p.Policy.Take).Select(p => (Plan: p, Due: p.Policy.Retention.Due(p.Snapshots, now, _zone))).Where(static d => d.Due.Count > 0).ToList();
        // A snapshot of its own would end that a raw replica can receive increments.
        deeds.AddRange(due.Where(static d => d.Plan.Dataset.IsRawReplica)
            .SelectMany(static d => d.Due.Select(s => new Deed($"{d.Plan.Policy.Dataset}@{s.Name}", "take", $"not taken: it is a raw replica of {d.Plan.Dataset.Note(Notes.Source)}, which could send it nothing any more; say take = false for it"))));
        due.RemoveAll(static d => d.Plan.Dataset.IsRawReplica);
        foreach (var group in due.GroupBy(d => (Volumes: _volumesOf(d.Plan.Policy.Dataset), d.Plan.Policy.TakesChildren)))
        {
            var together = group.Where(static d => d.Plan.Policy.Hooks is { Before.Length: 0, After.Length: 0 })
                .SelectMany(static d => d.Due.Select(s => (d.Plan.Policy.Dataset, s.Name))).ToList();
            if (together.Count > 0) deeds.AddRange(Take(group.Key.Volumes, together, group.Key.TakesChildren));
            foreach (var (plan, snapshots) in group.Where(static d => d.Plan.Policy.Hooks is not { Before.Length: 0, After.Length: 0 }))
                deeds.AddRange(TakeWithHooks(group.Key.Volumes, plan.Policy, snapshots));
        }
        return deeds;
    }

    private List<Deed> TakeWithHooks(IVolumes volumes, DatasetPolicy policy, IReadOnlyList<DueSnapshot> due)
    {
        List<(string, string)> names = [.. due.Select(d => (policy.Dataset, d.Name))];
        if (DryRun) return Take(volumes, names, policy.TakesChildren);
        var hooks = policy.Hooks;
        var failure = HookRunner.Run(hooks.Before, hooks.TimeoutSeconds, HookRunner.Around("pre", policy.Dataset, due));
        List<Deed> deeds = failure is not null && hooks.NoInconsistentSnapshot
            ? [.. due.Select(d => new Deed($"{policy.Dataset}@{d.Name}", "take", $"not taken: {failure}"))]
            : Take(volumes, names, policy.TakesChildren);
        if (failure is not null && !hooks.NoInconsistentSnapshot) deeds.Add(new Deed(policy.Dataset, "hook", failure));
        if (failure is not null && !hooks.AlwaysAfter) return deeds;
        var variables = HookRunner.Around("post", policy.Dataset, due);
        variables["SANOID_PRE_FAILURE"] = failure is null ? "0" : "1";
        if (HookRunner.Run(hooks.After, hooks.TimeoutSeconds, variables) is { } after) deeds.Add(new Deed(policy.Dataset, "hook", after));
        return deeds;
    }

    private List<Deed> Take(IVolumes volumes, IReadOnlyList<(string Dataset, string Name)> names, bool children)
    {
        static Deed Taken((string Dataset, string Name) s, string failure) => new($"{s.Dataset}@{s.Name}", "take", failure);
        if (DryRun) return [.. names.Select(static n => Taken(n, ""))];
        // ZFS takes many datasets in one transaction, but one snapshot of each.
        var deeds = new List<Deed>();
        foreach (var round in names.GroupBy(static n => n.Dataset, StringComparer.Ordinal).SelectMany(static g => g.Select(static (n, i) => (n, i))).GroupBy(static p => p.i, static p => p.n))
        {
            List<(string, string)> batch = [.. round];
            try
            {
                volumes.Take(batch, children);
                deeds.AddRange(batch.Select(static n => Taken(n, "")));
            }
            catch (SnapshotException e)
            {
                // One that cannot be taken must not keep the others from it.
                if (batch.Count == 1) deeds.Add(Taken(batch[0], e.Message));
                else foreach (var one in batch) deeds.Add(TakeOne(volumes, one, children));
            }
        }
        return deeds;
    }

    private static Deed TakeOne(IVolumes volumes, (string Dataset, string Name) one, bool children)
    {
        try
        {
            volumes.Take([one], children);
            return new Deed($"{one.Dataset}@{one.Name}", "take", "");
        }
        catch (SnapshotException e)
        {
            return new Deed($"{one.Dataset}@{one.Name}", "take", e.Message);
        }
    }

    /// <summary>Destroys what the plans say.</summary>
    public IReadOnlyList<Deed> Prune(IReadOnlyList<DatasetPlan> plans)
    {
        const int AtOnce = 100;
        var deeds = new List<Deed>();
        foreach (var plan in plans.Where(static p => p.Prune.Destroyed > 0))
        {
            if (plan.Refusal.Length > 0)
            {
                if (plan.Policy.Prune && plan.Policy.PruneDeferPercent == 0) deeds.Add(new Deed(plan.Dataset.Name, "prune", plan.Refusal));
                continue;
            }
            var volumes = _volumesOf(plan.Dataset.Name);
            foreach (var some in plan.Prune.Verdicts.Where(static v => v.Destroy).Select(static v => v.Snapshot).Chunk(AtOnce)) deeds.AddRange(Destroy(volumes, plan, some));
        }
        return deeds;
    }

    private IEnumerable<Deed> Destroy(IVolumes volumes, DatasetPlan plan, Snapshot[] snapshots)
    {
        if (DryRun) return snapshots.Select(static s => new Deed(s.FullName, "destroy", ""));
        var failures = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            volumes.Destroy(plan.Dataset.Name, [.. snapshots.Select(static s => s.Name)]);
        }
        catch (SnapshotException) when (snapshots.Length > 1)
        {
            // Somebody may have held or destroyed one since: the others go all the same.
            var left = volumes.Snapshots([plan.Dataset.Name]).Select(static s => s.Guid).ToHashSet();
            foreach (var snapshot in snapshots.Where(s => left.Contains(s.Guid)))
            {
                try
                {
                    volumes.Destroy(plan.Dataset.Name, [snapshot.Name]);
                }
                catch (SnapshotException e)
                {
                    failures[snapshot.Name] = e.Message;
                }
            }
        }
        catch (SnapshotException e)
        {
            failures[snapshots[0].Name] = e.Message;
        }
        var deeds = new List<Deed>();
        foreach (var snapshot in snapshots)
        {
            var failure = failures.GetValueOrDefault(snapshot.Name, "");
            deeds.Add(new Deed(snapshot.FullName, "destroy", failure));
            if (failure.Length == 0 && HookRunner.Run(plan.Policy.Hooks.Pruned, plan.Policy.Hooks.TimeoutSeconds, HookRunner.Pruned(snapshot)) is { } hook) deeds.Add(new Deed(snapshot.FullName, "hook", hook));
        }
        return deeds;
    }
}
