# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A Windows host with Hyper-V, as its WMI providers describe it: namespaces, classes, and the rows of each."""

from __future__ import annotations

import typing as t
import uuid
from dataclasses import dataclass, field

Value = t.Union[str, int, bool, list[str], None]
Row = dict[str, Value]

CIMV2 = "root/cimv2"
V1 = "root/virtualization"
V2 = "root/virtualization/v2"
CLUSTER = "root/mscluster"

REALIZED = "Microsoft:Hyper-V:System:Realized"
PLANNED = "Microsoft:Hyper-V:System:Planned"
SNAPSHOT = "Microsoft:Hyper-V:Snapshot:Realized"
#: What the first namespace calls the same, as SettingType.
SETTING_TYPES = {REALIZED: 3, PLANNED: 1, SNAPSHOT: 5}

#: The properties that a query may name, by namespace and class; names and spelling as the classes define them.
SCHEMA: dict[str, dict[str, tuple[str, ...]]] = {
    CIMV2: {
        "Win32_ComputerSystem": (
            "DNSHostName", "Domain", "Manufacturer", "Model", "Name", "NumberOfLogicalProcessors",
            "NumberOfProcessors", "PartOfDomain",
        ),
        "Win32_ComputerSystemProduct": ("IdentifyingNumber", "Name", "UUID", "Vendor"),
        "Win32_OperatingSystem": ("BuildNumber", "Caption", "Version"),
        "CIM_DataFile": ("Drive", "Extension", "FileName", "Name", "Path", "Version"),
    },
    V1: {
        "Msvm_VirtualSystemSettingData": (
            "BIOSGUID", "BIOSSerialNumber", "ElementName", "InstanceID", "Notes", "SettingType", "SystemName",
            "VirtualSystemType",
        ),
        "Msvm_ComputerSystem": ("Caption", "ElementName", "EnabledState", "HealthState", "Name", "OtherEnabledState"),
    },
    V2: {
        "Msvm_VirtualSystemSettingData": (
            "BIOSGUID", "BIOSSerialNumber", "ConfigurationID", "ElementName", "InstanceID", "Notes",
            "VirtualSystemIdentifier", "VirtualSystemSubType", "VirtualSystemType", "Version",
        ),
        "Msvm_ComputerSystem": ("Caption", "ElementName", "EnabledState", "HealthState", "Name", "OtherEnabledState"),
    },
    CLUSTER: {
        "MSCluster_Cluster": ("Name",),
        "MSCluster_Node": ("Name", "State"),
    },
}  # fmt: skip


@dataclass
class Machine:
    """A virtual machine, or a checkpoint or a coming import of one.

    Attributes:
        bios_guid: as the class tells it, in braces; None while the machine is being created.
        kind: REALIZED, PLANNED or SNAPSHOT.
        system: whether Msvm_ComputerSystem has a row for it.
    """

    name: str
    bios_guid: str | None = field(default_factory=lambda: braced(str(uuid.uuid4())))
    vm_id: str | None = field(default_factory=lambda: str(uuid.uuid4()).upper())
    state: int = 2
    generation: int = 2
    kind: str = REALIZED
    system: bool = True


@dataclass
class Cluster:
    """A failover cluster as each of its nodes tells it: the state of each node, 0 up, 1 down, 2 paused, 3 joining."""

    name: str
    nodes: dict[str, int]


