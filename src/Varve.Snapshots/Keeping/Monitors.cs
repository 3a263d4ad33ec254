using System.Globalization;
using System.Text;
using Varve.Snapshots.Policy;

namespace Varve.Snapshots.Keeping;

/// <summary>What a monitoring system is told.</summary>
/// <param name="Status">Nagios's exit status: 0 fine, 1 a warning, 2 critical, 3 not known.</param>
/// <param name="Text">One line.</param>
public sealed record MonitorReport(int Status, string Text);

/// <summary>Ages of snapshots and fill of pools, for Nagios in sanoid's words and for Prometheus.</summary>
public static class Monitors
{
    /// <summary>Whether every kind that is wanted has a snapshot that is young enough.</summary>
    public static MonitorReport Snapshots(IReadOnlyList<DatasetPlan> plans, IReadOnlyList<string> missing, long now)
    {
        var (critical, warnings, watched, status) = (new List<string>(), new List<string>(), new List<string>(), 0);
        foreach (var name in missing)
        {
            critical.Add($"CRIT: {name} does not exist");
            status = 2;
        }
        foreach (var (policy, _, snapshots, _) in plans.Where(static p => p.Policy.Monitoring.On))
        {
            watched.Add(policy.Dataset);
            foreach (var (kind, limit) in policy.Monitoring.Ages.OrderBy(static a => a.Key.Word(), StringComparer.Ordinal))
            {
                if ((limit.Warn == 0 && limit.Critical == 0) || (policy.Retention is SanoidRetention sanoid && sanoid.Count(kind) == 0)) continue;
                var newest = Newest(policy, snapshots, kind);
                var age = newest is null ? long.MaxValue : now - newest.Value;
                var text = newest is null ? $"{policy.Dataset} has no {kind.Word()} snapshots at all!" : $"{policy.Dataset} newest {kind.Word()} snapshot is {Words(age)} old";
                if (limit.Critical > 0 && age >= limit.Critical)
                {
                    critical.Add($"CRIT: {text}{(newest is null ? "" : $" (should be < {Words(limit.Critical)})")}");
                    if (!policy.Monitoring.NoCriticals) status = 2;
                }
                else if (limit.Warn > 0 && age >= limit.Warn)
                {
                    warnings.Add($"WARN: {text}{(newest is null ? "" : $" (should be < {Words(limit.Warn)})")}");
                    if (!policy.Monitoring.NoWarnings) status = Math.Max(status, 1);
                }
            }
        }
        var lines = critical.Concat(warnings).ToList();
        return new MonitorReport(status, lines.Count > 0 ? string.Join(", ", lines) : $"OK: all monitored datasets ({string.Join(", ", watched)}) have fresh snapshots");
    }

    /// <summary>Whether a pool is fuller than the section of its root says.</summary>
    public static MonitorReport Capacity(IReadOnlyList<DatasetPlan> plans)
    {
        var (lines, status, pools) = (new List<string>(), 0, new SortedSet<string>(StringComparer.Ordinal));
        foreach (var pool in plans.GroupBy(static p => Pool(p.Dataset.Name), StringComparer.Ordinal))
        {
            pools.Add(pool.Key);
            var limits = (pool.FirstOrDefault(p => p.Dataset.Name == pool.Key) ?? pool.First()).Policy.Monitoring;
            var full = pool.Max(static p => p.Dataset.PoolPercent);
            var (severity, word, limit) = limits.CapacityCritical > 0 && full >= limits.CapacityCritical ? (2, "CRIT", limits.CapacityCritical)
                : limits.CapacityWarn > 0 && full >= limits.CapacityWarn ? (1, "WARN", limits.CapacityWarn) : (0, "", 0);
            if (severity > 0) lines.Add($"{word} pool {pool.Key} is {full}% full (should be < {limit}%)");
            status = Math.Max(status, severity);
        }
        return new MonitorReport(status, lines.Count > 0 ? string.Join(", ", lines) : $"OK: all monitored pools ({string.Join(", ", pools)}) have enough space");
    }

    /// <summary>The same facts in the text format of Prometheus, for its textfile collector.</summary>
    public static string Prometheus(IReadOnlyList<DatasetPlan> plans, long now)
    {
        var text = new StringBuilder();
        void Metric(string name, string help, Func<DatasetPlan, IEnumerable<(string Labels, double Value)>> values)
        {
            text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} gauge\n");
            foreach (var plan in plans)
                foreach (var (labels, value) in values(plan)) text.Append(CultureInfo.InvariantCulture, $"{name}{{dataset=\"{Escaped(plan.Dataset.Name)}\"{labels}}} {value}\n");
        }
        Metric("varve_snapshot_age_seconds", "Age of the newest snapshot of a kind.", plan => plan.Policy.Monitoring.Ages.Keys
            .Select(k => (Kind: k, At: Newest(plan.Policy, plan.Snapshots, k))).Where(static k => k.At is not null).Select(k => ($",kind=\"{k.Kind.Word()}\"", (double)(now - k.At!.Value))));
        Metric("varve_snapshots", "Snapshots there are.", static plan => [("", plan.Snapshots.Count)]);
        Metric("varve_snapshots_to_prune", "Snapshots that the next prune would destroy.", static plan => [("", plan.Prune.Destroyed)]);
        Metric("varve_prune_refused", "Whether a prune waits for a person.", static plan => [("", plan.Refusal.Length > 0 && plan.Policy.Prune && plan.Policy.PruneDeferPercent == 0 ? 1 : 0)]);
        Metric("varve_pool_used_ratio", "How full the pool is.", static plan => [("", plan.Dataset.PoolPercent / 100.0)]);
        return text.ToString();
    }

    private static long? Newest(DatasetPolicy policy, IReadOnlyList<Snapshot> snapshots, Kind kind)
    {
        long? newest = null;
        foreach (var snapshot in snapshots)
        {
            var counts = policy.Retention is SanoidRetention ? SanoidRetention.KindOf(snapshot.Name) == kind : policy.Retention.Owns(snapshot);
            if (counts && (newest is null || snapshot.CreatedAt > newest)) newest = snapshot.CreatedAt;
        }
        return newest;
    }

    private static string Pool(string dataset) => dataset.StartsWith('/') ? dataset : dataset.Split('/')[0];

    private static string Escaped(string label) => label.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);

    /// <summary><c>1d 8h 0m 0s</c>, as sanoid writes it.</summary>
    private static string Words(long seconds)
    {
        var span = TimeSpan.FromSeconds(seconds);
        return span.Days > 0 ? $"{span.Days}d {span.Hours}h {span.Minutes}m {span.Seconds}s" : span.Hours > 0 ? $"{span.Hours}h {span.Minutes}m {span.Seconds}s" : $"{span.Minutes}m {span.Seconds}s";
    }
}
