/*
 * The file system a step sees, put together by the plan's mount instructions in their order:
 *   tmpfs TARGET OPTIONS            bind SOURCE TARGET rw|ro        overlay OPTIONS TARGET
 *   proc TARGET                     device SOURCE TARGET            link TEXT TARGET
 *   terminals TARGET                empty TARGET                    close TARGET (read-only from here on)
 * Targets are paths inside.
 */
#define _GNU_SOURCE
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MOUNT_ATTR_RDONLY
#include <linux/mount.h>
#endif

static char *inside(const char *target)
{
    static char path[16384];
    if (snprintf(path, sizeof path, "%s%s", plan.root, strcmp(target, "/") ? target : "") >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        fail("cannot use", target);
    }
    return path;
}

/* Makes the folders above a path; those on read-only mounts exist already. */
static void make_above(char *path)
{
    for (char *slash = strchr(path + strlen(plan.root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(path, 0755);
        *slash = '/';
    }
}

static char *folder(const char *target)
{
    char *path = inside(target);
    make_above(path);
    mkdir(path, 0755);
    return path;
}

static char *target_like(const char *source, const char *target)
{
    struct stat status;
    if (stat(source, &status) == 0 && S_ISDIR(status.st_mode)) return folder(target);
    char *path = inside(target);
    make_above(path);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    if (fd >= 0) close(fd);
    return path;
}

static void restrict_mount(const char *path, uint64_t attributes, unsigned flags)
{
    struct mount_attr attr = {.attr_set = attributes};
    if (syscall(442 /* mount_setattr */, AT_FDCWD, path, flags, &attr, sizeof attr) < 0) fail("cannot restrict the mount", path);
}

static void bind_mount(const char *source, const char *target, int writable)
{
    char *path = target_like(source, target);
    if (mount(source, path, NULL, MS_BIND | MS_REC, NULL) < 0) fail("cannot show", source);
    restrict_mount(path, MOUNT_ATTR_NOSUID | (writable ? 0 : MOUNT_ATTR_RDONLY), AT_RECURSIVE);
}

static void mount_processes(const char *target)
{
    char *path = folder(target);
    if (mount("proc", path, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0) fail("cannot mount", "/proc");
    static const char *const closed[] = {"/sys", "/sysrq-trigger", "/irq", "/bus", "/fs"};
    for (size_t i = 0; i < sizeof closed / sizeof closed[0]; i++) {
        char name[8192];
        snprintf(name, sizeof name, "%s%s", path, closed[i]);
        if (mount(name, name, NULL, MS_BIND | MS_REC, NULL) == 0) restrict_mount(name, MOUNT_ATTR_RDONLY, AT_RECURSIVE);
    }
}

static void mount_overlay(const char *options, const char *target)
{
    char *path = folder(target);
    char full[8192];
    snprintf(full, sizeof full, "%s,volatile", options);
    if (mount("overlay", path, "overlay", MS_NOSUID | MS_NODEV, full) == 0) return;
    if (mount("overlay", path, "overlay", MS_NOSUID | MS_NODEV, options) < 0) fail("cannot lay an overlay over", target);
}

static void make_empty(const char *target)
{
    char *path = inside(target);
    struct stat status;
    if (lstat(path, &status) < 0) return;
    if (S_ISDIR(status.st_mode)) {
        if (mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, "size=4k,mode=755") < 0) fail("cannot hide", target);
    } else if (mount("/dev/null", path, NULL, MS_BIND, NULL) < 0) {
        fail("cannot hide", target);
    }
}

static void instruction(char **word, size_t *i)
{
    const char *name = word[(*i)++];
    const char *first = word[(*i)++];
    if (!strcmp(name, "tmpfs")) {
        if (mount("tmpfs", folder(first), "tmpfs", MS_NOSUID | MS_NODEV, word[(*i)++]) < 0) fail("cannot mount a tmpfs on", first);
    } else if (!strcmp(name, "bind")) {
        const char *target = word[(*i)++];
        bind_mount(first, target, !strcmp(word[(*i)++], "rw"));
    } else if (!strcmp(name, "overlay")) {
        mount_overlay(first, word[(*i)++]);
    } else if (!strcmp(name, "proc")) {
        mount_processes(first);
    } else if (!strcmp(name, "device")) {
        const char *target = word[(*i)++];
        if (mount(first, target_like(first, target), NULL, MS_BIND, NULL) < 0) fail("cannot show the device", first);
    } else if (!strcmp(name, "link")) {
        char *path = inside(word[(*i)++]);
        make_above(path);
        if (symlink(first, path) < 0 && errno != EEXIST) fail("cannot link", path);
    } else if (!strcmp(name, "terminals")) {
        if (mount("devpts", folder(first), "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620") < 0) fail("cannot mount", first);
    } else if (!strcmp(name, "empty")) {
        make_empty(first);
    } else if (!strcmp(name, "close")) {
        restrict_mount(inside(first), MOUNT_ATTR_RDONLY, 0);
    } else {
        errno = EINVAL;
        fail("unknown instruction", name);
    }
}

void build_view(void)
{
    umask(0);
    if (syscall(SYS_unshare, 0x00020000 /* CLONE_NEWNS */) < 0) fail("cannot make a mount namespace", "");
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) fail("cannot separate the mounts", "");
    for (size_t i = plan.mounts; i < plan.count;) instruction(plan.words, &i);
}

void enter_view(void)
{
    if (chdir(plan.root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
        fail("cannot enter the step's file system", plan.root);
}

void open_terminal(int *master, int *slave)
{
    *master = open(inside("/dev/pts/ptmx"), O_RDWR | O_NOCTTY | O_CLOEXEC);
    int number = 0, unlock = 0;
    if (*master < 0 || ioctl(*master, 0x40045431 /* TIOCSPTLCK */, &unlock) < 0 || ioctl(*master, 0x80045430 /* TIOCGPTN */, &number) < 0)
        fail("cannot make a terminal", "");
    char name[64];
    snprintf(name, sizeof name, "/dev/pts/%d", number);
    *slave = open(inside(name), O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (*slave < 0) fail("cannot open the terminal", name);
}
