# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Check mode and differences: nothing is written, and what is foreseen comes true."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._reporters.candlepin.reporter import (
    Reporter,
    host,
    mapping,
)

UUID = "9705df9f-76d4-4343-bf10-229e8692ecee"


def foreseen(result: dict[str, t.Any]) -> dict[str, t.Any]:
    return {
        name: result[name]
        for name in ("changed", "created", "updated", "unchanged", "failed_hosts", "sent", "heartbeat")
    }


@pytest.mark.parametrize(
    "report",
    [
        mapping(host("A", ["g1"]), host("B", ["g2"])),
        mapping(host("a", ["G1"]), host("B", ["g2"])),
        mapping(host("A", ["g1", "g3"]), host("B"), host("C", ["g2"])),
        mapping(host("A", ["g1"], name="other"), host("B", ["g2"], facts={"hypervisor.type": "QEMU"})),
        mapping(host("A", None), host("B", None, facts={}, name=None)),
        mapping(host("new", ["g1"], facts={"dmi.system.uuid": UUID})),
    ],
)
def test_what_check_mode_says_is_what_happens(reporter: Reporter, report: dict[str, t.Any]) -> None:
    reporter(
        mapping(host("A", ["g1"]), host("B", ["g2"]), host("old", ["g9"], facts={"dmi.system.uuid": UUID.upper()}))
    )
    calls = len(reporter.server.log.find())
    checked = reporter(report, check=True)
    asked = reporter.server.log.find()[calls:]
    assert {entry.method for entry in asked} == {"GET"}
    done = reporter(report)
    assert foreseen(checked) == foreseen(done)
    assert checked["job"] is None


def test_check_mode_foresees_hosts_that_are_not_created(reporter: Reporter) -> None:
    failure = reporter.fails(mapping(host("A")), check=True, create_missing=False)
    assert [entry["id"] for entry in failure.result["failed_hosts"]] == ["A"]
    assert reporter.posts() == 0


def test_a_difference_shows_the_hosts_that_change_and_only_those(reporter: Reporter) -> None:
    reporter(mapping(host("A", ["g1", "g2"]), host("B", ["g3"])))
    result = reporter(mapping(host("A", ["g2"]), host("B", ["g3"]), host("C")), diff=True)
    assert set(result["diff"]["before"]) == {"A"}
    assert set(result["diff"]["after"]) == {"A", "C"}
    assert result["diff"]["before"]["A"]["guests"] == ["g1", "g2"]
    assert result["diff"]["after"]["A"]["guests"] == ["g2"]
    assert (result["created"], result["updated"]) == (["C"], ["A"])


def test_a_renamed_record_shows_as_such(reporter: Reporter) -> None:
    reporter(mapping(host("old", facts={"dmi.system.uuid": UUID})))
    result = reporter(mapping(host("new", facts={"dmi.system.uuid": UUID})), check=True, diff=True)
    assert result["diff"]["before"]["new"]["id"] == "old"
    assert result["diff"]["after"]["new"]["id"] == "new"
    assert result["updated"] == ["new"]


@pytest.mark.parametrize("flavour", ["plain", "katello"])
def test_an_account_that_may_not_read_is_told_what_would_be_sent(make: t.Callable[..., Reporter], flavour: str) -> None:
    reporter = make(flavour)
    registered = reporter.server.register("acme")
    reporter.defaults.update(
        username=None, password=None, client_cert=str(registered.pair.cert), client_key=str(registered.pair.key)
    )
    result = reporter(mapping(host("A", ["g1"])), check=True, diff=True)
    assert result["changed"] is True
    assert result["sent"] == {"hypervisors": 1, "guests": 1}
    assert "created" not in result
    assert result["diff"]["after"]["A"]["guests"] == ["g1"]
    assert "unknown" in result["diff"]["before_header"]
    assert any("it cannot be told what changes" in text for text in reporter.warnings)
    assert reporter.posts() == 0


def test_check_mode_sends_no_heartbeat(reporter: Reporter) -> None:
    assert reporter(check=True)["heartbeat"] is True
    assert reporter.server.log.find("PUT") == []
