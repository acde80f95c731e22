# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The backend file before the contract: once in virt-who's format, once in our own."""

from __future__ import annotations

import contextlib
import json
import typing as t
from dataclasses import replace
from pathlib import Path

from ansible_collections.virtmap.core.plugins.module_utils._backends.file.client import collect
from ansible_collections.virtmap.core.plugins.module_utils._backends.file.options import OPTIONS
from ansible_collections.virtmap.core.plugins.module_utils._core.model import (
    FactValue,
    Guest,
    GuestState,
    Hypervisor,
    Mapping,
    Skipped,
)
from ansible_collections.virtmap.core.tests.unit.contract.backend import Backend, Source
from ansible_collections.virtmap.core.tests.unit.contract.fleet import Fleet, GuestSpec, HostSpec


def _told(host: HostSpec) -> HostSpec:
    """The host with the facts that its file tells."""
    facts: dict[str, FactValue] = {"cpu.cpu_socket(s)": "2", "hypervisor.type": "KVM", "hypervisor.version": "1.0"}
    if host.uuid:
        facts["dmi.system.uuid"] = host.uuid
    if host.cluster:
        facts["hypervisor.cluster"] = host.cluster
    return replace(host, facts=facts)


@contextlib.contextmanager
def _virt_who(fleet: Fleet, folder: Path) -> t.Iterator[Source]:
    """What virt-who prints: no names of guests, no parents, no guests without a host."""
    hosts = [_told(host) for host in fleet.hosts]
    path = folder / "virt-who.json"
    path.write_text(json.dumps({"hypervisors": [_printed(host) for host in hosts]}), encoding="utf-8")
    skipped = [("host", host.name or "") for host in hosts if host.broken]
    kept = []
    for number, host in enumerate(hosts):
        for index, guest in enumerate(host.guests):
            if guest.uuid is None:
                skipped.append(("guest", f"guest {index} of hypervisors[{number}] ({host.name})"))
        if not host.broken:
            guests = tuple(replace(guest, name=None) for guest in host.guests if guest.uuid)
            kept.append(replace(host, parent=None, guests=guests))
    yield Source({"path": str(path)}, Fleet(tuple(kept)), str(path), skipped=tuple(skipped))


def _printed(host: HostSpec) -> dict[str, t.Any]:
    entry: dict[str, t.Any] = {"name": host.name, "facts": host.facts, "guestIds": []}
    if not host.broken:
        entry["hypervisorId"] = {"hypervisorId": host.ids["uuid"]}
    for guest in host.guests:
        entry["guestIds"].append({"guestId": guest.uuid, "state": int(guest.state)})
    return entry


@contextlib.contextmanager
def _own(fleet: Fleet, folder: Path) -> t.Iterator[Source]:
    """Our own mapping; objects that were broken when it was collected stand in its ``skipped`` already."""
    hosts = tuple(_told(host) for host in fleet.hosts if not host.broken)
    skipped = [Skipped("host", host.name or "", "no uuid") for host in fleet.hosts if host.broken]
    hypervisors = []
    kept = []
    for host in hosts:
        skipped += [Skipped("guest", guest.name or "", "no uuid") for guest in host.guests if guest.uuid is None]
        host = replace(host, guests=tuple(guest for guest in host.guests if guest.uuid))
        kept.append(host)
        guests = [_guest(guest) for guest in host.guests]
        uuid, name, cluster, parent, facts = host.uuid, host.name, host.cluster, host.parent, dict(host.facts)
        hypervisors.append(Hypervisor(str(host.ids["uuid"]), uuid, name, cluster, parent, facts, guests))
    unplaced = [_guest(guest) for guest in fleet.unplaced]
    mapping = Mapping("file", "kept.json", "2026-11-21T08:00:00Z", hypervisors, skipped, unplaced)
    path = folder / "mapping.json"
    path.write_text(json.dumps(mapping.to_dict()), encoding="utf-8")
    named = tuple((entry.kind, entry.name) for entry in skipped)
    yield Source({"path": str(path)}, Fleet(tuple(kept), fleet.unplaced), str(path), skipped=named)


def _guest(guest: GuestSpec) -> Guest:
    return Guest(str(guest.uuid), guest.name, guest.state)


_COMMON: dict[str, t.Any] = {
    "name": "file",
    "group": OPTIONS,
    "collect": collect,
    "ids": ("uuid", "hwuuid", "hostname"),
    "dead": {"path": "/nonexistent/mapping.json"},
    "id_is_fixed": True,
}
BACKENDS = [
    Backend(**_COMMON, start=_virt_who, label="file-virt-who"),
    Backend(**_COMMON, start=_own, label="file-own", unplaced=(GuestState.SHUT_OFF, GuestState.UNKNOWN)),
]
