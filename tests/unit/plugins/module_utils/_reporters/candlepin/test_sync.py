# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The form of check-in that old servers have, and the choice between the two."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import NotFound, Partial
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._reporters.candlepin.reporter import (
    Reporter,
    guest,
    host,
    mapping,
)

SYNC = "/hypervisors"


def sync_posts(reporter: Reporter) -> list[t.Any]:
    return [entry for entry in reporter.server.log.find("POST") if entry.path.endswith(SYNC)]


@pytest.mark.parametrize(
    ("flavour", "mode"),
    [("sam", "auto"), ("sam", "sync"), ("candlepin3", "sync"), ("candlepin2", "sync"), ("katello2", "sync")],
)
def test_an_old_server_is_told_at_once(make: t.Callable[..., Reporter], flavour: str, mode: str) -> None:
    reporter = make(flavour)
    first = reporter(mapping(host("A", ["g1"]), host("B")), mode=mode)
    assert (first["created"], first["changed"], first["job"]) == (["A", "B"], True, None)
    second = reporter(mapping(host("A", ["g1"]), host("B")), mode=mode)
    assert (second["unchanged"], second["changed"]) == (["A", "B"], False)
    third = reporter(mapping(host("A", []), host("B")), mode=mode)
    assert (third["updated"], third["unchanged"]) == (["A"], ["B"])
    assert len(sync_posts(reporter)) == 3


def test_guests_are_objects_only_for_a_server_that_lists_them(make: t.Callable[..., Reporter]) -> None:
    old, newer = make("sam"), make("candlepin3")
    report = mapping(host("A", [guest("g2"), guest("g1", "shut_off")]))
    old(report)
    newer(report, mode="sync")
    assert json.loads(sync_posts(old)[0].body) == {"A": ["g1", "g2"]}
    assert json.loads(sync_posts(newer)[0].body)["A"][0] == {
        "guestId": "g1",
        "state": 5,
        "attributes": {"virtWhoType": "esx", "active": 0},
    }
    assert sync_posts(old)[0].header("Content-Type") == "application/json"
    assert sync_posts(old)[0].query == {"owner": ["acme"], "env": [""]}


def test_a_newer_server_gets_the_new_form(make: t.Callable[..., Reporter]) -> None:
    reporter = make("candlepin3")
    reporter(mapping(host("A")))
    assert sync_posts(reporter) == []
    assert reporter.posts() == 1


def test_an_old_server_would_empty_a_host_of_unknown_guests_which_is_not_sent(make: t.Callable[..., Reporter]) -> None:
    reporter = make("sam")
    reporter(mapping(host("A", ["g1"])))
    failure = reporter.fails(mapping(host("A", None), host("B")))
    assert isinstance(failure, Partial)
    assert failure.result["created"] == ["B"]
    assert [entry["id"] for entry in failure.result["failed_hosts"]] == ["A"]
    assert reporter.guests_of("a") == ["g1"]


def test_the_results_of_the_old_form_are_examined(make: t.Callable[..., Reporter]) -> None:
    reporter = make("sam")
    failure = reporter.fails(mapping(host("A")), create_missing=False)
    assert [entry["id"] for entry in failure.result["failed_hosts"]] == ["A"]
    assert failure.result["changed"] is False


def test_an_old_server_takes_no_heartbeat(make: t.Callable[..., Reporter]) -> None:
    reporter = make("sam")
    assert reporter(mapping(host("A")))["heartbeat"] is False
    assert reporter.warnings == []
    failure = reporter.fails()
    assert isinstance(failure, NotFound)
    assert "does not take heartbeats" in failure.message


def test_a_current_server_has_no_old_form(reporter: Reporter) -> None:
    assert "POST /candlepin/hypervisors" in reporter.fails(mapping(host("A")), mode="sync").message
