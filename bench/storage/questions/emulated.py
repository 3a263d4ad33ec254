"""An emulated host with a real ZFS and two pools, as `./test-zfs` makes it: shapes, not speeds."""
import hashlib
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time

from places import Failed, Zfs

SECTOR = 512
FIRST_SECTOR = 2048
BOOT_SECONDS = 240
ENVIRONMENT = "export PATH=/sbin:/bin:/usr/sbin:/usr/bin LD_LIBRARY_PATH=/lib/x86_64-linux-gnu; "


def image(root):
    """The folder with the host's kernel, or None; and why."""
    given = os.environ.get("VARVE_ZFS_HOST")
    if not given:
        digest = hashlib.sha256()
        for name in ("build", "init"):
            with open(f"{root}/tests/zfs/{name}", "rb") as file:
                digest.update(file.read())
        given = f"{os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache')}/varve-zfs/{digest.hexdigest()[:16]}"
    if not os.path.exists(f"{given}/version"):
        return None, "there is no image of a host with ZFS (./test-zfs makes one)"
    if not shutil.which("qemu-system-x86_64"):
        return None, "qemu-system-x86 is not installed"
    return given, ""


def disk(path, size):
    """An empty disk with one partition: `zpool create` makes none there."""
    with open(path, "wb") as file:
        file.truncate(size)
        file.seek(446)
        file.write(struct.pack("<B3sB3sII", 0, b"\0\2\0", 0xBF, b"\xff\xff\xff", FIRST_SECTOR, size // SECTOR - FIRST_SECTOR))
        file.seek(510)
        file.write(b"\x55\xaa")


class Machine:
    """Runs scripts there, over one connection."""

    emulated = True

    def __init__(self, where, disk_bytes, data):
        self.folder = tempfile.mkdtemp(prefix="varve-questions-zfs-", dir=os.environ.get("TMPDIR", "/var/tmp"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        for name in ("src", "dst"):
            disk(f"{self.folder}/{name}", disk_bytes)
        drives = []
        for name, more in ((f"{self.folder}/src", ""), (f"{self.folder}/dst", ""), (data, ",readonly=on")):
            drives += ["-drive", f"file={name},if=virtio,format=raw,cache=unsafe{more}"]
        with open(f"{self.folder}/log", "w") as log:
            self.emulator = subprocess.Popen(
                ["qemu-system-x86_64", "-M", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-m", "2048", "-smp", "2", "-display", "none",
                 "-serial", f"file:{self.folder}/console", "-no-reboot", "-kernel", f"{where}/vmlinuz", "-initrd", f"{where}/initrd.gz",
                 "-append", "console=ttyS0 panic=-1 quiet", *drives, "-nic", f"user,model=virtio-net-pci,hostfwd=tcp:127.0.0.1:{port}-:22"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.ssh = ["ssh", "-i", f"{where}/id", "-p", str(port), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                    "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=5", "-o", "ControlMaster=auto", "-o", f"ControlPath={self.folder}/c", "-o", "ControlPersist=600", "root@127.0.0.1"]
        try:
            self.wait()
            self.sh("ln -sf /proc/mounts /etc/mtab; for pool in src:vda dst:vdb; do zpool create -f -O mountpoint=none -O atime=off ${pool%:*} /dev/${pool#*:}1; done")
        except BaseException:
            self.close()
            raise

    def wait(self):
        end = time.monotonic() + BOOT_SECONDS
        while True:
            try:
                return self.sh("cat /sys/module/zfs/version")
            except Failed as failure:
                if time.monotonic() > end or self.emulator.poll() is not None:
                    raise Failed(f"the emulated host did not start: {failure}") from failure
                time.sleep(0.5)

    def sh(self, script):
        done = subprocess.run([*self.ssh, f"{ENVIRONMENT}set -eu\n{script}"], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
        if done.returncode:
            raise Failed(f"{script.strip().splitlines()[0]}: {(done.stderr or done.stdout).strip()[-600:]}")
        return done.stdout

    def seconds(self, script):
        """By the clock of the host there, so that the way to it does not count; it ticks every hundredth of a second."""
        said = self.sh(f"read begin rest < /proc/uptime\n{script}\nread end rest < /proc/uptime\necho; echo $begin $end").strip().splitlines()[-1].split()
        return max(float(said[1]) - float(said[0]), 0.01)

    def close(self):
        subprocess.run([*self.ssh[:-1], "-O", "exit", self.ssh[-1]], check=False, capture_output=True)
        self.emulator.kill()
        self.emulator.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class EmulatedZfs(Zfs):
    """Its pools. Data lie on a third disk as a tar, since what comes over ssh there comes slowly."""

    def __init__(self, where, disk_bytes, data):
        super().__init__(Machine(where, disk_bytes, data), "src", "dst", owned=True)

    def close(self):
        self.host.close()
