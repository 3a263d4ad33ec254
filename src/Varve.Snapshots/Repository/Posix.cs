using System.Buffers.Binary;
using System.ComponentModel;
using System.Text;

namespace Varve.Snapshots.Repository;

/// <summary>What lies under a name, as the kernel tells it. Times are nanoseconds since 1970 (UTC).</summary>
internal readonly record struct FileStatus(
    uint Mode, uint Uid, uint Gid, uint Links, ulong Device, ulong Inode, long Size, long Blocks, long ModifiedNs, long ChangedNs, uint Rdev, uint RdevMinor)
{
    private const uint Kinds = 0xF000;

    public bool IsFile => (Mode & Kinds) == 0x8000;

    public bool IsDirectory => (Mode & Kinds) == 0x4000;

    public bool IsLink => (Mode & Kinds) == 0xA000;

    public bool IsFifo => (Mode & Kinds) == 0x1000;

    public bool IsSocket => (Mode & Kinds) == 0xC000;

    public bool IsDevice => (Mode & Kinds) is 0x2000 or 0x6000;

    /// <summary>Whether nothing was written between the two.</summary>
    public bool Untouched(in FileStatus other) =>
        Inode == other.Inode && Device == other.Device && Size == other.Size && ModifiedNs == other.ModifiedNs && ChangedNs == other.ChangedNs;
}

/// <summary>
/// Files by open directories and names of bytes, never following a link. Failures are <see cref="IOException"/> with
/// the name in it.
/// </summary>
internal static unsafe class Posix
{
    private const uint StatxBasic = 0x7FF;
    private const long GetDents64 = 217;

    /// <summary>A name with the zero that the kernel wants after it.</summary>
    public static byte[] Terminated(ReadOnlySpan<byte> name)
    {
        var bytes = new byte[name.Length + 1];
        name.CopyTo(bytes);
        return bytes;
    }

    /// <summary>The bytes of a path for people: what is no UTF-8, and what would move the cursor, as \xNN.</summary>
    public static string Show(ReadOnlySpan<byte> path)
    {
        var text = new StringBuilder(path.Length);
        while (!path.IsEmpty)
        {
            var whole = Rune.DecodeFromUtf8(path, out var rune, out var used) == System.Buffers.OperationStatus.Done && !Rune.IsControl(rune);
            if (whole) text.Append(rune.ToString());
            else for (var i = 0; i < used; i++) text.Append("\\x").Append(path[i].ToString("X2", null));
            path = path[used..];
        }
        return text.ToString();
    }

    /// <summary>The status of a name, or null when there is none.</summary>
    public static FileStatus? Look(int directory, byte[] name)
    {
        Native.Status s;
        fixed (byte* p = name)
        {
            if (Native.statx(directory, p, Native.AtSymlinkNofollow, StatxBasic, &s) == 0) return Of(in s);
        }
        return Native.Errno is Native.Enoent or Native.Enotdir ? null : throw Failure("look at", name);
    }

    /// <summary>The status of an open file.</summary>
    public static FileStatus Look(int descriptor)
    {
        Native.Status s;
        byte empty = 0;
        return Native.statx(descriptor, &empty, Native.AtEmptyPath, StatxBasic, &s) == 0 ? Of(in s) : throw Failure("look at", "an open file"u8);
    }

    private static FileStatus Of(in Native.Status s) => new(
        s.Mode, s.Uid, s.Gid, s.Links, ((ulong)s.DevMajor << 32) | s.DevMinor, s.Inode, (long)s.Size, (long)s.Blocks, s.Modified.Total, s.Changed.Total, s.RdevMajor, s.RdevMinor);

    /// <summary>Opens; the descriptor.</summary>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static int Open(int directory, byte[] name, int flags, uint mode = 0)
    {
        while (true)
        {
            fixed (byte* p = name)
            {
                var descriptor = Native.openat(directory, p, flags | Native.CloseOnExec, mode);
                if (descriptor >= 0) return descriptor;
            }
            if (Native.Errno != Native.Eintr) throw Failure("open", name);
        }
    }

    /// <summary>Closes.</summary>
    public static void Close(int descriptor) => _ = Native.close(descriptor);

