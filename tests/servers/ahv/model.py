# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What a Prism knows: clusters, their nodes and their virtual machines, independent of the API that tells it."""

from __future__ import annotations

import typing as t
import uuid
from dataclasses import dataclass, field

#: How v3 and v4 call the power states of v2; v4 has no other words.
POWER_V3 = {"on": "ON", "off": "OFF", "paused": "PAUSED", "suspended": "SUSPENDED"}
POWER_V4 = {"on": "ON", "off": "OFF", "paused": "PAUSED"}


def _new() -> str:
    return str(uuid.uuid4())


@dataclass
class Cluster:
    """A cluster; that of a Prism Central itself has the service PRISM_CENTRAL."""

    name: str | None = "Blue"
    uuid: str = field(default_factory=_new)
    service: str = "AOS"


@dataclass
class Node:
    """A host.

    Attributes:
        cluster: uuid of its cluster.
        version: the hypervisor's full name; together with sockets None for the pseudo hosts that v3 lists.
        hypervisor: AHV, ESX, HYPERV or XEN.
    """

    name: str | None = "ahv1.example.com"
    cluster: str | None = None
    uuid: str | None = field(default_factory=_new)
    sockets: int | None = 2
    version: str | None = "Nutanix 20220304.342"
    hypervisor: str = "AHV"
    serial: str | None = "ZM18AS012345"


@dataclass
class Vm:
    """A virtual machine.

    Attributes:
        host, cluster: uuids; host is None while it is off.
        power: in the words of v2.
        bios_uuid: the uuid that the guest sees; None for the same as uuid.
    """

    name: str | None = "web1"
    host: str | None = None
    cluster: str | None = None
    power: str | None = "on"
    uuid: str | None = field(default_factory=_new)
    hypervisor: str = "AHV"
    bios_uuid: str | None = None
    agent: bool = False


@dataclass
class Prism:
    """Everything behind one address."""

    clusters: list[Cluster] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    vms: list[Vm] = field(default_factory=list)

    def cluster_name(self, wanted: str | None) -> str | None:
        """The name of a cluster."""
        return next((cluster.name for cluster in self.clusters if cluster.uuid == wanted), None)

    def node_name(self, wanted: str | None) -> str | None:
        """The name of a host."""
        return next((node.name for node in self.nodes if node.uuid == wanted), None)


def without_nulls(document: dict[str, t.Any]) -> dict[str, t.Any]:
    """The members that have a value: v3 and v4 leave out what v2 tells as null."""
    return {key: value for key, value in document.items() if value is not None}


class Refused(Exception):
    """A request that the API does not take."""

    def __init__(self, status: int, reason: str, text: str) -> None:
        """Answer with this status; the reason is the API's own word for it."""
        super().__init__(text)
        self.status = status
        self.reason = reason
        self.text = text


def whole_number(text: t.Any, name: str, default: int, least: int, most: int | None = None) -> int:
    """A number of a request, within bounds; raises Refused with 422 (v3) or whatever the caller makes of it."""
    if text is None:
        return default
    try:
        number = int(text)
    except (TypeError, ValueError):
        raise Refused(422, "INVALID_REQUEST", f"{name} is no number") from None
    if number < least or (most is not None and number > most):
        raise Refused(422, "INVALID_REQUEST", f"{name} must be between {least} and {most or 'any'}")
    return number
