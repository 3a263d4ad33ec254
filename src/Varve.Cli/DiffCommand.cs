using System.CommandLine;
using Varve.Lineage;
using Varve.Steps;
using Varve.Store;

namespace Varve.Cli;

/// <summary><c>varve diff</c>: two executions, or two versions of a file.</summary>
internal static class DiffCommand
{
    public static Command Make()
    {
        const string what = "STEP|EXECUTION|PATH|PATH@EXECUTION|DIGEST";
        var first = new Argument<string>("a") { Description = "The one", HelpName = what };
        var second = new Argument<string>("b") { Description = "The other", HelpName = what };
        var command = new Command("diff", "How two executions differ, or two versions of a file (PATH is the file as it is now)") { first, second };
        command.SetAction(parsed => Run(CommonOptions.Of(parsed), parsed.GetRequiredValue(first), parsed.GetRequiredValue(second)));
        return command;
    }

    private static int Run(CommonOptions common, string first, string second)
    {
        using var rooms = Rooms.Open(new Settings());
        var versions = new Versions(rooms.Lineage, rooms.Store);
        using var a = versions.Open(first, CommonOptions.Absolute(first));
        using var b = versions.Open(second, CommonOptions.Absolute(second));
        if (a is null != b is null) throw new UsageException($"{(a is null ? first : second)} is an execution and {(a is null ? second : first)} a file; name two of a kind, such as PATH@EXECUTION");
        using var output = Console.OpenStandardOutput();
        if (a is not null && b is not null)
        {
            var content = ContentDifference.Between(a, b);
            if (common.Json) TraceJson.WriteLine(output, json => DifferenceText.Json(json, content));
            else Console.Out.WriteLine(DifferenceText.Of(content));
            return content.Same ? 0 : Failure.Different;
        }
        var history = new History(rooms.Lineage);
        var (one, other) = (history.Find(first, CommonOptions.Absolute(first)), history.Find(second, CommonOptions.Absolute(second)));
        var differences = Comparison.Between(one, other);
        if (common.Json)
        {
            TraceJson.WriteLine(output, json =>
            {
                json.WriteString("first", one.Execution);
                json.WriteString("second", other.Execution);
                json.WriteBoolean("same", differences.Count == 0);
                DifferenceText.Json(json, differences, rooms.Store);
            });
        }
        else if (differences.Count == 0)
        {
            Console.Out.WriteLine($"same: {one.Execution} and {other.Execution}");
        }
        else
        {
            DifferenceText.Print(Console.Out, differences, rooms.Store);
        }
        return differences.Count == 0 ? 0 : Failure.Different;
    }
}
