using System.CommandLine;
using System.Globalization;
using Varve.Linux;
using Varve.Sandbox;
using Varve.Shell;
using Varve.Steps;

namespace Varve.Cli;

/// <summary><c>varve sh</c>: a shell, or a script of it, whose top-level commands are steps.</summary>
internal static class ShellCommand
{
    private const int NotFound = 127, CannotRead = 126;

    public static Command Make()
    {
        var options = new StepOptionSet();
        var text = new Option<bool>("-c") { Description = "The first word is the script itself; the next is $0" };
        var words = new Argument<string[]>("words") { Description = "A script and its arguments; without one, an interactive shell", HelpName = "FILE ARG...", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("sh", "A POSIX shell in which each top-level command is a step") { words, text };
        options.AddTo(command);
        command.SetAction(parsed => Run(CommonOptions.Of(parsed), options.Of(parsed), parsed.GetValue(text), parsed.GetValue(words) ?? []));
        return command;
    }

    private static int Run(CommonOptions common, StepOptions options, bool isText, string[] words)
    {
        // A lone hyphen before the script stands for the end of the options (POSIX XCU sh).
        if (isText && words is ["-", ..]) words = words[1..];
        if (isText && words.Length == 0) throw new UsageException("-c needs the script as its next word");
        if (Files.Look(View.InsideMarker).Exists) return Join(isText, words);
        var folder = CommonOptions.CurrentFolder;
        var workspace = Settings.WorkspaceOf(folder);
        var settings = Settings.Load(workspace);
        if (words.Length == 0 && Processes.isatty(0) == 1 && Processes.isatty(1) == 1)
        {
            using var own = Rooms.Open(settings);
            using var session = new ShellSession(own.Steps, own.Store, own.Home, settings, options, workspace, ShellSession.Begin("sh", [], folder, settings.Pass.Concat(options.Pass), options.Strict || settings.Strict), followsWorkspace: true);
            return new InteractiveShell(session, common).Run();
        }

        string script, name;
        IReadOnlyList<string> arguments;
        if (isText)
        {
            (script, name, arguments) = (words[0], words.Length > 1 ? words[1] : "sh", words[Math.Min(2, words.Length)..]);
        }
        else if (words.Length == 0)
        {
            // A script that comes in by standard input shares it with its own commands, which read on where the shell is.
            return RunWhole(common, options, settings, folder, workspace);
        }
        else
        {
            (name, arguments) = (words[0], words[1..]);
            if (Read(CommonOptions.Absolute(name), out script) is var error and not 0) return error;
        }

        using var rooms = Rooms.Open(settings);
        using var run = new ShellSession(rooms.Steps, rooms.Store, rooms.Home, settings, options, workspace, ShellSession.Begin(name, arguments, folder, settings.Pass.Concat(options.Pass), options.Strict || settings.Strict), followsWorkspace: false);
        return new ScriptRun(run, script) { CanShareInput = CanShareInput(), OnEnded = outcome => Tell(common, outcome) }.Run(CancellationToken.None);
    }

    /// <summary>
    /// Several commands can share a file, whose reading position they move, a terminal, and an input that holds nothing;
    /// of a pipe it is not known how much a command took before it has ended.
    /// </summary>
    private static unsafe bool CanShareInput()
    {
        var stamp = Files.Look(0);
        if (stamp.Kind != FileKind.Special || Processes.isatty(0) == 1 || stamp == Files.Look("/dev/null")) return true;
        var source = new Processes.Poll { Descriptor = 0, Events = Processes.PollIn };
        return Processes.poll(&source, 1, 0) > 0 && (source.Returned & Processes.PollIn) == 0 && (source.Returned & Processes.PollHangUp) != 0;
    }

    /// <summary>The text of a script; an exit status as a shell's when there is none.</summary>
    private static int Read(string path, out string script)
    {
        const int headBytes = 256;
        script = "";
        if (Files.Look(PathText.EncodeTerminated(path), follow: true) is { Kind: not FileKind.File } other)
        {
            Console.Error.WriteLine($"varve: {path}: {(other.Exists ? "is no file" : "no such file")}");
            return other.Exists ? CannotRead : NotFound;
        }
        try
        {
            var bytes = File.ReadAllBytes(path);
            if (bytes.AsSpan(0, Math.Min(headBytes, bytes.Length)).Contains((byte)0))
            {
                Console.Error.WriteLine($"varve: {path}: a program, not a script; run it as a command (`varve exec -- {path}`)");
                return CannotRead;
            }
            script = PathText.Decode(bytes);
            return 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"varve: {path}: cannot be read: {e.Message}");
            return CannotRead;
        }
    }

    private static int RunWhole(CommonOptions common, StepOptions options, Settings settings, string folder, string workspace)
    {
        using var rooms = Rooms.Open(settings);
        var mask = Processes.FileModeMask();
        IReadOnlyList<string> shell = mask == ShellState.UsualMask ? ["/bin/sh"] : ["/bin/sh", "-c", $"umask {mask}; exec /bin/sh"];
        var outcome = rooms.Steps.Run(options.ForCommand(shell, folder, workspace, settings), CancellationToken.None);
        Tell(common, outcome);
        return outcome.Trace.ExitCode;
    }

    private static void Tell(CommonOptions common, StepOutcome outcome)
    {
        if (common.Json)
        {
            using var error = Console.OpenStandardError();
            TraceJson.Write(error, outcome);
            return;
        }
        if (!common.Verbose) return;
        foreach (var warning in outcome.Warnings) Console.Error.WriteLine($"varve: warning: {warning}");
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{StepSummary.Line(outcome)}"));
    }

    /// <summary>A shell inside a step is part of it.</summary>
    private static int Join(bool isText, string[] words)
    {
        _ = Processes.Become(isText ? ["/bin/sh", "-c", .. words] : ["/bin/sh", .. words]);
        Console.Error.WriteLine("varve: there is no /bin/sh in this step");
        return NotFound;
    }
}
