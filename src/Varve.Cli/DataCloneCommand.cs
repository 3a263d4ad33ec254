using System.CommandLine;
using System.Diagnostics;
using Varve.Linux;
using Varve.Snapshots;
using Varve.Snapshots.Datasets;
using Varve.Snapshots.Volumes;

namespace Varve.Cli;

/// <summary><c>varve data clone</c>: the files of a dataset, from the nearest host that holds it; and what goes on with it in the background.</summary>
internal static class DataCloneCommand
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    public static Command Make()
    {
        var dataset = DataCommand.Dataset();
        var paths = new Argument<string[]>("path") { Description = "These paths first, the rest in the background", HelpName = "PATH", Arity = ArgumentArity.ZeroOrMore };
        var to = new Option<string?>("--to") { Description = "Where: a new or empty folder, or the name of a mounted dataset of ZFS; by default where the nearest host has it", HelpName = "FOLDER" };
        var snapshot = new Option<string?>("--snapshot") { Description = "Which snapshot; by default the newest that is known", HelpName = "NAME" };
        var only = new Option<bool>("--only") { Description = "Only the paths named, and nothing more" };
        var background = new Option<bool>("--background") { Description = "All of it in the background" };
        var wait = new Option<bool>("--wait") { Description = "Wait for the rest too" };
        var command = new Command("clone", "Bring a dataset here from the nearest host that holds it; the same command goes on where one was interrupted") { dataset, paths, to, snapshot, only, background, wait };
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            var host = DataCommand.Here();
            var first = parsed.GetValue(paths)!.Select(static p => p.Trim('/')).ToList();
            if (parsed.GetValue(only) && first.Count == 0) throw new UsageException("--only needs paths");
            var state = StateOf(host, parsed.GetValue(dataset)!, parsed.GetValue(to), parsed.GetValue(snapshot), first, parsed.GetValue(only));
            if (parsed.GetValue(background)) return InBackground(common, host, state);
            var partly = first.Count > 0 && !parsed.GetValue(only) && !parsed.GetValue(wait);
            var ended = RunShown(common, host, state, partly);
            return partly ? InBackground(common, host, ended) : 0;
        });
        return command;
    }

    public static Command MakeResume()
    {
        var command = new Command("resume", "Go on with clones that were interrupted, each in the background; for a timer, or after a start");
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            var host = DataCommand.Here();
            foreach (var state in CloneState.All(host.ClonesFolder).Where(s => !s.IsDone && !s.OnlyFirst && !s.IsRunning(host.ClonesFolder))) InBackground(common, host, state);
            return 0;
        });
        return command;
    }

    /// <summary>What <c>--background</c> starts.</summary>
    public static Command MakeFill()
    {
        var id = new Argument<string>("id") { HelpName = "ID" };
        var command = new Command("fill", "Bring the rest of a clone") { id };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            CommonOptions.Of(parsed);
            var host = DataCommand.Here();
            var state = CloneState.All(host.ClonesFolder).FirstOrDefault(s => s.Id == parsed.GetValue(id)) ?? throw new SnapshotException($"there is no clone {parsed.GetValue(id)}");
            using var interrupt = new Interrupt(static () => { });
            new CloneRun(host, SshOptions.OfMany, Say).Run(state, firstOnly: false, new CloneProgress(), interrupt.Token);
            return 0;
        });
        return command;
    }

    private static void Say(string line) => Console.Error.WriteLine(Words.Line($"varve: {line}"));

    /// <summary>A clone that was begun, with what is wanted of it now, or a new one.</summary>
    private static CloneState StateOf(LocalHost host, string dataset, string? to, string? snapshot, List<string> first, bool only)
    {
        var catalogue = host.Refresh();
        // What others took meanwhile is worth a question when this host knows of nothing.
        if (!catalogue.Holders(dataset).Any(h => h.Name != host.Self.Name))
        {
            Fleet.Ask(host, SshOptions.OfMany);
            catalogue = host.Catalogue;
        }
        var others = catalogue.Holders(dataset).Where(h => h.Name != host.Self.Name && !h.Of(dataset)!.IsLeaving).ToList();
        var all = others.SelectMany(h => h.Of(dataset)!.Snapshots).OrderBy(static s => s.CreatedAt).ToList();
        var begun = CloneState.All(host.ClonesFolder).LastOrDefault(s => s.Dataset == dataset && !s.IsDone && (snapshot is null || s.LocalName == snapshot));
        var chosen = begun is not null ? all.LastOrDefault(s => s.Guid == begun.Guid) ?? new HeldSnapshot(begun.LocalName, begun.Guid, 0)
            : all.LastOrDefault(s => snapshot is null || s.Name == snapshot)
            ?? throw new SnapshotException(others.Count == 0 ? $"no other host is known to hold {dataset}; `varve data join HOST` asks one" : $"no other host holds {(snapshot is null ? "a snapshot" : $"the snapshot {snapshot}")} of {dataset}; `varve data where {dataset}` lists what they hold");
        var target = to is null ? begun?.Target ?? others.First(h => h.Of(dataset)!.Snapshots.Any(s => s.Guid == chosen.Guid)).Of(dataset)!.At : to.StartsWith('/') || to.StartsWith('.') || !to.Contains('/') ? CommonOptions.Absolute(to) : to;
        if (begun is not null && begun.Target != target) throw new SnapshotException($"{dataset} is being cloned to {begun.Target}; go on there, or remove {host.ClonesFolder}/{begun.Id}.json and what came");
        if (begun is null && catalogue.Hosts.GetValueOrDefault(host.Self.Name)?.Of(dataset) is { } own)
            throw new SnapshotException(own.Snapshots.Any(s => s.Guid == chosen.Guid) ? $"{host.Self.Name} holds {dataset}@{chosen.Name} already, at {own.At}" : $"{host.Self.Name} holds {dataset} at {own.At}; `varve sync` brings newer snapshots");
        var folder = CloneRun.FolderOf(host, target);
        if (begun is null && Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()) throw new SnapshotException($"{folder} is not empty; give another folder with --to");
        if (begun is null) CloneRun.MakeFolder(host, target);
        var state = (begun ?? new CloneState { Id = CloneState.IdOf(dataset, chosen.Guid), Dataset = dataset, Guid = chosen.Guid, LocalName = chosen.Name, Target = target, Folder = folder }) with
        {
            First = first,
            OnlyFirst = only,
            Trouble = "",
            At = LocalHost.Now(),
        };
        state.Save(host.ClonesFolder);
        return state;
    }

    private static CloneState RunShown(CommonOptions common, LocalHost host, CloneState state, bool partly)
    {
        var progress = new CloneProgress();
        using var interrupt = new Interrupt(static () => { });
        using var ended = new ManualResetEventSlim();
        var started = Stopwatch.GetTimestamp();
        var shown = new Thread(() =>
        {
            while (!ended.Wait(Pause))
                Console.Error.Write($"\r\e[K{state.Dataset} from {progress.From}: {Words.Count(progress.Files, "file")}, {Words.Size(progress.Bytes)}; {Words.Size((long)(progress.Bytes / Math.Max(0.001, Stopwatch.GetElapsedTime(started).TotalSeconds)))}/s");
            Console.Error.Write("\r\e[K");
        })
        { IsBackground = true };
        var isShown = !common.Quiet && !common.Json && !Console.IsErrorRedirected;
        if (isShown) shown.Start();
        CloneState after;
        try
        {
            after = new CloneRun(host, SshOptions.OfMany, Say).Run(state, partly, progress, interrupt.Token);
        }
        finally
        {
            ended.Set();
            if (isShown) shown.Join();
        }
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        if (common.Json)
        {
            using var output = Console.OpenStandardOutput();
            TraceJson.WriteLine(output, json =>
            {
                json.WritePropertyName("clone");
                after.Write(json);
                json.WriteNumber("bytes", progress.Bytes);
                json.WriteNumber("seconds", Math.Round(seconds, 3));
                json.WriteNumber("firstByteSeconds", Math.Round(progress.FirstByte.TotalSeconds, 3));
            });
        }
        else if (!common.Quiet)
        {
            Console.Error.WriteLine(Words.Line($"varve: {state.Dataset}@{state.LocalName} at {state.Folder}: {Words.Count(progress.Files, "file")}, {Words.Size(progress.Bytes)} in {Words.Time(TimeSpan.FromSeconds(seconds))}{(progress.From.Length > 0 ? $" from {progress.From}" : "")}{(partly ? "; the rest comes in the background (varve data status)" : "")}"));
        }
        return after;
    }

    /// <summary>Another process, of a session of its own, that outlives this one and its terminal.</summary>
    private static int InBackground(CommonOptions common, LocalHost host, CloneState state)
    {
        var program = Files.LinkTarget("/proc/self/exe") ?? throw new UsageException("/proc is not mounted, and without it the program cannot start itself");
        var start = new ProcessStartInfo("setsid") { UseShellExecute = false };
        // Paths are arguments, never text of the script.
        foreach (var word in (string[])["-f", "sh", "-c", "exec \"$1\" data fill --quiet -- \"$2\" < /dev/null >> \"$3\" 2>&1", "sh", program, state.Id, $"{host.ClonesFolder}/{state.Id}.log"]) start.ArgumentList.Add(word);
        using var process = Process.Start(start) ?? throw new SnapshotException("setsid cannot be started");
        process.WaitForExit();
        if (common.Verbose) Say($"{state.Id} goes on in the background; what it says is in {host.ClonesFolder}/{state.Id}.log");
        return process.ExitCode == 0 ? 0 : Failure.StepFailed;
    }
}
