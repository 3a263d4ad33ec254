using System.Globalization;
using System.Text;
using Varve.Snapshots.Keeping;
using Varve.Snapshots.Volumes;

namespace Varve.Snapshots.Datasets;

/// <summary>A dataset on one host, seen beside the others.</summary>
/// <param name="Host">The host.</param>
/// <param name="Holding">What it holds.</param>
/// <param name="Behind">How many snapshots that other hosts hold are newer than its newest.</param>
/// <param name="KnownAt">When the host last said so, in seconds since 1970 (UTC).</param>
/// <param name="Trouble">Why it could not be asked now; empty when it was, or when nobody tried.</param>
public sealed record FleetRow(string Host, Holding Holding, int Behind, long KnownAt, string Trouble);

/// <summary>A dataset on all hosts.</summary>
/// <param name="Dataset">Its name.</param>
/// <param name="Wanted">How many copies are wanted.</param>
/// <param name="Copies">How many hosts hold the newest snapshot.</param>
/// <param name="Newest">The newest snapshot anywhere; null when there is none.</param>
/// <param name="Rows">Each host that holds it, sorted.</param>
public sealed record FleetDataset(string Dataset, int Wanted, int Copies, HeldSnapshot? Newest, IReadOnlyList<FleetRow> Rows)
{
    /// <summary>How many copies of the newest snapshot are missing.</summary>
    public int Missing => Math.Max(0, Wanted - Copies);
}

/// <summary>All datasets on all hosts: ages, gaps, copies, capacity.</summary>
public static class Fleet
{
    private const int FullWarning = 80, FullCritical = 95;

    /// <summary>Speaks with each host that is known, all at once; what either side knew, both know then. The hosts that could not be reached, with why.</summary>
    public static IReadOnlyDictionary<string, string> Ask(LocalHost host, SshOptions ssh)
    {
        var troubles = new SortedDictionary<string, string>(StringComparer.Ordinal);
        host.Refresh();
        Parallel.ForEach(host.Catalogue.Hosts.Values.Where(h => !h.IsGone && h.Name != host.Self.Name).ToList(), peer =>
        {
            try
            {
                using var session = PeerSession.Open(peer, ssh);
                var theirs = session.Exchange(host.Catalogue);
                host.Update(c => c.MergedWith(theirs));
            }
            catch (SnapshotException e)
            {
                lock (troubles) troubles[peer.Name] = e.Message;
            }
        });
        return troubles;
    }

    /// <summary>The state of each dataset as a catalogue tells it.</summary>
    /// <param name="catalogue">The catalogue.</param>
    /// <param name="troubles">Hosts that could not be asked.</param>
    /// <param name="only">Only these datasets; all when empty.</param>
    public static IReadOnlyList<FleetDataset> Of(Catalogue catalogue, IReadOnlyDictionary<string, string> troubles, IReadOnlyCollection<string> only) =>
        [.. catalogue.Datasets.Where(d => only.Count == 0 || only.Contains(d)).Select(d => Of(catalogue, troubles, d))];

    private static FleetDataset Of(Catalogue catalogue, IReadOnlyDictionary<string, string> troubles, string dataset)
    {
        var holders = catalogue.Holders(dataset).ToList();
        var all = holders.SelectMany(h => h.Of(dataset)!.Snapshots).GroupBy(static s => s.Guid).Select(static g => g.First()).OrderBy(static s => s.CreatedAt).ThenBy(static s => s.Guid).ToList();
        var newest = all.Count > 0 ? all[^1] : null;
        var rows = holders.OrderBy(static h => h.Name, StringComparer.Ordinal).Select(h =>
        {
            var holding = h.Of(dataset)!;
            var at = holding.Newest is { } own ? all.FindIndex(s => s.Guid == own.Guid) : -1;
            return new FleetRow(h.Name, holding, all.Count - 1 - at, h.At, troubles.GetValueOrDefault(h.Name, ""));
        }).ToList();
        // A host that cannot be reached, or is about to drop it, is no copy to count on.
        var copies = newest is null ? 0 : rows.Count(r => r.Trouble.Length == 0 && !r.Holding.IsLeaving && r.Holding.Snapshots.Any(s => s.Guid == newest.Guid));
        return new FleetDataset(dataset, catalogue.Copies(dataset), copies, newest, rows);
    }

