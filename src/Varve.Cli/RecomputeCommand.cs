using System.CommandLine;
using Varve.Lineage;
using Varve.Steps;

namespace Varve.Cli;

/// <summary><c>varve recompute</c>: runs a known step once more and compares.</summary>
internal static class RecomputeCommand
{
    public static Command Make()
    {
        var name = new Argument<string>("what") { Description = "A step, an execution, or a file that a step wrote", HelpName = "STEP|EXECUTION|PATH" };
        var command = new Command("recompute", "Run a known step again on what it saw, beside the workspace, and compare; both results are kept") { name };
        command.SetAction(parsed => Run(CommonOptions.Of(parsed), parsed.GetRequiredValue(name)));
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
