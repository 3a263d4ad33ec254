using System.Collections.Concurrent;
using Varve.Linux;
using Varve.Store;

namespace Varve.Sandbox;

/// <summary>
/// Whether a program can read the clock. Such reads go through the vDSO, where no filter sees them, but the functions
/// that make them stand by name among a dynamic program's symbols (System V ABI, string table), at the front of the
/// file. A static program has no such names, and may.
/// </summary>
internal static class ClockUse
{
    private const int LookedAt = 2 << 20;
    private static readonly ConcurrentDictionary<Digest, bool> Known = new();
    private static readonly byte[][] Names = [.. new[] { "clock_gettime", "gettimeofday", "time", "timespec_get", "ftime" }.Select(n => System.Text.Encoding.ASCII.GetBytes($"\0{n}\0"))];

    /// <summary>Whether the program may read the clock; a file that is no ELF program (a script) may not by itself.</summary>
    public static bool IsPossible(string path, Digest content)
    {
        if (content != default && Known.TryGetValue(content, out var known)) return known;
        var possible = Look(path);
        if (content != default) Known[content] = possible;
        return possible;
    }

    private static bool Look(string path)
    {
        try
        {
            using var file = Files.OpenRead(path);
            var bytes = new byte[Math.Min(LookedAt, RandomAccess.GetLength(file))];
            var size = RandomAccess.Read(file, bytes, 0);
            var head = bytes.AsSpan(0, size);
            if (!head.StartsWith("\u007fELF"u8)) return false;
            if (head.IndexOf("\0.interp\0"u8) < 0 && head.IndexOf("ld-linux"u8) < 0) return true;
            foreach (var name in Names)
                if (head.IndexOf(name) >= 0) return true;
            return false;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
