using System.Runtime.InteropServices;
using Varve.Linux;

namespace Varve.Sandbox;

/// <summary>Holding other processes at chosen moments (ptrace(2)). All calls about one process must come from the thread that seized it.</summary>
internal static unsafe partial class Ptrace
{
    public const int PokeText = 4, Continue = 7, GetRegisters = 12, SetRegisters = 13, Detach = 17, GetEventMessage = 0x4201, GetSignal = 0x4202, Seize = 0x4206, Interrupt = 0x4207, Listen = 0x4208;
    public const int TraceFork = 2, TraceVfork = 4, TraceClone = 8, TraceExecution = 0x10, EndWithTracer = 0x100000;
    public const int ForkEvent = 1, VforkEvent = 2, CloneEvent = 3, ExecutionEvent = 4, StopEvent = 128;
    public const int Trap = 5, AllThreads = 0x40000000, OfThisThread = 0x20000000;
    /// <summary>Words of `struct user_regs_struct`, and which of them is which.</summary>
    public const int RegisterCount = 27, Rcx = 11, Rax = 10, Rdx = 12, InstructionPointer = 16, StackPointer = 19;

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint ptrace(long request, int process, nint address, nint data);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int kill(int process, int signal);

    /// <summary>Waits for whatever happens to a process; its number, or -1.</summary>
    public static int Wait(int process, int options, out int status)
    {
        int result, found;
        do found = Processes.waitpid(process, &result, options); while (found < 0 && Libc.Errno == Libc.Eintr);
        status = result;
        return found;
    }
}
