# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What the history keeps and answers, in SQLite and in a real PostgreSQL."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput, NotFound

from .fleet import History, mapping, moment
from .postgres import fresh_database


@pytest.fixture(params=["sqlite", "postgresql"])
def history(request: pytest.FixtureRequest, tmp_path: Path) -> History:
    if request.param == "sqlite":
        return History(path=str(tmp_path / "history.sqlite"))
    return History(**fresh_database())


def kinds(result: dict[str, t.Any]) -> list[tuple[str, str | None]]:
    return [(change["kind"], change["name"]) for change in result["changes"]]


def test_an_unchanged_run_adds_one_row(history: History) -> None:
    hosts = {f"esx{number}": [f"g{number}-{index}" for index in range(4)] for number in range(5)}
    first = history.keep(mapping(moment(8), hosts))
    # the source, its run, 5 hypervisors, 20 guests
    assert (first["changed"], first["runs"][0]["rows"], first["changes"]) == (True, 27, [])
    second = history.keep(mapping(moment(9), hosts))
    assert (second["changed"], second["runs"][0]["rows"], second["runs"][0]["result"]) == (True, 1, "unchanged")
    again = history.keep(mapping(moment(9), hosts))
    assert (again["changed"], again["runs"][0]["rows"], again["runs"][0]["result"]) == (False, 0, "known")
    assert history.where("g2-3") == [("esx2", "running", moment(8), moment(9), None)]


def test_the_same_in_other_words_is_unchanged(history: History) -> None:
    brief: dict[str, t.Any] = {
        "backend": "file",
        "source": "x",
        "hypervisors": [{"id": "h1", "guests": [{"uuid": "u1"}]}],
    }
    history.keep({**brief, "collected_at": moment(8)})
    (host,) = brief["hypervisors"]
    long = {**host, "name": None, "facts": {}, "guests": [{"uuid": "u1", "name": None, "state": "unknown"}]}
    for hour, document in ((9, {**brief, "hypervisors": [long]}), (10, brief)):
        run = history.keep({**document, "collected_at": moment(hour)})["runs"][0]
        assert (run["result"], run["rows"]) == ("unchanged", 1)
    for wrong in ({**brief, "hypervisors": None}, {**brief, "hypervisors": [{}]}, {**brief, "skipped": 5}):
        with pytest.raises(InvalidInput, match=r"mappings\[0\]\."):
            history.keep({**wrong, "collected_at": moment(11)})


def test_where_a_guest_ran_on_a_day(history: History) -> None:
    history.keep(mapping(moment(8, 19), {"esx1": ["web1"], "esx2": []}))
    history.keep(mapping(moment(8, 20), {"esx1": [], "esx2": ["web1"]}))
    history.keep(mapping(moment(8, 21), {"esx1": [], "esx2": ["web1"]}, off=["web1"]))
    on_esx1 = ("esx1", "running", moment(8, 19), moment(8, 19), moment(8, 20))
    on_esx2 = ("esx2", "running", moment(8, 20), moment(8, 20), moment(8, 21))
    assert history.where("web1", "2026-11-19", "2026-11-19") == [on_esx1]
    assert history.where("uuid-WEB1", "2026-11-20", "2026-11-20") == [on_esx1, on_esx2]
    assert history.where("web1", "2026-11-21", "2026-11-21")[-1] == (
        "esx2",
        "shut_off",
        moment(8, 21),
        moment(8, 21),
        None,
    )
    day = history.ask("guest", guest="web1", since="2026-11-20", until="2026-11-20")
    # Last seen on esx1 the day before: nobody knows how long it stayed there.
    assert [place["confirmed"] for place in day] == [False, True]
    assert history.where("web1", "2026-11-18", "2026-11-18") == []
    assert history.where("nobody") == []


def test_which_guests_moved(history: History) -> None:
    history.keep(mapping(moment(8), {"esx1": ["web1", "db1", "stays"], "esx2": []}))
    history.keep(mapping(moment(9), {"esx1": ["db1", "stays"], "esx2": ["web1"]}, off=["stays"]))
    moved = history.keep(mapping(moment(10), {"esx1": ["stays"], "esx2": ["web1", "db1"]}))
    assert kinds(moved) == [("guest_moved", "db1"), ("guest_state", "stays")]
    assert moved["diff"]["after"].splitlines()[1] == "guest db1 moved from ID-esx1 to hypervisor ID-esx2"
    moves = history.ask("moves")
    assert [(move["name"], move["from_hypervisor"], move["to_hypervisor"]) for move in moves] == [
        ("web1", "ID-esx1", "ID-esx2"),
        ("db1", "ID-esx1", "ID-esx2"),
    ]
    assert [move["name"] for move in history.ask("moves", since=moment(10))] == ["db1"]
    assert [move["name"] for move in history.ask("moves", until=moment(9))] == ["web1"]


