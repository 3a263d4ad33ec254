using Varve.Sandbox;
using Varve.Steps;

namespace Varve.Cli;

/// <summary>The one line that says what came of a step.</summary>
internal static class StepSummary
{
    /// <summary>What was reused within a step that ran: `3 programs inside were reused, saved 0.2 s`.</summary>
    public static string Inside(Lineage.Trace trace) =>
        $"{trace.Parts.Reused} program{(trace.Parts.Reused == 1 ? "" : "s")} inside reused, saved {Words.Time(trace.Parts.Saved)}";

    public static string Line(StepOutcome outcome)
    {
        var trace = outcome.Trace;
        var step = $"step {trace.Step.Short}";
        if (outcome.Reused) return $"varve: reused (saved {Words.Time(trace.Elapsed)}), {step}";
        var read = trace.Observations.Count(static o => o.Kind == ObservationKind.Content);
        var written = trace.Changes.Count(static c => c.Kind is ChangeKind.File or ChangeKind.Link or ChangeKind.Fifo);
        var deleted = trace.Changes.Count(static c => c.Kind == ChangeKind.Deleted);
        var inside = trace.Parts.Reused == 0 ? "" : $" ({Inside(trace)})";
        return $"varve: ran {Words.Time(trace.Elapsed)}{inside}, {read} read, {written} written{(deleted > 0 ? $", {deleted} deleted" : "")}, {step}";
    }
}
