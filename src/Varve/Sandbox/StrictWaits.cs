using System.Buffers.Binary;
using Varve.Linux;
using Varve.Strict;

namespace Varve.Sandbox;

/// <summary>
/// Waits of a strict step that a clock ends. They take as long as they say, in the world's time; when one ended because its
/// time was up, the thread's own clock has gone on by as much. A moment that a program names by its own clock is put into the
/// kernel's for the length of the call, and back after it.
/// </summary>
internal sealed class StrictWaits(StrictTerms terms)
{
    public const int RealClock = 0, MonotonicClock = 1;
    private const long Second = 1_000_000_000, Millisecond = 1_000_000;

    /// <summary>A wait that was let go.</summary>
    /// <param name="EndsNs">When its time is up, by the kernel's monotonic clock.</param>
    /// <param name="From">How far the thread's own clock was when it began.</param>
    /// <param name="Duration">How long it is.</param>
    private readonly record struct Wait(long EndsNs, long From, long Duration);

    /// <summary>A moment in a program's memory that stands there in the kernel's time for now.</summary>
    private sealed record Loan(int Thread, ulong Address, byte[] Original, byte[] Lent);

    private readonly Dictionary<int, Wait> waiting = [];
    private readonly List<Loan> loans = [];

    /// <summary>What a clock of the kernel's (clock_gettime(2)) tells.</summary>
    public static ClockKind KindOf(int clock) => clock switch
    {
        0 or 5 or 8 or 11 => ClockKind.Real,
        1 or 4 or 6 or 7 or 9 => ClockKind.Monotonic,
        _ => ClockKind.Processor,
    };

    /// <summary>What a clock shows, in nanoseconds, when a thread's stands at a moment since the step began.</summary>
    public long Shown(ClockKind kind, long moment) => moment + Beginning(kind);

    private long Beginning(ClockKind kind) => kind switch { ClockKind.Real => terms.EpochSeconds * Second, ClockKind.Monotonic => HostFacts.UpSeconds * Second, _ => 0 };

    /// <summary>A thread's call before this one ended.</summary>
    public void Returned(Strand strand)
    {
        if (waiting.Remove(strand.Number, out var wait) && Now(MonotonicClock) >= wait.EndsNs) strand.Clock.Sleep(wait.From, wait.Duration);
        for (var i = loans.Count - 1; i >= 0; i--)
        {
            if (loans[i].Thread != strand.Number) continue;
            var loan = loans[i];
            loans.RemoveAt(i);
            var now = new byte[16];
            // What stands there now may be something else by now.
            if (Tracee.ReadBytes(loan.Thread, loan.Address, now) == now.Length && now.AsSpan().SequenceEqual(loan.Lent)) Tracee.WriteBytes(loan.Thread, loan.Address, loan.Original);
        }
    }

    /// <summary>Whether a call is one that waits; then it can be let go.</summary>
    public unsafe bool Begins(in Notification call, Strand strand)
    {
        const ulong absolute = 1;
        fixed (ulong* a = call.Arguments)
        {
            switch (call.Number)
            {
                case Syscalls.Nanosleep: return ForTime(in call, strand, a[0], Second, 1);
                case Syscalls.ClockNanosleep: return (a[1] & absolute) == 0 ? ForTime(in call, strand, a[2], Second, 1) : Moment(in call, strand, a[2], (int)a[0]);
                case Syscalls.Poll: return For(strand, (int)a[2] * Millisecond);
                case Syscalls.EpollWait or Syscalls.EpollPwait: return For(strand, (int)a[3] * Millisecond);
                case Syscalls.Select: return ForTime(in call, strand, a[4], Second, 1000);
                case Syscalls.PselectSix: return ForTime(in call, strand, a[4], Second, 1);
                case Syscalls.Ppoll or Syscalls.SignalTimedWait: return ForTime(in call, strand, a[2], Second, 1);
                case Syscalls.EpollPwait2: return ForTime(in call, strand, a[3], Second, 1);
                case Syscalls.Futex: return Futex(in call, strand, (int)a[1], a[3]);
                // The new setting is an interval and, 16 bytes further on, the first moment.
                case Syscalls.TimerFdSetTime or Syscalls.TimerSetTime:
                    Lend(in call, strand, a[2] + 16, clock: null);
                    return true;
                default: return false;
            }
        }
    }

