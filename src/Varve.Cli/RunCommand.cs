using System.CommandLine;
using Varve.Documents;
using Varve.Export;
using Varve.Linux;
using Varve.Running;
using Varve.Steps;

namespace Varve.Cli;

/// <summary><c>varve run</c>: runs a document.</summary>
internal static class RunCommand
{
    private static readonly TimeSpan BetweenPlainLines = TimeSpan.FromSeconds(5);
    private const int MostFailuresShown = 3;

    private static readonly Argument<string> File = new("file") { Description = "The document", HelpName = "FILE.md" };
    private static readonly Argument<string[]> Targets = new("target") { Description = "Blocks, or files: run only what they need", HelpName = "TARGET", Arity = ArgumentArity.ZeroOrMore };
    private static readonly Option<string[]> Inputs = new("-i") { Description = "Another path for an input", HelpName = "NAME=PATH" };
    private static readonly Option<string[]> Parameters = new("-p") { Description = "Another value for a parameter", HelpName = "NAME=VALUE" };
    private static readonly Option<int?> Jobs = new("-j", "--jobs") { Description = "Most steps at once; else as cores and memory allow", HelpName = "N" };
    private static readonly Option<bool> DryRun = new("--dry-run", "-n") { Description = "Say what would run and why, and run nothing" };
    private static readonly Option<bool> KeepGoing = new("--keep-going", "-k") { Description = "After a failure, run what does not depend on it" };
    private static readonly Option<bool> Again = new("--again") { Description = "Run even what is known" };
    private static readonly Option<bool> Strict = new("--strict") { Description = "Fix clock, randomness and processor for every step, so that every machine gives the same bytes" };
    private static readonly Option<string[]> Pass = new("--pass") { Description = "Let this environment variable into every step, and into its key", HelpName = "VAR" };

    private const long GarbageFree = 96L << 20;

    public static Command Make()
    {
        var command = new Command("run", "Run a Markdown document whose fenced blocks are the steps") { File, Targets, Inputs, Parameters, Jobs, DryRun, KeepGoing, Again, Strict, Pass };
        command.SetAction(parsed => Run(CommonOptions.Of(parsed), parsed));
        return command;
    }

    private static int Run(CommonOptions common, ParseResult parsed)
    {
        var file = CommonOptions.Absolute(parsed.GetRequiredValue(File));
        var options = new RunOptions
        {
            File = file,
            Inputs = Pairs("-i", parsed.GetValue(Inputs), CommonOptions.Absolute),
            Parameters = Pairs("-p", parsed.GetValue(Parameters), static value => value),
            Targets = parsed.GetValue(Targets) ?? [],
            Jobs = parsed.GetValue(Jobs) is not { } jobs ? null : jobs >= 1 ? jobs : throw new UsageException($"-j {jobs}: give a number from 1"),
            KeepGoing = parsed.GetValue(KeepGoing),
            Again = parsed.GetValue(Again),
            Pass = parsed.GetValue(Pass) ?? [],
        };
        var settings = Settings.Load(Settings.WorkspaceOf(Files.Parent(file)));
        if (parsed.GetValue(Strict)) settings = settings with { Strict = true };
        var document = Document.Load(file);
        using var rooms = Rooms.Open(settings);
        // A document with nothing to do lives for milliseconds: it is over before this much is used up, and never collects.
        GC.TryStartNoGCRegion(GarbageFree);
        rooms.Digests.LoadAside();
        var runner = new DocumentRunner(rooms.Home, rooms.Steps, rooms.Lineage, rooms.Store, rooms.Digests, settings);
        if (parsed.GetValue(DryRun)) return ForecastText.Print(common, runner.Forecast(document, options));
        if (!DebianPackages.Require(document.FrontMatter.DebianPackages, Console.Error)) return Failure.NoSandbox;
        return Run(common, runner, document, options, options.Jobs ?? settings.Jobs ?? Environment.ProcessorCount, settings.Sidecar ? new Sidecars(rooms.Lineage) : null);
    }

    private static int Run(CommonOptions common, DocumentRunner runner, Document document, RunOptions options, int jobs, Sidecars? sidecars)
    {
        using var json = common.Json ? Console.OpenStandardOutput() : null;
        var plain = new PlainView(Console.Error, common.Verbose, BetweenPlainLines);
        var isLive = !common.Json && !common.Quiet && !common.NoColor && IsCapableTerminal();
        var board = new RunBoard(jobs)
        {
            OnEnded = json is not null ? told => PlainView.Json(json, told) : common.Quiet || isLive ? null : plain.Tell,
        };
        RunReport report;
        using (var live = isLive ? new LiveView(board, Path.GetFileName(document.Path), colours: true) : null)
        using (var interrupt = new Interrupt(() => Stopping(live)))
        {
            report = runner.Run(document, options, board, interrupt.Token);
        }
        sidecars?.WriteBeside(report.Published);
        foreach (var failure in report.Failures.Take(MostFailuresShown)) Tell(failure);
        if (report.Failures.Count > MostFailuresShown) Console.Error.WriteLine($"varve: and {report.Failures.Count - MostFailuresShown} more steps failed; `varve log` has them");
        if (report.Interrupted) Console.Error.WriteLine("varve: interrupted; what has finished is kept, and the next run begins there");
        if (!common.Quiet && !common.Json) Console.Error.WriteLine(board.Snapshot().Summary());
        if (!common.Json)
            foreach (var published in report.Published) Console.Out.WriteLine(Words.Line(published));
        return report.Interrupted ? Failure.Interrupted : report.Failures.Count > 0 ? Failure.StepFailed : 0;
    }

    private static void Stopping(LiveView? live)
    {
        const string text = "stopping: steps that run are ended, what has finished is kept; once more ends Varve at once";
        if (live is not null) live.Notice(text);
        else Console.Error.WriteLine($"varve: {text}");
    }

    private static void Tell(StepFailure failure)
    {
        var name = failure.Element.Length > 0 ? $"{failure.Block} {failure.Element}" : failure.Block;
        var trace = failure.Outcome.Trace;
        Console.Error.WriteLine(Words.Line($"varve: {name} ({failure.Place}) failed with exit status {trace.ExitCode}, step {trace.Step.Short}{(failure.LastLines.Count > 0 ? "; it said last:" : "; it said nothing")}"));
        foreach (var line in failure.LastLines) Console.Error.WriteLine($"  {Words.Line(line)}");
        if (failure.Outcome.KeptIn.Length > 0) Console.Error.WriteLine(Words.Line($"  what it wrote is in {failure.Outcome.KeptIn}"));
    }

    private static bool IsCapableTerminal() =>
        Processes.isatty(2) == 1 && Environment.GetEnvironmentVariable("TERM") is { Length: > 0 } terminal && terminal != "dumb"
        && Environment.GetEnvironmentVariable("CI") is not { Length: > 0 };

    internal static IReadOnlyList<KeyValuePair<string, string>> Pairs(string option, string[]? words, Func<string, string> value) => [.. (words ?? []).Select(word =>
    {
        var equals = word.IndexOf('=');
        return equals > 0 ? new KeyValuePair<string, string>(word[..equals], value(word[(equals + 1)..])) : throw new UsageException($"{option} {word}: write it as NAME={(option == "-i" ? "PATH" : "VALUE")}");
    })];
}
