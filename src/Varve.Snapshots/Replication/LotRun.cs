using System.Diagnostics;
using Varve.Snapshots.Policy;
using Varve.Snapshots.Volumes;

namespace Varve.Snapshots.Replication;

/// <summary>
/// Carries transfers out in lots: what precedes and what follows the streams is a few calls for a whole lot, for between hosts
/// a call is a journey. A transfer that took long is settled at once, with those that waited for it. When a call for many
/// fails, each is tried by itself, so that one that cannot be done keeps the others from nothing.
/// </summary>
internal sealed class LotRun(Side source, Side target, SyncOptions options, CancellationToken cancel)
{
    internal const int MostTogether = 64;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    /// <summary>Carries a lot out, all of it or what comes before an interruption; failures are in the runs.</summary>
    /// <param name="runs">What is to be done; to the end when this returns, or throws.</param>
    /// <param name="mayBegin">Asked before each; false when it shall not be sent after all.</param>
    /// <param name="told">Given each when it is settled.</param>
    public void Run(IReadOnlyList<TransferRun> runs, Func<TransferRun, bool> mayBegin, Action<TransferRun> told)
    {
        foreach (var lot in runs.Chunk(MostTogether)) RunLot(lot, mayBegin, told);
    }

    private void RunLot(IReadOnlyList<TransferRun> lot, Func<TransferRun, bool> mayBegin, Action<TransferRun> told)
    {
        var held = Hold(lot);
        foreach (var run in lot) run.Held = held;
        var (waiting, left) = (new List<TransferRun>(), new Queue<TransferRun>(lot));
        try
        {
            var began = Stopwatch.GetTimestamp();
            while (left.Count > 0)
            {
                cancel.ThrowIfCancellationRequested();
                // One that is cut off keeps its holds: it goes on from there.
                var run = left.Dequeue();
                run.MoreFollow = left.Count > 0;
                if (run.Failure.Length == 0 && mayBegin(run)) Guarded(run, run.Send);
                waiting.Add(run);
                if (Stopwatch.GetElapsedTime(began) < Longest) continue;
                Settle(waiting, told);
                waiting.Clear();
                began = Stopwatch.GetTimestamp();
            }
        }
        finally
        {
            // What was finished is kept, and what was not begun holds nothing.
            held.GetAwaiter().GetResult();
            Settle(waiting, told);
            if (left.Count > 0) LetGo(left);
        }
    }

    private static void Guarded(TransferRun run, Action work)
    {
        try
        {
            work();
        }
        catch (SnapshotException e)
        {
            run.Failure = e.Message;
        }
    }

    /// <summary>Holds what the streams need on both sides; the target's is there when the task has ended, which the first byte waits for.</summary>
    private Task Hold(IReadOnlyList<TransferRun> lot)
    {
        // Several targets may write to the same notes of the source at once.
        lock (source.Volumes)
        {
            var now = Now(source, lot.Select(static r => r.Transfer.Source));
            var holds = lot.ToDictionary(static r => r, r => r.Holds(now.GetValueOrDefault(r.Transfer.Source) ?? r.Transfer.SourceState));
            Apply(lot, source, r => holds[r].Source);
            // The journey to another host is made while the channel for the stream opens. A folder's varve there locks what it notes.
            if (target.Volumes.Host.Length > 0 && target.Volumes is not RemoteVolumes) return Task.Run(() => Apply(lot, target, r => holds[r].Target));
            Apply(lot, target, r => holds[r].Target);
            return Task.CompletedTask;
        }
    }

    private void LetGo(IEnumerable<TransferRun> lot)
    {
        var holds = lot.Select(r => r.Holds(r.Transfer.SourceState)).ToList();
        IReadOnlyList<VolumeChange> Releases(IEnumerable<VolumeChange> changes) => [.. changes.Where(static c => c.Kind == ChangeKind.Hold).Select(static c => c with { Kind = ChangeKind.Release })];
        try
        {
            source.Volumes.Apply(Releases(holds.SelectMany(static h => h.Source)));
            target.Volumes.Apply(Releases(holds.SelectMany(static h => h.Target)));
        }
        catch (SnapshotException)
        {
            // The next sync finds them.
        }
    }

    /// <summary>Settles transfers whose streams were sent, and those that had nothing to send.</summary>
    public void Settle(IReadOnlyList<TransferRun> runs, Action<TransferRun> told)
    {
        var good = runs.Where(static r => r.Failure.Length == 0).ToList();
        if (good.Count > 0)
        {
            try
            {
                Settle(good);
            }
            catch (SnapshotException e)
            {
                // A side that cannot even be looked at any more.
                foreach (var run in good.Where(static r => r.Failure.Length == 0)) run.Failure = e.Message;
            }
        }
        foreach (var run in runs) told(run);
    }

