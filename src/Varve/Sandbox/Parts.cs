using System.IO.Hashing;
using System.Runtime.InteropServices;
using Varve.Linux;

namespace Varve.Sandbox;

/// <summary>
/// Takes a step apart while it runs: each program that a shell or `make` in it starts is a part, known by its
/// arguments, variables, folder and streams, and remembered with all it observed and changed. A part that is known, and
/// whose observations hold in the step as it is then, is not run: its files are put in place, its output is said, and its
/// process exits. What cannot be followed to the byte runs as before, within the whole.
/// </summary>
internal sealed class Parts
{
    /// <summary>Shorter programs are as quickly run as looked up.</summary>
    private static readonly TimeSpan WorthKeeping = TimeSpan.FromMilliseconds(20);
    /// <summary>A program that was short so often, and never anything else, is not looked at any more.</summary>
    private const int ShortSoOften = 8;
    private const int MostReasons = 20, LeastThreads = 16;

    /// <summary>Programs that do nothing but start others.</summary>
    private static readonly HashSet<string> Guides = new(StringComparer.Ordinal)
    {
        "sh", "dash", "bash", "ash", "ksh", "mksh", "zsh", "busybox", "make", "gmake", "ninja", "samu", "env", "nice", "ionice", "time", "timeout", "xargs",
        "find", "nohup", "setsid", "stdbuf",
    };

    private sealed class Member
    {
        public required int Process { get; init; }
        public bool IsGuide { get; set; }
        public Part? Part { get; set; }
    }

    private readonly IPartBook book;
    private readonly NotificationListener listener;
    private readonly EventLog log;
    private readonly EffectLog effects;
    private readonly View view;
    private readonly PartEnding ending;
    private readonly bool mayReuse;
    private readonly Func<TerminalCount>? terminal;
    private readonly TimeSpan worthKeeping;
    private readonly Dictionary<string, int> shortRuns = new(StringComparer.Ordinal);
    private readonly Dictionary<UInt128, int> started = [];
    private readonly Dictionary<int, Member> members = [];
    private readonly Dictionary<int, Member> threads = [];
    private readonly List<Part> active = [];
    private readonly Lock counting = new();
    private readonly List<string> whole = [];
    private readonly object keeping = new();
    private int firstProcess, reused, kept, beingKept;
    private TimeSpan saved;
    private bool idle;

    public Parts(IPartBook book, NotificationListener listener, EventLog log, EffectLog effects, View view, IContentSource contents, IReadOnlyList<string> trusted, bool mayReuse, Func<TerminalCount>? terminal)
    {
        // Each is waited for by the process it is about, not by others.
        ThreadPool.SetMinThreads(LeastThreads, LeastThreads);
        worthKeeping = book.KeepsShort ? TimeSpan.Zero : WorthKeeping;
        (this.book, this.listener, this.log, this.effects, this.view, this.mayReuse, this.terminal) = (book, listener, log, effects, view, mayReuse, terminal);
        ending = new PartEnding(view, contents, trusted);
    }

    /// <summary>The part to which a thread's call belongs, if it belongs to one.</summary>
    public Part? Of(int thread) => idle ? null : MemberOf(thread)?.Part;

    private Member? MemberOf(int thread)
    {
        if (threads.TryGetValue(thread, out var known)) return known;
        if (ProcessFacts.Status(thread) is not { } status) return null;
        if (!members.TryGetValue(status.Process, out var member)) members[status.Process] = member = Born(status.Process, status.Parent);
        return threads[thread] = member;
    }

    /// <summary>A process that was not seen before is what its parent was when it forked.</summary>
    private Member Born(int process, int parent)
    {
        if (firstProcess == 0)
        {
            firstProcess = parent;
            return new Member { Process = process, IsGuide = true };
        }
        if (parent != firstProcess && MemberOf(parent) is { } from)
        {
            from.Part?.Processes.Add(process);
            return new Member { Process = process, IsGuide = from.IsGuide, Part = from.Part };
        }
        // Its parent is gone: it may belong to any of those that run.
        lock (active) foreach (var part in active) part.Spoil("a process lost its parent meanwhile");
        return new Member { Process = process };
    }