    /// <summary>The names in an open directory but . and .., sorted by their bytes, each with its terminating zero.</summary>
    public static List<byte[]> List(int directory, ReadOnlySpan<byte> shown)
    {
        var names = new List<byte[]>();
        var buffer = new byte[32768];
        fixed (byte* b = buffer)
        {
            while (true)
            {
                var length = Native.syscall(GetDents64, directory, (nint)b, buffer.Length);
                if (length < 0) throw Failure("list", shown);
                if (length == 0) break;
                for (ReadOnlySpan<byte> rest = buffer.AsSpan(0, (int)length); !rest.IsEmpty;)
                {
                    var record = BinaryPrimitives.ReadUInt16LittleEndian(rest[16..]);
                    var name = rest[19..record];
                    name = name[..(name.IndexOf((byte)0) + 1)];
                    if (!name.SequenceEqual(".\0"u8) && !name.SequenceEqual("..\0"u8)) names.Add(name.ToArray());
                    rest = rest[record..];
                }
            }
        }
        names.Sort(static (x, y) => x.AsSpan().SequenceCompareTo(y));
        return names;
    }

    /// <summary>Reads until the buffer is full or the file has ended.</summary>
    public static int Read(int descriptor, Span<byte> into)
    {
        var done = 0;
        fixed (byte* p = into)
        {
            while (done < into.Length)
            {
                var got = Native.read(descriptor, p + done, (nuint)(into.Length - done));
                if (got == 0) break;
                if (got > 0) done += (int)got;
                else if (Native.Errno != Native.Eintr) throw new IOException(Reason());
            }
        }
        return done;
    }

    /// <summary>Writes all of it at an offset.</summary>
    public static void Write(int descriptor, ReadOnlySpan<byte> from, long offset)
    {
        fixed (byte* p = from)
        {
            for (var done = 0; done < from.Length;)
            {
                var put = Native.pwrite(descriptor, p + done, (nuint)(from.Length - done), offset + done);
                if (put >= 0) done += (int)put;
                else if (Native.Errno != Native.Eintr) throw Full(Native.Errno) ?? (Exception)new IOException(Reason());
            }
        }
    }

    /// <summary>What a full disk is to a person; null for another failure.</summary>
    public static SnapshotException? Full(int error) => error is Native.Enospc or Native.Edquot
        ? new SnapshotException("the disk is full, or the quota is used up; nothing that was there before is lost: free some space and run again")
        : null;

    /// <summary>The target of a symbolic link.</summary>
    public static byte[] LinkTarget(int directory, byte[] name)
    {
        var buffer = new byte[4096];
        fixed (byte* p = name)
        fixed (byte* b = buffer)
        {
            var length = Native.readlinkat(directory, p, b, (nuint)buffer.Length);
            return length >= 0 ? buffer[..(int)length] : throw Failure("read the link", name);
        }
    }

    /// <summary>The path by which calls without an <c>at</c> form reach a name in an open directory.</summary>
    public static byte[] Reach(int directory, ReadOnlySpan<byte> name) =>
        [.. Encoding.ASCII.GetBytes($"/proc/self/fd/{directory}/"), .. name];

    /// <summary>The extended attributes of a name (with its zero), sorted; empty where there are none or none may be read.</summary>
    public static IReadOnlyList<ExtendedAttribute> Attributes(byte[] reach)
    {
        fixed (byte* p = reach)
        {
            var length = Native.llistxattr(p, null, 0);
            if (length <= 0) return [];
            var names = new byte[length];
            fixed (byte* n = names) length = Native.llistxattr(p, n, (nuint)names.Length);
            var found = new List<ExtendedAttribute>();
            for (ReadOnlySpan<byte> rest = length > 0 ? names.AsSpan(0, (int)length) : []; !rest.IsEmpty;)
            {
                var end = rest.IndexOf((byte)0) + 1;
                var value = new byte[65536];
                fixed (byte* n = rest)
                fixed (byte* v = value)
                {
                    var size = Native.lgetxattr(p, n, v, (nuint)value.Length);
                    if (size >= 0) found.Add(new ExtendedAttribute(rest[..(end - 1)].ToArray(), value[..(int)size]));
                }
                rest = rest[end..];
            }
            found.Sort(static (x, y) => x.Name.AsSpan().SequenceCompareTo(y.Name));
            return found;
        }
    }

    /// <summary>The time that the kernel stamps files with at this moment, nanoseconds since 1970.</summary>
    public static long StampTime()
    {
        Native.Timespec now;
        _ = Native.clock_gettime(Native.RealtimeCoarse, &now);
        return now.Seconds * 1_000_000_000 + now.Nanoseconds;
    }

    /// <summary>The failure of the last call, with the name in it.</summary>
    public static Exception Failure(string what, ReadOnlySpan<byte> name)
    {
        var error = Native.Errno;
        return Full(error) ?? (Exception)new IOException($"cannot {what} '{Show(name.TrimEnd((byte)0))}': {Reason()}", error);
    }

    private static string Reason() => new Win32Exception(Native.Errno).Message;
}

/// <summary>An extended attribute: name without its zero, and value.</summary>
internal sealed record ExtendedAttribute(byte[] Name, byte[] Value);
