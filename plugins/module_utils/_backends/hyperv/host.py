# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What is asked of one host. Private to this collection."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from ansible_collections.virtmap.core.plugins.module_utils._backends.hyperv.faults import RIGHTS
from ansible_collections.virtmap.core.plugins.module_utils._backends.hyperv.guid import is_guid
from ansible_collections.virtmap.core.plugins.module_utils._backends.hyperv.wmi import Connection, read
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    Denied,
    NotFound,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._transport.wsman import Row, WsmanFault

CIMV2 = "root/cimv2"
V1 = "root/virtualization"
V2 = "root/virtualization/v2"
CLUSTER = "root/MSCluster"

_SYSTEM = "select DNSHostName, Name, NumberOfProcessors from Win32_ComputerSystem"
_PRODUCT = "select UUID from Win32_ComputerSystemProduct"
_VERSION = "select Path, Version from CIM_DataFile where Path = '\\\\windows\\\\system32\\\\' and FileName = 'vmms' and Extension = 'exe'"
_VERSION_PATH = "\\windows\\system32\\"
_WINDOWS = "select Version from Win32_OperatingSystem"
# Of machines only, not of their checkpoints, nor of those that are just coming in from another host.
_SETTINGS = {
    V2: (
        "select BIOSGUID, VirtualSystemIdentifier, VirtualSystemSubType, ElementName from Msvm_VirtualSystemSettingData "
        "where VirtualSystemType = 'Microsoft:Hyper-V:System:Realized'"
    ),
    V1: "select BIOSGUID, SystemName, ElementName from Msvm_VirtualSystemSettingData where SettingType = 3",
}
_STATES = "select Name, EnabledState from Msvm_ComputerSystem"
_CLUSTER_NAME = "select Name from MSCluster_Cluster"
_CLUSTER_NODES = "select Name, State from MSCluster_Node"


@dataclass
class Told:
    """What a host told; rows as WMI gives them.

    Attributes:
        what: the host with its address, for sentences.
        version: of vmms.exe, or of Windows where that cannot be told.
        namespace: V1 or V2.
        machines: a row of settings for each machine.
        states: EnabledState by the id of the machine in lower case; the host's own is among them.
        asked_at: when the states were read, in seconds of a clock that all hosts of one run share.
        cluster: name of the cluster; None where there is none or it is not told.
        nodes: the nodes of the cluster and their states.
        notes: sentences about what the user should look at.
    """

    what: str
    system: Row
    uuid: str | None = None
    version: str | None = None
    namespace: str = V2
    machines: list[Row] = field(default_factory=list)
    states: dict[str, str | None] = field(default_factory=dict)
    asked_at: float = 0.0
    cluster: str | None = None
    nodes: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_system(connection: Connection) -> Row:
    """Ask who the host is; the first question, which also proves the credentials.

    Raises:
        Again, Denied, CannotConnect, NotFound, BadAnswer: see .wmi.
    """
    return _only(_must(connection, CIMV2, _SYSTEM), connection, "Win32_ComputerSystem")


def read_rest(connection: Connection, system: Row) -> Told:
    """Ask the rest.

    Raises:
        Again, Denied, CannotConnect, NotFound, BadAnswer: see .wmi.
    """
    told = Told(connection.what, system)
    told.uuid = _only(_must(connection, CIMV2, _PRODUCT), connection, "Win32_ComputerSystemProduct").get("uuid")
    told.version = _version(connection)
    told.namespace, told.machines = _machines(connection)
    rows = _must(connection, told.namespace, _STATES)
    told.asked_at = time.monotonic()
    told.states = {(row.get("name") or "").lower(): row.get("enabledstate") for row in rows}
    if all(is_guid(name) for name in told.states):
        # Who has no right to Hyper-V is not refused but sees nothing, not even the host, whose name is no GUID.
        raise Denied(
            f"{connection.what} shows no virtual machine to this account, which has no right to Hyper-V there; {RIGHTS}"
        )
    _read_cluster(connection, told)
    return told


def _must(connection: Connection, namespace: str, query: str) -> list[Row]:
    """The rows of a query whose class every host has."""
    try:
        return read(connection, namespace, query)
    except WsmanFault as fault:
        raise BadAnswer(
            f"{connection.what} does not know the classes of {namespace} that every Hyper-V host has ({shown(fault.sentence)}); "
            "check its WMI repository"
        ) from fault


def _only(rows: list[Row], connection: Connection, name: str) -> Row:
    if not rows:
        raise BadAnswer(
            f"{connection.what} tells nothing of {name}, of which every host has one; check its WMI repository"
        )
    return rows[0]


def _version(connection: Connection) -> str | None:
    """The version of vmms.exe; of Windows where that file is elsewhere."""
    rows = _must(connection, CIMV2, _VERSION)
    found = [row.get("version") for row in rows if (row.get("path") or "").lower() == _VERSION_PATH]
    if found and found[0]:
        return found[0]
    return _only(_must(connection, CIMV2, _WINDOWS), connection, "Win32_OperatingSystem").get("version")


def _machines(connection: Connection) -> tuple[str, list[Row]]:
    """The namespace of Hyper-V that the host has, and the settings of its machines."""
    refusals = []
    for namespace in (V2, V1):
        try:
            return namespace, read(connection, namespace, _SETTINGS[namespace])
        except WsmanFault as fault:
            refusals.append(f"{namespace}: {shown(fault.sentence, 150)}")
    raise NotFound(
        f"{connection.what} has no Hyper-V ({'; '.join(refusals)}); take it out of server, or install the role Hyper-V there"
    )


def _read_cluster(connection: Connection, told: Told) -> None:
    """The cluster, where the host is in one. Nothing of what is reported depends on it, so a refusal is a note."""
    try:
        name = read(connection, CLUSTER, _CLUSTER_NAME)
        told.nodes = read(connection, CLUSTER, _CLUSTER_NODES) if name else []
    except WsmanFault:
        return  # no failover clustering on this host
    except VirtmapError as exc:
        if not isinstance(exc.__cause__, WsmanFault):
            raise
        told.notes.append(f"it is not known whether the host is in a cluster: {exc.message}")
        return
    told.cluster = (name[0].get("name") or None) if name else None
