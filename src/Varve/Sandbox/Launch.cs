using System.Buffers.Binary;
using System.Text;
using Varve.Linux;

namespace Varve.Sandbox;

/// <summary>The sandbox could not be set up; the message says what failed and what to do.</summary>
internal sealed class SandboxException(string message) : Exception(message);

/// <summary>How a launched command ended, as the step's first process reports it.</summary>
internal readonly record struct LaunchEnd(int ExitCode, int LeftBehind, TimeSpan Processor, long PeakBytes);

/// <summary>One run of `varve-launch`: the control socket and what is said over it (native/launch.c).</summary>
internal sealed class Launch : IDisposable
{
    private readonly int socket;
    private readonly int child;
    private readonly bool terminal, proxy;
    private readonly List<int> descriptors = [];
    private readonly Lock writing = new();
    private bool waited;

    private Launch(int socket, int child, bool terminal, bool proxy) => (this.socket, this.child, this.terminal, this.proxy) = (socket, child, terminal, proxy);

    /// <summary>Where calls are received.</summary>
    public int Listener => descriptors[0];
    /// <summary>The master side of the step's terminal, or -1.</summary>
    public int Terminal => terminal && descriptors.Count > 1 ? descriptors[1] : -1;

    /// <summary>The socket that listens on the step's loopback; whoever takes it closes it.</summary>
    public int TakeProxy()
    {
        var taken = descriptors[^1];
        descriptors.RemoveAt(descriptors.Count - 1);
        return taken;
    }

    /// <summary>Set when the command could not be executed: errno.</summary>
    public int ExecuteError { get; private set; }

    /// <summary>The launcher: beside the running program, or where VARVE_LAUNCH says.</summary>
    public static string Program { get; } =
        System.Environment.GetEnvironmentVariable("VARVE_LAUNCH") is { Length: > 0 } named ? named : Path.Combine(AppContext.BaseDirectory, "varve-launch");

    /// <summary>Starts the launcher and waits until the sandbox stands and the listener is here.</summary>
    /// <exception cref="SandboxException">The sandbox could not be set up.</exception>
    public static Launch Start(byte[] plan, StepStreams streams, bool proxy = false)
    {
        var (ours, theirs) = Processes.SocketPair();
        int process;
        try
        {
            process = Processes.Spawn(Program, [streams.Input, streams.Output, streams.Error, theirs]);
        }
        catch (IOException e)
        {
            _ = Libc.close(ours);
            throw new SandboxException($"{e.Message}; varve-launch must lie beside varve (in a checkout, ./varve builds it)");
        }
        finally
        {
            _ = Libc.close(theirs);
        }
        var launch = new Launch(ours, process, streams.OnTerminal is not null, proxy);
        try
        {
            Span<byte> length = stackalloc byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(length, plan.Length);
            if (!Processes.WriteAll(ours, length) || !Processes.WriteAll(ours, plan)) throw new SandboxException("varve-launch ended before it read its plan");
            var (kind, text) = launch.ReadMessage();
            if (kind == 'L') return launch;
            throw new SandboxException(kind == 'E' ? Explain(Encoding.UTF8.GetString(text)) : "varve-launch ended while it set up the sandbox");
        }
        catch
        {
            launch.Dispose();
            throw;
        }
    }

    private static string Explain(string problem)
    {
        var remedy = problem switch
        {
            _ when problem.StartsWith("cannot make a user namespace", StringComparison.Ordinal) =>
                "this host blocks user namespaces for ordinary users; an administrator can allow them with `sysctl -w kernel.unprivileged_userns_clone=1` (Debian), "
                + "`sysctl -w kernel.apparmor_restrict_unprivileged_userns=0` (Ubuntu) or `sysctl -w user.max_user_namespaces=10000`",
            _ when problem.StartsWith("cannot lay an overlay", StringComparison.Ordinal) =>
                "the file system that holds VARVE_HOME cannot carry an overlay's upper layer (NFS cannot), or the kernel is older than 5.11; set VARVE_HOME to a local folder outside the workspace",
            _ when problem.StartsWith("cannot mount /proc", StringComparison.Ordinal) =>
                "a container that hides parts of /proc does not let a new one be mounted; start it with an unmasked /proc",
            _ when problem.StartsWith("cannot install the system-call filter", StringComparison.Ordinal) =>
                "Linux 5.9 or later with seccomp user notification is needed; inside another `varve exec` a step cannot be observed a second time",
            _ => "",
        };
        return remedy.Length == 0 ? $"the sandbox could not be set up: {problem}" : $"the sandbox could not be set up: {problem}; {remedy}";
    }

    /// <summary>Lets the command start.</summary>
    public void Go() => Send('G', []);

    /// <summary>Sends a signal to the command's main process.</summary>
    public void Signal(int signal) => Send('S', [(byte)signal]);

    private void Send(char kind, ReadOnlySpan<byte> payload)
    {
        Span<byte> message = stackalloc byte[5 + payload.Length];
        message[0] = (byte)kind;
        BinaryPrimitives.WriteInt32LittleEndian(message[1..], payload.Length);
        payload.CopyTo(message[5..]);
        lock (writing) Processes.WriteAll(socket, message);
    }

    /// <summary>Waits until the command and all its processes have ended.</summary>
    /// <exception cref="SandboxException">The step's first process disappeared without a report.</exception>
    public LaunchEnd WaitForEnd()
    {
        while (true)
        {
            var (kind, bytes) = ReadMessage();
            switch (kind)
            {
                case 'F':
                    ExecuteError = BinaryPrimitives.ReadInt32LittleEndian(bytes);
                    break;
                case 'E':
                    throw new SandboxException(Explain(Encoding.UTF8.GetString(bytes)));
                case 'X':
                    Reap();
                    var microseconds = BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(8)) + BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(16));
                    return new LaunchEnd(
                        BinaryPrimitives.ReadInt32LittleEndian(bytes), BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(4)),
                        TimeSpan.FromMicroseconds(microseconds), BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(24)) * 1024);
                case '\0':
                    Reap();
                    throw new SandboxException("the step's first process was killed from outside; nothing was recorded");
            }
        }
    }

    private (char Kind, byte[] Payload) ReadMessage()
    {
        var header = new byte[5];
        if (!ReceiveAll(header)) return ('\0', []);
        var payload = new byte[BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(1))];
        return ReceiveAll(payload) ? ((char)header[0], payload) : ('\0', []);
    }

    private bool ReceiveAll(Span<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var count = Processes.Receive(socket, bytes, descriptors);
            if (count <= 0) return false;
            bytes = bytes[count..];
        }
        return true;
    }

    private void Reap()
    {
        if (waited) return;
        waited = true;
        Processes.Wait(child);
    }

    /// <summary>Ends the step, if it still runs, by closing the socket.</summary>
    public void Dispose()
    {
        _ = Libc.close(socket);
        Reap();
        if (Terminal >= 0) _ = Libc.close(Terminal);
        if (proxy && descriptors.Count > (terminal ? 2 : 1)) _ = Libc.close(descriptors[^1]);
    }
}
