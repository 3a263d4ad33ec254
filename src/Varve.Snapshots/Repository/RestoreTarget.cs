using System.Text;

namespace Varve.Snapshots.Repository;

/// <summary>A directory that is being restored; open until all in it is done.</summary>
internal sealed class RestoredDirectory(RestoredDirectory? parent, TreeEntry entry, byte[] path, int descriptor, bool isNew)
{
    private int pending = 1;

    public RestoredDirectory? Parent => parent;

    public TreeEntry Entry => entry;

    /// <summary>From the target.</summary>
    public byte[] Path => path;

    public int Descriptor => descriptor;

    /// <summary>Whether it was made by this run, so that nothing can stand in the way in it.</summary>
    public bool IsNew => isNew;

    public void Await() => Interlocked.Increment(ref pending);

    public bool Arrive() => Interlocked.Decrement(ref pending) == 0;
}

/// <summary>Puts what is not content of a file in place: directories, links, modes, owners, times, attributes.</summary>
internal static unsafe class RestoreTarget
{
    private const uint WhileWorking = 0x1C0;

    /// <summary>Opens the directory of that name, and makes it when it is not there.</summary>
    public static (int Descriptor, bool IsNew) Enter(int parent, byte[] name)
    {
        int made;
        fixed (byte* p = name) made = Native.mkdirat(parent, p, WhileWorking);
        if (made != 0)
        {
            if (Native.Errno != Native.Eexist) throw Posix.Failure("make the folder", name);
            if (Posix.Look(parent, name) is { IsDirectory: false })
            {
                Remove(parent, name);
                return Enter(parent, name);
            }
        }
        return (Posix.Open(parent, name, Native.ReadOnly | Native.Directory | Native.NoFollow), made == 0);
    }

    /// <summary>Removes what is no directory.</summary>
    public static void Remove(int parent, byte[] name)
    {
        fixed (byte* p = name)
            if (Native.unlinkat(parent, p, 0) != 0 && Native.Errno != Native.Enoent) throw Posix.Failure("replace", name);
    }

    /// <summary>Gives a finished file its name.</summary>
    public static void Rename(int directory, byte[] from, byte[] to)
    {
        fixed (byte* f = from)
        fixed (byte* t = to)
            if (Native.renameat(directory, f, directory, t) != 0) throw Posix.Failure("put in place", to);
    }

    /// <summary>Makes a symbolic link, a FIFO or a device, in place of what is there.</summary>
    public static void MakeSpecial(int directory, TreeEntry entry, byte[] name)
    {
        if (Posix.Look(directory, name) is not null) Remove(directory, name);
        int made;
        fixed (byte* p = name)
        fixed (byte* t = Posix.Terminated(entry.Target))
            made = entry.Kind switch
            {
                EntryKind.Link => Native.symlinkat(t, directory, p),
                EntryKind.Fifo => Native.mknodat(directory, p, 0x1000 | entry.Mode, 0),
                _ => Native.mknodat(directory, p, entry.Mode, DeviceNumber(entry.Device)),
            };
        if (made != 0) throw Posix.Failure("make", name);
    }

    // As makedev of the C library has it.
    private static ulong DeviceNumber(ulong device)
    {
        var (major, minor) = (device >> 32, device & 0xFFFFFFFF);
        return (minor & 0xFF) | (major & 0xFFF) << 8 | (minor & ~0xFFUL) << 12 | (major & ~0xFFFUL) << 32;
    }

    /// <summary>Makes one more name for a file.</summary>
    public static void MakeLink(int fromDirectory, byte[] from, int toDirectory, byte[] to)
    {
        if (Posix.Look(toDirectory, to) is not null) Remove(toDirectory, to);
        fixed (byte* f = from)
        fixed (byte* t = to)
            if (Native.linkat(fromDirectory, f, toDirectory, t, 0) != 0) throw Posix.Failure("link", to);
    }

