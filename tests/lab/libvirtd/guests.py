# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Guests: domains for QEMU without hardware virtualization, and node files that fill libvirt's test driver."""

from __future__ import annotations

import typing as t
import uuid
from pathlib import Path
from xml.sax.saxutils import escape

NAMESPACE = uuid.UUID("5b0c1a44-7a5e-4c3c-9d3a-5f6f6c2f3f10")
TEST_SCHEMA = "http://libvirt.org/schemas/domain/test/1.0"
SHUT_OFF = 5
START_PAUSED = 1


def guest_uuid(name: str) -> str:
    """The uuid that a guest of this name gets: the same in each run."""
    return str(uuid.uuid5(NAMESPACE, name))


def domain_xml(
    name: str,
    *,
    kind: str = "qemu",
    memory_mib: int = 32,
    devices: str = "",
    state: int | None = None,
    identity: str | None = None,
) -> str:
    """The definition of a guest without disks.

    Args:
        kind: ``qemu`` (software emulation, boots the firmware and stays there) or ``test``.
        devices: XML for inside ``<devices>``.
        state: only for ``test``: the number of the state it has from the start.
        identity: its uuid; else the one that goes with its name.
    """
    machine = " machine='pc'" if kind == "qemu" else ""
    runstate = "" if state is None else f"<runstate xmlns='{TEST_SCHEMA}'>{state}</runstate>"
    return (
        f"<domain type='{kind}'><name>{escape(name)}</name><uuid>{identity or guest_uuid(name)}</uuid>"
        f"<memory unit='MiB'>{memory_mib}</memory><vcpu>1</vcpu><os><type arch='x86_64'{machine}>hvm</type></os>"
        f"<devices>{devices}</devices>{runstate}</domain>"
    )


def add_guest(connection: t.Any, name: str, state: str = "running", **definition: t.Any) -> t.Any:
    """Define a QEMU guest and bring it into a state; return libvirt's object for it.

    Args:
        connection: a ``virConnect`` that may write.
        state: ``running``, ``paused`` or ``shut_off``.
        definition: further arguments of :func:`domain_xml`.
    """
    flags = {"running": 0, "paused": START_PAUSED, "shut_off": None}[state]
    domain = connection.defineXML(domain_xml(name, **definition))
    if flags is not None:
        domain.createWithFlags(flags)
    return domain


def write_node_file(
    path: Path, guests: int, *, shut_off: int = 0, nodes: int = 1, sockets: int = 2, extra: t.Sequence[str] = ()
) -> str:
    """Write a node file for libvirt's test driver and return its path as text, as the path of a ``test://`` URI.

    Args:
        guests: how many guests, named ``guest-00000`` and so on, all running but the last ``shut_off`` of them.
        nodes: NUMA nodes of the host.
        sockets: processor sockets per NUMA node.
        extra: definitions of further guests.
    """
    processors = nodes * sockets * 2
    lines = [
        "<node>",
        f"<cpu><mhz>2000</mhz><model>x86_64</model><active>{processors}</active><nodes>{nodes}</nodes>"
        f"<sockets>{sockets}</sockets><cores>2</cores><threads>1</threads></cpu>",
        "<memory>1073741824</memory>",
    ]
    for number in range(guests):
        state = SHUT_OFF if number >= guests - shut_off else None
        lines.append(domain_xml(f"guest-{number:05}", kind="test", memory_mib=8, state=state))
    path.write_text("\n".join([*lines, *extra, "</node>"]), encoding="utf-8")
    return str(path)
