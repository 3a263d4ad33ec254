using NodaTime;

namespace Varve.Snapshots.Policy;

/// <summary>Plays a configuration over a span of time with a made clock, on datasets that exist nowhere.</summary>
public sealed class Simulation
{
    private readonly IReadOnlyList<(DatasetPolicy Policy, List<Snapshot> Snapshots)> _datasets;
    private readonly DateTimeZone _zone;
    private ulong _transaction;

    /// <summary>A host with these datasets and no snapshot.</summary>
    /// <param name="file">The configuration.</param>
    /// <param name="datasets">The datasets; none: those that the file names.</param>
    /// <param name="zone">Where the host stands.</param>
    public Simulation(IPolicyFile file, IReadOnlyList<string> datasets, DateTimeZone zone)
    {
        var all = datasets.Count > 0 ? datasets : file.Named;
        _datasets = [.. file.For(all).Select(static p => (p, new List<Snapshot>()))];
        _zone = zone;
    }

    /// <summary>What is left, dataset by dataset, in the order in which it was taken.</summary>
    public IEnumerable<Snapshot> Left => _datasets.SelectMany(static d => d.Snapshots);

    /// <summary>One run of <c>varve snap</c>: takes what is due, then prunes.</summary>
    /// <param name="now">Seconds since 1970 UTC.</param>
    /// <param name="prune">Whether to prune.</param>
    public void Run(long now, bool prune)
    {
        foreach (var (policy, snapshots) in _datasets)
        {
            if (policy.Take)
            {
                foreach (var due in policy.Retention.Due(snapshots, now, _zone))
                {
                    _transaction++;
                    snapshots.Add(new Snapshot(policy.Dataset, due.Name, _transaction, now, _transaction) { IsMarked = true });
                }
            }
            if (!prune || !policy.Prune) continue;
            var plan = PrunePlan.Make(snapshots, policy.Retention, now, Commitments.None);
            if (plan.Destroyed == 0) continue;
            var gone = plan.Verdicts.Where(static v => v.Destroy).Select(static v => v.Snapshot).ToHashSet();
            snapshots.RemoveAll(gone.Contains);
        }
    }
}