    /// <summary>Owner, attributes, mode, time, in the order in which none undoes another; troubles as a line.</summary>
    public static string? Dress(int directory, byte[] name, TreeEntry entry)
    {
        string? trouble = null;
        fixed (byte* p = name)
        {
            if (Native.geteuid() == 0 && Native.fchownat(directory, p, entry.Uid, entry.Gid, Native.AtSymlinkNofollow) != 0) trouble = Posix.Failure("set the owner of", name).Message;
            foreach (var attribute in entry.Attributes)
            {
                fixed (byte* reach = Posix.Reach(directory, name))
                fixed (byte* key = Posix.Terminated(attribute.Name))
                fixed (byte* value = attribute.Value)
                    if (Native.lsetxattr(reach, key, value, (nuint)attribute.Value.Length, 0) != 0) trouble = $"{Posix.Failure($"set the attribute {Posix.Show(attribute.Name)} of", name).Message}";
            }
            if (entry.Kind != EntryKind.Link && Native.fchmodat(directory, p, entry.Mode & 0xFFF, 0) != 0) trouble = Posix.Failure("set the mode of", name).Message;
            SetTime(directory, name, entry.ModifiedNs);
        }
        return trouble;
    }

    /// <summary>Sets the time of the last change.</summary>
    public static void SetTime(int directory, byte[] name, long ns)
    {
        var seconds = Math.DivRem(ns, 1_000_000_000, out var rest);
        if (rest < 0) (seconds, rest) = (seconds - 1, rest + 1_000_000_000);
        var times = stackalloc Native.Timespec[2];
        times[0] = times[1] = new Native.Timespec { Seconds = seconds, Nanoseconds = rest };
        fixed (byte* p = name) _ = Native.utimensat(directory, p, times, Native.AtSymlinkNofollow);
    }

    /// <summary>Opens a directory below another by its path, one name at a time, following no link.</summary>
    public static int OpenBelow(int root, ReadOnlySpan<byte> path)
    {
        var at = Posix.Open(root, Posix.Terminated("."u8), Native.ReadOnly | Native.Directory);
        while (!path.IsEmpty)
        {
            var end = path.IndexOf((byte)'/');
            var name = end < 0 ? path : path[..end];
            try
            {
                var next = Posix.Open(at, Posix.Terminated(name), Native.ReadOnly | Native.Directory | Native.NoFollow);
                Posix.Close(at);
                at = next;
            }
            catch
            {
                Posix.Close(at);
                throw;
            }
            path = end < 0 ? default : path[(end + 1)..];
        }
        return at;
    }

    /// <summary>Opens the target, and makes it and the folders above it when they are not there.</summary>
    public static int OpenTarget(byte[] target)
    {
        try
        {
            return Posix.Open(Native.AtFdcwd, Posix.Terminated(target), Native.ReadOnly | Native.Directory);
        }
        catch (IOException) when (Posix.Look(Native.AtFdcwd, Posix.Terminated(target)) is null && target.AsSpan().TrimEnd((byte)'/').LastIndexOf((byte)'/') is var slash && slash > 0)
        {
            var parent = OpenTarget(target[..slash]);
            try
            {
                return Enter(parent, Posix.Terminated(target.AsSpan(slash + 1).TrimEnd((byte)'/'))).Descriptor;
            }
            finally
            {
                Posix.Close(parent);
            }
        }
    }

    private static ReadOnlySpan<byte> Temporary => ".varve-restoring-"u8;

    /// <summary>A name for a file that is not whole yet.</summary>
    public static byte[] TemporaryName(long number) => [.. Temporary, .. Encoding.ASCII.GetBytes($"{Environment.ProcessId}-{number}"), 0];

    /// <summary>Removes what an interrupted restore left half written.</summary>
    public static void RemoveTemporaries(int directory, byte[] path)
    {
        foreach (var name in Posix.List(directory, path))
            if (name.AsSpan().StartsWith(Temporary)) Remove(directory, name);
    }

    /// <summary>Lets the owner make names in a directory.</summary>
    public static void LetIn(int directory, byte[] name)
    {
        if (Posix.Look(directory).Mode is var mode && (mode & WhileWorking) != WhileWorking) SetMode(directory, name, (mode & 0xFFF) | WhileWorking);
    }

    /// <summary>Sets the mode, when one is given.</summary>
    public static void SetMode(int directory, byte[] name, uint? mode)
    {
        fixed (byte* p = name)
            if (mode is { } bits) _ = Native.fchmodat(directory, p, bits & 0xFFF, 0);
    }
}
