/* Reads a file in a way of its own, and prints it: reader WAY FILE. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int fail(const char *what)
{
    printf("%s: %s\n", what, strerror(errno));
    return 3;
}

static int print(int file)
{
    char text[4096];
    ssize_t n;
    if (file < 0) return fail("open");
    while ((n = read(file, text, sizeof text)) > 0)
        if (write(1, text, (size_t)n) < 0) return 1;
    return n < 0 ? fail("read") : 0;
}

int main(int argc, char **argv)
{
    if (argc < 3) return 2;
    const char *way = argv[1], *name = argv[2];
    char link[64];
    if (!strcmp(way, "opath")) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", open(name, O_PATH));
        return print(open(link, O_RDONLY));
    }
    if (!strcmp(way, "opath-parent")) {
        /* By the name of another process: this one's own number. */
        snprintf(link, sizeof link, "/proc/%d/fd/%d", (int)getpid(), open(name, O_PATH));
        return print(open(link, O_RDONLY));
    }
    if (!strcmp(way, "devfd")) {
        snprintf(link, sizeof link, "/dev/fd/%d", open(name, O_PATH));
        return print(open(link, O_RDONLY));
    }
    if (!strcmp(way, "dirfd")) {
        int folder = open(name, O_PATH | O_DIRECTORY);
        return argc < 4 ? 2 : print(openat(folder, argv[3], O_RDONLY));
    }
    if (!strcmp(way, "fchdir")) {
        int folder = open(name, O_RDONLY | O_DIRECTORY);
        return argc < 4 || fchdir(folder) < 0 ? 2 : print(open(argv[3], O_RDONLY));
    }
    if (!strcmp(way, "cwd")) {
        if (argc < 4 || chdir(name) < 0) return 2;
        snprintf(link, sizeof link, "/proc/self/cwd/%s", argv[3]);
        return print(open(link, O_RDONLY));
    }
    if (!strcmp(way, "openat2")) {
        struct open_how how = {.flags = O_RDONLY, .resolve = RESOLVE_NO_MAGICLINKS};
        return print((int)syscall(SYS_openat2, AT_FDCWD, name, &how, sizeof how));
    }
    if (!strcmp(way, "openat2-root")) {
        struct open_how how = {.flags = O_RDONLY, .resolve = RESOLVE_IN_ROOT};
        int folder = open(name, O_PATH | O_DIRECTORY);
        return argc < 4 ? 2 : print((int)syscall(SYS_openat2, folder, argv[3], &how, sizeof how));
    }
    if (!strcmp(way, "mmap") || !strcmp(way, "mapped-input")) {
        int file = way[4] ? 0 : open(name, O_RDONLY);
        struct stat status;
        if (file < 0 || fstat(file, &status) < 0) return fail("open");
        char *text = mmap(0, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
        return text == MAP_FAILED || write(1, text, (size_t)status.st_size) < 0;
    }
    if (!strcmp(way, "sendfile")) {
        int file = open(name, O_RDONLY);
        return file < 0 || sendfile(1, file, 0, 1 << 20) < 0;
    }
    if (!strcmp(way, "hardlink")) {
        /* The bytes are read by a name that the step made itself. */
        if (linkat(AT_FDCWD, name, AT_FDCWD, "second-name", 0) < 0) return fail("link");
        return print(open("second-name", O_RDONLY));
    }
    if (!strcmp(way, "linkfd")) {
        int file = open(name, O_PATH);
        snprintf(link, sizeof link, "/proc/self/fd/%d", file);
        if (linkat(AT_FDCWD, link, AT_FDCWD, "second-name", AT_SYMLINK_FOLLOW) < 0) return fail("link");
        return print(open("second-name", O_RDONLY));
    }
    if (!strcmp(way, "symlink")) {
        if (symlink(name, "pointer") < 0) return fail("symlink");
        int status = print(open("pointer", O_RDONLY));
        unlink("pointer");
        return status;
    }
    if (!strcmp(way, "rename")) {
        if (rename(name, "moved") < 0) return fail("rename");
        return print(open("moved", O_RDONLY));
    }
    if (!strcmp(way, "rename-folder")) {
        char path[4200];
        if (argc < 4 || rename(name, "moved") < 0) return fail("rename");
        snprintf(path, sizeof path, "moved/%s", argv[3]);
        return print(open(path, O_RDONLY));
    }
    if (!strcmp(way, "copy")) {
        int from = open(name, O_RDONLY), to = open("copied", O_CREAT | O_TRUNC | O_RDWR, 0644);
        if (copy_file_range(from, 0, to, 0, 1 << 20, 0) < 0) return fail("copy_file_range");
        lseek(to, 0, SEEK_SET);
        return print(to);
    }
    if (!strcmp(way, "deleted")) {
        int file = open(name, O_RDONLY);
        if (unlink(name) < 0) return fail("unlink");
        snprintf(link, sizeof link, "/proc/self/fd/%d", file);
        print(file);
        return print(open(link, O_RDONLY));
    }
    if (!strcmp(way, "fexecve")) {
        char *arguments[] = {"x", NULL}, *variables[] = {NULL};
        syscall(SYS_execveat, open(name, O_PATH), "", arguments, variables, AT_EMPTY_PATH);
        return fail("execveat");
    }
    if (!strcmp(way, "vfork")) {
        char *arguments[] = {"cat", (char *)name, NULL};
        int status;
        if (vfork() == 0) {
            execv("/bin/cat", arguments);
            _exit(127);
        }
        return wait(&status) < 0 || status;
    }
    return 2;
}
