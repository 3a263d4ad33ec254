using Varve.Snapshots.Volumes;

namespace Varve.Snapshots.Datasets;

/// <summary>What a drop found out.</summary>
/// <param name="Holding">What would be removed.</param>
/// <param name="Confirmed">The hosts that showed that they hold the same snapshot.</param>
/// <param name="Doubts">Why others do not count, a line each.</param>
/// <param name="Wanted">How many other hosts have to hold it.</param>
public sealed record DropReport(Holding Holding, IReadOnlyList<string> Confirmed, IReadOnlyList<string> Doubts, int Wanted);

/// <summary>Removes a dataset from this host, when enough others hold it.</summary>
public sealed class Dropping(LocalHost host, SshOptions ssh)
{
    /// <summary>Asks the others, and removes it unless <paramref name="dryRun"/>.</summary>
    /// <param name="dataset">The dataset.</param>
    /// <param name="copies">How many others have to hold it; null: as many as are wanted.</param>
    /// <param name="contents">Whether both sides read all bytes and compare their digests.</param>
    /// <param name="discardChanges">Remove it although files were changed since the newest snapshot.</param>
    /// <param name="dryRun">Only find out.</param>
    /// <exception cref="SnapshotException">It is not here, not enough others hold it, or something in it is nowhere else.</exception>
    public DropReport Run(string dataset, int? copies, bool contents, bool discardChanges, bool dryRun)
    {
        var self = host.Self.Name;
        var holding = host.Refresh().Hosts.GetValueOrDefault(self)?.Of(dataset) ?? throw new SnapshotException($"{self} does not hold {dataset}; `varve data where {dataset}` says who does");
        var newest = holding.Newest ?? throw new SnapshotException($"{holding.At} has no snapshot that another host could hold too; take one, and sync it");
        var wanted = Math.Max(1, copies ?? host.Catalogue.Copies(dataset));
        var volumes = host.VolumesOf(holding.At);
        if (volumes.Datasets(holding.At, recursive: true).Skip(1).FirstOrDefault() is { } below) throw new SnapshotException($"{below.Name} lies below {holding.At}, is no part of it and would go with it; move it elsewhere first");
        string digest, contentDigest;
        using (var files = SnapshotFiles.Open(volumes, holding.At, newest.Name))
        {
            digest = files.Manifest.Digest;
            contentDigest = contents ? PeerServer.ContentDigest(files) : "";
            if (!discardChanges && Changed(volumes, holding, files.Manifest) is { } changed) throw new SnapshotException($"{changed} is not as in the newest snapshot {newest.Name}, and no other host has it; take a snapshot and sync it, or give --discard-changes");
        }
        // The own claim goes first: a host that drops its copy at the same time then cannot count on this one.
        if (!dryRun) SetLeaving(dataset, isLeaving: true);
        var isLosing = false;
        try
        {
            var (confirmed, doubts) = Ask(dataset, newest.Guid, digest, contentDigest);
            var report = new DropReport(holding, confirmed, doubts, wanted);
            if (confirmed.Count < wanted)
                throw new SnapshotException($"{dataset} stays: {(confirmed.Count == 0 ? "no other host" : $"only {string.Join(", ", confirmed)}")} showed that it holds {newest.Name}, and {wanted} must{(doubts.Count > 0 ? $" ({string.Join("; ", doubts)})" : "")}");
            if (dryRun) return report;
            isLosing = true;
            Remove(volumes, holding);
            host.Change(own => own with { Holdings = [.. own.Holdings.Where(h => h.Dataset != dataset)] });
            foreach (var clone in CloneState.All(host.ClonesFolder).Where(c => c.Dataset == dataset && c.Target == holding.At))
                foreach (var file in Directory.GetFiles(host.ClonesFolder, clone.Id + ".*")) File.Delete(file);
            return report;
        }
        catch
        {
            if (!dryRun && (!isLosing || volumes.Find(holding.At) is not null)) SetLeaving(dataset, isLeaving: false);
            throw;
        }
    }

    private void SetLeaving(string dataset, bool isLeaving) => host.Change(own => own with { Holdings = [.. own.Holdings.Select(h => h.Dataset == dataset ? h with { IsLeaving = isLeaving } : h)] });

    private (List<string> Confirmed, List<string> Doubts) Ask(string dataset, ulong guid, string digest, string contentDigest)
    {
        var (confirmed, doubts) = (new List<string>(), new List<string>());
        Parallel.ForEach(host.Catalogue.Holders(dataset).Where(h => h.Name != host.Self.Name).ToList(), peer =>
        {
            try
            {
                using var session = PeerSession.Open(peer, ssh);
                var theirs = session.Exchange(host.Catalogue);
                host.Update(c => c.MergedWith(theirs));
                var same = session.Digest(dataset, guid, contents: false) == digest && (contentDigest.Length == 0 || session.Digest(dataset, guid, contents: true) == contentDigest);
                lock (doubts)
                {
                    if (same) confirmed.Add(peer.Name);
                    else doubts.Add($"{peer.Name} has a snapshot of that name with other {(contentDigest.Length > 0 ? "bytes" : "files")}");
                }
            }
            catch (SnapshotException e)
            {
                lock (doubts) doubts.Add(e.Message);
            }
        });
        confirmed.Sort(StringComparer.Ordinal);
        doubts.Sort(StringComparer.Ordinal);
        return (confirmed, doubts);
    }

    /// <summary>A path that is not as in the snapshot; null when all are.</summary>
    private static string? Changed(IVolumes volumes, Holding holding, Manifest manifest)
    {
        var folder = CheckOuts.LiveFolderOf(volumes, holding.At);
        using var live = new FolderFiles(folder);
        var known = manifest.Rows.ToDictionary(static r => Convert.ToHexString(r.Path), StringComparer.Ordinal);
        foreach (var row in live.Manifest.Rows)
            if (!known.TryGetValue(Convert.ToHexString(row.Path), out var then) || then.Kind != row.Kind || (row.Kind == 'f' && (then.Size != row.Size || then.ModifiedNs != row.ModifiedNs)) || !then.Target.AsSpan().SequenceEqual(row.Target)) return $"{folder}/{row.Shown}";
        return null;
    }

    private static void Remove(IVolumes volumes, Holding holding)
    {
        var snapshots = volumes.Snapshots([holding.At]);
        if (snapshots.FirstOrDefault(static s => s.Holds > 0) is { } kept) throw new SnapshotException($"{kept.FullName} is held: a transfer or a person needs it; release it first");
        switch (volumes)
        {
            case ZfsVolumes:
                Host.Local.Run(["zfs", "destroy", "-r", holding.At]);
                break;
            case BtrfsVolumes:
                if (snapshots.Count > 0) volumes.Destroy(holding.At, [.. snapshots.Select(static s => s.Name)]);
                Host.Local.Run(["btrfs", "subvolume", "delete", holding.At]);
                break;
            default:
                Directory.Delete(holding.At, recursive: true);
                break;
        }
    }
}
