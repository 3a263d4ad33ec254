"""Builds the wheel of `varve.raster` (PEP 517 and 660), with nothing but Python: pip needs no other package for it, and no network.

The shared object in it is built by scripts/build-python of the checkout.
"""
from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

HERE = Path(__file__).resolve().parent
NAME, VERSION = "varve_raster", "0.1.0"
TAG = "py3-none-linux_x86_64"
LIBRARY = "libvarve_raster.so"
METADATA = f"""Metadata-Version: 2.1
Name: varve-raster
Version: {VERSION}
Summary: Maps computed from maps, within the memory and on the cores there are; with the names of Yirgacheffe 2.0
License: Apache-2.0
Requires-Python: >=3.9
Requires-Dist: numpy
"""
WHEEL = f"Wheel-Version: 1.0\nGenerator: varve\nRoot-Is-Purelib: false\nTag: {TAG}\n"
Settings = Optional[Dict[str, Any]]


def library() -> Path:
    """The shared object, built when anything it is made of has changed."""
    script = HERE.parent / "scripts" / "build-python"
    if not script.exists():
        sys.exit("varve-raster is installed from a checkout of Varve: pip install ./python")
    built = subprocess.run([str(script)], stdout=subprocess.PIPE, text=True, check=False)
    if built.returncode != 0:
        sys.exit(f"{script} failed; what it said is above (pip shows it with -v)")
    return Path(built.stdout.strip())


def _wheel(folder: str, files: List[Tuple[str, bytes]]) -> str:
    about = f"{NAME}-{VERSION}.dist-info"
    files = files + [(f"{about}/METADATA", METADATA.encode()), (f"{about}/WHEEL", WHEEL.encode())]
    record = ""
    for name, content in files:
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        record += f"{name},sha256={digest},{len(content)}\n"
    record += f"{about}/RECORD,,\n"
    wheel = f"{NAME}-{VERSION}-{TAG}.whl"
    with zipfile.ZipFile(Path(folder) / wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files + [(f"{about}/RECORD", record.encode())]:
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o755 if name.endswith(".so") else 0o644) << 16
            archive.writestr(entry, content)
    return wheel


def build_wheel(wheel_directory: str, config_settings: Settings = None, metadata_directory: Optional[str] = None) -> str:
    """The module and the shared object."""
    del config_settings, metadata_directory
    sources = sorted(path for path in (HERE / "varve").rglob("*") if path.suffix == ".py" or path.name == "py.typed")
    files = [(path.relative_to(HERE).as_posix(), path.read_bytes()) for path in sources]
    return _wheel(wheel_directory, files + [(f"varve/raster/{LIBRARY}", library().read_bytes())])


def build_editable(wheel_directory: str, config_settings: Settings = None, metadata_directory: Optional[str] = None) -> str:
    """A pointer to the checkout, whose module takes the shared object from `artifacts`."""
    del config_settings, metadata_directory
    library()
    return _wheel(wheel_directory, [(f"{NAME}.pth", f"{HERE}\n".encode())])


def build_sdist(sdist_directory: str, config_settings: Settings = None) -> str:
    """There is none: what is built from lies beside this folder.

    Raises:
        SystemExit: Always.
    """
    del sdist_directory, config_settings
    sys.exit("varve-raster has no source distribution; it is installed from a checkout of Varve: pip install ./python")
