/*
 * varve-launch: the few steps between clone and exec that a multi-threaded program cannot take.
 *
 * Varve starts it with a control socket as descriptor 3 and sends a plan: a length (uint32) and that many bytes of
 * zero-terminated words, each instruction followed by its arguments. Three processes come of it: this one, which
 * makes the namespaces and waits; the step's process 1, which mounts what the plan says and reaps; and the command.
 *
 * Messages, both ways: one letter, a length (uint32), that many bytes.
 *   to Varve    L  the listener, the terminal's master if there is one, the proxy's socket if there is one, as descriptors
 *               F  the command could not be executed: errno                   E  a sentence: the sandbox could not be set up
 *               X  exit status and resource use
 *   from Varve  G  go: the supervisor listens                                 S  a signal for the command
 * When the socket closes, Varve is gone, and every process of the step is ended.
 */
#define _GNU_SOURCE
#include "filter.h"
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct plan plan;

static void send_message(char kind, const void *bytes, uint32_t length)
{
    char message[5 + 4096];
    if (length > 4096) length = 4096;
    message[0] = kind;
    memcpy(message + 1, &length, 4);
    memcpy(message + 5, bytes, length);
    if (write(CONTROL, message, 5 + length) < 0) _exit(1);
}

void fail(const char *what, const char *name)
{
    int error = errno;
    char text[4096];
    int length = snprintf(text, sizeof text, "%s%s%s: %s", what, *name ? " " : "", name, strerror(error));
    send_message('E', text, (uint32_t)(length < (int)sizeof text ? length : (int)sizeof text - 1));
    _exit(1);
}

static void read_fully(void *to, size_t count)
{
    for (size_t got = 0; got < count;) {
        ssize_t n = read(CONTROL, (char *)to + got, count - got);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) _exit(1);
        got += (size_t)n;
    }
}

static void read_plan(void)
{
    uint32_t length;
    read_fully(&length, sizeof length);
    char *text = malloc(length + 1u);
    if (!text) fail("no memory for the plan", "");
    read_fully(text, length);
    text[length] = 0;
    size_t count = 0;
    for (uint32_t i = 0; i < length; i++) count += text[i] == 0;
    plan.words = calloc(count + 1, sizeof *plan.words);
    if (!plan.words) fail("no memory for the plan", "");
    for (size_t i = 0; i < count; i++) {
        plan.words[i] = text;
        text += strlen(text) + 1;
    }
    plan.count = count;
    for (size_t i = 0; i < count;) {
        char *word = plan.words[i++];
        if (!strcmp(word, "root")) plan.root = plan.words[i++];
        else if (!strcmp(word, "identity")) plan.inside_user = plan.words[i++], plan.inside_group = plan.words[i++];
        else if (!strcmp(word, "net")) plan.own_network = 1;
        else if (!strcmp(word, "proxy")) plan.proxy_port = atoi(plan.words[i++]);
        else if (!strcmp(word, "host")) plan.host = plan.words[i++];
        else if (!strcmp(word, "directory")) plan.directory = plan.words[i++];
        else if (!strcmp(word, "terminal")) plan.terminal = 1;
        else if (!strcmp(word, "apart")) plan.apart = 1;
        else if (!strcmp(word, "strict")) plan.strict = 1;
        else if (!strcmp(word, "memory")) plan.memory = strtoull(plan.words[i++], NULL, 10);
        else if (!strcmp(word, "variables")) plan.variables = &plan.words[i], i += strtoull(plan.words[i], NULL, 10) + 2;
        else if (!strcmp(word, "command")) plan.command = &plan.words[i], i += strtoull(plan.words[i], NULL, 10) + 2;
        else if (!strcmp(word, "mounts")) plan.mounts = i, i = count;
    }
    /* A list stands as its length, its words and an empty word, whose place becomes the NULL that exec wants. */
    plan.variables[strtoull(plan.variables[0], NULL, 10) + 1] = NULL;
    plan.command[strtoull(plan.command[0], NULL, 10) + 1] = NULL;
    plan.variables++;
    plan.command++;
}

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0) fail("cannot write", path);
    close(fd);
}

/* A user's own namespace: that user alone is mapped, to a fixed number. */
static void map_one_user(uid_t user, gid_t group)
{
    char text[128];
    write_file("/proc/self/setgroups", "deny");
    snprintf(text, sizeof text, "%s %u 1", plan.inside_user, (unsigned)user);
    write_file("/proc/self/uid_map", text);
    snprintf(text, sizeof text, "%s %u 1", plan.inside_group, (unsigned)group);
    write_file("/proc/self/gid_map", text);
}

/*
 * Root's step keeps all numbers, in a namespace whose powers reach nothing outside; a strict one is the step of the one
 * user whom everybody is.
 */
