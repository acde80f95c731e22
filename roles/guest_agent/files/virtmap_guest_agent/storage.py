# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""File systems, how full they are, and disks by their serial numbers."""

from __future__ import annotations

import os
import re
import typing as t
from pathlib import Path, PurePosixPath


class Mount(t.NamedTuple):
    """A line of ``mountinfo``; ``root`` is the part of the file system that is seen at ``path``."""

    device: str
    root: str
    path: str
    kind: str


def read_mounts(mounts: str) -> list[Mount]:
    """All mounts but those that show a part of what another one shows whole.

    The agent's own service is fenced in by such mounts, of ``/etc`` and ``/home`` for instance, which no one else sees.
    """
    found = []
    for line in Path(mounts).read_text(encoding="utf-8", errors="replace").splitlines():
        place, _separator, rest = line.partition(" - ")
        _identity, _parent, device, root, path = map(_unescaped, place.split()[:5])
        found.append(Mount(device, root, path, rest.split()[0]))
    roots = {(mount.device, mount.root) for mount in found}
    return [mount for mount in found if not any((mount.device, part) in roots for part in _above(mount.root))]


def _unescaped(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match.group(1), 8)), text)


def _above(path: str) -> list[str]:
    return [str(folder) for folder in PurePosixPath(path).parents]


def file_systems(
    ignored: t.Collection[str], ignore_empty: bool, mounts: str = "/proc/self/mountinfo"
) -> list[dict[str, t.Any]]:
    """Every mounted file system: ``path``, ``fs``, ``total`` and ``used`` in bytes. May hang on a dead one."""
    found: dict[str, dict[str, t.Any]] = {}
    for mount in read_mounts(mounts):
        if mount.kind in ignored:
            continue
        try:
            size = os.statvfs(mount.path)
        except OSError:
            # Of another user, or gone since the list was read.
            continue
        total = size.f_blocks * size.f_frsize
        if total or not ignore_empty:
            used = (size.f_blocks - size.f_bfree) * size.f_frsize
            found[mount.path] = {"path": mount.path, "fs": mount.kind, "total": total, "used": used}
    return list(found.values())


def disks(root: str = "/") -> dict[str, dict[str, str]]:
    """Disks by serial number, as udev knows it, else as the kernel does: ``{"SN1": {"name": "/dev/vda"}}``."""
    found = {}
    for folder in sorted(Path(root, "sys/block").glob("*")):
        serial = _udev_serial(Path(root), folder) or _kernel_serial(folder)
        if serial:
            found[serial] = {"name": f"/dev/{folder.name}"}
    return found


def _udev_serial(root: Path, folder: Path) -> str:
    try:
        number = (folder / "dev").read_text(encoding="ascii").strip()
        text = (root / f"run/udev/data/b{number}").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    match = re.search(r"^E:ID_SERIAL=(.*)$", text, re.MULTILINE)
    return match.group(1) if match else ""


def _kernel_serial(folder: Path) -> str:
    for name in ("serial", "device/serial"):
        try:
            return (folder / name).read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            continue
    return ""
