using System.Globalization;
using Varve.Linux;
using Varve.Store;
using Varve.Strict;

namespace Varve.Sandbox;

/// <summary>
/// What a step learnt, a line a path: the state of the file before the step, and how much of it the step asked for.
/// </summary>
internal sealed class Lookups(View view, IContentSource contents, IReadOnlyList<string> trusted, EffectLog effects, bool strict = false)
{
    /// <summary>A file this large that is only looked at goes by size and time instead of its content.</summary>
    private const long LookedAtLimit = 64L << 20;

    private sealed class Entry
    {
        public required FileStamp Stamp;
        public Wanted Wanted, AfterOwn;
        public bool Owned, HasContent, HasListing, Unreadable;
        /// <summary>The digest of the bytes, or of a directory's listing.</summary>
        public Digest Digest;
        /// <summary>What stands for the bytes of a file in an immutable snapshot; empty for any other.</summary>
        public string Snapshot = "";
    }

    private readonly Dictionary<string, Entry> entries = new(StringComparer.Ordinal);
    // Most names looked for by most programs are not there: they are kept without anything else.
    private readonly HashSet<string> absent = new(StringComparer.Ordinal);
    private readonly HashSet<string> madeNew = new(StringComparer.Ordinal);

    /// <summary>Notes that the step wanted something of what stands at a fully resolved path.</summary>
    public void Record(string path, Wanted wanted)
    {
        if (!entries.TryGetValue(path, out var entry))
        {
            if (absent.Contains(path)) return;
            var zone = view.Locate(path, out var outside);
            if (zone != Zone.Observed)
            {
                NoteEffect(zone, path, wanted);
                return;
            }
            var stamp = Files.Look(outside);
            if (stamp.Kind == FileKind.Absent)
            {
                absent.Add(path);
                if ((wanted & Wanted.Own) != 0) madeNew.Add(path);
                if ((wanted & Wanted.Program) != 0 && !strict && view.IsWritable(path)) effects.Add(EffectKinds.Clock, $"may have read the clock: {path}, which the step made itself");
                return;
            }
            entries[path] = entry = new Entry { Stamp = stamp };
        }
        if (entry.Owned) entry.AfterOwn |= wanted;
        else Want(path, entry, wanted);
        if ((wanted & Wanted.Program) != 0) NoteClock(path, entry);
        if ((wanted & Wanted.Own) != 0) entry.Owned = true;
    }

    private void NoteClock(string path, Entry entry)
    {
        if (!strict && entry.Stamp.Kind == FileKind.File && ClockUse.IsPossible(Outside(path), entry.HasContent ? entry.Digest : default))
            effects.Add(EffectKinds.Clock, $"may have read the clock: {path} can");
    }

    private void Want(string path, Entry entry, Wanted wanted)
    {
        entry.Wanted |= wanted;
        var kind = entry.Stamp.Kind;
        if (kind == FileKind.File && !entry.HasContent && !entry.Unreadable && NeedsContent(path, entry)) ReadContent(path, entry);
        if (kind == FileKind.Directory && (entry.Wanted & Wanted.Listing) != 0 && !entry.HasListing) ReadListing(path, entry);
    }

    private bool NeedsContent(string path, Entry entry)
    {
        if ((entry.Wanted & (Wanted.Content | Wanted.Status)) == 0) return false;
        if ((entry.Wanted & Wanted.Content) == 0 && entry.Stamp.Size > LookedAtLimit) return false;
        if (IsTrusted(path)) return false;
        if (entry.Snapshot.Length == 0) entry.Snapshot = SnapshotIdentity.Of(Outside(path), entry.Stamp) ?? "";
        return entry.Snapshot.Length == 0;
    }

    private bool IsTrusted(string path)
    {
        foreach (var folder in trusted)
            if (View.IsWithin(path, folder)) return true;
        return false;
    }

    private string Outside(string path)
    {
        view.Locate(path, out var outside);
        return outside;
    }

    private void ReadContent(string path, Entry entry)
    {
        try
        {
            entry.Digest = contents.DigestOf(Outside(path), entry.Stamp);
            entry.HasContent = true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            entry.Unreadable = true;
        }
    }

    private void ReadListing(string path, Entry entry)
    {
        if (Files.List(Outside(path)) is not { } names)
        {
            entry.Unreadable = true;
            return;
        }
        entry.Digest = contents.KeepListing(ListingText.Of(names));
        entry.HasListing = true;
    }

