using System.Runtime.InteropServices;
using Varve.Strict;

namespace Varve.Sandbox;

/// <summary>
/// Instructions that tell what processor a strict step runs on, and when. `rdtsc` and `rdtscp` fault (PR_SET_TSC) and are
/// carried out by the thread's own clock; `cpuid` faults where the processor can do that (arch_prctl(2), ARCH_SET_CPUID),
/// which each program has to ask for itself when it begins. For the tracer's thread.
/// </summary>
internal sealed unsafe class StrictProcessor(Family family, EffectLog effects)
{
    private const int FromKernel = 0x80, Rbx = 5, OriginalRax = 15, StubBytes = 16, StubLength = 15;
    private const string CanBeTold = "what the processor is, and its random numbers (cpuid, rdrand), can be read: this one cannot hide them";

    /// <summary>mov eax, 158 (arch_prctl); mov edi, 0x1012 (ARCH_SET_CPUID); xor esi, esi; syscall; int3.</summary>
    private static ReadOnlySpan<byte> Stub => [0xB8, 158, 0, 0, 0, 0xBF, 0x12, 0x10, 0, 0, 0x31, 0xF6, 0x0F, 0x05, 0xCC, 0x90];

    /// <summary>Programs that have not begun yet: what stands where they will, and their registers.</summary>
    private readonly Dictionary<int, (byte[] Code, ulong[] Registers)> asking = [];
    private bool cannotHide;

    /// <summary>A program is about to begin: it is made to ask that `cpuid` fault.</summary>
    public void Begin(int number)
    {
        if (cannotHide) return;
        var registers = new ulong[Ptrace.RegisterCount];
        var code = new byte[StubBytes];
        fixed (ulong* r = registers)
            if (Ptrace.ptrace(Ptrace.GetRegisters, number, 0, (nint)r) != 0) return;
        if (Tracee.ReadBytes(number, registers[Ptrace.InstructionPointer], code) == code.Length && Put(number, registers[Ptrace.InstructionPointer], Stub)) asking[number] = (code, registers);
    }

    private static bool Put(int number, ulong address, ReadOnlySpan<byte> code)
    {
        var words = MemoryMarshal.Cast<byte, long>(code);
        return Ptrace.ptrace(Ptrace.PokeText, number, (nint)address, (nint)words[0]) == 0 && Ptrace.ptrace(Ptrace.PokeText, number, (nint)address + 8, (nint)words[1]) == 0;
    }

    /// <summary>Whether a trap was the end of the asking; the program then begins.</summary>
    public bool EndsAsking(int number)
    {
        var registers = stackalloc ulong[Ptrace.RegisterCount];
        if (!asking.TryGetValue(number, out var program) || Ptrace.ptrace(Ptrace.GetRegisters, number, 0, (nint)registers) != 0) return false;
        if (registers[Ptrace.InstructionPointer] != program.Registers[Ptrace.InstructionPointer] + StubLength) return false;
        asking.Remove(number);
        if (registers[Ptrace.Rax] != 0)
        {
            cannotHide = true;
            effects.Add(EffectKinds.Host, CanBeTold);
        }
        Put(number, program.Registers[Ptrace.InstructionPointer], program.Code);
        (program.Registers[Ptrace.Rax], program.Registers[OriginalRax]) = (0, ulong.MaxValue);
        fixed (ulong* r = program.Registers) return Ptrace.ptrace(Ptrace.SetRegisters, number, 0, (nint)r) == 0;
    }

    /// <summary>A thread is gone.</summary>
    public void Forget(int number) => asking.Remove(number);

    /// <summary>Carries out the instruction at which a thread faulted, if it is one of those.</summary>
    public bool CarriesOut(int number)
    {
        var information = stackalloc int[32];
        if (Ptrace.ptrace(Ptrace.GetSignal, number, 0, (nint)information) != 0 || information[2] != FromKernel) return false;
        var registers = stackalloc ulong[Ptrace.RegisterCount];
        if (Ptrace.ptrace(Ptrace.GetRegisters, number, 0, (nint)registers) != 0) return false;
        Span<byte> bytes = stackalloc byte[3];
        var count = Tracee.ReadBytes(number, registers[Ptrace.InstructionPointer], bytes);
        // The next page need not exist.
        if (count < 2 && (count = Tracee.ReadBytes(number, registers[Ptrace.InstructionPointer], bytes[..2])) < 2) return false;
        int length;
        switch (bytes[..count])
        {
            case [0x0F, 0x31, ..]:
                length = 2;
                if (!CountCycles(number, registers)) return false;
                break;
            case [0x0F, 0x01, 0xF9]:
                length = 3;
                if (!CountCycles(number, registers)) return false;
                registers[Ptrace.Rcx] = 0;
                break;
            case [0x0F, 0xA2, ..]:
                length = 2;
                (registers[Ptrace.Rax], registers[Rbx], registers[Ptrace.Rcx], registers[Ptrace.Rdx]) = Facts((uint)registers[Ptrace.Rax]);
                break;
            default: return false;
        }
        registers[Ptrace.InstructionPointer] += (ulong)length;
        return Ptrace.ptrace(Ptrace.SetRegisters, number, 0, (nint)registers) == 0;
    }

    private static (ulong, ulong, ulong, ulong) Facts(uint leaf) => ProcessorFacts.Of(leaf) is var (eax, ebx, ecx, edx) ? (eax, ebx, ecx, edx) : default;

    private bool CountCycles(int number, ulong* registers)
    {
        ulong cycles;
        lock (family.Lock)
        {
            if (family.Find(number) is not { } strand) return false;
            cycles = (ulong)(strand.Clock.Look(ClockKind.Cycles) + HostFacts.UpSeconds * 1_000_000_000);
        }
        (registers[Ptrace.Rax], registers[Ptrace.Rdx]) = (cycles & 0xFFFFFFFF, cycles >> 32);
        return true;
    }
}
