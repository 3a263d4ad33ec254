using Varve.Lineage;
using Varve.Linux;
using Varve.Running;
using Varve.Steps;
using Varve.Store;

namespace Varve.Documents;

/// <summary>What the command line says of a run of a document.</summary>
public sealed record RunOptions
{
    /// <summary>The document.</summary>
    public required string File { get; init; }
    /// <summary>Other paths for its inputs, absolute.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Inputs { get; init; } = [];
    /// <summary>Other values for its parameters; a name given more than once becomes a list.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Parameters { get; init; } = [];
    /// <summary>Blocks, or files that blocks make, to stop at; empty for all.</summary>
    public IReadOnlyList<string> Targets { get; init; } = [];
    /// <summary>Most steps at once; null for the number of processors.</summary>
    public int? Jobs { get; init; }
    /// <summary>After a failure, go on with what does not depend on it.</summary>
    public bool KeepGoing { get; init; }
    /// <summary>Run even what is known.</summary>
    public bool Again { get; init; }
    /// <summary>Variables passed on to every step.</summary>
    public IReadOnlyList<string> Pass { get; init; } = [];
}

/// <summary>Runs documents: reads one, plans its steps, hands them to the run, publishes the results.</summary>
internal sealed class DocumentRunner(VarveHome home, IStepRunner runner, ILineage lineage, BlobStore store, DigestCache digests, Settings settings)
{
    /// <summary>Runs a document.</summary>
    /// <exception cref="DocumentException">It cannot be run, and where.</exception>
    /// <exception cref="ConflictException">Two of its steps get in each other's way.</exception>
    /// <exception cref="StepRefusedException">A step could not be set up.</exception>
    public RunReport Run(Document document, RunOptions options, IRunProgress progress, CancellationToken cancellation)
    {
        var (plan, planOptions) = Prepare(document, options);
        using var run = new PlanRun(plan, planOptions, runner, lineage, progress, (trace, lines) => Transcript.Tail(store, trace.Transcript, lines), cancellation);
        var report = run.Run();
        if (report.Failures.Count > 0 || report.Interrupted || options.Targets.Count > 0) return report;
        return report with { Published = new Publishing(document).Publish() };
    }

    /// <summary>Says what a run would do, without doing it.</summary>
    public IReadOnlyList<StepPrediction> Forecast(Document document, RunOptions options)
    {
        var (plan, planOptions) = Prepare(document, options);
        return new Forecasts(planOptions, runner, lineage).Of(plan);
    }

    /// <summary>The steps of a document, in its order.</summary>
    /// <exception cref="DocumentException">It cannot be run, and where.</exception>
    public IReadOnlyList<PlannedBlock> Plan(Document document, RunOptions options) => Prepare(document, options).Plan;

    private (IReadOnlyList<PlannedBlock> Plan, PlanOptions Options) Prepare(Document document, RunOptions options)
    {
        var values = document.FrontMatter.With(options.Inputs, options.Parameters);
        foreach (var (name, path) in values.Inputs)
        {
            var full = path.StartsWith('/') ? path : $"{document.Folder}/{path}";
            if (!Files.Look(PathText.EncodeTerminated(full), follow: true).Exists)
                throw new DocumentException(document.Path, values.InputLines.GetValueOrDefault(name, 1), $"input {name}: there is no {full}; give another with -i {name}=PATH");
        }
        new InputCheck(document, digests).Require(values);
        var jobs = options.Jobs ?? settings.Jobs ?? Environment.ProcessorCount;
        IReadOnlyList<PlannedBlock> plan = document.IsShark
            ? new SharkPlan(document, values, home, settings, runner).Plan()
            : new NativePlan(document, values, settings, options.Pass).Plan();
        var planOptions = new PlanOptions { Document = document.Path, Jobs = Math.Max(1, jobs), KeepGoing = options.KeepGoing, Again = options.Again };
        return (options.Targets.Count == 0 ? plan : Narrow(document, plan, options.Targets), planOptions);
    }

    /// <summary>The blocks that the targets need, as far as earlier runs tell; all before them where they do not.</summary>
    private List<PlannedBlock> Narrow(Document document, IReadOnlyList<PlannedBlock> plan, IReadOnlyList<string> targets)
    {
        var graph = new PredictedGraph(plan, lineage.NewestOf(document.Path).ToLookup(t => t.Origin!.Block, StringComparer.Ordinal));
        var needed = new SortedSet<int>();
        var asked = new Stack<int>();
        foreach (var target in targets)
        {
            var index = plan.ToList().FindIndex(b => b.Name == target);
            if (index < 0) index = graph.WriterOf(Path.GetFullPath(target));
            if (index < 0) throw new DocumentException($"{document.Path}: the target {target} is neither a block nor a file that a block is known to make; blocks are: {string.Join(", ", plan.Select(b => b.Name))}");
            asked.Push(index);
        }
        while (asked.TryPop(out var index))
        {
            if (!needed.Add(index)) continue;
            foreach (var before in graph.Dependencies(index)) asked.Push(before);
        }
        return [.. needed.Select(i => plan[i])];
    }
}
