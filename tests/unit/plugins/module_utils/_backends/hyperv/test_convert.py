# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""From rows of WMI to the model."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.hyperv.convert import (
    build_of,
    convert,
    state_of,
)
from ansible_collections.virtmap.core.plugins.module_utils._backends.hyperv.host import V1, Told
from ansible_collections.virtmap.core.plugins.module_utils._core.model import GuestState
from ansible_collections.virtmap.core.plugins.module_utils._transport.wsman import Row

RAW, SWAPPED = "78563412-AB90-EFCD-1234-567890ABCDEF", "12345678-90AB-CDEF-1234-567890ABCDEF"
VM = "0A1B2C3D-0000-4000-8000-000000000001"
# As the reference's table has them: unknown 0, running 1, paused 3, shutting down 4, shut off 5, suspended 7.
STATES = {
    None: 0, "": 0, "0": 0, "1": 0, "2": 1, "3": 5, "4": 4, "5": 0, "6": 7, "9": 3, "10": 1, "11": 0,
    "32768": 3, "32769": 7, "32770": 1, "32771": 1, "32772": 0, "32773": 4, "32774": 4, "32775": 0, "32776": 3,
    "32777": 1, "32778": 0, "32779": 7, "32780": 7, "32781": 1, "32782": 5, "32783": 4, "32784": 7, "32785": 3,
    "32786": 1, "32787": 1, "32788": 4, "32789": 3, "32790": 1, "32791": 7, "32792": 7, "32793": 0,
    "-1": 0, "two": 0, "\u0662": 0, "2\u00b2": 0,
}  # fmt: skip


def machine(**more: t.Any) -> Row:
    """A row of settings of the second namespace."""
    row: Row = {
        "biosguid": f"{{{RAW}}}",
        "virtualsystemidentifier": VM,
        "virtualsystemsubtype": "Microsoft:Hyper-V:SubType:2",
        "elementname": "web1",
    }
    return {**row, **more}


def told(*machines: Row, **more: t.Any) -> Told:
    """What a good host tells."""
    system: Row = {"dnshostname": "hv1", "name": "HV1", "numberofprocessors": "2"}
    values: dict[str, t.Any] = {
        "uuid": RAW,
        "version": "10.0.20348.1",
        "machines": list(machines),
        "states": {VM.lower(): "2", "hv1": "2"},
    }
    return Told("the Hyper-V host hv1", system, **{**values, **more})


@pytest.mark.parametrize("number, state", STATES.items())
def test_every_state(number: str | None, state: int) -> None:
    assert state_of(number) == GuestState(state)


@pytest.mark.parametrize(
    "version, build",
    [
        ("10.0.20348.1", 20348),
        ("6.1.7601", 7601),
        ("10.0", None),
        ("a.b.c", None),
        ("1.2." + "3" * 5000, None),
        (None, None),
    ],
)
def test_the_build_is_the_third_number(version: str | None, build: int | None) -> None:
    assert build_of(version) == build


def test_a_host_as_virt_who_reports_it() -> None:
    host, skipped = convert(told(machine()), False)
    assert skipped == []
    assert host.ids == {"uuid": SWAPPED, "hostname": "hv1"}
    assert (host.uuid, host.name, host.cluster, host.parents) == (SWAPPED, "hv1", None, ())
    assert host.extra == {"smbios_uuid": RAW}
    assert host.facts == {
        "cpu.cpu_socket(s)": "2",
        "dmi.system.uuid": SWAPPED,
        "hypervisor.type": "hyperv",
        "hypervisor.version": "10.0.20348.1",
    }
    assert [guest.to_dict() for guest in host.guests or ()] == [
        {
            "uuid": SWAPPED,
            "name": "web1",
            "state": "running",
            "vm_id": VM,
            "generation": 2,
            "bios_guid": RAW,
            "guest_uuid": RAW,
        }
    ]


