# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The backend ahv before the contract, once for each generation of Prism's API."""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import replace
from functools import partial
from pathlib import Path

from ansible_collections.virtmap.core.plugins.module_utils._backends.ahv.client import collect
from ansible_collections.virtmap.core.plugins.module_utils._backends.ahv.options import OPTIONS
from ansible_collections.virtmap.core.plugins.module_utils._core.model import FactValue, GuestState
from ansible_collections.virtmap.core.tests.servers._http import Request, faults
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority
from ansible_collections.virtmap.core.tests.servers.ahv import AhvServer, Cluster, Node, Prism, Vm
from ansible_collections.virtmap.core.tests.unit.contract.backend import Backend, HttpFaults, Source
from ansible_collections.virtmap.core.tests.unit.contract.fleet import Fleet, GuestSpec, HostSpec, made_uuid

PASSWORD = "correct: horse"
VERSION = "Nutanix 20220304.342"
WORDS = {
    GuestState.RUNNING: "on",
    GuestState.PAUSED: "paused",
    GuestState.SHUTTING_DOWN: "shutting_down",
    GuestState.SHUT_OFF: "off",
    GuestState.SUSPENDED: "suspended",
    GuestState.UNKNOWN: "something_new",
}
STATES = {
    "v2": tuple(WORDS),
    "v3": (GuestState.RUNNING, GuestState.PAUSED, GuestState.SHUT_OFF, GuestState.SUSPENDED, GuestState.UNKNOWN),
    "v4": (GuestState.RUNNING, GuestState.PAUSED, GuestState.SHUT_OFF, GuestState.UNKNOWN),
}
SECOND_PAGE: dict[str, t.Callable[[Request], bool]] = {
    "v2": lambda request: request.argument("offset", "0") != "0",
    "v3": lambda request: request.method == "POST" and request.json().get("offset", 0) > 0,
    "v4": lambda request: request.argument("$page", "0") != "0",
}


def _prism(fleet: Fleet) -> Prism:
    clusters = {host.parent: host.cluster for host in fleet.hosts if host.parent}
    prism = Prism([Cluster(name, uuid) for uuid, name in clusters.items()])
    prism.clusters.append(Cluster("PC", made_uuid("central"), "PRISM_CENTRAL"))
    for host in fleet.hosts:
        prism.nodes.append(Node(host.name, host.parent, host.uuid, 2, VERSION))
        for guest in host.guests:
            _add(prism, guest, host)
    for guest in fleet.unplaced:
        _add(prism, guest, None)
    return prism


def _add(prism: Prism, guest: GuestSpec, host: HostSpec | None) -> None:
    # Prism's own id is always unique; a copy has the same uuid only in its firmware.
    twins = [vm for vm in prism.vms if guest.uuid and guest.uuid in (vm.uuid, vm.bios_uuid)]
    uuid = made_uuid(guest.uuid, len(twins)) if twins else guest.uuid
    cluster, place = (host.parent, host.uuid) if host else (None, None)
    prism.vms.append(Vm(guest.name, place, cluster, WORDS[guest.state], uuid, bios_uuid=guest.uuid))


def _told(host: HostSpec, api: str) -> HostSpec:
    facts: dict[str, FactValue] = {
        "cpu.cpu_socket(s)": "2",
        "hypervisor.type": "kKvm" if api == "v2" else "AHV",
        "hypervisor.version": VERSION,
    }
    if host.uuid:
        facts["dmi.system.uuid"] = host.uuid
    if host.cluster:
        facts["hypervisor.cluster"] = host.cluster
    # Only v4 tells the uuid of the firmware; by the other APIs a copy is a guest of its own.
    kept: dict[object, GuestSpec] = {}
    for number, guest in enumerate(host.guests):
        if guest.uuid:
            kept.setdefault(guest.uuid if api != "v4" else number, guest)
    return replace(host, facts=facts, guests=tuple(kept.values()))


@contextlib.contextmanager
def start(fleet: Fleet, folder: Path, api: str) -> t.Iterator[Source]:
    """Run a Prism over TLS."""
    skipped = [("guest", guest.name or "") for host in fleet.hosts for guest in host.guests if guest.uuid is None]
    skipped += [("host", host.name or "") for host in fleet.hosts if host.broken]
    held = Fleet(tuple(_told(host, api) for host in fleet.hosts if not host.broken), fleet.unplaced)
    prism = _prism(fleet)
    if api != "v4":
        ids = {guest.uuid for host in held.hosts for guest in host.guests} | {guest.uuid for guest in held.unplaced}
        prism.vms = [vm for vm in prism.vms if vm.uuid is None or vm.uuid in ids]
    authority = CertificateAuthority(folder / "ca")
    server = AhvServer(
        prism, user="reader", password=PASSWORD, central=api != "v2", has_v4=api == "v4", tls=authority.server_context()
    )
    with server:
        options = {
            "server": server.host,
            "port": server.port,
            "username": "reader",
            "password": PASSWORD,
            "prism_central": api != "v2",
            "ca_path": str(authority.path),
            "timeout": 10,
        }
        name = f"{server.host}:{server.port}"
        yield Source(options, held, name, secrets=(PASSWORD,), skipped=tuple(skipped), server=server)


def _backend(api: str) -> Backend:
    return Backend(
        name="ahv",
        label=f"ahv-{api}",
        group=OPTIONS,
        collect=collect,
        ids=("uuid", "hostname"),
        start=partial(start, api=api),
        dead={"server": "127.0.0.1", "port": 1, "username": "reader", "password": PASSWORD, "timeout": 1},
        states=STATES[api],
        unplaced=(GuestState.SHUT_OFF,),
        http=HttpFaults(
            # A Prism Central is asked first whether it has v4.
            logins=0 if api == "v2" else 1,
            second_page=SECOND_PAGE[api],
            paged_fleet=(120, 5),
            login=lambda request: not request.header("Cookie"),
            expired=faults.status(401, {"message": "session expired"}),
            heals=frozenset({"session_expires", "session_always_expires"}),
        ),
    )


BACKENDS = [_backend(api) for api in ("v2", "v3", "v4")]
