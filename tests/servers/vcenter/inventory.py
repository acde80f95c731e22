# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The managed objects of a vCenter or an ESXi, and who hears of their changes."""

from __future__ import annotations

import dataclasses
import itertools
import threading
import typing as t
import uuid
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Ref:
    """A reference to a managed object."""

    type: str
    id: str


@dataclass(frozen=True)
class Enum:
    """A value of an enumeration, with the name of its type."""

    type: str
    value: str


Value = t.Union[str, bool, int, Ref, Enum]


@dataclass
class Entity:
    """A managed object.

    Attributes:
        properties: by leaf path. What is not here is unset.
        missing: by leaf path the type of the fault for which the property cannot be read.
        hidden: the account has no right to see it.
    """

    ref: Ref
    properties: dict[str, Value] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    hidden: bool = False


@dataclass(frozen=True)
class Change:
    """One thing that happened: ``kind`` is enter, modify or leave; ``paths`` are the properties that were modified."""

    number: int
    kind: str
    ref: Ref
    paths: tuple[str, ...] = ()


class Inventory:
    """A tree of managed objects below its root folder; every change wakes those who wait for one."""

    def __init__(self, root: Ref) -> None:
        self.root = root
        self.entities: dict[Ref, Entity] = {root: Entity(root, {"name": "Datacenters"})}
        self.changes: list[Change] = []
        self.changed = threading.Condition()
        self._numbers = itertools.count(1)

    # -- what tests change

    def set(self, ref: Ref, values: t.Mapping[str, Value | None]) -> None:
        """Set properties; None unsets one."""
        with self.changed:
            properties = self.entities[ref].properties
            for path, value in values.items():
                if value is None:
                    properties.pop(path, None)
                else:
                    properties[path] = value
            self._happened("modify", ref, tuple(values))

    def remove(self, ref: Ref) -> None:
        """The object is gone."""
        with self.changed:
            del self.entities[ref]
            self._happened("leave", ref)

    def add(self, entity: Entity) -> Ref:
        """A new object."""
        with self.changed:
            self.entities[entity.ref] = entity
            self._happened("enter", entity.ref)
        return entity.ref

    def _happened(self, kind: str, ref: Ref, paths: tuple[str, ...] = ()) -> None:
        number = self.changes[-1].number + 1 if self.changes else 1
        self.changes.append(Change(number, kind, ref, paths))
        self.changed.notify_all()

    # -- the usual objects

    def _new(self, kind: str, prefix: str, properties: dict[str, Value | None]) -> Ref:
        ref = Ref(kind, f"{prefix}{next(self._numbers)}")
        return self.add(Entity(ref, {path: value for path, value in properties.items() if value is not None}))

    def add_folder(self, name: str, parent: Ref | None = None, prefix: str = "group-h") -> Ref:
        """A folder of datacenters, hosts or machines."""
        return self._new("Folder", prefix, {"name": name, "parent": parent or self.root})

    def add_datacenter(self, name: str = "DC0", parent: Ref | None = None) -> tuple[Ref, Ref]:
        """A datacenter; returns it and its hidden folder ``host``."""
        datacenter = self._new("Datacenter", "datacenter-", {"name": name, "parent": parent or self.root})
        self.add_folder("vm", datacenter, "group-v")
        return datacenter, self.add_folder("host", datacenter)

    def add_cluster(self, name: str, folder: Ref) -> Ref:
        """A cluster."""
        return self._new("ClusterComputeResource", "domain-c", {"name": name, "parent": folder})

    def add_host(self, name: str, parent: Ref, **values: Value | None) -> Ref:
        """A connected host in a cluster; ``values`` are further properties: ``__`` is a dot, None unsets one."""
        short, _dot, domain = name.partition(".")
        hardware = str(uuid.uuid5(uuid.NAMESPACE_DNS, name))
        usual: dict[str, Value | None] = {
            "name": name,
            "parent": parent,
            "hardware.systemInfo.uuid": hardware,
            "hardware.cpuInfo.numCpuPackages": 2,
            "summary.hardware.uuid": hardware,
            "summary.hardware.numCpuPkgs": 2,
            "config.product.name": "VMware ESXi",
            "config.product.version": "8.0.2",
            "summary.config.product.name": "VMware ESXi",
            "summary.config.product.version": "8.0.2",
            "config.network.dnsConfig.hostName": short,
            "config.network.dnsConfig.domainName": domain,
            "runtime.connectionState": Enum("HostSystemConnectionState", "connected"),
        }
        return self._new("HostSystem", "host-", {**usual, **dotted(values)})

    def add_machine(self, name: str, host: Ref | None, **values: Value | None) -> Ref:
        """A running machine; ``values`` as for ``add_host``."""
        usual: dict[str, Value | None] = {
            "name": name,
            "config.uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, name)),
            "config.version": "vmx-19",
            "config.template": False,
            "runtime.host": host,
            "runtime.powerState": Enum("VirtualMachinePowerState", "poweredOn"),
            "runtime.connectionState": Enum("VirtualMachineConnectionState", "connected"),
        }
        return self._new("VirtualMachine", "vm-", {**usual, **dotted(values)})

    def disconnect(self, host: Ref, state: str = "disconnected") -> None:
        """The host is away: ``hardware`` and ``config`` are unset, vCenter's own copies below ``summary`` stay."""
        away = [path for path in self.entities[host].properties if path.startswith(("hardware.", "config."))]
        connection = Enum("HostSystemConnectionState", state)
        self.set(host, {**dict.fromkeys(away), "runtime.connectionState": connection})

    def children(self, ref: Ref) -> t.Iterator[Ref]:
        """Everything below an object that the account may see. Machines hang below the root, wherever they run."""
        above = {entity.ref: entity.properties.get("parent") for entity in self.entities.values()}
        for entity in list(self.entities.values()):
            if entity.hidden or entity.ref == ref:
                continue
            place: object = entity.ref
            if entity.ref.type == "VirtualMachine":
                place = self.root
            while isinstance(place, Ref) and place != ref:
                place = above.get(place)
            if place == ref:
                yield entity.ref


def dotted(values: t.Mapping[str, Value | None]) -> dict[str, Value | None]:
    """Property paths from keyword arguments: ``config__uuid`` is ``config.uuid``."""
    return {name.replace("__", "."): value for name, value in values.items()}


def vcenter() -> Inventory:
    """An empty vCenter."""
    return Inventory(Ref("Folder", "group-d1"))


def esxi(name: str = "esx1.example.com") -> tuple[Inventory, Ref]:
    """An ESXi asked directly, and its host."""
    inventory = Inventory(Ref("Folder", "ha-folder-root"))
    datacenter = inventory.add(
        Entity(Ref("Datacenter", "ha-datacenter"), {"name": "ha-datacenter", "parent": inventory.root})
    )
    folder = inventory.add(Entity(Ref("Folder", "ha-folder-host"), {"name": "host", "parent": datacenter}))
    compute = inventory.add(Entity(Ref("ComputeResource", "ha-compute-res"), {"name": name, "parent": folder}))
    usual = inventory.entities.pop(inventory.add_host(name, compute))
    return inventory, inventory.add(dataclasses.replace(usual, ref=Ref("HostSystem", "ha-host")))
