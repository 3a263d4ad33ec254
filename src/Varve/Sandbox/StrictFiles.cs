using System.Buffers.Binary;
using System.Globalization;
using Varve.Linux;
using Varve.Strict;

namespace Varve.Sandbox;

/// <summary>
/// Looks at files as the kernel would for a process of a strict step, and tells of them what <see cref="FileFacts"/> says.
/// Keeps account of what the step writes: a file bears the clock of the thread that last opened it to write, or what was set.
/// </summary>
internal sealed unsafe class StrictFiles
{
    private const long OpenAt2 = 437, Second = 1_000_000_000, Microsecond = 1_000;
    private const ulong InRoot = 0x10;
    private const uint Everything = 0xFFF;

    /// <summary>A call that was let go and whose outcome is looked at when the thread makes its next.</summary>
    private readonly record struct Change(Strand Strand, string Path, bool Follow, FileTimes Times, bool KeepsAccessed, bool KeepsModified);

    private readonly FileFacts facts;
    private readonly View view;
    private readonly long epoch;
    private readonly int root;
    private readonly List<Change> changes = [];

    /// <summary>For a step of which this is the first process.</summary>
    public StrictFiles(FileFacts facts, View view, int process, long epochNs)
    {
        (this.facts, this.view, epoch) = (facts, view, epochNs);
        fixed (byte* path = PathText.EncodeTerminated($"/proc/{process}/root")) root = Libc.open(path, Libc.OPath | Libc.ODirectory | Libc.OCloexec, 0);
        if (root < 0) throw Files.Failure("open", "the step's file system");
    }

    /// <summary>`struct stat` of a path; null where the kernel is to answer, with an error above all.</summary>
    public byte[]? Status(ReadOnlySpan<byte> path, bool follow, Strand strand) =>
        Look(PathText.Decode(path), follow) is { } s ? facts.AsStat(Known(in s, strand), OwnerOf(PathText.Decode(path))) : null;

    /// <summary>`struct statx` of a path; null as above.</summary>
    public byte[]? ExtendedStatus(ReadOnlySpan<byte> path, bool follow, Strand strand) =>
        Look(PathText.Decode(path), follow) is { } s ? facts.AsStatx(Known(in s, strand), OwnerOf(PathText.Decode(path))) : null;

    /// <summary>`struct stat` of an open file; null as above.</summary>
    public byte[]? StatusOfDescriptor(int thread, int descriptor, Strand strand) =>
        LookThrough(Descriptor(thread, descriptor)) is { } s ? facts.AsStat(Known(in s, strand), OwnerOf(Files.LinkTarget(Descriptor(thread, descriptor)) ?? "")) : null;

    /// <summary>`struct statx` of an open file; null as above.</summary>
    public byte[]? ExtendedStatusOfDescriptor(int thread, int descriptor, Strand strand) =>
        LookThrough(Descriptor(thread, descriptor)) is { } s ? facts.AsStatx(Known(in s, strand), OwnerOf(Files.LinkTarget(Descriptor(thread, descriptor)) ?? "")) : null;

    private static string Descriptor(int thread, int descriptor) => string.Create(CultureInfo.InvariantCulture, $"/proc/{thread}/fd/{descriptor}");

    /// <summary>What the step may write is the step's, all else is root's; pipes and the like are whose they are.</summary>
    private uint OwnerOf(string path) => !path.StartsWith('/') || view.IsWritable(path) || view.Locate(path, out _) == Zone.Private ? HostFacts.User : 0;

    private Libc.Statx? Look(string path, bool follow)
    {
        var how = stackalloc ulong[3] { (ulong)(Libc.OPath | Libc.OCloexec | (follow ? 0 : Libc.ONofollow)), 0, InRoot };
        int reached;
        fixed (byte* p = PathText.EncodeTerminated(path)) reached = (int)Libc.syscall(OpenAt2, root, (nint)p, (nint)how, 24, 0);
        if (reached < 0) return null;
        Libc.Statx s;
        byte empty = 0;
        var found = Libc.statx(reached, &empty, Libc.AtEmptyPath, Everything, &s) == 0;
        _ = Libc.close(reached);
        return found ? s : null;
    }

    /// <summary>What a link of our own /proc leads to, whether it has a path or not.</summary>
    private static Libc.Statx? LookThrough(string link)
    {
        Libc.Statx s;
        fixed (byte* p = PathText.EncodeTerminated(link)) return Libc.statx(Libc.AtFdcwd, p, 0, Everything, &s) == 0 ? s : null;
    }

    /// <summary>A file of which nobody knows who wrote it is taken to have been written now.</summary>
    private ref readonly Libc.Statx Known(in Libc.Statx s, Strand strand)
    {
        if (facts.Knows(in s)) return ref s;
        foreach (var change in changes.ToArray()) Settle(change);
        if (!facts.Knows(in s)) facts.Note(in s, Written(strand.Clock.Write()));
        return ref s;
    }