static void map_all_users(pid_t child)
{
    char path[64], text[128] = "0 0 4294967295";
    if (plan.strict) snprintf(text, sizeof text, "%s 0 1", plan.inside_user);
    snprintf(path, sizeof path, "/proc/%d/uid_map", (int)child);
    write_file(path, text);
    if (plan.strict) snprintf(text, sizeof text, "%s 0 1", plan.inside_group);
    snprintf(path, sizeof path, "/proc/%d/gid_map", (int)child);
    write_file(path, text);
}

static void send_descriptors(int listener, int terminal, int proxy)
{
    char kind_and_length[5] = {'L', 0, 0, 0, 0};
    struct iovec part = {kind_and_length, sizeof kind_and_length};
    union {
        char bytes[CMSG_SPACE(3 * sizeof(int))];
        struct cmsghdr align;
    } control;
    memset(&control, 0, sizeof control);
    int descriptors[3] = {listener};
    size_t count = 1;
    if (terminal >= 0) descriptors[count++] = terminal;
    if (proxy >= 0) descriptors[count++] = proxy;
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes,
                             .msg_controllen = CMSG_SPACE(count * sizeof(int))};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(header), descriptors, count * sizeof(int));
    if (sendmsg(CONTROL, &message, 0) < 0) _exit(1);
}

