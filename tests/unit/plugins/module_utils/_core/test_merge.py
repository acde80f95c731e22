# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Several mappings make one request: each sentence of that rule."""

from __future__ import annotations

import itertools
import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.merge import merge, virt_who_type
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


def mapping(source: str, hosts: t.Sequence[Hypervisor], minute: int = 0, backend: str = "esx") -> Mapping:
    return Mapping(backend, source, f"2026-11-21T08:{minute:02}:00Z", list(hosts))


def uuids(hypervisor: Hypervisor) -> list[str] | None:
    return None if hypervisor.guests is None else [guest.uuid for guest in hypervisor.guests]


def test_different_hypervisors_are_all_there_in_stable_order() -> None:
    one = mapping("a", [Hypervisor("h2", guests=[Guest("g2"), Guest("g1")])])
    two = mapping("b", [Hypervisor("h3"), Hypervisor("H1")])
    for order in itertools.permutations([one, two]):
        merged = merge(order)
        assert [host.id for host in merged.hypervisors] == ["H1", "h2", "h3"]
        assert uuids(merged.hypervisors[1]) == ["g1", "g2"]
        assert merged.conflicts == []


def test_nothing() -> None:
    assert merge([]).hypervisors == []
    assert merge([mapping("a", [])]).conflicts == []


class TestOneHypervisorFromTwoSources:
    old = mapping("old.example.com", [Hypervisor("H1", name="old", facts={"v": "1"}, guests=[Guest("a"), Guest("b")])])
    new = mapping(
        "new.example.com", [Hypervisor("h1", name="new", facts={"v": "2"}, guests=[Guest("B"), Guest("c")])], 5
    )

    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    def test_guests_are_united_and_the_newer_answer_wins(self, order: tuple[int, int]) -> None:
        both = [self.old, self.new]
        merged = merge([both[index] for index in order])
        assert len(merged.hypervisors) == 1
        host = merged.hypervisors[0]
        assert (host.id, host.name, host.facts) == ("h1", "new", {"v": "2"})
        assert uuids(host) == ["B", "a", "c"], "each once, without regard to case; the newer answer's word counts"

    def test_a_warning_names_both(self) -> None:
        conflicts = merge([self.old, self.new]).conflicts
        assert [conflict.kind for conflict in conflicts] == ["hypervisor_from_two_sources"]
        assert conflicts[0].where == ["old.example.com", "new.example.com"]
        assert "h1 comes from 2 answers (old.example.com, new.example.com)" in conflicts[0].message

    def test_the_newer_answer_wins_for_a_guest_too(self) -> None:
        old = mapping("a", [Hypervisor("h", guests=[Guest("g", "x", GuestState.RUNNING)])], 1)
        new = mapping("b", [Hypervisor("h", guests=[Guest("g", "y", GuestState.PAUSED)])], 2)
        for order in ([old, new], [new, old]):
            guests = merge(order).hypervisors[0].guests
            assert guests is not None
            assert [(guest.name, guest.state) for guest in guests] == [("y", GuestState.PAUSED)]

    def test_of_two_answers_of_one_second_the_later_in_the_list_wins(self) -> None:
        one, two = mapping("a", [Hypervisor("h", name="one")]), mapping("b", [Hypervisor("h", name="two")])
        assert merge([one, two]).hypervisors[0].name == "two"
        assert merge([two, one]).hypervisors[0].name == "one"

    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    def test_guests_that_one_of_them_does_not_know_stay_unknown(self, order: tuple[int, int]) -> None:
        """The rest would be passed off as the whole, and the others be taken away at the receiver."""
        both = [mapping("a", [Hypervisor("h", guests=[Guest("g")])]), mapping("b", [Hypervisor("h", guests=None)], 1)]
        merged = merge([both[index] for index in order])
        assert merged.hypervisors[0].guests is None
        assert (
            "does not know its guests; the guests that the receiver holds are left alone" in merged.conflicts[0].message
        )

    def test_an_empty_answer_empties_nothing(self) -> None:
        both = [mapping("a", [Hypervisor("h", guests=[Guest("g")])]), mapping("b", [Hypervisor("h", guests=[])], 1)]
        assert uuids(merge(both).hypervisors[0]) == ["g"]

    def test_twins_within_one_answer_stay_two(self) -> None:
        twins = mapping("a", [Hypervisor("h", guests=[Guest("g", "x"), Guest("g", "y")])])
        for merged in (merge([twins]), merge([twins, mapping("b", [Hypervisor("h", guests=[Guest("k")])])])):
            assert (uuids(merged.hypervisors[0]) or [])[:2] == ["g", "g"]
            assert "guest_uuid_twice" in [conflict.kind for conflict in merged.conflicts]


