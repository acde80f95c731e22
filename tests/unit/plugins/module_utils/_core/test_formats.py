# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""virt-who's print format, in all the shapes in which virt-who itself writes and reads it."""

from __future__ import annotations

import json
import math
import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.formats import from_virt_who, is_virt_who, to_virt_who
from ansible_collections.virtmap.core.plugins.module_utils._core.model import (
    BACKENDS,
    Guest,
    GuestState,
    Hypervisor,
    Mapping,
)
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._core.strategies import mappings
from hypothesis import given
from hypothesis import strategies as st

PRINTED: dict[str, t.Any] = {
    "hypervisors": [
        {
            "hypervisorId": {"hypervisorId": "node7.lab.example"},
            "name": "node7.lab.example",
            "guestIds": [
                {"guestId": "0b5c1e52", "state": 1, "attributes": {"virtWhoType": "esx", "active": 1}},
                {"guestId": "7a3f0e8a", "state": 5, "attributes": {"virtWhoType": "esx", "active": 0}},
            ],
            "facts": {"cpu.cpu_socket(s)": "2", "hypervisor.cluster": "Blue", "dmi.system.uuid": "9705df9f"},
        },
        {"hypervisorId": {"hypervisorId": "bare"}, "guestIds": []},
    ]
}


def mapping(hosts: list[Hypervisor], backend: str = "esx") -> Mapping:
    return Mapping(backend, "vc.example.com", "2026-11-21T08:00:00Z", hosts)


class TestWriting:
    def test_new_keys(self) -> None:
        host = Hypervisor(
            "h1",
            "u1",
            "esx1",
            "Blue",
            "domain-c7",
            {"hypervisor.type": "VMware ESXi", "hypervisor.version": 7},
            [Guest("g2", "b", GuestState.SHUT_OFF), Guest("g1", "a", GuestState.PAUSED)],
        )
        assert to_virt_who([mapping([host])]) == {
            "hypervisors": [
                {
                    "hypervisorId": {"hypervisorId": "h1"},
                    "name": "esx1",
                    "guestIds": [
                        {"guestId": "g1", "state": 3, "attributes": {"virtWhoType": "esx", "active": 1}},
                        {"guestId": "g2", "state": 5, "attributes": {"virtWhoType": "esx", "active": 0}},
                    ],
                    "facts": {"hypervisor.type": "VMware ESXi", "hypervisor.version": 7},
                }
            ]
        }

    def test_old_keys(self) -> None:
        host = Hypervisor("h1", guests=[Guest("g1", state=GuestState.RUNNING)])
        assert to_virt_who([mapping([host])], old_keys=True) == {
            "hypervisors": [
                {
                    "uuid": "h1",
                    "guests": [{"guestId": "g1", "state": 1, "attributes": {"virtWhoType": "esx", "active": 1}}],
                }
            ]
        }

    @pytest.mark.parametrize("old_keys", [False, True])
    def test_what_there_is_not_is_left_out(self, old_keys: bool) -> None:
        entry = to_virt_who([mapping([Hypervisor("h1", name="", guests=None)])], old_keys)["hypervisors"][0]
        assert list(entry) == ["uuid" if old_keys else "hypervisorId"]
        entry = to_virt_who([mapping([Hypervisor("h1", guests=[])])], old_keys)["hypervisors"][0]
        assert entry["guests" if old_keys else "guestIds"] == []

    @pytest.mark.parametrize("state", list(GuestState))
    def test_states_and_activity(self, state: GuestState) -> None:
        host = Hypervisor("h1", guests=[Guest("g1", state=state)])
        printed = to_virt_who([mapping([host])])["hypervisors"][0]["guestIds"][0]
        assert printed["state"] == int(state)
        assert printed["attributes"]["active"] == (1 if int(state) in (1, 3) else 0)
        assert printed["state"].__class__ is int
        assert printed["attributes"]["active"].__class__ is int

    def test_several_mappings_make_one_list(self) -> None:
        both = [
            mapping([Hypervisor("h1", guests=[Guest("g")])], "ovirt"),
            mapping([Hypervisor("h2", guests=[Guest("g")])], "xenserver"),
        ]
        hosts = to_virt_who(both)["hypervisors"]
        words = [host["guestIds"][0]["attributes"]["virtWhoType"] for host in hosts]
        assert words == ["rhevm", "xen"]

    def test_nothing(self) -> None:
        assert to_virt_who([]) == {"hypervisors": []}


