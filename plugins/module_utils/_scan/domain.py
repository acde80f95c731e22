# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""From libvirt's definition of a guest to a scanned guest. Pure. Private to this collection."""

from __future__ import annotations

import typing as t
import xml.etree.ElementTree as ET

from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.convert import parse_document
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer
from ansible_collections.virtmap.core.plugins.module_utils._core.text import whole_number
from ansible_collections.virtmap.core.plugins.module_utils._scan.model import Disk, Nic, ScannedGuest

# Bytes in a unit of memory. The same words as in libvirt's schema, in lower case; none means KiB.
_UNITS = {
    "b": 1,
    "bytes": 1,
    "kb": 1000,
    "k": 1024,
    "kib": 1024,
    "mb": 1000**2,
    "m": 1024**2,
    "mib": 1024**2,
    "gb": 1000**3,
    "g": 1024**3,
    "gib": 1024**3,
    "tb": 1000**4,
    "t": 1024**4,
    "tib": 1024**4,
    "pb": 1000**5,
    "p": 1024**5,
    "pib": 1024**5,
    "eb": 1000**6,
    "e": 1024**6,
    "eib": 1024**6,
}
_MIB = 1024**2
# Where the source of an interface stands, by preference.
_NIC_SOURCES = ("bridge", "network", "dev", "portgroup", "type", "path", "address")
_DISK_SOURCES = ("file", "dev", "dir", "volume", "name", "path")


def parse_domain(text: str, hypervisor: str, state: str | None = None) -> ScannedGuest:
    """Read the definition of a guest.

    Args:
        hypervisor: the name under which its hypervisor is scanned.
        state: what it does now, as a word of the mapping.

    Raises:
        BadAnswer: it is no definition of a guest.
    """
    root = parse_document(text, "the definitions of its guests")
    name = root.findtext("name")
    if root.tag != "domain" or not name:
        raise BadAnswer("libvirt answered something else than the definition of a guest; check the daemon")
    machine = root.find("os/type")
    return ScannedGuest(
        type=root.get("type", ""),
        name=name,
        hypervisor=hypervisor,
        id=root.get("id", ""),
        cpu=_cpu(root),
        memory=_memory(root),
        nics=tuple(_nic(element) for element in root.iterfind("devices/interface")),
        disks=tuple(_disk(element) for element in root.iterfind("devices/disk")),
        uuid=(root.findtext("uuid") or "").strip() or None,
        arch=machine.get("arch") if machine is not None else None,
        state=state,
        xml=text,
    )


def _cpu(root: ET.Element) -> int | None:
    return whole_number(root.findtext("vcpu"))


def _memory(root: ET.Element) -> int | float | None:
    element = root.find("memory")
    number = None if element is None else whole_number(element.text)
    if element is None or number is None:
        return None
    size = number * _UNITS.get(element.get("unit", "KiB").lower(), 1024)
    return size // _MIB if size % _MIB == 0 else size / _MIB


def _nic(element: ET.Element) -> Nic:
    return Nic(
        type=element.get("type", ""),
        source=_source(element, _NIC_SOURCES),
        mac=_attribute(element, "mac", "address"),
        model=_attribute(element, "model", "type"),
    )


def _disk(element: ET.Element) -> Disk:
    return Disk(
        device=element.get("device", "disk"),
        type=element.get("type", ""),
        source=_source(element, _DISK_SOURCES),
        target=_attribute(element, "target", "dev"),
    )


def _source(element: ET.Element, names: t.Iterable[str]) -> str | None:
    source = element.find("source")
    if source is None:
        return None
    return next((value for value in (source.get(name) for name in names) if value), None)


def _attribute(element: ET.Element, child: str, name: str) -> str | None:
    found = element.find(child)
    return found.get(name) or None if found is not None else None
