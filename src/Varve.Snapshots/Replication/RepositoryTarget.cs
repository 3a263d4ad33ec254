using System.Diagnostics;
using System.Text;
using Varve.Snapshots.Keeping;
using Varve.Snapshots.Policy;
using Varve.Snapshots.Repository;
using Varve.Snapshots.Volumes;

namespace Varve.Snapshots.Replication;

/// <summary>
/// Syncs into a repository: for back ends that cannot send encrypted, and for hosts that hold no key. Each snapshot of the
/// source becomes one of the repository, known by the same GUID; what the repository has already is not read again.
/// </summary>
/// <param name="storeOf">Where its objects lie, here or on another host; called whenever it is opened.</param>
/// <param name="address">As a person types it.</param>
/// <param name="key">Of an encrypted one.</param>
/// <param name="cacheFolder">Where this machine keeps what it knows of repositories.</param>
public sealed class RepositoryTarget(Func<ObjectStore> storeOf, string address, RepositoryKey? key, string cacheFolder)
{
    /// <summary>As a person types it.</summary>
    public string Address { get; } = address;

    /// <summary>What the notes of the source call it.</summary>
    private string Peer => Address.StartsWith("repo:", StringComparison.Ordinal) ? $"{Environment.MachineName}:{Address}" : Address;

    /// <summary>The side that progress and results are told of.</summary>
    public Side SideOf(Side source) => new(source.Volumes, Address);

    /// <summary>What would be done; nothing is changed.</summary>
    /// <exception cref="SnapshotException">The source or the repository does not exist, or the key is wrong.</exception>
    public SyncPlan Plan(Side source, SyncOptions options)
    {
        using var repository = Open(source);
        return new SyncPlan(source, SideOf(source), Planned(source, options, repository, options.SyncSnapshot ? SyncNames.Snapshot(options.Identifier) : null));
    }

    /// <summary>Brings what is missing, the oldest first.</summary>
    /// <exception cref="SnapshotException">The source or the repository does not exist, or the key is wrong.</exception>
    public SyncReport Run(Side source, SyncOptions options, ISyncWatch? watch = null, CancellationToken cancel = default)
    {
        var results = new List<TransferResult>();
        using (var repository = Open(source))
        {
            var name = options.SyncSnapshot ? SyncNames.Snapshot(options.Identifier) : null;
            var plan = Planned(source, options, repository, name);
            List<(string, string)> due = [.. plan.Where(static t => t.TakesSnapshot).Select(t => (t.Source, name!))];
            if (due.Count > 0)
            {
                source.Volumes.Take(due, children: false);
                plan = Planned(source, options, repository, null);
            }
            foreach (var transfer in plan)
            {
                cancel.ThrowIfCancellationRequested();
                results.Add(One(source, options, repository, transfer, watch, cancel));
            }
        }
        if (options.DeleteTargetSnapshots && results.TrueForAll(static r => r.Failure.Length == 0)) results = Forget(source, results);
        foreach (var result in results) watch?.Ended(SideOf(source), result);
        return new SyncReport(source.Address, Address, results);
    }

