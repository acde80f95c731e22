# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""From records of XAPI to the model. Pure, and private to this collection."""

from __future__ import annotations

import sys
import typing as t
from dataclasses import dataclass, field

from ansible_collections.virtmap.core.plugins.module_utils._core.model import (
    FactValue,
    Guest,
    GuestState,
    Host,
    Skipped,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.text import listed, shown

Record = dict[str, t.Any]
# The classes that are read, in this order, and the fields that are looked at.
WANTED: dict[str, frozenset[str]] = {
    "pool": frozenset({"uuid", "name_label"}),
    "host": frozenset(
        {
            "uuid",
            "hostname",
            "name_label",
            "enabled",
            "cpu_info",
            "license_params",
            "software_version",
            "metrics",
            "resident_VMs",
        }
    ),
    "host_metrics": frozenset({"live"}),
    "VM": frozenset(
        {
            "uuid",
            "name_label",
            "power_state",
            "resident_on",
            "affinity",
            "is_a_template",
            "is_a_snapshot",
            "is_control_domain",
        }
    ),
}
STATES = {
    "Running": GuestState.RUNNING,
    "Paused": GuestState.PAUSED,
    "Suspended": GuestState.SUSPENDED,
    "Halted": GuestState.SHUT_OFF,
}
# What tells a guest from what XAPI calls a VM, too.
_MARKS = ("is_a_template", "is_a_snapshot", "is_control_domain")
_NONE = ("", "OpaqueRef:NULL")


class Machine(t.NamedTuple):
    """What is kept of a guest's record.

    Attributes:
        host, affinity: references of hosts; empty for none.
    """

    uuid: str
    name: str | None
    state: GuestState
    host: str
    affinity: str


@dataclass
class Told:
    """What a pool told, while it is read.

    Attributes:
        pools, hosts, metrics: by reference; only the wanted fields are there.
        machines: the guests by reference, without templates, snapshots and control domains.
        skipped: objects that could not be used.
    """

    pools: dict[str, Record] = field(default_factory=dict)
    hosts: dict[str, Record] = field(default_factory=dict)
    metrics: dict[str, Record] = field(default_factory=dict)
    machines: dict[str, Machine] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)

    def taker(self, kind: str) -> t.Callable[[str, t.Any], None]:
        """What takes the records of a class."""
        if kind == "VM":
            return self._take_machine
        table = {"pool": self.pools, "host": self.hosts, "host_metrics": self.metrics}[kind]
        wanted = WANTED[kind]

        def take(ref: str, record: t.Any) -> None:
            if isinstance(record, dict):
                table[ref] = {name: value for name, value in record.items() if name in wanted}
            elif kind == "host":
                self.skipped.append(Skipped("host", shown(ref), "its record is none"))

        return take

    def _take_machine(self, ref: str, record: t.Any) -> None:
        if not isinstance(record, dict):
            self.skipped.append(Skipped("guest", shown(ref), "its record is none"))
            return
        marks = [record.get(mark) for mark in _MARKS]
        if True in marks:
            return
        uuid, name = _text(record, "uuid"), _text(record, "name_label")
        untold = [mark for mark, value in zip(_MARKS, marks) if value is not False]
        reason = ""
        if untold:
            reason = f"its record does not tell whether it is a guest: it has no {untold[0]}"
        elif not uuid:
            reason = "no uuid: its record has none"
        elif not isinstance(record.get("resident_on"), str):
            reason = "its record does not tell where it runs: it has no resident_on"
        if reason or uuid is None:
            self.skipped.append(Skipped("guest", name or uuid or ref, reason))
            return
        state = STATES.get(str(record.get("power_state")), GuestState.UNKNOWN)
        self.machines[ref] = Machine(
            uuid, name, state, _reference(record, "resident_on"), _reference(record, "affinity")
        )


@dataclass
class Found:
    """What a pool told, in the model.

    Attributes:
        notes: one sentence for each thing about the whole answer that the user should look at.
    """

    hosts: list[Host] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    unplaced: list[Guest] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def convert(told: Told) -> Found:
    """All hosts with their guests, the guests that are nowhere, and what was left out."""
    found = Found(skipped=list(told.skipped))
    guests = _placed(told, found)
    pool = next(iter(told.pools.values()), {})
    cluster, parent = _text(pool, "name_label"), _text(pool, "uuid")
    for ref, record in told.hosts.items():
        found.hosts.append(_to_host(record, guests.get(ref, []), cluster, parent, _is_live(record, told)))
    found.notes += _notes(told, found)
    return found


