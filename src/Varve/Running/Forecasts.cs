using Varve.Lineage;
using Varve.Steps;

namespace Varve.Running;

/// <summary>Says what a plan would run, without running: a step whose inputs would be made anew can only be guessed at.</summary>
internal sealed class Forecasts(PlanOptions options, IStepRunner runner, ILineage lineage)
{
    public IReadOnlyList<StepPrediction> Of(IReadOnlyList<PlannedBlock> plan)
    {
        var earlier = lineage.NewestOf(options.Document).ToLookup(t => t.Origin!.Block, StringComparer.Ordinal);
        var graph = new PredictedGraph(plan, earlier);
        var predictions = new List<StepPrediction>();
        var uncertain = new Dictionary<int, string>();
        for (var i = 0; i < plan.Count; i++)
        {
            var block = plan[i];
            var cause = graph.Dependencies(i).Where(uncertain.ContainsKey).Select(d => plan[d].Name).FirstOrDefault();
            var traces = earlier[block.Name].ToDictionary(t => t.Origin!.Element, StringComparer.Ordinal);
            var maker = cause ?? graph.Dependencies(i).Select(d => plan[d].Name).FirstOrDefault();
            foreach (var step in Steps(block, earlier, maker, predictions))
            {
                var prediction = Of(block, step, i, graph, cause, traces, uncertain, plan);
                predictions.Add(prediction);
                if (prediction.Verdict != "reuse") uncertain[i] = prediction.Verdict;
            }
            if (predictions.Count > 0 && predictions[^1].Block == block.Name && predictions[^1].Verdict == "may run") uncertain[i] = "may run";
        }
        return predictions;
    }

    /// <summary>The block's steps; none when what it is mapped over is not there yet, which is told instead.</summary>
    private static IReadOnlyList<PlannedStep> Steps(PlannedBlock block, ILookup<string, Trace> earlier, string? maker, List<StepPrediction> predictions)
    {
        IReadOnlyList<string> FilesOf(string name) => [.. earlier[name].SelectMany(Footprint.FilesOf)];
        try
        {
            return block.Expand(FilesOf);
        }
        catch (Exception) when (maker is not null)
        {
            predictions.Add(new StepPrediction(block.Name, "", "may run", $"what it is mapped over is not there yet; {maker} comes first"));
            return [];
        }
    }

    private StepPrediction Of(
        PlannedBlock block, PlannedStep step, int index, PredictedGraph graph, string? cause,
        Dictionary<string, Trace> traces, Dictionary<int, string> uncertain, IReadOnlyList<PlannedBlock> plan)
    {
        var forecast = runner.Forecast(step.Request with { Again = options.Again, NotMine = path => graph.IsNotMine(path, index, traces.Count > 1) });
        if (traces.TryGetValue(step.Element, out var last) && cause is not null)
        {
            // Only what this step itself looked at last time makes it depend on what runs before.
            var maker = Footprint.Of(last).Looked.Select(graph.WriterOf).Where(w => w >= 0 && w < index && uncertain.ContainsKey(w)).Select(w => plan[w].Name).FirstOrDefault();
            if (maker is not null) return new StepPrediction(block.Name, step.Element, "may run", $"it reads what {maker} makes, which runs first");
        }
        if (forecast.Known is not null) return new StepPrediction(block.Name, step.Element, "reuse", "");
        if (last is not null && last.Step != step.Request.Key.Id()) return new StepPrediction(block.Name, step.Element, "run", Comparison.Words(last.Key, step.Request.Key));
        return cause is not null && last is null
            ? new StepPrediction(block.Name, step.Element, "may run", $"{forecast.Why}; {cause} runs first")
            : new StepPrediction(block.Name, step.Element, "run", forecast.Why);
    }
}
