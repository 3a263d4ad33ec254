using System.Globalization;

namespace Varve.Linux;

/// <summary>
/// Files that are written beside where they belong and then renamed. Their names tell which process writes them, so
/// that what one that was killed has left behind can be told from what one that lives is writing.
/// </summary>
internal static class Temporaries
{
    private const string Prefix = ".varve-", Suffix = ".tmp";
    /// <summary>How old a temporary of another host, or from before the last start of this one, is when nobody writes it any more.</summary>
    private const long ForeignAgeNs = 60_000_000_000;

    private static readonly Lazy<(string Scope, string Process)> self = new(() => (Scope(), Of("self")));
    private static long count;

    /// <summary>A new name in the folder of a path.</summary>
    public static string Beside(string path)
    {
        var (scope, process) = self.Value;
        return string.Create(CultureInfo.InvariantCulture, $"{Files.Parent(path)}/{Prefix}{scope}-{process}-{Interlocked.Increment(ref count)}{Suffix}");
    }

    /// <summary>Removes from a folder what processes that are gone have left.</summary>
    public static void RemoveLeftovers(string folder)
    {
        foreach (var entry in Files.List(folder) ?? [])
            if (entry.Name.StartsWith(Prefix, StringComparison.Ordinal) && entry.Name.EndsWith(Suffix, StringComparison.Ordinal) && IsLeft(folder, entry.Name))
                Files.RemoveTree($"{folder}/{entry.Name}");
    }

    private static bool IsLeft(string folder, string name)
    {
        var parts = name[Prefix.Length..^Suffix.Length].Split('-');
        if (parts.Length == 4 && parts[0] == self.Value.Scope) return Of(parts[1]) != $"{parts[1]}-{parts[2]}";
        return Files.Look($"{folder}/{name}").ChangedNs < Files.CoarseNow() - ForeignAgeNs;
    }

    /// <summary>This start of this host and its process ids, which a container numbers anew.</summary>
    private static string Scope()
    {
        var text = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim() + File.ResolveLinkTarget("/proc/self/ns/pid", returnFinalTarget: false)?.Name;
        return Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(text)).AsSpan(0, 6));
    }

    /// <summary>A process's id and the moment it began (proc_pid_stat(5), field 22); empty when it is gone, or only waited for.</summary>
    private static string Of(string process)
    {
        const int startTime = 22 - 3;
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? "" : $"{stat[..stat.IndexOf(' ', StringComparison.Ordinal)]}-{fields[startTime]}";
        }
        catch (IOException)
        {
            return "";
        }
        catch (UnauthorizedAccessException)
        {
            return "";
        }
    }
}