def test_a_hypervisor_whose_guests_are_not_known_stays_so() -> None:
    assert merge([mapping("a", [Hypervisor("h", guests=None)])]).hypervisors[0].guests is None


class TestReportedAsSeen:
    def test_one_guest_on_two_hypervisors(self) -> None:
        merged = merge(
            [
                mapping("a", [Hypervisor("h1", guests=[Guest("g")])]),
                mapping("b", [Hypervisor("h2", guests=[Guest("G")])]),
            ]
        )
        assert [uuids(host) for host in merged.hypervisors] == [["g"], ["G"]]
        assert [(conflict.kind, conflict.where) for conflict in merged.conflicts] == [
            ("guest_on_two_hypervisors", ["h1", "h2"])
        ]

    def test_one_system_uuid_on_two_hypervisors(self) -> None:
        facts: dict[str, t.Any] = {"dmi.system.uuid": "u"}
        merged = merge([mapping("a", [Hypervisor("h1", facts=facts)]), mapping("b", [Hypervisor("h2", facts=facts)])])
        assert len(merged.hypervisors) == 2
        assert [conflict.kind for conflict in merged.conflicts] == ["system_uuid_twice"]
        assert "h1, h2" in merged.conflicts[0].message


class TestTheWordOfVirtWho:
    def test_each_backend_has_one(self) -> None:
        expected = {"xenserver": "xen", "ovirt": "rhevm", "file": "fake"}
        for backend in BACKENDS:
            assert virt_who_type(backend, Guest("g")) == expected.get(backend, backend)

    def test_a_file_passes_on_the_word_in_it(self) -> None:
        assert virt_who_type("file", Guest("g", extra={"virt_who_type": "esx"})) == "esx"
        assert virt_who_type("file", Guest("g", extra={"virt_who_type": ""})) == "fake"

    def test_guests_keep_that_of_their_own_source(self) -> None:
        merged = merge(
            [
                mapping("a", [Hypervisor("h", guests=[Guest("g1")])], backend="ovirt"),
                mapping("b", [Hypervisor("h", guests=[Guest("g2", extra={"virt_who_type": "esx"})])], backend="file"),
            ]
        )
        guests = merged.hypervisors[0].guests
        assert guests is not None
        assert [guest.extra["virt_who_type"] for guest in guests] == ["rhevm", "esx"]

    def test_the_mappings_that_came_in_are_left_as_they_are(self) -> None:
        came = mapping("a", [Hypervisor("h", guests=[Guest("g")])])
        merge([came])
        assert came.hypervisors[0].guests == [Guest("g")]


@given(st.lists(mappings, max_size=3))
def test_nobody_is_lost_and_nobody_invented(values: list[Mapping]) -> None:
    merged = merge(values)
    every = [host for value in values for host in value.hypervisors]
    assert sorted(host.id.lower() for host in merged.hypervisors) == sorted({host.id.lower() for host in every})
    for host in merged.hypervisors:
        same = [other for other in every if other.id.lower() == host.id.lower()]
        if host.guests is None:
            assert any(other.guests is None for other in same)
        else:
            known = {guest.uuid.lower() for other in same for guest in other.guests or ()}
            assert {guest.uuid.lower() for guest in host.guests} == known
