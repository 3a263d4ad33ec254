using System.Runtime.InteropServices;

namespace Varve.Cli;

/// <summary>
/// Ctrl-C, or a request to end, while steps run that are not the terminal's own: the first stops cleanly, with all
/// that has ended kept; the second is the kernel's.
/// </summary>
internal sealed class Interrupt : IDisposable
{
    private readonly CancellationTokenSource source = new();
    private readonly List<PosixSignalRegistration> registrations = [];

    /// <param name="told">Called once, at the first signal.</param>
    public Interrupt(Action told)
    {
        foreach (var signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP])
        {
            registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                if (source.IsCancellationRequested) return;
                context.Cancel = true;
                told();
                source.Cancel();
            }));
        }
    }

    public CancellationToken Token => source.Token;

    public void Dispose()
    {
        foreach (var registration in registrations) registration.Dispose();
        source.Dispose();
    }
}
