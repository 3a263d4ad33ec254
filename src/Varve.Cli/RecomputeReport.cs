using Varve.Documents;
using Varve.Lineage;
using Varve.Linux;
using Varve.Sandbox;
using Varve.Steps;

namespace Varve.Cli;

/// <summary><c>varve recompute DOCUMENT</c>: which of its steps make the same again, which do not, and what differs in them.</summary>
internal static class RecomputeReport
{
    private const int MostLines = 12, MostEffects = 4;

    /// <summary>Whether a path is a document, and no file that a step made: such a one stands for its step.</summary>
    public static bool IsDocument(string path)
    {
        if (!path.EndsWith(".md", StringComparison.Ordinal) || Files.Look(PathText.EncodeTerminated(path), follow: true).Kind != FileKind.File) return false;
        using var rooms = Rooms.Open(new Settings());
        return rooms.Lineage.NewestOf(path).Count > 0 || rooms.Lineage.Writers(path, rooms.Digests.Of(path, Files.Look(path))).Count == 0;
    }

    public static int Run(CommonOptions common, bool strict, RunOptions options)
    {
        var settings = Settings.Load(Settings.WorkspaceOf(Files.Parent(options.File)));
        if (strict) settings = settings with { Strict = true };
        var document = Document.Load(options.File);
        using var rooms = Rooms.Open(settings);
        using var interrupt = new Interrupt(() => Console.Error.WriteLine("varve: interrupted"));
        using var json = common.Json ? Console.OpenStandardOutput() : null;
        var documents = new DocumentRunner(rooms.Home, rooms.Steps, rooms.Lineage, rooms.Store, rooms.Digests, settings);
        var steps = new DocumentRecomputation(documents, rooms.Home, rooms.Store, rooms.Steps, rooms.Lineage, settings)
            .Run(document, options, step => Tell(common, rooms, step, json), interrupt.Token);
        if (!common.Json) Console.Out.WriteLine(Summary(steps));
        return Status(steps);
    }

    private static int Status(IReadOnlyList<RecomputedStep> steps) =>
        Any(steps, RecomputeVerdict.Failed) ? Failure.StepFailed
        : Any(steps, RecomputeVerdict.Different) ? Failure.Different
        : Any(steps, RecomputeVerdict.Impossible) ? Failure.NoSandbox
        : Any(steps, RecomputeVerdict.NeverRan) ? Failure.Usage : 0;

    private static bool Any(IReadOnlyList<RecomputedStep> steps, RecomputeVerdict verdict) => steps.Any(s => s.Verdict == verdict);

    private static string Summary(IReadOnlyList<RecomputedStep> steps)
    {
        int Number(RecomputeVerdict verdict) => steps.Count(s => s.Verdict == verdict);
        var parts = new List<string> { $"{Number(RecomputeVerdict.Same)} the same" };
        if (Number(RecomputeVerdict.Different) is > 0 and var different) parts.Add($"{different} different");
        if (Number(RecomputeVerdict.Failed) is > 0 and var failed) parts.Add($"{failed} failed");
        if (Number(RecomputeVerdict.Impossible) is > 0 and var impossible) parts.Add($"{impossible} could not be run again");
        if (Number(RecomputeVerdict.NeverRan) is > 0 and var never) parts.Add($"{never} never ran");
        return $"{Words.Count(steps.Count, "step")}: {string.Join(", ", parts)}";
    }

    private static string Word(RecomputeVerdict verdict) => verdict switch
    {
        RecomputeVerdict.Same => "same",
        RecomputeVerdict.Different => "different",
        RecomputeVerdict.Failed => "failed",
        RecomputeVerdict.Impossible => "not run again",
        _ => "never ran",
    };

    private static void Tell(CommonOptions common, Rooms rooms, RecomputedStep step, Stream? json)
    {
        if (json is not null)
        {
            Json(json, rooms, step);
            return;
        }
        if (common.Quiet && step.Verdict == RecomputeVerdict.Same) return;
        var name = step.Element.Length > 0 ? $"{step.Block} {step.Element}" : step.Block;
        var text = step switch
        {
            { Outcome: null } => step.Why,
            { Verdict: RecomputeVerdict.Failed } => $"exit status {step.Outcome.Trace.ExitCode}, step {step.Before!.Step.Short}",
            _ => $"{Words.Time(step.Outcome.Trace.Elapsed)} (before: {Words.Time(step.Before!.Elapsed)}), step {step.Before.Step.Short}",
        };
        Console.Out.WriteLine(Words.Line($"{Word(step.Verdict)}: {name}: {text}"));
        if (step.Outcome is not { } outcome || step.Verdict == RecomputeVerdict.Same) return;
        using var details = new StringWriter();
        DifferenceText.Print(details, step.Differences, rooms.Store);
        foreach (var difference in step.Differences.Where(static d => d.What is "output" or "said"))
            foreach (var line in DifferenceText.Lines(difference, rooms.Store, MostLines)) details.WriteLine("  " + Words.Line(line));
        foreach (var cause in Causes(outcome.Trace)) details.WriteLine($"may be the cause: {cause}");
        foreach (var line in details.ToString().TrimEnd('\n').Split('\n')) Console.Out.WriteLine("  " + line);
    }

    /// <summary>What the step did that its inputs do not decide.</summary>
    private static IEnumerable<string> Causes(Trace trace) => trace.Effects
        .Where(static e => e.Kind is EffectKinds.Clock or EffectKinds.Random or EffectKinds.Network or EffectKinds.Host or EffectKinds.Device)
        .Take(MostEffects).Select(static e => Words.Line($"{e.Kind}: {e.Detail}"));

    private static void Json(Stream output, Rooms rooms, RecomputedStep step) => TraceJson.WriteLine(output, json =>
    {
        json.WriteString("block", step.Block);
        json.WriteString("element", TraceJson.Safe(step.Element));
        json.WriteString("verdict", Word(step.Verdict));
        if (step.Why.Length > 0) json.WriteString("why", TraceJson.Safe(step.Why));
        if (step.Before is not { } before) return;
        json.WriteString("step", before.Step.ToString());
        json.WriteString("before", before.Execution);
        if (step.Outcome is not { } outcome) return;
        json.WriteString("after", outcome.Trace.Execution);
        DifferenceText.Json(json, step.Differences, rooms.Store);
        TraceJson.Texts(json, "mayBeTheCause", step.Verdict == RecomputeVerdict.Same ? [] : Causes(outcome.Trace));
        json.WriteNumber("exitCode", outcome.Trace.ExitCode);
        json.WriteNumber("secondsBefore", Math.Round(before.Elapsed.TotalSeconds, 6));
        json.WriteNumber("seconds", Math.Round(outcome.Trace.Elapsed.TotalSeconds, 6));
    });
}
