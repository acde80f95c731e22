# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""From news to events: nothing is lost, nothing is made up, and nobody is told what nobody knows."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.model import (
    Guest,
    GuestState,
    Hypervisor,
    Mapping,
    Skipped,
)
from ansible_collections.virtmap.core.plugins.module_utils._events import report
from ansible_collections.virtmap.core.plugins.module_utils._events.tracker import Patience, Tracker
from ansible_collections.virtmap.core.plugins.module_utils._events.words import inert

HOSTILE = "{{ lookup('pipe', 'id') }}{% raw %}{# x #}{{{"
PATIENCE = Patience(limit=0.0, silent=300.0, conflict=60.0)


def mapping(
    hosts: dict[str, t.Sequence[str] | None], source: str = "vc", at: str = "2026-11-21T08:00:00Z", skipped: str = ""
) -> Mapping:
    """A mapping; a guest is written ``name`` or ``name=state``."""
    hypervisors = []
    for host, names in hosts.items():
        guests = None
        if names is not None:
            pairs = [name.partition("=") for name in names]
            guests = [
                Guest(f"u-{name}", name, GuestState.from_word(state or "running")) for name, _equals, state in pairs
            ]
        hypervisors.append(Hypervisor(host, name=f"{host}.example.com", guests=guests))
    entries = [Skipped("host", name, "disconnected") for name in skipped.split()]
    return Mapping("esx", source, at, hypervisors, entries)


class Watched:
    """A tracker with a clock."""

    def __init__(self, *sources: str, patience: Patience = PATIENCE, initial: bool = True) -> None:
        self.tracker = Tracker(sources or ("vc",), patience, initial)
        self.now = 1000.0

    def tell(self, *mappings: Mapping) -> list[str]:
        return [_short(event) for event in self.events(*mappings)]

    def events(self, *mappings: Mapping) -> list[dict[str, t.Any]]:
        for number, entry in enumerate(mappings):
            self.tracker.answered(number, entry)
        return self.tracker.events(self.now)

    def later(self, seconds: float) -> list[str]:
        self.now += seconds
        return [_short(event) for event in self.tracker.events(self.now)]


def _short(event: dict[str, t.Any]) -> str:
    words = [event["type"]]
    if "guest" in event:
        words.append(event["guest"][2:])
    words += [event[key] for key in ("previous_hypervisor", "previous_state") if key in event]
    if "hypervisor" in event:
        words.append(event["hypervisor"])
    if event["type"] == "guest_state":
        words.append(event["state"])
    words += [",".join(event["hypervisors"])] if event["type"] == "changed" else []
    return " ".join(words)


def sent(event: dict[str, t.Any]) -> dict[str, list[str]]:
    """Which guests an event would have reported, by hypervisor."""
    found: dict[str, list[str]] = {}
    for text in event["mappings"]:
        for host in json.loads(text)["hypervisors"]:
            found.setdefault(host["id"], []).extend(guest["name"] for guest in host["guests"])
    return found


def test_first_a_snapshot_then_changes_only() -> None:
    watched = Watched()
    (snapshot,) = watched.events(mapping({"a": ["x", "y"], "b": []}))
    assert (snapshot["type"], snapshot["hypervisors"], snapshot["guests"]) == ("snapshot", 2, 2)
    assert sent(snapshot) == {"a": ["x", "y"], "b": []}
    assert watched.tell(mapping({"a": ["x", "y"], "b": []})) == []
    assert watched.tell(mapping({"a": ["x=shut_off"], "b": ["y"]})) == [
        "guest_state x running a shut_off",
        "guest_moved y a b",
        "changed a,b",
    ]
    assert watched.tell(mapping({"a": ["x=shut_off"], "b": ["y"], "c": ["z"]})) == [
        "hypervisor_appeared c",
        "guest_appeared z c",
        "changed c",
    ]
    assert watched.tell(mapping({"a": ["x=shut_off"], "b": []})) == [
        "guest_gone y b",
        "guest_gone z c",
        "hypervisor_gone c",
        "changed b",
    ]


def test_without_initial_there_are_changes_only() -> None:
    watched = Watched(initial=False)
    assert watched.tell(mapping({"a": ["x"]})) == []
    assert watched.tell(mapping({"a": []})) == ["guest_gone x a", "changed a"]


def test_what_changed_is_reported_whole_and_nothing_else_is() -> None:
    watched = Watched()
    watched.tell(mapping({"a": ["x", "y"], "b": ["z"], "c": ["w"]}))
    event = watched.events(mapping({"a": ["x"], "b": ["y", "z"], "c": ["w"]}))[-1]
    assert sent(event) == {"a": ["x"], "b": ["y", "z"]}


