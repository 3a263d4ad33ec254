using Varve.Strict;

namespace Varve.Sandbox;

/// <summary>
/// Follows all processes and threads of a strict step (ptrace(2)): knows of each whose child it is before it does
/// anything, takes the vDSO and the kernel's random bytes away from each program before its first instruction, and carries
/// out the instructions that fault because they would tell of the machine. One thread of its own.
/// </summary>
internal sealed unsafe class Tracer(Family family, EffectLog effects) : IDisposable
{
    private const int SegmentationFault = 11;
    private static readonly int[] StoppingSignals = [19, 20, 21, 22];
    private readonly StrictProcessor processor = new(family, effects);
    private readonly HashSet<int> early = [];
    private readonly SemaphoreSlim wanted = new(0), seized = new(0);
    private int first;
    private bool isRefused;

    /// <summary>Begins to follow the step, whose first process is held in a call. To be called once, from another thread.</summary>
    /// <exception cref="IOException">The host does not allow it.</exception>
    public void Begin(int process)
    {
        first = process;
        wanted.Release();
        seized.Wait();
        if (isRefused) throw new IOException("this host does not let a process be followed (ptrace), which --strict needs; see kernel.yama.ptrace_scope");
    }

    /// <summary>Nothing will begin any more.</summary>
    public void Dispose() => wanted.Release();

    /// <summary>Follows the step until no process of it is left.</summary>
    public void Run()
    {
        wanted.Wait();
        if (first == 0) return;
        const int all = Ptrace.TraceFork | Ptrace.TraceVfork | Ptrace.TraceClone | Ptrace.TraceExecution | Ptrace.EndWithTracer;
        isRefused = Ptrace.ptrace(Ptrace.Seize, first, 0, all) != 0;
        lock (family.Lock) family.AddFirst(first);
        seized.Release();
        if (isRefused) return;
        while (Ptrace.Wait(-1, Ptrace.AllThreads | Ptrace.OfThisThread, out var status) is var number and > 0) Handle(number, status);
    }

    private void Handle(int number, int status)
    {
        const int stopped = 0x7F;
        if ((status & 0xFF) != stopped)
        {
            lock (family.Lock) family.Remove(number);
            early.Remove(number);
            processor.Forget(number);
            return;
        }
        var (signal, happened) = (status >> 8 & 0xFF, status >> 16);
        switch (happened)
        {
            case Ptrace.ForkEvent or Ptrace.VforkEvent or Ptrace.CloneEvent:
                Born(number, (int)Message(number));
                break;
            case Ptrace.ExecutionEvent:
                Executed(number, (int)Message(number));
                break;
            case Ptrace.StopEvent when StoppingSignals.Contains(signal):
                // Stopped as the person asked: it stays so until it is continued.
                _ = Ptrace.ptrace(Ptrace.Listen, number, 0, 0);
                return;
            case Ptrace.StopEvent:
                if (IsKnown(number)) break;
                early.Add(number);
                return;
            case 0:
                var isOurs = signal switch { SegmentationFault => processor.CarriesOut(number), Ptrace.Trap => processor.EndsAsking(number), _ => false };
                Go(number, isOurs ? 0 : signal);
                return;
        }
        Go(number, 0);
    }

    private static void Go(int number, int signal) => _ = Ptrace.ptrace(Ptrace.Continue, number, 0, signal);

    private static nint Message(int number)
    {
        nint message = 0;
        _ = Ptrace.ptrace(Ptrace.GetEventMessage, number, 0, (nint)(&message));
        return message;
    }

    private bool IsKnown(int number)
    {
        lock (family.Lock) return family.Find(number) is not null;
    }

    private void Born(int parent, int child)
    {
        var isThread = Directory.Exists(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"/proc/{parent}/task/{child}"));
        lock (family.Lock)
            if (family.Find(parent) is { } strand) family.AddChild(strand, child, isThread);
        if (early.Remove(child)) Go(child, 0);
    }

    private void Executed(int number, int formerNumber)
    {
        lock (family.Lock)
        {
            var strand = family.Execute(formerNumber, number);
            var registers = stackalloc ulong[Ptrace.RegisterCount];
            if (strand is null || Ptrace.ptrace(Ptrace.GetRegisters, number, 0, (nint)registers) != 0) return;
            Span<byte> random = stackalloc byte[StartingStack.RandomBytes];
            strand.Chance.Fill(random);
            StartingStack.MakeSame(number, registers[Ptrace.StackPointer], random);
        }
        processor.Begin(number);
    }
}
