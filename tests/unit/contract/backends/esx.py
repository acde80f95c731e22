# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The backend esx before the contract, on our vCenter."""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import replace
from pathlib import Path

from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.client import collect
from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.options import OPTIONS
from ansible_collections.virtmap.core.plugins.module_utils._core.model import FactValue, GuestState
from ansible_collections.virtmap.core.tests.servers import vcenter
from ansible_collections.virtmap.core.tests.servers._http import faults
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority
from ansible_collections.virtmap.core.tests.servers.vcenter import Entity, Enum, Inventory, Ref, operation_of
from ansible_collections.virtmap.core.tests.servers.vcenter.xml import fault
from ansible_collections.virtmap.core.tests.unit.contract.backend import Backend, HttpFaults, Source
from ansible_collections.virtmap.core.tests.unit.contract.fleet import Fleet, GuestSpec, HostSpec

PASSWORD = '<correct> & "horse"'
STATES = {
    GuestState.RUNNING: "poweredOn",
    GuestState.PAUSED: "suspended",
    GuestState.SHUT_OFF: "poweredOff",
    GuestState.UNKNOWN: "somethingNew",
}


def _encoded(name: str) -> str:
    """A name as vSphere keeps it; XML has no way to write its control characters."""
    return name.replace("%", "%25").replace("/", "%2f").replace("\\", "%5c").replace("\x1b", "")


def _told(host: HostSpec) -> HostSpec:
    facts: dict[str, FactValue] = {
        "cpu.cpu_socket(s)": "2",
        "hypervisor.type": "VMware ESXi",
        "hypervisor.version": "8.0.2",
    }
    if host.uuid:
        facts["dmi.system.uuid"] = host.uuid
    if host.cluster:
        facts["hypervisor.cluster"] = host.cluster
    kept = [replace(guest, name=(guest.name or "").replace("\x1b", "")) for guest in host.guests if guest.uuid]
    return replace(host, facts=facts, guests=tuple(kept))


def _fill(inventory: Inventory, fleet: Fleet) -> None:
    _datacenter, folder = inventory.add_datacenter("DC0")
    clusters = {host.parent: host.cluster for host in fleet.hosts if host.parent and host.cluster}
    for parent, cluster in clusters.items():
        ref = Ref("ClusterComputeResource", parent)
        inventory.add(Entity(ref, {"name": _encoded(cluster), "parent": folder}))
    for host in fleet.hosts:
        ref = _add_host(inventory, host)
        for guest in host.guests:
            _add_guest(inventory, guest, ref)
    for guest in fleet.unplaced:
        _add_guest(inventory, guest, None)


def _add_host(inventory: Inventory, host: HostSpec) -> Ref:
    parent = Ref("ClusterComputeResource", host.parent or "")
    usual = inventory.entities.pop(inventory.add_host(host.name or "", parent))
    properties = {**usual.properties, "name": _encoded(host.name or "")}
    for path in ("hardware.systemInfo.uuid", "summary.hardware.uuid"):
        properties[path] = host.uuid or ""
    return inventory.add(Entity(Ref("HostSystem", host.ids["hwuuid"] or "host-999"), properties))


def _add_guest(inventory: Inventory, guest: GuestSpec, host: Ref | None) -> None:
    state = Enum("VirtualMachinePowerState", STATES[guest.state])
    # Old hardware, whose uuid is printed as the guest sees it.
    inventory.add_machine(
        _encoded(guest.name or ""), host, config__uuid=guest.uuid, config__version="vmx-11", runtime__powerState=state
    )


@contextlib.contextmanager
def start(fleet: Fleet, folder: Path) -> t.Iterator[Source]:
    """Run a vCenter over TLS."""
    inventory = vcenter.vcenter()
    _fill(inventory, fleet)
    skipped = [("guest", guest.name or "") for host in fleet.hosts for guest in host.guests if guest.uuid is None]
    skipped += [("host", host.name or "") for host in fleet.hosts if host.broken]
    held = Fleet(tuple(_told(host) for host in fleet.hosts if not host.broken), fleet.unplaced)
    authority = CertificateAuthority(folder / "ca")
    server = vcenter.VCenterServer(inventory, user="reader", password=PASSWORD, tls=authority.server_context())
    with server:
        options = {
            "server": server.host,
            "port": server.port,
            "username": "reader",
            "password": PASSWORD,
            "ca_path": str(authority.path),
            "timeout": 10,
        }
        name = f"{server.host}:{server.port}"
        yield Source(options, held, name, secrets=(PASSWORD,), skipped=tuple(skipped), server=server)


BACKENDS = [
    Backend(
        name="esx",
        group=OPTIONS,
        collect=collect,
        ids=("uuid", "hwuuid", "hostname"),
        start=start,
        dead={"server": "127.0.0.1", "port": 1, "username": "reader", "password": PASSWORD, "timeout": 1},
        states=tuple(STATES),
        unplaced=(GuestState.SHUT_OFF,),
        http=HttpFaults(
            logins=2,
            login=lambda request: operation_of(request.body) == "Login",
            second_page=lambda request: operation_of(request.body) == "ContinueRetrievePropertiesEx",
            expired=faults.status(500, fault("NotAuthenticated"), content_type="text/xml; charset=utf-8"),
            heals=frozenset({"session_expires"}),
        ),
    )
]
