"""A stream of the file system against the encrypted repository, Borg and restic: first copy, increment, restore, until it can be read, bytes."""
from data import ONE_FILE
from figures import Table, cost
from repositories import Borg, Restic, Varve
from report import Answer

TITLE = "Which copy: a stream of the file system, or a repository?"


def free(place, folder):
    """Bytes that are free. To the disk of a plain folder others write, too: there it is counted from what the copy takes."""
    return -place.number(f"du -s -B1 {folder}") if place.kind == "plain" else place.free()


class Stream:
    """`zfs send` or `btrfs send` into another dataset or folder: the copy is files at once."""
    encrypted = False

    def __init__(self, place, options):
        self.place, self.name = place, f"{place.kind} send"

    @staticmethod
    def missing():
        return ""

    def make(self):
        if self.place.kind == "btrfs":
            self.place.make("copy")
        else:
            self.place.sh(f"zfs create -o mountpoint={self.place.mounts}.copy -o canmount=off {self.place.received}/copy")

    def free(self):
        return self.place.free() if self.place.kind == "btrfs" else self.place.free(self.place.received)

    def copy_of(self, number):
        place = self.place
        if place.kind == "btrfs":
            base = f"-p {place.at('source', number - 1)}" if number > 1 else ""
            return f"btrfs send -q {base} {place.at('source', number)} | btrfs receive -q {place.folder('copy')}"
        base = f"-i {place.at('source', number - 1)}" if number > 1 else ""
        mount = f"zfs mount {place.received}/copy/all" if number == 1 else ":"
        return f"zfs send {base} {place.at('source', number)} | zfs receive -u {place.received}/copy/all; zfs set readonly=on {place.received}/copy/all; {mount}"

    def wire_of(self, number):
        return self.place.number(self.copy_of(number).split(" | ")[0] + " | wc -c")

    def files(self, number):
        return f"{self.place.folder('copy')}/{number}" if self.place.kind == "btrfs" else f"{self.place.mounts}.copy/all"

    def restore_one(self, number):
        return f"cp {self.files(number)}/{ONE_FILE} {self.place.folder('source')}/one; rm {self.place.folder('source')}/one"

    def restore_all(self, number):
        if self.place.kind == "btrfs":
            return f"rm -rf {self.place.folder('copy')}/back; mkdir {self.place.folder('copy')}/back; btrfs send -q {self.files(number)} | btrfs receive -q {self.place.folder('copy')}/back"
        return f"zfs send {self.place.received}/copy/all@{number} | zfs receive -u {self.place.base}/back"

    def after_restore(self, number):
        self.place.sh(f"btrfs subvolume delete {self.place.folder('copy')}/back/{number} > /dev/null; rmdir {self.place.folder('copy')}/back" if self.place.kind == "btrfs"
                      else f"zfs destroy -r {self.place.base}/back")

    def destroy(self):
        if self.place.kind == "btrfs":
            self.place.sh(f"for each in {self.place.folder('copy')}/*/; do [ ! -d $each ] || btrfs subvolume delete $each > /dev/null; done")
            self.place.destroy("copy")
        else:
            self.place.sh(f"zfs destroy -r {self.place.received}/copy")


class Repository:
    """Any of the three, in the words of a stream."""
    encrypted = True

    def __init__(self, kind, place, options):
        self.kind, self.place, self.name, self.missing = kind(place, options), place, kind.name, kind.missing
        self.source, self.sizes, self.folder = place.folder("source"), [0], self.kind.repository

    def make(self):
        self.kind.make()

    def free(self):
        return free(self.place, self.folder)

    def copy_of(self, number):
        return self.kind.copy(self.source)

    def wire_of(self, number):
        """What the repository grew by: so much goes to a host that keeps it."""
        self.sizes.append(self.place.size(self.kind.repository))
        return self.sizes[-1] - self.sizes[-2]

    def restore_one(self, number):
        return self.kind.restore_one(self.source, ONE_FILE)

    def restore_all(self, number):
        return self.kind.restore_all()

    def after_restore(self, number):
        self.place.sh(self.kind.clear())

    def destroy(self):
        self.kind.destroy()


COLUMNS = [("first copy", "s"), ("increment", "s"), ("restore one", "s"), ("restore all", "s"), ("first file readable", "s"), ("all readable", "s"),
           ("wire first", "MB"), ("wire increment", "MB"), ("disk", "MB")]


def ask(place, data, options, say):
    table = Table("A copy of one volume", COLUMNS)
    remarks = [f"{data.count:,} files, {data.bytes / 1e6:,.0f} MB. The copy lies on the same disk or pool; each time until it is on the disk. Readable: from the begin of the first copy until the files "
               "can be opened by any program, which a repository's can after a restore. Wire: the stream, or what the repository grew by. The increment is of one percent."]
    kinds = []
    if place.kind != "plain":
        kinds.append(lambda: Stream(place, options))
    if place.emulated:
        remarks.append("Varve, Borg and restic do not run in the emulated host; beside the stream is `cp -a` there.")
        kinds.insert(0, lambda: Files(place))
    else:
        kinds.insert(0, lambda: Files(place))
        for kind in (Varve, Borg, Restic):
            if kind.name in options.without:
                remarks.append(f"Without {kind.name}, as asked.")
            elif kind.missing():
                remarks.append(f"Without {kind.name}: {kind.missing()}.")
            else:
                kinds.append(lambda kind=kind: Repository(kind, place, options))
    for turn in range(options.rounds):
        one_round(place, data, [make() for make in kinds][::1 if turn % 2 == 0 else -1], table, lambda words: say(f"round {turn + 1} of {options.rounds}: {words}"))
    ordered = Table(table.title, table.columns)
    ordered.cells = {name: table.cells[name] for name in [make().name for make in kinds]}
    return Answer(TITLE, place, [ordered], advice(ordered), remarks)


