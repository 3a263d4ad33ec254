#!/usr/bin/env python3
"""A person improves a script in ten edits: each version by the system's shell and by `varve sh`, side by side.

    edits.py VARVE FOLDER

After each edit both run in folders that hold what the version before left. Output, messages, status and files are
compared every time. Prints a Markdown table; the ratio is plain over Varve.
"""

import os
import shutil
import statistics
import subprocess
import sys
import time

VERSIONS = [
    # 1: a first look at the table.
    """\
mkdir -p work
sort -t, -k2,2 -k1,1n observations.csv > work/sorted.csv
cut -d, -f2 work/sorted.csv | uniq -c | sort -rn > work/counts.txt
head -n 5 work/counts.txt
""",
    # 2: more lines of the result.
    ("head -n 5 ", "head -n 10 "),
    # 3: a further question.
    ("head -n 10 work/counts.txt\n", "head -n 10 work/counts.txt\nawk -F, '{ s[$2] += $3; n[$2]++ } END { for (k in s) print k, s[k] / n[k] }' work/sorted.csv | sort > work/means.txt\nhead -n 3 work/means.txt\n"),
    # 4: another unit.
    ("s[k] / n[k] }' work/sorted.csv | sort", "s[k] / n[k] / 100 }' work/sorted.csv | sort"),
    # 5: a comment and a blank line.
    ("head -n 3 work/means.txt", "# means by species\n\nhead -n 3 work/means.txt"),
    # 6: a parameter, used at the end.
    ("mkdir -p work\n", "limit=900\nmkdir -p work\n"),
    ("head -n 3 work/means.txt\n", "head -n 3 work/means.txt\nawk -F, -v limit=$limit '$3 > limit' work/sorted.csv > work/high.csv\nwc -l < work/high.csv\n"),
    # 8: another value of it.
    ("limit=900", "limit=950"),
    # 9: a loop over species.
    ("wc -l < work/high.csv\n", "wc -l < work/high.csv\nfor species in s01 s02 s03; do\n    grep -c \",$species,\" work/high.csv\ndone\n"),
    # 10: a compressed copy of what is kept.
    ("done\n", "done\ngzip -n -c work/high.csv > work/high.csv.gz\nls work\n"),
]


def versions():
    text = VERSIONS[0]
    yield text
    for old, new in VERSIONS[1:]:
        assert old in text
        text = text.replace(old, new, 1)
        yield text


def table(path):
    """Five million observations, the same ones every time (a linear congruential generator)."""
    state = 12345
    with open(path, "w", encoding="ascii") as file:
        for number in range(5_000_000):
            state = (state * 1103515245 + 12345) % 2147483648
            file.write(f"{number},s{state // 65536 % 40:02d},{state // 1024 % 1000}\n")


def run(command, folder):
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return time.perf_counter() - start, (done.returncode, done.stdout, done.stderr)


def files(folder):
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(place, name), "rb") as file:
                found[os.path.relpath(os.path.join(place, name), folder)] = hash(file.read())
    return found


def main():
    varve, scratch = sys.argv[1], sys.argv[2]
    folders = {name: os.path.join(scratch, name) for name in ("plain", "varve")}
    for folder in folders.values():
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
    table(os.path.join(folders["plain"], "observations.csv"))
    shutil.copy(os.path.join(folders["plain"], "observations.csv"), folders["varve"])
    ratios = []
    print("| version | sh, s | varve sh, s | sh over varve |\n|---|---:|---:|---:|")
    for number, text in enumerate(versions(), 1):
        for folder in folders.values():
            with open(os.path.join(folder, "script.sh"), "w", encoding="ascii") as file:
                file.write(text)
        plain, said = run(["/bin/sh", "script.sh"], folders["plain"])
        ours, ours_said = run([varve, "sh", "script.sh"], folders["varve"])
        if said != ours_said or files(folders["plain"]) != files(folders["varve"]):
            sys.exit(f"edits.py: version {number} differs: {said} {ours_said}")
        ratios.append(plain / ours)
        print(f"| {number} | {plain:.2f} | {ours:.2f} | {plain / ours:.2f} |", flush=True)
    print(f"\nFirst run {1 / ratios[0]:.3f} of the plain one's time; later runs {statistics.median(ratios[1:]):.1f} times as fast at the median, least {min(ratios[1:]):.2f}.")


if __name__ == "__main__":
    main()
