"""How long until the space of deleted files comes back, with and without snapshots?"""
import time

from figures import Table, rounds
from repositories import Varve
from report import Answer

TITLE = "How long until the space of deleted files comes back?"
SHARE_BACK = 0.9
PATIENCE = 120.0
SETTLED = 1


def ask(place, data, options, say):
    return repository(place, data, options, say) if place.kind == "plain" else volume(place, data, options, say)


def wait_for(place, free, patience=PATIENCE):
    """Seconds until so many bytes are free, or None."""
    begin = time.perf_counter()
    while time.perf_counter() - begin < patience:
        if place.free() >= free:
            return time.perf_counter() - begin
        time.sleep(0.05)
    return None


def volume(place, data, options, say):
    table = Table("Deleting all files of a volume", [("remove", "s"), ("space back after that", "s"), ("destroy snapshots", "s"), ("space back since removal", "s")])
    counts = [count for count in sorted({0, 1, *options.counts}) if count <= 70]
    held = {}

    def purge(count):
        place.make("purge")
        place.settle()
        folder, empty = place.folder("purge"), place.free()
        place.sh(f"{data.fill(place, folder)}; {place.settle_command}")
        if count:
            place.snapshots("purge", 0, count, lambda where: f"echo $i > {where}/counter")
        place.settle()
        full = place.free()
        enough = full + SHARE_BACK * (empty - full)
        removed = place.seconds(f"find {folder} -mindepth 1 -maxdepth 1 | xargs rm -rf; {place.settle_command}")
        cells = {"remove": removed}
        if count:
            time.sleep(SETTLED)
            held[count] = min(1.0, max(0.0, 1 - (place.free() - full) / max(empty - full, 1)))
            cells["destroy snapshots"] = place.seconds(place.drop_command("purge", 0, count))
        back = wait_for(place, enough)
        if back is not None:
            if not count:
                cells["space back after that"] = back
            cells["space back since removal"] = removed + cells.get("destroy snapshots", 0) + back
        table.add(label(count), **cells)
        place.destroy("purge")
        place.settle()

    rounds(options.rounds, [(label(count), lambda count=count: purge(count)) for count in counts], say)
    without, with_most = table.median(label(0), "space back since removal"), table.median(label(counts[-1]), "space back since removal")
    words = [f"Without snapshots the space of {data.bytes / 1e6:,.0f} MB in {data.count:,} files is back {without:.1f} s after the removal begins." if without is not None else
             f"Without snapshots the space was not back within {PATIENCE:.0f} s."]
    if held:
        words.append(f"With snapshots {min(held.values()):.0%} of it stays taken until the last that has the files is destroyed; removal and destroying {counts[-1]} together "
                     + (f"take {with_most:.1f} s. " if with_most is not None else f"did not bring it back within {PATIENCE:.0f} s. ")
                     + "So space that must come back at once is kept out of datasets with long policies: scratch files belong in a dataset of their own.")
    return Answer(TITLE, place, [table], [" ".join(words)], [f"Back means {SHARE_BACK:.0%} of what the files took, asked of the file system every twentieth of a second after a flush" + ("; without a flush btrfs gives it back at its next commit, by default within 30 s." if place.kind == "btrfs" else ".")])


def label(count):
    return "no snapshots" if count == 0 else f"{count} snapshot" + ("s" if count > 1 else "")


def repository(place, data, options, say):
    table = Table("A snapshot of all files, dropped from a repository", [("forget and prune", "s"), ("space back since then", "s")])
    place.make("source")
    place.sh(f"{data.fill(place, place.folder('source'))}")

    def purge():
        varve = Varve(place, options, "aes")
        varve.make()
        place.sh("sync")
        empty = place.size(varve.repository)
        place.sh(varve.copy(place.folder("source")))
        full = place.size(varve.repository)
        seconds = place.seconds(varve.forget_latest())
        left = (place.size(varve.repository) - empty) / max(full - empty, 1)
        table.add("Varve", forget_and_prune=seconds, **({"space_back_since_then": seconds} if left <= 1 - SHARE_BACK else {}))
        varve.destroy()

    try:
        rounds(options.rounds, [("forget and prune", purge)], say)
    finally:
        place.destroy("source")
    back = table.median("Varve", "space back since then")
    return Answer(TITLE, place, [table], ["A plain folder gives space back at once; its snapshots in a repository give it back with `forget` and `prune`, "
                                         + (f"in {back:.2f} s for {data.bytes / 1e6:,.0f} MB." if back is not None else "but here not all of it came back.")])