static void reset_signals(void)
{
    struct sigaction plain = {.sa_handler = SIG_DFL};
    for (int signal = 1; signal < NSIG; signal++) sigaction(signal, &plain, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Looks the program up as execvp does, but under the filter, so that every name tried is observed. */
static int execute(void)
{
    char **command = plan.command;
    if (strchr(command[0], '/')) {
        execve(command[0], command, plan.variables);
        return errno;
    }
    const char *path = "/usr/bin:/bin";
    for (char **v = plan.variables; *v; v++)
        if (!strncmp(*v, "PATH=", 5)) path = *v + 5;
    int result = ENOENT;
    while (1) {
        size_t length = strcspn(path, ":");
        char candidate[8192];
        int size = snprintf(candidate, sizeof candidate, "%.*s%s%s", (int)length, path, length ? "/" : "", command[0]);
        if (size < (int)sizeof candidate) {
            execve(candidate, command, plan.variables);
            if (errno == EACCES) result = EACCES;
            else if (errno != ENOENT && errno != ENOTDIR) return errno;
        }
        if (!path[length]) return result;
        path += length + 1;
    }
}

static _Noreturn void become_command(int terminal_slave, int listener_pipe, int go_pipe)
{
    reset_signals();
    if (plan.terminal) {
        if (setsid() < 0 || ioctl(terminal_slave, TIOCSCTTY, 0) < 0) fail("cannot take the terminal", "");
        for (int fd = 0; fd <= 1; fd++) dup2(terminal_slave, fd);
        if (isatty(2)) dup2(terminal_slave, 2);
    }
    umask(022);
    personality(ADDR_NO_RANDOMIZE);
    if (plan.memory) setrlimit(RLIMIT_AS, &(struct rlimit){plan.memory, plan.memory});
    if (chdir(plan.directory) < 0) fail("cannot start in", plan.directory);
    if (plan.strict) {
        fix_limits();
        if (prctl(PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0) < 0) fail("cannot hide the counter of cycles", "");
    }
    drop_powers();
    int listener = install_filter(plan.strict);
    if (listener < 0) fail("cannot install the system-call filter", "");
    char go;
    if (write(listener_pipe, &listener, sizeof listener) < 0 || read(go_pipe, &go, 1) != 1) _exit(1);
    int error = execute();
    send_message('F', &error, sizeof error);
    _exit(error == ENOENT || error == ENOTDIR ? 127 : 126);
}

static void report_end(int status)
{
    struct rusage use;
    getrusage(RUSAGE_CHILDREN, &use);
    struct {
        int32_t status;
        int32_t left;
        int64_t user_us, system_us, peak_kib;
    } end = {status, 0, use.ru_utime.tv_sec * 1000000LL + use.ru_utime.tv_usec,
             use.ru_stime.tv_sec * 1000000LL + use.ru_stime.tv_usec, use.ru_maxrss};
    end.left = plan.left;
    send_message('X', &end, sizeof end);
}

/* Children that are on their way out get a moment; what is still there after it was left behind. */
static void end_the_rest(void)
{
    for (int i = 0; i < 20; i++) {
        while (waitpid(-1, NULL, WNOHANG) > 0) { }
        if (kill(-1, 0) < 0) return;
        usleep(i < 10 ? 1000 : 10000);
    }
    plan.left = count_processes();
    kill(-1, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) { }
}

static void pass_signal_on(pid_t command)
{
    char header[5];
    read_fully(header, sizeof header);
    unsigned char signal;
    if (header[0] != 'S') return;
    read_fully(&signal, 1);
    kill(command, signal);
}

static _Noreturn void be_first_process(pid_t command)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    int children = signalfd(-1, &set, SFD_CLOEXEC);
    struct pollfd sources[2] = {{children, POLLIN, 0}, {CONTROL, POLLIN, 0}};
    while (1) {
        int status;
        pid_t pid;
        while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
            if (pid != command) continue;
            end_the_rest();
            report_end(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
            _exit(0);
        }
        if (poll(sources, 2, -1) < 0 && errno != EINTR) _exit(1);
        if (sources[0].revents) {
            struct signalfd_siginfo info;
            if (read(children, &info, sizeof info) < 0 && errno != EINTR) _exit(1);
        }
        if (sources[1].revents) pass_signal_on(command);
    }
}

static _Noreturn void first_process(int to_parent, int from_parent, int privileged)
{
    prctl_die_with_parent();
    build_view();
    if (plan.host && sethostname(plan.host, strlen(plan.host)) < 0) fail("cannot set the host name", "");
    if (plan.own_network) raise_loopback();
    int proxy = plan.proxy_port ? listen_on_loopback(plan.proxy_port) : -1;
    int slave = -1, master = -1;
    if (plan.terminal) open_terminal(&master, &slave);
    enter_view();
    if (privileged) {
        char answer;
        if (unshare(CLONE_NEWUSER) < 0) fail("cannot make a user namespace", "");
        if (write(to_parent, "u", 1) != 1 || read(from_parent, &answer, 1) != 1) _exit(1);
    }
    close(to_parent);
    close(from_parent);

    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int listener_pipe[2], go_pipe[2];
    if (pipe2(listener_pipe, O_CLOEXEC) < 0 || pipe2(go_pipe, O_CLOEXEC) < 0) fail("cannot make a pipe", "");
    /* The descriptor table is shared until exec: the listener the command makes is ours to hand on. */
    pid_t command = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
    if (command < 0) fail("cannot start a process", "");
    if (command == 0) become_command(slave, listener_pipe[1], go_pipe[0]);
    /* A command that could not be set up has said so itself; whoever started us then closes the other end. */
    struct pollfd first[2] = {{listener_pipe[0], POLLIN, 0}, {CONTROL, POLLIN, 0}};
    while (!(first[0].revents & POLLIN)) {
        if (poll(first, 2, -1) < 0 && errno != EINTR) _exit(1);
        if (first[1].revents & (POLLHUP | POLLERR)) _exit(1);
    }
    int listener;
    if (read(listener_pipe[0], &listener, sizeof listener) != sizeof listener) _exit(1);
    send_descriptors(listener, master, proxy);
    if (proxy >= 0) close(proxy);
    char header[5];
    read_fully(header, sizeof header);
    if (header[0] != 'G') _exit(1);
    close(listener);
    if (write(go_pipe[1], "g", 1) != 1) _exit(1);
    be_first_process(command);
}

int main(void)
{
    uid_t user = geteuid();
    gid_t group = getegid();
    fcntl(CONTROL, F_SETFD, FD_CLOEXEC);
    close_range(CONTROL + 1, ~0u, 0);
    reset_signals();
    /* Ctrl-C is for the command and for Varve; whoever stands between them must live to report how it ended. */
    sigset_t keys;
    sigemptyset(&keys);
    sigaddset(&keys, SIGINT);
    sigaddset(&keys, SIGQUIT);
    sigaddset(&keys, SIGTERM);
    sigaddset(&keys, SIGHUP);
    sigprocmask(SIG_BLOCK, &keys, NULL);
    read_plan();
    if (plan.apart) setsid();
    int spaces = CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | (plan.own_network ? CLONE_NEWNET : 0);
    int privileged = user == 0 && unshare(spaces) == 0;
    if (!privileged) {
        if (unshare(spaces | CLONE_NEWUSER) < 0) fail("cannot make a user namespace", "");
        map_one_user(user, group);
    }
    int up[2], down[2];
    if (pipe2(up, O_CLOEXEC) < 0 || pipe2(down, O_CLOEXEC) < 0) fail("cannot make a pipe", "");
    pid_t first = fork();
    if (first < 0) fail("cannot start a process", "");
    if (first == 0) {
        close(up[0]);
        close(down[1]);
        plan.privileged = privileged;
        first_process(up[1], down[0], privileged);
    }
    close(up[1]);
    close(down[0]);
    char asked;
    if (privileged && read(up[0], &asked, 1) == 1) {
        map_all_users(first);
        if (write(down[1], "m", 1) != 1) return 1;
    }
    close(CONTROL);
    int status;
    while (waitpid(first, &status, 0) < 0 && errno == EINTR) { }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
