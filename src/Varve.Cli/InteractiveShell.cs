using System.Text;
using Varve.Shell;
using Varve.Steps;

namespace Varve.Cli;

/// <summary>The shell as a person types into it: each complete command is a step, and the prompt says when one was reused.</summary>
internal sealed class InteractiveShell
{
    private static readonly TimeSpan WorthTelling = TimeSpan.FromMilliseconds(50);
    private readonly ShellSession session;
    private readonly CommonOptions common;
    private readonly LineHistory history = new(LineHistory.PersonalFile());
    private readonly LineEditor editor;
    private string note = "";

    public InteractiveShell(ShellSession session, CommonOptions common)
    {
        (this.session, this.common) = (session, common);
        editor = new LineEditor(history, new Completion(() => session.State));
    }

    public int Run()
    {
        if (!common.Quiet) Console.Error.WriteLine("varve: each command is a step; `exit` or Ctrl-D ends the shell");
        var pending = new StringBuilder();
        while (true)
        {
            var ended = editor.Read(pending.Length == 0 ? Prompt() : "> ", out var line);
            note = "";
            if (ended == LineEditor.Ended.NoMore && pending.Length == 0) return session.State.Status;
            if (ended != LineEditor.Ended.Entered)
            {
                pending.Clear();
                continue;
            }
            pending.Append(line).Append('\n');
            if (RunAll(pending) is { } status) return status;
        }
    }

    /// <summary>Runs what is complete and keeps the rest; the exit status when the shell ends.</summary>
    private int? RunAll(StringBuilder pending)
    {
        var text = pending.ToString();
        var scanner = new CommandScanner(text);
        var (at, line) = (0, 1);
        while (true)
        {
            var none = scanner.Next(at, ref line, out var end, out var piece);
            if (none == NoPiece.Incomplete && at == 0) return null;
            if (at == 0) history.Add(text);
            pending.Clear();
            if (none == NoPiece.End) return null;
            if (none == NoPiece.Incomplete)
            {
                pending.Append(text.AsSpan(at));
                return null;
            }
            // What is no shell syntax goes to the shell all the same: it says what is wrong.
            var command = piece ?? new Piece(text[at..], line, [], OnlyDefines: false, new PieceFacts());
            if (Run(command) is { Ended: true }) return session.State.Status;
            if (piece is null) return null;
            at = end;
        }
    }

    private CommandOutcome? Run(Piece piece)
    {
        try
        {
            var lost = session.CannotCarry(piece);
            var outcome = session.Run(piece, keepLine: false, CancellationToken.None);
            if (outcome.Step is not { } step) return outcome;
            foreach (var warning in step.Warnings) Console.Error.WriteLine(Words.Line($"varve: warning: {warning}"));
            if (lost.Length > 0 && !common.Quiet) Console.Error.WriteLine(Words.Line($"varve: what this left in its shell is not carried to the next command: {lost}"));
            note = step.Reused ? step.Trace.Elapsed > WorthTelling ? $"reused {Words.Time(step.Trace.Elapsed)}" : "reused" : "";
            if (common.Json)
            {
                using var error = Console.OpenStandardError();
                TraceJson.Write(error, step);
            }
            return outcome with { Ended = outcome.Ended && (piece.Facts.OwnCommands.Contains("exit") || piece.Facts.OwnCommands.Contains("exec") || session.State.Options.Contains('e')) };
        }
        catch (Exception e) when (e is StepRefusedException or SettingsException or IOException)
        {
            Console.Error.WriteLine(Words.Line($"varve: {e.Message}"));
            return null;
        }
    }

    private string Prompt()
    {
        var state = session.State;
        var folder = state.Directory.StartsWith(session.Workspace + "/", StringComparison.Ordinal)
            ? Path.GetFileName(session.Workspace) + state.Directory[session.Workspace.Length..]
            : state.Directory == session.Workspace ? Path.GetFileName(session.Workspace) : state.Directory;
        var mark = Linux.Libc.geteuid() == 0 ? "#" : "$";
        var status = state.Status == 0 ? "" : $" [{state.Status}]";
        if (common.NoColor) return $"{Words.Line(folder)}{(note.Length > 0 ? $" ({note})" : "")}{status} {mark} ";
        return $"\u001b[36m{Words.Line(folder)}\u001b[0m{(note.Length > 0 ? $" \u001b[2m{note}\u001b[0m" : "")}\u001b[31m{status}\u001b[0m {mark} ";
    }
}
