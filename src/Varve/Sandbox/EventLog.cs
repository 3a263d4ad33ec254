using System.IO.Hashing;

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
}

/// <summary>One thing that happened to a path, as raw bytes.</summary>
internal readonly record struct PathEvent(Wanted Wanted, byte[] Path, byte[]? Second);

/// <summary>
/// Between the supervisor, which must answer at once, and the observer, which looks things up: drops what was said
/// before (four of five events repeat) and hands the rest on in order.
/// </summary>
internal sealed class EventLog
{
    private readonly HashSet<UInt128> seen = [];
    private readonly long seed = Random.Shared.NextInt64();
    private List<PathEvent> waiting = [];
    private bool closed;

    /// <summary>Notes that a call wants something of an absolute path.</summary>
    public void Add(Wanted wanted, ReadOnlySpan<byte> path)
    {
        // The seed keeps a hostile step from choosing paths that collide.
        var hash = XxHash128.HashToUInt128(path, seed) ^ ((UInt128)(ushort)wanted * 0x9E3779B97F4A7C15);
        if (seen.Add(hash)) Hand(new PathEvent(wanted, path.ToArray(), null));
    }

    /// <summary>Notes a link or a rename; never dropped, for their order matters.</summary>
    public void Add(Wanted wanted, ReadOnlySpan<byte> path, ReadOnlySpan<byte> second)
    {
        Hand(new PathEvent(wanted, path.ToArray(), second.ToArray()));
    }

    private void Hand(PathEvent item)
    {
        lock (seen)
        {
            waiting.Add(item);
            if (waiting.Count == 1) Monitor.Pulse(seen);
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

    /// <summary>Takes what waits, or waits for something; null at the end.</summary>
    public List<PathEvent>? Take()
    {
        lock (seen)
        {
            while (waiting.Count == 0 && !closed) Monitor.Wait(seen);
            if (waiting.Count == 0) return null;
            var taken = waiting;
            waiting = new List<PathEvent>(Math.Min(taken.Count, 4096));
            return taken;
        }
    }
}
