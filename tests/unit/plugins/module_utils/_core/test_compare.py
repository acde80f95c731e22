# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
from __future__ import annotations

import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.compare import (
    changes,
    guests_seen_twice,
    ids_seen_twice,
    system_uuids_seen_twice,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.model import (
    Guest,
    GuestState,
    Hypervisor,
    Mapping,
    Skipped,
)
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._core.strategies import mappings
from hypothesis import given

Hosts = dict[str, t.Any]


def mapping(hosts: Hosts, source: str = "src") -> Mapping:
    """``{"h1": "a b* C"}``: hosts with guests; * stands for paused, None for guests that are not known."""
    return Mapping("esx", source, "2026-11-21T08:00:00Z", [hypervisor(key, value) for key, value in hosts.items()])


def hypervisor(name: str, guests: str | None) -> Hypervisor:
    return Hypervisor(name, name=f"name-{name}", guests=None if guests is None else [guest(g) for g in guests.split()])


def guest(text: str) -> Guest:
    state = GuestState.PAUSED if text.endswith("*") else GuestState.RUNNING
    uuid = text.rstrip("*")
    return Guest(uuid, f"name-{uuid}", state)


CASES: list[tuple[str, Hosts, Hosts, list[str]]] = [
    ("nothing", {"h": "a b"}, {"h": "b a"}, []),
    ("nothing at all", {}, {}, []),
    ("guest appears", {"h": "a"}, {"h": "a b"}, ["guest_appeared b@h"]),
    ("guest goes", {"h": "a b"}, {"h": "a"}, ["guest_gone b@h"]),
    ("guest moves", {"h": "a b", "i": ""}, {"h": "a", "i": "b"}, ["guest_moved b@i from h"]),
    ("guest moves and pauses", {"h": "b", "i": ""}, {"h": "", "i": "b*"}, ["guest_moved b@i from h", "guest_state b@i running>paused"]),
    ("state", {"h": "a b"}, {"h": "a* b"}, ["guest_state a@h running>paused"]),
    ("state back", {"h": "a*"}, {"h": "a"}, ["guest_state a@h paused>running"]),
    ("host appears", {}, {"h": "a"}, ["hypervisor_appeared h", "guest_appeared a@h"]),
    ("empty host appears", {}, {"h": ""}, ["hypervisor_appeared h"]),
    ("host goes", {"h": "a"}, {}, ["guest_gone a@h", "hypervisor_gone h"]),
    ("host goes, its guest moves", {"h": "a", "i": ""}, {"i": "a"}, ["guest_moved a@i from h", "hypervisor_gone h"]),
    ("host is replaced", {"h": "a"}, {"i": "a"}, ["hypervisor_appeared i", "guest_moved a@i from h", "hypervisor_gone h"]),
    ("case of ids", {"H": "A"}, {"h": "a"}, []),
    ("case and state", {"H": "A"}, {"h": "a*"}, ["guest_state a@h running>paused"]),
    ("unknown now", {"h": "a b"}, {"h": None}, []),
    ("unknown before", {"h": None}, {"h": "a b"}, []),
    ("unknown twice", {"h": None}, {"h": None}, []),
    ("new and unknown", {}, {"h": None}, ["hypervisor_appeared h"]),
    ("unknown and gone", {"h": None}, {}, ["hypervisor_gone h"]),
    ("moves to where nothing was known", {"h": "a", "i": None}, {"h": "", "i": "a"}, ["guest_moved a@i from h"]),
    ("seen elsewhere while unknown", {"h": "a"}, {"h": None, "i": "a"}, ["hypervisor_appeared i", "guest_appeared a@i"]),
    ("gone from a known one beside an unknown", {"h": "a", "i": "b"}, {"h": "", "i": None}, ["guest_gone a@h"]),
    ("on a second host too", {"h": "a", "i": ""}, {"h": "a", "i": "a"}, ["guest_appeared a@i"]),
    ("on one host less", {"h": "a", "i": "a"}, {"h": "a", "i": ""}, ["guest_gone a@i"]),
    ("two hosts swap", {"h": "a", "i": "b"}, {"h": "b", "i": "a"}, ["guest_moved a@i from h", "guest_moved b@h from i"]),
    (
        "from two hosts to two others",
        {"h": "a", "i": "a", "j": "", "k": ""},
        {"h": "", "i": "", "j": "a", "k": "a"},
        ["guest_moved a@j from h", "guest_moved a@k from i"],
    ),
    ("a twin appears", {"h": "a"}, {"h": "a a"}, []),
    ("a twin goes", {"h": "a a"}, {"h": "a"}, []),
]  # fmt: skip


def told(old: Mapping, new: Mapping) -> list[str]:
    lines = []
    for change in changes(old, new):
        line = change.kind if change.guest is None else f"{change.kind} {change.guest}@{change.hypervisor}"
        line += f" {change.hypervisor}" if change.guest is None else ""
        line += f" from {change.previous_hypervisor}" if change.previous_hypervisor else ""
        line += f" {change.previous_state}>{change.state}" if change.previous_state else ""
        lines.append(line)
    return lines


@pytest.mark.parametrize(("old", "new", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_changes(old: Hosts, new: Hosts, expected: list[str]) -> None:
    assert told(mapping(old), mapping(new)) == expected


class TestSkipped:
    """A host that could not be read for a moment has not gone, and nobody has left it."""

    def without(self, hosts: Hosts, *names: str) -> Mapping:
        found = mapping(hosts)
        found.skipped = [Skipped("host", name, "disconnected") for name in names]
        return found

    @pytest.mark.parametrize("name", ["name-h", "h"])
    def test_it_is_away_and_back(self, name: str) -> None:
        whole, part = mapping({"h": "a b", "i": "c"}), self.without({"i": "c"}, name)
        assert told(whole, part) == []
        assert told(part, whole) == []

    def test_a_guest_that_is_seen_elsewhere_meanwhile(self) -> None:
        whole, part = mapping({"h": "a", "i": ""}), self.without({"i": "a"}, "name-h")
        assert told(whole, part) == ["guest_appeared a@i"]

    def test_another_host_that_was_skipped_says_nothing_about_it(self) -> None:
        part = self.without({"i": "c"}, "name-x")
        part.skipped.append(Skipped("guest", "name-h", "no uuid"))
        assert told(mapping({"h": "a", "i": "c"}), part) == ["guest_gone a@h", "hypervisor_gone h"]


def test_an_event_says_all_that_is_known() -> None:
    moved = changes(mapping({"h": "a", "i": ""}), mapping({"h": "", "i": "a"}))[0]
    assert moved.to_dict() == {
        "kind": "guest_moved",
        "hypervisor": "i",
        "guest": "a",
        "name": "name-a",
        "state": "running",
        "previous_state": None,
        "previous_hypervisor": "h",
    }


@given(mappings)
def test_nothing_changes_from_an_answer_to_itself(value: Mapping) -> None:
    assert changes(value, value) == []


@given(mappings, mappings)
def test_order_of_the_answers_does_not_matter(old: Mapping, new: Mapping) -> None:
    kinds = [change.kind for change in changes(old, new)]
    back = [change.kind for change in changes(old=new, new=old)]
    assert kinds.count("hypervisor_appeared") == back.count("hypervisor_gone")
    assert kinds.count("guest_moved") == back.count("guest_moved")


class TestConflicts:
    def test_one_guest_on_two_hypervisors(self) -> None:
        found = guests_seen_twice([mapping({"h1": "a b", "h2": "A c"})])
        assert [(conflict.kind, conflict.subject, conflict.where) for conflict in found] == [
            ("guest_on_two_hypervisors", "a", ["h1", "h2"])
        ]
        assert found[0].message == "the guest a (name-A, name-a) is seen on 2 hypervisors: h1, h2"

    def test_one_uuid_on_one_hypervisor(self) -> None:
        found = guests_seen_twice([mapping({"h1": "a a b"})])
        assert [(conflict.kind, conflict.where) for conflict in found] == [("guest_uuid_twice", ["h1"])]
        assert found[0].message == "2 guests of hypervisor h1 have one uuid, a: name-a"

    def test_across_sources(self) -> None:
        found = guests_seen_twice([mapping({"h1": "a"}), mapping({"h2": "a"}, "other")])
        assert found[0].where == ["h1", "h2"]

    def test_none(self) -> None:
        assert guests_seen_twice([mapping({"h1": "a", "h2": "b", "h3": None})]) == []
        assert ids_seen_twice(mapping({"h1": "a", "h2": "a"})) == []

    def test_one_id_on_two_hypervisors_of_a_source(self) -> None:
        twins = Mapping("esx", "vc", "x", [Hypervisor("H1", name="one"), Hypervisor("h1", name="two")])
        found = ids_seen_twice(twins)
        assert [(conflict.kind, conflict.subject, conflict.where) for conflict in found] == [
            ("hypervisor_id_twice", "h1", ["one", "two"])
        ]
        assert found[0].message == "vc: the hypervisors one, two have one id, h1; a receiver takes them for one"

    def test_one_system_uuid_on_two_hypervisors(self) -> None:
        fact = "dmi.system.uuid"
        hosts = [
            Hypervisor("h1", facts={fact: "ABC"}),
            Hypervisor("h2", facts={fact: "abc"}),
            Hypervisor("h3", facts={fact: "other"}),
            Hypervisor("h4", facts={fact: ""}),
            Hypervisor("h5", facts={fact: ""}),
            Hypervisor("h6"),
        ]
        found = system_uuids_seen_twice(hosts)
        assert [(conflict.subject, conflict.where) for conflict in found] == [("abc", ["h1", "h2"])]
        assert system_uuids_seen_twice([hosts[0], Hypervisor("H1", facts={fact: "abc"})]) == []

    def test_messages_stay_readable(self) -> None:
        many = mapping({f"host-with-a-long-name-{number}": "a" for number in range(5000)})
        message = guests_seen_twice([many])[0].message
        assert "is seen on 5000 hypervisors" in message
        assert "and 4990 more" in message
        assert len(message) < 1000

    def test_hostile_names_cannot_forge_lines(self) -> None:
        hosts = [Hypervisor("h\n1", guests=[Guest("a", "x\x1b[2J")]), Hypervisor("h2", guests=[Guest("a", "y\r")])]
        assert guests_seen_twice([Mapping("esx", "s", "t", hosts)])[0].message.isprintable()

    def test_as_a_result(self) -> None:
        conflict = guests_seen_twice([mapping({"h1": "a a"})])[0]
        assert set(conflict.to_dict()) == {"kind", "subject", "where", "message"}
