using System.Buffers.Binary;
using System.ComponentModel;

namespace Varve.Linux;

/// <summary>
/// File system calls on paths whose bytes need not be UTF-8 (see <see cref="PathText"/>), never following the
/// last symbolic link. They throw <see cref="IOException"/> naming the path where they say so.
/// </summary>
internal static unsafe class Files
{
    private const uint StatxBasic = 0x7FF;
    private const long GetDents64 = 217;
    private const nuint FiClone = 0x40049409;

    /// <summary>The status of what the name stands for; absent and denied are answers, not errors.</summary>
    public static FileStamp Look(string path) => Look(PathText.EncodeTerminated(path));

    /// <summary>As <see cref="Look(string)"/>, for a zero-terminated path.</summary>
    public static FileStamp Look(ReadOnlySpan<byte> terminatedPath, bool follow = false)
    {
        Libc.Statx s;
        fixed (byte* p = terminatedPath)
        {
            if (Libc.statx(Libc.AtFdcwd, p, follow ? 0 : Libc.AtSymlinkNofollow, StatxBasic, &s) != 0)
            {
                var kind = Libc.Errno is Libc.Enoent or Libc.Enotdir or Libc.Enametoolong or Libc.Eloop ? FileKind.Absent : FileKind.Denied;
                return new FileStamp(kind, 0, 0, 0, 0, 0, 0, 0, 0);
            }
        }
        return Stamp(in s);
    }

    /// <summary>The status of an open file.</summary>
    public static FileStamp Look(int descriptor)
    {
        Libc.Statx s;
        byte empty = 0;
        if (Libc.statx(descriptor, &empty, Libc.AtEmptyPath, StatxBasic, &s) != 0) throw Failure("look at descriptor", $"{descriptor}");
        return Stamp(in s);
    }

    private static FileStamp Stamp(in Libc.Statx s)
    {
        var kind = (s.Mode & 0xF000) switch
        {
            0x8000 => FileKind.File,
            0x4000 => FileKind.Directory,
            0xA000 => FileKind.Link,
            _ => FileKind.Special,
        };
        var device = ((ulong)s.DevMajor << 32) | s.DevMinor;
        return new FileStamp(kind, s.Mode, device, s.Inode, (long)s.Size, s.Modified.TotalNanoseconds, s.Changed.TotalNanoseconds, s.Links, s.Uid);
    }

    /// <summary>The target of a symbolic link, or null when the name is no link.</summary>
    public static string? LinkTarget(string path)
    {
        var buffer = new byte[4096];
        fixed (byte* p = PathText.EncodeTerminated(path))
        fixed (byte* b = buffer)
        {
            var length = Libc.readlink(p, b, (nuint)buffer.Length);
            return length < 0 ? null : PathText.Decode(buffer.AsSpan(0, (int)length));
        }
    }

    /// <summary>The names in a directory with their kinds, sorted by their bytes; null when it cannot be listed.</summary>
    public static IReadOnlyList<DirectoryEntry>? List(string path)
    {
        int descriptor;
        fixed (byte* p = PathText.EncodeTerminated(path))
            descriptor = Libc.open(p, Libc.OReadOnly | Libc.ODirectory | Libc.OCloexec, 0);
        if (descriptor < 0) return null;
        try
        {
            var entries = new List<DirectoryEntry>();
            var buffer = new byte[65536];
            fixed (byte* b = buffer)
            {
                while (true)
                {
                    var length = Libc.syscall(GetDents64, descriptor, (nint)b, buffer.Length, 0, 0);
                    // A directory that is removed while it is open is one that is not there.
                    if (length < 0 && Libc.Errno == Libc.Enoent) return null;
                    if (length < 0) throw Failure("list", path);
                    if (length == 0) break;
                    AddEntries(buffer.AsSpan(0, (int)length), entries);
                }
            }
            entries.Sort(static (x, y) => string.CompareOrdinal(x.Name, y.Name));
            return entries;
        }
        finally
        {
            _ = Libc.close(descriptor);
        }
    }

