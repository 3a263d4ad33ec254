using System.Buffers.Binary;
using Varve.Linux;
using Varve.Strict;

namespace Varve.Sandbox;

/// <summary>
/// Answers, in place of the kernel, the calls by which a strict step would learn what differs from one machine, person or
/// moment to the next: clocks, chance, processors, memory, who it is, the times of files and the order of folders
/// (docs/effects.md). What it answers with follows from the step's terms and from what the calling thread did before.
/// </summary>
internal sealed class StrictWorld(StrictTerms terms, NotificationListener listener, EffectLog effects, View view) : IDisposable
{
    private const long Second = 1_000_000_000, Microsecond = 1_000, TicksPerSecond = 100;
    private readonly Family family = new(terms);
    private readonly StrictWaits waits = new(terms);
    private StrictFiles? files;
    private StrictOpenings? openings;
    private StrictListings? listings;

    /// <summary>Who follows the step's processes; runs on a thread of its own.</summary>
    public Tracer Tracer => field ??= new Tracer(family, effects);

    /// <summary>Waits for the moment from which what the step writes bears a later stamp than anything before it. To be called right before it starts.</summary>
    public void Begin()
    {
        var now = Files.FineNow();
        while (Files.CoarseNow() <= now) Thread.Sleep(1);
        facts.StartedNs = now + 1;
    }

    private readonly FileFacts facts = new(terms.EpochSeconds * Second);

    /// <summary>
    /// A thread makes a call: what the one before came to is settled. Whether the call was answered; if not, it is to be
    /// looked at as any other.
    /// </summary>
    public bool Answers(in Notification call)
    {
        var strand = Caller(call.Thread);
        if (strand is null) return false;
        lock (family.Lock)
        {
            waits.Returned(strand);
            if (strand.Collects) strand.Clock.Collect(strand.Process.ChildrenEnded);
            strand.Collects = false;
            files!.Settle(strand);
            return Answer(in call, strand);
        }
    }

    private Strand? Caller(int thread)
    {
        lock (family.Lock)
            if (family.Find(thread) is { } known) return known;
        if (files is not null) return null;
        Tracer.Begin(thread);
        files = new StrictFiles(facts, view, thread, terms.EpochSeconds * Second);
        openings = new StrictOpenings(listener, effects);
        listings = new StrictListings(listener, facts);
        lock (family.Lock) return family.Find(thread);
    }

    private unsafe bool Answer(in Notification call, Strand strand)
    {
        fixed (ulong* a = call.Arguments)
        {
            switch (call.Number)
            {
                case Syscalls.ClockGetTime: return Give(in call, a[1], Timespec(Clock(strand, (int)a[0])));
                case Syscalls.ClockGetRes: return a[1] == 0 ? Give(in call, 0L) : Give(in call, a[1], Timespec(1));
                case Syscalls.GetTimeOfDay: return GiveTimeOfDay(in call, strand, a[0], a[1]);
                case Syscalls.Time: return GiveTime(in call, strand, a[0]);
                case Syscalls.Times: return GiveTimes(in call, strand, a[0]);
                case Syscalls.GetUsage: return Give(in call, a[1], HostFacts.Usage(strand.Clock.Look(ClockKind.Processor)));
                case Syscalls.GetRandom: return GiveRandom(in call, strand, a[0], a[1]);
                case Syscalls.Uname: return Give(in call, a[0], HostFacts.Names());
                case Syscalls.SysInfo: return Give(in call, a[0], HostFacts.MemoryAndLoad(Clock(strand, StrictWaits.MonotonicClock) / Second));
                case Syscalls.SchedGetAffinity: return a[1] < 8 ? Fail(in call, Libc.Einval) : Give(in call, a[2], [1, 0, 0, 0, 0, 0, 0, 0], 8);
                case Syscalls.SchedSetAffinity: return SetProcessors(in call, a[1], a[2]);
                case Syscalls.GetProcessor: return GiveProcessor(in call, a[0], a[1]);
                case Syscalls.GetGroups: return GiveGroups(in call, (int)a[0], a[1]);
                case Syscalls.Fstatfs: return Give(in call, a[1], HostFacts.FileSystem());
                case Syscalls.Fstat: return files!.StatusOfDescriptor(call.Thread, (int)a[0], strand) is { } status && Give(in call, a[1], status);
                case Syscalls.GetDents: return Fail(in call, Libc.Enosys);
                case Syscalls.ExitGroup:
                    Family.End(strand);
                    return false;
                case Syscalls.Wait4 or Syscalls.WaitId:
                    strand.Collects = true;
                    if (a[call.Number == Syscalls.Wait4 ? 3 : 4] != 0) effects.Add(EffectKinds.Clock, "read how long a child worked (wait4): --strict does not fix that");
                    return LetGo(in call);
                case Syscalls.GetItimer:
                    effects.Add(EffectKinds.Clock, "read how long until a timer rings (getitimer): --strict does not fix that");
                    return LetGo(in call);
                default: return waits.Begins(in call, strand) && LetGo(in call);
            }
        }
    }

