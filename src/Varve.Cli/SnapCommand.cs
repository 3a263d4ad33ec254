using System.CommandLine;
using Varve.Snapshots.Keeping;

namespace Varve.Cli;

/// <summary><c>varve snap</c>: snapshots by policy.</summary>
internal static class SnapCommand
{
    public static Command Make()
    {
        var take = new Option<bool>("--take", "--take-snapshots") { Description = "Take the snapshots that are due" };
        var prune = new Option<bool>("--prune", "--prune-snapshots") { Description = "Destroy the snapshots that no rule keeps" };
        var cron = new Option<bool>("--cron") { Description = "Both, for a timer" };
        var dryRun = new Option<bool>("--dry-run", "--readonly") { Description = "Only say what would be done" };
        var yes = new Option<bool>("--yes") { Description = "Also a prune that takes more than its stated share" };
        var config = SnapOptions.Config();
        var zone = SnapOptions.Zone();
        var command = new Command("snap", "Snapshots by policy: take them, prune them, see beforehand what would happen")
        {
            take, prune, cron, dryRun, yes, config, zone, SnapPlanCommand.Make(), SnapSimulateCommand.Make(), SnapMonitorCommand.Make(), SnapCheckoutCommand.Make(), SnapVolumesCommand.Make(), RepositoryCommand.Make(),
        };
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            var both = parsed.GetValue(cron);
            var (takes, prunes, dry) = (both || parsed.GetValue(take), both || parsed.GetValue(prune), parsed.GetValue(dryRun));
            if (!takes && !prunes) throw new UsageException("say --take, --prune or --cron; `varve snap plan` shows what a prune would do");
            using var runLock = dry ? null : RunLock.Take(RunLock.UsualFolder);
            if (runLock is null && !dry)
            {
                // The other one does the work, and the timer comes again.
                Console.Error.WriteLine("varve: another varve snap is at work; nothing done");
                return 0;
            }
            var keeper = SnapOptions.Keeper(parsed.GetValue(config), parsed.GetValue(zone), dry, parsed.GetValue(yes));
            return Report(Work(keeper, takes, prunes), keeper, dry, common);
        });
        return command;
    }

    private static List<Deed> Work(Keeper keeper, bool takes, bool prunes)
    {
        var now = SnapOptions.Now();
        var plans = keeper.Plan(now);
        var deeds = new List<Deed>();
        if (takes) deeds.AddRange(keeper.Take(plans, now));
        if (prunes && !keeper.DryRun && deeds.Count > 0) plans = keeper.Plan(SnapOptions.Now(), now);
        if (prunes) deeds.AddRange(keeper.Prune(plans));
        return deeds;
    }

    private static int Report(List<Deed> deeds, Keeper keeper, bool dry, CommonOptions common)
    {
        using var output = Console.OpenStandardOutput();
        foreach (var deed in deeds)
        {
            if (common.Json)
            {
                TraceJson.WriteLine(output, json =>
                {
                    json.WriteString("snapshot", TraceJson.Safe(deed.FullName));
                    json.WriteString("action", deed.Action);
                    json.WriteBoolean("dryRun", dry);
                    if (deed.Failure.Length > 0) json.WriteString("failure", TraceJson.Safe(deed.Failure));
                });
            }
            else if (deed.Failure.Length > 0)
            {
                Console.Error.WriteLine(Words.Line($"varve: {deed.FullName}: {deed.Failure}"));
            }
            else if (!common.Quiet)
            {
                Console.Out.WriteLine(Words.Line($"{(dry ? "would " : "")}{deed.Action} {deed.FullName}"));
            }
        }
        foreach (var name in keeper.Missing) Console.Error.WriteLine(Words.Line($"varve: {name}: the configuration names it, and there is no such dataset"));
        return keeper.Missing.Count > 0 || deeds.Exists(static d => d.Failure.Length > 0) ? Failure.StepFailed : 0;
    }
}
