# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""From the API server's objects to the model. Pure, and private to this collection."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.quantity import whole
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Guest, GuestState, Host, Skipped
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown

TYPE = "qemu"
# The label by which KubeVirt says whether it puts guests on a node.
SCHEDULABLE = "kubevirt.io/schedulable"
STATES = {
    "": GuestState.SHUT_OFF,
    "Pending": GuestState.SHUT_OFF,
    "Scheduling": GuestState.SHUT_OFF,
    "Scheduled": GuestState.RUNNING,
    "Running": GuestState.RUNNING,
    "Succeeded": GuestState.SHUT_OFF,
    "Failed": GuestState.CRASHED,
    # The target of a migration from another cluster: until it is done, the guest runs there.
    "WaitingForSync": GuestState.SHUT_OFF,
}
_NOT_HERE = frozenset({"", "Pending", "Scheduling", "WaitingForSync"})
_OVER = frozenset({"Succeeded", "Failed"})
# With dashes or without, as users type it into a definition.
_UUID = re.compile(r"([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})")


def text_at(item: object, *path: str) -> str | None:
    """The text at this place of an object; None where there is none, or something else."""
    for key in path:
        item = item.get(key) if isinstance(item, dict) else None
    return item if isinstance(item, str) and item else None


def dashed(text: str | None) -> str | None:
    """A uuid in lower case and with dashes, as the guest itself tells it; None for what is none."""
    match = _UUID.fullmatch((text or "").strip().lower())
    return "-".join(match.groups()) if match else None


class Instances:
    """The running instances of a cluster, as they come.

    Attributes:
        by_node: guests by the name of the node that they are on.
        found: namespace and name of every instance.
    """

    def __init__(self) -> None:
        self.by_node: dict[str, list[Guest]] = {}
        self.unplaced: list[Guest] = []
        self.skipped: list[Skipped] = []
        self.found: set[tuple[str | None, str | None]] = set()

    def add(self, item: object) -> None:
        """Take a VirtualMachineInstance."""
        name, namespace = text_at(item, "metadata", "name"), text_at(item, "metadata", "namespace")
        self.found.add((namespace, name))
        phase = text_at(item, "status", "phase") or ""
        node = text_at(item, "status", "nodeName")
        firmware = text_at(item, "spec", "domain", "firmware", "uuid")
        uuid = dashed(firmware)
        reason = None
        if uuid is None:
            reason = (
                "no uuid: its firmware has none" if firmware is None else f"no uuid: its firmware has {shown(firmware)}"
            )
        elif node is None and phase not in _NOT_HERE and phase not in _OVER:
            reason = f"it is in the phase {shown(phase)}, but on no node"
        if uuid is None or reason is not None:
            self.skipped.append(Skipped("guest", full_name(namespace, name), reason or ""))
            return
        guest = Guest(
            uuid,
            name,
            state_of(item, phase),
            extra={"namespace": namespace, "phase": phase or None, "migration_target": _target(item)},
        )
        if node is None or phase in _NOT_HERE:
            self.unplaced.append(guest)
        else:
            self.by_node.setdefault(node, []).append(guest)

    def take(self, other: Instances) -> None:
        """Take what another one found in another namespace."""
        for node, guests in other.by_node.items():
            self.by_node.setdefault(node, []).extend(guests)
        self.unplaced += other.unplaced
        self.skipped += other.skipped
        self.found |= other.found


class Machines:
    """The definitions of machines, as they come.

    Attributes:
        guests: each with its namespace and name.
    """

    def __init__(self) -> None:
        self.guests: list[tuple[str | None, Guest]] = []
        self.skipped: list[tuple[tuple[str | None, str | None], Skipped]] = []

    def add(self, item: object) -> None:
        """Take a VirtualMachine."""
        name, namespace = text_at(item, "metadata", "name"), text_at(item, "metadata", "namespace")
        uuid = dashed(text_at(item, "spec", "template", "spec", "domain", "firmware", "uuid"))
        if uuid is None:
            # Old definitions have none until they are started; there is nothing to report of them.
            entry = Skipped("guest", full_name(namespace, name), "no uuid: it is stopped, and its definition has none")
            self.skipped.append(((namespace, name), entry))
            return
        extra = {"namespace": namespace, "phase": None, "migration_target": None}
        self.guests.append((namespace, Guest(uuid, name, GuestState.SHUT_OFF, extra)))

    def take(self, other: Machines) -> None:
        """Take what another one found in another namespace."""
        self.guests += other.guests
        self.skipped += other.skipped

    def without(self, found: t.Container[tuple[str | None, str | None]]) -> tuple[list[Guest], list[Skipped]]:
        """Those that have no instance, and those of them that were left out."""
        stopped = [guest for namespace, guest in self.guests if (namespace, guest.name) not in found]
        return stopped, [entry for key, entry in self.skipped if key not in found]


