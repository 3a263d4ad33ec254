using System.Diagnostics;
using Varve.Snapshots.Policy;

namespace Varve.Snapshots.Keeping;

/// <summary>Runs an administrator's programs around snapshots, with the environment variables that sanoid gives them.</summary>
internal static class HookRunner
{
    /// <summary>Runs a command line; null when it succeeded, else what went wrong.</summary>
    /// <param name="command">For <c>/bin/sh</c>; nothing to do when empty.</param>
    /// <param name="timeoutSeconds">After that it is ended; 0 or less: never.</param>
    /// <param name="variables">Added to the environment.</param>
    public static string? Run(string command, int timeoutSeconds, IReadOnlyDictionary<string, string> variables)
    {
        if (command.Length == 0) return null;
        var start = new ProcessStartInfo("/bin/sh", ["-c", command]) { UseShellExecute = false };
        foreach (var (name, value) in variables) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        if (!process.WaitForExit(timeoutSeconds > 0 ? TimeSpan.FromSeconds(timeoutSeconds) : Timeout.InfiniteTimeSpan))
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            return $"'{command}' did not end within {timeoutSeconds} s and was ended";
        }
        return process.ExitCode == 0 ? null : $"'{command}' ended with status {process.ExitCode}";
    }

    public static Dictionary<string, string> Around(string script, string dataset, IReadOnlyList<DueSnapshot> due) => new(StringComparer.Ordinal)
    {
        ["SANOID_SCRIPT"] = script,
        ["SANOID_TARGET"] = dataset,
        ["SANOID_TARGETS"] = dataset,
        ["SANOID_SNAPNAME"] = due[0].Name,
        ["SANOID_SNAPNAMES"] = string.Join(',', due.Select(static d => d.Name)),
        ["SANOID_TYPES"] = string.Join(',', due.Select(static d => d.Kind.Word())),
    };

    public static Dictionary<string, string> Pruned(Snapshot snapshot) => new(StringComparer.Ordinal)
    {
        ["SANOID_SCRIPT"] = "prune",
        ["SANOID_TARGET"] = snapshot.Dataset,
        ["SANOID_SNAPNAME"] = snapshot.Name,
    };
}