    /// <summary>futex(2): FUTEX_WAIT says how long, the other operations that wait say until when.</summary>
    private bool Futex(in Notification call, Strand strand, int operation, ulong time)
    {
        const int commandMask = 0x7F, wait = 0, lockPi = 6, realTime = 0x100;
        var command = operation & commandMask;
        if (command == wait) return ForTime(in call, strand, time, Second, 1);
        return Moment(in call, strand, time, command == lockPi || (operation & realTime) != 0 ? RealClock : MonotonicClock, countsNaps: false);
    }

    private bool For(Strand strand, long duration)
    {
        if (duration > 0) waiting[strand.Number] = new Wait(Now(MonotonicClock) + duration, strand.Clock.Base, duration);
        return true;
    }

    private bool ForTime(in Notification call, Strand strand, ulong address, long whole, long part)
    {
        if (Read(call.Thread, address) is { } pair && pair.First is >= 0 and < 1L << 32) For(strand, pair.First * whole + pair.Second * part);
        return true;
    }

    /// <summary>A wait until a moment. A nap for a lock is none of the thread's own time.</summary>
    private bool Moment(in Notification call, Strand strand, ulong address, int clock, bool countsNaps = true)
    {
        if (Lend(in call, strand, address, clock) is { } moment)
        {
            var kind = KindOf(clock);
            var (now, own) = (Now(MonotonicClock), moment - Beginning(kind));
            var left = own - strand.Clock.At(kind);
            if (!countsNaps && left <= ThreadClock.Nap) strand.Clock.TakeBack(kind);
            else if (left > 0) waiting[strand.Number] = new Wait(now + left, strand.Clock.Base, left);
        }
        return true;
    }

    /// <summary>Puts a moment of a thread's own clock into the kernel's; what the thread had written, in nanoseconds, or null where it could not be read.</summary>
    /// <param name="call">The call that names it.</param>
    /// <param name="strand">The thread.</param>
    /// <param name="address">Where it stands.</param>
    /// <param name="clock">By which clock; null where the call does not say, and the moment itself does.</param>
    private long? Lend(in Notification call, Strand strand, ulong address, int? clock)
    {
        var thread = call.Thread;
        if (Read(thread, address) is not { } pair || pair is { First: 0, Second: 0 }) return null;
        // Another thread may wait for the same moment right now.
        var raw = Raw(pair.First, pair.Second);
        if (loans.Find(l => l.Address == address && l.Lent.AsSpan().SequenceEqual(raw)) is { } lent)
        {
            loans.Add(lent with { Thread = thread });
            return BinaryPrimitives.ReadInt64LittleEndian(lent.Original) * Second + BinaryPrimitives.ReadInt64LittleEndian(lent.Original.AsSpan(8));
        }
        if (pair.First is < 0 or >= 1L << 33) return null;
        var moment = pair.First * Second + pair.Second;
        var by = clock ?? (pair.First >= terms.EpochSeconds ? RealClock : MonotonicClock);
        var kind = KindOf(by);
        if (kind == ClockKind.Processor) return null;
        // The kernel's now, less the thread's now, by the same clock.
        var shift = Now(by) - Shown(kind, strand.Clock.At(kind));
        var there = Math.Max(1, moment + shift);
        var written = Raw(there / Second, there % Second);
        if (!Tracee.WriteBytes(thread, address, written)) return null;
        loans.Add(new Loan(thread, address, raw, written));
        return moment;
    }

    private static (long First, long Second)? Read(int thread, ulong address)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (address == 0 || Tracee.ReadBytes(thread, address, bytes) != bytes.Length) return null;
        return (BinaryPrimitives.ReadInt64LittleEndian(bytes), BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]));
    }

    private static byte[] Raw(long first, long second)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, first);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), second);
        return bytes;
    }

    private static unsafe long Now(int clock)
    {
        Libc.Timespec now;
        _ = Libc.clock_gettime(clock, &now);
        return now.Seconds * Second + now.Nanoseconds;
    }
}
