using System.Text.RegularExpressions;
using Varve.Snapshots.Policy;
using Varve.Snapshots.Volumes;

namespace Varve.Snapshots.Replication;

/// <summary>Which datasets and snapshots the options mean.</summary>
internal sealed class SnapshotChoice(SyncOptions options)
{
    private static readonly TimeSpan MostTimeOfPattern = TimeSpan.FromSeconds(2);
    private readonly List<Regex> _excluded = Patterns(options.ExcludeDatasets);
    private readonly List<Regex> _included = Patterns(options.IncludeSnapshots);
    private readonly List<Regex> _left = Patterns(options.ExcludeSnapshots);

    private static List<Regex> Patterns(IReadOnlyList<string> patterns)
    {
        try
        {
            return [.. patterns.Select(static p => new Regex(p, RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, MostTimeOfPattern))];
        }
        catch (RegexParseException e)
        {
            throw new SnapshotException($"not a regular expression: {e.Message}", e);
        }
    }

    /// <summary>Whether a dataset is sent.</summary>
    public bool Wants(Dataset dataset, string root) => !(options.SkipParent && dataset.Name == root) && !_excluded.Exists(p => p.IsMatch(dataset.Name));

    /// <summary>The snapshots that may be sent. A sync snapshot counts whatever the patterns say: it is there for nothing else.</summary>
    public List<Snapshot> Of(IEnumerable<Snapshot> snapshots, string identifier) => [.. snapshots.Where(s => Wants(s) || SyncNames.IsOurs(s, identifier))];

    private bool Wants(Snapshot snapshot) => (_included.Count == 0 || _included.Exists(p => p.IsMatch(snapshot.Name))) && !_left.Exists(p => p.IsMatch(snapshot.Name));

    /// <summary>A replica gets no snapshot of its own, for it would differ from what it is a replica of. Whether another changed cannot be asked: ZFS tells only what has reached the disk.</summary>
    public bool NeedsSnapshot(Dataset dataset) => options.SyncSnapshot && dataset.Note(Notes.Source).Length == 0;
}
