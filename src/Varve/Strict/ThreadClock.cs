namespace Varve.Strict;

/// <summary>The kinds of clocks a thread can read.</summary>
internal enum ClockKind
{
    /// <summary>The time of day.</summary>
    Real,
    /// <summary>The time since the machine began.</summary>
    Monotonic,
    /// <summary>The time its processor worked for it.</summary>
    Processor,
    /// <summary>The processor's counter of cycles.</summary>
    Cycles,
}

/// <summary>
/// The clock of one thread of a strict step. It stands still but for what the thread itself does: it sleeps, it waits in
/// vain, it writes a file, it collects a child that had a later clock; and each look at it takes a microsecond, so that
/// nobody divides by nothing. Who looks a thousand times without sleeping waits for time to pass: from then on each look
/// takes longer, to a millisecond.
/// </summary>
/// <remarks>
/// Sleeps of more than ten milliseconds are known to the other threads of the process too. Shorter ones are not: the
/// runtimes of languages have threads that nap and look at the clock all the time, and no program's time may depend on them.
/// </remarks>
internal sealed class ThreadClock(ProcessClock process, long start)
{
    /// <summary>A sleep no longer than this, in nanoseconds, is a nap.</summary>
    public const long Nap = 10_000_000;
    private const long Tick = 1_000, LongestTick = 1_000_000, WriteTakes = 1_000_000;
    private const int Patience = 1000;
    private readonly long[] ticks = new long[4];
    private readonly int[] looks = new int[4];
    private long own = start, lastTick;
    private ClockKind lastLook;

    /// <summary>The time of day in nanoseconds since the step began, without a look being counted.</summary>
    public long Now => At(ClockKind.Real);

    /// <summary>What a clock would show, without a look being counted.</summary>
    public long At(ClockKind kind) => (kind == ClockKind.Processor ? 0 : Base) + ticks[(int)kind];

    /// <summary>A look at the clock: nanoseconds since the step began (for the processor: of work).</summary>
    public long Look(ClockKind kind)
    {
        ref var count = ref looks[(int)kind];
        count = Math.Min(count + 1, int.MaxValue - 1);
        lastTick = count <= Patience ? Tick : Math.Min(Tick * (count - Patience), LongestTick);
        lastLook = kind;
        ticks[(int)kind] += lastTick;
        return At(kind);
    }

    /// <summary>
    /// The last look was at the clock of a kind, and only served to say until when to wait for a lock: it is as if it had
    /// not been. How often a thread must wait for one (Python's, above all) is chance.
    /// </summary>
    public void TakeBack(ClockKind kind)
    {
        if (kind != lastLook) return;
        ticks[(int)kind] -= lastTick;
        lastTick = 0;
    }

    /// <summary>How far it is, its looks apart: from here a sleep counts. Threads that sleep at the same time sleep the same time.</summary>
    public long Base => Math.Max(own, process.Shared);

    /// <summary>The thread slept, or waited in vain, that long (nanoseconds).</summary>
    /// <param name="from"><see cref="Base"/> as it was when it began to.</param>
    /// <param name="duration">How long.</param>
    public void Sleep(long from, long duration)
    {
        own = Math.Max(own, from + duration);
        if (duration > Nap) process.Shared = Math.Max(process.Shared, own);
        Array.Clear(looks);
    }

    /// <summary>The thread begins to change a file; the time that the file bears from then on.</summary>
    public long Write()
    {
        own = Base + WriteTakes;
        return Now;
    }

    /// <summary>The thread collected children, of which the last had this clock.</summary>
    public void Collect(long ended)
    {
        if (ended > Now) own = Base + (ended - Now);
    }
}

/// <summary>What the threads of a process know of one another's clocks.</summary>
internal sealed class ProcessClock
{
    /// <summary>How far they all are, in nanoseconds since the step began.</summary>
    public long Shared { get; set; }
}
