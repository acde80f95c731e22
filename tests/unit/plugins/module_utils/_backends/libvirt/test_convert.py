# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Libvirt's documents and rows turned into the model."""

from __future__ import annotations

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt import convert
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer

UUID = "4dea22b3-1d52-4d8f-8f9a-6a5d3a0c9a01"


def _cpu(number: int, socket: int | None) -> str:
    return f"<cpu id='{number}'/>" if socket is None else f"<cpu id='{number}' socket_id='{socket}' core_id='0'/>"


def capabilities(*cells: list[int | None], uuid: str | None = UUID, sockets: int = 1) -> str:
    """A capabilities document; each cell is a list of the socket ids of its processors."""
    nodes = "".join(
        f"<cell id='{number}'><memory unit='KiB'>4096</memory><cpus num='{len(cell)}'>"
        + "".join(_cpu(number, at) for number, at in enumerate(cell))
        + "</cpus></cell>"
        for number, cell in enumerate(cells)
    )
    identity = f"<uuid>{uuid}</uuid>" if uuid else ""
    topology = f"<topology><cells num='{len(cells)}'>{nodes}</cells></topology>" if cells else ""
    return (
        f"<capabilities><host>{identity}<cpu><arch>x86_64</arch>"
        f"<topology sockets='{sockets}' dies='1' cores='2' threads='1'/></cpu>"
        f"{topology}</host><guest><os_type>hvm</os_type></guest></capabilities>"
    )


@pytest.mark.parametrize(
    "cells, sockets",
    [
        ([[0, 0, 0, 0]], 1),
        ([[0, 0, 1, 1]], 2),
        # Two sockets with a NUMA node each: the attribute that virt-who reads says 1.
        ([[0, 0], [1, 1]], 2),
        # One socket with two NUMA nodes: nodes times sockets would be 2.
        ([[0, 0], [0, 0]], 1),
        # Numbered with gaps, and a processor that is switched off.
        ([[3, None], [36, 36]], 2),
        ([[None, None]], None),
        ([["-1", "-1"]], None),
        ([], None),
    ],
)
def test_sockets_are_counted_by_their_ids(cells, sockets):
    assert convert.parse_capabilities(capabilities(*cells)).sockets == sockets


@pytest.mark.parametrize("info, sockets", [((2, 2), 4), ((1, 2), 2), ((0, 0), None)])
def test_sockets_without_topology_come_from_the_node_info(info, sockets):
    assert convert.sockets_of(["x86_64", 1024, 8, 2000, *info, 2, 1]) == sockets


@pytest.mark.parametrize(
    "given, uuid", [(UUID, UUID), (None, None), ("00000000-0000-0000-0000-000000000000", None), (f"\n {UUID} ", UUID)]
)
def test_host_uuid(given, uuid):
    assert convert.parse_capabilities(capabilities([0], uuid=given)).uuid == uuid


@pytest.mark.parametrize("text", ["", "not xml", "<capabilities>", "<sysinfo/>"])
def test_nonsense_in_place_of_capabilities(text):
    with pytest.raises(BadAnswer, match="capabilities"):
        convert.parse_capabilities(text)


def test_a_document_that_would_blow_up_is_refused():
    bomb = "<!DOCTYPE c [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><capabilities>&b;</capabilities>"
    with pytest.raises(BadAnswer, match="document type definition"):
        convert.parse_capabilities(bomb)


@pytest.mark.parametrize(
    "entry, uuid",
    [
        (f"<entry name='uuid'>{UUID.upper()}</entry>", UUID),
        ("<entry name='uuid'>ffffffff-ffff-ffff-ffff-ffffffffffff</entry>", None),
        ("<entry name='uuid'>Not Settable</entry>", None),
        ("<entry name='uuid'/>", None),
        ("<entry name='serial'>1</entry>", None),
    ],
)
def test_smbios_uuid(entry, uuid):
    assert convert.smbios_uuid(f"<sysinfo type='smbios'><system>{entry}</system></sysinfo>") == uuid


def test_facts_are_those_of_virt_who():
    host = convert.convert_host(uuid=UUID, name="kvm1", kind="QEMU", version=7002022, sockets=2, guests=[])
    assert host.facts == {
        "hypervisor.type": "QEMU",
        "hypervisor.version": 7002022,
        "cpu.cpu_socket(s)": "2",
        "dmi.system.uuid": UUID,
    }
    assert host.ids == {"uuid": UUID, "hostname": "kvm1"}


def test_facts_that_were_not_told_are_absent():
    host = convert.convert_host(uuid=None, name=None, kind="TEST", version=None, sockets=None, guests=[])
    assert host.facts == {"hypervisor.type": "TEST"}