def test_a_move_from_one_source_to_another_and_while_it_was_off(history: History) -> None:
    history.keep(mapping(moment(8), {"esx1": ["web1", "db1"]}), mapping(moment(8), {"kvm1": []}, source="b"))
    history.keep(mapping(moment(9), {"esx1": ["db1"]}), mapping(moment(9), {"kvm1": ["web1"]}, source="b"))
    history.keep(mapping(moment(10), {"esx1": []}, unplaced=["db1"]))
    history.keep(mapping(moment(11), {"esx1": [], "esx2": ["db1"]}))
    assert [(move["name"], move["to_hypervisor"], move["source"]) for move in history.ask("moves")] == [
        ("web1", "ID-kvm1", "b"),
        ("db1", "ID-esx2", "vc.example.com"),
    ]
    assert [place[0] for place in history.where("db1")] == ["esx1", None, "esx2"]


def test_a_guest_seen_on_two_hypervisors_did_not_move(history: History) -> None:
    history.keep(mapping(moment(8), {"esx1": ["web1"], "esx2": []}))
    history.keep(mapping(moment(9), {"esx1": ["web1"], "esx2": ["web1"]}))
    history.keep(mapping(moment(10), {"esx1": ["web1"], "esx2": ["web1"]}, off=["web1"]))
    assert history.ask("moves") == []


def test_nothing_is_concluded_from_not_knowing(history: History) -> None:
    history.keep(mapping(moment(8), {"esx1": ["web1", "db1"], "esx2": ["app1"]}))
    left_out = history.keep(mapping(moment(9), {"esx2": ["app1"]}, skipped=["esx1"]))
    assert kinds(left_out) == []
    assert history.where("web1") == [("esx1", "running", moment(8), moment(8), moment(9))]
    back = history.keep(mapping(moment(10), {"esx1": ["web1"], "esx2": ["app1"]}))
    assert kinds(back) == [("guest_gone", "db1")]
    assert history.ask("moves") == []
    unknown = history.keep(mapping(moment(11), {"esx1": None, "esx2": ["app1"]}))
    assert kinds(unknown) == []
    back = history.keep(mapping(moment(12), {"esx1": [], "esx2": ["app1", "web1"]}))
    assert kinds(back) == [("guest_moved", "web1")]
    assert [(move["last_seen"], move["seen"]) for move in history.ask("moves")] == [(moment(10), moment(12))]


def test_since_when_a_hypervisor_is_silent(history: History) -> None:
    hosts: dict[str, list[str] | None] = {"esx1": ["web1"], "esx2": [], "esx3": [], "esx4": []}
    history.keep(mapping(moment(8), hosts), mapping(moment(8), {"kvm1": []}, source="old"))
    history.keep(mapping("2999-01-01T00:00:00Z", {"esx2": [], "esx4": []}, skipped=["esx1"]))
    history.keep(mapping("2999-01-01T00:00:00Z", {"esx3": []}, source="took esx3 over"))
    assert [(entry["name"], entry["silent_since"], entry["reason"]) for entry in history.ask("silent")] == [
        ("esx1", moment(8), "the host is disconnected"),
        ("kvm1", moment(8), "its source has not been recorded since"),
    ]
    history.keep(mapping("2999-01-02T00:00:00Z", {"esx2": []}, skipped=["esx1"]))
    silent = {entry["name"]: entry for entry in history.ask("silent")}
    assert (silent["esx4"]["silent_since"], silent["esx4"]["reason"]) == (
        "2999-01-01T00:00:00Z",
        "it is no longer reported",
    )
    history.keep(mapping("2999-01-03T00:00:00Z", {"esx1": [], "esx2": [], "esx4": []}))
    assert [entry["name"] for entry in history.ask("silent")] == ["kvm1"]


