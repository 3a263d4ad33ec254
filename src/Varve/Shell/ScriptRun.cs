using Varve.Steps;

namespace Varve.Shell;

/// <summary>
/// Runs a script as a POSIX shell does, each complete command as a step. From the first command on whose shell cannot
/// be carried to another (`trap`, `&amp;`, `exec 3&gt;`, `eval`), and from the first that is no complete command, the rest is
/// one step: then the shell itself goes on, or says what is wrong.
/// </summary>
internal sealed class ScriptRun(ShellSession session, string text)
{
    /// <summary>Told of each step as it ends.</summary>
    public Action<StepOutcome> OnEnded { get; init; } = static _ => { };

    /// <summary>Whether standard input can be shared by several steps exactly; a pipe cannot.</summary>
    public bool CanShareInput { get; init; } = true;

    /// <summary>The script's exit status.</summary>
    /// <exception cref="StepRefusedException">A step could not be set up, or its changes cannot be put in place.</exception>
    public int Run(CancellationToken cancellation)
    {
        var scanner = new CommandScanner(text);
        var (at, line) = (0, 1);
        while (true)
        {
            var begins = line;
            var none = scanner.Next(at, ref line, out var end, out var piece);
            if (none == NoPiece.End) return session.State.Status;
            if (piece is null || !CanShareInput || session.CannotCarry(piece).Length > 0)
            {
                var rest = session.RunToEnd(text[at..], begins, cancellation);
                OnEnded(rest);
                return rest.Trace.ExitCode;
            }
            var outcome = session.Run(piece, keepLine: true, cancellation);
            if (outcome.Step is not null) OnEnded(outcome.Step);
            if (outcome.Ended) return session.State.Status;
            cancellation.ThrowIfCancellationRequested();
            at = end;
        }
    }
}
