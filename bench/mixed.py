"""Makes a folder of mixed data: mixed.py FOLDER MEGABYTES [RASTER_MEGABYTES]; changes one percent of it: mixed.py --change FOLDER [DAY].

Four tenths are small files of text, as in a source tree; three tenths rasters as they are (classes in runs, and heights
with noise), three tenths compressed rasters, which are noise to everyone. The same numbers give the same bytes.
"""
import os
import random
import sys
import zlib

WORDS = [bytes(random.Random(i).choices(b"abcdefghijklmnopqrstuvwxyz", k=random.Random(i).randint(2, 11))) for i in range(5000)]


def text(source, size):
    line, out, length = [], [], 0
    while length < size:
        word = WORDS[min(int(source.paretovariate(0.7)), 4999)]
        line.append(word)
        length += len(word) + 1
        if len(line) > 9:
            out.append(b"    " * source.randint(0, 3) + b" ".join(line))
            line = []
    return b"\n".join(out + [b" ".join(line)])


def raster(source, size):
    rows, out, classes = 0, [], [source.randint(0, 40) for _ in range(200)]
    heights = bytearray(8000)
    while rows < size:
        if len(out) % 2:
            value, row = source.randint(0, 30000), bytearray()
            for block in range(50):
                value += source.randint(-200, 200)
                noise = source.randbytes(80)
                row += b"".join(((value + (n & 7)) & 0xFFFF).to_bytes(2, "little") for n in noise)
            heights = row
        else:
            classes[source.randrange(200)] = source.randint(0, 40)
            heights = bytearray(b"".join(bytes([c]) * 40 for c in classes))
        out.append(bytes(heights))
        rows += len(heights)
    return b"".join(out)


def make(folder, megabytes, raster_megabytes):
    source, total = random.Random(1), megabytes << 20
    block = raster(source, 6 << 20)
    packed = zlib.compress(block, 6)
    done, n = 0, 0
    while done < total * 0.4:
        size = min(int(source.paretovariate(1.1) * 3000), 200_000)
        path = f"{folder}/code/{n // 900}/{n // 30}"
        os.makedirs(path, exist_ok=True)
        with open(f"{path}/{n}.txt", "wb") as f:
            f.write(text(source, size))
        done, n = done + size, n + 1
    for kind, share in (("plain", 0.3), ("packed", 0.3)):
        os.makedirs(f"{folder}/{kind}", exist_ok=True)
        done, n = 0, 0
        while done < total * share:
            with open(f"{folder}/{kind}/{n}.tif", "wb") as f:
                length = 0
                while length < raster_megabytes << 20:
                    if kind == "packed":
                        piece = source.randbytes(len(packed))
                    else:
                        turn = source.randrange(len(block) // 8000) * 8000
                        shift = bytes((i + n + length) & 0xFF for i in range(256))
                        piece = (block[turn:] + block[:turn]).translate(shift)
                    f.write(piece)
                    length += len(piece)
            done, n = done + length, n + 1


def change(folder, day):
    source = random.Random(day)
    for path, _, names in os.walk(folder):
        for name in sorted(names):
            file = f"{path}/{name}"
            if name.endswith(".txt"):
                if source.random() < 0.01:
                    with open(file, "ab") as f:
                        f.write(text(source, 500))
            else:
                size = os.path.getsize(file)
                if source.random() < 0.25:
                    with open(file, "r+b") as f:
                        f.seek(source.randrange(size - 500_000))
                        f.write(source.randbytes(400_000))


if sys.argv[1] == "--change":
    change(sys.argv[2], int((sys.argv + [2])[3]))
else:
    make(sys.argv[1], int(sys.argv[2]), int((sys.argv + [40])[3]))
