using System.Diagnostics;
using Varve.Lineage;
using Varve.Steps;
using Trace = Varve.Lineage.Trace;

namespace Varve.Running;

/// <summary>
/// Runs a plan. Blocks go when those they depend on have ended: in document order the first time, and as observed in
/// earlier runs from then on, which is checked against what is observed now. The elements of a map go together and see
/// the workspace as it was at the map's start: what they wrote is put in place when the last of them has ended.
/// </summary>
internal sealed class PlanRun : IDisposable
{
    private const int LastLines = 10;
    private readonly PlanOptions options;
    private readonly IStepRunner runner;
    private readonly ILineage lineage;
    private readonly IRunProgress progress;
    private readonly Func<Trace, int, IReadOnlyList<string>> tail;
    private readonly PredictedGraph graph;
    private readonly BlockState[] blocks;
    private readonly Dictionary<string, BlockState> byName = new(StringComparer.Ordinal);
    private readonly ILookup<string, Trace> earlier;
    private readonly Conflicts conflicts;
    private readonly MemoryBudget memory = MemoryBudget.OfHost();
    private readonly CancellationTokenSource stop;
    private readonly Lock completing = new();
    private readonly Lock telling = new();
    private readonly List<StepFailure> failures = [];
    private readonly LinkedList<BlockState> ready = [];
    private int unfinished, ran, reused, skipped, clock;
    private TimeSpan saved;
    private Exception? broken;

    private sealed class BlockState(PlannedBlock block, int index)
    {
        public PlannedBlock Block { get; } = block;
        public int Index { get; } = index;
        public int Waiting { get; set; }
        public List<BlockState> Dependents { get; } = [];
        public IReadOnlyList<PlannedStep> Steps { get; set; } = [];
        public StepOutcome?[] Outcomes { get; set; } = [];
        public int Next { get; set; }
        public int Left { get; set; }
        public bool Failed { get; set; }
        public bool Done { get; set; }
        public int StartedAt { get; set; }
        public int EndedAt { get; set; } = int.MaxValue;
        public Dictionary<string, Trace> Earlier { get; set; } = [];
    }

    public PlanRun(
        IReadOnlyList<PlannedBlock> plan, PlanOptions options, IStepRunner runner, ILineage lineage, IRunProgress progress,
        Func<Trace, int, IReadOnlyList<string>> tail, CancellationToken cancellation)
    {
        (this.options, this.runner, this.lineage, this.progress, this.tail) = (options, runner, lineage, progress, tail);
        stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        blocks = [.. plan.Select((b, i) => new BlockState(b, i))];
        var expanding = Task.Run(ExpandFixedBlocks);
        earlier = lineage.NewestOf(options.Document).ToLookup(t => t.Origin!.Block, StringComparer.Ordinal);
        graph = new PredictedGraph(plan, earlier);
        conflicts = new Conflicts((block, element) => Describe(blocks[block].Block, element));
        foreach (var state in blocks)
        {
            byName[state.Block.Name] = state;
            foreach (var trace in earlier[state.Block.Name]) state.Earlier[trace.Origin!.Element] = trace;
            foreach (var before in graph.Dependencies(state.Index))
            {
                state.Waiting++;
                blocks[before].Dependents.Add(state);
            }
        }
        lineage.LoadAhead(expanding.GetAwaiter().GetResult());
        foreach (var state in blocks) progress.Planned(state.Block.Name, Math.Max(1, state.Block.IsFixed ? state.Steps.Count : state.Earlier.Count), Each(state));
    }

    /// <summary>Makes the steps of the blocks that wait for nothing to know theirs, while the lineage is read; their ids.</summary>
    private List<Store.Digest> ExpandFixedBlocks()
    {
        var steps = new List<Store.Digest>();
        foreach (var state in blocks)
        {
            if (!state.Block.IsFixed) continue;
            state.Steps = state.Block.Expand(FilesOf);
            steps.AddRange(state.Steps.Select(s => s.Request.Key.Id()));
        }
        return steps;
    }

    /// <summary>Runs all there is to run.</summary>
    /// <exception cref="ConflictException">Two steps get in each other's way.</exception>
    public RunReport Run()
    {
        var time = Stopwatch.StartNew();
        unfinished = blocks.Length;
        foreach (var state in blocks)
            if (state.Waiting == 0) ready.AddLast(state);
        // This thread works too: with nothing to run there is nothing to wait for, and no other thread need start.
        var others = new List<Thread>();
        for (var i = 1; i < options.Jobs; i++)
        {
            var thread = new Thread(Work, 1 << 20) { IsBackground = true, Name = $"steps {i}" };
            thread.Start();
            others.Add(thread);
        }
        Work();
        foreach (var thread in others) thread.Join();
        PutFinishedInPlace();
        if (broken is not null and not OperationCanceledException) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(broken);
        return new RunReport
        {
            Ran = ran,
            Reused = reused,
            Skipped = skipped,
            Saved = saved,
            Elapsed = time.Elapsed,
            Failures = failures,
            Interrupted = broken is OperationCanceledException,
        };
    }

