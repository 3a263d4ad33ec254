"""Where the questions are put: a ZFS pool, a btrfs folder or a plain one, here or in an emulated host.

All are worked in through the same few words, so that a question reads alike for each. Whatever a place makes lies
below one dataset or folder of its own, which `close` removes.
"""
import os
import shlex
import subprocess
import tempfile
import time

KEY_BYTES = 32


class Failed(Exception):
    """A command of a question failed; the text is its own words."""


class Here:
    """Runs scripts on this host."""

    emulated = False

    def sh(self, script):
        done = subprocess.run(["sh", "-euc", script], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
        if done.returncode:
            raise Failed(f"{script.strip().splitlines()[0]}: {(done.stderr or done.stdout).strip()[-600:]}")
        return done.stdout

    def seconds(self, script):
        begin = time.perf_counter()
        self.sh(script)
        return time.perf_counter() - begin

    def close(self):
        pass


class Place:
    """What a question may ask of any place. Volumes are folders with files; snapshots are numbered."""

    kind = name = ""
    note = ""

    def __init__(self, host):
        self.host = host

    @property
    def emulated(self):
        return self.host.emulated

    def sh(self, script):
        return self.host.sh(script)

    def seconds(self, script):
        return self.host.seconds(script)

    def settle(self):
        self.sh(self.settle_command)

    @property
    def settle_command(self):
        """A script that ends when all that was written is on the disk."""
        return "sync"

    def number(self, script):
        return int(self.sh(script).split()[0])

    def size(self, folder):
        """Bytes of the files in a folder."""
        return self.number(f"find {folder} -type f -exec stat -c %s {{}} + | awk '{{ n += $1 }} END {{ printf \"%d\", n }}'")

    def folder(self, volume):
        """The path of the files of a volume."""
        raise NotImplementedError

    def apart(self, name):
        """A place of the same kind that shares as little as possible with this one."""
        return self


class Plain(Place):
    kind = "plain"

    def __init__(self, host, base):
        super().__init__(host)
        self.name = f"plain folder {base}"
        self.base = f"{base}/varve-questions-{os.getpid()}"
        self.sh(f"mkdir -p {shlex.quote(self.base)}")

    def folder(self, volume):
        return f"{self.base}/{volume}"

    def make(self, volume):
        self.sh(f"mkdir {self.folder(volume)}")

    def destroy(self, volume):
        self.sh(f"chmod -R u+w {self.folder(volume)}; rm -rf {self.folder(volume)}")

    def cold(self, volume):
        self.sh("sync; echo 3 > /proc/sys/vm/drop_caches")

    def free(self):
        return int(self.sh(f"df -B1 --output=avail {self.base} | tail -n 1"))

    def close(self):
        self.sh(f"chmod -R u+w {self.base} 2> /dev/null || true; rm -rf {self.base}")


class Btrfs(Plain):
    kind = "btrfs"

    def __init__(self, host, base):
        super().__init__(host, base)
        self.name = f"btrfs {base}"

    def make(self, volume):
        self.sh(f"btrfs subvolume create {self.folder(volume)} > /dev/null; mkdir {self.folder(volume)}.s")

    def snapshot(self, volume, number):
        self.sh(f"btrfs subvolume snapshot -r {self.folder(volume)} {self.at(volume, number)} > /dev/null")

    def at(self, volume, number):
        return f"{self.folder(volume)}.s/{number}"

    def snapshots(self, volume, first, last, between):
        """Takes many, with a small change before each."""
        folder = self.folder(volume)
        self.sh(f"i={first}; while [ $i -lt {last} ]; do {between(folder)}; btrfs subvolume snapshot -r {folder} {folder}.s/$i > /dev/null; i=$((i + 1)); done")

    def list_command(self, volume):
        return f"btrfs subvolume list -s {self.base} > /dev/null"

    def drop_command(self, volume, first, last):
        """Destroys snapshots first .. last - 1 and waits until all of it is gone."""
        return f"for i in $(seq {first} {last - 1}); do echo {self.folder(volume)}.s/$i; done | xargs btrfs subvolume delete -c > /dev/null; btrfs subvolume sync {self.base} > /dev/null; {self.settle_command}"

    def destroy(self, volume):
        self.sh(f"for each in {self.folder(volume)}.s/* {self.folder(volume)}; do [ ! -e $each ] || echo $each; done | xargs -r btrfs subvolume delete > /dev/null; rm -rf {self.folder(volume)}.s {self.folder(volume)}")

    def free(self):
        return int(self.sh(f"btrfs filesystem usage -b {self.base} | sed -n 's/.*Free (estimated):[^0-9]*\\([0-9]*\\).*/\\1/p'"))

    @property
    def settle_command(self):
        return f"btrfs filesystem sync {self.base}"

    def close(self):
        self.sh(f"btrfs subvolume list -o {self.base} | sed 's/.* path //' > /dev/null || true; "
                f"find {self.base} -maxdepth 2 -inum 256 | sort -r | xargs -r btrfs subvolume delete > /dev/null 2>&1 || true; rm -rf {self.base}")


class BtrfsLoop(Btrfs):
    """A btrfs in a file, made for the questions."""

    def __init__(self, host, megabytes):
        self.megabytes = megabytes
        self.work = tempfile.mkdtemp(prefix="varve-questions-", dir=os.environ.get("TMPDIR", "/var/tmp"))
        self.mount = f"{self.work}/m"
        self.others = {}
        try:
            host.sh(f"truncate -s {megabytes}M {self.work}/disk; mkfs.btrfs -q {self.work}/disk; mkdir {self.mount}; mount -o loop,noatime {self.work}/disk {self.mount}")
            super().__init__(host, self.mount)
        except BaseException:
            self.close()
            raise
        self.name = "btrfs in a file of its own"

    def apart(self, name):
        if name not in self.others:
            self.others[name] = BtrfsLoop(self.host, self.megabytes)
        return self.others[name]

    def close(self):
        for other in self.others.values():
            other.close()
        subprocess.run(["umount", "-l", self.mount], check=False)
        subprocess.run(["rm", "-rf", self.work], check=False)


class Zfs(Place):
    kind = "zfs"

    def __init__(self, host, above, target, owned=False):
        """`above` is the pool or dataset to work below, `target` where streams go; `owned` says that the pools are ours alone."""
        super().__init__(host)
        self.owned = owned
        self.name = f"ZFS {above}" + (" of an emulated host" if host.emulated else "")
        self.base = f"{above}/varve-questions-{os.getpid()}"
        self.received = f"{target}/varve-questions-received-{os.getpid()}"
        self.mounts = f"/mnt/varve-questions-{os.getpid()}"
        self.key = f"{self.mounts}.key"
        self.pool, self.target_pool = above.split("/")[0], target.split("/")[0]
        try:
            self.sh(f"zfs create -o mountpoint={self.mounts} -o atime=off {self.base}; zfs create -o mountpoint=none -o canmount=off {self.received}; "
                    f"(umask 077; head -c {KEY_BYTES} /dev/urandom > {self.key})")
        except BaseException:
            self.close()
            raise

    def folder(self, volume):
        return f"{self.mounts}/{volume}"

    def make(self, volume, encrypted=False):
        how = f"-o encryption=aes-256-gcm -o keyformat=raw -o keylocation=file://{self.key}" if encrypted else ""
        self.sh(f"zfs create {how} {self.base}/{volume}")

    def snapshot(self, volume, number):
        self.sh(f"zfs snapshot {self.at(volume, number)}")

    def at(self, volume, number):
        return f"{self.base}/{volume}@{number}"

    def snapshots(self, volume, first, last, between):
        folder = self.folder(volume)
        step = 250  # A connection may be cut, and a script that runs for minutes says nothing meanwhile.
        for start in range(first, last, step):
            self.sh(f"i={start}; while [ $i -lt {min(start + step, last)} ]; do {between(folder)}; zfs snapshot {self.base}/{volume}@$i; i=$((i + 1)); done")

    def list_command(self, volume):
        return f"zfs list -H -t snapshot -o name,guid,createtxg,used -r {self.base}/{volume} > /dev/null"

    def drop_command(self, volume, first, last):
        return f"zfs destroy {self.base}/{volume}@{first}%{last - 1}; {self.purged()}"

    def purged(self):
        """A script that ends when the pool has freed all that was destroyed."""
        return f"zpool sync {self.pool}; while [ \"$(zpool get -Hp -o value freeing {self.pool})\" != 0 ]; do sleep 0.1; done"

    def destroy(self, volume):
        self.sh(f"zfs destroy -r {self.base}/{volume}")

    @property
    def settle_command(self):
        return f"zpool sync {self.pool} {self.target_pool}"

    def cold(self, volume):
        """Puts what it holds out of memory. A pool that is not ours alone is not exported; its cache keeps what it may."""
        if self.owned:
            self.sh(f"zpool export {self.pool}; zpool import -d /dev {self.pool}; zfs load-key -a > /dev/null 2>&1 || true; zfs mount -a")
        else:
            self.sh(f"zfs unmount {self.base}/{volume}; sync; echo 3 > /proc/sys/vm/drop_caches; zfs mount {self.base}/{volume}")

    def free(self, dataset=None):
        return int(self.sh(f"zfs get -Hp -o value available {dataset or self.base}"))

    def close(self):
        """What an interrupted command still holds is tried again."""
        for dataset in (self.base, self.received):
            self.sh(f"for n in 1 2 3 4 5; do ! zfs list {dataset} > /dev/null 2>&1 || zfs destroy -r {dataset} || sleep 1; done")
        self.sh(f"rm -f {self.key}; rmdir {self.mounts}.copy {self.mounts} 2> /dev/null || true")
