# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The backend libvirt before the contract: a private daemon with real QEMU guests."""

from __future__ import annotations

import contextlib
import functools
import re
import typing as t
from pathlib import Path

import libvirt
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.client import collect
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.options import OPTIONS
from ansible_collections.virtmap.core.plugins.module_utils._core.model import FactValue, GuestState
from ansible_collections.virtmap.core.tests.lab.libvirtd import HOST_UUID, Libvirtd, add_guest
from ansible_collections.virtmap.core.tests.unit.contract.backend import Backend, Source
from ansible_collections.virtmap.core.tests.unit.contract.fleet import Fleet, GuestSpec, HostSpec

# The states that a guest can be put into from outside.
STATES = (GuestState.RUNNING, GuestState.PAUSED, GuestState.SHUT_OFF)


class _Machine:
    """One daemon for all sources of this process, which come one after the other; end_machine() ends it."""

    def __init__(self) -> None:
        self.daemon = Libvirtd()
        self.daemon.start()
        # Refused definitions are told by exceptions; the binding would print them as well.
        libvirt.registerErrorHandler(lambda _context, _error: None, None)
        self.connection = libvirt.open(self.daemon.uri())
        self.wanted: tuple[GuestSpec, ...] = ()
        self.held: tuple[GuestSpec, ...] = ()

    def show(self, wanted: tuple[GuestSpec, ...]) -> None:
        """Have these guests and no others, as far as libvirt accepts them; starting them takes its time."""
        if wanted == self.wanted:
            return
        for domain in self.connection.listAllDomains():
            if domain.isActive():
                domain.destroy()
            domain.undefine()
        self.wanted = wanted
        held: list[GuestSpec] = []
        for guest in wanted:
            # A second guest with one uuid, or a name with a slash or a line break: such a source cannot be.
            with contextlib.suppress(libvirt.libvirtError):
                if guest.uuid:
                    add_guest(self.connection, str(guest.name), guest.state.word, identity=guest.uuid)
                    held.append(guest)
        self.held = tuple(held)


@functools.cache
def _machine() -> _Machine:
    return _Machine()


def end_machine() -> None:
    """End the daemon and its guests, if this process started one."""
    if _machine.cache_info().currsize:
        _machine().daemon.stop()


@contextlib.contextmanager
def _start(fleet: Fleet, _folder: Path) -> t.Iterator[Source]:
    """The host is the machine itself; its guests are those of the fleet's fullest host that libvirt accepts."""
    machine = _machine()
    machine.show(max((host.guests for host in fleet.hosts), key=len, default=()))
    uri = machine.daemon.uri()
    yield Source({"uri": uri, "timeout": 30}, Fleet((_host(machine.connection, machine.held),)), name=uri)


def _host(connection: t.Any, guests: tuple[GuestSpec, ...]) -> HostSpec:
    name = connection.getHostname()
    sockets = set(re.findall(r"socket_id='(\d+)'", connection.getCapabilities()))
    facts: dict[str, FactValue] = {
        "cpu.cpu_socket(s)": str(len(sockets)),
        "hypervisor.type": "QEMU",
        "hypervisor.version": connection.getVersion(),
        "dmi.system.uuid": HOST_UUID,
    }
    return HostSpec({"uuid": HOST_UUID, "hostname": name}, HOST_UUID, name, facts=facts, guests=guests)


BACKENDS = [
    Backend(
        name="libvirt",
        group=OPTIONS,
        collect=collect,
        ids=("uuid", "hostname"),
        start=_start,
        dead={"uri": "qemu+unix:///system?socket=/nonexistent/libvirt-sock", "timeout": 2},
        states=STATES,
        never_broken="libvirt gives every guest a uuid and every host a name",
    )
]