    /// <summary>One line in the words of Nagios: critical where copies are missing or a disk is nearly full.</summary>
    public static MonitorReport Nagios(IReadOnlyList<FleetDataset> fleet)
    {
        var (lines, status) = (new List<string>(), fleet.Count == 0 ? 3 : 0);
        void Add(int severity, string text)
        {
            lines.Add($"{(severity == 2 ? "CRIT" : "WARN")}: {text}");
            status = Math.Max(status == 3 ? 0 : status, severity);
        }
        foreach (var dataset in fleet)
        {
            if (dataset.Newest is null) Add(1, $"{dataset.Dataset} has no snapshot anywhere");
            else if (dataset.Missing > 0) Add(2, $"{dataset.Dataset} has {dataset.Copies} of {dataset.Wanted} copies of {dataset.Newest.Name}");
            foreach (var row in dataset.Rows)
            {
                if (row.Trouble.Length > 0) Add(1, $"{row.Host} cannot be reached");
                if (row.Holding.FullPercent >= FullCritical) Add(2, $"{row.Host}:{row.Holding.At} is {row.Holding.FullPercent}% full");
                else if (row.Holding.FullPercent >= FullWarning) Add(1, $"{row.Host}:{row.Holding.At} is {row.Holding.FullPercent}% full");
            }
        }
        return new MonitorReport(status, lines.Count > 0 ? string.Join(", ", lines.Distinct(StringComparer.Ordinal).OrderBy(static l => l.StartsWith("CRIT", StringComparison.Ordinal) ? 0 : 1)) : fleet.Count == 0 ? "UNKNOWN: the catalogue names no dataset" : $"OK: all datasets ({string.Join(", ", fleet.Select(static d => d.Dataset))}) have their copies");
    }

    /// <summary>The same facts in the text format of Prometheus, for its textfile collector.</summary>
    /// <param name="fleet">The state.</param>
    /// <param name="now">Seconds since 1970 (UTC).</param>
    public static string Prometheus(IReadOnlyList<FleetDataset> fleet, long now)
    {
        var text = new StringBuilder();
        void Metric(string name, string help, Func<FleetDataset, IEnumerable<(string Labels, double Value)>> values)
        {
            text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} gauge\n");
            foreach (var dataset in fleet)
                foreach (var (labels, value) in values(dataset)) text.Append(CultureInfo.InvariantCulture, $"{name}{{dataset=\"{Escaped(dataset.Dataset)}\"{labels}}} {value}\n");
        }
        static string Of(FleetRow row) => $",host=\"{Escaped(row.Host)}\"";
        Metric("varve_data_copies", "Hosts that hold the newest snapshot.", static d => [("", d.Copies)]);
        Metric("varve_data_copies_wanted", "Copies that are wanted.", static d => [("", d.Wanted)]);
        Metric("varve_data_behind", "Snapshots that other hosts hold and that are newer than the host's newest.", static d => d.Rows.Select(static r => (Of(r), (double)r.Behind)));
        Metric("varve_data_age_seconds", "Age of the host's newest snapshot.", d => d.Rows.Where(static r => r.Holding.Newest is not null).Select(r => (Of(r), (double)(now - r.Holding.Newest!.CreatedAt))));
        Metric("varve_data_reached", "Whether the host could be asked.", static d => d.Rows.Select(static r => (Of(r), r.Trouble.Length == 0 ? 1.0 : 0)));
        Metric("varve_data_available_bytes", "Room on the host's disk.", static d => d.Rows.Select(static r => (Of(r), (double)r.Holding.AvailableBytes)));
        return text.ToString();
    }

    private static string Escaped(string value) => value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
