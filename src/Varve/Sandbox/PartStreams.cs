using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using Varve.Linux;
using Varve.Store;

namespace Varve.Sandbox;

/// <summary>How much went through a step's terminal so far, in bytes.</summary>
/// <param name="Shown">From the step to the person.</param>
/// <param name="Typed">From the person to the step.</param>
internal readonly record struct TerminalCount(long Shown, long Typed);

/// <summary>
/// The standard streams of a part. Its pipes are exchanged, while its call is held, for pipes of ours whose bytes are
/// carried on and kept; what it appends to a file is read off that file at the end.
/// </summary>
internal sealed class PartStreams
{
    /// <summary>A part that says or reads more than this is not remembered.</summary>
    private const long MostKept = 16L << 20;
    private const int BufferBytes = 1 << 16, StallMs = 60;

    private readonly int process;
    private readonly OpenDescriptor?[] standard = new OpenDescriptor?[3];
    private readonly ArrayBufferWriter<byte> said = new();
    private readonly ArrayBufferWriter<byte> given = new();
    private readonly long[] startsAt = new long[3];
    private readonly int[] read = [-1, -1, -1], goTo = [-1, -1, -1], file = [-1, -1, -1];
    private Func<TerminalCount>? terminal;
    private TerminalCount before;
    private bool onTerminal;
    private int feed = -1, source = -1, sharedWrite = -1, wake = -1, woken = -1;
    private bool reachedEnd;
    private volatile bool consumed;
    private readonly TaskCompletionSource drained = new();
    private readonly Lock waking = new();
    private Thread? pump, feeder;

    private PartStreams(int process) => this.process = process;

    /// <summary>Words for the key.</summary>
    public string Kinds { get; private set; } = "";
    /// <summary>Why what went through the streams is not known whole; else empty.</summary>
    public string Lost { get; private set; } = "";
    /// <summary>Whether standard input is a pipe that this part alone reads.</summary>
    public bool ReadsPipe => Kinds.StartsWith("in=pipe", StringComparison.Ordinal);
    /// <summary>Whether what it says goes through pipes of ours.</summary>
    public bool IsFollowed => pump is not null;
    /// <summary>The file that standard input reads from its start, if it is one.</summary>
    public string InputFile { get; private set; } = "";

    /// <summary>Looks at the descriptors of a process that is about to become a part; null, and why, when their bytes could not be followed.</summary>
    /// <param name="process">The process.</param>
    /// <param name="isAlone">Whether no other process has what a descriptor leads to open in the same direction.</param>
    /// <param name="terminal">How much went through the step's terminal so far; null without one.</param>
    /// <param name="why">Why not.</param>
    public static PartStreams? Of(int process, Func<OpenDescriptor, bool> isAlone, Func<TerminalCount>? terminal, out string why)
    {
        const int closeOnExec = 0x80000;
        why = "its process is gone";
        if (ProcessFacts.Descriptors(process) is not { } open) return null;
        var streams = new PartStreams(process) { terminal = terminal, before = terminal?.Invoke() ?? default };
        foreach (var descriptor in open)
        {
            if (descriptor.Number <= 2) streams.standard[descriptor.Number] = descriptor;
            else if ((descriptor.Flags & closeOnExec) == 0)
            {
                why = $"it is given the open file {descriptor.Number} ({descriptor.Target})";
                return null;
            }
        }
        why = streams.Describe(isAlone);
        if (why.Length == 0) return streams;
        streams.Release();
        return null;
    }

    private string Describe(Func<OpenDescriptor, bool> isAlone)
    {
        var words = new List<string>();
        for (var number = 0; number <= 2; number++)
        {
            if (standard[number] is not { } descriptor) words.Add("closed");
            else if (descriptor.Target == "/dev/null") words.Add("null");
            else if (number == 0 && descriptor.IsPipe && IsAtEnd(0)) words.Add("empty");
            else if (number == 0 && descriptor.IsPipe)
            {
                if (!isAlone(descriptor)) return "others read from its standard input too";
                words.Add("pipe");
            }
            else if (number > 0 && descriptor.IsPipe) words.Add(number == 2 && standard[1]?.Target == descriptor.Target ? "same" : "pipe");
            else if (terminal is not null && descriptor.Target.StartsWith("/dev/pts/", StringComparison.Ordinal)) words.Add(DescribeTerminal(number));
            else if (descriptor.Target.StartsWith('/') && !descriptor.Target.StartsWith("/dev/", StringComparison.Ordinal) && DescribeFile(number, descriptor, isAlone) is { } word) words.Add(word);
            else return $"its standard stream {number} is {descriptor.Target}";
        }
        Kinds = $"in={words[0]} out={words[1]} err={words[2]}";
        return "";
    }

