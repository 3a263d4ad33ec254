/*
 * Three kinds of calls. Those that look at or change a path, or may be an effect, are reported to the supervisor,
 * which lets them go on or refuses them. Those whose answer would be an input nobody observes (extended attributes)
 * get one fixed answer. All others, reads and writes of open files above all, pass without cost: the kernel caches
 * that the filter allows them whatever their arguments.
 */
#define _GNU_SOURCE
#include "filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef __x86_64__
#error "Varve's sandbox knows the system calls of x86-64 only."
#endif

#define X32_BIT 0x40000000u
/* The newest call this filter was written for is file_setattr (Linux 6.17); later ones do not exist for a step. */
#define NEWEST_CALL 469
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define OTHER_NAMESPACES                                                                                       \
    (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)

/* Reported to the supervisor whatever the arguments, the most frequent first. */
static const int reported[] = {
    SYS_openat, SYS_newfstatat, SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_open, SYS_execve, SYS_getdents64,
    SYS_statx, SYS_faccessat, 439 /* faccessat2 */, SYS_readlinkat, 437 /* openat2 */, SYS_creat, SYS_execveat,
    SYS_getdents, SYS_chdir,
    SYS_rename, SYS_renameat, SYS_renameat2, SYS_unlink, SYS_unlinkat, SYS_rmdir, SYS_mkdir, SYS_mkdirat, SYS_link,
    SYS_linkat, SYS_symlink, SYS_symlinkat, SYS_truncate, SYS_chmod, SYS_fchmodat, 452 /* fchmodat2 */, SYS_chown,
    SYS_lchown, SYS_fchownat, SYS_utime, SYS_utimes, SYS_utimensat, SYS_futimesat, SYS_mknod, SYS_mknodat,
    SYS_inotify_add_watch, SYS_name_to_handle_at, SYS_statfs, SYS_fstatfs,
    SYS_connect, SYS_bind, SYS_sendmsg, SYS_sendmmsg,
    SYS_exit_group, SYS_nanosleep, SYS_clock_nanosleep, SYS_uname, SYS_sysinfo, SYS_sched_getaffinity, SYS_time, SYS_gettimeofday,
    /* From here on the supervisor refuses, and says so in the trace. */
    SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register, SYS_open_by_handle_at, SYS_userfaultfd, SYS_bpf,
    SYS_perf_event_open, SYS_keyctl, SYS_add_key, SYS_request_key, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot,
    SYS_setns, SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick, SYS_move_mount, SYS_open_tree, 442 /* mount_setattr */,
    467 /* open_tree_attr */, SYS_fanotify_init, SYS_fanotify_mark, SYS_swapon, SYS_swapoff, SYS_reboot,
    SYS_kexec_load, SYS_kexec_file_load, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_acct, SYS_quotactl,
    443 /* quotactl_fd */, SYS_uselib, SYS_lookup_dcookie, SYS_settimeofday, SYS_clock_settime, SYS_adjtimex,
    SYS_clock_adjtime, SYS_iopl, SYS_ioperm, SYS_vhangup,
};

/*
 * Reported besides in a strict step, where the supervisor answers what would differ from one machine or moment to the
 * next (src/Varve/Sandbox/StrictWorld.cs).
 */
static const int reported_when_strict[] = {
    SYS_fstat, SYS_clock_gettime, SYS_clock_getres, SYS_getrandom, SYS_wait4, SYS_waitid, SYS_times, SYS_getrusage, SYS_sched_setaffinity, SYS_getcpu,
    SYS_getgroups, SYS_getitimer, SYS_ptrace,
};

/* Extended attributes are no part of what a step sees or leaves. */
static const int no_attributes[] = {
    SYS_getxattr, SYS_lgetxattr, SYS_fgetxattr, SYS_listxattr, SYS_llistxattr, SYS_flistxattr, SYS_setxattr,
    SYS_lsetxattr, SYS_fsetxattr, SYS_removexattr, SYS_lremovexattr, SYS_fremovexattr,
    463, 464, 465, 466 /* the ...xattrat family */, 468, 469 /* file_getattr, file_setattr */,
};

