/*
 * Tries, one after another, what a step must not be able to do, and prints one line for each: its name, and `done`
 * or the error. A path it is given is one outside the workspace.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static void tell(const char *what, long result)
{
    printf("%s %s\n", what, result >= 0 ? "done" : errno == ENOSYS ? "ENOSYS" : errno == EPERM ? "EPERM" : errno == EROFS ? "EROFS" : errno == EACCES ? "EACCES" : strerror(errno));
    fflush(stdout);
}

int main(int argc, char **argv)
{
    const char *outside = argc > 1 ? argv[1] : "/etc";
    char path[4200];
    struct {
        unsigned int bytes;
        int type;
        unsigned char handle[128];
    } handle = {.bytes = 128};
    tell("mount", mount("none", "/tmp", "tmpfs", 0, ""));
    tell("umount", umount2("/proc", MNT_DETACH));
    tell("remount", mount(0, outside, 0, MS_REMOUNT | MS_BIND, 0));
    tell("unshare-user", unshare(CLONE_NEWUSER));
    tell("unshare-mounts", unshare(CLONE_NEWNS));
    tell("clone-user", syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
    tell("setns", setns(open("/proc/self/ns/mnt", O_RDONLY), 0));
    tell("chroot", chroot("/tmp"));
    tell("pivot_root", syscall(SYS_pivot_root, "/tmp", "/tmp"));
    tell("fsopen", syscall(SYS_fsopen, "tmpfs", 0));
    tell("open_tree", syscall(SYS_open_tree, AT_FDCWD, "/", 1));
    tell("mount_setattr", syscall(442, AT_FDCWD, outside, 0, 0, 0));
    tell("open_by_handle_at", (syscall(SYS_name_to_handle_at, AT_FDCWD, outside, &handle, &handle.type, 0), syscall(SYS_open_by_handle_at, AT_FDCWD, &handle, O_RDONLY)));
    tell("bpf", syscall(SYS_bpf, 0, 0, 0));
    tell("userfaultfd", syscall(SYS_userfaultfd, 0));
    tell("perf_event_open", syscall(SYS_perf_event_open, 0, 0, -1, -1, 0));
    tell("keyctl", syscall(SYS_keyctl, 0, -3, 1));
    tell("io_uring", syscall(SYS_io_uring_setup, 4, 0));
    tell("settimeofday", syscall(SYS_settimeofday, 0, 0));
    tell("sethostname", sethostname("mine", 4));
    tell("reboot", syscall(SYS_reboot, 0, 0, 0, 0));
    tell("init_module", syscall(SYS_init_module, 0, 0, ""));
    tell("fanotify", syscall(SYS_fanotify_init, 0, 0));
    tell("mknod-device", mknod("disk", S_IFBLK | 0600, makedev(7, 0)));
    tell("terminal-input", ioctl(0, TIOCSTI, "x"));
    tell("setxattr", setxattr(".", "user.x", "1", 1, 0));
    snprintf(path, sizeof path, "%s/varve-was-here", outside);
    tell("write-outside", open(path, O_CREAT | O_WRONLY, 0666));
    tell("mkdir-outside", mkdir(path, 0777));
    tell("rename-outside", rename(outside, path));
    tell("chmod-outside", chmod(outside, 0777));
    tell("seccomp-listener", syscall(SYS_seccomp, 1, 8, 0));
    tell("kill-outside", kill(1, SIGKILL) < 0 ? -1 : kill(-1, 0));
    return 0;
}
