using System.Runtime.InteropServices;
using Varve.Linux;

namespace Varve.Sandbox;

/// <summary>
/// Ends a process with a chosen exit status at the moment it executes a program, before the program's first
/// instruction, so that whoever waits for it sees the program succeed (ptrace(2)). Attaching, waiting and letting go
/// must happen on one thread.
/// </summary>
internal sealed unsafe partial class ForcedExit
{
    private const int PokeText = 4, GetRegisters = 12, Detach = 17, Seize = 0x4206, Interrupt = 0x4207;
    private const int TraceExecution = 0x10, Trap = 5, ExecutionEvent = 4, AllThreads = 0x40000000;
    private const int RegisterCount = 27, InstructionPointer = 16;
    private readonly int process;

    private ForcedExit(int process) => this.process = process;

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint ptrace(long request, int process, nint address, nint data);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int process, int signal);

    /// <summary>Attaches to a process that is held in execve. Null where the host does not allow it (kernel.yama.ptrace_scope).</summary>
    public static ForcedExit? Attach(int process)
    {
        if (ptrace(Seize, process, 0, TraceExecution) != 0) return null;
        // Should the execution fail after all, the process stops here instead of going on.
        _ = ptrace(Interrupt, process, 0, 0);
        return new ForcedExit(process);
    }

    /// <summary>Waits until the held call, let go on by now, has put the program in place, and makes it exit with status 0. False when it could not; the process is then killed.</summary>
    public bool Finish()
    {
        int status;
        int found;
        do found = Processes.waitpid(process, &status, AllThreads); while (found < 0 && Libc.Errno == Libc.Eintr);
        if (found == process && status >> 8 == (Trap | (ExecutionEvent << 8)) && Overwrite()) return true;
        _ = kill(process, Processes.SigKill);
        _ = ptrace(Detach, process, 0, 0);
        return false;
    }

    /// <summary>Writes `exit_group(0)` where the program would begin; the page is the process's own copy.</summary>
    private bool Overwrite()
    {
        var registers = stackalloc ulong[RegisterCount];
        if (ptrace(GetRegisters, process, 0, (nint)registers) != 0) return false;
        // mov edi, 0; mov eax, 231; syscall
        ReadOnlySpan<byte> code = [0xBF, 0, 0, 0, 0, 0xB8, 231, 0, 0, 0, 0x0F, 0x05, 0x90, 0x90, 0x90, 0x90];
        var words = MemoryMarshal.Cast<byte, long>(code);
        var at = (nint)registers[InstructionPointer];
        return ptrace(PokeText, process, at, (nint)words[0]) == 0 && ptrace(PokeText, process, at + 8, (nint)words[1]) == 0
            && ptrace(Detach, process, 0, 0) == 0;
    }
}
