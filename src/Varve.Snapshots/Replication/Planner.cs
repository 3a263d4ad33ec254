using System.Text.RegularExpressions;
using Varve.Snapshots.Policy;
using Varve.Snapshots.Volumes;

namespace Varve.Snapshots.Replication;

/// <summary>Decides for each dataset what is sent, from what; a function of what is on both sides, which changes nothing.</summary>
internal sealed class Planner
{
    private readonly Side _source;
    private readonly Side _target;
    private readonly SyncOptions _options;
    private readonly List<Regex> _excluded;
    private readonly List<Regex> _included;
    private readonly List<Regex> _left;

    public Planner(Side source, Side target, SyncOptions options)
    {
        (_source, _target, _options) = (source, target, options);
        if (source.Volumes.Kind != target.Volumes.Kind)
            throw new SnapshotException($"{source.Address} is {Word(source.Volumes.Kind)} and {target.Address} is {Word(target.Volumes.Kind)}, and their streams do not fit: give a target of the same kind, or a repository (repo:FOLDER)");
        if (source.Volumes.Host == target.Volumes.Host && IsWithin(target.Dataset, source.Dataset))
            throw new SnapshotException($"{target.Address} lies in {source.Address}, which would then be sent into itself; give a target outside");
        _excluded = Patterns(options.ExcludeDatasets);
        _included = Patterns(options.IncludeSnapshots);
        _left = Patterns(options.ExcludeSnapshots);
    }

    private static readonly TimeSpan MostTimeOfPattern = TimeSpan.FromSeconds(2);

    private static string Word(string kind) => kind == "zfs" ? "ZFS" : kind == "plain" ? "a plain folder" : kind;

    private static bool IsWithin(string name, string other) => name == other || name.StartsWith(other + "/", StringComparison.Ordinal);

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

    /// <summary>The plan for all datasets, parents first.</summary>
    /// <param name="here">What the source has.</param>
    /// <param name="there">What the target has.</param>
    /// <param name="syncSnapshot">The name of the snapshot that is to be taken; null when it is taken, or none is wanted.</param>
    public IReadOnlyList<Transfer> Plan(Listing here, Listing there, string? syncSnapshot)
    {
        if (here.Datasets.Count == 0) throw new SnapshotException($"{_source.Address} does not exist");
        var targets = there.Datasets.ToDictionary(static d => d.Name, StringComparer.Ordinal);
        var planned = new List<Transfer>();
        foreach (var dataset in here.Datasets.Where(Wanted))
        {
            var name = _target.Dataset + dataset.Name[_source.Dataset.Length..];
            planned.Add(One(dataset, Above(name, targets, there.Above), [.. here.Snapshots[dataset.Name]], [.. here.Bookmarks[dataset.Name]], name, targets.GetValueOrDefault(name), [.. there.Snapshots[name]], syncSnapshot));
        }
        return planned;
    }

    /// <summary>The nearest dataset above that is there.</summary>
    private static Dataset? Above(string name, Dictionary<string, Dataset> targets, Dataset? top)
    {
        for (var i = name.LastIndexOf('/'); i > 0; i = name.LastIndexOf('/', i - 1))
            if (targets.TryGetValue(name[..i], out var above)) return above;
        return top;
    }

    private bool Wanted(Dataset dataset) => !(_options.SkipParent && dataset.Name == _source.Dataset) && !_excluded.Exists(p => p.IsMatch(dataset.Name));

    private bool Wanted(Snapshot snapshot) => (_included.Count == 0 || _included.Exists(p => p.IsMatch(snapshot.Name))) && !_left.Exists(p => p.IsMatch(snapshot.Name));

