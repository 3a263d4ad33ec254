"""Copies that are repositories, each in the same words: Varve, Borg, restic."""
import os
import shlex
import shutil

PASSWORD = "measured"


class Varve:
    name, encrypted = "Varve", True

    def __init__(self, place, options, cipher="aes", tag="varve"):
        self.place, self.cipher, self.program = place, cipher, shlex.quote(options.varve)
        self.volume = f"repo-{tag}"

    @staticmethod
    def missing():
        return ""

    @property
    def folder(self):
        return self.place.folder(self.volume)

    @property
    def repository(self):
        return f"{self.folder}/repository"

    @property
    def environment(self):
        key = "" if self.cipher == "none" else f"VARVE_KEY_FILE={self.folder}/key"
        return f"export XDG_CACHE_HOME={self.folder}/cache VARVE_HOME={self.folder}/home {key}; "

    def make(self):
        self.place.make(self.volume)
        key = "" if self.cipher == "none" else f"--new-key-file {self.folder}/key"
        self.place.sh(f"{self.environment}{self.program} snap repo init {self.repository} --cipher {self.cipher} {key} > /dev/null")

    def copy(self, source):
        return f"{self.environment}{self.program} snap repo backup --quiet {self.repository} {source}"

    def list_all(self):
        return f"{self.environment}{self.program} snap repo list {self.repository} > /dev/null"

    def restore_one(self, source, path):
        return f"{self.clear()}; {self.environment}{self.program} snap repo restore --quiet {self.repository} latest {self.folder}/again {path}; cat {self.folder}/again/{path} > /dev/null"

    def restore_all(self):
        return f"{self.clear()}; {self.environment}{self.program} snap repo restore --quiet {self.repository} latest {self.folder}/again"

    def forget_latest(self):
        return f"{self.environment}{self.program} snap repo forget --quiet {self.repository} latest; {self.program} snap repo prune --quiet {self.repository}"

    def clear(self):
        return f"chmod -R u+w {self.folder}/again 2> /dev/null || true; rm -rf {self.folder}/again"

    def destroy(self):
        self.place.sh(f"[ ! -e {self.folder} ] || true")
        if os.path.exists(self.folder):
            self.place.destroy(self.volume)


class Borg(Varve):
    name = "Borg"

    def __init__(self, place, options):
        super().__init__(place, options, tag="borg")

    @staticmethod
    def missing():
        return "" if shutil.which("borg") else "borgbackup is not installed"

    @property
    def environment(self):
        return f"export BORG_BASE_DIR={self.folder}/base BORG_PASSPHRASE={PASSWORD} BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes; "

    def make(self):
        self.place.make(self.volume)
        self.place.sh(f"{self.environment}borg init -e repokey {self.repository}")

    def copy(self, source):
        return f"{self.environment}cd {source}; borg create {self.repository}::$(date +%s%N) ."

    def restore(self, path):
        return f"{self.clear()}; mkdir {self.folder}/again; cd {self.folder}/again; {self.environment}borg extract {self.repository}::$(borg list --short --last 1 {self.repository}) {path}"

    def restore_one(self, source, path):
        return f"{self.restore(path)}; cat {path} > /dev/null"

    def restore_all(self):
        return self.restore("")


class Restic(Varve):
    name = "restic"

    def __init__(self, place, options):
        super().__init__(place, options, tag="restic")

    @staticmethod
    def missing():
        return "" if shutil.which("restic") else "restic is not installed"

    @property
    def environment(self):
        return f"export RESTIC_CACHE_DIR={self.folder}/cache RESTIC_PASSWORD={PASSWORD} RESTIC_REPOSITORY={self.repository}; "

    def make(self):
        self.place.make(self.volume)
        self.place.sh(f"{self.environment}restic -q init")

    def copy(self, source):
        return f"{self.environment}restic -q backup {source}"

    def restore_one(self, source, path):
        return f"{self.clear()}; {self.environment}restic -q restore latest --target {self.folder}/again --include {source}/{path}; cat {self.folder}/again{source}/{path} > /dev/null"

    def restore_all(self):
        return f"{self.clear()}; {self.environment}restic -q restore latest --target {self.folder}/again"
