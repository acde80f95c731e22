# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Programs, processes and ports of a private libvirtd."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
import typing as t
from pathlib import Path


class LabError(Exception):
    """The daemon cannot be started here; the message says why and holds the end of its log."""


def end_guests(folder: Path) -> None:
    """End the emulators by the pid files in the folder of their daemon; by design they outlive it."""
    for place in ("corner/run/libvirt/qemu", "run/libvirt/qemu"):
        for path in (folder / place).rglob("*.pid"):
            pid = int(path.read_text().strip() or 0)
            if pid and os.path.basename(_program_of(pid)).startswith("qemu"):
                os.kill(pid, signal.SIGKILL)


def _program_of(pid: int) -> str:
    """Tell the program that a process runs; empty when the process has ended."""
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return ""


def program(name: str) -> str:
    """Find a program, also one for administrators; raise LabError when it is not installed."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        raise LabError(f"{name} is not installed")
    return found


def free_port() -> int:
    """Find a port of loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listens(address: str | int) -> bool:
    """Tell whether somebody accepts connections at the path of a unix socket, or at a port of loopback."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family) as probe:
        return probe.connect_ex(address if isinstance(address, str) else ("127.0.0.1", address)) == 0


def comes_up(process: subprocess.Popen[bytes], addresses: t.Sequence[str | int], seconds: float) -> bool:
    """Wait until a process listens at all addresses; False when it ends before, or is ended because it takes longer."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return False
        if all(map(listens, addresses)):
            return True
        time.sleep(0.02)
    process.kill()
    process.wait()
    return False
