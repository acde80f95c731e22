# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""From libvirt's answers to the model. Private to this collection."""

from __future__ import annotations

import re
import typing as t
import xml.etree.ElementTree as ET

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer
from ansible_collections.virtmap.core.plugins.module_utils._core.model import FactValue, Guest, Host
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown

NO_UUID = "00000000-0000-0000-0000-000000000000"
# virConnectGetInfo's row.
INFO_NODES, INFO_SOCKETS = 4, 5


class Capabilities(t.NamedTuple):
    """What the capabilities document tells about the host.

    Attributes:
        uuid: None where there is none, as with the test driver.
        sockets: number of processor sockets; None when the topology does not tell.
    """

    uuid: str | None
    sockets: int | None


def parse_capabilities(text: str) -> Capabilities:
    """Read what virConnectGetCapabilities gives.

    Raises:
        BadAnswer: it is not that document.
    """
    root = parse_document(text, "capabilities")
    if root.tag != "capabilities":
        raise BadAnswer(
            f"libvirt answered a document {shown(root.tag)!r} in place of its capabilities; check the daemon"
        )
    identity = (root.findtext("host/uuid") or "").strip()
    # The attribute "sockets" beside it counts per NUMA node, and a socket may hold several nodes: only the ids tell.
    ids = {cpu.get("socket_id", "") for cpu in root.iterfind("host/topology/cells/cell/cpus/cpu")}
    sockets = sum(1 for socket_id in ids if socket_id.isdigit())
    return Capabilities(identity if identity and identity != NO_UUID else None, sockets or None)


def sockets_of(info: t.Sequence[t.Any]) -> int | None:
    """The number of processor sockets in the row that virNodeGetInfo gives; None when it does not tell."""
    return info[INFO_NODES] * info[INFO_SOCKETS] or None


def smbios_uuid(sysinfo: str) -> str | None:
    """The system's uuid in what virConnectGetSysinfo gives; None when it is none that libvirt would take for the host.

    Raises:
        BadAnswer: it is not that document.
    """
    for entry in parse_document(sysinfo, "system information").iterfind("system/entry"):
        if entry.get("name") == "uuid":
            return valid_uuid(entry.text or "")
    return None


def valid_uuid(text: str) -> str | None:
    """A uuid in its usual form; None for what is none, or has only equal digits, as in firmware never filled in."""
    digits = text.strip().lower().replace("-", "")
    if not re.fullmatch("[0-9a-f]{32}", digits) or len(set(digits)) == 1:
        return None
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def convert_host(
    *, uuid: str | None, name: str | None, kind: str, version: int | None, sockets: int | None, guests: list[Guest]
) -> Host:
    """The host, with the facts that virt-who reports.

    Args:
        kind: what virConnectGetType gives, such as ``QEMU``.
        version: what virConnectGetVersion gives: major * 1000000 + minor * 1000 + release.
    """
    facts: dict[str, FactValue] = {"hypervisor.type": kind}
    if version is not None:
        facts["hypervisor.version"] = version
    if sockets is not None:
        facts["cpu.cpu_socket(s)"] = str(sockets)
    if uuid is not None:
        facts["dmi.system.uuid"] = uuid
    return Host(ids={"uuid": uuid, "hostname": name}, uuid=uuid, name=name, facts=facts, guests=guests)


def parse_document(text: str, what: str) -> ET.Element:
    """Read a document of libvirt.

    Args:
        what: it is, in the plural, for errors.

    Raises:
        BadAnswer: it is no XML, or has a document type definition.
    """
    # libvirt's documents have no DTD; one that has is made to blow up the parser.
    if "<!DOCTYPE" in text:
        raise BadAnswer(
            f"libvirt answered {what} with a document type definition, which it never has; check the daemon"
        )
    try:
        return ET.fromstring(text)  # noqa: S314
    except ET.ParseError as exc:
        raise BadAnswer(f"libvirt answered {what} that are not XML ({exc}); check the daemon") from exc
