namespace Varve.Sandbox;

/// <summary>One path argument of a system call.</summary>
/// <param name="Folder">Index of the argument that holds the directory descriptor a relative path starts from; -1 for the working directory.</param>
/// <param name="Path">Index of the argument that holds the path.</param>
/// <param name="Wanted">What the call wants of it.</param>
/// <param name="Flags">Index of the argument with AT_ flags that can turn following off (AT_SYMLINK_NOFOLLOW) or on (AT_SYMLINK_FOLLOW); -1 for none.</param>
/// <param name="Changes">Whether the call changes what stands there.</param>
internal readonly record struct PathArgument(int Folder, int Path, Wanted Wanted, int Flags = -1, bool Changes = false);

/// <summary>Which arguments of which calls are paths, and what the call wants of them. Calls that need more are in the supervisor.</summary>
internal static class CallTable
{
    private const Wanted Look = Wanted.Exists, LookThrough = Wanted.Exists | Wanted.Follow, Status = Wanted.Status | Wanted.Follow;
    private const Wanted Keep = Wanted.Content | Wanted.Follow, Replace = Wanted.Exists | Wanted.Own;

    private static readonly PathArgument[][] Table = Build();

    /// <summary>The path arguments of a call; empty for calls that need handling of their own.</summary>
    public static PathArgument[] Of(int number) => (uint)number < (uint)Table.Length ? Table[number] : [];

    private static PathArgument[][] Build()
    {
        var table = new PathArgument[512][];
        Array.Fill(table, []);
        void Set(int number, params PathArgument[] arguments) => table[number] = arguments;

        Set(Syscalls.Stat, new PathArgument(-1, 0, Status));
        Set(Syscalls.Lstat, new PathArgument(-1, 0, Wanted.Status));
        Set(Syscalls.Newfstatat, new PathArgument(0, 1, Status, 3));
        Set(Syscalls.Statx, new PathArgument(0, 1, Status, 2));
        Set(Syscalls.Access, new PathArgument(-1, 0, LookThrough));
        Set(Syscalls.Faccessat, new PathArgument(0, 1, LookThrough));
        Set(Syscalls.Faccessat2, new PathArgument(0, 1, LookThrough, 3));
        Set(Syscalls.Readlink, new PathArgument(-1, 0, Look));
        Set(Syscalls.Readlinkat, new PathArgument(0, 1, Look));
        Set(Syscalls.Chdir, new PathArgument(-1, 0, LookThrough));
        Set(Syscalls.InotifyAddWatch, new PathArgument(-1, 1, Status));
        Set(Syscalls.NameToHandleAt, new PathArgument(0, 1, Wanted.Status));
        Set(Syscalls.Statfs, new PathArgument(-1, 0, LookThrough));
        // Removing a directory succeeds only when it is empty.
        Set(Syscalls.Rmdir, new PathArgument(-1, 0, Wanted.Listing | Wanted.Own, Changes: true));
        Set(Syscalls.Unlink, new PathArgument(-1, 0, Replace, Changes: true));
        Set(Syscalls.Mkdir, new PathArgument(-1, 0, Look, Changes: true));
        Set(Syscalls.Mkdirat, new PathArgument(0, 1, Look, Changes: true));
        Set(Syscalls.Mknod, new PathArgument(-1, 0, Look, Changes: true));
        Set(Syscalls.Mknodat, new PathArgument(0, 1, Look, Changes: true));
        // A file whose mode, owner or time is set keeps its bytes: the step passes them on.
        Set(Syscalls.Truncate, new PathArgument(-1, 0, Keep, Changes: true));
        Set(Syscalls.Chmod, new PathArgument(-1, 0, Keep, Changes: true));
        Set(Syscalls.Fchmodat, new PathArgument(0, 1, Keep, Changes: true));
        Set(Syscalls.Fchmodat2, new PathArgument(0, 1, Keep, 3, Changes: true));
        Set(Syscalls.Chown, new PathArgument(-1, 0, Keep, Changes: true));
        Set(Syscalls.Lchown, new PathArgument(-1, 0, Wanted.Content, Changes: true));
        Set(Syscalls.Fchownat, new PathArgument(0, 1, Keep, 4, Changes: true));
        Set(Syscalls.Utime, new PathArgument(-1, 0, Keep, Changes: true));
        Set(Syscalls.Utimes, new PathArgument(-1, 0, Keep, Changes: true));
        Set(Syscalls.Futimesat, new PathArgument(0, 1, Keep, Changes: true));
        Set(Syscalls.Utimensat, new PathArgument(0, 1, Keep, 3, Changes: true));
        return table;
    }
}
