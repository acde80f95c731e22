# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""From the engine's XML to rows: only what the mapping is made of. Private to this collection; pure.

The elements are those of version 4 of the API; where version 3 has attributes or nests deeper, that is read as well.
"""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.text import whole_number

if t.TYPE_CHECKING:
    from lxml.etree import _Element


class Cluster(t.NamedTuple):
    """A cluster.

    Attributes:
        for_guests: it has the virtualization service; true where the engine does not tell.
    """

    id: str | None
    name: str | None
    for_guests: bool


class Host(t.NamedTuple):
    """A host; None for what the engine does not tell.

    Attributes:
        name: what the administrator calls it.
        address: name or address by which the engine reaches it.
        hardware_uuid: of its firmware.
        guest_count: how many guests the engine counts on it.
    """

    id: str | None
    name: str | None
    address: str | None
    cluster_id: str | None
    status: str | None
    hardware_uuid: str | None
    sockets: str | None
    version: str | None
    guest_count: int | None


class Vm(t.NamedTuple):
    """A virtual machine; None for what the engine does not tell.

    Attributes:
        host_id: only while it runs somewhere.
    """

    id: str | None
    name: str | None
    status: str | None
    host_id: str | None


def cluster(element: _Element) -> Cluster:
    """A row for ``cluster``."""
    service = _text(element.findtext("virt_service"))
    return Cluster(_text(element.get("id")), element.findtext("name"), service is None or service.lower() != "false")


def host(element: _Element) -> Host:
    """A row for ``host``."""
    place = element.find("cluster")
    return Host(
        id=_text(element.get("id")),
        name=element.findtext("name") or None,
        address=element.findtext("address") or None,
        cluster_id=None if place is None else _text(place.get("id")),
        status=_status(element.find("status")),
        hardware_uuid=_text(element.findtext("hardware_information/uuid")),
        sockets=_either(element.find("cpu/topology"), "sockets"),
        version=_either(element.find("version"), "full_version"),
        guest_count=whole_number(element.findtext("summary/total")),
    )


def vm(element: _Element) -> Vm:
    """A row for ``vm``. This is done for each guest of a fleet, hence one walk over its children."""
    name = status = host_id = None
    for child in element.iterchildren("name", "status", "host"):
        if child.tag == "name":
            name = child.text
        elif child.tag == "status":
            status = _status(child)
        else:
            host_id = _text(child.get("id"))
    return Vm(_text(element.get("id")), name, status, host_id)


def _status(element: _Element | None) -> str | None:
    """The word of a status, which version 3 has one level deeper."""
    if element is None:
        return None
    word = _text(element.text) or _text(element.findtext("state"))
    return None if word is None else word.lower()


def _either(element: _Element | None, name: str) -> str | None:
    """The value of a member, which version 3 has as an attribute."""
    return None if element is None else _text(element.findtext(name)) or _text(element.get(name))


def _text(value: str | None) -> str | None:
    """A value without the space around it; None when nothing is left."""
    return (value or "").strip() or None
