using System.Text;
using Varve.Linux;

namespace Varve.Sandbox;

/// <summary>What became of reading a path argument.</summary>
internal enum PathOutcome
{
    /// <summary>It stands in <see cref="PathReader.Path"/>.</summary>
    Found,
    /// <summary>The text is empty.</summary>
    Empty,
    /// <summary>The call will fail by itself: bad address, bad descriptor.</summary>
    Broken,
    /// <summary>It is too long to be known.</summary>
    TooLong,
}

/// <summary>
/// Makes one absolute path of a path argument: the process's working directory or directory descriptor before a
/// relative one, and the links of /proc that mean something else for every process (`/proc/self/fd/3`) replaced by
/// what they stand for now.
/// </summary>
internal sealed class PathReader
{
    private readonly byte[] buffer = new byte[3 * Tracee.PathMax];
    private readonly byte[] text = new byte[Tracee.PathMax];
    private int length;

    /// <summary>The path read last: absolute, not resolved.</summary>
    public ReadOnlySpan<byte> Path => buffer.AsSpan(0, length);

    public PathOutcome Read(int thread, int folder, ulong address, bool inRoot = false)
    {
        var size = Tracee.ReadText(thread, address, text);
        if (size < 0) return PathOutcome.Broken;
        if (size == 0) return PathOutcome.Empty;
        var argument = text.AsSpan(0, size);
        length = 0;
        if (argument[0] != '/' || inRoot)
        {
            var outcome = folder == Libc.AtFdcwd ? Base(thread, "cwd"u8) : ReadDescriptor(thread, folder);
            if (outcome != PathOutcome.Found) return outcome;
            if (length + size + 1 > buffer.Length) return PathOutcome.TooLong;
            buffer[length++] = (byte)'/';
        }
        argument.CopyTo(buffer.AsSpan(length));
        length += size;
        return Path.IndexOf("/proc/"u8) == 0 || Path.IndexOf("/dev/"u8) == 0 ? ThroughProcess(thread) : PathOutcome.Found;
    }

    /// <summary>The path that a descriptor of the process was opened by.</summary>
    public PathOutcome ReadDescriptor(int thread, int descriptor)
    {
        Span<byte> name = stackalloc byte[16];
        "fd/"u8.CopyTo(name);
        return System.Buffers.Text.Utf8Formatter.TryFormat(descriptor, name[3..], out var digits) ? Base(thread, name[..(3 + digits)]) : PathOutcome.Broken;
    }

    /// <summary>The process's working directory; empty when it has none any more.</summary>
    public string ReadWorkingDirectory(int thread) => Base(thread, "cwd"u8) == PathOutcome.Found ? PathText.Decode(Path) : "";

    private PathOutcome Base(int thread, ReadOnlySpan<byte> link)
    {
        length = Tracee.ReadLink(thread, link, buffer.AsSpan(0, 2 * Tracee.PathMax));
        if (length < 0) return PathOutcome.TooLong;
        // Pipes, sockets and the like have names that are no paths.
        return length > 0 && buffer[0] == '/' ? PathOutcome.Found : PathOutcome.Broken;
    }

    private PathOutcome ThroughProcess(int thread)
    {
        Expand("/dev/fd/"u8, "/proc/self/fd/"u8);
        if (Path.SequenceEqual("/dev/stdin"u8)) Expand("/dev/stdin"u8, "/proc/self/fd/0"u8);
        if (Path.SequenceEqual("/dev/stdout"u8)) Expand("/dev/stdout"u8, "/proc/self/fd/1"u8);
        if (Path.SequenceEqual("/dev/stderr"u8)) Expand("/dev/stderr"u8, "/proc/self/fd/2"u8);
        Expand("/proc/thread-self/"u8, "/proc/self/"u8);
        var process = ProcessPrefix();
        if (process == 0) return PathOutcome.Found;
        // Numbers are those inside; the process that holds that number is reached through the step's own /proc.
        var through = Path.StartsWith("/proc/self/"u8) ? [] : (byte[])[.. "root"u8, .. Path[..process]];
        var rest = Path[process..];
        if (rest.StartsWith("task/"u8) && rest[5..].IndexOf((byte)'/') is var slash and >= 0) rest = rest[(6 + slash)..];
        var linkSize = LinkSize(rest);
        if (linkSize == 0) return PathOutcome.Found;
        byte[] link = [.. through, .. rest[..linkSize]];
        var tail = rest[linkSize..].ToArray();
        var outcome = Base(thread, link);
        if (outcome != PathOutcome.Found) return outcome;
        tail.CopyTo(buffer.AsSpan(length));
        length += tail.Length;
        return PathOutcome.Found;
    }

    /// <summary>The length of `/proc/self/` or `/proc/NUMBER/` at the start of the path, else 0.</summary>
    private int ProcessPrefix()
    {
        const int start = 6;
        if (!Path.StartsWith("/proc/"u8)) return 0;
        var slash = Path[start..].IndexOf((byte)'/');
        if (slash <= 0) return 0;
        var name = Path.Slice(start, slash);
        return name.SequenceEqual("self"u8) || name.IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0 ? start + slash + 1 : 0;
    }

    /// <summary>How much of a path below /proc/self is a link to a file: `cwd`, `root`, `exe`, `fd/N`.</summary>
    private static int LinkSize(ReadOnlySpan<byte> rest)
    {
        var first = rest.IndexOf((byte)'/');
        var name = first < 0 ? rest : rest[..first];
        if (name.SequenceEqual("cwd"u8) || name.SequenceEqual("root"u8) || name.SequenceEqual("exe"u8)) return name.Length;
        if (!name.SequenceEqual("fd"u8) || first < 0 || first + 1 == rest.Length) return 0;
        var second = rest[(first + 1)..].IndexOf((byte)'/');
        return second < 0 ? rest.Length : first + 1 + second;
    }

    private void Expand(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> replacement)
    {
        if (!Path.StartsWith(prefix)) return;
        var rest = Path[prefix.Length..].ToArray();
        replacement.CopyTo(buffer);
        rest.CopyTo(buffer.AsSpan(replacement.Length));
        length = replacement.Length + rest.Length;
    }

    /// <inheritdoc/>
    public override string ToString() => Encoding.UTF8.GetString(Path);
}
