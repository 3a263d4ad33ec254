using System.Runtime.InteropServices;
using Varve.Linux;

namespace Varve.Steps;

/// <summary>
/// While a command runs in the foreground, the signals that come to Varve are the command's. Ctrl-C on a shared
/// terminal has reached the command already; Varve only must not die of it before the command has ended.
/// </summary>
internal sealed class SignalRelay : IDisposable
{
    private readonly List<PosixSignalRegistration> registrations = [];

    /// <summary>Begins to pass signals on, with a way to send one.</summary>
    public void Attach(Action<int> send)
    {
        void Pass(PosixSignal signal, int number, bool fromTerminal) =>
            registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                if (!fromTerminal || Processes.isatty(0) != 1) send(number);
            }));
        const int hangUp = 1, quit = 3;
        Pass(PosixSignal.SIGINT, Processes.SigInt, fromTerminal: true);
        Pass(PosixSignal.SIGQUIT, quit, fromTerminal: true);
        Pass(PosixSignal.SIGTERM, Processes.SigTerm, fromTerminal: false);
        Pass(PosixSignal.SIGHUP, hangUp, fromTerminal: false);
    }

    public void Dispose()
    {
        foreach (var registration in registrations) registration.Dispose();
    }
}
