"""The data of the questions: the mixed folder of bench/mixed.py, and the change of a day, the same for every place."""
import os
import subprocess
import sys

BENCH = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


LEAST_RASTER, MOST_RASTER = 7, 40  # megabytes


class Data:
    """A folder of so many megabytes; as a tar, too, for hosts that have no other way to it."""

    def __init__(self, work, megabytes):
        self.megabytes, self.folder, self.tar = megabytes, f"{work}/data-{megabytes}", f"{work}/data-{megabytes}.tar"
        os.makedirs(self.folder)
        subprocess.run([sys.executable, f"{BENCH}/mixed.py", self.folder, str(megabytes), str(min(max(megabytes // 8, LEAST_RASTER), MOST_RASTER))], check=True)
        self.bytes = sum(os.path.getsize(f"{above}/{name}") for above, _, names in os.walk(self.folder) for name in names)
        self.count = sum(len(names) for _, _, names in os.walk(self.folder))

    def packed(self):
        """Ends on a whole megabyte, as a disk must."""
        if not os.path.exists(self.tar):
            subprocess.run(["tar", "-cf", self.tar, "-C", self.folder, "."], check=True)
            size = os.path.getsize(self.tar)
            os.truncate(self.tar, (size // (1 << 20) + 2) << 20)
        return self.tar

    def fill(self, place, folder):
        """A script that puts all of it into a folder."""
        return f"tar -xf /dev/vdc -C {folder}" if place.emulated else f"cp -a {self.folder}/. {folder}/"

    @staticmethod
    def change(folder, turn):
        """A script that changes one percent of the files of text, and a block of each raster."""
        return (f"find {folder}/code -name '*.txt' | sort | awk 'NR % 100 == {turn % 100}' | while read -r file; do echo changed {turn} >> $file; done; "
                f"for file in {folder}/plain/*.tif {folder}/packed/*.tif; do dd if=/dev/urandom of=$file bs=64k count=6 seek={(turn * 37 + 11) % 90} conv=notrunc 2> /dev/null; done")


ONE_FILE = "plain/0.tif"


def random_writes(file, blocks, count, salt):
    """A script that writes blocks of 4 KiB all over a file."""
    return f"i=0; while [ $i -lt {count} ]; do dd if=/dev/urandom of={file} bs=4k count=1 seek=$(((i * 7919 + {salt}) % {blocks})) conv=notrunc 2> /dev/null; i=$((i + 1)); done"
