/* sockets WAY WHERE: connect, datagram, serve, leave and fifo take a path, udp and tcp an address. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/vm_sockets.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int fail(const char *what)
{
    printf("%s: %s\n", what, strerror(errno));
    return 3;
}

static struct sockaddr_un named(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    return address;
}

int main(int argc, char **argv)
{
    if (argc < 3) return 2;
    char text[64];
    struct sockaddr_un address = named(argv[2]);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (!strcmp(argv[1], "connect")) {
        if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) return fail("connect");
        ssize_t n = read(fd, text, sizeof text);
        return n < 0 || write(1, text, (size_t)n) < 0;
    }
    if (!strcmp(argv[1], "second-message")) {
        struct mmsghdr both[2];
        struct iovec part = {"x", 1};
        memset(both, 0, sizeof both);
        for (int i = 0; i < 2; i++) both[i].msg_hdr.msg_iov = &part, both[i].msg_hdr.msg_iovlen = 1;
        struct sockaddr_un own = named("own.sock");
        int receiver = socket(AF_UNIX, SOCK_DGRAM, 0);
        fd = socket(AF_UNIX, SOCK_DGRAM, 0);
        if (bind(receiver, (struct sockaddr *)&own, sizeof own) < 0) return fail("bind");
        both[0].msg_hdr.msg_name = &own, both[0].msg_hdr.msg_namelen = sizeof own;
        both[1].msg_hdr.msg_name = &address, both[1].msg_hdr.msg_namelen = sizeof address;
        int sent = sendmmsg(fd, both, 2, 0);
        unlink("own.sock");
        return sent < 2 ? fail("sendmmsg") : 0;
    }
    if (!strcmp(argv[1], "datagram")) {
        fd = socket(AF_UNIX, SOCK_DGRAM, 0);
        return sendto(fd, "x", 1, 0, (struct sockaddr *)&address, sizeof address) < 0 ? fail("sendto") : 0;
    }
    if (!strcmp(argv[1], "serve") || !strcmp(argv[1], "leave")) {
        if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 1) < 0) return fail("bind");
        if (argv[1][0] == 'l') return 0;
        if (fork() == 0) {
            int other = socket(AF_UNIX, SOCK_STREAM, 0);
            if (connect(other, (struct sockaddr *)&address, sizeof address) < 0) return fail("connect");
            return write(other, "inside\n", 7) != 7;
        }
        ssize_t n = read(accept(fd, 0, 0), text, sizeof text);
        wait(0);
        unlink(argv[2]);
        return n < 0 || write(1, text, (size_t)n) < 0;
    }
    if (!strcmp(argv[1], "fifo")) {
        if (mkfifo(argv[2], 0644) < 0) return fail("mkfifo");
        if (fork() == 0) return write(open(argv[2], O_WRONLY), "through\n", 8) != 8;
        ssize_t n = read(open(argv[2], O_RDONLY), text, sizeof text);
        wait(0);
        return n < 0 || write(1, text, (size_t)n) < 0;
    }
    if (!strcmp(argv[1], "vsock")) {
        struct sockaddr_vm machine = {.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_HOST, .svm_port = 1024};
        fd = socket(AF_VSOCK, SOCK_STREAM, 0);
        return connect(fd, (struct sockaddr *)&machine, sizeof machine) < 0 ? fail("connect") : 0;
    }
    struct sockaddr_in internet = {.sin_family = AF_INET, .sin_port = htons(53), .sin_addr.s_addr = inet_addr(argv[2])};
    fd = socket(AF_INET, strcmp(argv[1], "udp") ? SOCK_STREAM : SOCK_DGRAM, 0);
    if (!strcmp(argv[1], "udp")) return sendto(fd, "x", 1, 0, (struct sockaddr *)&internet, sizeof internet) < 0 ? fail("sendto") : 0;
    return connect(fd, (struct sockaddr *)&internet, sizeof internet) < 0 ? fail("connect") : 0;
}
