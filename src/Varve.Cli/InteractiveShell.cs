using Varve.Shell;

namespace Varve.Cli;

/// <summary>The shell as a person types into it.</summary>
internal sealed class InteractiveShell(ShellSession session, CommonOptions common)
{
    public int Run()
    {
        _ = common;
        return session.State.Status;
    }
}