    /// <summary>The files that a block wrote, in the order of its elements, relative to where the steps start if they lie below.</summary>
    public IReadOnlyList<string> FilesOf(string block)
    {
        var state = byName[block];
        var files = new List<string>();
        foreach (var outcome in state.Outcomes)
        {
            if (outcome is not null) files.AddRange(Footprint.FilesOf(outcome.Trace));
        }
        return files;
    }

    private static string Describe(PlannedBlock block, string element) =>
        element.Length == 0 ? $"block {block.Name} ({block.Place})" : $"block {block.Name} [{element}] ({block.Place})";

    private static TimeSpan? Each(BlockState state) =>
        state.Earlier.Count == 0 ? null : TimeSpan.FromTicks((long)state.Earlier.Values.Average(t => t.Elapsed.Ticks));

    private void Work()
    {
        while (TakeStep() is var (state, index))
        {
            try
            {
                RunStep(state, index);
            }
            catch (Exception e)
            {
                // The first thing that went wrong is told; what runs beside it is ended, what has finished is kept.
                Break(e);
            }
        }
    }

    private void Break(Exception e)
    {
        lock (completing)
        {
            // What failed says more than that the rest was ended for it.
            if (broken is null || (broken is OperationCanceledException && e is not OperationCanceledException)) broken = e;
            lock (ready) Monitor.PulseAll(ready);
        }
        stop.Cancel();
    }

    private (BlockState State, int Index)? TakeStep()
    {
        while (true)
        {
            BlockState? toExpand = null;
            lock (ready)
            {
                while (true)
                {
                    if (unfinished == 0 || broken is not null || stop.IsCancellationRequested)
                    {
                        if (stop.IsCancellationRequested && unfinished > 0) broken ??= new OperationCanceledException();
                        Monitor.PulseAll(ready);
                        return null;
                    }
                    if (ready.First is { } first)
                    {
                        var state = first.Value;
                        if (state.StartedAt == 0)
                        {
                            state.StartedAt = ++clock;
                            ready.RemoveFirst();
                            toExpand = state;
                            break;
                        }
                        var index = state.Next++;
                        if (state.Next == state.Steps.Count) ready.RemoveFirst();
                        return (state, index);
                    }
                    Monitor.Wait(ready, 100);
                }
            }
            Begin(toExpand);
        }
    }

    /// <summary>A block's turn has come: its steps are asked for, and offered.</summary>
    private void Begin(BlockState state)
    {
        try
        {
            if (!state.Block.IsFixed)
            {
                state.Steps = state.Block.Expand(FilesOf);
                lineage.LoadAhead([.. state.Steps.Select(s => s.Request.Key.Id())]);
                lock (telling) progress.Planned(state.Block.Name, state.Steps.Count, Each(state));
            }
            state.Outcomes = new StepOutcome?[state.Steps.Count];
            state.Left = state.Steps.Count;
            if (state.Left == 0)
            {
                Complete(state);
                return;
            }
        }
        catch (Exception e)
        {
            if (!WaitsForAllBefore(state)) Break(e);
            return;
        }
        lock (ready)
        {
            ready.AddFirst(state);
            Monitor.PulseAll(ready);
        }
    }

    /// <summary>What a block is mapped over may be made, after an edit, by one that never made it before: it is asked again when those before it have ended.</summary>
    private bool WaitsForAllBefore(BlockState state)
    {
        lock (ready)
        {
            foreach (var before in blocks.Take(state.Index).Where(b => !b.Done && !b.Failed))
            {
                state.Waiting++;
                before.Dependents.Add(state);
            }
            state.StartedAt = 0;
            return state.Waiting > 0;
        }
    }

