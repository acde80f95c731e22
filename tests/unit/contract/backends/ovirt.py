# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The backend ovirt before the contract, on our engine: whole lists, and lists in pages."""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import replace
from functools import partial
from pathlib import Path

from ansible_collections.virtmap.core.plugins.module_utils._backends.ovirt.client import collect
from ansible_collections.virtmap.core.plugins.module_utils._backends.ovirt.options import OPTIONS
from ansible_collections.virtmap.core.plugins.module_utils._core.model import FactValue, GuestState
from ansible_collections.virtmap.core.tests.servers._http import Request, faults
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority
from ansible_collections.virtmap.core.tests.servers.ovirt import (
    LOGIN_PATH,
    LOGOUT_PATH,
    Accounts,
    Cluster,
    EngineServer,
    Host,
    Inventory,
    Machine,
)
from ansible_collections.virtmap.core.tests.unit.contract.backend import Backend, HttpFaults, Source
from ansible_collections.virtmap.core.tests.unit.contract.fleet import Fleet, GuestSpec, HostSpec

PASSWORD = '<correct> & "horse" + 100%'
USER = "reader@internal"
VERSION = "vdsm-4.50.5.1-1.el9"
STATES = {
    GuestState.UNKNOWN: "unknown",
    GuestState.RUNNING: "up",
    GuestState.BLOCKED: "not_responding",
    GuestState.PAUSED: "paused",
    GuestState.SHUTTING_DOWN: "powering_down",
    GuestState.SHUT_OFF: "down",
    GuestState.CRASHED: "image_locked",
    GuestState.SUSPENDED: "suspended",
}


def _writable(name: str | None) -> str | None:
    """A name without the control characters that XML has no way to write."""
    return None if name is None else name.replace("\x1b", "")


def _held(host: HostSpec) -> HostSpec:
    """A host as the engine tells it."""
    facts: dict[str, FactValue] = {
        "cpu.cpu_socket(s)": "2",
        "dmi.system.uuid": host.ids["hwuuid"] or "",
        "hypervisor.cluster": _writable(host.cluster) or "",
        "hypervisor.type": "qemu",
        "hypervisor.version": VERSION,
    }
    guests = tuple(replace(guest, name=_writable(guest.name)) for guest in host.guests if guest.uuid)
    return replace(
        host,
        ids={word: _writable(value) for word, value in host.ids.items()},
        name=_writable(host.name),
        cluster=_writable(host.cluster),
        facts=facts,
        guests=guests,
    )


def _machine(guest: GuestSpec, host: HostSpec | None) -> Machine:
    place = None if host is None else host.ids["uuid"]
    return Machine(_writable(guest.name), place, STATES[guest.state], guest.uuid)


def _inventory(fleet: Fleet) -> Inventory:
    clusters = {host.parent: host.cluster for host in fleet.hosts}
    inventory = Inventory([Cluster(_writable(name) or "", identifier) for identifier, name in clusters.items()])
    for host in fleet.hosts:
        name = _writable(host.name) or ""
        address, hardware = _writable(host.ids["hostname"]), host.ids["hwuuid"]
        inventory.hosts.append(
            Host(name, host.parent, host.ids["uuid"], address, hardware_uuid=hardware, version=VERSION)
        )
        inventory.machines += [_machine(guest, host) for guest in host.guests]
    inventory.machines += [_machine(guest, None) for guest in fleet.unplaced]
    return inventory


@contextlib.contextmanager
def start(fleet: Fleet, folder: Path, page_size: int | None) -> t.Iterator[Source]:
    """Run an engine over TLS."""
    skipped = [("guest", guest.name or "") for host in fleet.hosts for guest in host.guests if guest.uuid is None]
    skipped += [("host", host.name or "") for host in fleet.hosts if host.broken]
    authority = CertificateAuthority(folder / "ca")
    server = EngineServer(_inventory(fleet), Accounts({USER: PASSWORD}), tls=authority.server_context())
    with server:
        options = {
            "server": server.host,
            "port": server.port,
            "username": USER,
            "password": PASSWORD,
            "ca_path": str(authority.path),
            "timeout": 10,
            "page_size": page_size,
        }
        held = Fleet(tuple(_held(host) for host in fleet.hosts if not host.broken), fleet.unplaced)
        name = f"{server.host}:{server.port}"
        yield Source(options, held, name, secrets=(PASSWORD,), skipped=tuple(skipped), server=server)


def _second_page(request: Request) -> bool:
    return "page 2" in (request.argument("search") or "")


def _backend(label: str, page_size: int | None) -> Backend:
    return Backend(
        name="ovirt",
        label=label,
        group=OPTIONS,
        collect=collect,
        ids=("uuid", "hwuuid", "hostname"),
        start=partial(start, page_size=page_size),
        dead={"server": "127.0.0.1", "port": 1, "username": USER, "password": PASSWORD, "timeout": 1},
        states=tuple(STATES),
        unplaced=(GuestState.SHUT_OFF, GuestState.SUSPENDED),
        http=HttpFaults(
            logins=1,
            login=lambda request: request.path in (LOGIN_PATH, LOGOUT_PATH),
            second_page=_second_page if page_size else None,
            paged_fleet=(12, 20),
            expired=faults.status(401, "<html>Unauthorized</html>"),
            heals=frozenset({"session_expires"}),
        ),
    )


BACKENDS = [_backend("ovirt", None), _backend("ovirt-paged", 100)]
