namespace Varve.Sandbox;

/// <summary>The numbers of the x86-64 system calls that the filter reports (Linux, arch/x86/entry/syscalls/syscall_64.tbl).</summary>
internal static class Syscalls
{
    public const int Open = 2, Stat = 4, Lstat = 6, Access = 21, Nanosleep = 35, Connect = 42, SendTo = 44, SendMsg = 46, Bind = 49, Clone = 56,
        Execve = 59, Uname = 63, Truncate = 76, GetDents = 78, Chdir = 80, Rename = 82, Mkdir = 83, Rmdir = 84, Creat = 85,
        Link = 86, Unlink = 87, Symlink = 88, Readlink = 89, Chmod = 90, Chown = 92, Lchown = 94, GetTimeOfDay = 96, SysInfo = 99,
        Utime = 132, Mknod = 133, Statfs = 137, Fstatfs = 138, Time = 201, SchedGetAffinity = 204, GetDents64 = 217,
        ClockGetTime = 228, ClockNanosleep = 230, ExitGroup = 231, Utimes = 235, InotifyAddWatch = 254, Openat = 257, Mkdirat = 258, Mknodat = 259, Fchownat = 260,
        Futimesat = 261, Newfstatat = 262, Unlinkat = 263, Renameat = 264, Linkat = 265, Symlinkat = 266, Readlinkat = 267,
        Fchmodat = 268, Faccessat = 269, Unshare = 272, Utimensat = 280, NameToHandleAt = 303, SendMmsg = 307, Renameat2 = 316,
        GetRandom = 318, Execveat = 322, Statx = 332, IoUringSetup = 425, IoUringEnter = 426, IoUringRegister = 427,
        Fstat = 5, Poll = 7, Select = 23, GetItimer = 36, Wait4 = 61, GetUsage = 98, Times = 100, Trace = 101, GetGroups = 115, SignalTimedWait = 128, Futex = 202,
        SchedSetAffinity = 203, TimerSetTime = 223, ClockGetRes = 229, EpollWait = 232, WaitId = 247, PselectSix = 270, Ppoll = 271, EpollPwait = 281, TimerFdSetTime = 286,
        GetProcessor = 309, EpollPwait2 = 441, Openat2 = 437, Faccessat2 = 439, Fchmodat2 = 452;

    private static readonly Dictionary<int, string> RefusedNames = new()
    {
        [IoUringSetup] = "io_uring_setup",
        [IoUringEnter] = "io_uring_enter",
        [IoUringRegister] = "io_uring_register",
        [304] = "open_by_handle_at",
        [323] = "userfaultfd",
        [321] = "bpf",
        [298] = "perf_event_open",
        [250] = "keyctl",
        [248] = "add_key",
        [249] = "request_key",
        [165] = "mount",
        [166] = "umount2",
        [155] = "pivot_root",
        [161] = "chroot",
        [308] = "setns",
        [430] = "fsopen",
        [431] = "fsconfig",
        [432] = "fsmount",
        [433] = "fspick",
        [429] = "move_mount",
        [428] = "open_tree",
        [442] = "mount_setattr",
        [467] = "open_tree_attr",
        [300] = "fanotify_init",
        [301] = "fanotify_mark",
        [167] = "swapon",
        [168] = "swapoff",
        [169] = "reboot",
        [246] = "kexec_load",
        [320] = "kexec_file_load",
        [175] = "init_module",
        [313] = "finit_module",
        [176] = "delete_module",
        [163] = "acct",
        [179] = "quotactl",
        [443] = "quotactl_fd",
        [134] = "uselib",
        [212] = "lookup_dcookie",
        [164] = "settimeofday",
        [227] = "clock_settime",
        [159] = "adjtimex",
        [305] = "clock_adjtime",
        [172] = "iopl",
        [173] = "ioperm",
        [153] = "vhangup",
        [Trace] = "ptrace",
        [Clone] = "clone with new namespaces",
        [Unshare] = "unshare with new namespaces",
    };

    /// <summary>The name of a refused call, for people.</summary>
    public static string Name(int number) => RefusedNames.GetValueOrDefault(number, $"system call {number}");
}
