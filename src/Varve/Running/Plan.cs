using Varve.Steps;

namespace Varve.Running;

/// <summary>One step of a plan.</summary>
/// <param name="Element">What tells it from its siblings; empty when it has none.</param>
/// <param name="Request">What is to be reused or run; the run fills in what concerns its neighbours.</param>
internal sealed record PlannedStep(string Element, StepRequest Request);

/// <summary>Steps that stand under one name: one, or the elements of a map, which do not see each other.</summary>
internal sealed record PlannedBlock
{
    /// <summary>Its name, unique in the plan.</summary>
    public required string Name { get; init; }
    /// <summary>Where it stands, as `FILE:LINE`.</summary>
    public required string Place { get; init; }
    /// <summary>
    /// Its steps. Asked when the blocks it depends on have run, for they may make what it is mapped over; the argument
    /// tells the files that an earlier block wrote. May throw what the document's reader throws.
    /// </summary>
    public required Func<Func<string, IReadOnlyList<string>>, IReadOnlyList<PlannedStep>> Expand { get; init; }
    /// <summary>Whether its steps are the same whatever has run, so that they may be asked for ahead.</summary>
    public bool IsFixed { get; init; }
    /// <summary>Blocks it is given files of, by name.</summary>
    public IReadOnlyList<string> Joins { get; init; } = [];
    /// <summary>
    /// Which names decide what its steps are, as the steps would see them: its tables and the files of its patterns. A
    /// block that writes such a name goes before it, even when no step of it ever reads one.
    /// </summary>
    public IReadOnlyList<NamePattern> MappedOver { get; init; } = [];
    /// <summary>Called when all its steps have ended well, before what depends on it starts.</summary>
    public Action<IReadOnlyList<StepOutcome>>? Completed { get; init; }
    /// <summary>Whether what its steps wrote goes into the workspace; an environment's steps write elsewhere.</summary>
    public bool WritesWorkspace { get; init; } = true;
}

/// <summary>How a plan is to be run.</summary>
internal sealed record PlanOptions
{
    /// <summary>The document's absolute path, under which its earlier runs are known.</summary>
    public required string Document { get; init; }
    /// <summary>Most steps at once.</summary>
    public required int Jobs { get; init; }
    /// <summary>After a failure, go on with what does not depend on it.</summary>
    public bool KeepGoing { get; init; }
    /// <summary>Run even what is known.</summary>
    public bool Again { get; init; }
}

/// <summary>A step that failed.</summary>
/// <param name="Block">Its block.</param>
/// <param name="Element">Its element; empty when the block is not mapped.</param>
/// <param name="Place">Where the block stands, as `FILE:LINE`.</param>
/// <param name="Outcome">What came of it.</param>
/// <param name="LastLines">The last lines it said.</param>
public sealed record StepFailure(string Block, string Element, string Place, StepOutcome Outcome, IReadOnlyList<string> LastLines);

/// <summary>What came of a run.</summary>
public sealed record RunReport
{
    /// <summary>Steps that ran, the failed among them.</summary>
    public required int Ran { get; init; }
    /// <summary>Steps that were reused.</summary>
    public required int Reused { get; init; }
    /// <summary>Steps or blocks that did not run because something before them failed.</summary>
    public required int Skipped { get; init; }
    /// <summary>The time the reused steps took when they ran.</summary>
    public required TimeSpan Saved { get; init; }
    /// <summary>From start to end.</summary>
    public required TimeSpan Elapsed { get; init; }
    /// <summary>What failed, in the order in which it failed.</summary>
    public required IReadOnlyList<StepFailure> Failures { get; init; }
    /// <summary>Whether it was interrupted.</summary>
    public required bool Interrupted { get; init; }
    /// <summary>Published files, absolute.</summary>
    public IReadOnlyList<string> Published { get; init; } = [];
}

/// <summary>What would happen to a step in a run now.</summary>
/// <param name="Block">Its block.</param>
/// <param name="Element">Its element; empty when the block is not mapped.</param>
/// <param name="Verdict"><c>reuse</c>, <c>run</c>, or <c>may run</c> when that depends on what runs before it.</param>
/// <param name="Why">Why it would run; empty for reuse.</param>
public sealed record StepPrediction(string Block, string Element, string Verdict, string Why);

/// <summary>Two steps get in each other's way (exit status 2). The message names both and the file.</summary>
public sealed class ConflictException(string message) : Exception(message);
