using System.Runtime.InteropServices;
using Varve.Linux;
using Varve.Sandbox;

namespace Varve.Steps;

/// <summary>
/// Connects the person's terminal with the step's own: keys go in, what the step shows comes out and is recorded,
/// the size follows. The person's terminal is raw meanwhile, so that Ctrl-C is a key for the step's terminal to
/// turn into a signal.
/// </summary>
internal sealed unsafe class TerminalBridge : IDisposable
{
    private const nuint GetSize = 0x5413, SetSize = 0x5414;
    private const int ErrorFromTerminal = 0x20;
    private readonly TranscriptWriter transcript;
    private readonly int stopRead, stopWrite;
    private TerminalMode? raw;
    private PosixSignalRegistration? resized;
    private Thread? keys, screen;
    private readonly Lock reading = new();
    private long shown;
    private int master = -1;

    public TerminalBridge(TranscriptWriter transcript)
    {
        this.transcript = transcript;
        (stopRead, stopWrite) = Processes.Pipe();
    }

    /// <summary>Bytes of the person's that the step was given.</summary>
    public long KeysPassed { get; private set; }

    /// <summary>Columns and rows of the terminal that is standard output, as the key names them.</summary>
    public static string Size() => TerminalMode.Size(1) is var (columns, rows) ? $"{columns}x{rows}" : "80x24";

    /// <summary>Starts to carry, with the other side of the step's terminal.</summary>
    public void Start(int terminal)
    {
        // Raw mode begins here and not before: setting the sandbox up may fail, and its message wants a sane terminal.
        master = Processes.fcntl(terminal, 1030 /* F_DUPFD_CLOEXEC */, 0);
        CopySize();
        resized = PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => CopySize());
        raw = TerminalMode.Raw();
        keys = new Thread(CarryKeys, 1 << 18) { IsBackground = true, Name = "keys" };
        screen = new Thread(CarryScreen, 1 << 18) { IsBackground = true, Name = "screen" };
        keys.Start();
        screen.Start();
    }

    /// <summary>How much went through up to now. What was written before is not on its way any more: asking a terminal whether it can be read hands on all that waits (n_tty_poll in the kernel).</summary>
    public TerminalCount Count()
    {
        while (true)
        {
            lock (reading)
            {
                var source = new Processes.Poll { Descriptor = master, Events = Processes.PollIn };
                if (Processes.poll(&source, 1, 0) == 0 || (source.Returned & Processes.PollIn) == 0) return new TerminalCount(shown, KeysPassed);
            }
            Thread.Sleep(1);
        }
    }

    private void CopySize()
    {
        var size = stackalloc ushort[4];
        if (Libc.ioctl(0, GetSize, size) == 0) _ = Libc.ioctl(master, SetSize, size);
    }

    private void CarryKeys()
    {
        var buffer = new byte[4096];
        var sources = stackalloc Processes.Poll[2];
        while (true)
        {
            sources[0] = new Processes.Poll { Descriptor = 0, Events = Processes.PollIn };
            sources[1] = new Processes.Poll { Descriptor = stopRead, Events = Processes.PollIn };
            if (Processes.poll(sources, 2, -1) < 0) continue;
            if (sources[1].Returned != 0) return;
            var count = Processes.Read(0, buffer);
            if (count == 0) return;
            KeysPassed += count;
            if (!Processes.WriteAll(master, buffer.AsSpan(0, count))) return;
        }
    }

    private void CarryScreen()
    {
        var buffer = new byte[1 << 16];
        while (true)
        {
            var source = new Processes.Poll { Descriptor = master, Events = Processes.PollIn };
            if (Processes.poll(&source, 1, -1) < 0) continue;
            if ((source.Returned & (Processes.PollIn | Processes.PollHangUp | ErrorFromTerminal)) == 0) continue;
            int count;
            lock (reading)
            {
                count = Processes.Read(master, buffer);
                shown += count;
            }
            if (count == 0) return;
            transcript.Add(Transcript.Output, buffer.AsSpan(0, count));
            Processes.WriteAll(1, buffer.AsSpan(0, count));
        }
    }

    /// <summary>Waits for the last output and gives the terminal back as it was.</summary>
    public void Dispose()
    {
        Processes.WriteAll(stopWrite, "x"u8);
        keys?.Join();
        screen?.Join();
        resized?.Dispose();
        raw?.Dispose();
        foreach (var descriptor in new[] { stopRead, stopWrite, master })
            if (descriptor >= 0) _ = Libc.close(descriptor);
    }
}
