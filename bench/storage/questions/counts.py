"""Do 70 (48 + 14 + 8), 1,000 or 10,000 snapshots slow reads, writes, listing or deleting, and so how many to keep locally?"""
import svg
from data import random_writes
from figures import Table, rounds
from repositories import Varve
from report import Answer

TITLE = "How many snapshots may stay locally?"
WORK = ("read", "write", "create", "remove")
SLOWER = 1.25
LISTING_SECONDS = 2.0
FILES, WRITES = 200, 100


def ask(place, data, options, say):
    counts = sorted({0, *options.counts})
    return repository(place, counts, options, say) if place.kind == "plain" else volume(place, counts, options, say)


def volume(place, counts, options, say):
    blocks = options.megabytes << 8
    table = Table("Work on a volume, by snapshots it has", [(name, "s") for name in (*WORK, "list", "destroy one")], digits=3)
    ends = Table("All of them destroyed, until all is freed", [("destroy all", "s"), ("each", "s")], digits=4)
    places = {count: place.apart(f"of{count}") for count in counts}
    made = []

    def change(folder):
        """Each snapshot has a block of its own, so that none is empty."""
        return f"dd if=/dev/urandom of={folder}/big bs=4k count=1 seek=$((i * 7919 % {blocks})) conv=notrunc 2> /dev/null"

    def prepare(count):
        where, name = places[count], f"of{count}"
        where.make(name)
        made.append(count)
        folder = where.folder(name)
        where.sh(f"dd if=/dev/urandom of={folder}/big bs=1M count={options.megabytes} 2> /dev/null; mkdir {folder}/small; {where.settle_command}")
        # All have had the same changes, so that only the snapshots differ.
        for begin in range(0, counts[-1] - count, 500):
            where.sh(f"i={begin}; while [ $i -lt {min(begin + 500, counts[-1] - count)} ]; do {change(folder)}; i=$((i + 1)); done")
        where.snapshots(name, counts[-1] - count, counts[-1], change)
        where.settle()

    turn = [0]

    def work(count):
        where, name, label = places[count], f"of{count}", f"{count:,}"
        folder, settle = where.folder(name), where.settle_command
        turn[0] += 1
        where.cold(name)
        cells = {"read": where.seconds(f"cat {folder}/big > /dev/null"),
                 "write": where.seconds(f"{random_writes(f'{folder}/big', blocks, WRITES, turn[0])}; {settle}"),
                 "create": where.seconds(f"i=0; while [ $i -lt {FILES} ]; do echo $i > {folder}/small/$i; i=$((i + 1)); done; {settle}"),
                 "remove": where.seconds(f"rm -r {folder}/small; mkdir {folder}/small; {settle}"),
                 "list": where.seconds(where.list_command(name))}
        where.snapshot(name, counts[-1])
        where.settle()
        cells["destroy one"] = where.seconds(where.drop_command(name, counts[-1], counts[-1] + 1))
        table.add(label, **cells)

    try:
        for count in counts:
            say(f"a volume with {count:,} snapshots")
            prepare(count)
        rounds(options.rounds, [(f"{count:,} snapshots", lambda count=count: work(count)) for count in counts], say)
        for count in counts:
            if count:
                say(f"destroys {count:,} snapshots")
                seconds = places[count].seconds(places[count].drop_command(f"of{count}", counts[-1] - count, counts[-1]))
                ends.add(f"{count:,}", destroy_all=seconds, each=seconds / count)
    finally:
        for count in made:
            places[count].destroy(f"of{count}")
    return Answer(TITLE, place, [table, ends], advice(table, ends, counts, place.emulated), plots=[plot(table, counts)],
                  remarks=[f"Volumes of {options.megabytes} MB in one file, changed {counts[-1]:,} times by 4 KiB each; write: {WRITES} blocks of 4 KiB all over it; create and remove: {FILES} files; each until it is on the disk."])


def plot(table, counts):
    series = {name: [table.ratio(f"{count:,}", name) for count in counts] for name, _ in table.columns}
    return svg.lines("Time over that without snapshots", series, counts, "snapshots of the volume")


