using System.Buffers.Binary;
using System.Text;
using Varve.Linux;

namespace Varve.Sandbox;

/// <summary>
/// Answers the calls of one step on one dedicated thread: notes what each wants and lets it go on, or refuses it.
/// Nothing is looked up here; what a name stood for before the step is found out afterwards by the
/// <see cref="Observer"/>, for the files below the overlay do not change.
/// </summary>
internal sealed class Supervisor(NotificationListener listener, EventLog log, EffectLog effects, View view, StepNetwork network, Parts? parts, StrictWorld? strict)
{
    private const int WriteOnly = 1, ReadWrite = 2, Create = 0x40, Exclusive = 0x80, Truncate = 0x200, Directory = 0x10000, NoFollow = 0x20000,
        PathOnly = 0x200000, TemporaryFile = 0x400000;
    private const int NoFollowFlag = 0x100, RemoveDirectoryFlag = 0x200, FollowFlag = 0x400, EmptyPathFlag = 0x1000;
    private const ulong ResolveInRoot = 0x10;
    /// <summary>Somebody else answers the call.</summary>
    private const int AnsweredLater = -1;

    private readonly PathReader paths = new();
    private readonly Sockets sockets = new(effects, view, network);
    private readonly ProgramReader programs = new(log, effects);
    private readonly CopyUp copyUp = new(view, log);
    private PathOutcome lastOutcome;

    /// <summary>Threads of the step seen so far; their processes' memory is sampled.</summary>
    public System.Collections.Concurrent.ConcurrentDictionary<int, byte> Threads { get; } = new();

    /// <summary>Answers until no process of the step is left.</summary>
    public void Serve()
    {
        var last = 0;
        while (listener.Receive(out var call))
        {
            if (call.Thread != last) Threads.TryAdd(last = call.Thread, 0);
            log.Begin(call.Thread);
            Part.Current = parts?.Of(call.Thread);
            if (strict is not null && call.Architecture == NotificationListener.X86_64 && strict.Answers(in call)) continue;
            var refusal = Handle(in call);
            if (refusal == 0) listener.Continue(call.Id);
            else if (refusal != AnsweredLater) listener.Refuse(call.Id, refusal);
        }
    }

    /// <summary>Zero to let the call go on, else the error it fails with.</summary>
    private unsafe int Handle(in Notification call)
    {
        if (call.Architecture != NotificationListener.X86_64) return Refuse("a system call of a 32-bit program", Libc.Enosys);
        if (call.Number is Syscalls.ExitGroup) return Exit(in call);
        if (((uint)call.Number & 0x40000000u) != 0) return Refuse("a system call of the x32 kind", Libc.Enosys);
        var arguments = CallTable.Of(call.Number);
        if (arguments.Length > 0) return LookAt(in call, arguments);
        fixed (ulong* a = call.Arguments)
        {
            switch (call.Number)
            {
                case Syscalls.Openat: return Open(in call, (int)a[0], a[1], (int)a[2]);
                case Syscalls.Open: return Open(in call, Libc.AtFdcwd, a[0], (int)a[1]);
                case Syscalls.Creat: return Open(in call, Libc.AtFdcwd, a[0], Create | WriteOnly | Truncate);
                case Syscalls.Openat2: return Open2(in call, (int)a[0], a[1], a[2]);
                case Syscalls.GetDents or Syscalls.GetDents64: return ListDescriptor(in call, (int)a[0]);
                case Syscalls.Execve: return Execute(in call, Libc.AtFdcwd, a[0], 0, a[1], a[2]);
                case Syscalls.Execveat: return Execute(in call, (int)a[0], a[1], (int)a[4], a[2], a[3]);
                case Syscalls.Rename: return Rename(in call, Libc.AtFdcwd, a[0], Libc.AtFdcwd, a[1], 0);
                case Syscalls.Renameat: return Rename(in call, (int)a[0], a[1], (int)a[2], a[3], 0);
                case Syscalls.Renameat2: return Rename(in call, (int)a[0], a[1], (int)a[2], a[3], (int)a[4]);
                case Syscalls.Link: return Name(in call, Libc.AtFdcwd, a[0], Libc.AtFdcwd, a[1], 0);
                case Syscalls.Linkat: return Name(in call, (int)a[0], a[1], (int)a[2], a[3], (int)a[4]);
                case Syscalls.Symlink: return MakeLink(in call, a[0], Libc.AtFdcwd, a[1]);
                case Syscalls.Symlinkat: return MakeLink(in call, a[0], (int)a[1], a[2]);
                case Syscalls.Unlinkat: return Unlink(in call, (int)a[0], a[1], (int)a[2]);
                case Syscalls.Connect or Syscalls.Bind: return sockets.Address(in call, a[1], (int)a[2], paths);
                case Syscalls.SendTo: return sockets.Address(in call, a[4], (int)a[5], paths);
                case Syscalls.SendMsg: return sockets.Message(in call, a[1], paths);
                case Syscalls.SendMmsg: return sockets.Messages(in call, a[1], (int)a[2], paths);
                case Syscalls.GetRandom: return Note(EffectKinds.Random, "getrandom");
                case Syscalls.Time or Syscalls.GetTimeOfDay or Syscalls.ClockGetTime: return Note(EffectKinds.Clock, "read the clock by a system call");
                case Syscalls.Nanosleep or Syscalls.ClockNanosleep: return Sleep();
                case Syscalls.Uname: return Note(EffectKinds.Host, "kernel name and version (uname)");
                case Syscalls.SysInfo: return Note(EffectKinds.Host, "memory and load (sysinfo)");
                case Syscalls.SchedGetAffinity: return Note(EffectKinds.Host, "number of processors (sched_getaffinity)");
                case Syscalls.Fstatfs: return Note(EffectKinds.Host, "space of a file system (fstatfs)");
                case Syscalls.IoUringSetup or Syscalls.IoUringEnter or Syscalls.IoUringRegister: return Refuse(Syscalls.Name(call.Number), Libc.Enosys);
                default: return Refuse(Syscalls.Name(call.Number), Libc.Eperm);
            }
        }
    }

