# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""From VDSM's answers to the model."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.vdsm.convert import (
    STATES,
    convert_guests,
    convert_host,
)
from ansible_collections.virtmap.core.tests.servers.vdsm import STATUSES

# As virt-who reports them.
VIRT_WHO = {
    "Up": 1,
    "Paused": 3,
    "Powering down": 4,
    "Migration Source": 4,
    "Down": 5,
    "Migration Destination": 5,
    "RebootInProgress": 5,
    "Restoring state": 5,
    "Saving State": 5,
    "WaitForLaunch": 5,
    "Powering up": 5,
}


def state(status: t.Any) -> int:
    """The number of a status."""
    (guest,), skipped = convert_guests([{"vmId": "a", "status": status}], [])
    assert skipped == []
    return int(guest.state)


def test_every_status_is_virt_whos() -> None:
    assert set(STATES) == set(STATUSES) == set(VIRT_WHO)
    assert {status: state(status) for status in STATUSES} == VIRT_WHO


@pytest.mark.parametrize("status", ["up", "New status", "", None, 1, [], {}])
def test_what_is_not_known_is_unknown(status: t.Any) -> None:
    assert state(status) == 0


def test_names_and_missing_states_come_from_the_statistics() -> None:
    stats: list[t.Any] = [{"vmId": "a", "vmName": "web", "status": "Up"}, {"vmName": "x"}, None, {"vmId": []}]
    (guest,), _skipped = convert_guests(["a"], stats)
    assert (guest.uuid, guest.name, guest.state.word) == ("a", "web", "running")
    (guest,), _skipped = convert_guests([{"vmId": "a", "status": "Paused"}], stats)
    assert guest.state.word == "paused", "the list is the newer one"


def test_a_name_with_half_a_character_can_be_written() -> None:
    (guest,), _skipped = convert_guests([{"vmId": "a", "vmName": "x\ud83dy"}], [])
    assert guest.name == "x?y"


@pytest.mark.parametrize("value", [None, "", " ", "unknown", "None", True, 1.5, [], {}])
def test_facts_that_are_none_are_absent(value: t.Any) -> None:
    host = convert_host(
        "kvm1", {"uuid": value, "cpuSockets": value, "software_version": value}, {"systemUUID": value}, []
    )
    assert host.facts == {"hypervisor.type": "qemu"}
    assert host.ids == {"uuid": None, "hwuuid": None, "hostname": "kvm1"}


def test_facts_are_texts() -> None:
    host = convert_host("kvm1", {"uuid": "u", "cpuSockets": 2, "software_version": "4.50.7"}, {"systemUUID": "H"}, [])
    assert host.facts == {
        "hypervisor.type": "qemu",
        "hypervisor.version": "4.50.7",
        "cpu.cpu_socket(s)": "2",
        "dmi.system.uuid": "H",
    }
