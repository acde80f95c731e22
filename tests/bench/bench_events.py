# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""From an act on a guest to the arrival of the check-in at Candlepin, through a real ansible-rulebook.

Beside it the processor time that ansible-rulebook and all that it starts spend on one act, which does not depend on how
busy the machine is, and what the playbook that reports takes by itself: by far the most of it. The other way is to ask on
a schedule: of a change it tells after half its interval on average, plus the same playbook.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t
from pathlib import Path

from ..lab.libvirtd import Libvirtd, domain_xml
from ..lab.rulebook import Reports, Rulebook, reporting
from ..lab.vcsim import Simulator
from .measure import processes

ACTS = 8
#: The bounds of the issue, in seconds, and the interval of the schedule that it is compared with.
BOUNDS = {"libvirt": 3.0, "vcsim": 5.0}
POLLING = 60.0
LIMIT = 1
PLAYBOOK = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
    ansible_pipelining: true
  tasks:
    - virtmap.core.rhsm_hypervisor_checkin: "{{ options | combine({'mappings': []}) }}"
"""


class Delay(t.NamedTuple):
    """From one act to its check-in, in seconds: by the clock, and of processors."""

    clock: float
    processor: float


def processor_time(root: int) -> float:
    """Seconds that a process and all below it have spent so far."""
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for pid, fields in processes():
        parents[pid] = int(fields[1])
        ticks[pid] = sum(int(field) for field in fields[11:15])
    total = 0
    for pid, spent in ticks.items():
        above = pid
        while above not in (root, 0):
            above = parents.get(above, 0)
        total += spent if above else 0
    return total / os.sysconf("SC_CLK_TCK")


def delays(rulebook: Rulebook, reports: Reports, acts: t.Iterator[None]) -> list[Delay]:
    """Act, and measure until the next check-in is there."""
    found = []
    for _number in range(ACTS):
        # The limit of the rulebook is not what is measured, nor is a report that still runs.
        time.sleep(LIMIT + 2)
        before, spent = len(reports.all()), processor_time(rulebook.pid)
        began = time.monotonic()
        next(acts)
        rulebook.wait_until("a check-in", lambda count=before: len(reports.all()) > count)  # type: ignore[misc]
        found.append(Delay(time.monotonic() - began, processor_time(rulebook.pid) - spent))
    return found


def libvirt_acts(uri: str) -> t.Iterator[None]:
    """Define, start, suspend, destroy a guest, over and over."""
    import libvirt

    connection = libvirt.open(uri)
    number = 0
    while True:
        number += 1
        guest = connection.defineXML(domain_xml(f"bench{number}", kind="test", memory_mib=8))
        yield
        guest.create()
        yield
        guest.suspend()
        yield
        guest.destroy()
        yield


def simulator_acts(simulator: Simulator) -> t.Iterator[None]:
    """Switch off, switch on, migrate a machine, over and over."""
    machine, number = "DC0_C0_RP0_VM0", 0
    simulator.act("move", vm=machine, host="DC0_C0_H0")
    time.sleep(10)
    while True:
        number += 1
        simulator.act("power", vm=machine, state="poweredOff")
        yield
        simulator.act("power", vm=machine, state="poweredOn")
        yield
        simulator.act("move", vm=machine, host=f"DC0_C0_H{number % 2}")
        yield


def playbook_alone(folder: Path, reports: Reports) -> float:
    """Seconds that ansible-playbook takes for a check-in of nothing, from its start to its end."""
    path = folder / "bare.yml"
    path.write_text(PLAYBOOK, encoding="utf-8")
    options = folder / "options.json"
    options.write_text('{"options": ' + json.dumps(reports.options) + "}", encoding="utf-8")
    command = [
        str(Path(sys.executable).parent / "ansible-playbook"),
        "-i",
        "localhost,",
        "-e",
        f"@{options}",
        str(path),
    ]
    taken = []
    for _number in range(3):
        began = time.monotonic()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        taken.append(time.monotonic() - began)
    return statistics.median(taken)


def show(name: str, taken: list[Delay], playbook: float) -> bool:
    """Print one side; whether it is within its bound."""
    clocks = [delay.clock for delay in taken]
    median = statistics.median(clocks)
    processor = statistics.median(delay.processor for delay in taken)
    schedule = POLLING / 2 + playbook
    print(
        f"  {name:<8} median {median:5.2f} s (from {min(clocks):.2f} to {max(clocks):.2f}; bound {BOUNDS[name]:g}), "
        f"{processor:.2f} s of processors, "
        f"x{median / playbook:.2f} of the playbook alone ({playbook:.2f} s), "
        f"x{median / schedule:.3f} of asking every {POLLING:g} s ({schedule:.1f} s)",
        flush=True,
    )
    return median < BOUNDS[name]


def main() -> bool:
    """Measure both; True when the medians are within the bounds."""
    kept = []
    with tempfile.TemporaryDirectory() as name, Libvirtd() as daemon:
        uri = daemon.uri(driver="test")
        source: dict[str, t.Any] = {"backend": "libvirt", "uri": uri, "hypervisor_id": "hostname"}
        with reporting(Path(name), [source], virtmap_limit=LIMIT) as (rulebook, reports):
            taken = delays(rulebook, reports, libvirt_acts(uri))
            kept.append(show("libvirt", taken, playbook_alone(Path(name), reports)))
    with tempfile.TemporaryDirectory() as name, Simulator("-vms", "2", "-hosts", "2") as simulator:
        source = {"backend": "esx", "server": simulator.url, "username": "reader", "password": "s3cret-word"}
        with reporting(Path(name), [source], virtmap_limit=LIMIT) as (rulebook, reports):
            taken = delays(rulebook, reports, simulator_acts(simulator))
            kept.append(show("vcsim", taken, playbook_alone(Path(name), reports)))
    return all(kept)