    private int Refuse(string what, int error)
    {
        effects.Add(EffectKinds.Refused, what);
        return error;
    }

    private int Note(string kind, string detail)
    {
        effects.Add(kind, detail);
        return 0;
    }

    /// <summary>Whoever starts a program that sleeps wants the time to pass.</summary>
    private static int Sleep()
    {
        Part.Current?.Spoil("it sleeps");
        return 0;
    }

    private unsafe int LookAt(in Notification call, PathArgument[] arguments)
    {
        fixed (ulong* a = call.Arguments)
        {
            foreach (var argument in arguments)
            {
                var wanted = argument.Wanted;
                var flags = argument.Flags < 0 ? 0 : (int)a[argument.Flags];
                if ((flags & NoFollowFlag) != 0) wanted &= ~Wanted.Follow;
                if ((flags & FollowFlag) != 0) wanted |= Wanted.Follow;
                var folder = argument.Folder < 0 ? Libc.AtFdcwd : (int)a[argument.Folder];
                var refusal = Report(in call, folder, a[argument.Path], wanted, (flags & EmptyPathFlag) != 0);
                if (refusal != 0) return refusal;
                if (argument.Changes) Touching(in call, (wanted & Wanted.Own) == 0, (wanted & Wanted.Follow) != 0, asEntry: argument.Wanted is not (Wanted.Content or (Wanted.Content | Wanted.Follow)));
            }
        }
        if (strict is not null) return AnswerStrictly(in call);
        if (call.Number == Syscalls.Statfs && !paths.Path.StartsWith("/sys"u8)) effects.Add(EffectKinds.Host, "space of a file system (statfs)");
        return 0;
    }

    private int AnswerStrictly(in Notification call)
    {
        var answered = lastOutcome switch
        {
            PathOutcome.Found => strict!.AnswersAbout(in call, paths.Path),
            PathOutcome.Empty => strict!.AnswersAboutDescriptor(in call),
            _ => false,
        };
        return answered ? AnsweredLater : 0;
    }

    /// <summary>The call is about to change what stands at the path read last.</summary>
    private void Touching(in Notification call, bool keepsContent, bool follow, bool asEntry)
    {
        parts?.Touching(call.Thread, paths.Path, keepsContent, follow);
        strict?.Changes(in call, paths.Path, follow, asEntry);
    }

