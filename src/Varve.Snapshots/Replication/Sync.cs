using Varve.Snapshots.Volumes;

namespace Varve.Snapshots.Replication;

/// <summary>Makes datasets on other hosts, or other disks, equal to those here, or the other way round. See Contracts.cs.</summary>
public static class Sync
{
    /// <summary>What would be done; nothing is changed.</summary>
    /// <exception cref="SnapshotException">The source does not exist, the sides do not fit, or a host cannot be reached.</exception>
    public static SyncPlan Plan(Side source, Side target, SyncOptions options)
    {
        var planner = new Planner(source, target, options);
        var (here, there) = Listing.Both(source, target, options.Recursive);
        return new SyncPlan(source, target, Estimated(source, planner.Plan(here, there, NameOf(options))));
    }

    /// <summary>Syncs to one target.</summary>
    public static SyncReport Run(Side source, Side target, SyncOptions options, ISyncWatch? watch = null, CancellationToken cancel = default) => Run(source, [target], options, watch, cancel)[0];

    /// <summary>Syncs to several targets at once; one that fails keeps the others from nothing.</summary>
    /// <param name="source">What is sent.</param>
    /// <param name="targets">Where to; of the same back end.</param>
    /// <param name="options">How.</param>
    /// <param name="watch">Told how it goes.</param>
    /// <param name="cancel">Stops it; what was finished is kept, and the next call goes on.</param>
    /// <exception cref="SnapshotException">The source does not exist, the sides do not fit, or a host cannot be reached.</exception>
    public static IReadOnlyList<SyncReport> Run(Side source, IReadOnlyList<Side> targets, SyncOptions options, ISyncWatch? watch = null, CancellationToken cancel = default)
    {
        var planners = targets.Select(t => new Planner(source, t, options)).ToList();
        var sides = targets.Select(t => Listing.Both(source, t, options.Recursive)).ToList();
        var name = NameOf(options);
        var plans = planners.Select((p, i) => p.Plan(sides[i].Source, sides[i].Target, name)).ToList();
        List<(string, string)> due = [.. plans.SelectMany(static p => p.Where(static t => t.TakesSnapshot)).Select(static t => t.Source).Distinct(StringComparer.Ordinal).Select(d => (d, name!))];
        if (due.Count > 0)
        {
            source.Volumes.Take(due, children: false);
            var fresh = Listing.Read(source, options.Recursive, source.Volumes.Abilities.HasFlag(Abilities.Bookmarks));
            for (var i = 0; i < plans.Count; i++) plans[i] = planners[i].Plan(fresh, sides[i].Target, null);
        }
        if (targets.Count == 1) return [One(source, targets[0], options, planners[0], plans[0], watch, cancel)];
        var runs = targets.Select((t, i) => Task.Factory.StartNew(() => One(source, t, options, planners[i], plans[i], watch, cancel), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToList();
        Task.WhenAll(runs).ContinueWith(static _ => { }, TaskScheduler.Default).Wait(CancellationToken.None);
        return [.. runs.Select(static r => r.GetAwaiter().GetResult())];
    }

    private static SyncReport One(Side source, Side target, SyncOptions options, Planner planner, IReadOnlyList<Transfer> plan, ISyncWatch? watch, CancellationToken cancel)
    {
        var (runs, results) = (new List<TransferRun>(), new TransferResult?[plan.Count]);
        var lots = new LotRun(source, target, options, cancel);
        foreach (var planned in plan) runs.Add(new TransferRun(source, target, options, watch, cancel) { Transfer = planned });
        void Told(TransferRun run) => results[runs.IndexOf(run)] = run.End();
        bool MayBegin(TransferRun run)
        {
            if (NeedsParent(run.Transfer, runs) is not { } why) return true;
            run.Failure = why;
            return false;
        }
        foreach (var run in runs.Where(static r => r.Transfer.Action == TransferAction.Resume))
        {
            cancel.ThrowIfCancellationRequested();
            try
            {
                run.Resume(() => Again(source, target, options, run.Transfer));
            }
            catch (SnapshotException e)
            {
                run.Failure = e.Message;
            }
        }
        foreach (var run in runs.Where(static r => r.Transfer.Action == TransferAction.Refused)) run.Failure = run.Transfer.Refusal;
        foreach (var run in runs.Where(static r => r.Failure.Length > 0)) Told(run);
        lots.Settle([.. runs.Where(static r => r.Transfer.Action == TransferAction.Nothing && r.Failure.Length == 0)], Told);
        var (due, estimated) = (runs.Where(static r => r.Failure.Length == 0 && r.Transfer.Action is TransferAction.Full or TransferAction.Increment).ToList(), 0);
        lots.Run(due, run =>
        {
            if (!MayBegin(run)) return false;
            // Between hosts a call is a journey; and nobody waits for the estimates of thousands before the first is sent.
            for (; estimated <= due.IndexOf(run); estimated += LotRun.MostTogether)
            {
                List<TransferRun> some = [.. due.Skip(estimated).Take(LotRun.MostTogether)];
                foreach (var (one, transfer) in some.Zip(Estimated(source, [.. some.Select(static r => r.Transfer)]))) one.Transfer = transfer;
            }
            return true;
        }, Told);
        return new SyncReport(source.Address, target.Address, [.. results.OfType<TransferResult>()]);
    }

    private static Transfer Again(Side source, Side target, SyncOptions options, Transfer planned)
    {
        var (one, two) = (source with { Dataset = planned.Source }, target with { Dataset = planned.Target });
        var (here, there) = Listing.Both(one, two, recursive: false);
        return new Planner(one, two, options with { SkipParent = false }).Plan(here, there, null)[0];
    }

    /// <summary>Why what lies in a dataset that failed to come is not sent: ZFS has no place for it. Null when it may go.</summary>
    private static string? NeedsParent(Transfer planned, List<TransferRun> runs) =>
        planned.Action == TransferAction.Full && planned.SourceState.Name.Contains('/', StringComparison.Ordinal) && !planned.SourceState.Name.StartsWith('/')
        && runs.Find(r => r.Failure.Length > 0 && r.Transfer.TargetState is null && planned.Target.StartsWith(r.Transfer.Target + "/", StringComparison.Ordinal)) is { } failed
            ? $"it lies in {failed.Transfer.Target}, which did not come" : null;

    private static IReadOnlyList<Transfer> Estimated(Side source, IReadOnlyList<Transfer> transfers)
    {
        var estimates = source.Volumes.Estimates([.. transfers.SelectMany(static t => t.Streams)]).GetEnumerator();
        return [.. transfers.Select(WithEstimate)];

        Transfer WithEstimate(Transfer transfer)
        {
            long? all = transfer.Streams.Count == 0 ? null : 0;
            for (var i = 0; i < transfer.Streams.Count && estimates.MoveNext(); i++) all += estimates.Current;
            return all is { } bytes ? transfer with { EstimatedBytes = bytes } : transfer;
        }
    }

    private static string? NameOf(SyncOptions options) => options.SyncSnapshot ? SyncNames.Snapshot(options.Identifier) : null;
}