class Nodes:
    """The nodes of a cluster, as they come.

    Args:
        guests: those that were found, by the name of their node.
        cpus_as_sockets: tell CPUs as sockets.
        schedulable_only: leave out nodes that KubeVirt does not use; one with guests is kept in any case.

    Attributes:
        names: of all nodes, also of those left out.
    """

    def __init__(self, guests: t.Mapping[str, list[Guest]], *, cpus_as_sockets: bool, schedulable_only: bool) -> None:
        self.hosts: list[Host] = []
        self.names: set[str] = set()
        self._guests = guests
        self._cpus_as_sockets = cpus_as_sockets
        self._schedulable_only = schedulable_only

    def add(self, item: object) -> None:
        """Take a Node."""
        host = self.host(item)
        if host.name:
            self.names.add(host.name)
        if host.guests or host.extra["schedulable"] or not self._schedulable_only:
            self.hosts.append(host)

    def host(self, item: object) -> Host:
        """A Node with its guests."""
        name = text_at(item, "metadata", "name")
        guests = self._guests.get(name, []) if name else []
        machine_id = text_at(item, "status", "nodeInfo", "machineID")
        system_uuid = text_at(item, "status", "nodeInfo", "systemUUID")
        facts = {
            "cpu.cpu_socket(s)": self._sockets(item),
            "dmi.system.uuid": machine_id,
            "hypervisor.type": TYPE,
            "hypervisor.version": text_at(item, "status", "nodeInfo", "kubeletVersion"),
        }
        lost = f"; its {len(guests)} guests are not reported" if guests else ""
        return Host(
            ids={
                "uuid": machine_id,
                "hwuuid": system_uuid.lower() if system_uuid else None,
                "hostname": _hostname(item) or machine_id,
            },
            uuid=machine_id,
            name=name,
            facts={key: value for key, value in facts.items() if value},
            guests=guests,
            missing={
                "uuid": f"the node tells no machineID{lost}",
                "hwuuid": f"the node tells no systemUUID{lost}",
                "hostname": f"the node tells neither an address of the type Hostname nor a machineID{lost}",
            },
            extra={
                "system_uuid": system_uuid,
                "logical_cpus": whole(text_at(item, "status", "capacity", "cpu")),
                "schedulable": text_at(item, "metadata", "labels", SCHEDULABLE) == "true",
            },
        )

    def _sockets(self, item: object) -> str | None:
        if not self._cpus_as_sockets:
            return None
        cpus = whole(text_at(item, "status", "allocatable", "cpu"))
        return None if cpus is None else str(cpus)


def nodes_by_name(guests: t.Mapping[str, list[Guest]]) -> list[Host]:
    """A host for each node that a guest is on, which is all that is known of it."""
    return [
        Host(
            ids=dict.fromkeys(("uuid", "hwuuid", "hostname"), name),
            name=name,
            facts={"hypervisor.type": TYPE},
            guests=found,
            extra={"system_uuid": None, "logical_cpus": None, "schedulable": None},
        )
        for name, found in guests.items()
    ]


def state_of(item: object, phase: str) -> GuestState:
    """The state of an instance; one that is over never runs, and a phase that is not known is UNKNOWN."""
    state = STATES.get(phase, GuestState.UNKNOWN)
    if phase == "Running" and _condition(item, "Paused") == "True":
        return GuestState.PAUSED
    return state


def full_name(namespace: str | None, name: str | None) -> str:
    """A name as kubectl's users know it."""
    return "/".join(part for part in (namespace, name) if part) or "(no name)"


def _hostname(item: object) -> str | None:
    for address in _list_at(item, "addresses"):
        if text_at(address, "type") == "Hostname":
            return text_at(address, "address")
    return None


def _condition(item: object, kind: str) -> str | None:
    for condition in _list_at(item, "conditions"):
        if text_at(condition, "type") == kind:
            return text_at(condition, "status")
    return None


def _list_at(item: object, key: str) -> list[t.Any]:
    status = item.get("status") if isinstance(item, dict) else None
    found = status.get(key) if isinstance(status, dict) else None
    return found if isinstance(found, list) else []


def _target(item: object) -> str | None:
    """The node that the guest is migrating to; None when it is not, or has arrived."""
    status = item.get("status") if isinstance(item, dict) else None
    migration = status.get("migrationState") if isinstance(status, dict) else None
    if not isinstance(migration, dict) or migration.get("completed") or migration.get("failed"):
        return None
    return text_at(migration, "targetNode")