    /// <summary>Notes what is wanted of the path at that address. Zero, or the error that refuses the call.</summary>
    private int Report(in Notification call, int folder, ulong address, Wanted wanted, bool emptyIsDescriptor = false)
    {
        if (address == 0)
        {
            lastOutcome = PathOutcome.Broken;
            if (call.Number is Syscalls.Utimensat or Syscalls.Futimesat) strict?.ChangesTimesOfDescriptor(in call, folder);
            return 0;
        }
        var outcome = lastOutcome = paths.Read(call.Thread, folder, address);
        if (outcome == PathOutcome.TooLong) return Refuse("a path of more than 4,095 bytes", Libc.Enametoolong);
        if (outcome == PathOutcome.Empty && emptyIsDescriptor)
        {
            // Of an open file everything but its status was noted when it was opened.
            if ((wanted & ~(Wanted.Status | Wanted.Follow)) == 0) return 0;
            outcome = paths.ReadDescriptor(call.Thread, folder);
        }
        if (outcome == PathOutcome.Found) log.Add(wanted, paths.Path);
        return 0;
    }

    private int Open(in Notification call, int folder, ulong address, int flags, bool inRoot = false)
    {
        var outcome = paths.Read(call.Thread, folder, address, inRoot);
        if (outcome == PathOutcome.TooLong) return Refuse("a path of more than 4,095 bytes", Libc.Enametoolong);
        if (outcome != PathOutcome.Found) return 0;
        var follow = (flags & NoFollow) == 0 && (flags & (Create | Exclusive)) != (Create | Exclusive) ? Wanted.Follow : 0;
        var writes = (flags & (WriteOnly | ReadWrite)) != 0;
        if (strict?.Opens(in call, paths.Path, !writes && (flags & PathOnly) == 0, (flags & Libc.OCloexec) != 0) == true) return AnsweredLater;
        if (writes && (flags & (PathOnly | TemporaryFile)) == 0)
            Touching(in call, (flags & Truncate) == 0 && (flags & (Create | Exclusive)) != (Create | Exclusive), follow != 0, asEntry: (flags & Create) != 0);
        if ((flags & PathOnly) != 0) log.Add(Wanted.Status | follow, paths.Path);
        else if ((flags & TemporaryFile) == TemporaryFile) log.Add(Wanted.Exists | follow, paths.Path);
        else if ((flags & (Create | Exclusive)) == (Create | Exclusive)) log.Add(Wanted.Exists | Wanted.Own, paths.Path);
        else if (writes && (flags & Truncate) != 0)
        {
            copyUp.BeforeWriting(call.Thread, paths.Path);
            log.Add(Wanted.Exists | Wanted.Own | follow, paths.Path);
        }
        else
        {
            if (writes) copyUp.BeforeWriting(call.Thread, paths.Path);
            log.Add(((flags & Directory) != 0 ? Wanted.Exists : Wanted.Content) | follow, paths.Path);
        }
        return 0;
    }

    private int Open2(in Notification call, int folder, ulong address, ulong how)
    {
        Span<byte> structure = stackalloc byte[24];
        if (Tracee.ReadBytes(call.Thread, how, structure) != structure.Length) return 0;
        var flags = (int)BinaryPrimitives.ReadUInt64LittleEndian(structure);
        var resolve = BinaryPrimitives.ReadUInt64LittleEndian(structure[16..]);
        return Open(in call, folder, address, flags, (resolve & ResolveInRoot) != 0);
    }

    private int ListDescriptor(in Notification call, int descriptor)
    {
        if (paths.ReadDescriptor(call.Thread, descriptor) == PathOutcome.Found) log.Add(Wanted.Listing, paths.Path);
        return strict?.AnswersAbout(in call, paths.Path) == true ? AnsweredLater : 0;
    }

    private int Execute(in Notification call, int folder, ulong address, int flags, ulong arguments, ulong variables)
    {
        var outcome = paths.Read(call.Thread, folder, address);
        if (outcome == PathOutcome.TooLong) return Refuse("a path of more than 4,095 bytes", Libc.Enametoolong);
        if (outcome == PathOutcome.Empty && (flags & EmptyPathFlag) != 0) outcome = paths.ReadDescriptor(call.Thread, folder);
        if (outcome != PathOutcome.Found) return 0;
        parts?.Starting(call.Thread, paths.Path, arguments, variables);
        Part.Current = parts?.Of(call.Thread);
        var refusal = programs.Executed(call.Thread, paths.Path);
        return refusal == 0 && parts?.Decide(in call) == true ? AnsweredLater : refusal;
    }

