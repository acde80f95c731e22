# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A pool, described without any wire: its hosts, and all that XAPI calls a VM."""

from __future__ import annotations

import typing as t
import uuid
from dataclasses import dataclass, field

from .records import NULL, Moment, Record, new

GUEST, TEMPLATE, SNAPSHOT, CONTROL_DOMAIN = "guest", "template", "snapshot", "control domain"
# What makes a VM something else than a guest. A snapshot is a template, too.
_MARKS: dict[str, Record] = {
    GUEST: {},
    TEMPLATE: {"is_a_template": True, "is_default_template": True},
    SNAPSHOT: {"is_a_template": True, "is_a_snapshot": True, "snapshot_time": Moment("20240101T10:00:00Z")},
    CONTROL_DOMAIN: {"is_control_domain": True, "domid": 0, "domain_type": "pv"},
}
Tables = dict[str, dict[str, Record]]


@dataclass
class Host:
    """A host.

    Attributes:
        name: its ``hostname``.
        changes: fields of its record with other values than usual; None for a field that the record lacks.
    """

    name: str
    uuid: str = ""
    address: str = "192.0.2.1"
    live: bool = True
    changes: Record = field(default_factory=dict)

    @property
    def ref(self) -> str:
        """Its reference."""
        return made_ref("host", self.name, self.uuid)


@dataclass
class Machine:
    """A VM of any kind.

    Attributes:
        host: number of the host where it is resident; None for nowhere.
        affinity: number of the host that it prefers; None for none.
        changes: as with a host.
    """

    name: str
    uuid: str = ""
    power_state: str = "Running"
    host: int | None = None
    affinity: int | None = None
    kind: str = GUEST
    changes: Record = field(default_factory=dict)


@dataclass
class Pool:
    """A pool; its first host is the coordinator."""

    hosts: list[Host]
    machines: list[Machine] = field(default_factory=list)
    name: str = ""
    uuid: str = "c0ffee00-1d2e-4f3a-8b4c-5d6e7f809102"
    templates: int = 40

    def tables(self) -> Tables:
        """All records by class and reference, with the templates and the control domains that every pool has."""
        tables: Tables = {"pool": {}, "host": {}, "host_metrics": {}, "VM": {}}
        for number, host in enumerate(self.hosts):
            self._add_host(tables, number, host)
        for number, machine in enumerate((*self._usual(), *self.machines)):
            self._add_machine(tables, number, machine)
        master = self.hosts[0].ref if self.hosts else NULL
        tables["pool"][made_ref("pool", self.uuid)] = new("pool", uuid=self.uuid, name_label=self.name, master=master)
        return tables

    def _usual(self) -> t.Iterator[Machine]:
        for number in range(self.templates):
            yield Machine(f"Default template {number}", made_uuid("template", number), "Halted", kind=TEMPLATE)
        for number, host in enumerate(self.hosts):
            name = f"Control domain on host: {host.name}"
            yield Machine(name, made_uuid("dom0", number), "Running", number, kind=CONTROL_DOMAIN)

    def _add_host(self, tables: Tables, number: int, host: Host) -> None:
        metrics = made_ref("host_metrics", number)
        tables["host_metrics"][metrics] = new("host_metrics", uuid=made_uuid("host_metrics", number), live=host.live)
        record = new(
            "host", uuid=host.uuid, hostname=host.name, name_label=host.name, address=host.address, metrics=metrics
        )
        tables["host"][host.ref] = _changed(record, host.changes)

    def _add_machine(self, tables: Tables, number: int, machine: Machine) -> None:
        resident = self._host_ref(machine.host)
        record = new(
            "VM", uuid=machine.uuid, name_label=machine.name, power_state=machine.power_state,
            resident_on=resident, affinity=self._host_ref(machine.affinity),
            domid=-1 if resident == NULL else number,
        )  # fmt: skip
        record.update(_MARKS[machine.kind])
        ref = made_ref("VM", number)
        tables["VM"][ref] = _changed(record, machine.changes)
        if resident in tables["host"]:
            host = tables["host"][resident]
            host["resident_VMs"].append(ref)
            if machine.kind == CONTROL_DOMAIN:
                host["control_domain"] = ref

    def _host_ref(self, number: int | None) -> str:
        return NULL if number is None else self.hosts[number].ref


def made_uuid(*words: object) -> str:
    """A uuid that is always the same for the same words."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, ".".join(map(str, words))))


def made_ref(*words: object) -> str:
    """A reference that is always the same for the same words."""
    return f"OpaqueRef:{made_uuid('ref', *words)}"


def _changed(record: Record, changes: Record) -> Record:
    return {name: value for name, value in {**record, **changes}.items() if value is not None}
