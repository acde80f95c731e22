# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""From what a Prism told to the model. Pure, and private to this collection."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.virtmap.core.plugins.module_utils._backends.ahv.rows import AHV, HostRow, Told, VmRow
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Guest, Host, Skipped
from ansible_collections.virtmap.core.plugins.module_utils._core.text import listed, shown


@dataclass
class Converted:
    """The fleet in the model.

    Attributes:
        homeless: how many guests run on a host that is not listed.
        notes: sentences about what the user should look at.
    """

    hosts: list[Host] = field(default_factory=list)
    unplaced: list[Guest] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    homeless: int = 0
    notes: list[str] = field(default_factory=list)


def convert(told: Told) -> Converted:
    """Bring hosts, guests and clusters together."""
    result = Converted(notes=list(told.notes))
    others = [row for row in told.hosts if row.hypervisor != AHV]
    by_host: dict[str, list[Guest]] = {row.uuid.lower(): [] for row in told.hosts if row.uuid}
    strange = {row.uuid.lower() for row in others if row.uuid}
    foreign = 0
    for vm in told.vms:
        place = vm.host.lower() if vm.host else None
        if vm.hypervisor != AHV or place in strange:
            foreign += 1
        else:
            _place(vm, place, by_host, result)
    result.skipped += [
        Skipped("host", _name(row), f"its hypervisor is {shown(row.hypervisor)}, not AHV") for row in others
    ]
    if others or foreign:
        kinds = {row.hypervisor for row in others} | {vm.hypervisor for vm in told.vms if vm.hypervisor != AHV}
        result.notes.append(
            f"{len(others)} hosts and {foreign} guests of another hypervisor than AHV ({listed(sorted(kinds))}) were "
            "left out; gather them with the backend of that hypervisor"
        )
    clusters = {row.uuid.lower(): row.name for row in told.clusters if row.uuid}
    for row in told.hosts:
        if row.hypervisor == AHV:
            guests = by_host[row.uuid.lower()] if row.uuid else None
            if row.sockets is None and row.version is None and not guests and row.uuid:
                reason = "it tells neither processors nor a hypervisor and has no guest, as entries of Prism itself do"
                result.skipped.append(Skipped("host", _name(row), reason))
            else:
                result.hosts.append(_host(row, clusters, guests))
    return result


def _place(vm: VmRow, place: str | None, by_host: dict[str, list[Guest]], result: Converted) -> None:
    # The uuid that the guest sees is what it reports of itself; after a restore or a move it is not Prism's own.
    uuid = vm.bios_uuid or vm.ext_id
    if uuid is None:
        result.skipped.append(Skipped("guest", vm.name or "(no name)", "no uuid: Prism tells none"))
        return
    guest = Guest(uuid, vm.name, vm.state, {"ext_id": vm.ext_id})
    if place is None and guest.state.active:
        # In unplaced it would pass for one that is off.
        reason = f"it is {guest.state.word}, but Prism tells no host for it"
        result.skipped.append(Skipped("guest", vm.name or uuid, reason))
    elif place is None:
        result.unplaced.append(guest)
    elif place in by_host:
        by_host[place].append(guest)
    else:
        result.homeless += 1
        reason = f"it runs on the host {shown(place)}, which is not in the list of hosts"
        result.skipped.append(Skipped("guest", vm.name or uuid, reason))


def _host(row: HostRow, clusters: t.Mapping[str, str | None], guests: list[Guest] | None) -> Host:
    cluster = row.cluster_name
    if row.cluster:
        cluster = clusters.get(row.cluster.lower()) or cluster
    facts = {
        "cpu.cpu_socket(s)": row.sockets,
        "dmi.system.uuid": row.uuid,
        "hypervisor.cluster": cluster or row.cluster,
        "hypervisor.type": row.type,
        "hypervisor.version": row.version,
    }
    return Host(
        ids={"uuid": row.uuid, "hostname": row.name},
        uuid=row.uuid,
        name=row.name,
        cluster=cluster,
        parent=row.cluster,
        facts={key: value for key, value in facts.items() if value},
        guests=guests,
        parents=tuple(parent for parent in (cluster, row.cluster) if parent),
        missing={"uuid": "Prism tells none", "hostname": "Prism tells no name of this host; use uuid"},
        extra={"serial": row.serial},
    )


def _name(row: HostRow) -> str:
    return row.name or row.uuid or "(no name)"
