using System.Security.Cryptography;
using Varve.Lineage;
using Varve.Linux;
using Varve.Sandbox;
using Varve.Store;

namespace Varve.Steps;

/// <summary>
/// Standard input for a step that inherits the person's. A regular file is passed on as it is and its reading position
/// tells what was consumed; a pipe is fed through one of ours, so that the bytes can be digested; the terminal is
/// never reused.
/// </summary>
internal sealed class InputFeed : IDisposable
{
    private const int WaitForEndMs = 200;
    /// <summary>Larger inputs are digested and not kept.</summary>
    private const long MostKept = 64L << 20;

    private readonly int source;
    private readonly FileKind kind;
    private readonly bool isTerminal;
    private readonly InputSpool fed = new();
    private long startOffset;
    private int read = -1, write = -1, stopRead = -1, stopWrite = -1;
    private bool reachedEnd;
    private long givenBytes;
    private Thread? thread;

    public InputFeed(int source)
    {
        this.source = source;
        isTerminal = Processes.isatty(source) == 1;
        var stamp = Files.Look(source);
        kind = stamp.Kind;
        if (kind == FileKind.File) startOffset = Processes.lseek(source, 0, 1);
        IsNothing = kind == FileKind.Special && !isTerminal && stamp == Files.Look("/dev/null");
    }

    /// <summary>Whether standard input is /dev/null.</summary>
    public bool IsNothing { get; }

    /// <summary>Whether an execution that consumed this much of its input would find the same bytes now.</summary>
    public bool Matches(StandardInput consumed)
    {
        if (consumed.Kind == "none") return true;
        if (consumed.Kind == StandardInput.Part) return kind == FileKind.File && DigestRest() == consumed.Digest;
        if (consumed.Kind != "bytes" || isTerminal) return false;
        var (digest, atEnd) = kind == FileKind.File ? PeekFile(consumed.Bytes) : PeekPipe(consumed);
        return digest == consumed.Digest && (atEnd || !consumed.ReachedEnd);
    }

    private (Digest Digest, bool AtEnd) PeekFile(long bytes)
    {
        var content = ReadFile(bytes + 1);
        return content.Length < bytes ? (default, true) : (Digest.Of(content.AsSpan(0, (int)bytes)), content.Length == bytes);
    }

