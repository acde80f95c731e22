# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Plans, names and digests."""

from __future__ import annotations

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Guest, GuestState, Hypervisor
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5.plan import build, profile_name

UUID = "564DAE86-b20b-0214-0203-dc50d3be0ec2"


def test_the_plan_is_that_of_virt_who() -> None:
    guests = [Guest(UUID, "web1", GuestState.RUNNING), Guest("AB-12", "x", GuestState.SHUT_OFF)]
    plan = build(Hypervisor("h1", guests=guests), "esx")
    assert plan.items == [
        [0, "exists", "system", {"identity": "host", "uuid": "0000000000000000"}],
        [0, "crawl_began", "system", {}],
        [
            0,
            "exists",
            "domain",
            {
                "vcpus": 1,
                "memory_size": 0,
                "virt_type": "fully_virtualized",
                "uuid": "AB12",
                "name": "VM AB-12 from esx hypervisor h1",
                "state": "shutoff",
            },
        ],
        [
            0,
            "exists",
            "domain",
            {
                "vcpus": 1,
                "memory_size": 0,
                "virt_type": "fully_virtualized",
                "uuid": "564DAE86b20b02140203dc50d3be0ec2",
                "name": f"VM {UUID} from esx hypervisor h1",
                "state": "running",
            },
        ],
        [0, "crawl_ended", "system", {}],
    ]
    assert plan.states == {"ab12".zfill(32): "shutoff", UUID.replace("-", "").lower(): "running"}
    assert plan.left_out == []


def test_without_guests_both_marks_of_the_crawl_are_sent() -> None:
    assert [item[1] for item in build(Hypervisor("h1"), "xen").items] == ["exists", "crawl_began", "crawl_ended"]


@pytest.mark.parametrize(
    "state, word",
    list(
        zip(
            GuestState,
            ["nostate", "running", "blocked", "paused", "shutdown", "shutoff", "crashed", "nostate"],
        )
    ),
)
def test_states(state: GuestState, word: str) -> None:
    plan = build(Hypervisor("h1", guests=[Guest("ab", state=state)]), "esx")
    assert plan.items[2][3]["state"] == word


@pytest.mark.parametrize(
    "uuid, reason",
    [
        ("", "hex digits"),
        ("-", "hex digits"),
        ("guest1", "hex digits"),
        ("0xaa", "hex digits"),
        ("+1", "hex digits"),
        ("1_2", "hex digits"),
        ("\u0661\u0662", "hex digits"),
        ("1" * 33, "hex digits"),
        ("0", "all zeros"),
        ("00000000-0000-0000-0000-000000000000", "all zeros"),
    ],
)
def test_uuids_that_would_undo_the_plan(uuid: str, reason: str) -> None:
    plan = build(Hypervisor("h1", guests=[Guest(uuid), Guest("ab")]), "esx")
    assert len(plan.items) == 4
    (entry,) = plan.left_out
    assert entry.guest.uuid == uuid
    assert reason in entry.reason


@pytest.mark.parametrize("reverse", [False, True])
def test_of_two_guests_with_one_uuid_the_livelier_is_told(reverse: bool) -> None:
    guests = [Guest("AB", state=GuestState.RUNNING), Guest("0-0ab", state=GuestState.SHUT_OFF)]
    plan = build(Hypervisor("h1", guests=guests[::-1] if reverse else guests), "esx")
    assert [item[3]["state"] for item in plan.items if item[2] == "domain"] == ["running"]


def test_names_fit_and_stay_different() -> None:
    names = set()
    for last in "12":
        hypervisor = Hypervisor("ü" * 90 + last, guests=[Guest(UUID)])
        names.add(build(hypervisor, "esx").items[2][3]["name"])
        names.add(profile_name(hypervisor.id, "esx"))
    assert len(names) == 4
    assert all(len(name.encode()) <= 128 for name in names)
    assert len(profile_name("x" * 113, "esx")) == 128
    assert "~" not in profile_name("x" * 113, "esx")


def test_what_xml_cannot_carry_is_replaced() -> None:
    assert profile_name("a\x00b\ud800c\ufffe", "esx") == "esx hypervisor a?b?c?"


def test_digests() -> None:
    def digest(*guests: Guest, hypervisor: str = "h1", virt_type: str = "esx") -> str:
        return build(Hypervisor(hypervisor, guests=list(guests)), virt_type).digest

    one, two = Guest("aa", "x", GuestState.RUNNING), Guest("bb", "y", GuestState.RUNNING)
    assert digest(one, two) == digest(two, one)
    assert digest(one) == digest(Guest("aa", "renamed", GuestState.RUNNING)), "the server is not told that name"
    different = [digest(), digest(one), digest(two), digest(one, two), digest(Guest("aa", "x", GuestState.PAUSED))]
    different += [digest(one, hypervisor="h2"), digest(one, virt_type="xen")]
    assert len(set(different)) == len(different)
