using System.Buffers.Binary;
using System.Text;

namespace Varve.Strict;

/// <summary>
/// The machine that a strict step sees, whatever it runs on: one processor, four gibibytes of memory, Linux 6.1, a user of
/// the number 1000. As the structures that system calls fill in (x86-64).
/// </summary>
internal static class HostFacts
{
    /// <summary>The number of its one user and group.</summary>
    public const uint User = 1000;
    /// <summary>How long the machine had been up when the step began, in seconds.</summary>
    public const long UpSeconds = 1000;
    public const string KernelRelease = "6.1.0", KernelVersion = "#1 SMP", HostName = "varve";
    /// <summary>Memory, in bytes: all, and what is free.</summary>
    public const long Memory = 4L << 30, FreeMemory = 3L << 30;

    private const int NameBytes = 65;

    /// <summary>`struct new_utsname` (uname(2)).</summary>
    public static byte[] Names()
    {
        var bytes = new byte[6 * NameBytes];
        string[] names = ["Linux", HostName, KernelRelease, KernelVersion, "x86_64", "(none)"];
        for (var i = 0; i < names.Length; i++) Encoding.ASCII.GetBytes(names[i], bytes.AsSpan(i * NameBytes));
        return bytes;
    }

    /// <summary>`struct sysinfo` (sysinfo(2)).</summary>
    /// <param name="upSeconds">Since when the machine is up.</param>
    public static byte[] MemoryAndLoad(long upSeconds)
    {
        var bytes = new byte[112];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, upSeconds);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(32), Memory);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(40), FreeMemory);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(80), 1);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(104), 1);
        return bytes;
    }

    /// <summary>`struct statfs` (statfs(2)): a file system of a tebibyte, half of it free.</summary>
    public static byte[] FileSystem()
    {
        const long ext = 0xEF53, blocks = 1L << 28;
        var bytes = new byte[120];
        long[] words = [ext, 4096, blocks, blocks / 2, blocks / 2, blocks / 4, blocks / 8, 0, 255, 4096, 0];
        for (var i = 0; i < words.Length; i++) BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8 * i), words[i]);
        return bytes;
    }

    /// <summary>`struct rusage` (getrusage(2)), with that much work in it, all of it the program's own.</summary>
    public static byte[] Usage(long workedNs)
    {
        var bytes = new byte[144];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, workedNs / 1_000_000_000);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), workedNs % 1_000_000_000 / 1000);
        return bytes;
    }

    /// <summary>The files of /proc that are about the machine, by their names below it; the rest of what stands beside them is empty.</summary>
    public static IReadOnlyDictionary<string, string> ProcFiles(StrictTerms terms)
    {
        const long kib = 1024;
        var boot = terms.EpochSeconds - UpSeconds;
        return new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["cpuinfo"] = "processor\t: 0\nvendor_id\t: varve\nmodel name\t: x86-64\ncpu cores\t: 1\nsiblings\t: 1\nphysical id\t: 0\ncore id\t\t: 0\n"
                + "flags\t\t: fpu tsc cx8 cmov mmx fxsr sse sse2 syscall nx lm\n\n",
            ["meminfo"] = $"MemTotal:       {Memory / kib} kB\nMemFree:        {FreeMemory / kib} kB\nMemAvailable:   {FreeMemory / kib} kB\nBuffers:               0 kB\n"
                + "Cached:                0 kB\nSwapCached:            0 kB\nSwapTotal:             0 kB\nSwapFree:              0 kB\nShmem:                 0 kB\n"
                + "HugePages_Total:       0\nHugePages_Free:        0\nHugepagesize:       2048 kB\n",
            ["stat"] = $"cpu  0 0 0 0 0 0 0 0 0 0\ncpu0 0 0 0 0 0 0 0 0 0 0\nintr 0\nctxt 0\nbtime {boot}\nprocesses 1\nprocs_running 1\nprocs_blocked 0\n",
            ["uptime"] = $"{UpSeconds}.00 0.00\n",
            ["loadavg"] = "0.00 0.00 0.00 1/1 1\n",
            ["version"] = $"Linux version {KernelRelease} (varve) {KernelVersion}\n",
            ["swaps"] = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n",
            ["sys/kernel/ostype"] = "Linux\n",
            ["sys/kernel/osrelease"] = KernelRelease + "\n",
            ["sys/kernel/version"] = KernelVersion + "\n",
            ["sys/kernel/hostname"] = HostName + "\n",
            ["sys/kernel/domainname"] = "(none)\n",
            ["sys/kernel/pid_max"] = "32768\n",
            ["sys/kernel/threads-max"] = "32768\n",
            ["sys/kernel/ngroups_max"] = "65536\n",
            ["sys/kernel/overflowuid"] = "65534\n",
            ["sys/kernel/overflowgid"] = "65534\n",
            ["sys/kernel/cap_last_cap"] = "40\n",
            ["sys/kernel/core_pattern"] = "core\n",
            ["sys/kernel/random/boot_id"] = UniqueId(new KeyStream(terms.Seed.Bytes, nonce: 1)) + "\n",
            ["sys/kernel/random/uuid"] = UniqueId(new KeyStream(terms.Seed.Bytes, nonce: 2)) + "\n",
            ["sys/kernel/random/entropy_avail"] = "256\n",
            ["sys/kernel/random/poolsize"] = "256\n",
            ["sys/fs/file-max"] = "65536\n",
            ["sys/fs/nr_open"] = "1048576\n",
            ["sys/fs/pipe-max-size"] = "1048576\n",
            ["sys/vm/overcommit_memory"] = "0\n",
            ["sys/vm/max_map_count"] = "65530\n",
            ["sys/net/core/somaxconn"] = "4096\n",
        };
    }

    /// <summary>All that there is in /sys.</summary>
    public static IReadOnlyDictionary<string, string> SysFiles { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["devices/system/cpu/online"] = "0\n",
        ["devices/system/cpu/possible"] = "0\n",
        ["devices/system/cpu/present"] = "0\n",
        ["devices/system/cpu/kernel_max"] = "0\n",
        ["devices/system/cpu/cpu0/topology/core_id"] = "0\n",
        ["devices/system/cpu/cpu0/topology/physical_package_id"] = "0\n",
        ["devices/system/cpu/cpu0/topology/thread_siblings_list"] = "0\n",
        ["devices/system/node/online"] = "0\n",
        ["devices/system/node/possible"] = "0\n",
        ["kernel/mm/transparent_hugepage/enabled"] = "always [madvise] never\n",
    };

    /// <summary>Folders and files at the top of /proc that are as the kernel has them: they are about processes.</summary>
    public static bool IsOfProcesses(string name) => name is "self" or "thread-self" or "mounts" or "net" or "filesystems" || (name.Length > 0 && char.IsAsciiDigit(name[0]));

    /// <summary>Whether a path of /proc or /sys is the same in every strict step.</summary>
    public static bool Covers(string path)
    {
        if (path == "/sys" || path.StartsWith("/sys/", StringComparison.Ordinal)) return true;
        if (!path.StartsWith("/proc/", StringComparison.Ordinal)) return false;
        var end = path.IndexOf('/', 6);
        return !IsOfProcesses(end < 0 ? path[6..] : path[6..end]);
    }

    /// <summary>A random identifier (RFC 9562, version 4).</summary>
    public static string UniqueId(KeyStream chance)
    {
        Span<byte> bytes = stackalloc byte[16];
        chance.Fill(bytes);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true).ToString();
    }
}
