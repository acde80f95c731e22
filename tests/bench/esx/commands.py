# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Whole commands against the peers in the package ``ansible``, near and over a link with a delay."""

from __future__ import annotations

import importlib.util
import json
import statistics
import sys
from pathlib import Path

from ...lab.vcsim import Simulator
from ...servers._relay import Relay
from ...servers._tls import CertificateAuthority
from ..measure import Sample, run_command

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
properties: [config.name, config.uuid, runtime.host, summary.runtime.powerState]
""",
    PEERS["vmware.vmware"]: """plugin: vmware.vmware.vms
hostname: 127.0.0.1
port: {port}
username: user
password: password
validate_certs: false
gather_tags: false
keyed_groups: []
properties: [name, config.uuid, runtime.host]
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
        print(f"whole commands, {MACHINES} machines, on loopback; ours the median of {ROUNDS}, the peers' once")
        kept = _compare(folder, int(port), LIMIT_NEAR)
        with Relay((host, int(port)), latency=ROUND_TRIP / 2) as relay:
            print(f"the same at {ROUND_TRIP * 1000:g} ms round trip")
            kept = _compare(folder, relay.port, LIMIT_FAR) and kept
    return kept


def _compare(folder: Path, port: int, limit: float) -> bool:
    for name, text in _FILES.items():
        (folder / name).write_text(text.format(port=port, ca=folder / "ca.pem"), encoding="utf-8")
    ours = statistics.median(_inventory(folder, OURS).seconds for _round in range(ROUNDS))
    play = [sys.executable, "-m", "ansible", "playbook", "-i", "localhost,", str(folder / OUR_PLAY)]
    module = statistics.median(run_command(play, _environment(), folder).seconds for _round in range(ROUNDS))
    taken = {"our inventory": ours, "our module in a play": module}
    taken.update({f"{peer} inventory": _inventory(folder, name).seconds for peer, name in PEERS.items()})
    for side, seconds in taken.items():
        print(f"  {side:<28} {seconds:8.2f} s  x{seconds / ours:.1f}")
    slower = min(taken[f"{peer} inventory"] for peer in PEERS) / ours
    print(f"  the faster peer takes x{slower:.1f} the time of our inventory (promised: at least x{limit:g})")
    return slower >= limit


def _inventory(folder: Path, name: str) -> Sample:
    """Run one inventory, and make sure that it really found all machines."""
    output = folder / "output.json"
    command = [
        sys.executable,
        "-m",
        "ansible",
        "inventory",
        "--list",
        "--output",
        str(output),
        "-i",
        str(folder / name),
    ]
    sample = run_command(command, _environment(), folder)
    count = len(json.loads(output.read_text(encoding="utf-8"))["_meta"]["hostvars"])
    if count != MACHINES:
        raise RuntimeError(f"{name} found {count} of {MACHINES} machines")
    return sample


def _environment() -> dict[str, str]:
    plugins = ["ansible.builtin.host_list", "virtmap.core.hypervisor_guests"]
    plugins += ["community.vmware.vmware_vm_inventory", "vmware.vmware.vms"]
    return {
        "ANSIBLE_INVENTORY_ENABLED": ",".join(plugins),
        "ANSIBLE_INVENTORY_UNPARSED_FAILED": "true",
        "ANSIBLE_LOCALHOST_WARNING": "0",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
    }
