using System.CommandLine;
using Varve.Lineage;
using Varve.Steps;
using Varve.Store;

namespace Varve.Cli;

/// <summary><c>varve undo</c> and <c>varve checkout</c>: bring the workspace, or some of it, back to what it was.</summary>
internal static class UndoCommand
{
    private const int MostListed = 20;

    public static Command Make()
    {
        var count = new Argument<int>("count") { Description = "How many changes to take back", HelpName = "N", DefaultValueFactory = _ => 1 };
        var list = new Option<bool>("--list") { Description = "Say what could be taken back, newest first, and change nothing" };
        var (dryRun, force) = (DryRun(), Force());
        var command = new Command("undo", "Take back what the last step, or the last N, changed in the workspace") { count, list, dryRun, force };
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            using var place = Place.Open();
            if (parsed.GetValue(list)) return List(common, place);
            var number = parsed.GetValue(count);
            if (number < 1) throw new UsageException($"undo {number}: give a number from 1");
            var journey = place.Travel.Undo(place.Workspace, number);
            if (journey.Acts.Count == 0)
            {
                if (!common.Quiet) Console.Error.WriteLine($"varve: nothing to take back in {Words.Line(place.Workspace)}");
                return 0;
            }
            return Go(common, place, journey, "undo", "", parsed.GetValue(dryRun), parsed.GetValue(force));
        });
        return command;
    }

    public static Command MakeCheckout()
    {
        var execution = new Argument<string>("execution") { Description = "An execution or a step", HelpName = "EXECUTION|STEP" };
        var paths = new Argument<string[]>("path") { Description = "Only these files or folders", HelpName = "PATH", Arity = ArgumentArity.ZeroOrMore };
        var (dryRun, force) = (DryRun(), Force());
        var command = new Command("checkout", "Bring the workspace, or a file, back to where an execution left it") { execution, paths, dryRun, force };
        command.SetAction(parsed =>
        {
            var common = CommonOptions.Of(parsed);
            using var place = Place.Open();
            var name = parsed.GetRequiredValue(execution);
            var trace = new History(place.Rooms.Lineage).Find(name, CommonOptions.Absolute(name));
            if (trace.Key.Workspace != place.Workspace) throw new UsageException($"execution {trace.Execution} belongs to the workspace {trace.Key.Workspace}, not to {place.Workspace}; go there (-C)");
            string[] wanted = [.. (parsed.GetValue(paths) ?? []).Select(CommonOptions.Absolute)];
            return Go(common, place, place.Travel.Checkout(place.Workspace, trace, wanted), "checkout", trace.Execution, parsed.GetValue(dryRun), parsed.GetValue(force));
        });
        return command;
    }

    private static Option<bool> DryRun() => new("--dry-run", "-n") { Description = "Say what would change, and change nothing" };

    private static Option<bool> Force() => new("--force") { Description = "Also where somebody changed a file without Varve; what stands there is kept in the store, and `undo` brings it back" };

    private sealed class Place(Rooms rooms, string workspace) : IDisposable
    {
        public Rooms Rooms { get; } = rooms;
        public string Workspace { get; } = workspace;
        public TimeTravel Travel { get; } = new(rooms.Store, rooms.Digests, rooms.Lineage);

        public static Place Open()
        {
            var workspace = Settings.WorkspaceOf(CommonOptions.CurrentFolder);
            return new Place(Rooms.Open(Settings.Load(workspace)), workspace);
        }

        public void Dispose() => Rooms.Dispose();
    }

    private static int Go(CommonOptions common, Place place, Journey journey, string kind, string of, bool dryRun, bool force)
    {
        if (journey.Lost.Count > 0)
            throw new StepRefusedException($"{journey.Lost[0]}{(journey.Lost.Count > 1 ? $" and {journey.Lost.Count - 1} more" : "")} cannot be brought back: the content is no longer in the store; run its step again (`varve how` names it)");
        if (journey.Outside.Count > 0 && !force && !dryRun)
            throw new StepRefusedException($"{journey.Outside[0]}{(journey.Outside.Count > 1 ? $" and {journey.Outside.Count - 1} more" : "")} was changed since without Varve; nothing was touched. --force keeps what stands there in the store and goes on");
        if (!dryRun && journey.Moves.Count + journey.Acts.Count > 0)
        {
            using var sharing = StoreLock.Share(place.Rooms.Home);
            place.Travel.Carry(journey, place.Workspace, kind, of);
        }
        if (common.Json)
        {
            using var output = Console.OpenStandardOutput();
            TraceJson.WriteLine(output, json =>
            {
                json.WriteBoolean("done", !dryRun);
                json.WriteStartArray("changes");
                foreach (var move in journey.Moves)
                {
                    json.WriteStartObject();
                    json.WriteString("path", TraceJson.Safe(move.Path));
                    json.WriteString("change", Verb(move));
                    if (move.After.Kind == 'f') json.WriteString("digest", move.After.Content.ToString());
                    json.WriteEndObject();
                }
                json.WriteEndArray();
                json.WriteStartArray("changedOutside");
                foreach (var path in journey.Outside) json.WriteStringValue(TraceJson.Safe(path));
                json.WriteEndArray();
            });
            return 0;
        }
        foreach (var move in journey.Moves.OrderBy(m => m.Path, StringComparer.Ordinal))
            Console.Out.WriteLine(Words.Line($"{(dryRun ? "would be " : "")}{Verb(move)} {ShellText.Relative(move.Path, place.Workspace)}{(journey.Outside.Contains(move.Path) ? " (changed without Varve since)" : "")}"));
        if (!common.Quiet && journey.Moves.Count == 0) Console.Error.WriteLine("varve: everything stands as it did then");
        return 0;
    }

    private static string Verb(Move move) => move.After.Kind == '-' ? "removed" : move.Before.Kind == '-' ? "brought back" : "changed back";

    private static int List(CommonOptions common, Place place)
    {
        var acts = new Journal(place.Rooms.Lineage).Newest(place.Workspace, MostListed);
        foreach (var act in acts)
        {
            var what = act.Kind switch
            {
                "step" => $"execution {act.Of}",
                "undo" => $"took back {act.Of}",
                "checkout" => $"went back to {act.Of}",
                _ => "changed without Varve",
            };
            var paths = string.Join(", ", act.Moves.Take(3).Select(m => ShellText.Relative(m.Path, place.Workspace))) + (act.Moves.Count > 3 ? $" and {act.Moves.Count - 3} more" : "");
            if (!common.Json)
            {
                Console.Out.WriteLine(Words.Line($"{act.Number}  {Words.When(act.At)}  {what}: {paths}"));
                continue;
            }
            using var output = Console.OpenStandardOutput();
            TraceJson.WriteLine(output, json =>
            {
                json.WriteNumber("number", act.Number);
                json.WriteString("at", act.At);
                json.WriteString("kind", act.Kind);
                json.WriteString("of", act.Of);
                json.WriteStartArray("paths");
                foreach (var move in act.Moves) json.WriteStringValue(TraceJson.Safe(move.Path));
                json.WriteEndArray();
            });
        }
        return 0;
    }
}
