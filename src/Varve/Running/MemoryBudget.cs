using System.Globalization;

namespace Varve.Running;

/// <summary>
/// Lets steps run together only while the memory they held at most in earlier runs fits what the host has free, so
/// that it is never overcommitted. A step that alone wants more than there is runs alone.
/// </summary>
internal sealed class MemoryBudget(long bytes) : IDisposable
{
    private readonly Lock access = new();
    private readonly SemaphoreSlim changed = new(0);
    private long held;
    private int running, waiting;

    /// <summary>What is free now, within the limits of the control group this process is in.</summary>
    public static MemoryBudget OfHost() => new(Math.Min(Available(), ControlGroupLimit()));

    private static long Available()
    {
        foreach (var line in File.ReadLines("/proc/meminfo"))
            if (line.StartsWith("MemAvailable:", StringComparison.Ordinal)) return long.Parse(line.AsSpan(13).Trim(" kB"), CultureInfo.InvariantCulture) * 1024;
        return long.MaxValue;
    }

    private static long ControlGroupLimit()
    {
        try
        {
            foreach (var line in File.ReadLines("/proc/self/cgroup"))
            {
                var parts = line.Split(':', 3);
                var file = parts[1] == "memory" ? $"/sys/fs/cgroup/memory{parts[2]}/memory.limit_in_bytes" : parts[0] == "0" ? $"/sys/fs/cgroup{parts[2]}/memory.max" : "";
                if (file.Length > 0 && File.Exists(file) && long.TryParse(File.ReadAllText(file), out var limit)) return limit;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A host without control groups sets no limit.
        }
        return long.MaxValue;
    }

    /// <summary>Waits until there is room; disposing what it returns gives the room back.</summary>
    public IDisposable Enter(long peak, CancellationToken cancellation)
    {
        while (true)
        {
            lock (access)
            {
                if (running == 0 || held + peak <= bytes)
                {
                    held += peak;
                    running++;
                    return new Room(this, peak);
                }
                waiting++;
            }
            changed.Wait(cancellation);
        }
    }

    public void Dispose() => changed.Dispose();

    private void Leave(long peak)
    {
        lock (access)
        {
            held -= peak;
            running--;
            if (waiting > 0) changed.Release(waiting);
            waiting = 0;
        }
    }

    private sealed class Room(MemoryBudget budget, long peak) : IDisposable
    {
        public void Dispose() => budget.Leave(peak);
    }
}
