using System.CommandLine;
using Varve.Documents;
using Varve.Lineage;
using Varve.Steps;

namespace Varve.Cli;

/// <summary><c>varve recompute</c>: runs a known step, or all steps of a document, once more and compares.</summary>
internal static class RecomputeCommand
{
    public static Command Make()
    {
        var name = new Argument<string>("what") { Description = "A step, an execution, a file that a step wrote, or a document", HelpName = "STEP|EXECUTION|PATH|FILE.md" };
        var inputs = new Option<string[]>("-i") { Description = "For a document: another path for an input", HelpName = "NAME=PATH" };
        var parameters = new Option<string[]>("-p") { Description = "For a document: another value for a parameter", HelpName = "NAME=VALUE" };
        var pass = new Option<string[]>("--pass") { Description = "For a document: the variables it was run with", HelpName = "VAR" };
        var strict = new Option<bool>("--strict") { Description = "For a document that was run with it" };
        var jobs = new Option<int?>("-j", "--jobs") { Description = "For a document: most steps at once", HelpName = "N" };
        var command = new Command("recompute", "Run a known step, or every step of a document, again on what it saw, beside the workspace, and compare") { name, inputs, parameters, pass, strict, jobs };
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            var what = parsed.GetRequiredValue(name);
            if (!RecomputeReport.IsDocument(CommonOptions.Absolute(what))) return Run(common, what);
            return RecomputeReport.Run(common, parsed.GetValue(strict), new RunOptions
            {
                File = CommonOptions.Absolute(what),
                Inputs = RunCommand.Pairs("-i", parsed.GetValue(inputs), CommonOptions.Absolute),
                Parameters = RunCommand.Pairs("-p", parsed.GetValue(parameters), static value => value),
                Pass = parsed.GetValue(pass) ?? [],
                Jobs = parsed.GetValue(jobs) is not { } number ? null : number >= 1 ? number : throw new UsageException($"-j {number}: give a number from 1"),
            });
        });
        return command;
    }

    private static int Run(CommonOptions common, string name)
    {
        var settings = Settings.Load(Settings.WorkspaceOf(CommonOptions.CurrentFolder));
        using var rooms = Rooms.Open(settings);
        using var interrupt = new Interrupt(() => Console.Error.WriteLine("varve: interrupted"));
        var before = new History(rooms.Lineage).Find(name, CommonOptions.Absolute(name));
        var outcome = new Recomputation(rooms.Home, rooms.Store, rooms.Steps, settings).Run(before, interrupt.Token);
        var after = outcome.Trace;
        var differences = Comparison.Left(before, after).ToList();
        if (common.Json)
        {
            using var output = Console.OpenStandardOutput();
            TraceJson.WriteLine(output, json =>
            {
                json.WriteString("step", after.Step.ToString());
                json.WriteString("before", before.Execution);
                json.WriteString("after", after.Execution);
                json.WriteBoolean("same", differences.Count == 0);
                DifferenceText.Json(json, differences, rooms.Store);
                json.WriteNumber("exitCode", after.ExitCode);
                json.WriteNumber("secondsBefore", Math.Round(before.Elapsed.TotalSeconds, 6));
                json.WriteNumber("seconds", Math.Round(after.Elapsed.TotalSeconds, 6));
            });
        }
        else
        {
            foreach (var warning in outcome.Warnings) Console.Error.WriteLine($"varve: warning: {Words.Line(warning)}");
            var took = $"step {after.Step.Short}, {Words.Time(after.Elapsed)} (before: {Words.Time(before.Elapsed)})";
            if (differences.Count == 0)
            {
                var files = before.Changes.Count(static c => c.Digest != default);
                Console.Out.WriteLine($"same: {Words.Count(files, "file")} and what it said, {took}");
            }
            else
            {
                Console.Out.WriteLine($"different: {took}; both are kept, {before.Execution} and {after.Execution}");
                DifferenceText.Print(Console.Out, differences, rooms.Store);
            }
        }
        return after.ExitCode != 0 && before.ExitCode == 0 ? Failure.StepFailed : differences.Count == 0 ? 0 : Failure.Different;
    }
}
