using Varve.Lineage;
using Varve.Linux;
using Varve.Sandbox;
using Varve.Steps;
using Varve.Store;

namespace Varve.Shell;

/// <summary>What became of one command of a session.</summary>
/// <param name="Step">What ran or was reused; null for a definition, which only later commands have to do with.</param>
/// <param name="Ended">Whether the shell ended with it, as by `exit`.</param>
internal sealed record CommandOutcome(StepOutcome? Step, bool Ended);

/// <summary>
/// A shell whose top-level commands are steps. Each runs in a shell of its own (`/bin/sh`), which is set up with the
/// state that the one before left; what it changed is laid over the state. The private folders (/tmp, HOME) are those
/// of the session: one command finds what an earlier one left there.
/// </summary>
internal sealed class ShellSession : IDisposable
{
    private const string Shell = "/bin/sh";
    private const int FirstSignal = 128;
    /// <summary>The kernel takes no single argument of 128 KiB (MAX_ARG_STRLEN); longer texts are read from a file.</summary>
    private const int LongText = 100_000;

    private readonly IStepRunner steps;
    private readonly BlobStore store;
    private readonly StepOptions options;
    private readonly string folder;
    private readonly NamedLock alive;
    private readonly bool followsWorkspace;
    private Settings settings;

    /// <param name="steps">Runs the commands.</param>
    /// <param name="store">Keeps the states.</param>
    /// <param name="home">Where the session's own folders lie while it lives.</param>
    /// <param name="settings">The settings of the workspace.</param>
    /// <param name="options">What holds for every command.</param>
    /// <param name="workspace">The folder whose files they may write.</param>
    /// <param name="state">The state to begin with.</param>
    /// <param name="followsWorkspace">Whether `cd` into another workspace makes that the one to write in (interactive).</param>
    public ShellSession(IStepRunner steps, BlobStore store, VarveHome home, Settings settings, StepOptions options, string workspace, ShellState state, bool followsWorkspace)
    {
        (this.steps, this.store, this.settings, this.options, this.followsWorkspace) = (steps, store, settings, options, followsWorkspace);
        (Workspace, State) = (workspace, state);
        Files.MakeDirectories(home.RunningFolder);
        folder = $"{home.RunningFolder}/{ExecutionId.New()}";
        Files.MakeDirectory(folder, 0x1C0);
        alive = NamedLock.Take(folder, "alive", static () => { }, CancellationToken.None);
        foreach (var (name, mode) in new[] { ("tmp", 0x3FF), ("home", 0x1C0) })
        {
            Files.MakeDirectory($"{folder}/{name}");
            Files.SetPermissions($"{folder}/{name}", mode);
        }
        // The place that a workspace below /tmp is mounted on is nothing that a command made.
        if (View.IsWithin(workspace, "/tmp")) Files.MakeDirectories(folder + workspace);
    }

    /// <summary>The workspace of the next command.</summary>
    public string Workspace { get; private set; }

    /// <summary>What the next command finds.</summary>
    public ShellState State { get; private set; }

    /// <summary>The state a shell begins with.</summary>
    /// <param name="name"><c>$0</c>.</param>
    /// <param name="words"><c>$1</c> and on.</param>
    /// <param name="directory">Where it starts.</param>
    /// <param name="pass">Variables to pass on besides those passed by default.</param>
    /// <param name="strict">Whether its commands are strict steps.</param>
    public static ShellState Begin(string name, IReadOnlyList<string> words, string directory, IEnumerable<string> pass, bool strict = false)
    {
        // No shell takes these from its environment.
        var variables = StepEnvironment.Variables(pass, strict).Where(v => v.Key is not ("IFS" or "PPID" or "OPTIND" or "PWD")).ToDictionary(v => v.Key, v => v.Value, StringComparer.Ordinal);
        return new ShellState { Mask = Processes.FileModeMask(), Variables = variables, Exported = variables.Keys.ToHashSet(StringComparer.Ordinal), Directory = directory, Name = name, Positional = words };
    }

    /// <summary>Why a command cannot be a step whose state is carried on; empty when it can.</summary>
    public string CannotCarry(Piece piece)
    {
        var relevant = Relevance.Of(piece, State);
        if (relevant.Facts.CannotCarry.Length > 0) return relevant.Facts.CannotCarry;
        foreach (var function in piece.Functions)
            if (function.Name is "alias" or "umask" or "command") return $"it makes {function.Name} a function";
        if (!followsWorkspace && !State.HasPlainAliases) return "an alias may change where commands end";
        var leavesEarly = State.Options.AsSpan().IndexOfAny('e', 'x') >= 0;
        return relevant.Status && State.Status != 0 && leavesEarly ? "the exit status before it cannot be given to a shell that stops at the first error" : "";
    }

