using Varve.Fetching;
using Varve.Lineage;
using Varve.Linux;
using Varve.Sandbox;
using Varve.Store;

namespace Varve.Steps;

/// <inheritdoc cref="IStepRunner"/>
public sealed class StepRunner : IStepRunner
{
    private const int MostCandidates = 64;
    private readonly VarveHome home;
    private readonly ILineage lineage;
    private readonly BlobStore store;
    private readonly SharedStoreLock counting;
    private readonly StateCheck state;
    private readonly Placement placement;
    private readonly Execution execution;
    private int swept;

    /// <summary>A runner over one home.</summary>
    internal StepRunner(VarveHome home, ILineage lineage, BlobStore store, DigestCache digests, StepSettings settings)
    {
        this.home = home;
        this.lineage = lineage;
        this.store = store;
        counting = new SharedStoreLock(home);
        state = new StateCheck(store, digests, lineage);
        placement = new Placement(store, digests, lineage, state);
        execution = new Execution(home, store, digests, settings, lineage, new StateCheck(store, digests));
    }

    /// <inheritdoc/>
    public StepForecast Forecast(StepRequest request)
    {
        using var input = OpenInput(request);
        var (known, why) = LookUp(request, request.Key.Id(), input);
        return request.Again ? new StepForecast(null, "asked for again") : new StepForecast(known, why);
    }

    /// <inheritdoc/>
    public StepOutcome Run(StepRequest request, CancellationToken cancellation)
    {
        using var input = OpenInput(request);
        var step = request.Key.Id();
        // What is found to be in the store must still be there when it is put in place.
        using (counting.Share())
        {
            if (!request.Again && LookUp(request, step, input, maybeStale: true) is { Known: { } known }) return Reuse(request, known, input);
        }

        HomeCheck.Require(home, request.WorkspaceOutside);
        Files.MakeDirectories(home.RunningFolder);
        if (Interlocked.Exchange(ref swept, 1) == 0) Leftovers.Remove(home);
        using var alone = NamedLock.Take(home.RunningFolder, step.Hex, static () => { }, cancellation);
        // Whoever held the lock before may have just run it.
        string why;
        using (counting.Share())
        {
            (var now, why) = LookUp(request, step, input);
            if (!request.Again && now is not null) return Reuse(request, now, input);
        }
        return RunNow(request, step, request.Again ? "asked for again" : why, input, cancellation);
    }

    /// <inheritdoc/>
    public void PutInPlace(StepOutcome outcome)
    {
        var places = new Places(outcome.Request);
        using var placing = counting.Share();
        try
        {
            placement.Put(outcome.Trace.Changes, places, times: null, outcome.Request.WorkspaceOutside, outcome.Trace.Execution);
        }
        catch (IOException e)
        {
            throw Refused(outcome.Trace, e);
        }
    }

    private static InputFeed? OpenInput(StepRequest request) => request.Terminal == StepTerminal.Inherited ? new InputFeed(0) : null;

    private (Trace? Known, string Why) LookUp(StepRequest request, Digest step, InputFeed? input, bool maybeStale = false)
    {
        var candidates = lineage.Reusable(step, MostCandidates, maybeStale);
        if (candidates.Count == 0) return (null, NeverRan(request, step));
        // The commands of a shell change among themselves what others have in common: /tmp, the home folder.
        if (request.Shell is not null) state.ForgetWhatHeld();
        var places = new Places(request);
        var own = request.Shell is null ? new OwnTraces(candidates) : OwnTraces.None;
        var why = "";
        foreach (var candidate in candidates)
        {
            var mismatch = state.FirstMismatch(candidate, places, own, request.NotMine);
            if (mismatch is null && !HasItsBytes(candidate)) why = why.Length > 0 ? why : "a result is no longer in the store";
            else if (mismatch is null && input?.Matches(candidate.Input) == false) why = why.Length > 0 ? why : "standard input is different";
            else if (mismatch is null) return (candidate, "");
            else if (why.Length == 0) why = mismatch.ToString();
        }
        return (null, why);
    }

    private string NeverRan(StepRequest request, Digest step)
    {
        if (lineage.Newest(step) is { } failed) return failed.ExitCode != 0 ? $"it failed last time (exit status {failed.ExitCode})" : $"the last result cannot be reused: {failed.NotReusable}";
        return request.Origin is null ? "never ran" : "never ran with this command and these variables";
    }

    private bool HasItsBytes(Trace trace)
    {
        if (trace.Transcript != default && !store.Has(trace.Transcript)) return false;
        if (trace.ShellState != default && !store.Has(trace.ShellState)) return false;
        foreach (var change in trace.Changes)
            if (change.Kind == ChangeKind.File && !store.Has(change.Digest)) return false;
        return true;
    }

