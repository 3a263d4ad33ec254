using System.CommandLine;
using Varve.Snapshots;
using Varve.Snapshots.Policy;

namespace Varve.Cli;

/// <summary><c>varve snap simulate</c>: what a policy leaves, after any span of time, without waiting for it.</summary>
internal static class SnapSimulateCommand
{
    public static Command Make()
    {
        var config = SnapOptions.Config();
        var from = new Option<string>("--from") { Description = "The time of the first run", HelpName = "TIME", Required = true };
        var to = new Option<string>("--to") { Description = "No run is later than this", HelpName = "TIME", Required = true };
        var every = new Option<string>("--every") { Description = "The time between two runs: 15m, 1h, 2d", HelpName = "SPAN", DefaultValueFactory = static _ => "1h" };
        var zone = SnapOptions.Zone();
        var prune = new Option<bool>("--prune") { Description = "Prune at each run, after taking" };
        var datasets = new Option<string[]>("--dataset") { Description = "A dataset there is; else those that the configuration names", HelpName = "NAME", Arity = ArgumentArity.OneOrMore };
        var command = new Command("simulate", "Play a policy over a span of time; print the names of the snapshots left") { config, from, to, every, zone, prune, datasets };
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            var where = SnapOptions.ZoneOf(parsed.GetValue(zone));
            var (first, last, step) = (Times.Parse(parsed.GetValue(from)!, where), Times.Parse(parsed.GetValue(to)!, where), Times.Span(parsed.GetValue(every)!));
            if (first > last) throw new SnapshotException("--from is later than --to");
            var simulation = new Simulation(PolicyFiles.Read(parsed.GetValue(config) ?? PolicyFiles.Usual()), parsed.GetValue(datasets) ?? [], where);
            for (var now = first; now <= last; now += step) simulation.Run(now, parsed.GetValue(prune));
            Print(simulation, common);
            return 0;
        });
        return command;
    }

    private static void Print(Simulation simulation, CommonOptions common)
    {
        using var output = new StreamWriter(Console.OpenStandardOutput());
        foreach (var snapshot in simulation.Left)
        {
            if (!common.Json) output.WriteLine(snapshot.FullName);
            else
            {
                output.Flush();
                TraceJson.WriteLine(output.BaseStream, json =>
                {
                    json.WriteString("snapshot", TraceJson.Safe(snapshot.FullName));
                    json.WriteNumber("createdAt", snapshot.CreatedAt);
                });
            }
        }
    }
}
