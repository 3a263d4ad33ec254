using System.CommandLine;
using Varve.Lineage;
using Varve.Steps;

namespace Varve.Cli;

/// <summary><c>varve gc</c>: frees space.</summary>
internal static class GcCommand
{
    public static Command Make()
    {
        var older = new Option<string>("--older-than") { Description = "Forget executions neither run nor reused for so long: 30d, 12h", HelpName = "TIME" };
        var most = new Option<string>("--to") { Description = "Let results go, the cheapest to compute again first, until the store is no larger: 20G", HelpName = "SIZE" };
        var dry = new Option<bool>("--dry-run", "-n") { Description = "Say what would go, and remove nothing" };
        var command = new Command("gc", "Free space: what nothing counts on, what crashes and failures left, and what the options say") { older, most, dry };
        command.SetAction(parsed => Run(CommonOptions.Of(parsed), new CollectionOptions
        {
            OlderThan = parsed.GetValue(older) is { } time ? StepOptionSet.ParseTime(time, "--older-than") : null,
            ToBytes = parsed.GetValue(most) is { } size ? StepOptionSet.ParseSize(size, "--to") : null,
            DryRun = parsed.GetValue(dry),
        }));
        return command;
    }

    private static int Run(CommonOptions common, CollectionOptions options)
    {
        using var rooms = Rooms.Open(new Settings());
        var report = new Collection(rooms.Home, rooms.Lineage, rooms.Store).Run(options);
        if (common.Json)
        {
            using var output = Console.OpenStandardOutput();
            TraceJson.WriteLine(output, json =>
            {
                json.WriteBoolean("dryRun", options.DryRun);
                json.WriteNumber("bytesFreed", report.BytesFreed);
                json.WriteNumber("bytesKept", report.BytesKept);
                json.WriteNumber("blobs", report.Blobs);
                json.WriteNumber("leftovers", report.Leftovers);
                json.WriteNumber("forgotten", report.Forgotten);
                json.WriteNumber("letGo", report.LetGo);
                json.WriteNumber("secondsLetGo", Math.Round(report.SecondsLetGo, 3));
            });
            return 0;
        }
        Console.Out.WriteLine(Text(report, options.DryRun));
        return 0;
    }

    internal static string Text(CollectionReport report, bool dryRun)
    {
        var text = $"{(dryRun ? "would free" : "freed")} {Words.Size(report.BytesFreed)}: {Words.Count(report.Blobs, "blob")}";
        if (report.Leftovers > 0) text += $", {Words.Count(report.Leftovers, "leftover")} of crashed or failed steps";
        if (report.Forgotten > 0) text += $", {Words.Count(report.Forgotten, "execution")} forgotten";
        if (report.LetGo > 0) text += $", the results of {Words.Count(report.LetGo, "step")} ({Words.Time(TimeSpan.FromSeconds(report.SecondsLetGo))} to have again)";
        return $"{text}; {Words.Size(report.BytesKept)} {(dryRun ? "would be" : "are")} kept";
    }
}