    private static void AddEntries(ReadOnlySpan<byte> records, List<DirectoryEntry> entries)
    {
        while (!records.IsEmpty)
        {
            var length = BinaryPrimitives.ReadUInt16LittleEndian(records[16..]);
            var name = records[19..length];
            name = name[..name.IndexOf((byte)0)];
            if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8))
            {
                var kind = records[18] switch { 8 => FileKind.File, 4 => FileKind.Directory, 10 => FileKind.Link, _ => FileKind.Special };
                entries.Add(new DirectoryEntry(PathText.Decode(name), kind));
            }
            records = records[length..];
        }
    }

    /// <summary>Opens a regular file for reading without following a final link; a negative descriptor is never returned.</summary>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static Microsoft.Win32.SafeHandles.SafeFileHandle OpenRead(string path)
    {
        fixed (byte* p = PathText.EncodeTerminated(path))
        {
            var descriptor = Libc.open(p, Libc.OReadOnly | Libc.OCloexec | Libc.ONofollow | Libc.ONonblock, 0);
            if (descriptor < 0) throw Failure("open", path);
            return new Microsoft.Win32.SafeHandles.SafeFileHandle(descriptor, ownsHandle: true);
        }
    }

    /// <summary>Creates a new file for writing; fails where the name is taken.</summary>
    /// <exception cref="IOException">The file cannot be created.</exception>
    public static Microsoft.Win32.SafeHandles.SafeFileHandle Create(string path, int permissions)
    {
        fixed (byte* p = PathText.EncodeTerminated(path))
        {
            var descriptor = Libc.open(p, Libc.OReadWrite | Libc.OCreate | Libc.OExclusive | Libc.OCloexec, (uint)permissions);
            if (descriptor < 0) throw Failure("create", path);
            return new Microsoft.Win32.SafeHandles.SafeFileHandle(descriptor, ownsHandle: true);
        }
    }

    /// <summary>
    /// Copies all bytes from one open file to another, shared with the source where the file system can
    /// (reflink), else by a copy inside the kernel that keeps holes where the file system does.
    /// </summary>
    public static void CopyBytes(Microsoft.Win32.SafeHandles.SafeFileHandle from, Microsoft.Win32.SafeHandles.SafeFileHandle to, string name)
    {
        var source = (int)from.DangerousGetHandle();
        var target = (int)to.DangerousGetHandle();
        if (Libc.ioctl(target, FiClone, (void*)source) == 0) return;
        const int toData = 3, toHole = 4;
        var size = RandomAccess.GetLength(from);
        for (long at = 0; at < size;)
        {
            // What was never written takes no room in the copy either.
            var start = Processes.lseek(source, at, toData);
            if (start < 0) break;
            at = Processes.lseek(source, start, toHole) is var hole and > 0 ? hole : size;
            CopyStretch(from, to, start, at, name);
        }
        if (RandomAccess.GetLength(to) < size) RandomAccess.SetLength(to, size);
    }

    private static void CopyStretch(
        Microsoft.Win32.SafeHandles.SafeFileHandle from, Microsoft.Win32.SafeHandles.SafeFileHandle to, long start, long end, string name)
    {
        long sourceOffset = start, targetOffset = start;
        while (sourceOffset < end)
        {
            var copied = Libc.copy_file_range(
                (int)from.DangerousGetHandle(), &sourceOffset, (int)to.DangerousGetHandle(), &targetOffset, (nuint)Math.Min(end - sourceOffset, 1 << 30), 0);
            if (copied > 0) continue;
            if (copied == 0) return;
            if (Libc.Errno == Libc.Eintr) continue;
            if (Libc.Errno is Libc.Exdev or Libc.Einval or Libc.Eopnotsupp or Libc.Enosys)
            {
                CopyByHand(from, sourceOffset, end, to, name);
                return;
            }
            throw Failure("copy", name);
        }
    }

    private static void CopyByHand(
        Microsoft.Win32.SafeHandles.SafeFileHandle from, long offset, long end, Microsoft.Win32.SafeHandles.SafeFileHandle to, string name)
    {
        var buffer = new byte[1 << 18];
        while (offset < end)
        {
            var length = RandomAccess.Read(from, buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - offset)), offset);
            if (length == 0) return;
            try
            {
                RandomAccess.Write(to, buffer.AsSpan(0, length), offset);
            }
            catch (IOException e)
            {
                throw new IOException($"cannot copy {name}: {e.Message}", e);
            }
            offset += length;
        }
    }

    /// <summary>Gives a name to a file, replacing what had it, in one step.</summary>
    public static void Rename(string from, string to) => Call2(from, to, "rename", static (a, b) => Libc.rename(a, b));

    /// <summary>A further name for a file.</summary>
    public static void HardLink(string existing, string path) => Call2(existing, path, "link", static (a, b) => Libc.link(a, b));

    /// <summary>Makes a symbolic link.</summary>
    public static void SymbolicLink(string target, string path) => Call2(target, path, "link", static (a, b) => Libc.symlink(a, b));

    /// <summary>Makes a FIFO.</summary>
    public static void MakeFifo(string path, int permissions)
    {
        fixed (byte* p = PathText.EncodeTerminated(path))
        {
            if (Libc.mkfifo(p, (uint)permissions) != 0) throw Failure("make the FIFO", path);
        }
    }

    /// <summary>Makes a directory; one that is there already is fine.</summary>
    public static void MakeDirectory(string path, int permissions = 0x1FF)
    {
        fixed (byte* p = PathText.EncodeTerminated(path))
        {
            if (Libc.mkdir(p, (uint)permissions) != 0 && Libc.Errno != Libc.Eexist) throw Failure("make directory", path);
        }
    }

    /// <summary>Makes a directory and those above it.</summary>
    public static void MakeDirectories(string path)
    {
        if (path.Length == 0 || Look(path).Exists) return;
        MakeDirectories(Parent(path));
        MakeDirectory(path);
    }

    /// <summary>The path without its last name: "/a" for "/a/b", "/" for "/a".</summary>
    public static string Parent(string path)
    {
        var slash = path.LastIndexOf('/');
        return slash <= 0 ? (slash == 0 ? "/" : "") : path[..slash];
    }

    /// <summary>Removes a file, link or other name that is no directory; one that is gone already is fine.</summary>
    public static void Remove(string path)
    {
        fixed (byte* p = PathText.EncodeTerminated(path))
        {
            if (Libc.unlink(p) != 0 && Libc.Errno != Libc.Enoent) throw Failure("remove", path);
        }
    }

    /// <summary>Removes an empty directory. False when it is not empty.</summary>
    public static bool RemoveDirectory(string path)
    {
        fixed (byte* p = PathText.EncodeTerminated(path))
        {
            if (Libc.rmdir(p) == 0 || Libc.Errno == Libc.Enoent) return true;
            if (Libc.Errno is Libc.Enotempty or Libc.Eexist) return false;
            throw Failure("remove", path);
        }
    }

    /// <summary>Removes a whole tree, opening directories that were made unreadable.</summary>
    public static void RemoveTree(string path)
    {
        var stamp = Look(path);
        if (!stamp.Exists) return;
        if (stamp.Kind != FileKind.Directory)
        {
            Remove(path);
            return;
        }
        if ((stamp.Permissions & 0x1C0) != 0x1C0) SetPermissions(path, 0x1C0);
        foreach (var entry in List(path) ?? [])
        {
            if (entry.Kind == FileKind.Directory) RemoveTree($"{path}/{entry.Name}");
            else Remove($"{path}/{entry.Name}");
        }
        RemoveDirectory(path);
    }

    /// <summary>Sets the permission bits.</summary>
    public static void SetPermissions(string path, int permissions)
    {
        fixed (byte* p = PathText.EncodeTerminated(path))
        {
            if (Libc.chmod(p, (uint)permissions) != 0) throw Failure("set the mode of", path);
        }
    }

    /// <summary>Sets when a file was modified, in nanoseconds since 1970.</summary>
    public static void SetModified(string path, long modifiedNs)
    {
        const long omit = (1L << 30) - 2;
        var times = stackalloc Libc.Timespec[2];
        times[0].Nanoseconds = omit;
        times[1] = new Libc.Timespec { Seconds = Math.DivRem(modifiedNs, 1_000_000_000, out var rest), Nanoseconds = rest };
        fixed (byte* p = PathText.EncodeTerminated(path))
        {
            if (Libc.utimensat(Libc.AtFdcwd, p, times, Libc.AtSymlinkNofollow) != 0) throw Failure("set the time of", path);
        }
    }

    /// <summary>The clock that file time stamps come from: coarse real time, nanoseconds since 1970.</summary>
    public static long CoarseNow() => Now(5);

    /// <summary>The finest clock there is; what is changed from now on is stamped no more than a tick of the stamping clock earlier.</summary>
    public static long FineNow() => Now(0);

    private static long Now(int clock)
    {
        Libc.Timespec now;
        _ = Libc.clock_gettime(clock, &now);
        return now.Seconds * 1_000_000_000 + now.Nanoseconds;
    }

    /// <summary>The file system that a path lies on: its magic number and how many bytes an ordinary user may still write; null when it cannot be asked.</summary>
    public static (long Type, long FreeBytes)? FileSystem(string path)
    {
        // struct statfs of x86-64: type, block size, blocks, free blocks, blocks free to ordinary users.
        var result = stackalloc long[32];
        fixed (byte* p = PathText.EncodeTerminated(path))
            return Libc.statfs(p, result) == 0 ? (result[0], result[1] * result[4]) : null;
    }

    /// <summary>Waits until what was written to an open file is on the disk.</summary>
    public static void Flush(Microsoft.Win32.SafeHandles.SafeFileHandle file, string name)
    {
        if (Libc.fsync((int)file.DangerousGetHandle()) != 0) throw Failure("flush", name);
    }

    private delegate int TwoPaths(byte* a, byte* b);

    private static void Call2(string first, string second, string verb, TwoPaths call)
    {
        fixed (byte* a = PathText.EncodeTerminated(first))
        fixed (byte* b = PathText.EncodeTerminated(second))
        {
            if (call(a, b) != 0) throw Failure(verb, $"{first} to {second}");
        }
    }

    internal static IOException Failure(string verb, string name)
    {
        var code = Libc.Errno;
        return new IOException($"cannot {verb} {name}: {new Win32Exception(code).Message}", code);
    }
}

/// <summary>A name in a directory.</summary>
internal readonly record struct DirectoryEntry(string Name, FileKind Kind);