def advice(table, ends, counts, emulated):
    """The most at which no work is slower by more than a quarter (or the noise), there and at every larger count, and a listing takes no more than two
    seconds, which an emulated host cannot tell."""
    highest, tried = counts[-1], counts[1:]
    limits = []
    for name in WORK:
        bound = max(SLOWER, 1 + min(table.spread(name), 1.0))
        slow = next((count for at, count in enumerate(tried) if all(table.ratio(f"{later:,}", name) > bound for later in tried[at:])), None)
        if slow is not None:
            limits.append((slow, f"to {name} takes {table.ratio(f'{slow:,}', name):.2f} times as long"))
    long = next((count for count in tried if table.median(f"{count:,}", "list") > LISTING_SECONDS), None)
    if long is not None and not emulated:
        limits.append((long, f"a listing takes {table.median(f'{long:,}', 'list'):.1f} s"))
    kept = max((count for count in tried if all(count < limit for limit, _ in limits)), default=0)
    ratios = ", ".join(f"to {name} {table.ratio(f'{highest:,}', name):.2f}" for name in WORK)
    words = [f"Keep up to {kept:,} locally: " + ("at " + "; at ".join(f"{count:,} {why}" for count, why in sorted(limits)) + "." if limits else
             f"that is the most that was tried, and no work is slower by more than a quarter or the noise ({ratios} times the time without snapshots).")]
    if len(table.values("0", "read")) < 3:
        words.append("With so few rounds a single figure may be noise: ask again with more.")
    if ends.cases:
        last = ends.cases[-1]
        words.append(f"A listing of {highest:,} takes {table.median(f'{highest:,}', 'list'):.2f} s; to destroy {last} takes {ends.median(last, 'destroy all'):.1f} s, {ends.median(last, 'each') * 1000:.1f} ms each.")
    return words


def repository(place, counts, options, say):
    """A folder is not slowed by snapshots that lie in a repository: what grows is the work on the repository."""
    counts = [count for count in counts if count <= options.most_repository_snapshots]
    table = Table("A repository of Varve's, by snapshots in it", [(name, "s") for name in ("nothing changed", "list", "restore", "forget and prune")], digits=3)
    place.make("source")
    source = place.folder("source")
    place.sh(f"dd if=/dev/urandom of={source}/big bs=1M count={min(options.megabytes, 16)} 2> /dev/null; i=0; while [ $i -lt {FILES} ]; do echo $i > {source}/$i; i=$((i + 1)); done")
    stores = {count: Varve(place, options, "aes", f"of{count}") for count in counts}

    def work(count):
        varve = stores[count]
        cells = {"nothing changed": place.seconds(varve.copy(source)), "list": place.seconds(varve.list_all()), "restore": place.seconds(varve.restore_all())}
        place.sh(varve.clear())
        place.sh(f"echo {count} >> {source}/1; {varve.copy(source)}")
        cells["forget and prune"] = place.seconds(varve.forget_latest())
        table.add(f"{count:,}", **cells)

    try:
        for count in counts:
            say(f"a repository with {count:,} snapshots")
            stores[count].make()
            place.sh(f"i=0; while [ $i -lt {max(count, 1)} ]; do echo $i >> {source}/0; {stores[count].copy(source)}; i=$((i + 1)); done")
        rounds(options.rounds, [(f"{count:,} snapshots", lambda count=count: work(count)) for count in counts], say)
    finally:
        for varve in stores.values():
            varve.destroy()
        place.destroy("source")
    most = f"{counts[-1]:,}"
    grown = table.median(most, "nothing changed")
    verdict = "keep as many as the policy wants" if grown <= LISTING_SECONDS and table.median(most, "list") <= LISTING_SECONDS else "prune: with so many each backup is felt"
    return Answer(TITLE, place, [table], [f"Snapshots of a plain folder lie in a repository and do not slow work on the folder. With {most} in it a backup with nothing new takes {grown:.2f} s, "
                                         f"a listing {table.median(most, 'list'):.2f} s, a restore {table.median(most, 'restore'):.2f} s. So: {verdict}."],
                  plots=[svg.lines("Time over that with one snapshot", {name: [table.ratio(f"{count:,}", name) for count in counts] for name, _ in table.columns}, counts, "snapshots in the repository")])