    private FileTimes Written(long clock) => new(epoch + clock, epoch + clock, epoch + clock, Set: false);

    /// <summary>A thread is about to change what stands at a path: its bytes, its times, or (as an entry) whether it is there.</summary>
    public void Changes(in Notification call, string path, bool follow, bool asEntry, Strand strand)
    {
        if (Times(in call, strand) is { } set)
        {
            changes.Add(new Change(strand, path, set.Follow ?? follow, set.Times, set.KeepsAccessed, set.KeepsModified));
            return;
        }
        if (call.Number is Syscalls.Chmod or Syscalls.Fchmodat or Syscalls.Fchmodat2 or Syscalls.Chown or Syscalls.Lchown or Syscalls.Fchownat) return;
        var times = Written(strand.Clock.Write());
        if (!asEntry || IsOpening(call.Number)) changes.Add(new Change(strand, path, follow, times, KeepsAccessed: false, KeepsModified: false));
        if (asEntry) changes.Add(new Change(strand, Files.Parent(path.TrimEnd('/')), Follow: true, times, KeepsAccessed: false, KeepsModified: false));
    }

    private static bool IsOpening(int number) => number is Syscalls.Open or Syscalls.Openat or Syscalls.Openat2 or Syscalls.Creat or Syscalls.Mkdir or Syscalls.Mkdirat or Syscalls.Symlink or Syscalls.Symlinkat or Syscalls.Mknod or Syscalls.Mknodat;

    /// <summary>What a thread's last call came to.</summary>
    public void Settle(Strand strand)
    {
        for (var i = 0; i < changes.Count;)
        {
            if (changes[i].Strand != strand)
            {
                i++;
                continue;
            }
            var change = changes[i];
            changes.RemoveAt(i);
            Settle(change);
        }
    }

    private void Settle(in Change change)
    {
        var ofDescriptor = change.Path.StartsWith("/proc/", StringComparison.Ordinal) && change.Path.Contains("/fd/", StringComparison.Ordinal);
        if ((ofDescriptor ? LookThrough(change.Path) : Look(change.Path, change.Follow)) is not { } s) return;
        var (now, before) = (change.Times, facts.TimesOf(in s));
        facts.Note(in s, now with { Accessed = change.KeepsAccessed ? before.Accessed : now.Accessed, Modified = change.KeepsModified ? before.Modified : now.Modified });
    }

    /// <summary>The times that a call sets; null when it sets none.</summary>
    private (FileTimes Times, bool KeepsAccessed, bool KeepsModified, bool? Follow)? Times(in Notification call, Strand strand)
    {
        const int noFollow = 0x100;
        var (address, unit, flags) = call.Number switch
        {
            Syscalls.Utimensat => (call.Arguments[2], 1L, (int)call.Arguments[3]),
            Syscalls.Futimesat => (call.Arguments[2], Microsecond, 0),
            Syscalls.Utimes => (call.Arguments[1], Microsecond, 0),
            Syscalls.Utime => (call.Arguments[1], 0L, 0),
            _ => (0UL, -1L, 0),
        };
        if (unit < 0) return null;
        var now = epoch + strand.Clock.Write();
        bool? follow = call.Number == Syscalls.Utimensat ? (flags & noFollow) == 0 : null;
        Span<byte> words = stackalloc byte[32];
        var wanted = words[..(unit == 0 ? 16 : 32)];
        if (address == 0 || Tracee.ReadBytes(call.Thread, address, wanted) != wanted.Length) return (new FileTimes(now, now, now, Set: true), false, false, follow);
        if (unit == 0) return (new FileTimes(Word(words, 0) * Second, Word(words, 1) * Second, now, Set: true), false, false, follow);
        var (accessed, keepsAccessed) = Time(Word(words, 0), Word(words, 1), unit, now);
        var (modified, keepsModified) = Time(Word(words, 2), Word(words, 3), unit, now);
        return (new FileTimes(accessed, modified, now, Set: true), keepsAccessed, keepsModified, follow);
    }

    private static (long Time, bool Keeps) Time(long seconds, long part, long unit, long now)
    {
        const long isNow = 0x3FFFFFFF, isKept = 0x3FFFFFFE;
        return unit == 1 && part == isNow ? (now, false) : unit == 1 && part == isKept ? (now, true) : (seconds * Second + part * unit, false);
    }

    private static long Word(ReadOnlySpan<byte> words, int index) => BinaryPrimitives.ReadInt64LittleEndian(words[(8 * index)..]);

    /// <summary>Ends the use of the step's file system.</summary>
    public void Close() => _ = Libc.close(root);
}
