using System.Text;
using Varve.Linux;

namespace Varve.Sandbox;

/// <summary>What the supervisor reads of a process whose call it holds: its memory, its working directory, its descriptors.</summary>
internal static unsafe class Tracee
{
    /// <summary>The longest path the kernel takes in one call, with its end.</summary>
    public const int PathMax = 4096;
    private const ulong PageMask = 4095;

    /// <summary>Reads a zero-terminated text of the process; its length, or -1 where its memory cannot be read.</summary>
    public static int ReadText(int thread, ulong address, Span<byte> buffer)
    {
        var total = 0;
        while (total < buffer.Length)
        {
            // To the end of the page and no further: the next page need not exist.
            var wanted = (int)Math.Min((ulong)(buffer.Length - total), PageMask + 1 - (address & PageMask));
            if (total == 0 && wanted > 256) wanted = 256;
            var count = ReadBytes(thread, address, buffer.Slice(total, wanted));
            if (count <= 0) return -1;
            var end = buffer.Slice(total, count).IndexOf((byte)0);
            if (end >= 0) return total + end;
            total += count;
            address += (ulong)count;
        }
        return -1;
    }

    /// <summary>Reads bytes of the process; how many, or -1.</summary>
    public static int ReadBytes(int thread, ulong address, Span<byte> buffer)
    {
        fixed (byte* b = buffer)
        {
            var local = new Processes.Segment { Base = (nint)b, Length = (nuint)buffer.Length };
            var remote = new Processes.Segment { Base = (nint)address, Length = (nuint)buffer.Length };
            return (int)Processes.process_vm_readv(thread, &local, 1, &remote, 1, 0);
        }
    }

    /// <summary>Writes bytes into the memory of the process; whether all of them could be.</summary>
    public static bool WriteBytes(int thread, ulong address, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* b = bytes)
        {
            var local = new Processes.Segment { Base = (nint)b, Length = (nuint)bytes.Length };
            var remote = new Processes.Segment { Base = (nint)address, Length = (nuint)bytes.Length };
            return Processes.process_vm_writev(thread, &local, 1, &remote, 1, 0) == bytes.Length;
        }
    }

    /// <summary>
    /// The path behind a link below /proc/THREAD, such as `cwd` or `fd/7`, as the process sees it. Its length;
    /// 0 when there is none, -1 when it is too long for the kernel to say.
    /// </summary>
    public static int ReadLink(int thread, ReadOnlySpan<byte> name, Span<byte> path)
    {
        Span<byte> link = stackalloc byte[300];
        var length = Name(thread, name, link);
        if (length < 0) return 0;
        fixed (byte* l = link)
        fixed (byte* p = path)
        {
            var count = (int)Libc.readlink(l, p, (nuint)path.Length);
            if (count < 0) return Libc.Errno == Libc.Enametoolong ? -1 : 0;
            var found = path[..count];
            return found.EndsWith(" (deleted)"u8) ? count - " (deleted)".Length : count;
        }
    }

    /// <summary>
    /// The path that an absolute path leads to as the process sees it, links followed; the path itself where the way
    /// leads through links of /proc, which mean something else here; null when there is nothing.
    /// </summary>
    public static string? Resolve(int thread, string absolutePath)
    {
        const long openat2 = 437;
        const ulong inRoot = 0x10;
        int root;
        fixed (byte* r = PathText.EncodeTerminated($"/proc/{thread}/root")) root = Libc.open(r, Libc.OPath | Libc.ODirectory | Libc.OCloexec, 0);
        if (root < 0) return null;
        var how = stackalloc ulong[3] { Libc.OPath | Libc.OCloexec, 0, inRoot };
        int reached;
        fixed (byte* p = PathText.EncodeTerminated(absolutePath)) reached = (int)Libc.syscall(openat2, root, (nint)p, (nint)how, 24, 0);
        var error = Libc.Errno;
        _ = Libc.close(root);
        if (reached < 0) return error is Libc.Enoent or Libc.Enotdir ? null : absolutePath;
        var path = Files.LinkTarget($"/proc/self/fd/{reached}");
        _ = Libc.close(reached);
        return path;
    }

    /// <summary>Reads from the start of a file as the process sees it.</summary>
    public static int ReadHead(int thread, ReadOnlySpan<byte> absolutePath, Span<byte> head)
    {
        var name = new byte[absolutePath.Length + 32];
        var prefix = Encoding.ASCII.GetBytes($"/proc/{thread}/root");
        prefix.CopyTo(name, 0);
        absolutePath.CopyTo(name.AsSpan(prefix.Length));
        int descriptor;
        fixed (byte* n = name) descriptor = Libc.open(n, Libc.OReadOnly | Libc.OCloexec | Libc.ONonblock, 0);
        if (descriptor < 0) return -1;
        var count = Processes.Read(descriptor, head);
        _ = Libc.close(descriptor);
        return count;
    }

    /// <summary>Zero-terminated `/proc/THREAD/NAME`.</summary>
    private static int Name(int thread, ReadOnlySpan<byte> name, Span<byte> result)
    {
        "/proc/"u8.CopyTo(result);
        if (!System.Buffers.Text.Utf8Formatter.TryFormat(thread, result[6..], out var digits)) return -1;
        var at = 6 + digits;
        if (at + name.Length + 2 > result.Length) return -1;
        result[at++] = (byte)'/';
        name.CopyTo(result[at..]);
        at += name.Length;
        result[at] = 0;
        return at;
    }
}