class Files(Stream):
    """`cp -a`, as a yardstick."""

    def __init__(self, place):
        super().__init__(place, None)
        self.name, self.folder = "cp -a", place.folder("plaincopy")
        self.copy = "cp -a" if place.emulated else "cp -a --reflink=never"

    def make(self):
        self.place.make("plaincopy")

    def free(self):
        return free(self.place, self.folder)

    def copy_of(self, number):
        return f"{self.copy} {self.place.folder('source')} {self.place.folder('plaincopy')}/all" if number == 1 else \
            f"rm -rf {self.place.folder('plaincopy')}/all; {self.copy} {self.place.folder('source')} {self.place.folder('plaincopy')}/all"

    def wire_of(self, number):
        return self.place.size(f"{self.place.folder('plaincopy')}/all")

    def restore_one(self, number):
        return f"cp {self.place.folder('plaincopy')}/all/{ONE_FILE} {self.place.folder('plaincopy')}/one; rm {self.place.folder('plaincopy')}/one"

    def restore_all(self, number):
        return f"{self.copy} {self.place.folder('plaincopy')}/all {self.place.folder('plaincopy')}/back"

    def after_restore(self, number):
        self.place.sh(f"rm -rf {self.place.folder('plaincopy')}/back")

    def destroy(self):
        self.place.destroy("plaincopy")


def one_round(place, data, copies, table, say):
    place.make("source")
    made, settle, cells = [], place.settle_command, {}
    try:
        place.sh(f"{data.fill(place, place.folder('source'))}; {settle}")
        for number in (1, 2):
            if number == 2:
                place.sh(f"{data.change(place.folder('source'), 1)}; {settle}")
            if place.kind != "plain":
                place.snapshot("source", number)
            for copy in copies:
                say(f"{copy.name}, {'first copy' if number == 1 else 'increment'}")
                if number == 1:
                    copy.make()
                    made.append(copy)
                place.settle()
                before = copy.free()
                place.cold("source")
                seconds = place.seconds(f"{copy.copy_of(number)}; {settle}")
                own = cells.setdefault(copy.name, {"disk": 0})
                own["first copy" if number == 1 else "increment"] = seconds
                own["disk"] += max(before - copy.free(), 0)
                own["wire first" if number == 1 else "wire increment"] = copy.wire_of(number)
        for copy in copies:
            say(f"{copy.name}, restore")
            own = cells[copy.name]
            place.cold("source")
            own["restore one"] = place.seconds(f"{copy.restore_one(2)}; {settle}")
            place.cold("source")
            own["restore all"] = place.seconds(f"{copy.restore_all(2)}; {settle}")
            copy.after_restore(2)
            at_once = not isinstance(copy, Repository)
            own["first file readable"] = own["first copy"] + (0 if at_once else own["restore one"])
            own["all readable"] = own["first copy"] + (0 if at_once else own["restore all"])
            table.add(copy.name, **own)
    finally:
        for copy in made:
            copy.destroy()
        place.destroy("source")


def advice(table):
    repositories = [name for name in table.cases if name in ("Varve", "Borg", "restic")]
    stream = next((name for name in table.cases if name.endswith(" send")), None)
    words = []
    if repositories:
        quick = {column: min(repositories, key=lambda name: table.median(name, column)) for column in ("first copy", "increment", "restore one", "restore all", "disk")}
        winners = "; ".join(f"{column} {name}" for column, name in quick.items())
        words.append(f"Of the encrypted repositories the best are: {winners}.")
    if stream and repositories:
        best = min(repositories, key=lambda name: table.median(name, "all readable"))
        ratio = table.ratio(best, "all readable", stream)
        words.append(f"A copy by {stream} can be read after {table.median(stream, 'all readable'):.1f} s, one by {best} after {table.median(best, 'all readable'):.1f} s ({ratio:.1f} times), "
                     f"with {table.median(best, 'wire first') / table.median(stream, 'wire first'):.2f} times the bytes on the wire. So: " +
                     (f"{stream} to hosts that compute on the copy; " if ratio > 1.1 else "either to hosts that compute on the copy; ") + f"{best} to hosts that must hold no key, and where disk or wire are dear.")
    elif stream:
        other = table.cases[0]
        words.append(f"{stream}, beside {other}: the first copy {cost(table.ratio(stream, 'first copy', other), table.spread('first copy'))}, an increment {cost(table.ratio(stream, 'increment', other), table.spread('increment'))}; "
                     "it can be read as soon as it has come. So: streams for replicas, from the second day on above all.")
    elif repositories:
        best = min(repositories, key=lambda name: table.median(name, "increment"))
        words.append(f"On a plain folder an increment by {best} takes {table.median(best, 'increment'):.2f} s where a copy takes {table.median(table.cases[0], 'first copy'):.2f} s: {best} every hour, and a restore when it is to be read.")
    return words