@pytest.mark.parametrize(
    "generation, version, uuid, seen",
    [
        ("2", "10.0.20348.1", RAW, RAW),
        ("2", "10.0.14393.0", SWAPPED, SWAPPED),
        ("1", "10.0.20348.1", SWAPPED, SWAPPED),
        ("3", "10.0.20348.1", SWAPPED, None),
        ("2", None, SWAPPED, None),
    ],
)
def test_the_order_of_the_guest(generation: str, version: str | None, uuid: str, seen: str | None) -> None:
    row = machine(virtualsystemsubtype=f"Microsoft:Hyper-V:SubType:{generation}")
    (guest,) = convert(told(row, version=version), True)[0].guests or ()
    assert (guest.uuid, guest.extra["guest_uuid"]) == (uuid, seen)
    (guest,) = convert(told(row, version=version), False)[0].guests or ()
    assert guest.uuid == SWAPPED


def test_the_first_namespace_names_things_otherwise() -> None:
    row = machine(virtualsystemidentifier=None, virtualsystemsubtype=None, systemname=VM)
    (guest,) = convert(told(row, namespace=V1, version="6.1.7601.1"), True)[0].guests or ()
    assert guest.extra == {"vm_id": VM, "generation": 1, "bios_guid": RAW, "guest_uuid": SWAPPED}
    assert guest.state == GuestState.RUNNING


@pytest.mark.parametrize(
    "row, name, reason",
    [
        (machine(biosguid=None), "web1", "it has no BIOSGUID"),
        ({"elementname": "web1", "virtualsystemidentifier": VM}, "web1", "it has no BIOSGUID"),
        (machine(biosguid="{broken}", elementname=None), VM, "its BIOSGUID is {broken}"),
        (machine(biosguid="{00000000-0000-0000-0000-000000000000}"), "web1", "its BIOSGUID is {0000"),
        (machine(virtualsystemidentifier=None), "web1", "no id of the machine"),
        ({}, "(no name)", "it has no BIOSGUID"),
    ],
)
def test_a_machine_that_cannot_be_reported_is_named(row: Row, name: str, reason: str) -> None:
    host, skipped = convert(told(row, machine(elementname="good")), False)
    assert [guest.name for guest in host.guests or ()] == ["good"]
    assert [(entry.kind, entry.name) for entry in skipped] == [("guest", name)]
    assert reason in skipped[0].reason


def test_a_machine_without_a_state_is_there_all_the_same() -> None:
    (guest,) = convert(told(machine(), states={}), False)[0].guests or ()
    assert guest.state == GuestState.UNKNOWN


@pytest.mark.parametrize(
    "uuid, reason",
    [
        (None, "its firmware tells none; its 1 guests are not reported"),
        (
            "03000200-0400-0500-0006-000700080009",
            "its firmware tells 03000200-0400-0500-0006-000700080009, which is none",
        ),
    ],
)
def test_a_host_without_a_uuid_still_has_a_name(uuid: str | None, reason: str) -> None:
    host, _skipped = convert(told(machine(), uuid=uuid), False)
    assert host.ids == {"uuid": None, "hostname": "hv1"}
    assert reason in host.missing["uuid"]
    assert "dmi.system.uuid" not in host.facts
    assert host.extra == {"smbios_uuid": uuid}


def test_what_is_not_told_is_no_fact() -> None:
    bare = told(version=None)
    bare.system = {"name": "HV1"}
    host, _skipped = convert(bare, False)
    assert host.facts == {"dmi.system.uuid": SWAPPED, "hypervisor.type": "hyperv"}
    assert (host.name, host.ids["hostname"]) == ("HV1", None)


def test_a_cluster_is_a_parent() -> None:
    host, _skipped = convert(told(cluster="Blue"), False)
    assert (host.cluster, host.parent, host.parents) == ("Blue", None, ("Blue",))
    assert "hypervisor.cluster" not in host.facts, "virt-who reports none"