struct program {
    struct sock_filter code[1024];
    unsigned short length;
};

static void emit(struct program *p, unsigned short code, unsigned char jt, unsigned char jf, unsigned int k)
{
    p->code[p->length++] = (struct sock_filter){code, jt, jf, k};
}

static void answer(struct program *p, unsigned int action) { emit(p, BPF_RET | BPF_K, 0, 0, action); }

static void load(struct program *p, size_t offset) { emit(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, (unsigned int)offset); }

static void when_equal(struct program *p, unsigned char jt, unsigned char jf, unsigned int k)
{
    emit(p, BPF_JMP | BPF_JEQ | BPF_K, jt, jf, k);
}

static size_t low(int argument) { return offsetof(struct seccomp_data, args) + 8 * (size_t)argument; }

static size_t high(int argument) { return low(argument) + 4; }

static void answer_for(struct program *p, int call, unsigned int action)
{
    when_equal(p, 0, 1, (unsigned int)call);
    answer(p, action);
}

static void report_when_any_bit_of(struct program *p, int call, int argument, unsigned int bits)
{
    when_equal(p, 0, 4, (unsigned int)call);
    load(p, low(argument));
    emit(p, BPF_JMP | BPF_JSET | BPF_K, 0, 1, bits);
    answer(p, SECCOMP_RET_USER_NOTIF);
    answer(p, SECCOMP_RET_ALLOW);
}

static void report_when_positive(struct program *p, int call, int argument)
{
    when_equal(p, 0, 5, (unsigned int)call);
    load(p, low(argument));
    when_equal(p, 2, 0, 0);
    emit(p, BPF_JMP | BPF_JSET | BPF_K, 1, 0, 0x80000000u);
    answer(p, SECCOMP_RET_USER_NOTIF);
    answer(p, SECCOMP_RET_ALLOW);
}

static void report_when_given(struct program *p, int call, int argument)
{
    when_equal(p, 0, 6, (unsigned int)call);
    load(p, low(argument));
    when_equal(p, 0, 2, 0);
    load(p, high(argument));
    when_equal(p, 1, 0, 0);
    answer(p, SECCOMP_RET_USER_NOTIF);
    answer(p, SECCOMP_RET_ALLOW);
}

/* Waits that a clock ends, and what would look past the supervisor's answers. */
static void add_when_strict(struct program *p)
{
    report_when_positive(p, SYS_poll, 2);
    report_when_positive(p, SYS_epoll_wait, 3);
    report_when_positive(p, SYS_epoll_pwait, 3);
    report_when_given(p, SYS_select, 4);
    report_when_given(p, SYS_pselect6, 4);
    report_when_given(p, SYS_ppoll, 2);
    report_when_given(p, 441 /* epoll_pwait2 */, 3);
    report_when_given(p, SYS_rt_sigtimedwait, 2);

    /* futex: the operations that wait (0, 6, 9, 11, 13), with a time. */
    when_equal(p, 0, 13, SYS_futex);
    load(p, low(3));
    when_equal(p, 0, 2, 0);
    load(p, high(3));
    when_equal(p, 8, 0, 0);
    load(p, low(1));
    emit(p, BPF_ALU | BPF_AND | BPF_K, 0, 0, 0x7F);
    when_equal(p, 4, 0, 0);
    when_equal(p, 3, 0, 6);
    when_equal(p, 2, 0, 9);
    when_equal(p, 1, 0, 11);
    when_equal(p, 0, 1, 13);
    answer(p, SECCOMP_RET_USER_NOTIF);
    answer(p, SECCOMP_RET_ALLOW);

    report_when_any_bit_of(p, SYS_timerfd_settime, 1, 1 /* TFD_TIMER_ABSTIME */);
    report_when_any_bit_of(p, SYS_timer_settime, 1, TIMER_ABSTIME);

    /* The counter of cycles stays out of reach; a thread's processor is not told by shared memory. */
    when_equal(p, 0, 4, SYS_prctl);
    load(p, low(0));
    when_equal(p, 0, 1, PR_SET_TSC);
    answer(p, SECCOMP_RET_ERRNO | EPERM);
    answer(p, SECCOMP_RET_ALLOW);
    answer_for(p, SYS_rseq, SECCOMP_RET_ERRNO | ENOSYS);
}

