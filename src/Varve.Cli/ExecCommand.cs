using System.CommandLine;
using Varve.Linux;
using Varve.Sandbox;
using Varve.Steps;

namespace Varve.Cli;

/// <summary><c>varve exec</c>: one command as a step.</summary>
internal static class ExecCommand
{
    private const int NotExecutable = 126, NotFound = 127, NoSuchFile = 2;

    public static Command Make()
    {
        var options = new StepOptionSet();
        var words = new Argument<string[]>("command") { Description = "The program and its arguments", HelpName = "CMD ARG...", Arity = ArgumentArity.OneOrMore };
        var command = new Command("exec", "Run one command as a step: reused when all it would see is as it was, else run and observed") { words };
        options.AddTo(command);
        command.SetAction(parsed => Run(CommonOptions.Of(parsed), options.Of(parsed), parsed.GetRequiredValue(words)));
        return command;
    }

    /// <summary>
    /// The same words with <c>--</c> before the first that is no option of Varve's: from there on all belong to the
    /// command, whatever they look like.
    /// </summary>
    public static IReadOnlyList<string> Separate(IReadOnlyList<string> args, Command command, string called)
    {
        var known = command.Options.Concat(CommonOptions.All).ToArray();
        var i = 0;
        var seenName = false;
        for (; i < args.Count; i++)
        {
            if (args[i] == "--") return args;
            if (!args[i].StartsWith('-') || args[i] == "-")
            {
                if (seenName) break;
                seenName = true;
                continue;
            }
            var name = args[i].Split('=', ':')[0];
            var option = known.FirstOrDefault(o => o.Name == name || o.Aliases.Contains(name));
            if (option is null && !(name is "--help" or "-h" or "-?")) throw new UsageException($"there is no option {name}; see `varve {called} --help`");
            if (option is not null && option.ValueType != typeof(bool) && name == args[i]) i++;
        }
        return i >= args.Count ? args : [.. args.Take(i), "--", .. args.Skip(i)];
    }

    private static int Run(CommonOptions common, StepOptions options, string[] words)
    {
        if (Files.Look(View.InsideMarker).Exists) return Join(common, words);
        var folder = CommonOptions.CurrentFolder;
        var workspace = Settings.WorkspaceOf(folder);
        var settings = Settings.Load(workspace);
        var request = options.ForCommand(words, folder, workspace, settings);
        using var rooms = Rooms.Open(settings);
        var outcome = rooms.Steps.Run(request, CancellationToken.None);

        foreach (var warning in outcome.Warnings) Console.Error.WriteLine($"varve: warning: {warning}");
        if (common.Json)
        {
            using var error = Console.OpenStandardError();
            TraceJson.Write(error, outcome);
        }
        if (outcome.Trace.ExecuteError != 0)
        {
            var found = outcome.Trace.ExecuteError != NoSuchFile;
            Console.Error.WriteLine($"varve: {words[0]}: {(found ? "found, but it cannot be executed" : "no such program")}");
            return found ? NotExecutable : NotFound;
        }
        if (!common.Quiet && !common.Json) Console.Error.WriteLine(StepSummary.Line(outcome));
        return outcome.Trace.ExitCode;
    }

    /// <summary>A step inside a step would be observed twice; it is part of the outer one, which sees all it does.</summary>
    private static int Join(CommonOptions common, string[] words)
    {
        if (!common.Quiet) Console.Error.WriteLine($"varve: this runs inside a step (execution {File.ReadAllText(View.InsideMarker).Trim()}) and is recorded as part of it");
        var error = Processes.Become(words);
        Console.Error.WriteLine($"varve: {words[0]}: {(error == NoSuchFile ? "no such program" : "found, but it cannot be executed")}");
        return error == NoSuchFile ? NotFound : NotExecutable;
    }
}
