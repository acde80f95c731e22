# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A guest as a scan finds it, and its words in xCAT. Pure. Private to this collection."""

from __future__ import annotations

import typing as t
from dataclasses import asdict, dataclass

COLUMNS = ("type", "name", "hypervisor", "id", "cpu", "memory", "nic", "disk")
# The kinds of interfaces and disks that xCAT's words can express.
_BRIDGE = "bridge"
_FILES = ("file", "block")


@dataclass(frozen=True)
class Nic:
    """A network interface.

    Attributes:
        type: libvirt's word: bridge, network, direct, ...
        source: the bridge, network or device that it is attached to; None where there is none.
    """

    type: str
    source: str | None = None
    mac: str | None = None
    model: str | None = None


@dataclass(frozen=True)
class Disk:
    """A disk.

    Attributes:
        device: disk, cdrom, lun or floppy.
        type: libvirt's word: file, block, volume, network, ...
        source: path or name; None for an empty drive.
        target: the name inside the guest.
    """

    device: str
    type: str
    source: str | None = None
    target: str | None = None


@dataclass(frozen=True)
class ScannedGuest:
    """A guest. What the source did not tell is None, which is different from "none".

    Attributes:
        type: libvirt's domain type (kvm, qemu, ...), or the backend that knows it.
        name: None for one that has none.
        hypervisor: the name under which its hypervisor is scanned.
        id: libvirt's number of a running guest; empty for one that is shut off.
        cpu: the most virtual processors that it may have.
        memory: the most memory that it may have, in MiB, whole where it is exact.
        xml: libvirt's definition of it.
    """

    type: str
    name: str | None
    hypervisor: str
    id: str = ""
    cpu: int | None = None
    memory: int | float | None = None
    nics: tuple[Nic, ...] | None = None
    disks: tuple[Disk, ...] | None = None
    uuid: str | None = None
    arch: str | None = None
    state: str | None = None
    xml: str | None = None

    def columns(self) -> dict[str, str]:
        """The eight columns of the table; of interfaces and disks the first."""
        bridges, files = self._bridges(), self._files()
        return {
            "type": self.type,
            "name": self.name or "",
            "hypervisor": self.hypervisor,
            "id": self.id,
            "cpu": _text(self.cpu),
            "memory": _text(self.memory),
            "nic": bridges[0].source or "" if bridges else "",
            "disk": files[0] if files else "",
        }

    def to_dict(self) -> dict[str, t.Any]:
        """The guest as results show it: the columns, and everything behind them."""
        return {
            **self.columns(),
            "cpu": self.cpu,
            "memory": self.memory,
            "nics": None if self.nics is None else [asdict(nic) for nic in self.nics],
            "disks": None if self.disks is None else [asdict(disk) for disk in self.disks],
            "uuid": self.uuid,
            "arch": self.arch,
            "state": self.state,
        }

    def attributes(self) -> dict[str, str]:
        """What is told of it in xCAT's words. Several values of one word are joined by commas."""
        found = {"vmhost": self.hypervisor}
        if self.cpu is not None:
            found["vmcpus"] = _text(self.cpu)
        if self.memory is not None:
            found["vmmemory"] = _text(self.memory)
        if self.nics is not None:
            bridges = self._bridges()
            found["vmnics"] = ",".join(nic.source or "" for nic in bridges)
            found["vmnicnicmodel"] = ",".join(nic.model or "" for nic in bridges).strip(",")
            found["mac"] = ",".join(nic.mac for nic in bridges if nic.mac)
        if self.disks is not None:
            found["vmstorage"] = ",".join(self._files())
        if self.arch is not None:
            found["arch"] = self.arch
        return found

    def _bridges(self) -> list[Nic]:
        return [nic for nic in self.nics or () if nic.type == _BRIDGE]

    def _files(self) -> list[str]:
        return [
            disk.source for disk in self.disks or () if disk.device == "disk" and disk.type in _FILES and disk.source
        ]


def smbios_order(uuid: str) -> str:
    """A uuid with its first three groups in the byte order of the firmware, as xCAT keeps it; others as they are."""
    groups = uuid.lower().split("-")
    if [len(group) for group in groups] != [8, 4, 4, 4, 12]:
        return uuid
    swapped = ["".join(reversed([group[at : at + 2] for at in range(0, len(group), 2)])) for group in groups[:3]]
    return "-".join([*swapped, *groups[3:]])


def _text(value: float | None) -> str:
    return "" if value is None else str(value)
