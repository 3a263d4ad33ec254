using Varve.Running;

namespace Varve.Cli;

/// <summary>What a run would do: <c>run --dry-run</c>.</summary>
internal static class ForecastText
{
    private const int MostOfABlock = 10;

    public static int Print(CommonOptions common, IReadOnlyList<StepPrediction> steps)
    {
        if (!common.Json)
        {
            Print(Console.Out, steps, common.Verbose);
            return 0;
        }
        using var output = Console.OpenStandardOutput();
        foreach (var step in steps)
        {
            TraceJson.WriteLine(output, json =>
            {
                json.WriteString("block", step.Block);
                json.WriteString("element", TraceJson.Safe(step.Element));
                json.WriteString("verdict", step.Verdict);
                json.WriteString("why", TraceJson.Safe(step.Why));
            });
        }
        return 0;
    }

    /// <summary>A line for each block; of a map also for each element that would run, the first of them.</summary>
    internal static void Print(TextWriter output, IReadOnlyList<StepPrediction> steps, bool verbose)
    {
        foreach (var block in steps.GroupBy(static s => s.Block, StringComparer.Ordinal))
        {
            var all = block.ToList();
            if (all is [{ Element.Length: 0 } only])
            {
                output.WriteLine(Words.Line(Line(block.Key, only)));
                continue;
            }
            var counts = all.GroupBy(static s => s.Verdict, StringComparer.Ordinal).Select(static g => $"{g.Count()} {g.Key}");
            output.WriteLine(Words.Line($"{block.Key}: {Words.Count(all.Count, "step")}, {string.Join(", ", counts)}"));
            var shown = verbose ? all : [.. all.Where(static s => s.Verdict != "reuse")];
            foreach (var step in verbose ? shown : shown.Take(MostOfABlock)) output.WriteLine(Words.Line($"  {Line(step.Element, step)}"));
            if (!verbose && shown.Count > MostOfABlock) output.WriteLine($"  and {shown.Count - MostOfABlock} more (--verbose lists them)");
        }
        output.WriteLine($"varve: {Words.Count(steps.Count, "step")}: {string.Join(", ", steps.GroupBy(static s => s.Verdict, StringComparer.Ordinal).Select(static g => $"{g.Count()} {g.Key}"))}; nothing was run");
    }

    private static string Line(string name, StepPrediction step) => step.Why.Length > 0 ? $"{name}: {step.Verdict}: {step.Why}" : $"{name}: {step.Verdict}";
}