    private unsafe int Exit(in Notification call)
    {
        fixed (ulong* a = call.Arguments) return parts?.Exiting(in call, (int)a[0] & 0xFF) == true ? AnsweredLater : 0;
    }

    private int Rename(in Notification call, int folder, ulong from, int newFolder, ulong to, int flags)
    {
        const int exchange = 2;
        if (paths.Read(call.Thread, folder, from) != PathOutcome.Found) return 0;
        var source = paths.Path.ToArray();
        if (paths.Read(call.Thread, newFolder, to) != PathOutcome.Found) return 0;
        parts?.Moving(call.Thread, source, paths.Path, (flags & exchange) != 0);
        strict?.Changes(in call, source, follow: false, asEntry: true);
        strict?.Changes(in call, paths.Path, follow: false, asEntry: true);
        var refusal = copyUp.BeforeRenaming(call.Thread, source);
        if (refusal is { Length: > 0 }) return Refuse(refusal, Libc.Exdev);
        log.Add(Wanted.Content | Wanted.Own, source);
        log.Add((flags & exchange) != 0 ? Wanted.Content | Wanted.Own : Wanted.Exists | Wanted.Own, paths.Path);
        log.Add(Wanted.Renamed, source, paths.Path);
        if ((flags & exchange) != 0) log.Add(Wanted.Renamed, paths.Path, source);
        return 0;
    }

    private int Name(in Notification call, int folder, ulong existing, int newFolder, ulong name, int flags)
    {
        var outcome = paths.Read(call.Thread, folder, existing);
        if (outcome == PathOutcome.Empty && (flags & EmptyPathFlag) != 0) outcome = paths.ReadDescriptor(call.Thread, folder);
        if (outcome == PathOutcome.TooLong) return Refuse("a path of more than 4,095 bytes", Libc.Enametoolong);
        if (outcome != PathOutcome.Found) return 0;
        log.Add(Wanted.Content | ((flags & FollowFlag) != 0 ? Wanted.Follow : 0), paths.Path);
        var first = paths.Path.ToArray();
        if (paths.Read(call.Thread, newFolder, name) != PathOutcome.Found) return 0;
        Touching(in call, keepsContent: true, follow: false, asEntry: true);
        log.Add(Wanted.Exists, paths.Path);
        log.Add(Wanted.Named, first, paths.Path);
        return 0;
    }

    private int MakeLink(in Notification call, ulong target, int folder, ulong address)
    {
        var text = new byte[Tracee.PathMax];
        var length = Tracee.ReadText(call.Thread, target, text);
        if (length < 0 || paths.Read(call.Thread, folder, address) != PathOutcome.Found) return 0;
        Touching(in call, keepsContent: true, follow: false, asEntry: true);
        log.Add(Wanted.Exists, paths.Path);
        log.Add(Wanted.LinkMade, paths.Path, text.AsSpan(0, length));
        return 0;
    }

    private int Unlink(in Notification call, int folder, ulong address, int flags)
    {
        var refusal = Report(in call, folder, address, (flags & RemoveDirectoryFlag) != 0 ? Wanted.Listing | Wanted.Own : Wanted.Exists | Wanted.Own);
        if (refusal == 0) Touching(in call, keepsContent: false, follow: false, asEntry: true);
        return refusal;
    }
}

/// <summary>The effects of one step, each once.</summary>
internal sealed class EffectLog
{
    private readonly HashSet<Effect> known = [];
    private readonly List<Effect> ordered = [];

    public void Add(string kind, string detail)
    {
        var effect = new Effect(kind, detail);
        lock (known)
        {
            Part.Current?.Add(effect);
            // A step that connects to ten thousand addresses is known by its first thousand.
            if (ordered.Count < 1000 && known.Add(effect)) ordered.Add(effect);
        }
    }

    public void Add(string kind, ReadOnlySpan<byte> detail) => Add(kind, Encoding.UTF8.GetString(detail));

    public IReadOnlyList<Effect> All()
    {
        lock (known) return [.. ordered];
    }
}
