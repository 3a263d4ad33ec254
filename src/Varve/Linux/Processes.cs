using System.Runtime.InteropServices;

namespace Varve.Linux;

/// <summary>System calls on processes, sockets and descriptors that the sandbox needs.</summary>
internal static unsafe partial class Processes
{
    public const short PollIn = 1, PollHangUp = 0x10;
    public const int SigInt = 2, SigKill = 9, SigTerm = 15;
    private const int SocketCloexec = 0x80000, UnixDomain = 1, Stream = 1;

    [StructLayout(LayoutKind.Sequential)]
    public struct Poll
    {
        public int Descriptor;
        public short Events, Returned;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct Segment
    {
        public nint Base;
        public nuint Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct MessageHeader
    {
        public nint Name;
        public uint NameLength;
        public Segment* Parts;
        public nuint PartCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int posix_spawn(int* pid, byte* path, void* actions, void* attributes, byte** arguments, byte** variables);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_init(void* actions);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_destroy(void* actions);

    [LibraryImport("libc")]
    private static partial int posix_spawn_file_actions_adddup2(void* actions, int descriptor, int target);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int socketpair(int domain, int type, int protocol, int* pair);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint recvmsg(int socket, MessageHeader* message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int poll(Poll* sources, nuint count, int timeoutMs);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int waitpid(int pid, int* status, int options);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint process_vm_readv(int pid, Segment* local, nuint localCount, Segment* remote, nuint remoteCount, nuint flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint process_vm_writev(int pid, Segment* local, nuint localCount, Segment* remote, nuint remoteCount, nuint flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int pipe2(int* pair, int flags);

    [LibraryImport("libc")]
    public static partial int isatty(int descriptor);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int fcntl(int descriptor, int command, nint argument);

    [LibraryImport("libc", SetLastError = true)]
    public static partial long lseek(int descriptor, long offset, int whence);

    /// <summary>A pair of connected stream sockets that are closed on exec.</summary>
    public static (int Ours, int Theirs) SocketPair()
    {
        var pair = stackalloc int[2];
        if (socketpair(UnixDomain, Stream | SocketCloexec, 0, pair) != 0) throw Files.Failure("make", "a socket pair");
        return (pair[0], pair[1]);
    }

    /// <summary>A pipe that is closed on exec.</summary>
    public static (int Read, int Write) Pipe()
    {
        var pair = stackalloc int[2];
        if (pipe2(pair, Libc.OCloexec) != 0) throw Files.Failure("make", "a pipe");
        return (pair[0], pair[1]);
    }

    /// <summary>Starts a program with descriptors 0, 1, 2, ... as listed and an empty environment. Its process id.</summary>
    [LibraryImport("libc", SetLastError = true)]
    private static partial int execvp(byte* program, byte** arguments);

    [LibraryImport("libc")]
    private static partial nint signal(int number, nint handler);

    /// <summary>Becomes a command, looked up in PATH, with this process's variables and streams. Returns only when it cannot: errno.</summary>
    public static int Become(IReadOnlyList<string> command)
    {
        const int brokenPipe = 13;
        // The runtime ignores it, and what is ignored stays so across exec.
        _ = signal(brokenPipe, 0);
        var words = new nint[command.Count + 1];
        for (var i = 0; i < command.Count; i++)
        {
            var word = PathText.EncodeTerminated(command[i]);
            words[i] = Marshal.AllocHGlobal(word.Length);
            Marshal.Copy(word, 0, words[i], word.Length);
        }
        fixed (nint* w = words) _ = execvp((byte*)words[0], (byte**)w);
        return Libc.Errno;
    }

    public static int Spawn(string program, ReadOnlySpan<int> descriptors)
    {
        var actions = stackalloc byte[512];
        _ = posix_spawn_file_actions_init(actions);
        try
        {
            for (var i = 0; i < descriptors.Length; i++) _ = posix_spawn_file_actions_adddup2(actions, descriptors[i], i);
            int pid;
            fixed (byte* path = PathText.EncodeTerminated(program))
            {
                var arguments = stackalloc byte*[2] { path, null };
                var variables = stackalloc byte*[1] { null };
                var error = posix_spawn(&pid, path, actions, null, arguments, variables);
                if (error != 0) throw new IOException($"cannot start {program}: {new System.ComponentModel.Win32Exception(error).Message}");
            }
            return pid;
        }
        finally
        {
            _ = posix_spawn_file_actions_destroy(actions);
        }
    }

    /// <summary>Receives bytes and any descriptors that come with them. The count of bytes; 0 at the end.</summary>
    public static int Receive(int socket, Span<byte> bytes, List<int> descriptors)
    {
        fixed (byte* buffer = bytes)
        {
            var part = new Segment { Base = (nint)buffer, Length = (nuint)bytes.Length };
            var control = stackalloc byte[64];
            var message = new MessageHeader { Parts = &part, PartCount = 1, Control = control, ControlLength = 64 };
            nint count;
            do count = recvmsg(socket, &message, 0x40000000); while (count < 0 && Libc.Errno == Libc.Eintr);
            if (message.ControlLength >= 20)
            {
                var size = (int)*(nuint*)control;
                for (var at = 16; at + 4 <= size; at += 4) descriptors.Add(*(int*)(control + at));
            }
            return (int)count;
        }
    }

    /// <summary>Writes all bytes; false when the other side is gone.</summary>
    public static bool WriteAll(int descriptor, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* b = bytes)
        {
            for (nint done = 0; done < bytes.Length;)
            {
                var count = Libc.write(descriptor, b + done, (nuint)(bytes.Length - done));
                if (count < 0 && Libc.Errno == Libc.Eintr) continue;
                if (count < 0 && Libc.Errno == Libc.Eagain)
                {
                    var wait = new Poll { Descriptor = descriptor, Events = 4 };
                    _ = poll(&wait, 1, -1);
                    continue;
                }
                if (count <= 0) return false;
                done += count;
            }
        }
        return true;
    }

    /// <summary>Reads what is there; 0 at the end, also when the other side of a terminal is gone.</summary>
    public static int Read(int descriptor, Span<byte> bytes)
    {
        fixed (byte* b = bytes)
        {
            while (true)
            {
                var count = Libc.read(descriptor, b, (nuint)bytes.Length);
                if (count >= 0) return (int)count;
                if (Libc.Errno != Libc.Eintr) return 0;
            }
        }
    }

    /// <summary>This process's file mode mask in octal, of four digits as `umask` prints it; asking the kernel for it would set it (proc_pid_status(5)).</summary>
    public static string FileModeMask()
    {
        const string field = "Umask:";
        foreach (var line in File.ReadLines("/proc/self/status"))
            if (line.StartsWith(field, StringComparison.Ordinal)) return line[field.Length..].Trim();
        return "0022";
    }

    /// <summary>Waits for a child; its exit status, or 128 + the signal that ended it.</summary>
    public static int Wait(int pid)
    {
        int status;
        while (waitpid(pid, &status, 0) < 0 && Libc.Errno == Libc.Eintr) { }
        return (status & 0x7F) == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F);
    }
}
