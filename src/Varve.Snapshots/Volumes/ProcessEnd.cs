using System.Diagnostics;

namespace Varve.Snapshots.Volumes;

/// <summary>A program that sends or receives, here or behind ssh.</summary>
internal sealed class ProcessEnd : IEnd
{
    private readonly Process _process;
    private readonly IReadOnlyList<string> _command;
    private readonly Task<string> _error;
    private readonly Action? _after;
    private readonly bool _receives;

    public ProcessEnd(Host host, IReadOnlyList<string> command, bool receives, Action? after = null)
    {
        (_command, _receives, _after) = (command, receives, after);
        _process = host.Start(command, receives);
        _error = _process.StandardError.ReadToEndAsync();
        Bytes = receives ? _process.StandardInput.BaseStream : _process.StandardOutput.BaseStream;
    }

    public Stream Bytes { get; }

    public void Complete()
    {
        if (_receives)
        {
            // What it prints must not fill the pipe.
            var said = _process.StandardOutput.ReadToEndAsync();
            try
            {
                Bytes.Close();
            }
            catch (IOException)
            {
                // It went away already; its words below say why.
            }
            _ = said.Result;
        }
        _process.WaitForExit();
        if (_process.ExitCode != 0) throw Host.Failed(_command, _process.ExitCode, _error.Result);
        _after?.Invoke();
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }
}
