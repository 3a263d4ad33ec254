using System.Text;
using Varve.Snapshots.Repository;

namespace Varve.Snapshots.Mounting;

/// <summary>Mounts whose program was killed: the kernel keeps them, and whoever looks there is told that nothing is connected.</summary>
public static class DeadMounts
{
    /// <summary>The type under which the kernel lists what Varve mounts.</summary>
    internal const string Own = "fuse.varve";

    /// <summary>What a person does about dead mounts of Varve; empty when none of those that are meant is one.</summary>
    /// <param name="isMeant">Asked for each folder at which Varve has mounted something.</param>
    public static string Cure(Func<string, bool> isMeant) =>
        string.Join("; ", Mounts().Where(m => m.Type == Own && isMeant(m.Target) && IsDead(m.Target))
            .Select(static m => $"at {m.Target} there is still the mount of a varve that was killed: {Command} {m.Target} ends it, and so does a new mount there"));

    internal static string Command => Native.geteuid() == 0 ? "umount" : "fusermount3 -u";

    /// <summary>Whether a failure says that nothing is connected.</summary>
    internal static bool IsSaid(IOException failure) => failure.HResult == MountCalls.Enotconn;

    /// <summary>The type of the file system behind a descriptor, as <c>fuse.varve</c>; empty when it is mounted no more.</summary>
    internal static string TypeOf(int descriptor)
    {
        const string Line = "mnt_id:";
        var id = File.ReadLines($"/proc/self/fdinfo/{descriptor}").First(static l => l.StartsWith(Line, StringComparison.Ordinal))[Line.Length..].Trim();
        return Mounts().FirstOrDefault(m => m.Id == id).Type ?? "";
    }

    private static bool IsDead(string target)
    {
        try
        {
            _ = Posix.Look(Native.AtFdcwd, Posix.Terminated(Encoding.UTF8.GetBytes(target)));
            return false;
        }
        catch (IOException e)
        {
            return IsSaid(e);
        }
    }

    /// <summary>What is mounted, as this process sees it: proc(5), /proc/pid/mountinfo.</summary>
    private static IEnumerable<(string Id, string Target, string Type)> Mounts()
    {
        const string List = "/proc/self/mountinfo";
        if (!File.Exists(List)) yield break;
        foreach (var line in File.ReadLines(List))
        {
            var words = line.Split(' ');
            var type = Array.IndexOf(words, "-") + 1;
            if (type > 0 && type < words.Length) yield return (words[0], Unescaped(words[4]), words[type]);
        }
    }

    /// <summary>A space, a tab, a line feed and a backslash are three octal digits.</summary>
    private static string Unescaped(string text)
    {
        var parts = text.Split('\\');
        return parts[0] + string.Concat(parts.Skip(1).Select(static p => (char)(((p[0] - '0') << 6) + ((p[1] - '0') << 3) + (p[2] - '0')) + p[3..]));
    }
}
