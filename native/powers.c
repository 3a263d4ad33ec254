/* What a step's processes may do: capabilities, the loopback interface, and how they are counted and ended. */
#define _GNU_SOURCE
#include "launch.h"

#include <ctype.h>
#include <dirent.h>
#include <linux/capability.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Root keeps what concerns files and its own processes. Whatever could change the view (mounts, chroot), the kernel
 * or the network is gone. For an ordinary user exec takes all of them anyway.
 */
static const int kept[] = {CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_FSETID,
                           CAP_KILL, CAP_SETGID, CAP_SETUID, CAP_NET_BIND_SERVICE};

void drop_powers(void)
{
    uint64_t mask = 0;
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) mask |= 1ull << kept[i];
    for (int power = 0; power < 64; power++)
        if (!(mask >> power & 1)) prctl(PR_CAPBSET_DROP, power, 0, 0, 0);
    if (!plan.privileged || plan.strict) mask = 0;
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {{(uint32_t)mask, (uint32_t)mask, 0}, {(uint32_t)(mask >> 32), (uint32_t)(mask >> 32), 0}};
    if (syscall(SYS_capset, &header, data) < 0) fail("cannot drop capabilities", "");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) fail("cannot give up new privileges", "");
}

void raise_loopback(void)
{
    struct ifreq request;
    memset(&request, 0, sizeof request);
    strcpy(request.ifr_name, "lo");
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    ioctl(fd, SIOCSIFFLAGS, &request);
    close(fd);
}

int listen_on_loopback(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, SOMAXCONN) < 0) fail("cannot open the way to the proxy", "");
    return fd;
}

/* What a process can ask of its limits, and what decides where its memory lies, is the same on all machines where it can be. */
void fix_limits(void)
{
    static const struct { int resource; rlim_t soft, hard; } limits[] = {
        {RLIMIT_NOFILE, 1024, 4096}, {RLIMIT_CORE, 0, 0}, {RLIMIT_STACK, 8u << 20, RLIM_INFINITY},
        {RLIMIT_NPROC, 32768, 32768}, {RLIMIT_MEMLOCK, 64u << 10, 64u << 10}, {RLIMIT_SIGPENDING, 4096, 4096},
    };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        struct rlimit now, wanted = {limits[i].soft, limits[i].hard};
        if (getrlimit(limits[i].resource, &now) < 0) continue;
        if (wanted.rlim_max > now.rlim_max) wanted.rlim_max = now.rlim_max;
        if (wanted.rlim_cur > wanted.rlim_max) wanted.rlim_cur = wanted.rlim_max;
        setrlimit(limits[i].resource, &wanted);
    }
}

void prctl_die_with_parent(void) { prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); }

int count_processes(void)
{
    DIR *all = opendir("/proc");
    if (!all) return 1;
    int count = 0;
    for (struct dirent *entry; (entry = readdir(all));) {
        int number = isdigit((unsigned char)entry->d_name[0]);
        count += number && strcmp(entry->d_name, "1") != 0;
    }
    closedir(all);
    return count;
}
