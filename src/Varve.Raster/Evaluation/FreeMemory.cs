using System.Globalization;

namespace Varve.Raster.Evaluation;

/// <summary>How much memory may still be taken: what the host has free, and what the control groups of this process leave (cgroup v2 and v1).</summary>
internal static class FreeMemory
{
    private const double MostStalled = 10;
    private const string Groups = "/sys/fs/cgroup";

    /// <summary>In bytes, what is free or can be freed at once.</summary>
    public static long Now()
    {
        var free = OfHost();
        foreach (var line in Lines("/proc/self/cgroup"))
        {
            if (line.Split(':', 3) is not [_, var controllers, var path]) continue;
            if (controllers.Length == 0) free = Math.Min(free, OfGroup(Groups, path, "memory.max", "memory.current"));
            else if (controllers.Split(',').Contains("memory")) free = Math.Min(free, OfGroup(Groups + "/memory", path, "memory.limit_in_bytes", "memory.usage_in_bytes"));
        }
        return Math.Max(0, free);
    }

    /// <summary>
    /// Whether processes of this control group, or of the host, stall for want of memory: a tenth of the last ten seconds
    /// (https://docs.kernel.org/accounting/psi.html). False where the kernel does not tell.
    /// </summary>
    public static bool IsUnderPressure()
    {
        var groups = Lines("/proc/self/cgroup").Select(static l => l.Split(':', 3)).Where(static w => w is [_, "", _]).Select(static w => $"{Groups}{w[2].TrimEnd('/')}/memory.pressure");
        return groups.Append("/proc/pressure/memory").Any(static file => Stalled(Lines(file)) >= MostStalled);
    }

    /// <summary>Percent of the last ten seconds in which some process waited for memory.</summary>
    internal static double Stalled(IEnumerable<string> lines) =>
        lines.Where(static l => l.StartsWith("some ", StringComparison.Ordinal)).SelectMany(static l => l.Split(' ')).Where(static w => w.StartsWith("avg10=", StringComparison.Ordinal))
            .Select(static w => double.TryParse(w.AsSpan(6), NumberStyles.Float, CultureInfo.InvariantCulture, out var percent) ? percent : 0).FirstOrDefault();

    private static long OfHost()
    {
        foreach (var line in Lines("/proc/meminfo"))
            if (line.StartsWith("MemAvailable:", StringComparison.Ordinal) && Number(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) is { } kilobytes) return kilobytes * 1024;
        return GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
    }

    /// <summary>The least that a group or one of those it is in leaves.</summary>
    private static long OfGroup(string root, string path, string limitName, string usedName)
    {
        var least = long.MaxValue;
        for (var folder = root + path; folder.Length >= root.Length; folder = folder[..Math.Max(0, folder.LastIndexOf('/'))])
        {
            if (Number(Lines(folder.TrimEnd('/') + "/" + limitName).FirstOrDefault()) is not { } limit || Number(Lines(folder.TrimEnd('/') + "/" + usedName).FirstOrDefault()) is not { } used) continue;
            // Pages of files are given back when they are needed.
            var files = Lines(folder.TrimEnd('/') + "/memory.stat").Select(static l => l.Split(' ')).Where(static w => w is ["inactive_file" or "total_inactive_file" or "active_file" or "total_active_file", _])
                .GroupBy(static w => w[0].Replace("total_", "", StringComparison.Ordinal)).Sum(static g => g.Max(static w => Number(w[1]) ?? 0));
            least = Math.Min(least, limit - Math.Max(0, used - files));
        }
        return least;
    }

    private static long? Number(string? text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;

    private static string[] Lines(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
