# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""From what an engine told to hosts with their guests. Private to this collection; pure."""

from __future__ import annotations

import typing as t
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from ansible_collections.virtmap.core.plugins.module_utils._backends.ovirt import rows
from ansible_collections.virtmap.core.plugins.module_utils._backends.ovirt.reading import Fleet
from ansible_collections.virtmap.core.plugins.module_utils._core.model import (
    FactValue,
    Guest,
    GuestState,
    Host,
    Skipped,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.text import listed, shown, whole_number

# The engine's words; those of version 3 are marked. What runs on a host while it starts, restarts or moves is running;
# virt-who calls it shut off or unknown.
STATES = {
    "unassigned": GuestState.UNKNOWN,
    "unknown": GuestState.UNKNOWN,
    "up": GuestState.RUNNING,
    "powering_up": GuestState.RUNNING,
    "reboot_in_progress": GuestState.RUNNING,
    "migrating": GuestState.RUNNING,
    "migrating_from": GuestState.RUNNING,  # 3
    "migrating_to": GuestState.RUNNING,  # 3
    "not_responding": GuestState.BLOCKED,
    "wait_for_launch": GuestState.BLOCKED,
    "paused": GuestState.PAUSED,
    "powering_down": GuestState.SHUTTING_DOWN,
    "powered_down": GuestState.SHUTTING_DOWN,  # 3
    "saving_state": GuestState.SHUTTING_DOWN,
    "down": GuestState.SHUT_OFF,
    "restoring_state": GuestState.SHUT_OFF,
    "image_locked": GuestState.CRASHED,
    "image_illegal": GuestState.CRASHED,  # 3
    "suspended": GuestState.SUSPENDED,
}
TYPE = "qemu"


@dataclass
class Found:
    """What an engine has.

    Attributes:
        notes: a sentence for each thing that the user should look at.
    """

    hosts: list[Host] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    unplaced: list[Guest] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def convert(fleet: Fleet) -> Found:
    """Bring guests, hosts and clusters together. Hosts of clusters without the virtualization service are left out."""
    found = Found()
    clusters = {row.id: row for row in fleet.clusters if row.id is not None}
    storage = {row.id: cluster for row in fleet.hosts if (cluster := _storage_cluster(row, clusters)) is not None}
    hosts = [row for row in fleet.hosts if _storage_cluster(row, clusters) is None]
    guests = _place(fleet.vms, {row.id for row in hosts if row.id is not None}, storage, found)
    found.hosts = [_host(row, clusters, guests) for row in hosts]
    _note_what_is_odd(fleet, hosts, clusters, found)
    return found


def _storage_cluster(row: rows.Host, clusters: t.Mapping[str, rows.Cluster]) -> rows.Cluster | None:
    """The cluster of a host that is not there to run guests."""
    cluster = clusters.get(row.cluster_id or "")
    return None if cluster is None or cluster.for_guests else cluster


def _place(
    vms: t.Iterable[rows.Vm],
    known: t.Container[str],
    storage: t.Mapping[str | None, rows.Cluster],
    found: Found,
) -> dict[str, list[Guest]]:
    """The guests by id of their host; those that cannot be reported become ``skipped`` or ``unplaced``."""
    guests: dict[str, list[Guest]] = defaultdict(list)
    for row in vms:
        if row.id is None:
            found.skipped.append(Skipped("guest", row.name or "(no name)", "no uuid: the engine sent it without an id"))
            continue
        extra = {} if row.status is None else {"status": row.status}
        guest = Guest(row.id, row.name, STATES.get(row.status or "", GuestState.UNKNOWN), extra)
        if row.host_id is None and guest.state.active:
            # In unplaced it would pass for one that is off.
            reason = f"it is {guest.state.word}, but the engine tells no host for it"
            found.skipped.append(Skipped("guest", row.name or row.id, reason))
        elif row.host_id is None:
            found.unplaced.append(guest)
        elif row.host_id in known:
            guests[row.host_id].append(guest)
        elif row.host_id in storage:
            cluster = shown(storage[row.host_id].name or storage[row.host_id].id)
            reason = f"its host {shown(row.host_id)} is in the cluster {cluster}, which is not there to run guests"
            found.skipped.append(Skipped("guest", row.name or row.id, reason))
        else:
            reason = f"it runs on the host {shown(row.host_id)}, which the engine did not list"
            found.skipped.append(Skipped("guest", row.name or row.id, reason))
            found.notes.append(f"the guest {shown(row.name or row.id)} is left out: {reason}; run the task again")
    return guests


def _host(row: rows.Host, clusters: t.Mapping[str, rows.Cluster], guests: t.Mapping[str, list[Guest]]) -> Host:
    cluster = clusters.get(row.cluster_id or "")
    name = None if cluster is None else cluster.name
    # Guests name their host by its id; nobody knows which are on one that has none.
    mine = None if row.id is None else guests.get(row.id, [])
    extra = {"status": row.status, "engine_name": row.name}
    return Host(
        ids={"uuid": row.id, "hwuuid": row.hardware_uuid, "hostname": row.address},
        uuid=row.id,
        name=row.address or row.name,
        cluster=name,
        parent=row.cluster_id,
        facts=_facts(row, name),
        guests=mine,
        parents=tuple(parent for parent in (name, row.cluster_id) if parent),
        missing=_missing(row, len(mine or ())),
        extra={key: value for key, value in extra.items() if value is not None},
    )


def _facts(row: rows.Host, cluster: str | None) -> dict[str, FactValue]:
    facts: dict[str, FactValue] = {"hypervisor.type": TYPE}
    if row.sockets is not None and (whole_number(row.sockets) or 0) > 0:
        facts["cpu.cpu_socket(s)"] = row.sockets
    for key, value in (
        ("hypervisor.version", row.version),
        ("hypervisor.cluster", cluster),
        ("dmi.system.uuid", row.hardware_uuid),
    ):
        if value:
            facts[key] = value
    return facts


def _missing(row: rows.Host, guests: int) -> dict[str, str]:
    """Why a host lacks an id."""
    state = f" (it is {shown(row.status)})" if row.status else ""
    lost = f"; its {guests} guests are not reported" if guests else ""
    return {
        "uuid": "the engine sent the host without an id",
        "hwuuid": f"the engine has no hardware information of the host, as before it is up for the first time{state}{lost}",
        "hostname": f"the engine has no address of the host{lost}",
    }


def _note_what_is_odd(
    fleet: Fleet, hosts: t.Iterable[rows.Host], clusters: t.Mapping[str, rows.Cluster], found: Found
) -> None:
    """What an account that may not see all, or a change while it was read, looks like."""
    if not fleet.clusters:
        found.notes.append("it listed no cluster at all; give the account the role ReadOnlyAdmin on the system")
    hosts = list(hosts)
    lost = [row.address or row.name or row.id for row in hosts if row.cluster_id and row.cluster_id not in clusters]
    if lost:
        found.notes.append(
            f"it did not list the clusters of these hosts, which are reported without one: {listed(lost)}"
        )
    told = Counter(row.host_id for row in fleet.vms)
    short = [
        f"{shown(row.address or row.name or row.id)} ({told[row.id]} of {row.guest_count})"
        for row in hosts
        if row.guest_count is not None and row.guest_count > told[row.id]
    ]
    if short:
        found.notes.append(
            f"it counts more guests on these hosts than it listed: {listed(short)}; guests were moving while it was "
            "read, or the account does not see all of them (it needs the role ReadOnlyAdmin on the system)"
        )