def test_a_fact_that_changed_is_reported_without_being_an_event_of_its_own() -> None:
    watched = Watched()
    watched.tell(mapping({"a": ["x"]}))
    upgraded = mapping({"a": ["x"]})
    upgraded.hypervisors[0].facts["hypervisor.version"] = "8.0.3"
    assert watched.tell(upgraded) == ["changed a"]


def test_reports_keep_their_distance_and_lose_nothing() -> None:
    watched = Watched(patience=Patience(limit=10.0))
    watched.tell(mapping({"a": ["x"], "b": []}))
    assert watched.tell(mapping({"a": [], "b": []})) == ["guest_gone x a", "changed a"]
    assert watched.tell(mapping({"a": ["x"], "b": []})) == ["guest_appeared x a"]
    assert watched.tell(mapping({"a": ["x"], "b": ["y"]})) == ["guest_appeared y b"]
    assert watched.tracker.due(watched.now) == watched.now + 10
    assert watched.later(9.9) == []
    assert watched.later(0.1) == ["changed a,b"]
    assert watched.tracker.due(watched.now) is None


def test_what_is_as_it_was_reported_is_not_reported_again() -> None:
    watched = Watched(patience=Patience(limit=10.0))
    watched.tell(mapping({"a": ["x"]}))
    watched.tell(mapping({"a": []}))
    watched.tell(mapping({"a": ["x"]}))
    assert watched.tell(mapping({"a": []})) == ["guest_gone x a"]
    assert watched.later(10) == []


def test_a_source_that_fails_makes_no_guest_gone() -> None:
    watched = Watched("vc", "kvm")
    watched.tell(mapping({"a": ["x"]}), mapping({"b": ["y"]}, "kvm"))
    watched.tracker.failed(0, "vc cannot be reached", watched.now)
    assert watched.later(0) == ["source_failed"]
    watched.tracker.failed(0, "vc cannot be reached", watched.now)
    assert watched.tracker.due(watched.now) == watched.now + 300
    assert watched.later(299) == []
    assert watched.later(1) == ["source_silent"]
    assert watched.later(1000) == []
    assert watched.tell(mapping({"a": ["z"]})) == [
        "source_recovered",
        "guest_gone x a",
        "guest_appeared z a",
        "changed a",
    ]


def test_a_source_that_never_answered_is_told_under_its_place() -> None:
    watched = Watched("sources[0] (esx)")
    watched.tracker.failed(0, "it cannot be reached", watched.now)
    (event,) = watched.tracker.events(watched.now)
    assert (event["type"], event["source"], event["reason"]) == (
        "source_failed",
        "sources[0] (esx)",
        "it cannot be reached",
    )


def test_a_guest_restarted_elsewhere_moved_away_from_a_silent_host() -> None:
    watched = Watched("kvm1", "kvm2")
    watched.tell(mapping({"a": ["x", "y"]}, "kvm1"), mapping({"b": []}, "kvm2"))
    watched.tracker.failed(0, "kvm1 cannot be reached", watched.now)
    watched.later(0)
    watched.tracker.answered(1, mapping({"b": ["x"]}, "kvm2"))
    events = watched.tracker.events(watched.now)
    assert [_short(event) for event in events] == ["guest_moved x a b", "changed b"]
    assert sent(events[-1]) == {"b": ["x"]}, "of a silent host nothing is reported"
    watched.tracker.answered(0, mapping({"a": ["y"]}, "kvm1"))
    events = watched.tracker.events(watched.now)
    assert [_short(event) for event in events] == ["source_recovered", "changed a"]
    assert sent(events[-1]) == {"a": ["y"]}


@pytest.mark.parametrize(
    "unknown", [{"hosts": {"b": ["y"]}, "skipped": "a.example.com"}, {"hosts": {"a": None, "b": ["y"]}}]
)
def test_a_hypervisor_that_is_left_out_keeps_its_guests_until_it_is_back(unknown: dict[str, t.Any]) -> None:
    watched = Watched()
    watched.tell(mapping({"a": ["x", "z"], "b": ["y"]}))
    assert watched.tell(mapping(**unknown)) == []
    watched.now += 200
    assert watched.tell(mapping(**unknown)) == []
    assert watched.later(100) == ["hypervisor_silent a"]
    # What happened meanwhile is told when it is known.
    assert watched.tell(mapping({"a": ["z", "w"], "b": ["y"]})) == [
        "guest_appeared w a",
        "guest_gone x a",
        "hypervisor_back a",
        "changed a",
    ]


def test_a_guest_that_migrates_moves_once() -> None:
    watched = Watched("kvm1", "kvm2")
    one, two = mapping({"a": ["x"]}, "kvm1"), mapping({"b": []}, "kvm2")
    watched.tell(one, two)
    assert watched.tell(one, mapping({"b": ["x=paused"]}, "kvm2")) == []
    assert watched.later(30) == []
    assert watched.tell(mapping({"a": []}, "kvm1"), mapping({"b": ["x"]}, "kvm2")) == [
        "guest_moved x a b",
        "changed a,b",
    ]
    assert watched.tracker.due(watched.now) is None


