using System.Diagnostics;
using Varve.Running;
using Varve.Steps;

namespace Varve.Cli;

/// <summary>
/// What is known of a run at this moment: for each block how far it is, which steps run, what was saved. Heard from
/// the threads of the run, read by the thread that draws.
/// </summary>
internal sealed class RunBoard : IRunProgress
{
    private readonly Lock access = new();
    private readonly List<BlockState> blocks = [];
    private readonly Dictionary<string, BlockState> byName = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Block, string Element), RunningStep> running = [];
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private readonly int jobs;
    private TimeSpan saved, ran;

    /// <param name="jobs">How many steps may run at once, for the estimate.</param>
    public RunBoard(int jobs) => this.jobs = Math.Max(1, jobs);

    /// <summary>Called after each step, outside the lock: what plain lines are printed from.</summary>
    public Action<StepEvent>? OnEnded { get; init; }

    public void Planned(string block, int steps, TimeSpan? each)
    {
        lock (access)
        {
            var state = StateOf(block);
            state.Total = steps;
            state.Each = each ?? state.Each;
        }
    }

    public void Started(string block, string element, TimeSpan? estimate)
    {
        lock (access)
        {
            StateOf(block).Running++;
            running[(block, element)] = new RunningStep(block, element, clock.Elapsed, estimate);
        }
    }

    public void Ended(string block, string element, StepOutcome outcome)
    {
        StepEvent told;
        lock (access)
        {
            var state = StateOf(block);
            if (running.Remove((block, element))) state.Running--;
            if (outcome.Reused)
            {
                state.Reused++;
                saved += outcome.Trace.Elapsed;
            }
            else
            {
                if (outcome.Trace.ExitCode == 0) state.Ran++;
                else state.Failed++;
                ran += outcome.Trace.Elapsed;
                state.Time += outcome.Trace.Elapsed;
            }
            told = new StepEvent(block, element, outcome, state.Copy());
        }
        OnEnded?.Invoke(told);
    }

    public void Skipped(string block, string element)
    {
        lock (access)
        {
            var state = StateOf(block);
            if (running.Remove((block, element))) state.Running--;
            state.Skipped++;
        }
    }

    /// <summary>A picture of this moment.</summary>
    public BoardSnapshot Snapshot()
    {
        lock (access)
        {
            var now = clock.Elapsed;
            var (left, atLeast) = Remaining(now);
            return new BoardSnapshot([.. blocks.Select(b => b.Copy())], [.. running.Values.OrderBy(r => r.StartedAt)], now, saved, ran, left) { AtLeast = atLeast };
        }
    }

    /// <summary>
    /// The time left: what waits, and the rest of what runs, shared among the jobs. Blocks of which nothing is known
    /// do not count, and make it a lower bound; null when nothing at all is known.
    /// </summary>
    private (TimeSpan? Left, bool AtLeast) Remaining(TimeSpan now)
    {
        var work = TimeSpan.Zero;
        var longest = TimeSpan.Zero;
        var (isKnown, atLeast) = (false, false);
        foreach (var block in blocks)
        {
            var waiting = Math.Max(0, block.Total - block.Done - block.Running);
            if (waiting == 0) continue;
            if (block.Expected is not { } each)
            {
                atLeast = true;
                continue;
            }
            isKnown = true;
            work += each * waiting;
        }
        foreach (var step in running.Values)
        {
            var expected = step.Estimate ?? byName[step.Block].Expected;
            if (expected is not { } all)
            {
                atLeast = true;
                continue;
            }
            isKnown = true;
            var left = all - (now - step.StartedAt);
            if (left < TimeSpan.Zero) left = TimeSpan.Zero;
            work += left;
            longest = left > longest ? left : longest;
        }
        var shared = work / jobs;
        return isKnown ? (shared > longest ? shared : longest, atLeast) : (null, atLeast);
    }

    private BlockState StateOf(string name)
    {
        if (byName.TryGetValue(name, out var known)) return known;
        var state = new BlockState { Name = name };
        blocks.Add(state);
        return byName[name] = state;
    }
}

/// <summary>How far a block is.</summary>
internal sealed record BlockState
{
    public required string Name { get; init; }
    public int Total { get; set; }
    public int Running { get; set; }
    public int Ran { get; set; }
    public int Reused { get; set; }
    public int Failed { get; set; }
    public int Skipped { get; set; }
    /// <summary>Time that its steps took in this run, added up.</summary>
    public TimeSpan Time { get; set; }
    /// <summary>How long one step took in earlier runs.</summary>
    public TimeSpan? Each { get; set; }

    public int Done => Ran + Reused + Failed + Skipped;
    /// <summary>How long one step may be expected to take: as in this run if any ended, else as in earlier ones.</summary>
    public TimeSpan? Expected => Ran > 0 ? Time / Math.Max(1, Ran + Failed) : Each;

    public BlockState Copy() => this with { };
}

/// <summary>A step that runs.</summary>
/// <param name="Block">Its block.</param>
/// <param name="Element">Which element of a map, or empty.</param>
/// <param name="StartedAt">Since the run began.</param>
/// <param name="Estimate">How long it may take.</param>
internal sealed record RunningStep(string Block, string Element, TimeSpan StartedAt, TimeSpan? Estimate);

/// <summary>A step ended, and how its block stood then.</summary>
internal sealed record StepEvent(string Block, string Element, StepOutcome Outcome, BlockState State);

/// <summary>A run at one moment.</summary>
/// <param name="Blocks">In the document's order.</param>
/// <param name="Running">Oldest first.</param>
/// <param name="Elapsed">Since the run began.</param>
/// <param name="Saved">Time that reused steps took when they ran.</param>
/// <param name="Ran">Time that steps took in this run, added up.</param>
/// <param name="Remaining">The estimate; null when nothing is known.</param>
internal sealed record BoardSnapshot(
    IReadOnlyList<BlockState> Blocks, IReadOnlyList<RunningStep> Running, TimeSpan Elapsed, TimeSpan Saved, TimeSpan Ran, TimeSpan? Remaining)
{
    /// <summary>Whether <see cref="Remaining"/> leaves out blocks of which nothing is known.</summary>
    public bool AtLeast { get; init; }

    public int Total => Blocks.Sum(b => b.Total);
    public int Done => Blocks.Sum(b => b.Done);
    public int RanSteps => Blocks.Sum(b => b.Ran);
    public int Reused => Blocks.Sum(b => b.Reused);
    public int Failed => Blocks.Sum(b => b.Failed);
    public int Skipped => Blocks.Sum(b => b.Skipped);

    /// <summary>The last line of a run: what ran, what was reused, time saved.</summary>
    public string Summary()
    {
        var parts = new List<string> { $"{RanSteps} ran", $"{Reused} reused" };
        if (Failed > 0) parts.Add($"{Failed} failed");
        if (Total - Done + Skipped is > 0 and var left) parts.Add($"{left} not reached");
        return $"varve: {Words.Count(Total, "step")}: {string.Join(", ", parts)}; took {Words.Time(Elapsed)}, saved {Words.Time(Saved)}";
    }
}
