# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What the three generations of Prism's API tell alike, each entity reduced to what is needed. Private to this collection."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.virtmap.core.plugins.module_utils._core.model import GuestState

AHV = "AHV"
STATES = {
    "on": GuestState.RUNNING,
    "powering_on": GuestState.RUNNING,
    "resuming": GuestState.RUNNING,
    "resetting": GuestState.RUNNING,
    "migrating": GuestState.RUNNING,
    "paused": GuestState.PAUSED,
    "pausing": GuestState.PAUSED,
    "shutting_down": GuestState.SHUTTING_DOWN,
    "powering_off": GuestState.SHUTTING_DOWN,
    "off": GuestState.SHUT_OFF,
    "suspended": GuestState.SUSPENDED,
    "suspending": GuestState.SUSPENDED,
}


class VmRow(t.NamedTuple):
    """A virtual machine.

    Attributes:
        ext_id: Prism's own id of it.
        bios_uuid: what the guest sees; None where the API does not tell it.
        host, cluster: uuids; host is None while no host runs it.
        hypervisor: AHV, or the word for another kind.
    """

    ext_id: str | None
    bios_uuid: str | None
    name: str | None
    host: str | None
    cluster: str | None
    state: GuestState
    hypervisor: str = AHV

    @property
    def key(self) -> t.Hashable:
        """What tells it from all others; one that fails over to another cluster is listed in both for a while."""
        return (self.ext_id, self.cluster) if self.ext_id else None


class HostRow(t.NamedTuple):
    """A host.

    Attributes:
        cluster: uuid of its cluster.
        type: as virt-who reports it.
        hypervisor: AHV, or the word for another kind.
    """

    uuid: str | None
    name: str | None
    cluster: str | None
    cluster_name: str | None
    sockets: str | None
    type: str
    version: str | None
    serial: str | None
    hypervisor: str = AHV

    @property
    def key(self) -> t.Hashable:
        """What tells it from all others."""
        return self.uuid


class ClusterRow(t.NamedTuple):
    """A cluster.

    Attributes:
        central: whether it is that of a Prism Central itself.
    """

    uuid: str | None
    name: str | None
    central: bool = False

    @property
    def key(self) -> t.Hashable:
        """What tells it from all others."""
        return self.uuid


@dataclass
class Told:
    """What a Prism told.

    Attributes:
        notes: sentences about what the user should look at.
    """

    vms: list[VmRow]
    hosts: list[HostRow]
    clusters: list[ClusterRow]
    notes: tuple[str, ...] = ()


def member(item: object, *path: str) -> t.Any:
    """A member of an entity, however deep; None where a part of the way is missing."""
    for name in path:
        if not isinstance(item, dict):
            return None
        item = item.get(name)
    return item


def text(item: object, *path: str) -> str | None:
    """A member that is a text; None for an empty one, or something else than a text."""
    # Like member, but called for every member of every guest.
    for name in path:
        if not isinstance(item, dict):
            return None
        item = item.get(name)
    return item if isinstance(item, str) and item and not item.isspace() else None


def number(item: object, *path: str) -> str | None:
    """A member that is a positive number, as a text; None for anything else."""
    value = member(item, *path)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def state_of(word: str | None) -> GuestState:
    """The state for a power state of any of the APIs; UNKNOWN for one that is not known or not told."""
    return STATES.get(word.lower(), GuestState.UNKNOWN) if word else GuestState.UNKNOWN