    /// <summary>Nanoseconds that a clock shows.</summary>
    private long Clock(Strand strand, int clock)
    {
        var kind = StrictWaits.KindOf(clock);
        return waits.Shown(kind, strand.Clock.Look(kind));
    }

    /// <summary>The descriptor of what a path leads to, where that is no file of the disk; whether the call was answered.</summary>
    public bool Opens(in Notification call, ReadOnlySpan<byte> path, bool reads, bool closedOnExecution)
    {
        lock (family.Lock) return reads && family.Find(call.Thread) is { } strand && openings!.Answers(in call, PathText.Decode(path), closedOnExecution, strand);
    }

    /// <summary>A call that names one path and only looks at it, which was noted; whether it was answered.</summary>
    public unsafe bool AnswersAbout(in Notification call, ReadOnlySpan<byte> path)
    {
        const int noFollow = 0x100;
        lock (family.Lock)
        {
            if (family.Find(call.Thread) is not { } strand) return false;
            fixed (ulong* a = call.Arguments)
            {
                switch (call.Number)
                {
                    case Syscalls.Stat: return files!.Status(path, true, strand) is { } through && Give(in call, a[1], through);
                    case Syscalls.Lstat: return files!.Status(path, false, strand) is { } itself && Give(in call, a[1], itself);
                    case Syscalls.Newfstatat: return files!.Status(path, ((int)a[3] & noFollow) == 0, strand) is { } status && Give(in call, a[2], status);
                    case Syscalls.Statx: return files!.ExtendedStatus(path, ((int)a[2] & noFollow) == 0, strand) is { } more && Give(in call, a[4], more);
                    case Syscalls.Statfs: return files!.Status(path, true, strand) is not null && Give(in call, a[1], HostFacts.FileSystem());
                    case Syscalls.GetDents64: return listings!.Next(in call, strand, (int)a[0], a[1], (int)a[2]);
                    default: return false;
                }
            }
        }
    }

    /// <summary>A look at an open file by its descriptor (an empty path); whether it was answered.</summary>
    public unsafe bool AnswersAboutDescriptor(in Notification call)
    {
        lock (family.Lock)
        {
            if (family.Find(call.Thread) is not { } strand) return false;
            fixed (ulong* a = call.Arguments)
            {
                return call.Number == Syscalls.Newfstatat ? files!.StatusOfDescriptor(call.Thread, (int)a[0], strand) is { } status && Give(in call, a[2], status)
                    : call.Number == Syscalls.Statx && files!.ExtendedStatusOfDescriptor(call.Thread, (int)a[0], strand) is { } more && Give(in call, a[4], more);
            }
        }
    }

