"""What does it cost to know what changed since a snapshot? The file system's own answer beside a walk, and beside reading all."""
from figures import Table, rounds
from repositories import Varve
from report import Answer

TITLE = "What does it cost to know what changed?"


def ask(place, data, options, say):
    table = Table("To know what changed in a day", [("cold", "s"), ("warm", "s")], digits=3)
    place.make("days")
    folder = place.folder("days")
    varve = Varve(place, options, "aes") if not place.emulated else None
    try:
        place.sh(f"{data.fill(place, folder)}; {place.settle_command}")
        if place.kind != "plain":
            place.snapshot("days", 1)
        if varve:
            varve.make()
            place.sh(varve.copy(folder))
        place.sh(f"{data.change(folder, 1)}; {place.settle_command}")
        if place.kind != "plain":
            place.snapshot("days", 2)
        cases = [("walk: names, sizes, times", f"find {folder} -type f -exec stat -c '%n %s %Y %i' {{}} + > /dev/null"),
                 ("read all, and digests", f"find {folder} -type f -exec sha256sum {{}} + > /dev/null")]
        if place.kind == "zfs":
            cases += [("zfs diff: names", f"zfs diff -H {place.at('days', 1)} {place.at('days', 2)} > /dev/null"),
                      ("zfs send -nv: how much", f"zfs send -nvP -i {place.at('days', 1)} {place.at('days', 2)} > /dev/null"),
                      ("zfs send: the blocks", f"zfs send -i {place.at('days', 1)} {place.at('days', 2)} > /dev/null")]
        if place.kind == "btrfs":
            generation = place.sh(f"btrfs subvolume find-new {place.at('days', 1)} 9999999").split()[-1]
            cases += [("btrfs find-new: extents", f"btrfs subvolume find-new {place.at('days', 2)} {generation} > /dev/null"),
                      ("btrfs send --no-data: names", f"btrfs send -q --no-data -p {place.at('days', 1)} {place.at('days', 2)} > /dev/null"),
                      ("btrfs send: the blocks", f"btrfs send -q -p {place.at('days', 1)} {place.at('days', 2)} > /dev/null")]
        if varve:
            cases.append(("varve snap repo backup: and stored", varve.copy(folder)))

        def know(name, script):
            place.cold("days")
            cold = place.seconds(script)
            table.add(name, cold=cold, warm=place.seconds(script))

        rounds(options.rounds, [(name, lambda name=name, script=script: know(name, script)) for name, script in cases], say)
    finally:
        if varve:
            varve.destroy()
        place.destroy("days")
    return Answer(TITLE, place, [table], [advice(table, data, place)], [f"{data.count:,} files, {data.bytes / 1e6:,.0f} MB; one in a hundred files of text and a block of each raster changed. Cold: nothing of it in memory."])


def advice(table, data, place):
    walk, read = table.cases[:2]
    own = [case for case in table.cases if case.startswith(("zfs", "btrfs")) and case.endswith(("names", "extents"))]
    per_file = table.median(walk, "cold") / max(data.count, 1) * 1e6
    text = f"A walk costs {per_file:.0f} us a file when nothing is in memory, reading all {table.ratio(read, 'cold', walk):.1f} times a walk"
    if not own:
        return f"{text}. Without snapshots of the file system there is nothing quicker than the walk; do not read all to know."
    best = min(own, key=lambda case: table.median(case, "cold"))
    ratio = table.ratio(best, "cold", walk)
    return (f"{text}; `{best.split(':')[0]}` {ratio:.2f} times. "
            + ("Ask the file system: it is quicker, and it need not keep a list of its own." if ratio < 0.9 else
               "The walk is as good here; the file system's answer pays when files are many and changes few." if ratio < 1.5 else
               "Walk: here the file system's own answer is dearer than looking at each file."))
