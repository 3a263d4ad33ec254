using System.CommandLine;
using Varve.Snapshots.Repository;

namespace Varve.Cli;

/// <summary><c>varve snap repo forget</c>, <c>prune</c> and <c>repair</c>: snapshots that are not wanted, the space they took, and a head that was lost.</summary>
internal static class RepositoryPruneCommand
{
    public static Command MakeForget()
    {
        var snapshots = new Argument<string[]>("snapshot") { Description = "Begin of a name, or a label", HelpName = "SNAPSHOT", Arity = ArgumentArity.OneOrMore };
        var command = new Command("forget", "Drop these snapshots; `prune` then frees what only they needed");
        var options = new RepositoryOptions().To(command);
        command.Add(snapshots);
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            using var repository = options.Open(parsed, exclusive: true);
            var found = parsed.GetValue(snapshots)!.Select(repository.Find).DistinctBy(static s => s.Name).ToList();
            repository.Forget([.. found.Select(static s => s.Name)]);
            foreach (var snapshot in found)
            {
                if (common.Json) RepositoryCommand.Line(json => RepositoryJson.Snapshot(json, snapshot));
                else if (!common.Quiet) Console.Out.WriteLine($"forgot {snapshot.Name[..12]}");
            }
            return 0;
        });
        return command;
    }

    public static Command MakePrune()
    {
        var dry = new Option<bool>("--dry-run", "-n") { Description = "Say what would go, and remove nothing" };
        var command = new Command("prune", "Free what no snapshot needs, and what crashes left") { dry };
        var options = new RepositoryOptions().To(command);
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            using var repository = options.Open(parsed, exclusive: true);
            var dryRun = parsed.GetValue(dry);
            var report = RepositoryOptions.Run(common, "pruning", (_, cancel) => repository.Prune(dryRun, cancel));
            if (common.Json) RepositoryCommand.Line(json =>
            {
                json.WriteBoolean("dryRun", dryRun);
                json.WriteNumber("packsRemoved", report.PacksRemoved);
                json.WriteNumber("packsRewritten", report.PacksRewritten);
                json.WriteNumber("bytesFreed", report.BytesFreed);
                json.WriteNumber("bytesKept", report.BytesKept);
                json.WriteNumber("leftovers", report.Leftovers);
            });
            else if (!common.Quiet) Console.Out.WriteLine($"{(dryRun ? "would free" : "freed")} {Words.Size(report.BytesFreed)}: {Words.Count(report.PacksRemoved, "pack")}, {report.PacksRewritten} of them rewritten; {Words.Size(report.BytesKept)} {(dryRun ? "would be" : "are")} kept");
            return 0;
        });
        return command;
    }

    public static Command MakeRepair()
    {
        var command = new Command("repair", "Make a new head of the snapshots that are there, where the newest is damaged or lost");
        var options = new RepositoryOptions().To(command, isOpened: false);
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            var count = options.RemakeHead(parsed);
            if (common.Json) RepositoryCommand.Line(json => json.WriteNumber("snapshots", count));
            else if (!common.Quiet) Console.Out.WriteLine($"a new head names {Words.Count(count, "snapshot")}; `varve snap repo verify` says whether they are whole");
            return 0;
        });
        return command;
    }
}
