# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The backend hyperv before the contract, on our WinRM listener: NTLM within TLS, and NTLM that seals plain HTTP."""

from __future__ import annotations

import contextlib
import typing as t
from dataclasses import replace
from functools import partial
from pathlib import Path

from ansible_collections.virtmap.core.plugins.module_utils._backends.hyperv.client import collect
from ansible_collections.virtmap.core.plugins.module_utils._backends.hyperv.options import OPTIONS
from ansible_collections.virtmap.core.plugins.module_utils._core.model import GuestState
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority
from ansible_collections.virtmap.core.tests.servers.hyperv import (
    Accounts,
    Cluster,
    Host,
    HyperVServer,
    Machine,
    action_of,
    braced,
    in_other_order,
)
from ansible_collections.virtmap.core.tests.unit.contract.backend import Backend, HttpFaults, Source
from ansible_collections.virtmap.core.tests.unit.contract.fleet import Fleet, GuestSpec, HostSpec

PASSWORD = '<correct> & "horse"'
USER = "EXAMPLE\\reader"
STATES = {
    GuestState.UNKNOWN: 1,
    GuestState.RUNNING: 2,
    GuestState.PAUSED: 9,
    GuestState.SHUTTING_DOWN: 4,
    GuestState.SHUT_OFF: 3,
    GuestState.SUSPENDED: 6,
}


def _writable(name: str | None) -> str:
    """A name without the control characters that XML has no way to write."""
    return (name or "").replace("\x1b", "")


def _held(fleet: Fleet) -> tuple[HostSpec, tuple[GuestSpec, ...]]:
    """The host of a fleet that has the most guests, as a Windows host tells it, and its broken guests."""
    whole = max(fleet.hosts, key=lambda host: len(host.guests), default=None)
    if whole is None:
        whole = HostSpec({"uuid": "5A2C3B1D-0F00-4E6E-9C3E-0D5A1B2C3D4E", "hostname": "hv1"}, None, "hv1")
    uuid = str(whole.ids["uuid"]).upper()
    host = replace(
        whole,
        ids={"uuid": uuid, "hostname": _writable(whole.ids["hostname"])},
        uuid=uuid,
        parent=None,
        facts={
            "cpu.cpu_socket(s)": "2",
            "dmi.system.uuid": uuid,
            "hypervisor.type": "hyperv",
            "hypervisor.version": "10.0.20348.1",
        },
        guests=tuple(
            replace(guest, uuid=guest.uuid.upper(), name=_writable(guest.name)) for guest in whole.guests if guest.uuid
        ),
    )
    return host, tuple(guest for guest in whole.guests if not guest.uuid)


def _machine(guest: GuestSpec) -> Machine:
    bios_guid = braced(in_other_order(guest.uuid)) if guest.uuid else None
    return Machine(guest.name or "", bios_guid, state=STATES[guest.state])


@contextlib.contextmanager
def start(fleet: Fleet, folder: Path, *, sealed: bool) -> t.Iterator[Source]:
    """Run a listener of one host."""
    spec, broken = _held(fleet)
    host = Host(
        name=spec.ids["hostname"] or "",
        uuid=in_other_order(str(spec.uuid)),
        machines=[_machine(guest) for guest in (*spec.guests, *broken)],
        cluster=Cluster(spec.cluster, {"HOST0": 0}) if spec.cluster else None,
    )
    authority = CertificateAuthority(folder / "ca")
    pair = authority.issue_server()
    accounts = Accounts({USER: PASSWORD}, server_certificate=None if sealed else pair.cert)
    with HyperVServer(host, accounts, tls=None if sealed else authority.server_context(pair)) as server:
        options = {
            "server": server.host,
            "port": server.port,
            "scheme": server.scheme,
            "username": USER,
            "password": PASSWORD,
            "ca_path": str(authority.path),
            "timeout": 10,
        }
        yield Source(
            options,
            Fleet((spec,)),
            f"{server.host}:{server.port}",
            secrets=(PASSWORD,),
            skipped=tuple(("guest", guest.name or "") for guest in broken),
            server=server,
        )


def _backend(label: str, sealed: bool, logins: int) -> Backend:
    return Backend(
        name="hyperv",
        label=label,
        group=OPTIONS,
        collect=collect,
        ids=("uuid", "hostname"),
        start=partial(start, sealed=sealed),
        dead={"server": "127.0.0.1", "port": 1, "username": USER, "password": PASSWORD, "timeout": 1},
        states=tuple(STATES),
        http=HttpFaults(
            # What has no good service at its end is met with TLS by both.
            address=lambda host, port: {"server": host, "port": port, "scheme": "https"},
            logins=logins,
            second_page=lambda request: action_of(request) == "Pull",
            paged_fleet=(1, 400),
        ),
    )


# Within TLS the first question goes out with the steps of NTLM, under seal after them.
BACKENDS = [_backend("hyperv", False, 2), _backend("hyperv-sealed", True, 3)]
