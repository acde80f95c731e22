# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The backend xenserver before the contract, on our pool: in JSON-RPC, and in XML-RPC as an old host speaks it."""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import replace
from functools import partial
from pathlib import Path

from ansible_collections.virtmap.core.plugins.module_utils._backends.xenserver.client import collect
from ansible_collections.virtmap.core.plugins.module_utils._backends.xenserver.options import OPTIONS
from ansible_collections.virtmap.core.plugins.module_utils._core.model import GuestState
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority
from ansible_collections.virtmap.core.tests.servers.xenserver import (
    Account,
    Host,
    Machine,
    Pool,
    XenServer,
    failing,
    method_of,
)
from ansible_collections.virtmap.core.tests.unit.contract.backend import Backend, HttpFaults, Source
from ansible_collections.virtmap.core.tests.unit.contract.fleet import Fleet, GuestSpec, HostSpec

PASSWORD = '<correct> & "horse"'
STATES = {
    GuestState.RUNNING: "Running",
    GuestState.PAUSED: "Paused",
    GuestState.SHUT_OFF: "Halted",
    GuestState.SUSPENDED: "Suspended",
    GuestState.UNKNOWN: "SomethingNew",
}
POOL = "2b1f0e6d-5c4b-4a39-8f27-16e05d4c3b2a"


def _writable(name: str | None) -> str:
    """A name without the control characters that XML has no way to write."""
    return (name or "").replace("\x1b", "")


def _told(host: HostSpec, cluster: str | None) -> HostSpec:
    facts = {
        "cpu.cpu_socket(s)": "2",
        "dmi.system.uuid": str(host.uuid),
        "hypervisor.type": "XenServer",
        "hypervisor.version": "8.2.1",
    }
    guests = tuple(replace(guest, name=_writable(guest.name)) for guest in host.guests if guest.uuid)
    # A pool is one cluster.
    return replace(
        host, ids={**host.ids, "hostname": _writable(host.ids["hostname"])}, name=_writable(host.name),
        cluster=cluster, parent=POOL, facts=facts, guests=guests,
    )  # fmt: skip


def _pool(fleet: Fleet, cluster: str | None) -> Pool:
    hosts = [
        Host(_writable(host.name), host.ids["uuid"] or "", changes={} if host.ids["hostname"] else {"hostname": ""})
        for host in fleet.hosts
    ]
    machines = [_machine(guest, number) for number, host in enumerate(fleet.hosts) for guest in host.guests]
    machines += [_machine(guest, None) for guest in fleet.unplaced]
    return Pool(hosts, machines, cluster or "", POOL)


def _machine(guest: GuestSpec, host: int | None) -> Machine:
    return Machine(_writable(guest.name), guest.uuid or "", STATES[guest.state], host)


@contextlib.contextmanager
def start(fleet: Fleet, folder: Path, *, speaks_json: bool) -> t.Iterator[Source]:
    """Run a coordinator over TLS."""
    cluster = _writable(fleet.hosts[0].cluster) if fleet.hosts else None
    held = Fleet(tuple(_told(host, cluster) for host in fleet.hosts if not host.broken), fleet.unplaced)
    skipped = [("guest", guest.name or "") for host in fleet.hosts for guest in host.guests if guest.uuid is None]
    skipped += [("host", host.name or "") for host in fleet.hosts if host.broken]
    authority = CertificateAuthority(folder / "ca")
    server = XenServer(
        _pool(fleet, cluster), Account("reader", PASSWORD), speaks_json=speaks_json, tls=authority.server_context()
    )
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


def _backend(label: str, speaks_json: bool, logins: int) -> Backend:
    return Backend(
        name="xenserver",
        label=label,
        group=OPTIONS,
        collect=collect,
        ids=("uuid", "hostname"),
        start=partial(start, speaks_json=speaks_json),
        dead={"server": "127.0.0.1", "port": 1, "username": "reader", "password": PASSWORD, "timeout": 1},
        states=(GuestState.RUNNING, GuestState.PAUSED, GuestState.UNKNOWN),
        unplaced=(GuestState.SHUT_OFF, GuestState.SUSPENDED),
        http=HttpFaults(
            logins=logins,
            login=lambda request: method_of(request) in ("", "session.login_with_password"),
            expired=failing("SESSION_INVALID", "OpaqueRef:0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"),
            heals=frozenset({"session_expires"}),
        ),
    )


# An old host is asked in JSON first.
BACKENDS = [_backend("xenserver", True, 1), _backend("xenserver-xml", False, 2)]