def test_check_mode_tells_the_same_and_keeps_nothing(history: History) -> None:
    one = mapping(moment(8), {"esx1": ["web1"]})
    foreseen = history.keep(one, check_mode=True)
    assert foreseen["changed"] is True
    with pytest.raises((NotFound, InvalidInput), match="record a mapping with mapping_history first"):
        history.where("web1")
    assert history.keep(one) == foreseen
    two = mapping(moment(9), {"esx1": []})
    assert history.keep(two, check_mode=True) == history.keep(two)


def test_pruned_by_age(history: History) -> None:
    history.keep(
        mapping("2020-01-01T00:00:00Z", {"esx1": ["web1", "db1"]}), mapping(moment(8), {}, source="x"), allow_empty=True
    )
    history.keep(mapping("2020-01-02T00:00:00Z", {"esx1": ["web1"]}))
    history.keep(mapping("2999-01-01T00:00:00Z", {"esx1": ["web1"]}))
    pruned = history.keep(mapping("2999-01-02T00:00:00Z", {"esx1": ["web1"]}), keep_days=365)
    assert pruned["pruned"] == 3  # two runs, the guest that went
    assert history.where("db1") == []
    assert history.where("web1")[0][2] == "2020-01-01T00:00:00Z", "what still runs stays"
    again = history.keep(mapping("2999-01-02T00:00:00Z", {"esx1": ["web1"]}), keep_days=365)
    assert (again["pruned"], again["changed"]) == (0, False)


def test_a_source_that_is_no_longer_asked_is_pruned_whole(history: History) -> None:
    history.keep(
        mapping("2020-01-01T00:00:00Z", {"esx1": ["web1"]}), mapping("2999-01-01T00:00:00Z", {"a": []}, source="b")
    )
    pruned = history.keep(mapping("2999-01-01T00:00:00Z", {"a": []}, source="b"), keep_days=30)
    assert pruned["pruned"] == 4  # the source, its run, its hypervisor, its guest
    assert history.where("web1") == []


def test_older_and_contradicting_runs(history: History) -> None:
    history.keep(mapping(moment(9), {"esx1": ["web1"]}))
    older = history.keep(mapping(moment(8), {"esx1": []}))
    assert (older["changed"], older["runs"][0]["result"]) == (False, "outdated")
    assert "of 2026-11-20T08:00:00Z was not recorded" in history.warnings[0]
    with pytest.raises(InvalidInput, match="of the moment 2026-11-20T09:00:00Z is recorded already"):
        history.keep(mapping(moment(10), {"esx1": []}, source="other"), mapping(moment(9), {"esx1": []}))
    assert history.where("web1") == [("esx1", "running", moment(9), moment(9), None)]


@pytest.mark.parametrize("name", ["x'); DROP TABLE virtmap_run;--", "a\0b", "half \ud800", "{{ 7 * 7 }}", "%s ?"])
def test_hostile_names_are_only_text(history: History, name: str) -> None:
    history.keep(mapping(moment(8), {"esx1": [name]}))
    history.keep(mapping(moment(9), {"esx1": [name], "esx2": []}))
    assert len(history.where(name)) == 1
    assert len(history.where(f"uuid-{name}")) == 1


def test_an_empty_mapping_is_refused_and_the_others_are_kept(history: History) -> None:
    history.keep(mapping(moment(8), {"esx1": ["web1"]}))
    with pytest.raises(InvalidInput, match=re.escape("no hypervisor in the mapping of vc.example.com")) as caught:
        history.keep(mapping(moment(9), {"esx2": ["web2"]}, source="b"), mapping(moment(9), {}))
    assert [(run["source"], run["result"]) for run in caught.value.result["runs"]] == [("b", "recorded")]
    assert caught.value.result["changed"] is True
    assert history.where("web1") == [("esx1", "running", moment(8), moment(8), None)]
    assert len(history.where("web2")) == 1
    with pytest.raises(InvalidInput, match="there is no mapping to record"):
        history.keep()
    history.keep(mapping(moment(9), {}), allow_empty=True)
    assert history.where("web1")[0][-1] == moment(9)


@pytest.mark.parametrize(
    "since, until, words",
    [
        ("yesterday", None, "since is yesterday, but must be a day such as"),
        (None, "2026-13-01", "until is 2026-13-01"),
        ("2026-11-21", "2026-11-20", "is before since"),
    ],
)
def test_wrong_times(history: History, since: str | None, until: str | None, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        history.where("web1", since, until)
