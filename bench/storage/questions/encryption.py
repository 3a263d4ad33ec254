"""What does encryption cost in local use? An encrypted ZFS dataset beside a plain one; an encrypted repository beside one that all can read."""
from data import random_writes
from figures import Table, cost, rounds
from repositories import Varve
from report import Answer

TITLE = "What does encryption cost in local use?"
REWRITTEN = 100
EMULATED = " But an emulated processor encrypts without the instructions that real ones have for it: ask again on the host that is meant."


def ask(place, data, options, say):
    return dataset(place, data, options, say) if place.kind == "zfs" else repository(place, data, options, say)


def dataset(place, data, options, say):
    table = Table("Local use of a dataset", [("write all", "s"), ("read all", "s"), ("write at random", "s")])

    def use(case, encrypted):
        place.make("use", encrypted)
        folder = place.folder("use")
        wrote = place.seconds(f"{data.fill(place, folder)}; {place.settle_command}")
        place.cold("use")
        read = place.seconds(f"find {folder} -type f | xargs cat > /dev/null")
        blocks = 40 << 8
        changed = place.seconds(f"{random_writes(f'{folder}/plain/0.tif', blocks, REWRITTEN, 1)}; {place.settle_command}")
        table.add(case, write_all=wrote, read_all=read, write_at_random=changed)
        place.destroy("use")

    rounds(options.rounds, [("plain", lambda: use("plain", False)), ("encrypted", lambda: use("encrypted", True))], say)
    return Answer(TITLE, place, [table], [advice(table, "An encrypted dataset") + (EMULATED if place.emulated else "")],
                  [f"The data: {data.count:,} files, {data.bytes / 1e6:,.0f} MB. Reads come from the disk; writes at random are {REWRITTEN} blocks of 4 KiB, each by a program of its own."])


def repository(place, data, options, say):
    table = Table("A repository of Varve's", [("first copy", "s"), ("restore all", "s")])
    place.make("source")
    place.sh(f"{data.fill(place, place.folder('source'))}; {place.settle_command}")

    def use(case, cipher):
        varve = Varve(place, options, cipher)
        varve.make()
        place.cold("source")
        first = place.seconds(f"{varve.copy(place.folder('source'))}; {place.settle_command}")
        place.cold("source")
        restore = place.seconds(f"{varve.restore_all()}; {place.settle_command}")
        table.add(case, first_copy=first, restore_all=restore)
        varve.destroy()

    try:
        rounds(options.rounds, [("not encrypted", lambda: use("not encrypted", "none")), ("AES-256-GCM", lambda: use("AES-256-GCM", "aes")),
                                ("XChaCha20-Poly1305", lambda: use("XChaCha20-Poly1305", "chacha"))], say)
    finally:
        place.destroy("source")
    return Answer(TITLE, place, [table], [advice(table, "An encrypted repository")])


def advice(table, what):
    """Encrypt where nothing takes half as long again."""
    plain, encrypted = table.cases[:2]
    ratios = {name: table.ratio(encrypted, name) for name, _ in table.columns}
    said = "; ".join(f"to {name} {cost(ratio, table.spread(name))}" for name, ratio in ratios.items())
    worst = max(ratio for ratio in ratios.values() if ratio is not None)
    verdict = "encrypt, it is not felt" if worst <= 1.15 else "encrypt unless this very work is what you wait for" if worst <= 1.5 else "encrypt what leaves the house; keep what is computed on all day plain, if you may"
    return f"{what} ({encrypted}) beside one that is not: {said}. So: {verdict}."