def test_a_guest_that_stays_in_two_places_is_a_conflict() -> None:
    watched = Watched("kvm1", "kvm2")
    one, two = mapping({"a": ["x"]}, "kvm1"), mapping({"b": []}, "kvm2")
    watched.tell(one, two)
    both = mapping({"b": ["x"]}, "kvm2")
    assert watched.tell(one, both) == []
    assert watched.tracker.due(watched.now) == watched.now + 60
    assert watched.later(60) == ["guest_appeared x b", "conflict", "changed b"]
    assert watched.tracker.due(watched.now) is None
    assert watched.tell(one, both) == []
    assert watched.tell(mapping({"a": []}, "kvm1"), both) == ["guest_gone x a", "conflict_over", "changed a"]


def test_a_conflict_that_is_there_at_first_is_told_at_once() -> None:
    assert Watched().tell(mapping({"a": ["x"], "b": ["x"]})) == ["snapshot", "conflict"]


def test_a_hypervisor_of_two_sources_is_reported_with_what_both_tell() -> None:
    watched = Watched("vc", "kvm")
    watched.tell(mapping({"a": ["x"]}), mapping({"A": ["y"]}, "kvm"))
    event = watched.events(mapping({"a": []}), mapping({"A": ["y"]}, "kvm"))[-1]
    assert sent(event) == {"a": [], "A": ["y"]}
    assert len(event["mappings"]) == 2


def test_large_fleets_come_in_portions_of_whole_hypervisors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "GUESTS_IN_A_PORTION", 10)
    hosts = {f"h{number}": [f"g{number}-{guest}" for guest in range(4)] for number in range(5)}
    events = Watched().events(mapping(hosts))
    assert [(event["part"], event["parts"]) for event in events] == [(1, 3), (2, 3), (3, 3)]
    together: dict[str, list[str]] = {}
    for event in events:
        together.update(sent(event))
    assert together == hosts


def test_all_is_repeated_when_asked_for() -> None:
    watched = Watched(patience=Patience(repeat=100.0))
    watched.tell(mapping({"a": ["x"]}))
    assert watched.tracker.due(watched.now) == watched.now + 100
    assert watched.later(99) == []
    assert watched.later(1) == ["snapshot"]
    assert watched.later(100) == ["snapshot"]


def test_texts_of_events_never_begin_a_template() -> None:
    watched = Watched()
    watched.tell(mapping({HOSTILE: []}))
    events = watched.events(mapping({HOSTILE: [HOSTILE.replace("=", "")]}))
    assert events
    text = json.dumps(events)
    assert not any(begin in json.loads(text).__repr__() for begin in ("{{", "{%", "{#"))
    told = json.loads(events[-1]["mappings"][0])
    assert told["hypervisors"][0]["id"] == HOSTILE, "what is reported is as it was"
    assert told["hypervisors"][0]["guests"][0]["name"] == HOSTILE


@pytest.mark.parametrize("text", ["plain", "a{b}", "{{", "{{{%", "}} {", ""])
def test_inert_text_reads_like_before(text: str) -> None:
    assert inert(text).replace(" ", "") == text.replace(" ", "")
    assert not any(begin in inert(text) for begin in ("{{", "{%", "{#"))


def test_each_event_has_an_id_that_others_find_as_well() -> None:
    ids = []
    for _observer in range(2):
        watched = Watched()
        events = watched.events(mapping({"a": []}))
        # Twice the same within one second.
        for hosts in ({"a": ["x"]}, {"a": []}, {"a": ["x"]}, {"a": []}):
            events += watched.events(mapping(hosts))
        ids.append([event["meta"]["uuid"] for event in events])
        assert len(set(ids[-1])) == len(events) == 9
    assert ids[0] == ids[1]


def test_what_is_due_is_over_once_it_was_told() -> None:
    watched = Watched(patience=Patience(limit=10.0, silent=300.0, conflict=60.0, repeat=7000.0))
    watched.tell(mapping({"a": ["x"], "b": ["y"]}))
    assert watched.tell(mapping({"b": ["y", "x"]}, skipped="a.example.com")) == ["guest_moved x a b", "changed b"]
    watched.now += 1
    watched.tracker.failed(0, "vc cannot be reached", watched.now)
    seen: list[str] = []
    for _time in range(20):
        seen += watched.later(0)
        due = watched.tracker.due(watched.now)
        assert due is not None
        assert due > watched.now, "it would be told over and over"
        watched.now = due
    assert seen == ["source_failed", "hypervisor_silent a", "source_silent"]