    /// <summary>A call that is about to change what stands at a path, or its times.</summary>
    public void Changes(in Notification call, ReadOnlySpan<byte> path, bool follow, bool asEntry)
    {
        lock (family.Lock)
            if (family.Find(call.Thread) is { } strand) files!.Changes(in call, PathText.Decode(path), follow, asEntry, strand);
    }

    /// <summary>A call that is about to set the times of an open file.</summary>
    public void ChangesTimesOfDescriptor(in Notification call, int descriptor)
    {
        lock (family.Lock)
            if (family.Find(call.Thread) is { } strand) files!.Changes(in call, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"/proc/{call.Thread}/fd/{descriptor}"), follow: true, asEntry: false, strand);
    }

    public void Dispose() => files?.Close();

    private bool LetGo(in Notification call)
    {
        listener.Continue(call.Id);
        return true;
    }

    private bool Fail(in Notification call, int error)
    {
        listener.Refuse(call.Id, error);
        return true;
    }

    private bool Give(in Notification call, long value)
    {
        listener.Answer(call.Id, value);
        return true;
    }

    private bool Give(in Notification call, ulong address, ReadOnlySpan<byte> bytes, long value = 0)
    {
        const int badAddress = 14;
        if (!listener.IsHeld(call.Id)) return true;
        return Tracee.WriteBytes(call.Thread, address, bytes) ? Give(in call, value) : Fail(in call, badAddress);
    }

    private static byte[] Timespec(long nanoseconds) => Pair(nanoseconds / Second, nanoseconds % Second);

    private static byte[] Pair(long first, long second)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, first);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), second);
        return bytes;
    }

    private bool GiveTimeOfDay(in Notification call, Strand strand, ulong time, ulong zone)
    {
        var now = Clock(strand, StrictWaits.RealClock);
        if (zone != 0) Tracee.WriteBytes(call.Thread, zone, new byte[8]);
        return time == 0 ? Give(in call, 0L) : Give(in call, time, Pair(now / Second, now % Second / Microsecond));
    }

    private bool GiveTime(in Notification call, Strand strand, ulong address)
    {
        var seconds = Clock(strand, StrictWaits.RealClock) / Second;
        return address == 0 ? Give(in call, seconds) : Give(in call, address, BitConverter.GetBytes(seconds), seconds);
    }

    private bool GiveTimes(in Notification call, Strand strand, ulong address)
    {
        var worked = strand.Clock.Look(ClockKind.Processor) * TicksPerSecond / Second;
        var since = Clock(strand, StrictWaits.MonotonicClock) * TicksPerSecond / Second;
        return address == 0 ? Give(in call, since) : Give(in call, address, [.. BitConverter.GetBytes(worked), .. new byte[24]], since);
    }

    private bool GiveRandom(in Notification call, Strand strand, ulong address, ulong count)
    {
        // As much as the kernel gives before it looks for signals.
        const int most = 1 << 20;
        var bytes = new byte[(int)Math.Min(count, most)];
        strand.Chance.Fill(bytes);
        return Give(in call, address, bytes, bytes.Length);
    }

    private bool SetProcessors(in Notification call, ulong size, ulong mask)
    {
        Span<byte> first = stackalloc byte[1];
        return size > 0 && Tracee.ReadBytes(call.Thread, mask, first) == 1 && (first[0] & 1) != 0 ? Give(in call, 0L) : Fail(in call, Libc.Einval);
    }

    private bool GiveProcessor(in Notification call, ulong processor, ulong node)
    {
        if (processor != 0) Tracee.WriteBytes(call.Thread, processor, new byte[4]);
        if (node != 0) Tracee.WriteBytes(call.Thread, node, new byte[4]);
        return Give(in call, 0L);
    }

    private bool GiveGroups(in Notification call, int room, ulong address) =>
        room == 0 ? Give(in call, 1L) : room < 0 ? Fail(in call, Libc.Einval) : Give(in call, address, BitConverter.GetBytes(HostFacts.User), 1);
}