class TestReading:
    def test_new_keys(self) -> None:
        found = from_virt_who(PRINTED, "the file")
        assert (found.backend, found.source, found.skipped) == ("file", "the file", [])
        esx = {"virt_who_type": "esx"}
        guests = [Guest("0b5c1e52", None, GuestState.RUNNING, esx), Guest("7a3f0e8a", None, GuestState.SHUT_OFF, esx)]
        assert found.hypervisors == [
            Hypervisor(
                "node7.lab.example",
                "9705df9f",
                "node7.lab.example",
                "Blue",
                None,
                PRINTED["hypervisors"][0]["facts"],
                guests,
            ),
            Hypervisor("bare", guests=[]),
        ]

    def test_old_keys(self) -> None:
        guests = [{"guestId": "g1", "state": 3, "attributes": {"virtWhoType": "rhevm"}}, "plain-uuid"]
        found = from_virt_who({"hypervisors": [{"uuid": "h1", "guests": guests}]}, "x")
        assert found.hypervisors == [
            Hypervisor(
                "h1",
                guests=[
                    Guest("g1", state=GuestState.PAUSED, extra={"virt_who_type": "rhevm"}),
                    Guest("plain-uuid"),
                ],
            )
        ]

    @pytest.mark.parametrize(
        "entry", [{"hypervisorId": "h1"}, {"hypervisorId": {"hypervisorId": "h1"}}, {"uuid": "h1"}]
    )
    def test_guests_that_are_not_told_are_not_known(self, entry: dict[str, t.Any]) -> None:
        assert from_virt_who({"hypervisors": [entry]}, "x").hypervisors == [Hypervisor("h1", guests=None)]

    def test_the_number_beats_what_active_says(self) -> None:
        guest = {"guestId": "g", "state": 5, "attributes": {"virtWhoType": "esx", "active": 1}}
        document = {"hypervisors": [{"uuid": "h", "guestIds": [guest]}]}
        printed = to_virt_who([from_virt_who(document, "x")])
        assert printed["hypervisors"][0]["guestIds"][0]["attributes"]["active"] == 0

    @pytest.mark.parametrize("state", [None, "1", 8, -1, [], ...])
    def test_a_state_that_says_nothing_is_unknown(self, state: t.Any) -> None:
        guest: dict[str, t.Any] = {"guestId": "g"}
        if state is not ...:
            guest["state"] = state
        found = from_virt_who({"hypervisors": [{"uuid": "h", "guestIds": [guest]}]}, "x")
        assert found.hypervisors[0].guests == [Guest("g", state=GuestState.UNKNOWN)]

    def test_facts_that_were_not_told_are_absent(self) -> None:
        facts = {"cpu.cpu_socket(s)": None, "hypervisor.version": 7, "odd": {"a": 1}, "x": True, "nan": math.nan}
        found = from_virt_who({"hypervisors": [{"uuid": "h", "facts": facts}]}, "x")
        assert found.hypervisors[0].facts == {"hypervisor.version": 7, "x": True}

    def test_the_list_of_a_local_virt_who_is_named(self) -> None:
        """What virt-who prints for its own host has no hypervisor id, so that nothing can be reported about it."""
        local = {"guestIds": [{"guestId": "g", "state": 5, "attributes": {"virtWhoType": "libvirt", "active": 0}}]}
        found = from_virt_who({"hypervisors": [*PRINTED["hypervisors"], local]}, "x")
        assert len(found.hypervisors) == 2
        assert [(entry.kind, entry.name) for entry in found.skipped] == [("host", "hypervisors[2]")]
        assert "no hypervisor id; a virt-who that reports its own host" in found.skipped[0].reason


