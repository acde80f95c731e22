# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The backend kubevirt before the contract, on our API server over TLS."""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import replace
from pathlib import Path

from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.client import collect
from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.options import OPTIONS
from ansible_collections.virtmap.core.plugins.module_utils._core.model import GuestState
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority
from ansible_collections.virtmap.core.tests.servers.kubevirt import (
    Account,
    Accounts,
    Cluster,
    Instance,
    KubernetesServer,
    Node,
)
from ansible_collections.virtmap.core.tests.unit.contract.backend import Backend, HttpFaults, Source
from ansible_collections.virtmap.core.tests.unit.contract.fleet import Fleet, GuestSpec, HostSpec

TOKEN = "eyJhbGciOi.J9<correct>.horse"
PHASES = {
    GuestState.UNKNOWN: "Unknown",
    GuestState.RUNNING: "Running",
    GuestState.PAUSED: "Running",
    GuestState.SHUT_OFF: "Succeeded",
    GuestState.CRASHED: "Failed",
}


def _told(host: HostSpec) -> HostSpec:
    """A host as a node tells it: its machineID has no dashes, and there are no clusters within the cluster."""
    machine_id = str(host.uuid).replace("-", "")
    return replace(
        host,
        ids={**host.ids, "uuid": machine_id},
        uuid=machine_id,
        cluster=None,
        parent=None,
        facts={
            "dmi.system.uuid": machine_id,
            "hypervisor.type": "qemu",
            "hypervisor.version": "v1.28.7",
        },
        guests=tuple(guest for guest in host.guests if guest.uuid),
    )


def _node(host: HostSpec) -> Node:
    if host.broken:
        return Node(host.name or "", None, None, None)
    return Node(host.name or "", str(host.uuid).replace("-", ""), host.ids["hwuuid"], host.ids["hostname"])


def _instance(guest: GuestSpec, node: str | None) -> Instance:
    conditions = {"Ready": "True", "Paused": "True" if guest.state == GuestState.PAUSED else "False"}
    phase = PHASES[guest.state] if node else "Scheduling"
    return Instance(guest.name or "", guest.uuid, node, phase, conditions=conditions)


@contextlib.contextmanager
def start(fleet: Fleet, folder: Path) -> t.Iterator[Source]:
    """Run an API server."""
    cluster = Cluster(
        [_node(host) for host in fleet.hosts],
        [_instance(guest, host.name) for host in fleet.hosts for guest in host.guests]
        + [_instance(guest, None) for guest in fleet.unplaced],
    )
    broken = [guest for host in fleet.hosts for guest in host.guests if not guest.uuid]
    skipped = [("guest", f"default/{guest.name}") for guest in broken]
    skipped += [("host", host.name or "") for host in fleet.hosts if host.broken]
    held = Fleet(tuple(_told(host) for host in fleet.hosts if not host.broken), fleet.unplaced)
    authority = CertificateAuthority(folder / "ca")
    with KubernetesServer(cluster, Accounts(Account(token=TOKEN)), tls=authority.server_context()) as server:
        options = {"server": server.url, "token": TOKEN, "ca_path": str(authority.path), "timeout": 10}
        name = f"{server.host}:{server.port}"
        yield Source(options, held, name, secrets=(TOKEN,), skipped=tuple(skipped), server=server)


BACKENDS = [
    Backend(
        name="kubevirt",
        group=OPTIONS,
        collect=collect,
        ids=("uuid", "hwuuid", "hostname"),
        start=start,
        dead={"server": "127.0.0.1:1", "token": TOKEN, "timeout": 1},
        states=tuple(PHASES),
        unplaced=(GuestState.SHUT_OFF,),
        http=HttpFaults(
            address=lambda host, port: {"server": f"{host}:{port}"},
            logins=1,
            second_page=lambda request: "continue" in request.query,
            paged_fleet=(3, 200),
        ),
    )
]
