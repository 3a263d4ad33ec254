using System.Runtime.InteropServices;

namespace Varve.Linux;

/// <summary>The system calls Varve makes itself, as the C library offers them. Paths are zero-terminated bytes.</summary>
internal static unsafe partial class Libc
{
    public const int AtFdcwd = -100, AtSymlinkNofollow = 0x100, AtEmptyPath = 0x1000, AtRemovedir = 0x200;
    public const int OReadOnly = 0, OWriteOnly = 1, OReadWrite = 2, OCreate = 0x40, OExclusive = 0x80, OTruncate = 0x200,
        ONonblock = 0x800, ODirectory = 0x10000, ONofollow = 0x20000, OCloexec = 0x80000, OPath = 0x200000;
    public const int Enoent = 2, Eintr = 4, Eagain = 11, Eacces = 13, Eperm = 1, Eexist = 17, Exdev = 18, Enotdir = 20, Einval = 22,
        Enotempty = 39, Eloop = 40, Enametoolong = 36, Erofs = 30, Epipe = 32, Enospc = 28, Eopnotsupp = 95, Enosys = 38, Enoexec = 8;

    [StructLayout(LayoutKind.Sequential)]
    public struct StatxTimestamp
    {
        public long Seconds;
        public uint Nanoseconds;
        public int Reserved;
        public readonly long TotalNanoseconds => Seconds * 1_000_000_000 + Nanoseconds;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct Statx
    {
        public uint Mask, BlockSize;
        public ulong Attributes;
        public uint Links, Uid, Gid;
        public ushort Mode, Spare;
        public ulong Inode, Size, Blocks, AttributesMask;
        public StatxTimestamp Accessed, Born, Changed, Modified;
        public uint RdevMajor, RdevMinor, DevMajor, DevMinor;
        public ulong MountId;
        public fixed ulong Rest[13];
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct Timespec
    {
        public long Seconds, Nanoseconds;
    }

    [LibraryImport("libc", SetLastError = true)]
    public static partial int statx(int directory, byte* path, int flags, uint mask, Statx* result);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int statfs(byte* path, long* result);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int open(byte* path, int flags, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int close(int descriptor);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint read(int descriptor, byte* buffer, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint write(int descriptor, byte* buffer, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint readlink(byte* path, byte* buffer, nuint size);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int symlink(byte* target, byte* path);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int link(byte* existing, byte* path);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int rename(byte* from, byte* to);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int unlink(byte* path);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int rmdir(byte* path);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int mkdir(byte* path, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int mkfifo(byte* path, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int chmod(byte* path, uint mode);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int fsync(int descriptor);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int utimensat(int directory, byte* path, Timespec* times, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint lgetxattr(byte* path, byte* name, byte* value, nuint size);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int ioctl(int descriptor, nuint request, void* argument);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint copy_file_range(int from, long* fromOffset, int to, long* toOffset, nuint length, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int flock(int descriptor, int operation);

    [LibraryImport("libc", SetLastError = true)]
    public static partial long syscall(long number, nint a, nint b, nint c, nint d, nint e);

    [LibraryImport("libc")]
    public static partial uint geteuid();

    [LibraryImport("libc")]
    public static partial uint getegid();

    [LibraryImport("libc", SetLastError = true)]
    public static partial int clock_gettime(int clock, Timespec* result);

    public static int Errno => Marshal.GetLastPInvokeError();
}