BROKEN = [
    (None, "hypervisors[0]", "it is not a dictionary"),
    ("h1", "hypervisors[0]", "it is not a dictionary"),
    ({}, "hypervisors[0]", "it has no hypervisor id"),
    ({"name": "esx9"}, "esx9", "it has no hypervisor id"),
    ({"hypervisorId": None, "name": "esx9"}, "esx9", "it has no hypervisor id"),
    ({"hypervisorId": {}, "name": "esx9"}, "esx9", "it has no hypervisor id"),
    ({"hypervisorId": {"hypervisorId": ["x"]}, "name": "esx9"}, "esx9", "its hypervisor id is not a text"),
    ({"hypervisorId": 7}, "hypervisors[0]", "its hypervisor id is not a text"),
    ({"uuid": " ", "name": "esx9"}, "esx9", "its hypervisor id is not a text"),
    ({"uuid": "h", "name": 7}, "hypervisors[0]", "its name is not a text"),
    ({"uuid": "h", "facts": []}, "hypervisors[0]", "its facts are not a dictionary"),
    ({"uuid": "h", "guestIds": {}}, "hypervisors[0]", "its guests are not a list"),
    ({"uuid": "h", "name": "esx9", "guests": "g"}, "esx9", "its guests are not a list"),
]


@pytest.mark.parametrize(("entry", "name", "reason"), BROKEN)
def test_a_broken_host_loses_only_itself(entry: t.Any, name: str, reason: str) -> None:
    found = from_virt_who({"hypervisors": [entry, {"uuid": "good", "guests": []}]}, "x")
    assert [host.id for host in found.hypervisors] == ["good"]
    assert [(skipped.kind, skipped.name) for skipped in found.skipped] == [("host", name)]
    assert found.skipped[0].reason.startswith(reason)


@pytest.mark.parametrize("guest", [None, {}, {"guestId": None}, {"guestId": ""}, {"guestId": 7}, [], "", 5])
def test_a_broken_guest_loses_only_itself(guest: t.Any) -> None:
    entry = {"uuid": "h1", "name": "esx1", "guests": [{"guestId": "g1"}, guest]}
    found = from_virt_who({"hypervisors": [entry]}, "x")
    assert found.hypervisors[0].guests == [Guest("g1")]
    assert [(skipped.kind, skipped.name, skipped.reason) for skipped in found.skipped] == [
        ("guest", "guest 1 of hypervisors[0] (esx1)", "it has no guest id")
    ]


@pytest.mark.parametrize("document", [None, [], "x", 7, {}, {"hypervisors": None}, {"hypervisors": {}}])
def test_what_is_not_the_format_at_all(document: t.Any) -> None:
    with pytest.raises(
        InvalidInput, match="^the file is not in virt-who's format: it must be a dictionary with a list"
    ):
        from_virt_who(document, "the file")


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (PRINTED, True),
        ({"hypervisors": []}, True),
        ({"hypervisors": None}, True),
        ({"backend": "esx", "hypervisors": []}, False),
        ({}, False),
        ([], False),
        (None, False),
    ],
)
def test_telling_the_formats_apart(document: t.Any, expected: bool) -> None:
    assert is_virt_who(document) is expected


class TestRoundTrip:
    @pytest.mark.parametrize("old_keys", [False, True])
    def test_print_read_print(self, old_keys: bool) -> None:
        first = to_virt_who([from_virt_who(PRINTED, "x")], old_keys)
        again = to_virt_who([from_virt_who(json.loads(json.dumps(first)), "x")], old_keys)
        assert again == first
        if not old_keys:
            assert first == PRINTED

    @given(st.lists(mappings, max_size=2), st.booleans())
    def test_all_that_the_format_holds_is_kept(self, values: list[Mapping], old_keys: bool) -> None:
        printed = to_virt_who(values, old_keys)
        back = from_virt_who(json.loads(json.dumps(printed)), "x")
        assert back.skipped == []
        assert to_virt_who([back], old_keys) == printed

    @pytest.mark.parametrize("backend", BACKENDS)
    def test_every_backend_keeps_its_word(self, backend: str) -> None:
        printed = to_virt_who([mapping([Hypervisor("h", guests=[Guest("g")])], backend)])
        assert to_virt_who([from_virt_who(printed, "x")]) == printed


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["hypervisorId", "uuid", "guestIds", "guests", "guestId", "state", "name", "facts", "attributes"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.lists(anything, max_size=4))
def test_whatever_stands_in_the_list_each_entry_is_read_or_named(entries: list[t.Any]) -> None:
    found = from_virt_who({"hypervisors": entries}, "x")
    hosts = [entry for entry in found.skipped if entry.kind == "host"]
    assert len(found.hypervisors) + len(hosts) == len(entries)