    /// <summary>The step's terminal, whose size programs ask for. What one of many says there cannot be told, but that nothing was said can.</summary>
    private unsafe string DescribeTerminal(int number)
    {
        const nuint getSize = 0x5413;
        onTerminal = true;
        var size = stackalloc ushort[4];
        var descriptor = Duplicate(number);
        _ = Libc.ioctl(descriptor, getSize, size);
        if (descriptor >= 0) _ = Libc.close(descriptor);
        return string.Create(CultureInfo.InvariantCulture, $"terminal:{size[1]}x{size[0]}");
    }

    /// <summary>A file that is read from its start, or appended to at its end.</summary>
    private string? DescribeFile(int number, OpenDescriptor descriptor, Func<OpenDescriptor, bool> isAlone)
    {
        const int accessMode = 3, append = 0x400;
        var mode = descriptor.Flags & accessMode;
        if (number == 0)
        {
            if (mode != Libc.OReadOnly || descriptor.Position != 0 || SizeOf(0) < 0) return null;
            InputFile = descriptor.Target;
            return "file";
        }
        if (number == 2 && standard[1]?.Target == descriptor.Target) return "same";
        var size = SizeOf(number);
        if (mode == Libc.OReadOnly || size < 0 || (descriptor.Position != size && (descriptor.Flags & append) == 0)) return null;
        startsAt[number] = size;
        return isAlone(descriptor) ? "file" : "shared";
    }

    private string Name(int number) => string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/fd/{number}");

    /// <summary>The size of the regular file that a descriptor leads to, which is kept open with the position it shares; -1 for anything else.</summary>
    private long SizeOf(int number)
    {
        if (file[number] < 0) file[number] = Duplicate(number);
        return file[number] >= 0 && Files.Look(file[number]) is { Kind: FileKind.File } stamp ? stamp.Size : -1;
    }

    private unsafe int Open(int number, int flags)
    {
        fixed (byte* path = PathText.EncodeTerminated(Name(number))) return Libc.open(path, flags | Libc.OCloexec | Libc.ONonblock, 0);
    }

    private static unsafe void SetBlocking(int descriptor) => _ = Processes.fcntl(descriptor, 4, 0);

    private unsafe bool IsAtEnd(int number)
    {
        var descriptor = Open(number, Libc.OReadOnly);
        if (descriptor < 0) return false;
        var wait = new Processes.Poll { Descriptor = descriptor, Events = Processes.PollIn };
        var found = Processes.poll(&wait, 1, 0);
        _ = Libc.close(descriptor);
        return found > 0 && wait.Returned == Processes.PollHangUp;
    }

    /// <summary>Reads the whole of what comes through the pipe to standard input; its digest, or null when it does not come at once.</summary>
    public unsafe Digest? ReadAhead()
    {
        if (source < 0 && !OpenSource()) return null;
        var buffer = new byte[BufferBytes];
        while (!reachedEnd && given.WrittenCount < MostKept)
        {
            var wait = new Processes.Poll { Descriptor = source, Events = Processes.PollIn };
            if (Processes.poll(&wait, 1, StallMs) <= 0) return null;
            TakeFromSource(buffer);
        }
        return reachedEnd ? Digest.Of(given.WrittenSpan) : null;
    }

    private bool OpenSource()
    {
        if (!ReadsPipe) return false;
        source = Open(0, Libc.OReadOnly);
        return source >= 0;
    }

    private unsafe Span<byte> TakeFromSource(byte[] buffer)
    {
        fixed (byte* b = buffer)
        {
            var count = Libc.read(source, b, (nuint)buffer.Length);
            if (count < 0) return [];
            if (count == 0) reachedEnd = true;
            if (given.WrittenCount + count <= MostKept) given.Write(buffer.AsSpan(0, (int)count));
            else Lost = "very much came through its standard input";
            return buffer.AsSpan(0, (int)count);
        }
    }

