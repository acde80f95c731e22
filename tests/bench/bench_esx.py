# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A vCenter (govmomi's simulator): our backend against a bare loop, pyvmomi and curl; our commands against the peers'.

The work of a side is the processor time of its process, without its imports: the server's share of the wall time is
the same for all and says nothing about them. Of the rounds the fastest counts, because what disturbs only adds.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from ..lab.vcsim import Simulator
from .esx.commands import peers_are_there, whole_commands
from .measure import MEBIBYTE

# Hosts, machines, rounds.
FLEETS = ((10, 200, 7), (100, 2_000, 7), (1_000, 10_000, 5), (1_000, 40_000, 3))
SIDES = ("ours", "bare", "pyvmomi", "curl")
# What was promised.
LIMIT_BARE = 1.3
LIMIT_PYVMOMI = 0.5
LIMIT_MEMORY = 150 * MEBIBYTE
LIMIT_GROWTH = 1.3
PAGE = 1000
HOSTS_PER_CLUSTER = 20

Measured = dict[str, dict[str, float]]


def main() -> bool:
    """Measure all sides; return whether all bounds are kept."""
    kept = True
    work: dict[int, float] = {}
    for hosts, machines, rounds in FLEETS:
        with Simulator(*fleet(hosts, machines), "-pages") as simulator:
            calls_kept = count_calls(simulator, machines)
            results = measure(simulator.url, rounds)
        print(f"{hosts} hosts, {machines} machines; the fastest of {rounds} rounds in turn")
        show(results)
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


def measure(url: str, rounds: int) -> Measured:
    """Run each side once per round, in turn, and keep the fastest; the first round only warms up."""
    taken: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    for number in range(rounds + 1):
        for side in SIDES:
            command = [sys.executable, "-m", "tests.bench.esx.side", side, url]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            if number:
                taken[side].append(json.loads(done.stdout.splitlines()[-1]))
    return {
        side: {
            "processor": min(sample["processor"] for sample in samples),
            "seconds": min(sample["seconds"] for sample in samples),
            "peak": max(sample["peak"] for sample in samples),
        }
        for side, samples in taken.items()
    }


def count_calls(simulator: Simulator, machines: int) -> bool:
    """Whether ours makes five calls and one for each page, counted by the server."""
    simulator.forget_calls()
    subprocess.run(
        [sys.executable, "-m", "tests.bench.esx.side", "ours", simulator.url], check=True, stdout=subprocess.DEVNULL
    )
    calls = simulator.calls()
    pages = sum(call.endswith("RetrievePropertiesEx") for call in calls)
    few = -(-machines // PAGE) <= pages <= -(-machines // PAGE) + 2
    print(f"{len(calls)} calls, {pages} of them for pages of {PAGE} objects")
    return few and len(calls) == 5 + pages


def show(results: Measured) -> None:
    """Print the sides with their ratios to the bare loop."""
    base = results["bare"]
    for side, taken in results.items():
        print(
            f"  {side:<8} work {taken['processor']:7.3f} s  x{taken['processor'] / base['processor']:<6.2f}"
            f" wall {taken['seconds']:7.3f} s  x{taken['seconds'] / base['seconds']:<6.2f}"
            f" memory {taken['peak'] / MEBIBYTE:5.0f} MiB"
        )


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
    print(f"  bounds ({limits}): {'kept' if kept else 'MISSED'}")
    return kept