    private void Settle(List<TransferRun> runs)
    {
        lock (source.Volumes)
        {
            var fresh = runs.Exists(static r => r.IsFresh);
            if (fresh)
            {
                Expect(source, runs, static t => t.Source, static t => t.Ours);
                Expect(target, runs, static t => t.Target, static t => t.Theirs);
            }
            var here = Look(source, runs, fresh, static t => t.Source, static t => t.SourceState, static t => t.Ours);
            var there = Look(target, runs, fresh, static t => t.Target, static t => t.TargetState, static t => t.Theirs);
            var settlements = runs.ToDictionary(static r => r, r => new Settlement(source, target, options, r.Transfer, r.IsFresh, here(r.Transfer.Source), there(r.Transfer.Target)));
            foreach (var run in runs.Where(static r => r.IsFresh)) Guarded(run, settlements[run].Verify);
            Apply(runs, target, r => [.. settlements[r].TargetChanges()]);
            Apply(runs, source, r => [.. settlements[r].SourceChanges()]);
            Apply(runs, source, r => [.. settlements[r].SourceTidying()]);
            Apply(runs, target, r => [.. settlements[r].TargetTidying()]);
            foreach (var run in runs)
            {
                if (run.Failure.Length == 0) settlements[run].Destroyed.AddRange(settlements[run].TargetTidying().Select(c => target.Of($"{c.Dataset}@{c.Name}")));
                run.Settled(settlements[run]);
            }
        }
    }

    /// <summary>What <see cref="Look"/> will ask: what is held is what was, and what this sync itself holds.</summary>
    private static void Expect(Side side, List<TransferRun> runs, Func<Transfer, string> name, Func<Transfer, IReadOnlyList<Snapshot>> snapshots)
    {
        List<string> names = [.. runs.Select(r => name(r.Transfer))];
        var held = runs.SelectMany(r => snapshots(r.Transfer).Where(s => s.Holds > 0 || s.Name == r.Transfer.Newest || (s.Guid == r.Transfer.BaseGuid && s.Guid != 0)));
        side.Volumes.Expect(new Questions(names.Count == 1 ? names[0] : side.Dataset, names.Count > 1, names, [.. held]));
    }

    /// <summary>One side of many datasets: what the plan saw where nothing was sent, else what is there now.</summary>
    private Func<string, SettledSide> Look(Side side, List<TransferRun> runs, bool fresh, Func<Transfer, string> name, Func<Transfer, Dataset?> planned, Func<Transfer, IReadOnlyList<Snapshot>> snapshots)
    {
        List<string> names = [.. runs.Select(r => name(r.Transfer))];
        var states = fresh ? Now(side, names) : runs.Select(r => planned(r.Transfer)).OfType<Dataset>().ToDictionary(static d => d.Name, StringComparer.Ordinal);
        var all = (fresh || options.DeleteTargetSnapshots ? side.Volumes.Snapshots(names) : [.. runs.SelectMany(r => snapshots(r.Transfer))]).ToLookup(static s => s.Dataset, StringComparer.Ordinal);
        List<Snapshot> held = [.. all.SelectMany(static s => s).Where(static s => s.Holds > 0)];
        var tags = (held.Count > 0 ? side.Volumes.Tags(held) : []).ToLookup(static t => t.FullName[..t.FullName.LastIndexOf('@')], StringComparer.Ordinal);
        return dataset => new SettledSide(states.GetValueOrDefault(dataset), [.. all[dataset]], [.. tags[dataset]]);
    }

    /// <summary>Datasets as they are now: one call, unless it is about few of many.</summary>
    private static Dictionary<string, Dataset> Now(Side side, IEnumerable<string> names)
    {
        List<string> wanted = [.. names];
        // To look for folders below takes a walk, and to look at one of this host costs nothing.
        var found = wanted.Count == 1 || side.Volumes is PlainVolumes ? wanted.SelectMany(n => side.Volumes.Datasets(n, recursive: false)) : side.Volumes.Datasets(side.Dataset, recursive: true);
        return found.Where(d => wanted.Contains(d.Name)).ToDictionary(static d => d.Name, StringComparer.Ordinal);
    }

    private static void Apply(IReadOnlyList<TransferRun> runs, Side side, Func<TransferRun, IReadOnlyList<VolumeChange>> changes)
    {
        List<(TransferRun Run, IReadOnlyList<VolumeChange> Changes)> all = [.. runs.Where(static r => r.Failure.Length == 0).Select(r => (r, changes(r))).Where(static c => c.Item2.Count > 0)];
        if (all.Count == 0) return;
        try
        {
            side.Volumes.Apply([.. all.SelectMany(static c => c.Changes)]);
        }
        catch (SnapshotException e) when (all.Count == 1)
        {
            all[0].Run.Failure = e.Message;
        }
        catch (SnapshotException)
        {
            foreach (var (run, own) in all) Guarded(run, () => side.Volumes.Apply([.. own.Where(static c => c.Kind != ChangeKind.Destroy)]));
            foreach (var (run, own) in all.Where(static c => c.Run.Failure.Length == 0))
                foreach (var gone in Still(side, own)) Guarded(run, () => side.Volumes.Apply([gone]));
        }
    }

    /// <summary>What of these is still there: a call for many may have destroyed some before it failed.</summary>
    private static List<VolumeChange> Still(Side side, IReadOnlyList<VolumeChange> changes)
    {
        var doomed = changes.Where(static c => c.Kind == ChangeKind.Destroy).ToList();
        if (doomed.Count == 0) return [];
        var there = side.Volumes.Snapshots([doomed[0].Dataset]).Select(static s => s.Name).ToHashSet(StringComparer.Ordinal);
        return [.. doomed.Where(c => there.Contains(c.Name))];
    }
}