    /// <summary>Exchanges the pipes of the held process for ours and begins to carry bytes.</summary>
    public void Exchange(NotificationListener listener, ulong call)
    {
        for (var number = 1; number <= 2; number++)
        {
            if (standard[number] is not { IsPipe: true } descriptor) continue;
            if (number == 2 && standard[1]?.Target == descriptor.Target)
            {
                // One pipe for both keeps their order.
                if (read[1] >= 0) listener.Install(call, sharedWrite, 2);
                continue;
            }
            goTo[number] = Open(number, Libc.OWriteOnly);
            if (goTo[number] < 0) continue;
            SetBlocking(goTo[number]);
            var (ours, theirs) = Processes.Pipe();
            if (!listener.Install(call, theirs, number))
            {
                _ = Libc.close(ours);
                _ = Libc.close(theirs);
                Lost = "its standard output could not be followed";
                continue;
            }
            read[number] = ours;
            if (number == 1) sharedWrite = theirs;
            else _ = Libc.close(theirs);
        }
        if (sharedWrite >= 0) _ = Libc.close(sharedWrite);
        sharedWrite = -1;
        StartFeeding(listener, call);
        if (read[1] < 0 && read[2] < 0) return;
        (woken, wake) = Processes.Pipe();
        pump = new Thread(Pump, maxStackSize: 1 << 18) { IsBackground = true, Name = "part" };
        pump.Start();
    }

    private void StartFeeding(NotificationListener listener, ulong call)
    {
        if (source < 0 && !OpenSource()) return;
        (var theirs, feed) = Processes.Pipe();
        var installed = listener.Install(call, theirs, 0);
        // Only the part reads from it: when it ends, whoever feeds it is told.
        _ = Libc.close(theirs);
        if (!installed)
        {
            Lost = "its standard input could not be followed";
            _ = Libc.close(feed);
            return;
        }
        feeder = new Thread(Feed, maxStackSize: 1 << 18) { IsBackground = true, Name = "part input" };
        feeder.Start();
    }

    private unsafe void Feed()
    {
        var buffer = new byte[BufferBytes];
        var sources = stackalloc Processes.Poll[2];
        var goesOn = Processes.WriteAll(feed, given.WrittenSpan);
        while (goesOn && !reachedEnd)
        {
            sources[0] = new Processes.Poll { Descriptor = source, Events = Processes.PollIn };
            sources[1] = new Processes.Poll { Descriptor = feed, Events = 0 };
            if (Processes.poll(sources, 2, -1) < 0) continue;
            if (sources[1].Returned != 0) break;
            goesOn = Processes.WriteAll(feed, TakeFromSource(buffer));
        }
        // It is told of the end when it has read all before: only so is it known that it did.
        consumed = goesOn && reachedEnd && IsReadUp();
        _ = Libc.close(feed);
        _ = Libc.close(source);
    }

    private unsafe bool IsReadUp()
    {
        for (var pause = 1; ; pause = Math.Min(2 * pause, 16))
        {
            var left = 0;
            if (Libc.ioctl(feed, 0x541B /* FIONREAD */, &left) == 0 && left == 0) return true;
            var wait = new Processes.Poll { Descriptor = feed, Events = 0 };
            if (Processes.poll(&wait, 1, pause / 8) > 0) return false;
            if (pause < 8) Thread.SpinWait(2000);
        }
    }

    private unsafe void Pump()
    {
        var buffer = new byte[BufferBytes];
        var sources = stackalloc Processes.Poll[3];
        while (read[1] >= 0 || read[2] >= 0)
        {
            for (var i = 1; i <= 2; i++) sources[i] = new Processes.Poll { Descriptor = read[i], Events = Processes.PollIn };
            sources[0] = new Processes.Poll { Descriptor = woken, Events = Processes.PollIn };
            if (Processes.poll(sources, 3, -1) < 0) continue;
            for (var i = 1; i <= 2; i++)
                if (read[i] >= 0 && sources[i].Returned != 0) Carry(i, buffer);
            if ((sources[0].Returned & Processes.PollIn) == 0) continue;
            for (var i = 1; i <= 2; i++)
                while (read[i] >= 0 && IsReadable(read[i])) Carry(i, buffer);
            _ = Processes.Read(woken, buffer.AsSpan(0, 1));
            _ = drained.TrySetResult();
        }
        lock (waking)
        {
            _ = Libc.close(woken);
            _ = Libc.close(wake);
            wake = -1;
        }
        _ = drained.TrySetResult();
    }

    private static unsafe bool IsReadable(int descriptor)
    {
        var wait = new Processes.Poll { Descriptor = descriptor, Events = Processes.PollIn };
        return Processes.poll(&wait, 1, 0) > 0 && (wait.Returned & Processes.PollIn) != 0;
    }

    private void Carry(int number, byte[] buffer)
    {
        var count = Processes.Read(read[number], buffer);
        if (count > 0 && Processes.WriteAll(goTo[number], buffer.AsSpan(0, count)))
        {
            Keep(number, buffer.AsSpan(0, count));
            return;
        }
        // At the end, or when nobody reads any more: then the part is to feel it as it would without us.
        if (count > 0) Lost = "nobody read all that it said";
        _ = Libc.close(read[number]);
        _ = Libc.close(goTo[number]);
        read[number] = -1;
    }

