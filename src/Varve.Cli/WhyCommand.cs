using System.CommandLine;
using Varve.Lineage;
using Varve.Steps;

namespace Varve.Cli;

/// <summary><c>varve why</c>: why a step ran, and whether it would run now.</summary>
internal static class WhyCommand
{
    public static Command Make()
    {
        var name = new Argument<string>("what") { Description = "A step, an execution, or a file that one made", HelpName = "STEP|EXECUTION|PATH" };
        var command = new Command("why", "Why it ran (again), and whether it would run now: the very input, variable or program") { name };
        command.SetAction(parsed => Run(CommonOptions.Of(parsed), parsed.GetRequiredValue(name)));
        return command;
    }

    private static int Run(CommonOptions common, string name)
    {
        using var rooms = Rooms.Open(Settings.Load(Settings.WorkspaceOf(CommonOptions.CurrentFolder)));
        var trace = new History(rooms.Lineage).Find(name, CommonOptions.Absolute(name));
        var reason = new WhyFinder(rooms.Lineage).Of(trace);
        var now = trace.Key.Environment == "host" ? rooms.Steps.Forecast(AsItWas(trace)) : null;
        if (common.Json) WriteJson(rooms, reason, now);
        else Print(rooms, reason, now);
        return 0;
    }

    /// <summary>The step as it was asked for, to see whether it would be reused.</summary>
    private static StepRequest AsItWas(Trace trace) => new() { Key = trace.Key, WorkspaceOutside = trace.Key.Workspace, Origin = trace.Origin };

    private static void Print(Rooms rooms, Reason reason, StepForecast? now)
    {
        var trace = reason.Trace;
        Console.Out.WriteLine($"step {trace.Step.Short} ran {Words.When(trace.StartedAt)}: {Words.Short(Words.Line(ShellText.Readable(trace)), 120)}");
        if (reason.Text.Length > 0) Console.Out.WriteLine($"because {reason.Text}");
        else Console.Out.WriteLine(reason.Before!.Step == trace.Step ? $"because this changed since execution {reason.Before.Execution[..12]} (then | now):" : $"because it was asked for differently than in step {reason.Before.Step.Short} (then | now):");
        DifferenceText.Print(Console.Out, reason.Differences, rooms.Store);
        if (trace.Parts.Reused > 0) Console.Out.WriteLine($"in it {StepSummary.Inside(trace)}");
        foreach (var whole in trace.Parts.Whole) Console.Out.WriteLine(Words.Line($"not apart from the whole: {whole}"));
        if (now is null) return;
        Console.Out.WriteLine(now.Known is null ? $"now it would run: {now.Why}" : "now it would be reused");
    }

    private static void WriteJson(Rooms rooms, Reason reason, StepForecast? now)
    {
        using var output = Console.OpenStandardOutput();
        TraceJson.WriteLine(output, json =>
        {
            json.WriteString("step", reason.Trace.Step.ToString());
            json.WriteString("execution", reason.Trace.Execution);
            if (reason.Before is { } before) json.WriteString("comparedWith", before.Execution);
            if (reason.Text.Length > 0) json.WriteString("because", reason.Text);
            DifferenceText.Json(json, reason.Differences, rooms.Store);
            TraceJson.Inside(json, reason.Trace);
            if (now is null) return;
            json.WriteString("now", now.Known is null ? "run" : "reuse");
            if (now.Why.Length > 0) json.WriteString("nowWhy", TraceJson.Safe(now.Why));
        });
    }
}
