# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The backend vdsm before the contract, on our VDSM: TLS on both sides, configured by a vdsm.conf."""

from __future__ import annotations

import contextlib
import socket
import typing as t
from dataclasses import replace
from pathlib import Path

from ansible_collections.virtmap.core.plugins.module_utils._backends.vdsm import client
from ansible_collections.virtmap.core.plugins.module_utils._backends.vdsm.client import collect
from ansible_collections.virtmap.core.plugins.module_utils._backends.vdsm.options import OPTIONS
from ansible_collections.virtmap.core.plugins.module_utils._core.model import GuestState
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority
from ansible_collections.virtmap.core.tests.servers.vdsm import Host, Machine, VdsmServer, host_pair, lay_out
from ansible_collections.virtmap.core.tests.unit.contract.backend import Backend, FramedFaults, Source
from ansible_collections.virtmap.core.tests.unit.contract.fleet import Fleet, HostSpec, host

STATES = {
    GuestState.UNKNOWN: "Some new status",
    GuestState.RUNNING: "Up",
    GuestState.PAUSED: "Paused",
    GuestState.SHUTTING_DOWN: "Powering down",
    GuestState.SHUT_OFF: "Saving State",
}


def _held(fleet: Fleet) -> HostSpec:
    """The host of a fleet that has the most guests, as VDSM tells it."""
    whole = max(fleet.hosts, key=lambda host: len(host.guests), default=host(0))
    uuid = str(whole.ids["uuid"])
    name = socket.gethostname()
    return replace(
        whole,
        ids={"uuid": uuid, "hwuuid": uuid.upper(), "hostname": name},
        name=name,
        cluster=None,
        parent=None,
        facts={
            "cpu.cpu_socket(s)": "2",
            "dmi.system.uuid": uuid.upper(),
            "hypervisor.type": "qemu",
            "hypervisor.version": "4.50.7",
        },
    )


@contextlib.contextmanager
def _start(fleet: Fleet, folder: Path) -> t.Iterator[Source]:
    """Run the VDSM of one host."""
    spec = _held(fleet)
    machines = [Machine(guest.uuid, guest.name, STATES[guest.state]) for guest in spec.guests]
    model = Host(machines, uuid=spec.uuid, hardware_uuid=spec.ids["hwuuid"])
    authority = CertificateAuthority(folder / "ca")
    pair = host_pair(authority)
    tls = authority.server_context(pair, client_ca=authority, client_required=True)
    with VdsmServer(model, tls=tls) as server:
        files = lay_out(folder / "vdsm", authority, pair, server.port)
        broken = [number for number, guest in enumerate(spec.guests, 1) if not guest.uuid]
        yield Source(
            {"vdsm_conf": str(files.conf), "timeout": 10},
            Fleet((replace(spec, guests=tuple(guest for guest in spec.guests if guest.uuid)),)),
            f"{spec.name}:{server.port}",
            skipped=tuple(("guest", f"number {number} of the list") for number in broken),
            server=server,
        )


def _elsewhere(source: Source, host: str, port: int) -> dict[str, t.Any]:
    """Options for another server, at which the certificate of this host is not expected."""
    folder = Path(source.options["vdsm_conf"]).parent
    return {
        "server": host,
        "port": port,
        "vdsm_conf": str(folder / "none.conf"),
        "ca_path": str(folder / "certs/cacert.pem"),
        "client_cert": str(folder / "certs/vdsmcert.pem"),
        "client_key": str(folder / "keys/vdsmkey.pem"),
    }


BACKENDS = [
    Backend(
        name="vdsm",
        group=OPTIONS,
        collect=collect,
        ids=("uuid", "hwuuid", "hostname"),
        start=_start,
        dead={"server": "tcp://127.0.0.1:1", "timeout": 1},
        states=tuple(STATES),
        framed=FramedFaults(address=_elsewhere, data=lambda request: request.path == "Host.getVMList", pauses=client),
    )
]
