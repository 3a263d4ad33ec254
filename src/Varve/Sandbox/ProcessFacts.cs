using System.Globalization;
using System.Runtime.InteropServices;
using Varve.Linux;

namespace Varve.Sandbox;

/// <summary>An open descriptor of a process.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Target">What /proc says it is: a path, `pipe:[4711]`, `socket:[...]`.</param>
/// <param name="Flags">The flags it was opened with, O_CLOEXEC among them.</param>
/// <param name="Position">Where it stands.</param>
internal readonly record struct OpenDescriptor(int Number, string Target, int Flags, long Position)
{
    public bool IsPipe => Target.StartsWith("pipe:", StringComparison.Ordinal);
}

/// <summary>What /proc and the memory of a process tell of it.</summary>
internal static class ProcessFacts
{
    /// <summary>Longer lists of arguments are not looked at.</summary>
    private const int MostWords = 4096, LongestWord = 32768;

    /// <summary>Whether this kernel tells the children of a process (CONFIG_PROC_CHILDREN).</summary>
    public static bool KnowsChildren { get; } = File.Exists($"/proc/self/task/{System.Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}/children");

    /// <summary>Process, parent and file creation mask of a thread; null when it is gone.</summary>
    public static (int Process, int Parent, string Mask)? Status(int thread)
    {
        if (Read($"/proc/{Text(thread)}/status") is not { } text) return null;
        int process = 0, parent = 0;
        var mask = "";
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            if (line.StartsWith("Umask:", StringComparison.Ordinal)) mask = line[6..].Trim().ToString();
            else if (line.StartsWith("Tgid:", StringComparison.Ordinal)) process = int.Parse(line[5..].Trim(), CultureInfo.InvariantCulture);
            else if (line.StartsWith("PPid:", StringComparison.Ordinal))
            {
                parent = int.Parse(line[5..].Trim(), CultureInfo.InvariantCulture);
                break;
            }
        }
        return (process, parent, mask);
    }

    /// <summary>Whether a process still runs; one that only waits to be collected does not.</summary>
    public static bool IsAlive(int process) =>
        Read($"/proc/{Text(process)}/stat") is { } text && text.LastIndexOf(')') is var end and > 0 && end + 2 < text.Length && text[end + 2] is not ('Z' or 'X');

    /// <summary>Its open descriptors, or null when it is gone.</summary>
    public static List<OpenDescriptor>? Descriptors(int process)
    {
        var folder = $"/proc/{Text(process)}";
        if (Names(folder + "/fd") is not { } names) return null;
        var found = new List<OpenDescriptor>(names.Count);
        foreach (var name in names)
        {
            if (!int.TryParse(name.Name, CultureInfo.InvariantCulture, out var number) || Files.LinkTarget($"{folder}/fd/{name.Name}") is not { } target) continue;
            if (Read($"{folder}/fdinfo/{name.Name}") is not { } text) continue;
            long position = 0;
            var flags = 0;
            foreach (var line in text.AsSpan().EnumerateLines())
            {
                if (line.StartsWith("pos:", StringComparison.Ordinal)) position = long.Parse(line[4..].Trim(), CultureInfo.InvariantCulture);
                else if (line.StartsWith("flags:", StringComparison.Ordinal)) flags = Convert.ToInt32(line[6..].Trim().ToString(), 8);
            }
            found.Add(new OpenDescriptor(number, target, flags, position));
        }
        return found;
    }

    /// <summary>The children of a process, all the way down, itself included.</summary>
    public static List<int> WithDescendants(int process)
    {
        List<int> all = [process];
        for (var i = 0; i < all.Count; i++)
        {
            foreach (var thread in Names($"/proc/{Text(all[i])}/task") ?? [])
                foreach (var child in (Read($"/proc/{Text(all[i])}/task/{thread.Name}/children") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries))
                    all.Add(int.Parse(child, CultureInfo.InvariantCulture));
        }
        return all;
    }

    /// <summary>A zero-terminated list of texts in the memory of a process, as execve takes it; null when it cannot be read.</summary>
    public static List<string>? Words(int thread, ulong address)
    {
        var words = new List<string>();
        if (address == 0) return words;
        Span<byte> pointers = stackalloc byte[512];
        var text = new byte[LongestWord];
        while (words.Count < MostWords)
        {
            // To the end of the page and no further: the next page need not exist.
            var wanted = (int)Math.Min((ulong)pointers.Length, 4096 - (address & 4095));
            var count = Tracee.ReadBytes(thread, address, pointers[..wanted]);
            if (count < 8) return null;
            foreach (var pointer in MemoryMarshal.Cast<byte, ulong>(pointers[..(count & ~7)]))
            {
                if (pointer == 0) return words;
                var length = Tracee.ReadText(thread, pointer, text);
                if (length < 0) return null;
                words.Add(PathText.Decode(text.AsSpan(0, length)));
            }
            address += (ulong)(count & ~7);
        }
        return null;
    }

    private static IReadOnlyList<DirectoryEntry>? Names(string folder)
    {
        try
        {
            return Files.List(folder);
        }
        catch (IOException)
        {
            // It ended meanwhile.
            return null;
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

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
}