def _placed(told: Told, found: Found) -> dict[str, list[Guest]]:
    """The guests by the reference of their host; all others are told elsewhere."""
    guests: dict[str, list[Guest]] = {}
    for machine in told.machines.values():
        if machine.host in told.hosts:
            guests.setdefault(machine.host, []).append(Guest(machine.uuid, machine.name, machine.state))
        elif machine.host:
            reason = "its host is not among the hosts of the pool, as when that was removed at this moment"
            found.skipped.append(Skipped("guest", machine.name or machine.uuid, reason))
        elif machine.state.active:
            reason = f"it is {machine.state.word}, but the pool tells no host for it"
            found.skipped.append(Skipped("guest", machine.name or machine.uuid, reason))
        else:
            # The host that it prefers is no host that it runs on.
            preferred = _text(told.hosts.get(machine.affinity, {}), "uuid")
            found.unplaced.append(Guest(machine.uuid, machine.name, machine.state, {"affinity": preferred}))
    return guests


def _to_host(record: Record, guests: list[Guest], cluster: str | None, parent: str | None, live: bool | None) -> Host:
    uuid, hostname = _text(record, "uuid"), _text(record, "hostname")
    lost = f"; its {len(guests)} guests are not reported" if guests else ""
    version = _map(record, "software_version")
    facts: dict[str, str | None] = {
        "cpu.cpu_socket(s)": _sockets(record),
        # virt-who's choice, although it is not that of the firmware: XAPI does not tell that one.
        "dmi.system.uuid": uuid,
        "hypervisor.type": _text(version, "product_brand"),
        "hypervisor.version": _text(version, "product_version"),
    }
    known: dict[str, FactValue] = {key: value for key, value in facts.items() if value}
    return Host(
        ids={"uuid": uuid, "hostname": hostname},
        uuid=uuid,
        name=hostname or _text(record, "name_label"),
        cluster=cluster,
        parent=parent,
        facts=known,
        guests=guests,
        parents=tuple(name for name in (cluster, parent) if name),
        missing={"uuid": f"its record has none{lost}", "hostname": f"its record has none{lost}"},
        extra={"enabled": _flag(record, "enabled"), "live": live},
    )


def _sockets(record: Record) -> str | None:
    """The number of sockets; None while the host has not counted them, or is too old to."""
    for name, key in (("cpu_info", "socket_count"), ("license_params", "sockets")):
        value = (_text(_map(record, name), key) or "").strip()
        if value.isascii() and value.isdigit() and value.strip("0"):
            return value
    return None


def _is_live(record: Record, told: Told) -> bool | None:
    return _flag(told.metrics.get(_reference(record, "metrics"), {}), "live")


def _notes(told: Told, found: Found) -> t.Iterator[str]:
    dead = [host.name or host.uuid for host in found.hosts if host.extra["live"] is False]
    if dead:
        yield f"{len(dead)} hosts do not answer their pool; for them the last known state is reported: {listed(dead)}"
    moved = []
    for ref, record in told.hosts.items():
        residents = record.get("resident_VMs")
        for resident in residents if isinstance(residents, list) else ():
            machine = told.machines.get(resident) if isinstance(resident, str) else None
            if machine is not None and machine.host not in ("", ref):
                moved.append(machine.name or machine.uuid)
    if moved:
        yield (
            f"{len(moved)} guests moved to another host while the pool was read; they are reported where they went: "
            f"{listed(sorted(moved))}"
        )


def _text(record: Record, name: str) -> str | None:
    """A field that is a text; None where it is missing, blank or something else."""
    value = record.get(name)
    return value if isinstance(value, str) and value.strip() else None


def _map(record: Record, name: str) -> Record:
    value = record.get(name)
    return value if isinstance(value, dict) else {}


def _flag(record: Record, name: str) -> bool | None:
    value = record.get(name)
    return value if isinstance(value, bool) else None


def _reference(record: Record, name: str) -> str:
    """A reference; empty for none. Thousands of guests share the reference of their host."""
    value = record.get(name)
    return sys.intern(value) if isinstance(value, str) and value not in _NONE else ""
