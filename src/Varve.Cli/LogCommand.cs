using System.CommandLine;
using Varve.Lineage;
using Varve.Steps;

namespace Varve.Cli;

/// <summary><c>varve log</c>: what ran, newest first.</summary>
internal static class LogCommand
{
    private const int ByDefault = 50;

    public static Command Make()
    {
        var most = new Option<int>("-n") { Description = "At most so many", HelpName = "N", DefaultValueFactory = _ => ByDefault };
        var command = new Command("log", "What ran, newest first") { most };
        command.SetAction(parsed => Run(CommonOptions.Of(parsed), parsed.GetValue(most)));
        return command;
    }

    private static int Run(CommonOptions common, int most)
    {
        using var rooms = Rooms.Open(new Settings());
        var entries = new History(rooms.Lineage).Recent(most);
        var taints = new Taints(rooms.Lineage);
        if (common.Json) Json(entries, taints.OfExecution);
        else Print(Console.Out, entries, common.Verbose, taints.OfExecution);
        return 0;
    }

    internal static void Print(TextWriter output, IReadOnlyList<LogEntry> entries, bool verbose, Func<string, IReadOnlyList<Taint>>? taints = null)
    {
        const int commandColumns = 100;
        foreach (var entry in entries)
        {
            var result = entry.ExitCode != 0 ? $"exit {entry.ExitCode}" : entry.NotReusable.Length > 0 ? "once" : entry.Uses > 0 ? $"+{entry.Uses} reused" : "";
            var command = entry.Origin is { } origin ? $"{Path.GetFileName(origin.Document)}: {Block(origin)}" : ShellText.Join(entry.Command);
            output.WriteLine(Words.Line($"{Words.When(entry.StartedAt)}  {entry.Step.Short}  {Words.Time(entry.Elapsed),10}  {result,-11} {(verbose ? command.ReplaceLineEndings("; ") : Words.Short(command, commandColumns))}{(taints?.Invoke(entry.Execution) is { Count: > 0 } ? "  TAINTED" : "")}"));
            if (!verbose) continue;
            output.WriteLine(Words.Line($"  execution {entry.Execution} in {entry.Directory}: {ShellText.Join(entry.Command)}"));
            if (entry.NotReusable.Length > 0) output.WriteLine(Words.Line($"  not reused: {entry.NotReusable}"));
        }
    }

    private static string Block(Origin origin) => origin.Element.Length > 0 ? $"{origin.Block} {origin.Element}" : origin.Block;

    private static void Json(IReadOnlyList<LogEntry> entries, Func<string, IReadOnlyList<Taint>> taints)
    {
        using var output = Console.OpenStandardOutput();
        foreach (var entry in entries)
        {
            TraceJson.WriteLine(output, json =>
            {
                json.WriteString("step", entry.Step.ToString());
                json.WriteString("execution", entry.Execution);
                TraceJson.Texts(json, "command", entry.Command);
                json.WriteString("cwd", TraceJson.Safe(entry.Directory));
                json.WriteNumber("exitCode", entry.ExitCode);
                json.WriteBoolean("reusable", entry.NotReusable.Length == 0);
                json.WriteNumber("uses", entry.Uses);
                if (entry.Origin is { } origin) TraceJson.Origin(json, origin);
                json.WriteNumber("seconds", Math.Round(entry.Elapsed.TotalSeconds, 6));
                json.WriteString("startedAt", entry.StartedAt.UtcDateTime);
                TaintCommand.Json(json, taints(entry.Execution));
            });
        }
    }
}
