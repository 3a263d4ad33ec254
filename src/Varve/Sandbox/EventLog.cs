using System.Globalization;
using System.IO.Hashing;
using Varve.Linux;

namespace Varve.Sandbox;

/// <summary>What a call wants of a path, or does to it.</summary>
[Flags]
internal enum Wanted : ushort
{
    /// <summary>Whether there is something.</summary>
    Exists = 1,
    /// <summary>Its status.</summary>
    Status = 2,
    /// <summary>Its bytes.</summary>
    Content = 4,
    /// <summary>The names in it.</summary>
    Listing = 8,
    /// <summary>A symbolic link at the end of the path is followed.</summary>
    Follow = 16,
    /// <summary>From here on the path is the step's own: it replaced or removed what was there.</summary>
    Own = 32,
    /// <summary>It is executed.</summary>
    Program = 64,
    /// <summary>The step made a symbolic link there; the second text is its target.</summary>
    LinkMade = 128,
    /// <summary>The step renamed it; the second text is the new path.</summary>
    Renamed = 256,
    /// <summary>The step gave it a further name, the second text; the name of a symbolic link is one too.</summary>
    Named = 512,
}

/// <summary>One thing that happened to a path, as raw bytes.</summary>
internal readonly record struct PathEvent(Wanted Wanted, byte[] Path, byte[]? Second);

/// <summary>
/// Between the supervisor, which must answer at once, and the observer, which looks things up: drops what was said
/// before (four of five events repeat) and hands the rest on in order.
/// </summary>
internal sealed class EventLog
{
    private const int FewCalls = 64;
    /// <summary>Waking the observer for each event would cost the step more than the event itself.</summary>
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(1);
    /// <summary>128 bits that stand for a path and what is wanted of it; as two halves, a million of them take a third less room.</summary>
    private readonly record struct Said(ulong High, ulong Low);

    private readonly Dictionary<Said, int> seen = [];
    private readonly Dictionary<int, LastCall> calls = [];
    private readonly long seed = Random.Shared.NextInt64();
    private LastCall current = new();
    private int generation, manyCalls = FewCalls;
    private List<PathEvent> waiting = [];
    private bool closed, idle;

    /// <summary>The paths that a thread's last call named; they may be walked by the kernel until it makes its next.</summary>
    private sealed class LastCall
    {
        private readonly List<(Wanted Wanted, int Length)> parts = [];
        private byte[] bytes = [];
        private int used;

        public void Clear()
        {
            parts.Clear();
            used = 0;
        }

        public void Add(Wanted wanted, ReadOnlySpan<byte> path)
        {
            if (used + path.Length > bytes.Length) Array.Resize(ref bytes, 2 * (used + path.Length));
            path.CopyTo(bytes.AsSpan(used));
            used += path.Length;
            parts.Add((wanted, path.Length));
        }

        public IEnumerable<PathEvent> Events()
        {
            var at = 0;
            foreach (var (wanted, length) in parts)
            {
                yield return new PathEvent(wanted, bytes[at..(at + length)], null);
                at += length;
            }
        }
    }

    /// <summary>A new call of this thread: what it says from here on belongs to it.</summary>
    public void Begin(int thread)
    {
        if (!calls.TryGetValue(thread, out var call))
        {
            if (calls.Count >= manyCalls) ForgetEndedThreads();
            calls[thread] = call = new LastCall();
        }
        current = call;
        current.Clear();
    }

    /// <summary>Notes that a call wants something of an absolute path.</summary>
    public void Add(Wanted wanted, ReadOnlySpan<byte> path)
    {
        current.Add(wanted, path);
        Part.Current?.Add(wanted, path);
        // The seed keeps a hostile step from choosing paths that collide.
        var whole = XxHash128.HashToUInt128(path, seed) ^ ((UInt128)(ushort)wanted * 0x9E3779B97F4A7C15);
        var hash = new Said((ulong)(whole >> 64), (ulong)whole);
        if (seen.TryGetValue(hash, out var known) && known == generation) return;
        seen[hash] = generation;
        Hand(new PathEvent(wanted, path.ToArray(), null));
    }

    /// <summary>
    /// Notes a link or a rename; never dropped, for their order matters. Names may lead elsewhere from here on: what was
    /// said before is news again, and calls that are still under way may go either way.
    /// </summary>
    public void Add(Wanted wanted, ReadOnlySpan<byte> path, ReadOnlySpan<byte> second)
    {
        generation++;
        Hand(new PathEvent(wanted, path.ToArray(), second.ToArray()));
        foreach (var call in calls.Values)
        {
            if (call == current) continue;
            foreach (var item in call.Events()) Hand(item);
        }
    }

    private void ForgetEndedThreads()
    {
        foreach (var thread in calls.Keys.ToArray())
            if (!Files.Look($"/proc/{thread.ToString(CultureInfo.InvariantCulture)}").Exists) calls.Remove(thread);
        manyCalls = Math.Max(FewCalls, 2 * calls.Count);
    }

    /// <summary>Hands on what no call said; from any thread.</summary>
    public void Tell(PathEvent item) => Hand(item);

    private void Hand(PathEvent item)
    {
        lock (seen)
        {
            waiting.Add(item);
            if (!idle) return;
            idle = false;
            Monitor.Pulse(seen);
        }
    }

    /// <summary>Nothing more will come.</summary>
    public void Close()
    {
        lock (seen)
        {
            closed = true;
            seen.Clear();
            seen.TrimExcess();
            Monitor.Pulse(seen);
        }
    }

    /// <summary>Takes what has gathered, or waits for something; null at the end.</summary>
    public List<PathEvent>? Take()
    {
        lock (seen)
        {
            idle = waiting.Count == 0;
            while (waiting.Count == 0 && !closed) Monitor.Wait(seen);
            idle = false;
            if (!closed) Monitor.Wait(seen, Gathering);
            if (waiting.Count == 0) return null;
            var taken = waiting;
            waiting = new List<PathEvent>(Math.Min(taken.Count, 4096));
            return taken;
        }
    }
}
