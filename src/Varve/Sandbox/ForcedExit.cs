using System.Runtime.InteropServices;
using Varve.Linux;

namespace Varve.Sandbox;

/// <summary>
/// Ends a process with a chosen exit status at the moment it executes a program, before the program's first
/// instruction, so that whoever waits for it sees the program succeed (ptrace(2)). Attaching, waiting and letting go
/// must happen on one thread.
/// </summary>
internal sealed unsafe class ForcedExit
{
    private readonly int process;

    private ForcedExit(int process) => this.process = process;

    /// <summary>Attaches to a process that is held in execve. Null where the host does not allow it (kernel.yama.ptrace_scope).</summary>
    public static ForcedExit? Attach(int process)
    {
        if (Ptrace.ptrace(Ptrace.Seize, process, 0, Ptrace.TraceExecution) != 0) return null;
        // Should the execution fail after all, the process stops here instead of going on.
        _ = Ptrace.ptrace(Ptrace.Interrupt, process, 0, 0);
        return new ForcedExit(process);
    }

    /// <summary>Waits until the held call, let go on by now, has put the program in place, and makes it exit with status 0. False when it could not; the process is then killed.</summary>
    public bool Finish()
    {
        var found = Ptrace.Wait(process, Ptrace.AllThreads, out var status);
        if (found == process && status >> 8 == (Ptrace.Trap | (Ptrace.ExecutionEvent << 8)) && Overwrite()) return true;
        _ = Ptrace.kill(process, Processes.SigKill);
        _ = Ptrace.ptrace(Ptrace.Detach, process, 0, 0);
        return false;
    }

    /// <summary>Writes `exit_group(0)` where the program would begin; the page is the process's own copy.</summary>
    private bool Overwrite()
    {
        var registers = stackalloc ulong[Ptrace.RegisterCount];
        if (Ptrace.ptrace(Ptrace.GetRegisters, process, 0, (nint)registers) != 0) return false;
        // mov edi, 0; mov eax, 231; syscall
        ReadOnlySpan<byte> code = [0xBF, 0, 0, 0, 0, 0xB8, 231, 0, 0, 0, 0x0F, 0x05, 0x90, 0x90, 0x90, 0x90];
        var words = MemoryMarshal.Cast<byte, long>(code);
        var at = (nint)registers[Ptrace.InstructionPointer];
        return Ptrace.ptrace(Ptrace.PokeText, process, at, (nint)words[0]) == 0 && Ptrace.ptrace(Ptrace.PokeText, process, at + 8, (nint)words[1]) == 0
            && Ptrace.ptrace(Ptrace.Detach, process, 0, 0) == 0;
    }
}