    /// <summary>Runs one command, or reuses it.</summary>
    /// <exception cref="StepRefusedException">It could not be set up, or its changes cannot be put in place.</exception>
    public CommandOutcome Run(Piece piece, bool keepLine, CancellationToken cancellation)
    {
        if (piece.OnlyDefines)
        {
            State = State.Defining(piece.Functions) with { Status = 0 };
            return new CommandOutcome(null, Ended: false);
        }
        var relevant = Relevance.Of(piece, State);
        var given = new Dictionary<string, string>(StringComparer.Ordinal) { ["prelude"] = StateText.Prelude(State, relevant), ["epilogue"] = StateText.Epilogue(MayUnset(piece, relevant)) };
        var text = StateText.Executed(piece, keepLine);
        var meant = Meant(StateText.Before(State, relevant) + StateText.Last(State, relevant, sourced: false) + piece.Text.TrimEnd('\n'), relevant);
        var outcome = Run(meant, text, relevant.Positional ? State.Positional : [], given, cancellation);
        var files = outcome.Trace.ShellState == default ? new Dictionary<string, string>() : ShellExchange.Unpack(store.ReadAll(outcome.Trace.ShellState));
        if (StateDump.Apply(files, State, outcome.Trace.ExitCode, relevant.Positional) is { } after)
        {
            State = files.TryGetValue("functions", out var left) ? Without(after.Defining(piece.Functions), MayUnset(piece, relevant), left) : after.Defining(piece.Functions);
            FollowWorkspace();
            return new CommandOutcome(outcome, Ended: false);
        }
        State = State with { Status = outcome.Trace.ExitCode };
        // An interrupted command takes its own shell with it, not the session.
        var interrupted = followsWorkspace && outcome.Trace.ExitCode > FirstSignal && !piece.Facts.OwnCommands.Contains("exit");
        return new CommandOutcome(outcome, Ended: !interrupted);
    }

    /// <summary>Runs a text to its end in one shell: the rest of a script whose state cannot be carried.</summary>
    public StepOutcome RunToEnd(string text, int line, CancellationToken cancellation)
    {
        var everything = new PieceFacts();
        everything.Commands.Add("");
        var relevant = Relevance.Of(new Piece(text + "\n$1 $0 $?", line, [], OnlyDefines: false, everything), State);
        var given = new Dictionary<string, string>(StringComparer.Ordinal) { ["prelude"] = StateText.Prelude(State, relevant) };
        var meant = Meant(StateText.Before(State, relevant) + StateText.Last(State, relevant, sourced: false) + text, relevant);
        // The first line needs no state, and sets up nothing that a shell has not got by itself.
        var executed = line == 1 && State.Options.Length == 0 && State.Mask == ShellState.UsualMask ? text : $". {StateText.Folder}/prelude{new string('\n', Math.Max(1, line - 1))}{text}";
        var outcome = Run(meant, executed, State.Positional, given, cancellation);
        State = State with { Status = outcome.Trace.ExitCode };
        return outcome;
    }

    private List<string> Meant(string text, Relevance relevant)
    {
        List<string> words = [Shell, "-c", text];
        if (relevant.Name || (relevant.Positional && State.Positional.Count > 0)) words.Add(relevant.Name ? State.Name : "sh");
        if (relevant.Positional) words.AddRange(State.Positional);
        return words;
    }

    private StepOutcome Run(List<string> meant, string executed, IReadOnlyList<string> words, Dictionary<string, string> given, CancellationToken cancellation)
    {
        if (executed.Length > LongText)
        {
            given["script"] = executed;
            executed = $". {StateText.Folder}/script";
        }
        var request = options.ForCommand(meant, State.Directory, Workspace, settings);
        return steps.Run(request with
        {
            Key = request.Key with
            {
                Variables = State.Environment(),
                Options = [.. request.Key.Options.Append("shell").Order(StringComparer.Ordinal)],
            },
            WriteAlso = [.. request.WriteAlso, new("/tmp", $"{folder}/tmp"), new(View.Home, $"{folder}/home")],
            Shell = new ShellExchange([Shell, "-c", executed, State.Name, .. words], given),
        }, cancellation);
    }

    /// <summary>The functions of which the shell is asked afterwards whether there still are any.</summary>
    private static IReadOnlyCollection<string> MayUnset(Piece piece, Relevance relevant) =>
        relevant.Facts.OwnCommands.Contains("unset") ? relevant.Functions.Concat(piece.Functions).Select(f => f.Name).ToHashSet(StringComparer.Ordinal) : [];

    private static ShellState Without(ShellState state, IReadOnlyCollection<string> asked, string left)
    {
        var names = left.Split('\n').ToHashSet(StringComparer.Ordinal);
        return state with { Functions = state.Functions.Where(f => names.Contains(f.Key) || !asked.Contains(f.Key)).ToDictionary(StringComparer.Ordinal) };
    }

    private void FollowWorkspace()
    {
        var at = State.Directory;
        if (!followsWorkspace || at == "/" || View.IsWithin(at, Workspace) || View.IsWithin(folder, at)) return;
        foreach (var own in new[] { "/tmp", "/var/tmp", "/varve", "/proc", "/sys", "/dev", "/run" })
            if (View.IsWithin(at, own)) return;
        if (Files.Look(at).Kind != FileKind.Directory) return;
        Workspace = Settings.WorkspaceOf(at);
        settings = Settings.Load(Workspace);
    }

    public void Dispose()
    {
        alive.Dispose();
        Files.RemoveTree(folder);
    }
}