    private void RunStep(BlockState state, int index)
    {
        var step = state.Steps[index];
        state.Earlier.TryGetValue(step.Element, out var before);
        var isMap = state.Steps.Count > 1;
        var outcome = runner.Run(step.Request with
        {
            Again = options.Again,
            Defer = state.Block.WritesWorkspace || step.Request.Defer,
            NotMine = path => graph.IsNotMine(path, state.Index, isMap),
            Origin = new Origin(options.Document, state.Block.Name, step.Element),
            BeforeRunning = () =>
            {
                var peak = before?.PeakBytes ?? (state.Earlier.Count > 0 ? state.Earlier.Values.Max(t => t.PeakBytes) : 0);
                var room = memory.Enter(peak, stop.Token);
                lock (telling) progress.Started(state.Block.Name, step.Element, before?.Elapsed ?? Each(state));
                return room;
            },
        }, stop.Token);
        if (!outcome.Reused && before is not null && before.Step != outcome.Trace.Step) outcome = outcome with { Why = Comparison.Words(before.Key, outcome.Trace.Key) };
        if (stop.IsCancellationRequested && outcome is { Reused: false, Trace.Reusable: false }) throw new OperationCanceledException();
        state.Outcomes[index] = outcome;
        lock (telling)
        {
            progress.Ended(state.Block.Name, step.Element, outcome);
            if (outcome.Reused)
            {
                reused++;
                saved += outcome.Trace.Elapsed;
            }
            else
            {
                ran++;
            }
            if (outcome.Trace.ExitCode != 0)
            {
                state.Failed = true;
                failures.Add(new StepFailure(state.Block.Name, step.Element, state.Block.Place, outcome, tail(outcome.Trace, LastLines)));
            }
        }
        if (state.Failed && !options.KeepGoing) StopQuietly();
        bool last;
        lock (ready) last = --state.Left == 0;
        if (last) Complete(state);
    }

    /// <summary>After a failure no further step starts; those that run may finish.</summary>
    private void StopQuietly()
    {
        lock (ready)
        {
            foreach (var state in ready) skipped += state.Steps.Count - state.Next;
            ready.Clear();
            stopped = true;
            unfinished = 0;
            Monitor.PulseAll(ready);
        }
    }

    private bool stopped;

    /// <summary>All steps of a block have ended: what they did is checked and put in place, and what waited for it may go.</summary>
    private void Complete(BlockState state)
    {
        lock (completing)
        {
            if (!state.Failed && MustRunAgain(state))
            {
                conflicts.Forget(state.Index);
                lock (ready)
                {
                    (state.StartedAt, state.Next) = (0, 0);
                    ready.AddFirst(state);
                    Monitor.PulseAll(ready);
                }
                return;
            }
            PutInPlace(state);
            state.Done = true;
            if (!state.Failed) state.Block.Completed?.Invoke([.. state.Outcomes.OfType<StepOutcome>()]);
        }
        lock (ready)
        {
            state.EndedAt = ++clock;
            if (stopped) return;
            unfinished--;
            Release(state, state.Failed);
            Monitor.PulseAll(ready);
        }
    }

    private void Release(BlockState state, bool failed)
    {
        foreach (var dependent in state.Dependents)
        {
            if (failed && !dependent.Failed)
            {
                dependent.Failed = true;
                skipped++;
                lock (telling) progress.Skipped(dependent.Block.Name, "");
            }
            if (--dependent.Waiting > 0) continue;
            if (!dependent.Failed)
            {
                ready.AddLast(dependent);
                continue;
            }
            unfinished--;
            Release(dependent, failed: true);
        }
    }

    /// <summary>
    /// Whether the block looked at something, or is mapped over it, that an earlier block wrote while it ran, against what earlier runs let
    /// expect: then it has not seen what it should have.
    /// </summary>
    private bool MustRunAgain(BlockState state)
    {
        HashSet<string>? looked = null;
        foreach (var other in blocks)
        {
            if (other.Index >= state.Index || !other.Done || other.EndedAt < state.StartedAt) continue;
            looked ??= [.. state.Outcomes.OfType<StepOutcome>().SelectMany(o => Footprint.Of(o.Trace).Looked)];
            foreach (var outcome in other.Outcomes.OfType<StepOutcome>())
                foreach (var change in outcome.Trace.Changes)
                    if (change.Kind != Sandbox.ChangeKind.Directory && (looked.Contains(change.Path) || state.Block.MappedOver.Any(p => p.Matches(change.Path)))) return true;
        }
        return false;
    }

    private void PutInPlace(BlockState state)
    {
        if (!state.Block.WritesWorkspace) return;
        for (var i = 0; i < state.Outcomes.Length; i++)
            if (state.Outcomes[i] is { Trace.ExitCode: 0 } outcome) conflicts.Add(state.Index, state.Steps[i].Element, outcome.Trace);
        foreach (var outcome in state.Outcomes)
            if (outcome is { Trace.ExitCode: 0 }) runner.PutInPlace(outcome);
    }

    /// <summary>Elements that finished before a run was stopped stand in the workspace too.</summary>
    private void PutFinishedInPlace()
    {
        if (broken is ConflictException) return;
        foreach (var state in blocks)
            if (!state.Done && state.Outcomes.Any(o => o is { Trace.ExitCode: 0 })) PutInPlace(state);
    }

    public void Dispose()
    {
        stop.Dispose();
        memory.Dispose();
    }
}
