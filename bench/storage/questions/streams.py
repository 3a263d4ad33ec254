"""What do raw streams from encrypted to encrypted cost, beside plain ones? Only ZFS can send encrypted."""
from figures import Table, cost, rounds
from report import Answer

TITLE = "What do encrypted raw streams cost, beside plain ones?"


def ask(place, data, options, say):
    if place.kind != "zfs":
        return Answer(TITLE, place, remarks=["Only ZFS sends encrypted. What an encrypted repository costs beside a stream is below."])
    table = Table("Send and receive", [("full", "s"), ("increment", "s"), ("bytes full", "MB"), ("bytes increment", "MB")])
    for volume, encrypted in (("open", False), ("sealed", True)):
        place.make(volume, encrypted)
        place.sh(f"{data.fill(place, place.folder(volume))}; {place.settle_command}")
        place.snapshot(volume, 1)
        place.sh(f"{data.change(place.folder(volume), 1)}; {place.settle_command}")
        place.snapshot(volume, 2)
    place.sh(f"zfs create -o encryption=aes-256-gcm -o keyformat=raw -o keylocation=file://{place.key} -o mountpoint=none {place.received}/keyed")

    def send(case, volume, flags, target):
        first, second = place.at(volume, 1), place.at(volume, 2)
        full = place.seconds(f"zfs send {flags} {first} | zfs receive -u {target}; {place.settle_command}")
        increment = place.seconds(f"zfs send {flags} -i {first} {second} | zfs receive -u {target}; {place.settle_command}")
        table.add(case, full=full, increment=increment, bytes_full=place.number(f"zfs send {flags} {first} | wc -c"),
                  bytes_increment=place.number(f"zfs send {flags} -i {first} {second} | wc -c"))
        place.sh(f"zfs destroy -r {target}")

    try:
        rounds(options.rounds, [("plain to plain", lambda: send("plain to plain", "open", "", f"{place.received}/open")),
                                ("plain to plain, compressed (-c)", lambda: send("plain to plain, compressed (-c)", "open", "-c", f"{place.received}/packed")),
                                ("encrypted to encrypted, raw", lambda: send("encrypted to encrypted, raw", "sealed", "-w", f"{place.received}/raw")),
                                ("decrypted, and encrypted again", lambda: send("decrypted, and encrypted again", "sealed", "", f"{place.received}/keyed/again"))], say)
    finally:
        for volume in ("open", "sealed"):
            place.destroy(volume)
        place.sh(f"zfs destroy -r {place.received}/keyed")
    raw, again = "encrypted to encrypted, raw", "decrypted, and encrypted again"
    bytes_ratio = table.ratio(raw, "bytes full")
    advice = (f"A raw stream, beside a plain one: full {cost(table.ratio(raw, 'full'), table.spread('full'))}, increment {cost(table.ratio(raw, 'increment'), table.spread('increment'))}, "
              f"with {bytes_ratio:.2f} times the bytes; to decrypt and encrypt again {cost(table.ratio(again, 'full'), table.spread('full'))}. "
              + ("Send raw: the other side needs no key and it is no slower." if table.ratio(raw, "full") <= 1.15 else "Send raw for the sake of the key, not of speed."))
    return Answer(TITLE, place, [table], [advice])
