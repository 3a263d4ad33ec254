using System.Diagnostics;
using Varve.Snapshots.Replication;

namespace Varve.Cli;

/// <summary>What <c>varve sync</c> shows: a line for each dataset, below it on a terminal how far it is; or JSON lines.</summary>
internal sealed class SyncView(CommonOptions common, bool lists) : ISyncWatch, IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);
    private readonly Lock _lock = new();
    private readonly Stream _output = Console.OpenStandardOutput();
    private readonly Dictionary<string, (Transfer Transfer, long Bytes, long Started)> _running = new(StringComparer.Ordinal);
    private readonly bool _live = !common.Quiet && !common.Json && !Console.IsErrorRedirected;
    private long _shown;
    private int _nothing;

    /// <summary>Whether something in a plan was refused.</summary>
    public bool Refused { get; private set; }

    public void Show(SyncPlan plan)
    {
        foreach (var transfer in plan.Transfers)
        {
            Refused |= transfer.Action == TransferAction.Refused;
            if (common.Json) SyncJson.Write(_output, plan.Source, plan.Target, transfer);
            else if (transfer.Action == TransferAction.Refused) Console.Error.WriteLine(Words.Line($"varve: {Arrow(plan.Source, plan.Target, transfer)}: {transfer.Refusal}"));
            else Line($"{Arrow(plan.Source, plan.Target, transfer)}: {Description(transfer)}");
            if (lists && !common.Json) List(plan.Source, plan.Target, transfer);
        }
    }

    private static string Arrow(Side source, Side target, Transfer transfer) => $"{source.Of(transfer.Source)} -> {target.Of(transfer.Target)}";

    private void Line(string text)
    {
        if (!common.Quiet) Console.Out.WriteLine(Words.Line(text));
    }

    private void List(Side source, Side target, Transfer transfer)
    {
        foreach (var snapshot in transfer.Ours) Line($"  {source.Of(snapshot.FullName)}  {snapshot.Guid}");
        foreach (var snapshot in transfer.Theirs) Line($"  {target.Of(snapshot.FullName)}  {snapshot.Guid}");
    }

    private static string Description(Transfer transfer)
    {
        var size = transfer.EstimatedBytes is { } bytes ? $", about {Words.Size(bytes)}" : "";
        var kind = transfer.Raw ? ", raw" : "";
        var destroys = transfer.DestroysTarget ? ", after the target was destroyed" : transfer.Destroys.Count > 0 ? $", after {string.Join(", ", transfer.Destroys.Select(static s => s.Name))} of the target {(transfer.Destroys.Count == 1 ? "was" : "were")} destroyed" : "";
        return transfer.Action switch
        {
            TransferAction.Nothing => "nothing to do",
            TransferAction.Resume => $"goes on where it was interrupted, then what came since{size}{kind}",
            TransferAction.Full => $"everything up to {transfer.Newest}, {Words.Count(transfer.Brings.Count, "snapshot")}{size}{kind}{destroys}",
            _ => $"from {transfer.Base} to {transfer.Newest}, {Words.Count(transfer.Brings.Count, "snapshot")}{size}{kind}{destroys}",
        };
    }

    public void Began(Side target, Transfer transfer)
    {
        lock (_lock) _running[target.Of(transfer.Target)] = (transfer, 0, Stopwatch.GetTimestamp());
    }

    public void Moved(Side target, Transfer transfer, long bytes)
    {
        if (!_live) return;
        lock (_lock)
        {
            var name = target.Of(transfer.Target);
            if (!_running.TryGetValue(name, out var known)) return;
            _running[name] = known with { Bytes = bytes };
            if (Stopwatch.GetElapsedTime(_shown) < Pause) return;
            _shown = Stopwatch.GetTimestamp();
            Console.Error.Write($"\r\e[K{Words.Line(string.Join("; ", _running.Select(static r => Progress(r.Key, r.Value.Transfer, r.Value.Bytes, r.Value.Started))))}");
        }
    }

    private static string Progress(string name, Transfer transfer, long bytes, long started)
    {
        var seconds = Math.Max(0.001, Stopwatch.GetElapsedTime(started).TotalSeconds);
        var rate = bytes / seconds;
        if (transfer.EstimatedBytes is not { } all || all <= 0) return $"{name}: {Words.Size(bytes)}, {Words.Size((long)rate)}/s";
        var left = rate > 0 ? TimeSpan.FromSeconds(Math.Max(0, all - bytes) / rate) : TimeSpan.Zero;
        return $"{name}: {Math.Min(100, bytes * 100 / all)} % of {Words.Size(all)}, {Words.Size((long)rate)}/s, {(int)left.TotalHours}:{left.Minutes:00}:{left.Seconds:00} left";
    }

    public void Ended(Side target, TransferResult result)
    {
        lock (_lock)
        {
            if (_running.Remove(target.Of(result.Planned.Target)) && _live) Console.Error.Write("\r\e[K");
            if (common.Json)
            {
                SyncJson.Write(_output, target, result);
                return;
            }
            var there = target.Of(result.Planned.Target);
            if (result.Failure.Length > 0) Console.Error.WriteLine(Words.Line($"varve: {there}: {result.Failure}"));
            else if (result.Planned.Action == TransferAction.Nothing && result.Bytes == 0) _nothing++;
            else if (result.Planned.Brings.Count == 0) Line($"{there}: finished what was interrupted, up to {result.Planned.Newest}, {Words.Size(result.Bytes)} in {Words.About(TimeSpan.FromSeconds(result.Seconds))}");
            else Line($"{there}: {Words.Count(result.Planned.Brings.Count, "snapshot")} up to {result.Planned.Newest}, {Words.Size(result.Bytes)} in {Words.About(TimeSpan.FromSeconds(result.Seconds))}{(result.BytesOnWire > 0 && result.BytesOnWire < result.Bytes ? $", packed to {Words.Size(result.BytesOnWire)}" : "")}");
            foreach (var gone in result.Destroyed) Line($"destroyed {gone}");
            foreach (var warning in result.Warnings) Console.Error.WriteLine(Words.Line($"varve: {warning}"));
        }
    }

    /// <summary>What came of all; the exit status.</summary>
    public int Report(IReadOnlyList<SyncReport> reports)
    {
        if (!common.Json && _nothing > 0) Line($"{Words.Count(_nothing, "dataset")} had nothing to do");
        return reports.All(static r => r.Succeeded) ? 0 : Failure.StepFailed;
    }

    public void Dispose() => _output.Dispose();
}
