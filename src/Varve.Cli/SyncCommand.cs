using System.CommandLine;
using Varve.Snapshots.Replication;
using Varve.Snapshots.Repository;
using Varve.Snapshots.Volumes;

namespace Varve.Cli;

/// <summary><c>varve sync</c>: datasets on other hosts and disks made equal to those here, or the other way round.</summary>
internal static class SyncCommand
{
    public static Command Make()
    {
        var source = new Argument<string>("source") { Description = "pool/name, /folder, or host:pool/name", HelpName = "SOURCE" };
        var targets = new Argument<string[]>("target") { Description = "The same, or [host:]repo:FOLDER for a repository; several are served at once", HelpName = "TARGET", Arity = ArgumentArity.OneOrMore };
        var dryRun = new Option<bool>("--dry-run", "-n") { Description = "Only say what would be done" };
        var command = new Command("sync", "Send snapshots to other hosts or disks, from the newest that both have") { source, targets, dryRun };
        var set = new SyncOptionSet().To(command);
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            var options = set.Of(parsed);
            using var sides = new Sides(set.Ssh(parsed), static line => Console.Error.WriteLine(Words.Line($"varve: {line}")), set.Elevates(parsed));
            using var view = new SyncView(common, set.DumpsSnapshots(parsed) || common.Verbose);
            var (from, to) = (Place.Parse(parsed.GetValue(source)!), parsed.GetValue(targets)!.Select(Place.Parse).ToList());
            if (from.IsRepository) throw new UsageException($"{parsed.GetValue(source)} is a repository; `varve snap repo restore` brings snapshots back out of it");
            var dry = parsed.GetValue(dryRun);
            using var interrupt = new Interrupt(static () => { });
            foreach (var target in to.Where(static t => !t.IsRepository && t.Host.Length > 0)) sides.Expect(target, options.Recursive);
            var here = sides.Open(from, options.Recursive);
            var repositories = to.Where(static t => t.IsRepository).Select(t => RepositoryAt(t, set.Ssh(parsed))).ToList();
            List<Side> there = [.. to.Where(static t => !t.IsRepository).Select(t => sides.Open(t, options.Recursive))];
            if (dry)
            {
                foreach (var side in there) view.Show(Sync.Plan(here, side, options));
                foreach (var repository in repositories) view.Show(repository.Plan(here, options));
                return view.Refused ? Failure.StepFailed : 0;
            }
            List<SyncReport> reports = there.Count == 0 ? [] : [.. Sync.Run(here, there, options, view, interrupt.Token)];
            foreach (var repository in repositories) reports.Add(repository.Run(here, options, view, interrupt.Token));
            return view.Report(reports);
        });
        return command;
    }

    private static RepositoryTarget RepositoryAt(Place place, SshOptions ssh)
    {
        ObjectStore At() => RepositoryOptions.StoreAt(place, ssh);
        using var store = At();
        var address = place.Host.Length > 0 ? store.Path : $"repo:{store.Path}";
        var key = SnapshotRepository.IsEncrypted(store) ? RepositoryKey.OfEnvironment() ?? RepositoryOptions.Asked($"Passphrase of {store.Path}: ") : null;
        return new RepositoryTarget(At, address, key, SnapshotRepository.UsualCacheFolder);
    }
}
