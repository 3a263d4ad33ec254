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
    private readonly Lock handling = new();
    private bool over;

    /// <param name="told">Called once, at the first signal.</param>
    public Interrupt(Action told)
    {
        foreach (var signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP])
        {
            registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                // What is told may end the work at once, and its end disposes this: not while a signal is handled.
                lock (handling)
                {
                    if (over || source.IsCancellationRequested) return;
                    context.Cancel = true;
                    told();
                    source.Cancel();
                }
            }));
        }
    }

    public CancellationToken Token => source.Token;

    public void Dispose()
    {
        lock (handling)
        {
            over = true;
            source.Dispose();
        }
        // Not under the lock: a registration's end waits for its handler.
        foreach (var registration in registrations) registration.Dispose();
    }
}
