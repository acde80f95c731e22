# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What the core does with a mapping of 4,000 and of 40,000 guests: the cost grows with the fleet, and no faster."""

from __future__ import annotations

import gc
import json
import time
import typing as t
from collections.abc import Callable

from ansible_collections.virtmap.core.plugins.module_utils._core.compare import changes
from ansible_collections.virtmap.core.plugins.module_utils._core.formats import from_virt_who, to_virt_who
from ansible_collections.virtmap.core.plugins.module_utils._core.merge import merge
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Guest, GuestState, Host, Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.parse import parse_mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection

from .measure import Sample, compare

GUESTS = 40
REPEATS = 3
SMALL, LARGE = 100, 1000
# Ten times the fleet: a quadratic step would make it a hundred. What is beyond ten is sorting and the caches.
BOUND = 20.0


def hosts(count: int) -> list[Host]:
    """Make so many hosts with their guests."""
    return [
        Host(
            ids={"uuid": f"9705df9f-76d4-4343-bf10-{number:012}", "hostname": f"esx{number}.example.com"},
            name=f"esx{number}.example.com",
            cluster=f"cluster{number % 10}",
            parents=(f"cluster{number % 10}", f"domain-c{number % 10}"),
            facts={"cpu.cpu_socket(s)": "2", "hypervisor.type": "VMware ESXi", "hypervisor.version": "8.0.2"},
            guests=[
                Guest(f"564dae86-b20b-{index:04}-0203-{number:012}", f"guest-{number}-{index}", GuestState.RUNNING)
                for index in range(GUESTS)
            ],
        )
        for number in range(count)
    ]


def jobs(count: int) -> dict[str, Callable[[], object]]:
    """Make the jobs for a fleet of so many hosts, their input ready."""
    found = hosts(count)
    selection = Selection.from_options({"exclude_host_parents": ["cluster[89]"], "filter_hosts": ["9705*"]})
    mapping = Mapping(
        "esx", "vc.example.com", "2026-11-21T08:00:00Z", [host.to_hypervisor(str(host.ids["uuid"])) for host in found]
    )
    shape = mapping.to_dict()
    printed = to_virt_who([mapping])
    later = parse_mapping(shape)
    for hypervisor in later.hypervisors[::10]:
        hypervisor.guests = (hypervisor.guests or [])[1:]
    return {
        "select": lambda: selection.apply(found),
        "to_dict": mapping.to_dict,
        "json": lambda: json.dumps(shape),
        "parse": lambda: parse_mapping(shape),
        "merge": lambda: merge([mapping, later]),
        "changes": lambda: changes(mapping, later),
        "to virt-who": lambda: to_virt_who([mapping]),
        "from virt-who": lambda: from_virt_who(printed, "x"),
    }


def measured(job: Callable[[], object]) -> Callable[[], Sample]:
    """Measure the processor's time of a job, without the collector's turns, which come at random."""

    def measure() -> Sample:
        gc.collect()
        gc.disable()
        try:
            started = time.process_time()
            for _repeat in range(REPEATS):
                job()
            return Sample((time.process_time() - started) / REPEATS)
        finally:
            gc.enable()

    return measure


def main() -> bool:
    """Measure each job at both sizes; print times and growth."""
    small, large = jobs(SMALL), jobs(LARGE)
    sides: dict[str, t.Any] = {}
    for name in small:
        sides[f"{name} small"] = measured(small[name])
        sides[f"{name} large"] = measured(large[name])
    results = compare(sides)
    kept = True
    print(f"  {'':14} {SMALL * GUESTS:>8} guests  {LARGE * GUESTS:>8} guests  growth (fleet x{LARGE // SMALL})")
    for name in small:
        little, much = results[f"{name} small"].seconds, results[f"{name} large"].seconds
        growth = much / little
        kept = kept and growth <= BOUND
        print(f"  {name:14} {little * 1000:>12.1f} ms  {much * 1000:>12.1f} ms  x{growth:.1f}")
    return kept
