using Varve.Sandbox;
using Varve.Steps;

namespace Varve.Cli;

/// <summary>The one line that says what came of a step.</summary>
internal static class StepSummary
{
    public static string Line(StepOutcome outcome)
    {
        var trace = outcome.Trace;
        var step = $"step {trace.Step.Short}";
        if (outcome.Reused) return $"varve: reused (saved {Words.Time(trace.Elapsed)}), {step}";
        var read = trace.Observations.Count(static o => o.Kind == ObservationKind.Content);
        var written = trace.Changes.Count(static c => c.Kind is ChangeKind.File or ChangeKind.Link or ChangeKind.Fifo);
        var deleted = trace.Changes.Count(static c => c.Kind == ChangeKind.Deleted);
        return $"varve: ran {Words.Time(trace.Elapsed)}, {read} read, {written} written{(deleted > 0 ? $", {deleted} deleted" : "")}, {step}";
    }
}