    private void NoteEffect(Zone zone, string path, Wanted wanted)
    {
        if (zone == Zone.Device && path is "/dev/random" or "/dev/urandom") effects.Add(EffectKinds.Random, path);
        else if (path == "/dev/tty" && (wanted & Wanted.Content) != 0 && HasTerminal) effects.Add(EffectKinds.Device, Observation.OpenedTerminal);
        else if (zone == Zone.Device && !View.IsOrdinaryDevice(path)) effects.Add(EffectKinds.Device, $"looked for {path}");
        else if (zone == Zone.Kernel && LeadsOn(path)) effects.Add(EffectKinds.Host, $"went through {path} by a link: what it reached there may not be recorded");
        else if (zone == Zone.Kernel && (wanted & (Wanted.Content | Wanted.Listing)) != 0 && !IsAboutItself(path) && !(strict && HostFacts.Covers(path))) effects.Add(EffectKinds.Host, $"read {path}");
    }

    /// <summary>Whether there is a terminal that a step could reach by that name: one that Varve was started on.</summary>
    private static bool HasTerminal { get; } = CanOpenTerminal();

    private static unsafe bool CanOpenTerminal()
    {
        const int noControlling = 0x100;
        fixed (byte* path = "/dev/tty\0"u8)
        {
            var descriptor = Libc.open(path, Libc.OReadOnly | Libc.OCloexec | Libc.ONonblock | noControlling, 0);
            if (descriptor >= 0) _ = Libc.close(descriptor);
            return descriptor >= 0;
        }
    }

    /// <summary>Links of /proc to a file, which every process sees differently; followed here they come from a link the step made.</summary>
    private static bool LeadsOn(string path) =>
        path.StartsWith("/proc/", StringComparison.Ordinal)
        && (path.Contains("/cwd/", StringComparison.Ordinal) || path.Contains("/root/", StringComparison.Ordinal)
            || (path.Contains("/fd/", StringComparison.Ordinal) && !path.EndsWith("/fd/", StringComparison.Ordinal)));

    /// <summary>Files of /proc that tell a process about itself or never change on a running kernel.</summary>
    private static bool IsAboutItself(string path) =>
        path.StartsWith("/proc/self", StringComparison.Ordinal) || path.StartsWith("/proc/thread-self", StringComparison.Ordinal)
        || path is "/proc" or "/proc/filesystems" or "/proc/mounts" || (path.Length > 6 && char.IsAsciiDigit(path[6]));

    /// <summary>
    /// Everything learnt about paths that the step did not make itself first, sorted, and the paths that changed
    /// since the step began.
    /// </summary>
    /// <param name="changed">The paths that the step left different.</param>
    /// <param name="startedNs">When it began, on the coarse clock that stamps files.</param>
    /// <param name="ignored">Paths whose change is no news: the file standard output goes to.</param>
    public (List<Observation> Observations, List<string> ChangedUnderneath) Finish(
        IReadOnlySet<string> changed, long startedNs, IReadOnlySet<string> ignored)
    {
        var observations = new List<Observation>(entries.Count + absent.Count + 16);
        var underneath = new List<string>();
        foreach (var (path, entry) in entries)
        {
            // What was asked of a path after the step replaced it is about its own file, if it really did replace it.
            if (entry.AfterOwn != 0 && !changed.Contains(path)) Want(path, entry, entry.AfterOwn);
            var outside = Outside(path);
            AddObservations(path, outside, entry, observations);
            if (!ignored.Contains(path) && IsChanged(outside, entry, startedNs)) underneath.Add(path);
        }
        foreach (var path in absent)
        {
            observations.Add(new Observation(path, ObservationKind.Absent, default, madeNew.Contains(path) ? Observation.ReplacedUnseen : ""));
            if (!ignored.Contains(path) && Files.Look(Outside(path)).Kind != FileKind.Absent) underneath.Add(path);
        }
        entries.Clear();
        entries.TrimExcess();
        absent.Clear();
        absent.TrimExcess();
        observations.Sort(static (a, b) => string.CompareOrdinal(a.Path, b.Path) is var order and not 0 ? order : a.Kind.CompareTo(b.Kind));
        underneath.Sort(StringComparer.Ordinal);
        return (observations, underneath);
    }

    private static bool IsChanged(string outside, Entry entry, long startedNs)
    {
        var now = Files.Look(outside);
        if (now.Kind != entry.Stamp.Kind) return true;
        return entry.Stamp.Kind switch
        {
            FileKind.File => (entry.Wanted & (Wanted.Content | Wanted.Status)) != 0
                && (!now.SameContent(entry.Stamp) || (now.ChangedNs >= startedNs && now.ModifiedNs >= startedNs)),
            FileKind.Directory => entry.HasListing && now.ModifiedNs != entry.Stamp.ModifiedNs,
            FileKind.Link => now.Inode != entry.Stamp.Inode || now.ChangedNs != entry.Stamp.ChangedNs,
            _ => false,
        };
    }

