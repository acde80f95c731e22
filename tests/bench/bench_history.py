# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The history of 1,000 hypervisors with 40,000 guests: what the first, an unchanged and a changed run cost."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping
from ansible_collections.virtmap.core.plugins.module_utils._history.client import keep

from .bench_core import hosts

HYPERVISORS = 1000
ROUNDS = 5
# An unchanged run is to take less than this part of the first one, whatever the machine.
BOUND = 0.6


def fleet() -> Mapping:
    """Make the fleet."""
    hypervisors = [host.to_hypervisor(str(host.ids["uuid"])) for host in hosts(HYPERVISORS)]
    return Mapping("esx", "vc.example.com", "2026-11-21T08:00:00Z", hypervisors)


def timed(path: Path, mapping: Mapping, minute: int) -> tuple[float, int]:
    """Record a mapping as the module does, from the parsing on; seconds and rows added."""
    document = {**mapping.to_dict(), "collected_at": f"2026-11-21T09:{minute:02}:00Z"}
    options = {
        "path": str(path),
        "server": None,
        "timeout": 60,
        "mappings": [document],
        "keep_days": 730,
        "allow_empty": False,
    }
    started = time.perf_counter()
    result = keep(options, check_mode=False, diff=False, warn=print)
    return time.perf_counter() - started, result["runs"][0]["rows"]


def main() -> bool:
    """Record the fleet anew, unchanged and with one guest in a hundred moved; print rows, times and ratios."""
    taken: dict[str, list[float]] = {"first run": [], "unchanged run": [], "1 % of guests moved": []}
    rows: dict[str, int] = {}
    for _round in range(ROUNDS):
        mapping = fleet()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "history.sqlite"
            for minute, name in enumerate(taken):
                if name.startswith("1 %"):
                    guests = [hypervisor.guests or [] for hypervisor in mapping.hypervisors]
                    for source, target in zip(guests[:400], guests[400:800]):
                        target.append(source.pop())
                seconds, rows[name] = timed(path, mapping, minute)
                taken[name].append(seconds)
            size = path.stat().st_size
    base = statistics.median(taken["first run"])
    for name, seconds_taken in taken.items():
        seconds = statistics.median(seconds_taken)
        print(f"  {name:20} {rows[name]:>7} rows  {seconds:6.2f} s  x{seconds / base:.2f}")
    print(f"  file after all three {size / 1024 / 1024:.1f} MiB")
    return rows["unchanged run"] == 1 and statistics.median(taken["unchanged run"]) <= BOUND * base
