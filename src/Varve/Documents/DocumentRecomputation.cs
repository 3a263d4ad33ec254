using Varve.Lineage;
using Varve.Running;
using Varve.Steps;
using Varve.Store;

namespace Varve.Documents;

/// <summary>What running a step of a document once more showed.</summary>
public enum RecomputeVerdict
{
    /// <summary>It left the same bytes and said the same.</summary>
    Same,
    /// <summary>It left other bytes, or said something else.</summary>
    Different,
    /// <summary>It failed, and had not failed before.</summary>
    Failed,
    /// <summary>It could not be run again.</summary>
    Impossible,
    /// <summary>The document's step, as it stands now, has never run.</summary>
    NeverRan,
}

/// <summary>One step of a document, run once more.</summary>
/// <param name="Block">Its block.</param>
/// <param name="Element">Its element; empty when the block is not mapped.</param>
/// <param name="Verdict">What it showed.</param>
/// <param name="Before">The execution that stands for it; null when it never ran.</param>
/// <param name="Outcome">The one that was compared with it; null when there is none.</param>
/// <param name="Differences">In what they differ.</param>
/// <param name="Why">Why it could not be run again; else empty.</param>
public sealed record RecomputedStep(
    string Block, string Element, RecomputeVerdict Verdict, Trace? Before, StepOutcome? Outcome, IReadOnlyList<Difference> Differences, string Why);

/// <summary>
/// Runs every step of a document once more, each on what its last execution saw, beside the workspace, and compares: a
/// step is judged by itself, whatever became of those before it. Nothing is put in place.
/// </summary>
internal sealed class DocumentRecomputation(DocumentRunner documents, VarveHome home, BlobStore store, IStepRunner runner, ILineage lineage, Settings settings)
{
    /// <summary>Goes through the document.</summary>
    /// <param name="document">The document.</param>
    /// <param name="options">Its inputs and parameters, and how many steps run at once.</param>
    /// <param name="ended">Told of each step as it ends, never of two at once.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="DocumentException">It cannot be run, and where.</exception>
    /// <exception cref="OperationCanceledException">It was interrupted.</exception>
    public IReadOnlyList<RecomputedStep> Run(Document document, RunOptions options, Action<RecomputedStep> ended, CancellationToken cancellation)
    {
        var steps = Steps(document, options);
        var results = new RecomputedStep[steps.Count];
        using var memory = MemoryBudget.OfHost();
        var telling = new Lock();
        var jobs = Math.Max(1, options.Jobs ?? settings.Jobs ?? System.Environment.ProcessorCount);
        Parallel.For(0, steps.Count, new ParallelOptions { MaxDegreeOfParallelism = jobs, CancellationToken = cancellation }, i =>
        {
            results[i] = Recompute(steps[i], memory, cancellation);
            lock (telling) ended(results[i]);
        });
        return results;
    }

    private sealed record Known(string Block, string Element, StepRequest? Request, Trace? Last, string Why);

    /// <summary>The document's steps with the executions that stand for them.</summary>
    private List<Known> Steps(Document document, RunOptions options)
    {
        var last = lineage.NewestOf(document.Path).ToDictionary(t => (t.Origin!.Block, t.Origin.Element));
        var written = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        var steps = new List<Known>();
        foreach (var block in documents.Plan(document, options))
        {
            var files = written[block.Name] = [];
            IReadOnlyList<PlannedStep> planned;
            try
            {
                planned = block.Expand(name => written.TryGetValue(name, out var known) ? known : []);
            }
            catch (DocumentException e)
            {
                steps.Add(new Known(block.Name, "", null, null, e.Message));
                continue;
            }
            foreach (var step in planned)
            {
                var trace = last.GetValueOrDefault((block.Name, step.Element));
                if (trace is not null) files.AddRange(Footprint.FilesOf(trace));
                var why = trace is null ? "it has not run"
                    : trace.Step != step.Request.Key.Id() ? $"it has not run in this form ({Comparison.Words(trace.Key, step.Request.Key)})" : "";
                steps.Add(new Known(block.Name, step.Element, step.Request, why.Length == 0 ? trace : null, why));
            }
        }
        return steps;
    }

    private RecomputedStep Recompute(Known step, MemoryBudget memory, CancellationToken cancellation)
    {
        if (step.Last is not { } before) return new RecomputedStep(step.Block, step.Element, RecomputeVerdict.NeverRan, null, null, [], step.Why);
        if (step.Request!.RootWritable) return new RecomputedStep(step.Block, step.Element, RecomputeVerdict.Impossible, before, null, [], "it builds an environment, which later steps stand on");
        try
        {
            using var room = memory.Enter(before.PeakBytes, cancellation);
            var outcome = new Recomputation(home, store, runner, settings).Run(before, step.Request, cancellation);
            cancellation.ThrowIfCancellationRequested();
            var differences = Comparison.Left(before, outcome.Trace).ToList();
            var verdict = outcome.Trace.ExitCode != 0 && before.ExitCode == 0 ? RecomputeVerdict.Failed
                : differences.Count == 0 ? RecomputeVerdict.Same : RecomputeVerdict.Different;
            return new RecomputedStep(step.Block, step.Element, verdict, before, outcome, differences, "");
        }
        catch (Exception e) when (e is StepRefusedException or SettingsException)
        {
            return new RecomputedStep(step.Block, step.Element, RecomputeVerdict.Impossible, before, null, [], e.Message);
        }
    }
}
