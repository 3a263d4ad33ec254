using System.Globalization;

namespace Varve.Raster.Evaluation;

/// <summary>How much memory may still be taken: what the host has free, and what the control groups of this process leave (cgroup v2 and v1).</summary>
internal static class FreeMemory
{
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
