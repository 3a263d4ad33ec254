using System.Text;

namespace Varve.Strict;

/// <summary>Files of /proc about a process, as a strict step sees them: without times, loads and the machine's own names.</summary>
internal static class ProcessTexts
{
    private static readonly string[] Kept = ["Name", "Umask", "State", "Tgid", "Pid", "PPid", "FDSize", "Threads"];

    /// <summary>Whether a file below /proc/NUMBER tells only what the step itself did.</summary>
    public static bool IsHarmless(string name) =>
        name is "cmdline" or "comm" or "environ" or "exe" or "cwd" or "root" or "coredump_filter" or "oom_score_adj" or "personality" or "uid_map" or "gid_map" or "setgroups"
            or "task" or "fd" or "fdinfo" or "ns" or "attr" or "net"
        || name.StartsWith("fd/", StringComparison.Ordinal) || name.StartsWith("fdinfo/", StringComparison.Ordinal) || name.StartsWith("attr/", StringComparison.Ordinal);

    /// <summary>What a strict step reads in a file below /proc/NUMBER; null where it is read as it is.</summary>
    /// <param name="name">The file.</param>
    /// <param name="actual">What stands in it.</param>
    public static string? Of(string name, Func<string?> actual) => name switch
    {
        "stat" => actual() is { } text ? Stat(text) : null,
        "status" => actual() is { } text ? Status(text) : null,
        "statm" => "0 0 0 0 0 0 0\n",
        "cgroup" => "0::/\n",
        "mounts" => "varve / overlay rw,relatime 0 0\nproc /proc proc rw,nosuid,nodev,noexec,relatime 0 0\n",
        "mountinfo" => "1 0 0:1 / / rw,relatime - overlay varve rw\n2 1 0:2 / /proc rw,nosuid,nodev,noexec,relatime - proc proc rw\n",
        "mountstats" => "device varve mounted on / with fstype overlay\n",
        "io" => "rchar: 0\nwchar: 0\nsyscr: 0\nsyscw: 0\nread_bytes: 0\nwrite_bytes: 0\ncancelled_write_bytes: 0\n",
        "schedstat" => "0 0 0\n",
        "loginuid" => "4294967295",
        "sessionid" => "4294967295",
        "oom_score" => "0\n",
        _ => null,
    };

    /// <summary>proc_pid_stat(5): who it is and belongs to, and nothing of what it used or when it began.</summary>
    private static string? Stat(string text)
    {
        const int all = 52, kept = 6;
        var name = text.LastIndexOf(')');
        if (name < 0) return null;
        var fields = text[(name + 2)..].TrimEnd('\n').Split(' ');
        if (fields.Length < kept) return null;
        var made = new string[all - 2];
        Array.Fill(made, "0");
        // State, parent, group, session; the terminal has a number of the machine's.
        for (var i = 0; i < 4; i++) made[i] = fields[i];
        (made[5], made[15], made[17], made[19]) = ("-1", "20", fields.Length > 17 ? fields[17] : "1", $"{HostFacts.UpSeconds}00");
        return $"{text[..(name + 1)]} {string.Join(' ', made)}\n";
    }

    private static string Status(string text)
    {
        var made = new StringBuilder();
        foreach (var line in text.Split('\n'))
        {
            var end = line.IndexOf(':', StringComparison.Ordinal);
            if (end > 0 && Kept.Contains(line[..end])) made.Append(line).Append('\n');
        }
        var user = HostFacts.User;
        return made.Append(System.Globalization.CultureInfo.InvariantCulture, $"TracerPid:\t0\nUid:\t{user}\t{user}\t{user}\t{user}\nGid:\t{user}\t{user}\t{user}\t{user}\nGroups:\t{user} \n")
            .Append("VmPeak:\t       0 kB\nVmSize:\t       0 kB\nVmHWM:\t       0 kB\nVmRSS:\t       0 kB\nNoNewPrivs:\t1\nSeccomp:\t2\nCpus_allowed:\t1\nCpus_allowed_list:\t0\n").ToString();
    }
}
