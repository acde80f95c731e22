# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The disk of a real Linux guest, built from Debian's packages, kept below ``.cache`` and rebuilt when it is a week old.

Nothing is mounted and no loop device is used. Needs root, because the file system is filled by mmdebstrap.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import tempfile
import time
import typing as t
from pathlib import Path

from ..libvirtd.processes import LabError, program
from .system import configure

HERE = Path(__file__).resolve().parent
PACKAGES = "systemd systemd-sysv udev dbus python3 python3-apt openssh-server iproute2 kmod qemu-guest-agent".split()
HOST_PROGRAMS = "mmdebstrap busybox cpio mke2fs depmod modprobe apt-get dpkg-deb ssh-keygen qemu-img".split()
KERNEL = "linux-image-cloud-amd64"
# In the order in which they can be loaded.
BOOT_MODULES = "virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci virtio_blk".split()
MODULES = [*BOOT_MODULES, *"virtio_console failover net_failover virtio_net virtio-rng".split()]
WEEK = 7 * 24 * 3600
DISK_SIZE = "700M"
INIT = """#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs dev /dev
for module in $(/bin/busybox cat /modules.list); do /bin/busybox insmod /$module; done
until [ -b /dev/vda ]; do /bin/busybox sleep 0.1; done
/bin/busybox mount -t ext4 /dev/vda /newroot
/bin/busybox mount --move /dev /newroot/dev
/bin/busybox umount /sys /proc
exec /bin/busybox switch_root /newroot /sbin/init
"""


class Image(t.NamedTuple):
    """Where the parts of the guest are: kernel, first file system, disk and the key that opens it to ssh."""

    kernel: Path
    initrd: Path
    disk: Path
    key: Path


def cache_folder() -> Path:
    """Where the image is kept: in the ``.cache`` that this tree lies in, else in the one of this checkout."""
    outer = [parent for parent in HERE.parents if parent.name == ".cache"]
    return (outer[-1] if outer else HERE.parents[2] / ".cache") / "guest"


def image() -> Image:
    """Build the image unless a fresh one is there, and return it. For root; safe to call from several processes.

    Raises:
        LabError: it cannot be built here; the message says why.
    """
    for name in HOST_PROGRAMS:
        program(name)
    recipe = b"".join(path.read_bytes() for path in sorted(HERE.glob("*.py")) if path.name in ("image.py", "system.py"))
    folder = cache_folder() / hashlib.sha256(recipe).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    built = Image(folder / "vmlinuz", folder / "initrd", folder / "disk.qcow2", folder / "key")
    with (folder.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built.disk.exists() or time.time() - built.disk.stat().st_mtime > WEEK:
            _build(built)
    return built


def _build(built: Image) -> None:
    # mmdebstrap's own helpers must be able to look into the folder.
    with tempfile.TemporaryDirectory(prefix="guest-", dir="/var/tmp") as name:
        work = Path(name)
        work.chmod(0o755)
        tree, kernel = work / "tree", work / "kernel"
        _run("mmdebstrap", "--mode=root", "--variant=minbase", f"--include={','.join(PACKAGES)}", *_dpkg_options(),
             _codename(), str(tree), str(_sources()))  # fmt: skip
        version = _fetch_kernel(work, kernel)
        shutil.copy(kernel / "boot" / f"vmlinuz-{version}", built.kernel)
        _copy_modules(kernel, tree, version)
        built.key.unlink(missing_ok=True)
        _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(built.key))
        configure(tree, built.key.with_suffix(".pub").read_text(encoding="utf-8"))
        _make_initrd(work / "initrd", kernel, version, built.initrd)
        raw, draft = work / "disk.raw", built.disk.with_suffix(".new")
        _run("truncate", "-s", DISK_SIZE, str(raw))
        _run("mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-E", "lazy_itable_init=1,root_owner=0:0",
             "-d", str(tree), str(raw))  # fmt: skip
        _run("qemu-img", "convert", "-O", "qcow2", str(raw), str(draft))
        draft.replace(built.disk)


def _dpkg_options() -> list[str]:
    paths = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*")
    # What is written is packed and thrown away: nothing of it has to survive a power cut.
    return ["--dpkgopt=force-unsafe-io", *(f"--dpkgopt=path-exclude={path}" for path in paths)]


def _codename() -> str:
    for line in Path("/etc/os-release").read_text(encoding="utf-8").splitlines():
        if line.startswith("VERSION_CODENAME="):
            return line.partition("=")[2].strip('"')
    raise LabError("/etc/os-release names no release of Debian")


def _sources() -> Path:
    """The host's own list of Debian's archives."""
    places = (Path("/etc/apt/sources.list.d/debian.sources"), Path("/etc/apt/sources.list"))
    for place in places:
        if place.exists() and _codename() in place.read_text(encoding="utf-8"):
            return place
    raise LabError("neither /etc/apt/sources.list nor debian.sources beside it names Debian's archive")


def _fetch_kernel(work: Path, kernel: Path) -> str:
    """Unpack Debian's kernel without installing it; return its version."""
    told = subprocess.run(["apt-cache", "depends", KERNEL], capture_output=True, text=True, check=False).stdout
    names = [line.split()[-1] for line in told.splitlines() if "Depends: linux-image-" in line]
    if not names:
        raise LabError(f"apt knows no package {KERNEL}; run: apt-get update")
    # The helper of apt that fetches runs as another user.
    work.chmod(0o777)
    _run("apt-get", "-qq", "download", names[0], folder=work)
    work.chmod(0o755)
    _run("dpkg-deb", "-x", str(next(work.glob("linux-image-*.deb"))), str(kernel))
    return names[0].removeprefix("linux-image-").removesuffix("-unsigned")


def _modules(kernel: Path, version: str, names: t.Sequence[str]) -> list[Path]:
    """The files of modules, those that they depend on before them; what is built into the kernel has none."""
    found: dict[Path, None] = {}
    for name in names:
        command = [program("modprobe"), "-d", str(kernel), "-S", version, "--show-depends", name]
        told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        found.update({Path(line.split()[1]): None for line in told.splitlines() if line.startswith("insmod ")})
    return list(found)


def _copy_modules(kernel: Path, tree: Path, version: str) -> None:
    _run("depmod", "-b", str(kernel), version)
    source, target = kernel / "lib/modules" / version, tree / "lib/modules" / version
    files = [*_modules(kernel, version, MODULES), *source.glob("modules.builtin*"), source / "modules.order"]
    for path in files:
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
    _run("depmod", "-b", str(tree), version)


def _make_initrd(folder: Path, kernel: Path, version: str, target: Path) -> None:
    for name in ("bin", "proc", "sys", "dev", "newroot"):
        (folder / name).mkdir(parents=True)
    shutil.copy(program("busybox"), folder / "bin/busybox")
    modules = _modules(kernel, version, BOOT_MODULES)
    for path in modules:
        shutil.copy(path, folder)
    (folder / "modules.list").write_text("\n".join(path.name for path in modules), encoding="utf-8")
    (folder / "init").write_text(INIT, encoding="utf-8")
    (folder / "init").chmod(0o755)
    names = "\0".join(str(path.relative_to(folder)) for path in sorted(folder.rglob("*"))).encode()
    with target.open("wb") as out:
        subprocess.run(
            ["cpio", "--null", "--create", "--format=newc", "--quiet"], input=names, stdout=out, cwd=folder, check=True
        )


def _run(*command: str, folder: Path | None = None) -> None:
    line = [program(command[0]), *command[1:]]
    done = subprocess.run(
        line, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode != 0:
        raise LabError(f"{command[0]} failed: {done.stderr[-2000:]}")