@dataclass
class Host:
    """A host.

    Attributes:
        uuid: of the system product, as WMI tells it.
        version: the file version of vmms.exe; None where Windows lies elsewhere than C:\\windows.
        os_version: of Win32_OperatingSystem.
        namespaces: those of Hyper-V that it has; none without the role.
        sees_machines: whether the account has a right to Hyper-V.
    """

    name: str = "hv1"
    domain: str = "example.com"
    uuid: str | None = field(default_factory=lambda: str(uuid.uuid4()).upper())
    sockets: int = 2
    version: str | None = "10.0.20348.1"
    os_version: str = "10.0.20348"
    namespaces: tuple[str, ...] = (V2,)
    machines: list[Machine] = field(default_factory=list)
    cluster: Cluster | None = None
    sees_machines: bool = True

    def has(self, namespace: str) -> bool:
        """Whether the namespace exists."""
        namespace = namespace.lower()
        return namespace == CIMV2 or namespace in self.namespaces or (namespace == CLUSTER and self.cluster is not None)

    def rows(self, namespace: str, name: str) -> t.Iterator[Row]:
        """The instances of a class, with all its properties."""
        known = SCHEMA[namespace.lower()][name]
        for row in getattr(self, f"_{name.lower()}")(namespace.lower()):
            yield {key: row.get(key) for key in known}

    # -- one function for each class

    def _win32_computersystem(self, _namespace: str) -> t.Iterator[Row]:
        yield {
            "DNSHostName": self.name,
            "Domain": self.domain or "WORKGROUP",
            "Manufacturer": "Dell Inc.",
            "Model": "PowerEdge R650",
            "Name": (self.name or "").upper()[:15],
            "NumberOfLogicalProcessors": self.sockets * 16,
            "NumberOfProcessors": self.sockets,
            "PartOfDomain": bool(self.domain),
        }

    def _win32_computersystemproduct(self, _namespace: str) -> t.Iterator[Row]:
        yield {"IdentifyingNumber": "7XK2VN3", "Name": "PowerEdge R650", "UUID": self.uuid, "Vendor": "Dell Inc."}

    def _win32_operatingsystem(self, _namespace: str) -> t.Iterator[Row]:
        build = self.os_version.rpartition(".")[2]
        yield {"BuildNumber": build, "Caption": "Microsoft Windows Server", "Version": self.os_version}

    def _cim_datafile(self, _namespace: str) -> t.Iterator[Row]:
        for path, version in (("\\windows\\system32\\", self.version), ("\\windows\\winsxs\\old\\", "6.0.6001.1")):
            if version is not None:
                name = f"c:{path}vmms.exe"
                row: Row = {"Drive": "c:", "Extension": "exe", "FileName": "vmms", "Name": name}
                yield {**row, "Path": path, "Version": version}

    def _msvm_virtualsystemsettingdata(self, namespace: str) -> t.Iterator[Row]:
        for machine in self.machines if self.sees_machines else ():
            row: Row = {
                "BIOSGUID": machine.bios_guid,
                "BIOSSerialNumber": "8823-1122-4456",
                "ElementName": machine.name,
                "InstanceID": f"Microsoft:{machine.vm_id}",
            }
            if namespace == V1:
                row |= {"SettingType": SETTING_TYPES[machine.kind], "SystemName": machine.vm_id}
                row |= {"VirtualSystemType": 301, "Notes": ""}
            else:
                row |= {"VirtualSystemIdentifier": machine.vm_id, "VirtualSystemType": machine.kind, "Notes": []}
                row |= {"VirtualSystemSubType": f"Microsoft:Hyper-V:SubType:{machine.generation}", "Version": "9.0"}
            yield row

    def _msvm_computersystem(self, _namespace: str) -> t.Iterator[Row]:
        if not self.sees_machines:
            return
        row: Row = {"EnabledState": 2, "HealthState": 5, "OtherEnabledState": None}
        name = self.name.upper()
        yield {**row, "Caption": "Hosting Computer System", "ElementName": name, "Name": name}
        for machine in self.machines:
            if machine.system and machine.kind != SNAPSHOT:
                state: Row = {"EnabledState": machine.state, "Name": machine.vm_id, "ElementName": machine.name}
                yield {**row, **state, "Caption": "Virtual Machine"}

    def _mscluster_cluster(self, _namespace: str) -> t.Iterator[Row]:
        if self.cluster is not None:
            yield {"Name": self.cluster.name}

    def _mscluster_node(self, _namespace: str) -> t.Iterator[Row]:
        for name, state in (self.cluster.nodes if self.cluster is not None else {}).items():
            yield {"Name": name, "State": state}


def braced(text: str) -> str:
    """A GUID the way BIOSGUID has it."""
    return f"{{{text.upper()}}}"


def in_other_order(text: str) -> str:
    """A GUID with the bytes of its first three groups in reverse; twice gives it back."""
    plain = uuid.UUID(text)
    other = str(uuid.UUID(bytes=plain.bytes_le))
    return other.upper() if text.upper() == text else other
