# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
from __future__ import annotations

import ast
import json
import random
import re
import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils import _core
from ansible_collections.virtmap.core.plugins.module_utils._core.model import (
    BACKENDS,
    STATE_WORDS,
    Guest,
    GuestState,
    Host,
    Hypervisor,
    Mapping,
    Skipped,
    sort_guests,
    utc_now,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.parse import parse_mapping
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._core.strategies import mappings
from hypothesis import given

WORDS = ["unknown", "running", "blocked", "paused", "shutting_down", "shut_off", "crashed", "suspended"]


class TestStates:
    def test_they_are_numbered_as_virt_who_does(self) -> None:
        assert list(STATE_WORDS) == WORDS
        assert [int(GuestState.from_word(word)) for word in WORDS] == list(range(8))
        assert [GuestState(number).word for number in range(8)] == WORDS

    def test_active_is_running_or_paused(self) -> None:
        assert [state.word for state in GuestState if state.active] == ["running", "paused"]

    @pytest.mark.parametrize("number", [-1, 8, 99])
    def test_an_unknown_number_is_an_unknown_state(self, number: int) -> None:
        assert GuestState.from_number(number) is GuestState.UNKNOWN

    def test_an_unknown_word_is_an_error(self) -> None:
        with pytest.raises(KeyError):
            GuestState.from_word("Running")


def mapping(**more: t.Any) -> Mapping:
    values: dict[str, t.Any] = {"backend": "esx", "source": "vc.example.com", "collected_at": "2026-11-21T08:00:00Z"}
    return Mapping(**{**values, "hypervisors": [], **more})


class TestShape:
    def test_it_is_that_of_the_contract(self) -> None:
        guest = Guest("g1", "web1", GuestState.RUNNING)
        host = Hypervisor("h1", "u1", "esx1", "Blue", "domain-c7", {"b": 1, "a": "2"}, [guest])
        found = mapping(
            hypervisors=[host], skipped=[Skipped("host", "esx9", "no uuid")], unplaced=[Guest("g2")]
        ).to_dict()
        assert found == {
            "backend": "esx",
            "source": "vc.example.com",
            "collected_at": "2026-11-21T08:00:00Z",
            "hypervisors": [
                {
                    "id": "h1",
                    "uuid": "u1",
                    "name": "esx1",
                    "cluster": "Blue",
                    "parent": "domain-c7",
                    "facts": {"a": "2", "b": 1},
                    "guests": [{"uuid": "g1", "name": "web1", "state": "running"}],
                }
            ],
            "skipped": [{"kind": "host", "name": "esx9", "reason": "no uuid"}],
            "unplaced": [{"uuid": "g2", "name": None, "state": "unknown"}],
        }

    def test_unknown_guests_are_null_and_none_are_an_empty_list(self) -> None:
        found = mapping(hypervisors=[Hypervisor("a", guests=None), Hypervisor("b", guests=[])]).to_dict()
        assert [host["guests"] for host in found["hypervisors"]] == [None, []]

    def test_extra_keys_cannot_replace_the_common_ones(self) -> None:
        guest = Guest("g", extra={"uuid": "forged", "note": 1})
        host = Hypervisor("h", guests=[guest], extra={"id": "forged", "rack": "r1"})
        found = mapping(hypervisors=[host], extra={"backend": "forged", "site": "x"}).to_dict()
        assert (found["backend"], found["site"]) == ("esx", "x")
        assert (found["hypervisors"][0]["id"], found["hypervisors"][0]["rack"]) == ("h", "r1")
        assert found["hypervisors"][0]["guests"] == [{"note": 1, "uuid": "g", "name": None, "state": "unknown"}]

    def test_guests_are_counted(self) -> None:
        hosts = [Hypervisor("a", guests=None), Hypervisor("b", guests=[Guest("1"), Guest("2")]), Hypervisor("c")]
        assert mapping(hypervisors=hosts).guest_count == 2


class TestOrder:
    @given(mappings)
    def test_it_does_not_depend_on_the_order_of_the_answer(self, value: Mapping) -> None:
        shuffled = mapping(
            backend=value.backend,
            source=value.source,
            collected_at=value.collected_at,
            hypervisors=random.sample(value.hypervisors, len(value.hypervisors)),
            skipped=random.sample(value.skipped, len(value.skipped)),
            unplaced=random.sample(value.unplaced, len(value.unplaced)),
            extra=value.extra,
        )
        first, second = value.to_dict(), shuffled.to_dict()
        # What is equal in all that is sorted by may stand in either order.
        key = ["id", "name", "uuid"]
        assert [[host[word] or "" for word in key] for host in first["hypervisors"]] == [
            [host[word] or "" for word in key] for host in second["hypervisors"]
        ]
        assert first["skipped"] == second["skipped"]

    def test_guests_with_one_uuid_are_sorted_by_name_and_state(self) -> None:
        guests = [
            Guest("u", "b"),
            Guest("u", None),
            Guest("u", "a", GuestState.PAUSED),
            Guest("u", "a", GuestState.RUNNING),
            Guest("t", "z"),
        ]
        expected = [("t", "z", 0), ("u", None, 0), ("u", "a", 1), ("u", "a", 3), ("u", "b", 0)]
        for _round in range(20):
            random.shuffle(guests)
            assert [(guest.uuid, guest.name, int(guest.state)) for guest in sort_guests(guests)] == expected


class TestRoundTrip:
    @given(mappings)
    def test_what_is_written_is_read_back(self, value: Mapping) -> None:
        written = value.to_dict()
        travelled = json.loads(json.dumps(written))
        assert parse_mapping(travelled).to_dict() == written


def test_a_host_becomes_a_hypervisor_with_all_it_has() -> None:
    host = Host(
        ids={"uuid": "u"}, uuid="u", name="n", cluster="c", parent="p", facts={"f": "1"}, guests=None, extra={"x": 1}
    )
    assert host.to_hypervisor("id") == Hypervisor("id", "u", "n", "c", "p", {"f": "1"}, None, {"x": 1})


def test_moments_are_utc() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", utc_now())


def test_the_backends_are_those_of_the_contract() -> None:
    expected = {"libvirt", "esx", "hyperv", "xenserver", "ovirt", "vdsm", "kubevirt", "ahv", "file"}
    assert set(BACKENDS) == expected


def test_the_model_knows_nothing_of_ansible() -> None:
    """Everything that only handles mappings can be used and tested without ansible-core."""
    folder = Path(str(_core.__file__)).parent if _core.__file__ else Path(next(iter(_core.__path__)))
    for name in ("model", "errors", "selection", "assemble", "compare", "merge", "parse", "formats", "text", "tables"):
        tree = ast.parse((folder / f"{name}.py").read_text(encoding="utf-8"))
        imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
        imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        assert not [module for module in imported if module.split(".")[0] == "ansible"], name