/* Calls that are reported for some arguments only. Each block ends with answers of its own. */
static void add_by_argument(struct program *p, int strict)
{
    /* A strict step's processes are followed; none may start one that is not. */
    report_when_any_bit_of(p, SYS_clone, 0, OTHER_NAMESPACES | (strict ? CLONE_UNTRACED : 0));
    report_when_any_bit_of(p, SYS_unshare, 0, OTHER_NAMESPACES | CLONE_NEWTIME);

    /* sendto: only with an address. */
    report_when_given(p, SYS_sendto, 4);

    /* getrandom: eight bytes without waiting is the C library's allocator in every process, and decides nothing. */
    when_equal(p, 0, 6, SYS_getrandom);
    load(p, low(1));
    when_equal(p, 0, 2, 8);
    load(p, low(2));
    when_equal(p, 1, 0, 1);
    answer(p, SECCOMP_RET_USER_NOTIF);
    answer(p, SECCOMP_RET_ALLOW);

    /* clock_gettime: clocks that count processor time (2, 3, and negative ones) are no clocks of the world. */
    when_equal(p, 0, 6, SYS_clock_gettime);
    load(p, low(0));
    emit(p, BPF_JMP | BPF_JGT | BPF_K, 3, 0, 11);
    when_equal(p, 2, 0, 2);
    when_equal(p, 1, 0, 3);
    answer(p, SECCOMP_RET_USER_NOTIF);
    answer(p, SECCOMP_RET_ALLOW);

    /* ioctl: nothing types into the person's terminal. */
    when_equal(p, 0, 5, SYS_ioctl);
    load(p, low(1));
    when_equal(p, 1, 0, TIOCSTI);
    when_equal(p, 0, 1, TIOCLINUX);
    answer(p, SECCOMP_RET_ERRNO | EPERM);
    answer(p, SECCOMP_RET_ALLOW);
}

int install_filter(int strict)
{
    static struct program p;
    /* Calls of 32-bit programs have other numbers; the supervisor refuses them by name. */
    load(&p, offsetof(struct seccomp_data, arch));
    when_equal(&p, 1, 0, AUDIT_ARCH_X86_64);
    answer(&p, SECCOMP_RET_USER_NOTIF);
    load(&p, offsetof(struct seccomp_data, nr));
    emit(&p, BPF_JMP | BPF_JGE | BPF_K, 0, 1, X32_BIT);
    answer(&p, SECCOMP_RET_USER_NOTIF);
    for (size_t i = 0; i < COUNT(reported); i++) answer_for(&p, reported[i], SECCOMP_RET_USER_NOTIF);
    for (size_t i = 0; strict && i < COUNT(reported_when_strict); i++) answer_for(&p, reported_when_strict[i], SECCOMP_RET_USER_NOTIF);
    for (size_t i = 0; i < COUNT(no_attributes); i++) answer_for(&p, no_attributes[i], SECCOMP_RET_ERRNO | EOPNOTSUPP);
    /* The flags of clone3 lie in memory; without it the C library falls back to clone. */
    answer_for(&p, SYS_clone3, SECCOMP_RET_ERRNO | ENOSYS);
    emit(&p, BPF_JMP | BPF_JGT | BPF_K, 0, 1, NEWEST_CALL);
    answer(&p, SECCOMP_RET_ERRNO | ENOSYS);
    if (strict) add_when_strict(&p);
    add_by_argument(&p, strict);
    answer(&p, SECCOMP_RET_ALLOW);

    struct sock_fprog program = {p.length, p.code};
    unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
#ifdef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
    int listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program);
    if (listener >= 0 || errno != EINVAL) return listener;
#endif
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}