    private StepOutcome Reuse(StepRequest request, Trace trace, InputFeed? input)
    {
        try
        {
            if (!request.Defer) placement.Put(trace.Changes, new Places(request), times: null, request.WorkspaceOutside, trace.Execution);
            if (request.Terminal == StepTerminal.Inherited)
            {
                // What a step showed on a terminal of its own has been through that one's output processing.
                using var raw = Processes.isatty(0) == 1 && Processes.isatty(1) == 1 ? TerminalMode.Raw() : null;
                if (trace.Transcript != default) Transcript.Replay(store.ReadAll(trace.Transcript), 1, 2);
                input?.Skip(trace.Input);
            }
        }
        catch (IOException e)
        {
            throw Refused(trace, e);
        }
        lineage.AddUse(trace.Execution, DateTimeOffset.UtcNow, request.Origin);
        return new StepOutcome { Trace = trace, Reused = true, Request = request };
    }

    private static StepRefusedException Refused(Trace trace, IOException e) =>
        new($"the result of step {trace.Step.Short} could not be put in place: {e.Message}; it is kept in the store, run again when this is mended", e);

    private StepOutcome RunNow(StepRequest request, Digest step, string why, InputFeed? input, CancellationToken cancellation)
    {
        if (lineage.Reusable(step, 1) is [var last, ..]) state.Freshen(last, new Places(request));
        // Files put in place within the present clock tick could not be told from ones changed while the step runs.
        while (Files.CoarseNow() <= Placement.LastPlacedNs) Thread.Sleep(1);
        using var admitted = request.BeforeRunning?.Invoke();
        using var run = execution.Begin(request, step, input);
        var result = run.Observe(cancellation);
        using var recording = counting.Share();
        var places = new Places(request);
        var failed = result.ExitCode != 0 || result.Ended.Length > 0;
        var keepAside = failed && !request.ApplyFailed;
        var warnings = Warnings(result, run.Fetched);
        var reason = NotReusable(result, run) is { Length: > 0 } problem ? problem : request.ToCompare ? "it was run again to be compared" : "";
        Trace trace;
        try
        {
            trace = run.Trace(result, reason, keepAside ? [] : run.Ingest(result));
        }
        catch (IOException e)
        {
            throw new StepRefusedException($"step {step.Short} could not be recorded: {e.Message}; nothing of it was put in place, run it again when this is mended", e);
        }
        if (!keepAside) RefuseConflicts(result, step);
        if (cancellation.IsCancellationRequested && result.Ended == "interrupted" && !request.ApplyFailed)
            return new StepOutcome { Trace = trace, Reused = false, Why = why, Warnings = warnings, Request = request };
        lineage.Add(trace);
        var kept = keepAside && result.Changes.Count > 0 ? run.KeepAside() : "";
        try
        {
            if (!keepAside && !request.Defer) placement.Put(trace.Changes, places, result.Changes.ToDictionary(c => c.Change.Path, c => c.ModifiedNs, StringComparer.Ordinal), request.WorkspaceOutside, trace.Execution);
        }
        catch (IOException e)
        {
            throw Refused(trace, e);
        }
        return new StepOutcome { Trace = trace, Reused = false, Why = why, Warnings = warnings, KeptIn = kept, Request = request };
    }

    private void RefuseConflicts(SandboxResult result, Digest step)
    {
        foreach (var change in result.WrittenMeanwhile)
        {
            var now = Files.Look(change.OutsidePath);
            if (state.IsInPlace(change.Change, change.OutsidePath, now)) continue;
            throw new StepRefusedException(
                $"step {step.Short} wrote {change.Change.Path}, and while it ran somebody else changed {change.OutsidePath}; nothing of the step was put in place, run it again when the file is at rest");
        }
    }

    private static string NotReusable(SandboxResult result, Execution.Run run)
    {
        if (result.Ended.Length > 0) return $"it was ended: {result.Ended}";
        if (result.ExitCode != 0) return $"it failed with exit status {result.ExitCode}";
        if (result.ChangedUnderneath.Count > 0) return $"{result.ChangedUnderneath[0]} was changed by somebody else while it ran";
        if (run.Fetched.Problems is [var first, ..]) return first;
        if (run.Input.Kind == "terminal" || result.Effects.Any(static e => e.Detail == Observation.OpenedTerminal)) return "it may have read the terminal";
        return "";
    }

    private static List<string> Warnings(SandboxResult result, FetchReport fetched)
    {
        List<string> warnings = [.. fetched.Changes];
        foreach (var path in result.ChangedUnderneath.Take(3)) warnings.Add($"{path} was changed by somebody else while the step ran: the result is not reused");
        foreach (var effect in result.Effects)
            if (effect.Kind is EffectKinds.Leftover or EffectKinds.Network or EffectKinds.Ipc or EffectKinds.Refused) warnings.Add($"{effect.Kind}: {effect.Detail}");
        return warnings;
    }
}
