"""Puts the open questions of storage to the pools and folders given, and writes a report with plots and a recommendation.

    bench/storage/questions.sh [options] [POOL|DATASET|FOLDER|loop|emulated]...

With no place named it makes a btrfs in a file, takes a plain folder, and an emulated host with ZFS if there is an image
of one. Whatever it makes is removed again, also after Ctrl-C. Nothing of a given place is touched but what it made there.
"""
import argparse
import importlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import emulated
import places
import report
from data import Data

QUESTIONS = ["encryption", "streams", "counts", "purge", "changes", "copies"]
EMULATED_MEGABYTES = 64


def numbers(text):
    return [int(part.replace("_", "")) for part in text.split(",")]


def arguments():
    parser = argparse.ArgumentParser(prog="bench/storage/questions.sh", description=__doc__.split("\n\n")[0], formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("places", nargs="*", metavar="POOL|DATASET|FOLDER|loop|emulated", help="loop: a btrfs in a file; emulated: the host of ./test-zfs")
    parser.add_argument("--small", action="store_true", help="a quick try: 8 MB, few snapshots, one round")
    parser.add_argument("--megabytes", type=int, help="of data (256; emulated at most 64)")
    parser.add_argument("--counts", type=numbers, help="of snapshots (70,1000,10000; emulated 70,1000)")
    parser.add_argument("--rounds", type=int, help="how often each case (3)")
    parser.add_argument("--questions", default=",".join(QUESTIONS), help="which of " + ",".join(QUESTIONS))
    parser.add_argument("--target", help="a dataset or pool for what is sent; by default beside what it is sent from")
    parser.add_argument("--without", default="", help="what is left out of copies: Borg, restic")
    parser.add_argument("--no-emulated", action="store_true", help="leave out the emulated host when no place is named")
    parser.add_argument("--out", default="storage-questions.html", help="the report (storage-questions.html); a name that ends in .md makes it Markdown")
    options = parser.parse_args()
    options.given_counts = options.counts is not None
    options.megabytes = options.megabytes or (8 if options.small else 256)
    options.counts = options.counts or ([5, 20] if options.small else [70, 1000, 10000])
    options.rounds = options.rounds or (1 if options.small else 3)
    options.most_repository_snapshots = max(options.counts) if options.given_counts else 20 if options.small else 1000
    options.asked = [name.strip() for name in options.questions.split(",")]
    for name in options.asked:
        if name not in QUESTIONS:
            parser.error(f"there is no question '{name}'; there are {', '.join(QUESTIONS)}")
    options.without = options.without.split(",")
    options.varve = os.environ["VARVE_PROGRAM"]
    return options


def loop_megabytes(options):
    """Room for the data, three copies of it and their restores."""
    return max(1024, options.megabytes * 16)


def machine(options, data, work, root):
    """The emulated host; its data come on a disk, since what comes over ssh there comes slowly."""
    image, why = emulated.image(root)
    if image is None:
        raise places.Failed(f"the emulated host: {why}")
    options.machine_data = data if options.megabytes <= EMULATED_MEGABYTES else Data(work, EMULATED_MEGABYTES)
    return emulated.EmulatedZfs(image, max(4, options.megabytes // 16) << 30, options.machine_data.packed())


def found(name, options, data, work, root):
    """The place of a name on the command line."""
    here = places.Here()
    if name == "loop":
        return places.BtrfsLoop(here, loop_megabytes(options))
    if name == "emulated":
        return machine(options, data, work, root)
    if not name.startswith("/"):
        return places.Zfs(here, name, options.target or name)
    if not os.path.isdir(name):
        raise places.Failed(f"there is no folder {name}")
    name = name.rstrip("/") or "/"
    return (places.Btrfs if here.sh(f"stat -f -c %T '{name}'").strip() == "btrfs" else places.Plain)(here, name)


def ask_all(maker, options, data, say, answers):
    """Adds the answers of one place; what fails is said in its answer, and the others go on."""
    place = maker()
    try:
        own = argparse.Namespace(**vars(options))
        if place.emulated:
            own.megabytes = min(options.megabytes, EMULATED_MEGABYTES)
            if not options.given_counts and not options.small:
                own.counts = [70, 1000]
        for name in options.asked:
            question = importlib.import_module(name)
            begin = time.monotonic()
            try:
                answers.append(question.ask(place, options.machine_data if place.emulated else data, own, lambda words: say(f"{place.name}: {name}: {words}")))
            except places.Failed as failure:
                answers.append(report.Answer(question.TITLE, place, failure=str(failure)))
                say(f"{place.name}: {name}: {failure}")
            say(f"{place.name}: {name}: {time.monotonic() - begin:.0f} s")
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        place.close()
        signal.signal(signal.SIGINT, signal.default_int_handler)


def interrupted(*_):
    raise KeyboardInterrupt


def write(options, answers, load, say):
    kernel = os.uname().release
    processor = subprocess.run("sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1", shell=True, capture_output=True, text=True, check=True).stdout.strip()
    head = ["The open questions of storage, answered here",
            f"{processor}, {os.cpu_count()} CPUs, Linux {kernel}, {time.strftime('%Y-%m-%d', time.gmtime())}; load at the start {load}. Cases of one table ran interleaved, {options.rounds} round{'s' * (options.rounds > 1)}. "
            f"Repeat: bench/storage/questions.sh {' '.join(sys.argv[1:])}".rstrip()]
    text = report.markdown(answers, head)
    with open(options.out + ".new", "w", encoding="utf-8") as file:
        file.write(text if options.out.endswith(".md") else report.html(answers, head))
    os.replace(options.out + ".new", options.out)
    print(text, end="")
    say(f"the report is {options.out}")


def main():
    options = arguments()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, interrupted)
    signal.signal(signal.SIGHUP, interrupted)

    def say(words):
        print(words, file=sys.stderr, flush=True)

    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    work = tempfile.mkdtemp(prefix="varve-questions-", dir=os.environ.get("TMPDIR", "/var/tmp"))
    answers = []
    try:
        with open("/proc/loadavg", encoding="ascii") as file:
            load = file.read().split()[0]
        say("makes the data")
        data = Data(work, options.megabytes)
        for name in options.places or ["loop", work, *([] if options.no_emulated else ["emulated"])]:
            try:
                ask_all(lambda name=name: found(name, options, data, work, root), options, data, say, answers)
            except places.Failed as failure:
                say(f"a place was left out: {failure}")
        write(options, answers, load, say)
    except KeyboardInterrupt:
        say("interrupted; what was made has been removed")
        if answers:
            write(options, answers, load, say)
        return 130
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return 0 if answers and not any(answer.failure for answer in answers) else 3


if __name__ == "__main__":
    sys.exit(main())
