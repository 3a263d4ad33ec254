using System.CommandLine;
using System.Globalization;
using Varve.Snapshots;
using Varve.Snapshots.Datasets;
using Varve.Snapshots.Volumes;

namespace Varve.Cli;

/// <summary><c>varve data</c>: datasets that lie on several hosts.</summary>
internal static class DataCommand
{
    public static Command Make() => new("data", "Datasets on several hosts: who holds which snapshot, clones from the nearest, drops that keep enough copies")
    {
        MakeAdd(), MakeJoin(), DataCloneCommand.Make(), MakeWhere(), DataStatusCommand.Make(), MakeDrop(), MakeWant(), MakeHost(), MakeForget(), DataCloneCommand.MakeResume(), DataCloneCommand.MakeFill(), MakePeer(),
    };

    /// <summary>This host; files that a snapshot could not take in are named.</summary>
    public static LocalHost Here() => new(LocalHost.UsualFolder, static line => Console.Error.WriteLine(Words.Line($"varve: {line}")));

    public static Argument<string> Dataset() => new("dataset") { Description = "Its name in the catalogue", HelpName = "DATASET" };

    private static Option<int?> Copies() => new("--copies") { Description = "How many hosts should hold its newest snapshot", HelpName = "N" };

    private static Command MakeAdd()
    {
        var dataset = Dataset();
        var at = new Argument<string>("at") { Description = "Where it is on this host: pool/name, or a folder", HelpName = "POOL/NAME|FOLDER" };
        var copies = Copies();
        var command = new Command("add", "Name a dataset of this host in the catalogue") { dataset, at, copies };
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            var (host, name, place) = (Here(), parsed.GetValue(dataset)!, parsed.GetValue(at)!);
            var folder = place.StartsWith('/') || place.StartsWith('.') || Directory.Exists(CommonOptions.Absolute(place)) ? CommonOptions.Absolute(place) : place;
            var catalogue = host.Claim(name, folder);
            if (parsed.GetValue(copies) is { } wanted) Want(host, name, wanted);
            var holding = catalogue.Hosts[host.Self.Name].Of(name)!;
            if (!common.Quiet) Console.Error.WriteLine(Words.Line($"varve: {host.Self.Name} holds {name} at {folder}, {(holding.Newest is { } newest ? $"newest snapshot {newest.Name}" : $"without a snapshot yet: take one, for others clone snapshots")}"));
            return 0;
        });
        return command;
    }

    private static Command MakeWant()
    {
        var dataset = Dataset();
        var copies = new Argument<int>("copies") { Description = "How many hosts should hold its newest snapshot", HelpName = "N" };
        var command = new Command("want", "How many copies of a dataset there should be") { dataset, copies };
        command.SetAction(parsed =>
        {
            CommonOptions.Of(parsed);
            Want(Here(), parsed.GetValue(dataset)!, parsed.GetValue(copies));
            return 0;
        });
        return command;
    }

    private static void Want(LocalHost host, string dataset, int copies)
    {
        if (copies is < 1 or > 1000) throw new UsageException($"{copies} copies: give a number from 1 to 1000");
        host.Update(c => c.With(new Wish(dataset, copies, (c.Wishes.GetValueOrDefault(dataset)?.Version ?? 0) + 1, host.Self.Name)));
    }

    private static Command MakeHost()
    {
        var name = new Argument<string?>("name") { Description = "The name by which others know this host; none shows it", HelpName = "NAME", Arity = ArgumentArity.ZeroOrOne };
        var address = new Option<string?>("--address") { Description = "How others reach it by ssh: host, or user@host; by default its name", HelpName = "ADDRESS" };
        var command = new Command("host", "The name and the address of this host in the catalogue") { name, address };
        command.SetAction(parsed =>
        {
            CommonOptions.Of(parsed);
            var host = Here();
            var (known, reached) = host.Self;
            if (parsed.GetValue(name) is not null || parsed.GetValue(address) is not null) host.Self = (parsed.GetValue(name) ?? known, parsed.GetValue(address) ?? parsed.GetValue(name) ?? reached);
            Console.Out.WriteLine(Words.Line($"{host.Self.Name} {host.Self.Address}"));
            return 0;
        });
        return command;
    }

    private static Command MakeJoin()
    {
        var address = new Argument<string>("address") { Description = "A host that has varve: host, or user@host", HelpName = "HOST" };
        var command = new Command("join", "Exchange catalogues with a host, and from then on with all that it knows") { address };
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            var host = Here();
            host.Change(static own => own);
            using var session = PeerSession.Open(new HostRecord(parsed.GetValue(address)!, parsed.GetValue(address)!, 0, 0), SshOptions.OfMany);
            var theirs = session.Exchange(host.Refresh());
            var known = host.Update(c => c.MergedWith(theirs));
            if (!common.Quiet) Console.Error.WriteLine(Words.Line($"varve: joined {session.Peer.Name}; known are {string.Join(", ", known.Hosts.Values.Where(static h => !h.IsGone).Select(static h => h.Name))}"));
            return 0;
        });
        return command;
    }

    private static Command MakeForget()
    {
        var name = new Argument<string>("host") { Description = "A host that is no more", HelpName = "HOST" };
        var command = new Command("forget", "Do not count on a host any more; when it comes back it is known again") { name };
        command.SetAction(parsed =>
        {
            CommonOptions.Of(parsed);
            var host = Here();
            var gone = parsed.GetValue(name)!;
            if (gone == host.Self.Name) throw new UsageException($"{gone} is this host");
            host.Update(c => c.Hosts.TryGetValue(gone, out var record) ? c.With(record with { IsGone = true, Holdings = [], Version = record.Version + 1, At = LocalHost.Now() })
                : throw new SnapshotException($"no host {gone} is known; `varve data status` lists them"));
            return 0;
        });
        return command;
    }

    private static Command MakeWhere()
    {
        var dataset = Dataset();
        var command = new Command("where", "Which hosts hold which snapshots of a dataset, as far as this host knows") { dataset };
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            var name = parsed.GetValue(dataset)!;
            var catalogue = Here().Refresh();
            var holders = catalogue.Holders(name).OrderBy(static h => h.Name, StringComparer.Ordinal).ToList();
            if (holders.Count == 0) throw new SnapshotException($"no host is known to hold {name}; known are {(catalogue.Datasets.Count > 0 ? string.Join(", ", catalogue.Datasets) : "none: `varve data add` names one, `varve data join` asks another host")}");
            if (common.Json)
            {
                using var output = Console.OpenStandardOutput();
                foreach (var host in holders) TraceJson.WriteLine(output, json => DataStatusCommand.Holder(json, host, host.Of(name)!));
                return 0;
            }
            foreach (var host in holders)
            {
                var holding = host.Of(name)!;
                Console.Out.WriteLine(Words.Line($"{host.Name}  {host.Address}:{holding.At}{(holding.IsLeaving ? "  (about to be dropped)" : "")}, known {Words.When(DateTimeOffset.FromUnixTimeSeconds(host.At))} UTC"));
                foreach (var snapshot in common.Verbose ? holding.Snapshots : holding.Snapshots.TakeLast(3))
                    Console.Out.WriteLine(Words.Line($"    {snapshot.Name}  {Words.When(DateTimeOffset.FromUnixTimeSeconds(snapshot.CreatedAt))} UTC  {snapshot.Guid:x16}"));
                if (!common.Verbose && holding.Count > 3) Console.Out.WriteLine($"    and {holding.Count - 3} before (--verbose lists them)");
            }
            return 0;
        });
        return command;
    }

    private static Command MakeDrop()
    {
        var dataset = Dataset();
        var copies = new Option<int?>("--copies") { Description = "How many other hosts have to hold it; by default as many as are wanted", HelpName = "N" };
        var contents = new Option<bool>("--contents") { Description = "Read all bytes on both sides and compare their digests" };
        var discard = new Option<bool>("--discard-changes") { Description = "Although files changed since the newest snapshot" };
        var dry = new Option<bool>("--dry-run", "-n") { Description = "Ask the others, and remove nothing" };
        var command = new Command("drop", "Remove a dataset from this host, when enough others show that they hold it") { dataset, copies, contents, discard, dry };
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            var dryRun = parsed.GetValue(dry);
            var report = new Dropping(Here(), SshOptions.OfMany).Run(parsed.GetValue(dataset)!, parsed.GetValue(copies), parsed.GetValue(contents), parsed.GetValue(discard), dryRun);
            var count = report.Confirmed.Count.ToString(CultureInfo.InvariantCulture);
            if (!common.Quiet) Console.Out.WriteLine(Words.Line($"{(dryRun ? "would drop" : "dropped")} {report.Holding.Dataset} at {report.Holding.At}: {string.Join(", ", report.Confirmed)} {(count == "1" ? "holds" : "hold")} {report.Holding.Newest!.Name}"));
            return 0;
        });
        return command;
    }

    private static Command MakePeer()
    {
        var command = new Command("peer", "Answer another host's varve on the standard streams; started by ssh") { Hidden = true };
        command.SetAction(static _ =>
        {
            using var input = Console.OpenStandardInput();
            using var output = new BufferedStream(Console.OpenStandardOutput(), 1 << 18);
            try
            {
                new PeerServer(Here(), input, output).Run();
                return 0;
            }
            catch (PeerLostException e)
            {
                Console.Error.WriteLine(Words.Line($"varve: {e.Message}"));
                return Failure.StepFailed;
            }
        });
        return command;
    }
}
