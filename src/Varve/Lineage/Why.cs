using Varve.Sandbox;

namespace Varve.Lineage;

/// <summary>Why an execution ran.</summary>
/// <param name="Trace">The execution.</param>
/// <param name="Before">The earlier execution it is compared with; null when there was none like it.</param>
/// <param name="Text">The reason in words, where differences alone do not tell it.</param>
/// <param name="Differences">What was different from then: inputs with both digests, variables, words of the command.</param>
public sealed record Reason(Trace Trace, Trace? Before, string Text, IReadOnlyList<Difference> Differences);

/// <summary>
/// Finds why something ran: against the earlier execution of the same step whose files were most alike, else against
/// the last one that stood in the same place of a document, or that ran the same program in the same folder.
/// </summary>
internal sealed class WhyFinder(LineageDatabase lineage)
{
    private const int MostCompared = 64;

    public Reason Of(Trace trace)
    {
        var same = lineage.Ask(() => lineage.Read("WHERE e.step = $1 AND e.execution < $2 ORDER BY e.number DESC LIMIT $3", trace.Step.Bytes.ToArray(), trace.Execution, MostCompared));
        var good = same.Where(t => t.Reusable).ToList();
        if (good.Count > 0)
        {
            var (before, differences) = good.Select(t => (Trace: t, Differences: Seen(t, trace))).MinBy(p => p.Differences.Count);
            return new Reason(trace, before, differences.Count == 0 ? "nothing it read was different: it was asked for again, or its result was no longer in the store" : "", differences);
        }
        if (same is [var last, ..])
        {
            var text = last.ExitCode != 0 ? $"it failed the last time, with exit status {last.ExitCode}; what failed is run again" : $"its last result could not be reused: {last.NotReusable}";
            return new Reason(trace, last, text, Seen(last, trace));
        }
        return Predecessor(trace) is { } other
            ? new Reason(trace, other, "", [.. Comparison.Asked(other, trace)])
            : new Reason(trace, null, "it had never run before", []);
    }

    /// <summary>What the two saw differently, without what each made itself.</summary>
    private static List<Difference> Seen(Trace before, Trace after)
    {
        var own = before.Changes.Concat(after.Changes).Select(c => c.Path).ToHashSet(StringComparer.Ordinal);
        var differences = Comparison.Seen(before, after).Where(d => !own.Contains(d.Name)).ToList();
        // A name looked for that exists now shows twice, as absent before and as an input after: once is enough. What only
        // one of them asked for follows from what both asked for.
        var both = differences.Where(d => (d.First.Length > 0 && d.Second.Length > 0) || Turned(d, before, after)).ToList();
        return both.Count > 0 ? both : differences;
    }

    private static bool Turned(Difference difference, Trace before, Trace after) =>
        difference.What == "absent" && difference.First.Length > 0 && after.Observations.Any(o => o.Path == difference.Name && o.Kind != ObservationKind.Absent)
        || (difference.What == "absent" && difference.Second.Length > 0 && before.Observations.Any(o => o.Path == difference.Name && o.Kind != ObservationKind.Absent));

    private Trace? Predecessor(Trace trace) => lineage.Ask(() =>
    {
        if (trace.Origin is { } origin)
        {
            var placed = lineage.Read("WHERE e.document = $1 AND e.block = $2 AND e.element = $3 AND e.execution < $4 ORDER BY e.number DESC LIMIT 1", origin.Document, origin.Block, origin.Element, trace.Execution);
            if (placed.Count > 0) return placed[0];
        }
        var near = lineage.Read("WHERE e.step IN (SELECT step FROM steps WHERE directory = $1) AND e.execution < $2 ORDER BY e.number DESC LIMIT $3",
            LineageDatabase.Printable(trace.Key.Directory), trace.Execution, MostCompared);
        return near.FirstOrDefault(t => t.Key.Command[0] == trace.Key.Command[0] && t.Key.Command.Count == trace.Key.Command.Count && t.Origin is null == trace.Origin is null && Alike(t.Key, trace.Key));
    });

    /// <summary>Whether two keys differ in little enough to be versions of one command: at most one word.</summary>
    private static bool Alike(StepKey a, StepKey b) => a.Command.Zip(b.Command).Count(p => p.First != p.Second) <= 1;
}
