# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What an engine manages: clusters, hosts and virtual machines."""

from __future__ import annotations

import typing as t
import uuid
from dataclasses import dataclass, field


def made_id(*words: object) -> str:
    """A lower-case uuid that is always the same for the same words."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, ".".join(map(str, words))))


@dataclass
class Cluster:
    """A cluster; None leaves an element out."""

    name: str
    id: str | None = ""
    virt_service: bool | None = True
    gluster_service: bool = False

    def __post_init__(self) -> None:
        """Give it an id unless it has one."""
        self.id = made_id("cluster", self.name) if self.id == "" else self.id


@dataclass
class Host:
    """A host; None leaves an element out. One that was never up has neither hardware_uuid nor sockets nor version."""

    name: str
    cluster: str | None
    id: str | None = ""
    address: str | None = ""
    status: str | None = "up"
    hardware_uuid: str | None = ""
    sockets: str | None = "2"
    version: str | None = "vdsm-4.50.5.1-1.el9"
    #: What the engine itself counts; None for what its machines say.
    total: int | None = None

    def __post_init__(self) -> None:
        """Give it an id, an address and a hardware uuid unless it has them."""
        self.id = made_id("host", self.name) if self.id == "" else self.id
        self.address = self.name if self.address == "" else self.address
        self.hardware_uuid = made_id("hardware", self.name).upper() if self.hardware_uuid == "" else self.hardware_uuid

    def never_up(self, status: str = "install_failed") -> Host:
        """The same host before it was up for the first time."""
        self.status, self.hardware_uuid, self.sockets, self.version = status, None, None, None
        return self


@dataclass
class Machine:
    """A virtual machine; None leaves an element out. ``host`` is the id of the host, only while it runs somewhere."""

    name: str | None
    host: str | None = None
    status: str | None = "up"
    id: str | None = ""
    cluster: str | None = None
    origin: str = "ovirt"

    def __post_init__(self) -> None:
        """Give it an id unless it has one."""
        self.id = made_id("vm", self.name) if self.id == "" else self.id


@dataclass
class Inventory:
    """All that an engine manages, in no order."""

    clusters: list[Cluster] = field(default_factory=list)
    hosts: list[Host] = field(default_factory=list)
    machines: list[Machine] = field(default_factory=list)

    def add_cluster(self, name: str, **values: t.Any) -> Cluster:
        """A cluster."""
        self.clusters.append(Cluster(name, **values))
        return self.clusters[-1]

    def add_host(self, name: str, cluster: Cluster, **values: t.Any) -> Host:
        """A host that is up."""
        self.hosts.append(Host(name, cluster.id, **values))
        return self.hosts[-1]

    def add_machine(self, name: str, host: Host | None, **values: t.Any) -> Machine:
        """A machine that runs, or one that is down where it has no host."""
        usual = {"status": "up" if host else "down", "cluster": host.cluster if host else None}
        self.machines.append(Machine(name, host.id if host else None, **{**usual, **values}))
        return self.machines[-1]

    def running(self) -> dict[str, int]:
        """How many machines each host has, by its id."""
        found: dict[str, int] = {}
        for machine in self.machines:
            if machine.host:
                found[machine.host] = found.get(machine.host, 0) + 1
        return found
