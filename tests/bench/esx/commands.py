# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Whole commands against the peers in the package ``ansible``, near and over a link with a delay."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

from ...lab.vcsim import Simulator
from ...servers._relay import Relay
from ...servers._tls import CertificateAuthority
from ..measure import Sample, compare, run_command, table

MACHINES = 1_000
ROUNDS = 3
# Five milliseconds for a round trip; each direction has the half of it.
ROUND_TRIP = 0.005
LIMIT_NEAR = 5.0
LIMIT_FAR = 10.0

OURS = "hypervisor_guests.yml"
OUR_PLAY = "ours.yml"
PEERS = {"community.vmware": "vmware_vm_inventory.yml", "vmware.vmware": "vms.yml"}
_FILES = {
    OURS: """plugin: virtmap.core.hypervisor_guests
sources:
  - backend: esx
    server: 127.0.0.1
    port: {port}
    username: user
    password: password
    ca_path: {ca}
""",
    OUR_PLAY: """- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - virtmap.core.esx_hypervisor_guest_facts:
        server: 127.0.0.1
        port: {port}
        username: user
        password: password
        ca_path: {ca}
""",
    PEERS["community.vmware"]: """plugin: community.vmware.vmware_vm_inventory
hostname: 127.0.0.1
port: {port}
username: user
password: password
validate_certs: false
with_tags: false
hostnames: [config.name]
keyed_groups: []
properties: [config.name, config.uuid, runtime.host, summary.runtime.powerState, config.guestId]
""",
    PEERS["vmware.vmware"]: """plugin: vmware.vmware.vms
hostname: 127.0.0.1
port: {port}
username: user
password: password
validate_certs: false
gather_tags: false
keyed_groups: []
gather_compute_objects: true
properties: [name, config.uuid]
""",
}


def peers_are_there() -> bool:
    """Whether both peers and their library are installed."""
    found = importlib.util.find_spec("ansible_collections")
    folders = [Path(place) for place in (found.submodule_search_locations or [] if found else [])]
    there = [any((folder / name.replace(".", "/")).is_dir() for folder in folders) for name in PEERS]
    return all(there) and importlib.util.find_spec("pyVmomi") is not None


def whole_commands(folder: Path) -> bool:
    """Measure the commands; return whether ours is as many times faster as was promised."""
    pair = CertificateAuthority(folder).issue_server()
    arguments = ["-clusters", "5", "-hosts", "10", "-vms", str(MACHINES // 5), "-standalone-hosts", "0", "-pages"]
    kept = True
    with Simulator(*arguments, "-cert", str(pair.cert), "-key", str(pair.key)) as simulator:
        host, _colon, port = simulator.address.rpartition(":")
        for latency, limit in ((0.0, LIMIT_NEAR), (ROUND_TRIP / 2, LIMIT_FAR)):
            with Relay((host, int(port)), latency=latency) as relay:
                where = "through a relay without delay" if not latency else f"at {ROUND_TRIP * 1000:g} ms round trip"
                print(f"whole commands, {MACHINES} machines, {where}, medians of {ROUNDS} rounds in turn")
                kept = _compare(folder, relay.port, limit) and kept
    return kept


def _compare(folder: Path, port: int, limit: float) -> bool:
    for name, text in _FILES.items():
        (folder / name).write_text(text.format(port=port, ca=folder / "ca.pem"), encoding="utf-8")
    names = {"our inventory": OURS, **{f"{peer} inventory": name for peer, name in PEERS.items()}}
    for side, name in names.items():
        _check(side, folder, name)
    sides: dict[str, t.Callable[[], Sample]] = {
        side: lambda name=name: run_command(_inventory(folder, name), _environment(), folder)  # type: ignore[misc]
        for side, name in names.items()
    }
    play = [sys.executable, "-m", "ansible", "playbook", "-i", "localhost,", str(folder / OUR_PLAY)]
    sides["our module in a play"] = lambda: run_command(play, _environment(), folder)
    results = compare(sides, ROUNDS)
    print(table(results, "our inventory"))
    slower = min(results[f"{peer} inventory"].seconds for peer in PEERS) / results["our inventory"].seconds
    print(f"  the faster peer takes x{slower:.1f} the time of our inventory (promised: at least x{limit:g})")
    return slower >= limit


def _inventory(folder: Path, name: str) -> list[str]:
    return [sys.executable, "-m", "ansible", "inventory", "--list", "-i", str(folder / name)]


def _environment() -> dict[str, str]:
    plugins = ["ansible.builtin.host_list", "virtmap.core.hypervisor_guests"]
    plugins += ["community.vmware.vmware_vm_inventory", "vmware.vmware.vms"]
    return {
        "ANSIBLE_INVENTORY_ENABLED": ",".join(plugins),
        "ANSIBLE_INVENTORY_UNPARSED_FAILED": "true",
        "ANSIBLE_LOCALHOST_WARNING": "0",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
    }


def _check(side: str, folder: Path, name: str) -> None:
    """Make sure that a side really finds all machines before it is timed."""
    done = subprocess.run(
        _inventory(folder, name), check=False, capture_output=True, text=True, env={**os.environ, **_environment()}
    )
    if done.returncode:
        raise RuntimeError(f"{side} failed: {done.stderr[-2000:]}")
    count = len(json.loads(done.stdout)["_meta"]["hostvars"])
    if count != MACHINES:
        raise RuntimeError(f"{side} found {count} of {MACHINES} machines: {done.stderr[-2000:]}")
