using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace Varve.Tests.EndToEnd;

/// <summary>A control group with a limit of memory (cgroup v2, or v1 where that has the memory), gone when the test is over.</summary>
internal sealed class ControlGroup : IDisposable
{
    private const string Root = "/sys/fs/cgroup";
    private readonly string folder;
    private readonly bool isSecond;

    private ControlGroup(string folder, bool isSecond, long limit)
    {
        (this.folder, this.isSecond) = (folder, isSecond);
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, isSecond ? "memory.max" : "memory.limit_in_bytes"), limit.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Skips the test where none can be made.</summary>
    public static ControlGroup Make(long limit)
    {
        var name = $"varve-test-{Environment.ProcessId}-{Guid.NewGuid():N}";
        try
        {
            if (File.Exists($"{Root}/cgroup.controllers"))
            {
                if (!File.ReadAllText($"{Root}/cgroup.subtree_control").Contains("memory", StringComparison.Ordinal)) File.WriteAllText($"{Root}/cgroup.subtree_control", "+memory");
                return new ControlGroup($"{Root}/{name}", true, limit);
            }
            if (Directory.Exists($"{Root}/memory")) return new ControlGroup($"{Root}/memory/{name}", false, limit);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Assert.Skip($"no control group of memory can be made here: {e.Message}");
        }
        Assert.Skip("this kernel has no control groups of memory");
        return null!;
    }

    /// <summary>Starts a program in it.</summary>
    public Process Start(string working, params string[] words)
    {
        var start = new ProcessStartInfo("sh", ["-c", $"echo $$ >{folder}/cgroup.procs && exec \"$@\"", "sh", .. words]) { WorkingDirectory = working, RedirectStandardError = true, RedirectStandardOutput = true, RedirectStandardInput = true, UseShellExecute = false };
        start.Environment["VARVE_HOME"] = Path.Combine(working, "..", "home");
        return Process.Start(start)!;
    }

    /// <summary>What its processes hold now, without pages of files, in bytes.</summary>
    public long Held => File.ReadAllLines($"{folder}/memory.stat").Select(static l => l.Split(' ')).Where(l => l[0] == (isSecond ? "anon" : "rss")).Sum(static l => long.Parse(l[1], CultureInfo.InvariantCulture));

    /// <summary>How often the kernel ended a process in it.</summary>
    public long Killed => File.ReadAllLines($"{folder}/{(isSecond ? "memory.events" : "memory.oom_control")}").Select(static l => l.Split(' ')).Where(static l => l[0] == "oom_kill").Sum(static l => long.Parse(l[1], CultureInfo.InvariantCulture));

    public void Dispose()
    {
        for (var i = 0; i < 50; i++)
            try
            {
                Directory.Delete(folder);
                return;
            }
            catch (IOException)
            {
                // A process that was ended leaves it a moment later.
                Thread.Sleep(20);
            }
    }
}