    private static void AddObservations(string path, string outside, Entry entry, List<Observation> result)
    {
        var stamp = entry.Stamp;
        switch (stamp.Kind)
        {
            case FileKind.Denied:
                result.Add(new Observation(path, ObservationKind.Denied, default, ""));
                return;
            case FileKind.Link:
                result.Add(new Observation(path, ObservationKind.Link, default, Files.LinkTarget(outside) ?? ""));
                return;
        }
        if (entry.Unreadable) result.Add(new Observation(path, ObservationKind.Denied, default, ""));
        if (entry.HasListing) result.Add(new Observation(path, ObservationKind.Listing, entry.Digest, ""));
        var asked = (entry.Wanted & Wanted.Content) != 0 ? ObservationKind.Content
            : (entry.Wanted & Wanted.Status) != 0 ? ObservationKind.Status
            : ObservationKind.Exists;
        if (stamp.Kind != FileKind.File)
        {
            if (!entry.HasListing || asked == ObservationKind.Status)
                result.Add(new Observation(path, asked == ObservationKind.Content ? ObservationKind.Exists : asked, default, StatusText.Of(stamp)));
            return;
        }
        if (asked == ObservationKind.Exists || entry.HasContent) result.Add(new Observation(path, asked, entry.Digest, StatusText.Of(stamp)));
        else if (!entry.Unreadable) result.Add(new Observation(path, asked, default, StatusText.WithTimes(stamp, entry.Snapshot)));
    }
}

/// <summary>Where the sandbox gets digests from and keeps listings; the store, with its cache by stat signature.</summary>
internal interface IContentSource
{
    /// <summary>The digest of a file's bytes.</summary>
    Digest DigestOf(string path, in FileStamp stamp);

    /// <summary>Keeps the text of a listing, and names it.</summary>
    Digest KeepListing(byte[] listing);
}

/// <summary>How a listing is written down: for each name, sorted by bytes, the kind's letter, the name and a zero.</summary>
internal static class ListingText
{
    public static byte[] Of(IReadOnlyList<DirectoryEntry> names)
    {
        using var text = new MemoryStream();
        foreach (var entry in names)
        {
            text.WriteByte((byte)StatusText.Letter(entry.Kind));
            text.Write(PathText.Encode(entry.Name));
            text.WriteByte(0);
        }
        return text.ToArray();
    }

    public static List<DirectoryEntry> Read(ReadOnlySpan<byte> text)
    {
        var names = new List<DirectoryEntry>();
        while (!text.IsEmpty)
        {
            var end = text.IndexOf((byte)0);
            names.Add(new DirectoryEntry(PathText.Decode(text[1..end]), StatusText.Kind((char)text[0])));
            text = text[(end + 1)..];
        }
        return names;
    }
}

/// <summary>How the status of a file is written down: the kind's letter and the permission bits in octal.</summary>
internal static class StatusText
{
    public static char Letter(FileKind kind) => kind switch { FileKind.File => 'f', FileKind.Directory => 'd', FileKind.Link => 'l', _ => 's' };

    public static FileKind Kind(char letter) => letter switch { 'f' => FileKind.File, 'd' => FileKind.Directory, 'l' => FileKind.Link, _ => FileKind.Special };

    public static string Of(in FileStamp stamp) => stamp.Kind == FileKind.File && stamp.Permissions == 0x1A4 ? "f644"
        : stamp.Kind == FileKind.File && stamp.Permissions == 0x1ED ? "f755"
        : stamp.Kind == FileKind.Directory && stamp.Permissions == 0x1ED ? "d755"
        : Letter(stamp.Kind) + Convert.ToString(stamp.Permissions, 8).PadLeft(3, '0');

    /// <param name="stamp">The status.</param>
    /// <param name="snapshot">The identity of a file in an immutable snapshot (<see cref="SnapshotIdentity"/>), or empty.</param>
    public static string WithTimes(in FileStamp stamp, string snapshot = "") =>
        string.Create(CultureInfo.InvariantCulture, $"{Of(stamp)} {stamp.Size} {stamp.ModifiedNs}{(snapshot.Length > 0 ? " " : "")}{snapshot}");

    /// <summary>The identity in a snapshot that a text ends with, or empty.</summary>
    public static string Snapshot(string detail) => detail.Split(' ') is [_, _, _, var identity] ? identity : "";

    /// <summary>The size in a text with times; -1 in one without.</summary>
    public static long Size(string detail) =>
        detail.Split(' ') is [_, var size, ..] && long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) ? bytes : -1;

    /// <summary>Whether size and time are in the text, which then stand for the content.</summary>
    public static bool HasTimes(string detail) => detail.Contains(' ', StringComparison.Ordinal);
}
