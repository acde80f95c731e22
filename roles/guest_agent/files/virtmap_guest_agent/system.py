# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What the operating system says about itself: names, version, time zone, processors, memory, users."""

from __future__ import annotations

import os
import platform
import re
import socket
import subprocess
import time
import typing as t
from pathlib import Path

COMMAND_SECONDS = 10
NOBODY = "None"
MIB = 1024


def run(*command: str) -> str:
    """The output of a program; empty when it is not installed, fails or takes too long."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=COMMAND_SECONDS,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""


def fqdn() -> str:
    """The full name of this machine."""
    return socket.getfqdn()


def os_release(path: str = "/etc/os-release") -> dict[str, str]:
    """The keys of os-release, unquoted."""
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    pairs = re.findall(r"^([A-Z_]+)=[\"']?(.*?)[\"']?$", text, re.MULTILINE)
    return dict(pairs)


def os_info() -> dict[str, str]:
    """The arguments of ``os-info``; what is not known is empty."""
    release = os_release()
    machine = platform.machine()
    return {
        "version": release.get("VERSION_ID", ""),
        "distribution": release.get("NAME", ""),
        "codename": release.get("VERSION_CODENAME", ""),
        "arch": "x86" if machine in ("i386", "i586", "i686") else machine,
        "type": "linux",
        "kernel": platform.release(),
    }


def timezone(root: str = "/") -> dict[str, t.Any]:
    """The arguments of ``timezone``: zone, and minutes east of UTC without summer time."""
    # The zone may have been changed since the agent was started.
    time.tzset()
    return {"zone": _zone(Path(root)), "offset": -time.timezone // 60}


def _zone(root: Path) -> str:
    link = root / "etc/localtime"
    if link.is_symlink():
        target = os.readlink(link)
        return target.partition("zoneinfo/")[2] or "/".join(target.split("/")[-2:])
    try:
        return (root / "etc/timezone").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        pass
    try:
        found = re.search(r"^ZONE=[\"']?([^\"'\n]*)", (root / "etc/sysconfig/clock").read_text("utf-8"), re.MULTILINE)
    except (OSError, UnicodeDecodeError):
        return ""
    return found.group(1) if found else ""


def processors() -> int:
    """How many processors are online; -1 when unknown."""
    return os.cpu_count() or -1


def numbers(path: str) -> dict[str, int]:
    """The first number of each line ``name number`` or ``name: number`` of a file of the kernel."""
    with open(path, encoding="ascii", errors="replace") as lines:
        pairs = (re.match(r"(\S+?):?\s+(\d+)", line) for line in lines)
        return {pair.group(1): int(pair.group(2)) for pair in pairs if pair}


class Memory:
    """The memory, and how busy it was since the last look."""

    def __init__(self) -> None:
        self._before: tuple[float, dict[str, int]] | None = None

    def __call__(self) -> dict[str, t.Any]:
        """The arguments of ``heartbeat`` but the version."""
        info = numbers("/proc/meminfo")
        now = (time.monotonic(), numbers("/proc/vmstat"))
        before, self._before = self._before or now, now
        seconds = now[0] - before[0]

        def rate(name: str) -> int:
            return int((now[1].get(name, 0) - before[1].get(name, 0)) / seconds) if seconds else 0

        free = sum(info.get(name, 0) for name in ("MemFree", "Buffers", "Cached"))
        swap = info.get("SwapTotal", 0)
        stat = {
            "mem_total": info.get("MemTotal", 0),
            "mem_free": free,
            "mem_unused": info.get("MemFree", 0),
            "mem_buffers": info.get("Buffers", 0),
            "mem_cached": info.get("Cached", 0),
            "swap_total": swap,
            "swap_usage": swap - info.get("SwapFree", 0),
            "swap_in": rate("pswpin"),
            "swap_out": rate("pswpout"),
            "pageflt": rate("pgfault"),
            "majflt": rate("pgmajfault"),
        }
        return {"free-ram": str(free // MIB), "memory-stat": stat}


def sessions_changed_at(root: str = "/") -> tuple[int, ...]:
    """When somebody last came, went, or locked a desktop; empty when this system does not say.

    A look at the clocks of files costs nothing, while asking for sessions starts programs.
    """
    places = ("run/utmp", "run/systemd/sessions")
    return tuple(place.stat().st_mtime_ns for place in (Path(root, name) for name in places) if place.exists())


def active_user() -> str:
    """The first user who is logged in; ``None`` as a text when nobody is."""
    names = run("users").split()
    if not names:
        # Newer systems keep no list of users but logind's.
        sessions = map(str.split, run("loginctl", "--no-legend", "list-sessions").splitlines())
        names = [words[2] for words in sessions if len(words) > 2]
    return names[0] if names else NOBODY


def session_is_locked() -> bool:
    """Whether every session that a person can lock is locked."""
    hints = []
    for words in filter(None, map(str.split, run("loginctl", "--no-legend", "list-sessions").splitlines())):
        told = run("loginctl", "show-session", words[0], "-p", "LockedHint", "-p", "Type")
        if "Type=x11" in told or "Type=wayland" in told:
            hints.append("LockedHint=yes" in told)
    return bool(hints) and all(hints)