    private SnapshotRepository Open(Side source, bool exclusive = false)
    {
        var store = storeOf();
        try
        {
            var encrypted = SnapshotRepository.IsEncrypted(store);
            if (source.IsKeyless && encrypted) throw new SnapshotException($"this host is marked as keyless ({SnapshotRepository.KeylessFile}), and to write into {Address} takes its key; run it where the key is");
            return SnapshotRepository.Open(store, encrypted ? key : null, cacheFolder, exclusive);
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    private List<Transfer> Planned(Side source, SyncOptions options, SnapshotRepository repository, string? syncSnapshot)
    {
        var listing = Listing.Read(source, options.Recursive, bookmarks: false);
        if (listing.Datasets.Count == 0) throw new SnapshotException($"{source.Address} does not exist");
        var there = repository.Snapshots().ToLookup(static s => s.Path, StringComparer.Ordinal);
        var choice = new SnapshotChoice(options);
        var planned = new List<Transfer>();
        foreach (var dataset in listing.Datasets.Where(d => choice.Wants(d, source.Dataset)))
        {
            List<Snapshot> ours = [.. listing.Snapshots[dataset.Name]];
            List<Snapshot> theirs = [.. there[NameOf(source, dataset.Name)].Select((s, n) => new Snapshot(dataset.Name, s.Label, s.Guid, s.Taken.ToUnixTimeSeconds(), (ulong)n + 1))];
            var blank = new Transfer(dataset.Name, Address, TransferAction.Nothing) { SourceState = dataset, Ours = ours, Theirs = theirs };
            planned.Add(Planned(source, options, repository, choice, blank, syncSnapshot));
        }
        return planned;
    }

    private Transfer Planned(Side source, SyncOptions options, SnapshotRepository repository, SnapshotChoice choice, Transfer blank, string? syncSnapshot)
    {
        var dataset = blank.SourceState;
        if (dataset.Key != KeyState.NotEncrypted && repository.Cipher == RepositoryCipher.None && !options.PlainAtRest)
            return blank with { Action = TransferAction.Refused, Refusal = $"{source.Of(dataset.Name)} is encrypted and {Address} is not: its data would lie there in plain text; make an encrypted one (varve snap repo init), or say --plain-at-rest" };
        if (source.Volumes.Host.Length > 0 && source.Volumes.Kind != "plain")
            return blank with { Action = TransferAction.Refused, Refusal = $"{source.Of(dataset.Name)} is on another host, which must read its files itself: run the sync there, or sync to a dataset here first" };
        var candidates = choice.Of(blank.Ours, options.Identifier);
        var takes = syncSnapshot is not null && choice.NeedsSnapshot(dataset);
        if (takes) candidates.Add(new Snapshot(dataset.Name, syncSnapshot!, 0, 0, ulong.MaxValue));
        if (candidates.Count == 0) return blank with { Action = TransferAction.Refused, Refusal = $"{source.Of(dataset.Name)} has no snapshot that could be sent; take one, or leave out --no-sync-snap" };
        // What was forgotten there stays forgotten: only what is newer than the newest common one comes.
        var known = blank.Ours.Select(static o => o.Guid).ToHashSet();
        var common = Common.Find(blank.Ours, [], [.. blank.Theirs.Where(t => known.Contains(t.Guid))]);
        List<Snapshot> brings = [.. candidates.Where(s => common.None || s.Transaction > common.Transaction)];
        if (!options.Intermediates && brings.Count > 1) brings = [brings[^1]];
        return brings.Count == 0 ? blank with { Base = common.Name, Newest = common.Name, BaseSnapshot = common.Snapshot, BaseGuid = common.Guid } : blank with
        {
            Action = common.None ? TransferAction.Full : TransferAction.Increment,
            Base = common.Name,
            Newest = brings[^1].Name,
            Brings = brings,
            BaseSnapshot = common.Snapshot,
            BaseGuid = common.Guid,
            TakesSnapshot = takes,
        };
    }

    private static string NameOf(Side source, string dataset) => CheckOuts.LiveFolderOf(source.Volumes, dataset);

    private TransferResult One(Side source, SyncOptions options, SnapshotRepository repository, Transfer transfer, ISyncWatch? watch, CancellationToken cancel)
    {
        var (started, warnings, before) = (Stopwatch.GetTimestamp(), new List<string>(), 0L);
        if (transfer.Action == TransferAction.Refused) return new TransferResult(transfer, transfer.Refusal, 0, 0);
        if (transfer.Action == TransferAction.Nothing) return new TransferResult(transfer, Settled(source, options, transfer, transfer.SourceState, transfer.Ours), 0, 0);
        watch?.Began(SideOf(source), transfer);
        var failure = "";
        var hold = SyncNames.Hold(options.Identifier, Address);
        try
        {
            foreach (var snapshot in transfer.Brings) source.Volumes.Hold(transfer.Source, snapshot.Name, hold);
            var from = transfer.Base;
            foreach (var snapshot in transfer.Brings)
            {
                before += source.Volumes.Kind == "plain" ? Received(source, repository, snapshot, from, bytes => watch?.Moved(SideOf(source), transfer, before + bytes), options, cancel)
                    : Saved(source, repository, snapshot, warnings, bytes => watch?.Moved(SideOf(source), transfer, before + bytes), cancel);
                from = snapshot.Name;
            }
        }
        catch (SnapshotException e)
        {
            failure = e.Message;
        }
        if (failure.Length == 0) failure = Settled(source, options, transfer, source.Volumes.Find(transfer.Source) ?? transfer.SourceState, source.Volumes.Snapshots([transfer.Source]));
        else foreach (var snapshot in transfer.Brings) source.Volumes.Release(transfer.Source, snapshot.Name, hold);
        if (failure.Length == 0 && !options.KeepSyncSnapshots) Tidy(source, options, transfer);
        return new TransferResult(transfer, failure, before, Stopwatch.GetElapsedTime(started).TotalSeconds) { Warnings = warnings };
    }

    /// <summary>Notes what the repository has, and lets go what this run, or one that was stopped before its end, held; why it could not, or empty.</summary>
    private string Settled(Side source, SyncOptions options, Transfer transfer, Dataset now, IReadOnlyList<Snapshot> snapshots)
    {
        try
        {
            var newest = transfer.Brings.Count > 0 ? transfer.Brings[^1].Guid : transfer.BaseGuid;
            if (newest != 0 && PeerNotes.Of(now).GetValueOrDefault(Peer) != newest) source.Volumes.SetNote(transfer.Source, Notes.Peers, PeerNotes.With(now, Peer, newest));
            var hold = SyncNames.Hold(options.Identifier, Address);
            List<Snapshot> held = [.. snapshots.Where(static s => s.Holds > 0)];
            IReadOnlyList<(string FullName, string Tag)> tags = held.Count > 0 ? source.Volumes.Tags(held) : [];
            source.Volumes.Apply([.. tags.Where(t => t.Tag == hold).Select(t => new VolumeChange(ChangeKind.Release, transfer.Source, t.FullName[(transfer.Source.Length + 1)..], hold))]);
            return "";
        }
        catch (SnapshotException e)
        {
            return e.Message;
        }
    }

    /// <summary>Reads the files of a snapshot of the file system; those that are as the last one saw them are not read.</summary>
    private static long Saved(Side source, SnapshotRepository repository, Snapshot snapshot, List<string> warnings, Action<long> moved, CancellationToken cancel)
    {
        var progress = new RepositoryProgress();
        var folder = CheckOuts.FolderOf(source.Volumes, snapshot.Dataset, snapshot.Name);
        if (!Directory.Exists(folder)) throw new SnapshotException($"{source.Of(snapshot.FullName)} cannot be read: there is no {folder}; is its dataset mounted, and its key loaded?");
        using var timer = new Timer(_ => moved(progress.Moved), null, TimeSpan.FromMilliseconds(250), TimeSpan.FromMilliseconds(250));
        var report = repository.Backup(new BackupOptions
        {
            Path = Encoding.UTF8.GetBytes(folder),
            As = Encoding.UTF8.GetBytes(NameOf(source, snapshot.Dataset)),
            Label = snapshot.Name,
            Guid = snapshot.Guid,
            Marked = snapshot.IsMarked,
            Taken = DateTimeOffset.FromUnixTimeSeconds(snapshot.CreatedAt),
            Exclude = [BtrfsVolumes.Folder],
        }, progress, cancel);
        warnings.AddRange(report.Troubles.Select(t => $"{source.Of(snapshot.FullName)}: {t}"));
        return report.BytesRead;
    }

    /// <summary>Takes a snapshot of plain files over from the repository it lies in.</summary>
    private static long Received(Side source, SnapshotRepository repository, Snapshot snapshot, string from, Action<long> moved, SyncOptions options, CancellationToken cancel)
    {
        var pump = new Pump(options.BytesPerSecond, moved, cancel);
        using var stream = source.Volumes.Send(new SendRequest(snapshot.Dataset, snapshot.Name) { Base = from.Length > 0 ? from : null });
        pump.Run(stream, _ => new PipeEnd(receives: true, (input, await) => repository.ReceiveFrom(input, (comes, baseGuid) => baseGuid == 0 ? null
            : repository.Snapshots().FirstOrDefault(s => s.Guid == baseGuid)?.Name ?? throw new SnapshotException($"{repository.Path} does not have the base of the stream"), await)), static _ => true);
        return pump.Moved;
    }

    private static void Tidy(Side source, SyncOptions options, Transfer transfer)
    {
        var peers = PeerNotes.Of(source.Volumes.Find(transfer.Source) ?? transfer.SourceState).Values.ToHashSet();
        List<string> old = [.. source.Volumes.Snapshots([transfer.Source]).Where(s => s.Holds == 0 && !s.HasClones && SyncNames.IsOurs(s, options.Identifier) && s.Guid != transfer.Brings[^1].Guid && !peers.Contains(s.Guid)).Select(static s => s.Name)];
        if (old.Count > 0) source.Volumes.Destroy(transfer.Source, old);
    }

    private List<TransferResult> Forget(Side source, List<TransferResult> results)
    {
        using var repository = Open(source, exclusive: true);
        var told = new List<TransferResult>();
        foreach (var result in results)
        {
            var ours = result.Planned.Ours.Select(static s => s.Guid).ToHashSet();
            var foreign = repository.Snapshots().Where(s => s.Path == NameOf(source, result.Planned.Source) && !ours.Contains(s.Guid)).ToList();
            if (foreign.Count > 0) repository.Forget([.. foreign.Select(static s => s.Name)]);
            told.Add(result with { Destroyed = [.. foreign.Select(s => $"{Address} {s.Path}@{s.Label}")] });
        }
        return told;
    }
}
