/* A link between two network namespaces, with delay and loss, for kernels whose `tc` has no netem.
 *
 *     link NAMESPACE_A NAMESPACE_B ADDRESS_A ADDRESS_B DELAY_MS LOSS_PERCENT [SEED]
 *
 * A TUN device in each namespace and this process between them: what one sends comes out of the other after the delay,
 * that of A to B with the loss. Prints "ready" when both are up, and goes on until it is ended. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { LARGEST = 2048, QUEUED = 1 << 16 };

struct packet {
    long long due;
    int length;
    unsigned char bytes[LARGEST];
};

/* One direction: a ring of packets, in the order in which they are due. */
struct way {
    int from, to;
    long long delay;
    double loss;
    struct packet *ring;
    unsigned first, past;
};

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void fail(const char *what) {
    perror(what);
    exit(3);
}

/* A TUN device made here and moved: the descriptor stays good. */
static int device(const char *name, const char *namespace, const char *own, const char *other) {
    int tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
    char command[512];
    if (tun < 0) fail("/dev/net/tun");
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    if (ioctl(tun, TUNSETIFF, &request)) fail("TUNSETIFF");
    snprintf(command, sizeof command, "ip link set %s netns %s && ip -n %s addr add %s peer %s dev %s && ip -n %s link set %s txqueuelen 10000 up",
             name, namespace, namespace, own, other, name, namespace, name);
    if (system(command)) exit(3);
    return tun;
}

static void take(struct way *way) {
    for (;;) {
        struct packet *packet = &way->ring[way->past % QUEUED];
        packet->length = (int)read(way->from, packet->bytes, LARGEST);
        if (packet->length <= 0) {
            if (packet->length < 0 && errno != EAGAIN) fail("read");
            return;
        }
        if (drand48() < way->loss || way->past - way->first >= QUEUED - 1) continue;
        packet->due = now() + way->delay;
        way->past++;
    }
}

/* Sends what is due; when the next is, or -1. A queue that is full on the other side loses it, as on any link. */
static long long give(struct way *way) {
    while (way->first != way->past) {
        struct packet *packet = &way->ring[way->first % QUEUED];
        if (packet->due > now()) return packet->due;
        if (write(way->to, packet->bytes, (size_t)packet->length) < 0 && errno != EAGAIN && errno != ENOBUFS && errno != EIO) fail("write");
        way->first++;
    }
    return -1;
}

int main(int count, char **words) {
    if (count < 7) {
        fprintf(stderr, "link NAMESPACE_A NAMESPACE_B ADDRESS_A ADDRESS_B DELAY_MS LOSS_PERCENT [SEED]\n");
        return 2;
    }
    char a[IFNAMSIZ], b[IFNAMSIZ];
    snprintf(a, sizeof a, "la%d", (int)getpid());
    snprintf(b, sizeof b, "lb%d", (int)getpid());
    int ends[2] = { device(a, words[1], words[3], words[4]), device(b, words[2], words[4], words[3]) };
    long long delay = (long long)(atof(words[5]) * 1e6);
    srand48(count > 7 ? atol(words[7]) : 1);
    struct way ways[2] = { { ends[0], ends[1], delay, atof(words[6]) / 100, malloc(sizeof(struct packet) * QUEUED), 0, 0 },
                           { ends[1], ends[0], delay, 0, malloc(sizeof(struct packet) * QUEUED), 0, 0 } };
    if (!ways[0].ring || !ways[1].ring) fail("malloc");
    puts("ready");
    fflush(stdout);
    for (;;) {
        long long next = -1;
        for (int i = 0; i < 2; i++) {
            long long due = give(&ways[i]);
            if (due >= 0 && (next < 0 || due < next)) next = due;
        }
        struct pollfd polled[2] = { { ends[0], POLLIN, 0 }, { ends[1], POLLIN, 0 } };
        long long rest = next < 0 ? 0 : next - now();
        struct timespec wait = { rest > 0 ? rest / 1000000000 : 0, rest > 0 ? rest % 1000000000 : 0 };
        if (ppoll(polled, 2, next < 0 ? NULL : &wait, NULL) < 0 && errno != EINTR) fail("ppoll");
        for (int i = 0; i < 2; i++)
            if (polled[i].revents & POLLIN) take(&ways[i]);
    }
}
