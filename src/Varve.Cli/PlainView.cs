using Varve.Steps;

namespace Varve.Cli;

/// <summary>
/// The view of a run where there is no terminal: a line for each step that ends; of a map one line when all of it has
/// ended, one every few seconds on the way, and its elements only when asked for more.
/// </summary>
internal sealed class PlainView(TextWriter output, bool verbose, TimeSpan between)
{
    private readonly Lock writing = new();
    private readonly Dictionary<string, long> lastTold = new(StringComparer.Ordinal);

    public void Tell(StepEvent told)
    {
        var (block, element, outcome, state) = told;
        lock (writing)
        {
            var isMap = state.Total > 1 || element.Length > 0;
            if (!isMap || verbose || (!outcome.Reused && outcome.Trace.ExitCode != 0)) output.WriteLine(Line(block, element, outcome));
            if (isMap) TellMap(block, state);
        }
    }

    private void TellMap(string block, BlockState state)
    {
        if (state.Done == state.Total)
        {
            var failed = state.Failed > 0 ? $", {state.Failed} failed" : "";
            output.WriteLine($"varve: {block}: {Words.Count(state.Total, "step")}, {state.Ran} ran{(state.Ran > 0 ? $" ({Words.Time(state.Time)})" : "")}, {state.Reused} reused{failed}");
            return;
        }
        var now = Environment.TickCount64;
        if (!lastTold.TryGetValue(block, out var last)) lastTold[block] = now;
        else if (now - last >= between.TotalMilliseconds)
        {
            lastTold[block] = now;
            output.WriteLine($"varve: {block}: {state.Done} of {state.Total}");
        }
    }

    private static string Line(string block, string element, StepOutcome outcome)
    {
        var trace = outcome.Trace;
        var name = element.Length > 0 ? $"{block} {element}" : block;
        var what = outcome.Reused ? $"reused (saved {Words.Time(trace.Elapsed)})"
            : trace.ExitCode == 0 ? $"ran {Words.Time(trace.Elapsed)}{(trace.Parts.Reused > 0 ? $" ({StepSummary.Inside(trace)})" : "")}"
            : $"failed with exit status {trace.ExitCode} after {Words.Time(trace.Elapsed)}";
        return $"varve: {Words.Line(name)}: {what}, step {trace.Step.Short}";
    }

    /// <summary>The same as a line of JSON.</summary>
    public static void Json(Stream output, StepEvent told)
    {
        var trace = told.Outcome.Trace;
        TraceJson.WriteLine(output, json =>
        {
            json.WriteString("block", told.Block);
            json.WriteString("element", TraceJson.Safe(told.Element));
            json.WriteString("step", trace.Step.ToString());
            json.WriteString("execution", trace.Execution);
            json.WriteBoolean("reused", told.Outcome.Reused);
            json.WriteNumber("exitCode", trace.ExitCode);
            json.WriteNumber("seconds", Math.Round(trace.Elapsed.TotalSeconds, 6));
            if (told.Outcome.Why.Length > 0) json.WriteString("why", TraceJson.Safe(told.Outcome.Why));
        });
    }
}