    /// <summary>Of a file, all from where it stands; its position stays.</summary>
    private Digest DigestRest()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 18];
        var position = Processes.lseek(source, 0, 1);
        Processes.lseek(source, startOffset, 0);
        while (Processes.Read(source, buffer) is var count and > 0) hash.AppendData(buffer, 0, count);
        Processes.lseek(source, position, 0);
        Span<byte> digest = stackalloc byte[32];
        hash.GetHashAndReset(digest);
        return new Digest(digest);
    }

    private byte[] ReadFile(long most)
    {
        using var all = new MemoryStream();
        var buffer = new byte[1 << 16];
        while (all.Length < most)
        {
            var count = Processes.Read(source, buffer.AsSpan(0, (int)Math.Min(buffer.Length, most - all.Length)));
            if (count == 0) break;
            all.Write(buffer, 0, count);
        }
        Processes.lseek(source, startOffset, 0);
        return all.ToArray();
    }

    /// <summary>What is read ahead of a pipe is kept, and given to the step if it runs after all.</summary>
    private (Digest Digest, bool AtEnd) PeekPipe(StandardInput consumed)
    {
        var buffer = new byte[1 << 16];
        while (fed.Length < consumed.Bytes || (consumed.ReachedEnd && !reachedEnd && fed.Length == consumed.Bytes))
        {
            // The end may never come, and a command that does not read would not wait for it: running it is right then.
            if (fed.Length == consumed.Bytes && !IsReadable(WaitForEndMs)) return (default, false);
            var count = Processes.Read(source, buffer);
            if (count == 0)
            {
                reachedEnd = true;
                break;
            }
            fed.Append(buffer.AsSpan(0, count));
        }
        if (fed.Length < consumed.Bytes) return (default, true);
        return (fed.DigestOf(consumed.Bytes), reachedEnd && fed.Length == consumed.Bytes);
    }

    private unsafe bool IsReadable(int milliseconds)
    {
        var wait = new Processes.Poll { Descriptor = source, Events = Processes.PollIn };
        return Processes.poll(&wait, 1, milliseconds) > 0;
    }

    /// <summary>The descriptor the step gets.</summary>
    public int Start()
    {
        if (isTerminal || kind != FileKind.Special || IsNothing) return source;
        (read, write) = Processes.Pipe();
        (stopRead, stopWrite) = Processes.Pipe();
        thread = new Thread(Feed, 1 << 18) { IsBackground = true, Name = "input" };
        thread.Start();
        return read;
    }

    private unsafe void Feed()
    {
        long given = 0;
        var sources = stackalloc Processes.Poll[2];
        var buffer = new byte[1 << 16];
        while (true)
        {
            var next = fed.Read(given, buffer);
            given += next;
            if (next > 0 && !Give(buffer.AsSpan(0, next))) break;
            if (next > 0) continue;
            if (reachedEnd) break;
            sources[0] = new Processes.Poll { Descriptor = source, Events = Processes.PollIn };
            sources[1] = new Processes.Poll { Descriptor = stopRead, Events = Processes.PollIn };
            if (Processes.poll(sources, 2, -1) < 0) continue;
            if (sources[1].Returned != 0) break;
            var count = Processes.Read(source, buffer);
            if (count == 0) reachedEnd = true;
            else fed.Append(buffer.AsSpan(0, count));
        }
        _ = Libc.close(write);
    }

    /// <summary>In pieces that a pipe takes whole or not at all, so that what was given is known to the byte.</summary>
    private bool Give(ReadOnlySpan<byte> bytes)
    {
        const int atomic = 4096;
        for (; !bytes.IsEmpty; bytes = bytes[Math.Min(atomic, bytes.Length)..])
        {
            var piece = bytes[..Math.Min(atomic, bytes.Length)];
            if (!Processes.WriteAll(write, piece)) return false;
            givenBytes += piece.Length;
        }
        return true;
    }

    /// <summary>This process's copy of the step's side; closed once the step has its own.</summary>
    public unsafe StandardInput Finish(BlobStore store)
    {
        if (isTerminal) return new StandardInput("terminal", default, 0, ReachedEnd: false);
        if (IsNothing) return StandardInput.None;
        if (kind == FileKind.File)
        {
            var consumed = Processes.lseek(source, 0, 1) - startOffset;
            var rest = Files.Look(source).Size - startOffset;
            // A file can also be read without moving its position (pread, mmap): unless all of it was consumed, all of it counts.
            if (consumed < rest || rest > MostKept) return new StandardInput(StandardInput.Part, DigestRest(), consumed, ReachedEnd: false);
            if (consumed <= 0) return StandardInput.None;
            Processes.lseek(source, startOffset, 0);
            var bytes = ReadFile(consumed + 1);
            Processes.lseek(source, startOffset + consumed, 0);
            return new StandardInput("bytes", store.PutBytes(bytes.AsSpan(0, (int)consumed)), consumed, bytes.Length == consumed);
        }
        var left = 0;
        if (read >= 0) _ = Libc.ioctl(read, 0x541B /* FIONREAD */, &left);
        Processes.WriteAll(stopWrite, "x"u8);
        if (read >= 0) _ = Libc.close(read);
        read = -1;
        thread?.Join();
        var taken = givenBytes - left;
        if (taken <= 0) return reachedEnd && fed.Length == 0 ? new StandardInput("bytes", Digest.Empty, 0, ReachedEnd: true) : StandardInput.None;
        return new StandardInput("bytes", taken <= MostKept ? store.PutBytes(fed.Start((int)taken)) : fed.DigestOf(taken), taken, reachedEnd && left == 0);
    }

    /// <summary>Moves past what a reused execution consumed, as running it would have.</summary>
    public void Skip(StandardInput consumed)
    {
        if (kind == FileKind.File && consumed.Kind is "bytes" or StandardInput.Part) Processes.lseek(source, startOffset + consumed.Bytes, 0);
    }

    public void Dispose()
    {
        foreach (var descriptor in new[] { read, stopRead, stopWrite })
            if (descriptor >= 0) _ = Libc.close(descriptor);
        fed.Dispose();
    }
}

/// <summary>The file that the person's shell redirected standard output to (`varve exec -- cmd > out.txt`), if it lies in the workspace.</summary>
internal static class OutputFile
{
    /// <summary>Its path on the host, or null. A file that is appended to is not the step's alone.</summary>
    public static string? Find(string workspace)
    {
        const int getFlags = 3, append = 0x400;
        if (Files.Look(1).Kind != FileKind.File || (Processes.fcntl(1, getFlags, 0) & append) != 0) return null;
        if (Files.LinkTarget("/proc/self/fd/1") is not { } path || !View.IsWithin(path, workspace)) return null;
        return Processes.lseek(1, 0, 1) == 0 ? path : null;
    }
}
