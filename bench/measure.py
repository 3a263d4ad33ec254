#!/usr/bin/env python3
"""Time whole commands against each other and print a Markdown table.

    measure.py [--repeat N] [--unit s|ms] [--dir DIR] --case NAME COMMAND [BEFORE] ... [--optional NAME COMMAND [BEFORE]]...

The cases run interleaved, one of each in every round, so that a noisy neighbour
hits all alike; one round before the first is not counted. A case given by
--optional instead may fail, and then has no times. BEFORE prepares a case
and is not timed. The first case is the baseline: the ratio of a round is its
time over the baseline's in the same round. Times are wall clock; processor is
the median of the time all processes of the case computed, which suffers less
from neighbours; memory is the largest process of the case. Any other command that fails ends the measurement.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time


def once(command, directory, log, optional=False):
    """Seconds, seconds of processor and peak bytes of one run by `sh -c`."""
    start = time.perf_counter()
    process = subprocess.Popen(["sh", "-c", command], cwd=directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode and optional:
        raise ChildProcessError(f"exit status {process.returncode}")
    if process.returncode:
        log.flush()
        sys.stderr.write(open(log.name, errors="replace").read()[-2000:])
        sys.exit(f"measure.py: exit status {process.returncode}: {command}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--warm", type=int, default=1)
    parser.add_argument("--unit", choices=["s", "ms"], default="s")
    parser.add_argument("--dir", default=".")
    parser.add_argument("--case", nargs="+", action="append", required=True)
    parser.add_argument("--optional", nargs="+", action="append", default=[])
    options = parser.parse_args()
    failures = {}
    optional = {case[0] for case in options.optional}
    cases = [(case[0], case[1], case[2] if len(case) > 2 else "true") for case in options.case + options.optional]
    times = {name: [] for name, _, _ in cases}
    processors = {name: [] for name, _, _ in cases}
    peaks = {name: 0 for name, _, _ in cases}
    log_path = os.path.join(os.environ.get("BENCH_SCRATCH", "/tmp"), f"measure.{os.getpid()}.log")
    for turn in range(options.warm + options.repeat):
        for name, command, before in cases:
            if name in failures:
                continue
            with open(log_path, "w") as log:
                once(before, options.dir, log)
            try:
                with open(log_path, "w") as log:
                    seconds, processor, peak = once(command, options.dir, log, name in optional)
            except ChildProcessError as failure:
                failures[name] = failure
                continue
            if turn >= options.warm:
                times[name].append(seconds)
                processors[name].append(processor)
                peaks[name] = max(peaks[name], peak)
            sys.stderr.write(f"\r{turn + 1}/{options.warm + options.repeat} {name:40.40} {seconds:8.3f} s")
    sys.stderr.write("\r" + " " * 70 + "\r")
    scale, digits = (1000, 1) if options.unit == "ms" else (1, 2)
    baseline = times[cases[0][0]]
    print(f"| | median, {options.unit} | least | most | ratio, median | ratio, worst | processor, {options.unit} | memory, MiB |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for name, _, _ in cases:
        own = times[name]
        if name in failures:
            print(f"| {name} | failed: {failures[name]} | | | | | | |")
            continue
        ratios = [one / base for one, base in zip(own, baseline)]
        cells = [f"{statistics.median(own) * scale:.{digits}f}", f"{min(own) * scale:.{digits}f}",
                 f"{max(own) * scale:.{digits}f}", f"{statistics.median(ratios):.3f}", f"{max(ratios):.3f}",
                 f"{statistics.median(processors[name]) * scale:.{digits}f}", f"{peaks[name] / 2**20:.0f}"]
        print(f"| {name} | {' | '.join(cells)} |")
    os.unlink(log_path)


if __name__ == "__main__":
    main()