    private void Keep(int number, ReadOnlySpan<byte> bytes)
    {
        if (said.WrittenCount + bytes.Length > MostKept)
        {
            Lost = "it said very much";
            return;
        }
        Span<byte> head = stackalloc byte[5];
        head[0] = (byte)number;
        BinaryPrimitives.WriteInt32LittleEndian(head[1..], bytes.Length);
        said.Write(head);
        said.Write(bytes);
    }

    /// <summary>Waits until all that was said so far has arrived; the part's first process is held at its end meanwhile.</summary>
    /// <returns>What was said; see <see cref="PartRecord.Said"/>.</returns>
    public byte[] Drain()
    {
        if (pump is not null)
        {
            lock (waking)
                if (wake >= 0) Processes.WriteAll(wake, "x"u8);
            drained.Task.Wait();
        }
        for (var number = 1; number <= 2; number++)
        {
            if (file[number] < 0) continue;
            var name = number == 1 ? "out" : "err";
            if (Kinds.Contains($"{name}=file", StringComparison.Ordinal)) ReadAppended(number);
            else if (Kinds.Contains($"{name}=shared", StringComparison.Ordinal) && SizeOf(number) != startsAt[number]) Lost = $"it or others said something to {standard[number]!.Value.Target}, which others write to";
        }
        if (onTerminal && terminal!() is var now && (now.Shown != before.Shown || now.Typed > 0)) Lost = "something was said on the terminal while it ran";
        return said.WrittenSpan.ToArray();
    }

    private unsafe void ReadAppended(int number)
    {
        int descriptor;
        fixed (byte* path = PathText.EncodeTerminated($"/proc/self/fd/{file[number]}")) descriptor = Libc.open(path, Libc.OReadOnly | Libc.OCloexec, 0);
        if (descriptor < 0)
        {
            Lost = "the file it wrote to cannot be read";
            return;
        }
        Processes.lseek(descriptor, startsAt[number], 0);
        var buffer = new byte[BufferBytes];
        while (Lost.Length == 0 && Processes.Read(descriptor, buffer) is var count and > 0) Keep(number, buffer.AsSpan(0, count));
        _ = Libc.close(descriptor);
    }

    /// <summary>The digest of what came through standard input, all of which it must have read to the end; else null.</summary>
    public Digest? Consumed()
    {
        if (feeder is null) return Lost.Length == 0 ? default(Digest) : null;
        return consumed && Lost.Length == 0 ? Digest.Of(given.WrittenSpan) : null;
    }

    /// <summary>How far it read the file that is standard input, from where others go on.</summary>
    public long InputPosition => InputFile.Length > 0 ? Processes.lseek(file[0], 0, 1) : 0;

    /// <summary>Says what an earlier run said, where this one would have said it; before any exchange.</summary>
    public void Replay(ReadOnlySpan<byte> pieces, long inputPosition)
    {
        if (InputFile.Length > 0) Processes.lseek(file[0], inputPosition, 0);
        for (var number = 1; number <= 2; number++)
        {
            goTo[number] = Duplicate(number);
        }
        while (!pieces.IsEmpty)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(pieces[1..]);
            var number = pieces[0];
            // When nobody listens any more the rest is not wanted.
            if (goTo[number] >= 0 && !Processes.WriteAll(goTo[number], pieces.Slice(5, length))) break;
            pieces = pieces[(5 + length)..];
        }
        for (var number = 1; number <= 2; number++)
            if (goTo[number] >= 0) _ = Libc.close(goTo[number]);
        if (source >= 0) _ = Libc.close(source);
    }

    /// <summary>Gives back what was kept open. To be called once, when nothing more is asked.</summary>
    public void Release()
    {
        for (var number = 0; number <= 2; number++)
        {
            if (file[number] >= 0) _ = Libc.close(file[number]);
            file[number] = -1;
        }
    }

    /// <summary>A descriptor that shares its position with the process's own.</summary>
    private int Duplicate(int number)
    {
        const int pidfdOpen = 434, pidfdGet = 438;
        var pidfd = (int)Libc.syscall(pidfdOpen, process, 0, 0, 0, 0);
        if (pidfd < 0) return -1;
        var descriptor = (int)Libc.syscall(pidfdGet, pidfd, number, 0, 0, 0);
        _ = Libc.close(pidfd);
        return descriptor;
    }
}
