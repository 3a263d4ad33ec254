using System.Text;
using Varve.Linux;
using Varve.Strict;

namespace Varve.Sandbox;

/// <summary>What a strict step opens that is no file of the disk: random devices, and files of /proc about its processes.</summary>
internal sealed unsafe class StrictOpenings(NotificationListener listener, EffectLog effects)
{
    private const long MakeMemoryFile = 319;

    /// <summary>Answers with a descriptor of ours, if the path is of that kind.</summary>
    public bool Answers(in Notification call, string path, bool closedOnExecution, Strand strand)
    {
        if (path is "/dev/random" or "/dev/urandom") return GiveStream(in call, closedOnExecution, strand.NextStream());
        if (path == "/proc/sys/kernel/random/uuid") return GiveText(in call, HostFacts.UniqueId(strand.NextStream()) + "\n", closedOnExecution);
        if (OfProcess(path, call.Thread) is not var (process, name)) return false;
        // Varve's own first process is called by where it is installed.
        if (process == "1" && name == "cmdline") return GiveText(in call, "varve-launch\0", closedOnExecution);
        var thread = call.Thread;
        if (ProcessTexts.Of(name, () => Read($"/proc/{thread}/root/proc/{process}/{name}")) is { } text) return GiveText(in call, text, closedOnExecution);
        if (!ProcessTexts.IsHarmless(name)) effects.Add(EffectKinds.Host, $"read /proc/PID/{name}, which --strict leaves as it is");
        return false;
    }

    /// <summary>The number inside of the process that a path is about, and the name of the file.</summary>
    private static (string Process, string Name)? OfProcess(string path, int thread)
    {
        const string start = "/proc/";
        if (path is "/etc/mtab" or "/proc/mounts") return (OwnNumber(thread), "mounts");
        if (!path.StartsWith(start, StringComparison.Ordinal)) return null;
        var end = path.IndexOf('/', start.Length);
        if (end < 0) return null;
        var (process, name) = (path[start.Length..end], path[(end + 1)..].TrimEnd('/'));
        if (process is "self" or "thread-self") process = OwnNumber(thread);
        else if (process.Length == 0 || !process.All(char.IsAsciiDigit)) return null;
        const string task = "task/";
        if (name.StartsWith(task, StringComparison.Ordinal) && name.IndexOf('/', task.Length) is var slash and > 0) name = name[(slash + 1)..];
        return name.Length == 0 ? null : (process, name);
    }

    private static string OwnNumber(int thread)
    {
        const string field = "NSpid:";
        foreach (var line in (Read($"/proc/{thread}/status") ?? "").Split('\n'))
            if (line.StartsWith(field, StringComparison.Ordinal)) return line[(line.LastIndexOf('\t') + 1)..];
        return "self";
    }

    private static string? Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private bool GiveText(in Notification call, string text, bool closedOnExecution)
    {
        int file;
        fixed (byte* name = "fixed\0"u8) file = (int)Libc.syscall(MakeMemoryFile, (nint)name, 1, 0, 0, 0);
        if (file < 0) return false;
        Processes.WriteAll(file, Encoding.UTF8.GetBytes(text));
        _ = Processes.lseek(file, 0, 0);
        var given = listener.AnswerOpened(call.Id, file, closedOnExecution);
        _ = Libc.close(file);
        return given;
    }

    /// <summary>
    /// A socket behind which the bytes come for as long as somebody reads. It waits until it has all that a read asks
    /// for, as the device does.
    /// </summary>
    private bool GiveStream(in Notification call, bool closedOnExecution, KeyStream bytes)
    {
        const long setOption = 54;
        const int socketLevel = 1, receiveAtLeast = 18;
        var (ours, theirs) = Processes.SocketPair();
        var most = int.MaxValue;
        _ = Libc.syscall(setOption, theirs, socketLevel, receiveAtLeast, (nint)(&most), sizeof(int));
        var given = listener.AnswerOpened(call.Id, theirs, closedOnExecution);
        _ = Libc.close(theirs);
        if (!given)
        {
            _ = Libc.close(ours);
            return false;
        }
        new Thread(() => Pump(ours, bytes), maxStackSize: 1 << 18) { IsBackground = true, Name = "chance" }.Start();
        return true;
    }

    private static void Pump(int socket, KeyStream bytes)
    {
        var piece = new byte[4096];
        do bytes.Fill(piece); while (Processes.WriteAll(socket, piece));
        _ = Libc.close(socket);
    }
}
