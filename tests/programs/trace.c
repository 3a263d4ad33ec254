/* A debugger's work: the child stops at every system call, and opens the file it is given. Prints what it read. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    pid_t child = fork();
    if (child == 0) {
        char text[256];
        if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0) return 3;
        raise(SIGSTOP);
        ssize_t n = read(open(argv[argc - 1], O_RDONLY), text, sizeof text);
        return n < 0 || write(1, text, (size_t)n) < 0;
    }
    int status;
    while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) ptrace(PTRACE_SYSCALL, child, 0, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
