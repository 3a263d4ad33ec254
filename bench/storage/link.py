#!/usr/bin/env python3
"""A link between two network namespaces, with delay, loss and a rate, for kernels whose `tc` has no netem.

    link.py NAMESPACE_A NAMESPACE_B ADDRESS_A ADDRESS_B [--delay MS] [--loss PERCENT] [--rate MBIT] [--seed N]

A TUN device in each namespace, and this process between them: what one sends comes out of the other after the delay,
that of A to B with the loss. Prints `ready` when both are up, and goes on until it is ended.
"""
import argparse
import fcntl
import os
import random
import select
import struct
import subprocess
import sys
import time
from collections import deque

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 1, 0x1000
LARGEST = 65536
QUEUED = 100_000  # packets, as `netem limit`


def device(name, namespace, own, other):
    """A TUN device made here and moved: the descriptor stays good."""
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    for words in (["link", "set", name, "netns", namespace], ["-n", namespace, "addr", "add", own, "peer", other, "dev", name],
                  ["-n", namespace, "link", "set", name, "txqueuelen", "10000", "up"]):
        subprocess.run(["ip", *words], check=True)
    return tun


class Way:
    """One direction."""

    def __init__(self, source, target, delay, loss, rate, chance):
        self.source, self.target, self.delay, self.loss, self.rate, self.chance = source, target, delay, loss, rate, chance
        self.packets, self.free = deque(), 0.0

    def take(self):
        while True:
            try:
                packet = os.read(self.source, LARGEST)
            except BlockingIOError:
                return
            if (self.loss and self.chance.random() < self.loss) or len(self.packets) >= QUEUED:
                continue
            now = time.monotonic()
            if self.rate:
                self.free = max(self.free, now) + len(packet) * 8 / self.rate
            self.packets.append((max(self.free, now) + self.delay, packet))

    def give(self, now):
        """Sends what is due; when the next is."""
        while self.packets and self.packets[0][0] <= now:
            try:
                os.write(self.target, self.packets.popleft()[1])
            except BlockingIOError:
                pass  # The other side's queue is full: lost, as on any link.
        return self.packets[0][0] if self.packets else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs=4, metavar="NAMESPACE|ADDRESS")
    parser.add_argument("--delay", type=float, default=0, help="milliseconds, each way")
    parser.add_argument("--loss", type=float, default=0, help="percent, from A to B")
    parser.add_argument("--rate", type=float, default=0, help="megabits a second, each way; 0: as quick as it goes")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    a, b, address_a, address_b = options.names
    ends = [device(f"va{os.getpid()}", a, address_a, address_b), device(f"vb{os.getpid()}", b, address_b, address_a)]
    chance = random.Random(options.seed)
    ways = [Way(ends[0], ends[1], options.delay / 1000, options.loss / 100, options.rate * 1e6, chance), Way(ends[1], ends[0], options.delay / 1000, 0, options.rate * 1e6, chance)]
    print("ready", flush=True)
    while True:
        due = [at for at in (way.give(time.monotonic()) for way in ways) if at is not None]
        ready, _, _ = select.select(ends, [], [], max(min(due) - time.monotonic(), 0) if due else None)
        for way in ways:
            if way.source in ready:
                way.take()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