    /// <summary>
    /// A process is about to execute a program: it becomes a part, or goes on as what it is. To be called before anything
    /// is noted of the call; <see cref="Decide"/> comes after.
    /// </summary>
    public void Starting(int thread, ReadOnlySpan<byte> path, ulong arguments, ulong variables)
    {
        if (idle || MemberOf(thread) is not { } member) return;
        var name = PathText.Decode(path);
        if (member.Part is { } running)
        {
            if (running.Process == member.Process) running.Spoil("it became another program");
            return;
        }
        if (!member.IsGuide || Tracee.Resolve(thread, name) is not { } program) return;
        var stamp = Files.Look(View.Through(thread, program));
        if (stamp.Kind != FileKind.File || (stamp.Permissions & 0x49) == 0) return;
        // A link to busybox is the command that it is called by; a shell may go by any name that leads to it.
        if (Guides.Contains(Name(name)) || Guides.Contains(Name(program))) return;
        if (members.Count == 1 && IsScript(View.Through(thread, program))) return;
        member.IsGuide = false;
        if (members.Count == 1)
        {
            // The step is this one program: nothing in it is apart from it.
            idle = true;
            return;
        }
        if (worthKeeping == TimeSpan.Zero || shortRuns.GetValueOrDefault(program) < ShortSoOften) Start(thread, member, program, arguments, variables);
    }

