#!/usr/bin/env python3
"""A person at a terminal: from a key to its being shown, and from Enter to the next prompt for a command already known.

    typing.py VARVE FOLDER [ROUNDS]

Drives `varve sh`, and bash as a yardstick for keys, each on a terminal of its own. The next key is sent when the one
before is shown, and a pause lies between two commands. Prints a Markdown table.
"""

import os
import pty
import re
import select
import statistics
import sys
import termios
import struct
import fcntl
import time

PATIENCE = 30.0
NAME = "typing-bench"
PROMPT = re.compile(rb"\n\r\x1b\[J" + NAME.encode() + rb"(?: \((?P<note>[^)]*)\))? [#$] (?:\r(?:\x1b\[\d+C)?)?$")
TYPED = "grep -c observation in.txt | tee found.txt"
COMMANDS = [
    "echo hello",
    "wc -l in.txt",
    "sort in.txt > sorted.txt",
    "sort in.txt | head -n 5 | tr a-z A-Z",
    "for i in 1 2 3; do grep -c $i in.txt; done",
    "python3 -c 'import json; print(json.dumps([1]))' | tee out.json",
]


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, command, folder, variables):
        self.process, self.descriptor = pty.fork()
        if self.process == 0:
            os.chdir(folder)
            os.environ.update(variables)
            os.execvp(command[0], command)
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))

    def send(self, text):
        os.write(self.descriptor, text.encode())

    def until(self, ends):
        """What is shown until `ends` finds what it looks for in it; that, and the moment."""
        shown = b""
        deadline = time.monotonic() + PATIENCE
        while not (found := ends(shown)):
            ready, _, _ = select.select([self.descriptor], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                sys.exit(f"typing.py: nothing more came after {shown[-400:]!r}")
            shown += os.read(self.descriptor, 65536)
        return found, time.perf_counter()

    def settle(self, seconds):
        """Takes what is still to come."""
        while select.select([self.descriptor], [], [], seconds)[0]:
            os.read(self.descriptor, 65536)

    def end(self):
        os.close(self.descriptor)
        os.waitpid(self.process, 0)


def keys(terminal, rounds, redraws):
    """Seconds from each key to its being shown; a shell that redraws shows the line so far, another the key alone."""
    times = []
    for _ in range(rounds):
        for at, key in enumerate(TYPED):
            awaited = (TYPED[: at + 1] if redraws else key).encode()
            begun = time.perf_counter()
            terminal.send(key)
            _, ended = terminal.until(lambda shown: awaited in shown)
            times.append(ended - begun)
            terminal.settle(0.01)
        terminal.send("\x03")
        terminal.settle(0.2)
    return times


def entered(terminal, command):
    """Seconds from Enter to the next prompt, and what the prompt says of the command."""
    terminal.send(command)
    terminal.until(lambda shown: command.encode() in shown)
    terminal.settle(0.1)
    begun = time.perf_counter()
    terminal.send("\r")
    prompt, ended = terminal.until(PROMPT.search)
    terminal.settle(0.05)
    return ended - begun, (prompt["note"] or b"").decode()


def row(what, times, goal):
    times = sorted(times)
    at95 = times[int(len(times) * 0.95)]
    print(f"| {what} | {len(times)} | {statistics.median(times) * 1e3:.1f} ms | {at95 * 1e3:.1f} ms | {times[-1] * 1e3:.1f} ms | {goal} |")


def main():
    varve, folder = sys.argv[1:3]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 20
    folder = os.path.join(folder, NAME)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "in.txt"), "w", encoding="ascii") as file:
        file.writelines(f"observation {number * 7919 % 1000}\n" for number in range(1000))
    variables = {"VARVE_HOME": folder + "-home", "XDG_STATE_HOME": folder + "-state", "TERM": "xterm"}

    print("| | times | median | of 95 in 100 | worst | goal |\n|---|---|---|---|---|---|")
    shell = Terminal([varve, "sh", "--no-color"], folder, variables)
    shell.until(PROMPT.search)
    row("`varve sh`: a key, to its being shown", keys(shell, max(1, rounds // 4), True), "10 ms")
    everything = []
    for command in COMMANDS:
        # The first time it runs; the second it may find what the first left, another state.
        for _ in range(2):
            entered(shell, command)
        times = []
        for _ in range(rounds):
            seconds, note = entered(shell, command)
            if not note.startswith("reused"):
                sys.exit(f"typing.py: {command!r} was not reused")
            times.append(seconds)
        everything += times
        row(f"reused, Enter to prompt: `{command.replace('|', chr(92) + '|')}`", times, "30 ms")
    row("reused, Enter to prompt: all of them", everything, "30 ms")
    shell.end()

    bash = Terminal(["bash", "--norc", "--noprofile", "-i"], folder, {**variables, "PS1": "$ ", "HISTFILE": "/dev/null"})
    bash.settle(0.5)
    row("bash: a key, to its being shown", keys(bash, max(1, rounds // 4), False), "")
    bash.end()


main()
