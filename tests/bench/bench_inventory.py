# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The inventory plugin hypervisor_guests: against a static inventory of the same hosts, and against community.vmware.

To reach: ``ansible-inventory --list`` takes at most 1.5 times what a static YAML inventory of the same hosts takes that Ansible
loads itself, plus the time of collecting.
"""

from __future__ import annotations

import json
import sys
import tempfile
import typing as t
from pathlib import Path

import yaml
from ansible_collections.virtmap.core.plugins.module_utils._core.parse import parse_mapping
from ansible_collections.virtmap.core.plugins.plugin_utils._inventory import entries

from ..lab.vcsim import Simulator
from ..servers._tls import CertificateAuthority
from .esx.commands import PEERS, peers_are_there
from .fleet import fleet
from .measure import Sample, compare, run_command, table

HYPERVISORS = 750
GUESTS = 40
ROUNDS = 2
LIMIT = 1.5
MACHINES = 1_000


def static(mapping: dict[str, t.Any]) -> dict[str, t.Any]:
    """The same hosts, variables and groups as Ansible's own inventory."""
    hosts: dict[str, t.Any] = {}
    groups: dict[str, t.Any] = {}
    for entry in entries([parse_mapping(mapping)], ["name", "uuid"]):
        hosts[entry.name] = entry.variables
        for group in entry.groups:
            groups.setdefault(group, {"hosts": {}})["hosts"][entry.name] = None
    return {"all": {"hosts": hosts, "children": groups}}


def listing(folder: Path, name: str) -> t.Callable[[], Sample]:
    """Measure ``ansible-inventory --list`` of a file."""
    program = str(Path(sys.executable).with_name("ansible-inventory"))
    return lambda: run_command(
        [program, "--list", "-i", str(folder / name)], {"ANSIBLE_LOCALHOST_WARNING": "0"}, folder
    )


def against_static(folder: Path) -> bool:
    """30,000 guests from a file source."""
    mapping = fleet(HYPERVISORS, GUESTS)
    (folder / "mapping.json").write_text(json.dumps(mapping), encoding="utf-8")
    (folder / "static.yml").write_text(yaml.safe_dump(static(mapping)), encoding="utf-8")
    source = {"backend": "file", "path": str(folder / "mapping.json")}
    ours = {"plugin": "virtmap.core.hypervisor_guests", "sources": [source]}
    (folder / "hypervisor_guests.yml").write_text(json.dumps(ours), encoding="utf-8")
    sides = {"static inventory": listing(folder, "static.yml"), "ours": listing(folder, "hypervisor_guests.yml")}
    results = compare(sides, ROUNDS)
    print(f"{HYPERVISORS * GUESTS:,} guests, medians of {ROUNDS} rounds in turn")
    print(table(results, "static inventory"))
    ratio = results["ours"].seconds / results["static inventory"].seconds
    print(
        f"  ours takes x{ratio:.2f} of the static inventory, collecting included (limit x{LIMIT:g} and the collecting)"
    )
    return bool(ratio <= LIMIT)


def against_peer(folder: Path) -> None:
    """1,000 machines from the vCenter simulator; more would keep the peer busy for hours."""
    if not peers_are_there():
        print("  community.vmware or pyvmomi is not installed: not measured")
        return
    pair = CertificateAuthority(folder / "ca").issue_server()
    arguments = ["-clusters", "5", "-hosts", "10", "-vms", str(MACHINES // 5), "-standalone-hosts", "0"]
    with Simulator(*arguments, "-pages", "-cert", str(pair.cert), "-key", str(pair.key)) as simulator:
        port = int(simulator.address.rpartition(":")[2])
        account = {"port": port, "username": "user", "password": "password"}
        source = {**account, "backend": "esx", "server": "127.0.0.1", "ca_path": str(folder / "ca" / "ca.pem")}
        ours = {"plugin": "virtmap.core.hypervisor_guests", "sources": [source]}
        (folder / "vcsim.hypervisor_guests.yml").write_text(json.dumps(ours), encoding="utf-8")
        peer = {**account, "plugin": "community.vmware.vmware_vm_inventory", "hostname": "127.0.0.1",
                "validate_certs": False, "with_tags": False, "hostnames": ["config.name"],
                "properties": ["config.name", "config.uuid", "runtime.host", "summary.runtime.powerState"]}  # fmt: skip
        (folder / PEERS["community.vmware"]).write_text(json.dumps(peer), encoding="utf-8")
        sides = {"ours": listing(folder, "vcsim.hypervisor_guests.yml")}
        sides["community.vmware"] = listing(folder, PEERS["community.vmware"])
        print(f"{MACHINES:,} machines of a vCenter simulator")
        print(table(compare(sides, ROUNDS), "ours"))


def main() -> bool:
    """Measure and print; returns whether the bound is kept."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kept = against_static(folder)
        against_peer(folder)
        return kept


if __name__ == "__main__":
    sys.exit(not main())