    private Transfer One(Dataset dataset, Dataset? above, List<Snapshot> ours, List<Bookmark> bookmarks, string targetName, Dataset? target, List<Snapshot> theirs, string? syncSnapshot)
    {
        var encrypted = dataset.Key != KeyState.NotEncrypted;
        var blank = new Transfer(dataset.Name, targetName, TransferAction.Nothing) { Raw = encrypted && !_options.Plain, SourceState = dataset, TargetState = target, ParentState = above };
        // A sync snapshot counts whatever the patterns say: it is there for nothing else.
        var candidates = ours.Where(s => Wanted(s) || SyncNames.IsOurs(s, _options.Identifier)).ToList();
        var takes = syncSnapshot is not null && NeedsSnapshot(dataset, ours, candidates);
        if (takes) candidates.Add(new Snapshot(dataset.Name, syncSnapshot!, 0, 0, ulong.MaxValue));
        var common = Common.Find(ours, bookmarks, theirs);
        blank = blank with { BaseSnapshot = common.Snapshot, BaseTheirs = common.Theirs, BaseGuid = common.Guid, Ours = ours, Theirs = theirs, Bookmarks = bookmarks };
        if (target is null && above is null && _target.Volumes.Kind == "zfs") return Refused(blank, $"{_target.Of(targetName)} cannot be made: there is nothing above it; zfs create -p makes it");
        if (Guards.Refusal(_source, _target, blank, common, _options) is { } guarded) return Refused(blank, guarded);
        if (target is { ResumeToken.Length: > 0 } && _options.Resume)
            return blank with { Action = TransferAction.Resume, Streams = [new SendRequest(dataset.Name, "") { ResumeToken = target.ResumeToken, Raw = blank.Raw, Properties = _options.Properties }] };
        if (common.None && theirs.Count > 0 && !_options.ForceDelete) return Refused(blank, Divergence.NothingInCommon(_source, _target, blank, theirs));
        if (candidates.Count == 0) return Refused(blank, $"{_source.Of(dataset.Name)} has no snapshot that could be sent; {(Replica(dataset) ? "it is a replica, and none is taken on it" : "take one, or leave out --no-sync-snap")}");
        if (common.None && theirs.Count == 0 && target is not null && target.ResumeToken.Length == 0 && _target.Volumes.Kind == "zfs" && !_options.ForceDelete)
            return Refused(blank, Divergence.NoSnapshots(_target, target));
        if (common.Newer.Count > 0 && !_options.Rollback) return Refused(blank, Divergence.Newer(_source, _target, blank, common));
        var brings = Brings(candidates, common);
        if (brings.Count == 0) return common.Newer.Count == 0 ? blank with { Base = common.Name, Newest = common.Name } : blank with { Action = TransferAction.Increment, Base = common.Name, Newest = common.Name, Destroys = common.Newer };
        if (!common.None && theirs.Except(common.Newer).FirstOrDefault(t => brings.Exists(b => b.Name == t.Name)) is { } taken)
            return Refused(blank, $"{_target.Of(taken.FullName)} bears the name of a snapshot of {_source.Of(dataset.Name)} and is another; rename or destroy one of the two");
        var transfer = blank with
        {
            Action = common.None ? TransferAction.Full : TransferAction.Increment,
            Base = common.Name,
            Newest = brings[^1].Name,
            Brings = brings,
            TakesSnapshot = takes,
            Destroys = common.None ? [] : common.Newer,
            DestroysTarget = common.None && target is not null && (theirs.Count > 0 || _target.Volumes.Kind == "zfs"),
        };
        return takes ? transfer : transfer with { Streams = Streams(transfer, ours, common) };
    }

    private static bool Replica(Dataset dataset) => dataset.Note(Notes.Source).Length > 0;

    /// <summary>A replica gets no snapshot of its own, for it would differ from what it is a replica of; nor does one that did not change.</summary>
    private bool NeedsSnapshot(Dataset dataset, List<Snapshot> ours, List<Snapshot> candidates) =>
        _options.SyncSnapshot && !Replica(dataset) && !(dataset.WrittenBytes == 0 && ours.Count > 0 && candidates.Count > 0 && candidates[^1].Guid == ours[^1].Guid);

    private List<Snapshot> Brings(List<Snapshot> candidates, Common common)
    {
        var newer = candidates.Where(s => common.None || s.Transaction > common.Transaction).ToList();
        return newer.Count == 0 ? [] : _options.Intermediates ? newer : [newer[^1]];
    }

    private List<SendRequest> Streams(Transfer transfer, List<Snapshot> ours, Common common)
    {
        var streams = new List<SendRequest>();
        SendRequest Of(string name) => new(transfer.Source, name) { Raw = transfer.Raw, Properties = _options.Properties };
        var rest = transfer.Brings;
        var from = common.Snapshot?.Name;
        if (from is null)
        {
            // What has no snapshot to begin from is one stream; what comes after it goes on from there.
            streams.Add(Of(rest[0].Name) with { Base = common.Bookmark?.Name, BaseIsBookmark = common.Bookmark is not null });
            (from, rest) = (rest[0].Name, [.. rest.Skip(1)]);
        }
        if (rest.Count == 0) return streams;
        var first = ours.FindIndex(s => s.Name == from);
        var together = rest.Count > 1 && _source.Volumes.Abilities.HasFlag(Abilities.Intermediates) && ours.FindIndex(s => s.Name == rest[^1].Name) - first == rest.Count;
        if (together) return [.. streams, Of(rest[^1].Name) with { Base = from, Intermediates = true }];
        foreach (var snapshot in rest)
        {
            streams.Add(Of(snapshot.Name) with { Base = from });
            from = snapshot.Name;
        }
        return streams;
    }

    private static Transfer Refused(Transfer transfer, string why) => transfer with { Action = TransferAction.Refused, Refusal = why };
}