    /// <summary>Whether a file is run by a shell: `#!/bin/sh`, `#!/usr/bin/env bash`.</summary>
    private static bool IsScript(string path)
    {
        Span<byte> head = stackalloc byte[128];
        int count;
        try
        {
            using var file = Files.OpenRead(path);
            count = RandomAccess.Read(file, head, 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
        var text = System.Text.Encoding.Latin1.GetString(head[..count]);
        if (!text.StartsWith("#!", StringComparison.Ordinal)) return false;
        var words = text[2..].Split('\n')[0].Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        return words.Length > 0 && Guides.Contains(Name(words[0])) && (Name(words[0]) != "env" || (words.Length > 1 && Guides.Contains(Name(words[^1]))));
    }

    private static string Name(string path) => path[(path.LastIndexOf('/') + 1)..];

    private void Start(int thread, Member member, string program, ulong arguments, ulong variables)
    {
        if (ProcessFacts.Status(thread) is not { } status || status.Process != thread) return;
        if (ProcessFacts.Words(thread, arguments) is not { Count: > 0 } words || ProcessFacts.Words(thread, variables) is not { } settings) return;
        if (Files.LinkTarget($"/proc/{thread}/cwd") is not { } folder) return;
        var streams = PartStreams.Of(thread, descriptor => IsAlone(descriptor, thread), terminal, out var why);
        var kinds = $"{streams?.Kinds} mask={status.Mask}";
        var key = new PartKey { Program = program, Arguments = words, Variables = settings, Directory = folder, Streams = kinds, Occurrence = Occurrence([program, folder, kinds, .. words, "", .. settings]) };
        var part = new Part(key, thread) { Streams = streams };
        if (streams is null) part.Spoil(why);
        else if (streams.InputFile.Length > 0) part.Add(Wanted.Content | Wanted.Follow, PathText.Encode(streams.InputFile));
        member.Part = part;
        lock (active) active.Add(part);
    }

    private int Occurrence(string[] words)
    {
        ref var times = ref CollectionsMarshal.GetValueRefOrAddDefault(started, XxHash128.HashToUInt128(PathText.Encode(string.Join('\0', words))), out _);
        return times++;
    }

    /// <summary>
    /// Whether no other process of the step reads from what a descriptor leads to, or none writes. The shell that
    /// started a pipeline may hold a pipe for a moment longer.
    /// </summary>
    private bool IsAlone(OpenDescriptor descriptor, int process)
    {
        const int accessMode = 3;
        var reads = (descriptor.Flags & accessMode) != Libc.OWriteOnly;
        var tries = descriptor.IsPipe ? 6 : 1;
        for (var i = 0; i < tries; i++)
        {
            var others = ProcessFacts.WithDescendants(firstProcess).Where(p => p != process);
            if (!others.Any(p => ProcessFacts.Descriptors(p)?.Exists(d => d.Target == descriptor.Target && (d.Flags & accessMode) != (reads ? Libc.OWriteOnly : Libc.OReadOnly)) == true))
                return ProcessFacts.KnowsChildren;
            Thread.Sleep(1);
        }
        return false;
    }

    /// <summary>
    /// Whether the answer to the call that executes a part's program is given later, by somebody else: when it may be
    /// known. Else its streams are followed from here on, and it is for the caller to let the call go on.
    /// </summary>
    public bool Decide(in Notification call)
    {
        if (idle || Part.Current is not { Streams: { } streams } part || part.Process != call.Thread || part.IsDecided) return false;
        part.IsDecided = true;
        if (!mayReuse || !book.KnowsSome(part.Key))
        {
            streams.Exchange(listener, call.Id);
            return false;
        }
        var id = call.Id;
        ThreadPool.UnsafeQueueUserWorkItem(_ => Settle(part, streams, id), null);
        return true;
    }

    private void Settle(Part part, PartStreams streams, ulong call)
    {
        try
        {
            if (TryReplay(part, streams, call)) return;
        }
        catch (IOException e)
        {
            part.Spoil(e.Message);
        }
        streams.Exchange(listener, call);
        listener.Continue(call);
    }

    private bool TryReplay(Part part, PartStreams streams, ulong call)
    {
        if (streams.ReadsPipe)
        {
            if (streams.ReadAhead() is not { } input) return false;
            part.Key = part.Key with { Input = input };
        }
        if (book.Find(part.Key, path => view.Seen(part.Process, path)) is not { } known) return false;
        // Attached first: where that is not allowed nothing has been changed yet.
        if (ForcedExit.Attach(part.Process) is not { } exit) return false;
        part.Replayed = true;
        book.PutInPlace(known, path => View.Through(part.Process, path));
        Tell(known);
        streams.Replay(known.Said, known.InputPosition);
        listener.Continue(call);
        if (!exit.Finish()) return true;
        lock (counting)
        {
            reused++;
            saved += known.Elapsed;
        }
        return true;
    }

    /// <summary>What a part observed and did when it ran, the step has observed and done.</summary>
    private void Tell(KnownPart part)
    {
        foreach (var item in part.Observations)
        {
            var wanted = item.Kind switch
            {
                ObservationKind.Content => Wanted.Content,
                ObservationKind.Status => Wanted.Status,
                ObservationKind.Listing => Wanted.Listing,
                ObservationKind.Denied => Wanted.Content,
                _ => Wanted.Exists,
            };
            log.Tell(new PathEvent(wanted, PathText.Encode(item.Path), null));
        }
        foreach (var program in part.Programs) log.Tell(new PathEvent(Wanted.Content | Wanted.Follow | Wanted.Program, PathText.Encode(program), null));
        foreach (var change in part.Changes)
        {
            log.Tell(new PathEvent(Wanted.Exists | Wanted.Own, PathText.Encode(change.Path), null));
            if (change.Kind == ChangeKind.Link) log.Tell(new PathEvent(Wanted.LinkMade, PathText.Encode(change.Path), PathText.Encode(change.Target)));
            lock (active) foreach (var other in active) other.TouchedElsewhere(change.Path);
        }
        foreach (var effect in part.Effects) effects.Add(effect.Kind, effect.Detail);
    }

    /// <summary>A process is about to change what stands at a path.</summary>
    public void Touching(int thread, ReadOnlySpan<byte> path, bool keepsContent, bool follow = true)
    {
        if (idle) return;
        var part = Part.Current;
        lock (active)
        {
            if (active.Count == 0) return;
            var place = Place(thread, PathText.Decode(path), follow);
            foreach (var other in active)
                if (other != part) other.TouchedElsewhere(place);
            part?.Touch(place, Files.Look(View.Through(thread, place)), keepsContent);
        }
    }

    /// <summary>A process is about to rename.</summary>
    public void Moving(int thread, ReadOnlySpan<byte> from, ReadOnlySpan<byte> to, bool exchange)
    {
        if (idle) return;
        // What lies in a folder changes its names with it.
        if (Files.Look(View.Through(thread, PathText.Decode(from))).Kind == FileKind.Directory)
            lock (active) foreach (var part in active) part.Spoil($"the folder {PathText.Decode(from)} is renamed while it runs");
        Touching(thread, from, keepsContent: true, follow: false);
        Touching(thread, to, keepsContent: exchange, follow: false);
    }

    /// <summary>A path with the links of its folders followed, and its own if that is wanted and it leads somewhere.</summary>
    private static string Place(int thread, string path, bool follow)
    {
        if (follow && Tracee.Resolve(thread, path) is { } reached) return reached;
        var trimmed = path.TrimEnd('/');
        var folder = Files.Parent(trimmed);
        return Tracee.Resolve(thread, folder) is { } real ? $"{(real.Length == 1 ? "" : real)}/{Name(trimmed)}" : trimmed;
    }

    /// <summary>A process ends. Whether it is let go later: when it was a part's first, and what came of that is to be kept.</summary>
    public bool Exiting(in Notification call, int status)
    {
        if (idle || !threads.TryGetValue(call.Thread, out var member)) return false;
        members.Remove(member.Process);
        foreach (var thread in threads.Where(t => t.Value == member).Select(t => t.Key).ToArray()) threads.Remove(thread);
        if (member.Part is not { } part || part.Process != member.Process) return false;
        lock (active) active.Remove(part);
        if (part.Replayed)
        {
            part.Streams?.Release();
            return false;
        }
        part.Clock.Stop();
        var isShort = part.Clock.Elapsed < worthKeeping;
        shortRuns[part.Key.Program] = isShort ? shortRuns.GetValueOrDefault(part.Key.Program) + 1 : int.MinValue / 2;
        if (part.Streams is null && !isShort) NoteWhole(part);
        var isKept = part.Streams is not null && status == 0 && !isShort;
        if (!isKept && part.Streams?.IsFollowed != true)
        {
            part.Streams?.Release();
            return false;
        }
        var id = call.Id;
        ThreadPool.UnsafeQueueUserWorkItem(_ => End(part, isKept, id), null);
        return true;
    }

    /// <summary>
    /// Lets a part's first process go when what it said is where it belongs and what it left is known: whoever waits for
    /// it may go on to say and change something too. It is kept after that.
    /// </summary>
    private void End(Part part, bool isKept, ulong call)
    {
        PartRecord? record = null;
        try
        {
            if (isKept) record = RecordOf(part);
            else part.Streams!.Drain();
        }
        finally
        {
            part.Streams!.Release();
            if (record is not null) lock (keeping) beingKept++;
            listener.Continue(call);
        }
        if (record is null) return;
        try
        {
            if (!book.Keep(record)) return;
            lock (counting) kept++;
        }
        catch (IOException e)
        {
            part.Spoil(e.Message);
            NoteWhole(part);
        }
        finally
        {
            lock (keeping)
            {
                beingKept--;
                Monitor.PulseAll(keeping);
            }
        }
    }

    private PartRecord? RecordOf(Part part)
    {
        PartRecord? record = null;
        try
        {
            record = ending.Record(part);
        }
        catch (IOException e)
        {
            part.Spoil(e.Message);
        }
        if (record is null) NoteWhole(part);
        return record;
    }

    private void NoteWhole(Part part)
    {
        var reason = $"{Name(part.Key.Program)}: {part.Spoilt}";
        lock (counting)
            if (whole.Count < MostReasons && !whole.Contains(reason)) whole.Add(reason);
    }

    /// <summary>How the parts fared, when all have ended.</summary>
    public PartTally Tally()
    {
        lock (keeping)
            while (beingKept > 0) Monitor.Wait(keeping);
        // Of those that a signal ended nobody heard.
        lock (active) foreach (var part in active) part.Streams?.Release();
        lock (counting) return reused == 0 && kept == 0 && whole.Count == 0 ? PartTally.None : new PartTally(reused, saved, kept, [.. whole]);
    }
}
