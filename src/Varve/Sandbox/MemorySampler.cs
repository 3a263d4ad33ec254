using System.Globalization;

namespace Varve.Sandbox;

/// <summary>
/// Adds up, a few times a second, the resident memory of all processes of a step. The kernel itself tells only the
/// largest single process; steps shorter than the first sample go by that.
/// </summary>
internal sealed class MemorySampler : IDisposable
{
    private readonly Supervisor supervisor;
    private readonly Timer timer;

    public MemorySampler(Supervisor supervisor, TimeSpan every)
    {
        this.supervisor = supervisor;
        timer = new Timer(_ => Sample(), null, every, every);
    }

    /// <summary>The largest sum seen, in bytes.</summary>
    public long PeakBytes { get; private set; }

    private void Sample()
    {
        var processes = new Dictionary<int, long>();
        foreach (var thread in supervisor.Threads.Keys)
        {
            if (Read(thread) is { } found) processes[found.Process] = found.Bytes;
            else supervisor.Threads.TryRemove(thread, out _);
        }
        PeakBytes = Math.Max(PeakBytes, processes.Values.Sum());
    }

    private static (int Process, long Bytes)? Read(int thread)
    {
        try
        {
            var process = 0;
            foreach (var line in File.ReadLines($"/proc/{thread.ToString(CultureInfo.InvariantCulture)}/status"))
            {
                if (line.StartsWith("Tgid:", StringComparison.Ordinal)) process = int.Parse(line.AsSpan(5).Trim());
                if (!line.StartsWith("VmRSS:", StringComparison.Ordinal)) continue;
                var kibibytes = line.AsSpan(6).Trim();
                return (process, long.Parse(kibibytes[..kibibytes.IndexOf(' ')]) * 1024);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has ended meanwhile.
        }
        return null;
    }

    public void Dispose() => timer.Dispose();
}
