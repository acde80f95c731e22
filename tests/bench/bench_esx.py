# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A vCenter (govmomi's simulator): our backend against a bare loop, pyvmomi and curl; our commands against the peers'."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ..lab.vcsim import Simulator
from .esx.commands import peers_are_there, whole_commands
from .measure import MEBIBYTE
from .sides import Measured, Side, measure, run, show, verdict

# Hosts, machines, rounds.
FLEETS = ((10, 200, 7), (100, 2_000, 7), (1_000, 10_000, 5), (1_000, 40_000, 3))
# Each side, its file and its function.
SIDES = {
    "ours": ("ours", "ours"),
    "bare": ("bare", "bare"),
    "pyvmomi": ("plain_pyvmomi", "plain_pyvmomi"),
    "curl": ("bare", "curl"),
}
# What was promised.
LIMIT_BARE = 1.3
LIMIT_PYVMOMI = 0.5
LIMIT_MEMORY = 150 * MEBIBYTE
LIMIT_GROWTH = 1.3
PAGE = 1000
HOSTS_PER_CLUSTER = 20


def main() -> bool:
    """Measure all sides; return whether all bounds are kept."""
    kept = True
    work: dict[int, float] = {}
    for hosts, machines, rounds in FLEETS:
        with Simulator(*fleet(hosts, machines), "-pages") as simulator:
            sides = {name: Side(f"esx.{file}", function, [simulator.url]) for name, (file, function) in SIDES.items()}
            simulator.forget_calls()
            run(sides["ours"])
            calls_kept = few_calls(simulator.calls(), machines)
            # Not all keep guests; the simulator counts its calls itself.
            results = measure(sides, rounds, None, [])
        print(f"{hosts} hosts, {machines} machines; the fastest of {rounds} rounds in turn")
        show(results, "bare")
        kept = judge(results, machines) and calls_kept and kept
        work[machines] = results["ours"]["processor"] / machines
    growth = work[40_000] / work[2_000]
    print(f"work for each machine at 40,000 against 2,000: x{growth:.2f} (limit x{LIMIT_GROWTH})")
    kept = growth <= LIMIT_GROWTH and kept
    if not peers_are_there():
        print("whole commands: the package ansible and pyvmomi, which hold the peers, are not installed")
        return False
    with tempfile.TemporaryDirectory() as folder:
        return whole_commands(Path(folder)) and kept


def fleet(hosts: int, machines: int) -> list[str]:
    """The simulator's arguments for so many hosts and machines, all in clusters."""
    clusters = max(1, hosts // HOSTS_PER_CLUSTER)
    numbers = {"clusters": clusters, "hosts": hosts // clusters, "vms": machines // clusters, "standalone-hosts": 0}
    return [word for name, number in numbers.items() for word in (f"-{name}", str(number))]


def few_calls(calls: list[str], machines: int) -> bool:
    """Whether ours makes five calls and one for each page, counted by the server."""
    pages = sum(call.endswith("RetrievePropertiesEx") for call in calls)
    few = -(-machines // PAGE) <= pages <= -(-machines // PAGE) + 2
    print(f"{len(calls)} calls, {pages} of them for pages of {PAGE} objects")
    return few and len(calls) == 5 + pages


def judge(results: Measured, machines: int) -> bool:
    """Whether the bounds are kept; those of a small fleet drown in what a connection costs, so they are only shown."""
    ours = results["ours"]
    if machines < 2_000:
        return True
    kept = (
        ours["processor"] <= LIMIT_BARE * results["bare"]["processor"]
        and ours["processor"] <= LIMIT_PYVMOMI * results["pyvmomi"]["processor"]
        and ours["peak"] <= LIMIT_MEMORY
    )
    limits = f"x{LIMIT_BARE} of bare, x{LIMIT_PYVMOMI} of pyvmomi, {LIMIT_MEMORY // MEBIBYTE} MiB"
    return verdict(limits, kept)
