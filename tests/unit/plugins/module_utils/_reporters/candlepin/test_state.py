# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The file that remembers what was accepted: it saves work, and never costs data."""

from __future__ import annotations

import json
import stat
import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.tests.servers._http import Request, faults
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._reporters.candlepin.reporter import (
    Reporter,
    guest,
    host,
    mapping,
)

REPORT = mapping(host("A", ["g1"]), host("B", ["g2"]))


@pytest.fixture(name="path")
def path_fixture(tmp_path: Path) -> Path:
    return tmp_path / "accepted.json"


@pytest.fixture(name="remembering")
def remembering_fixture(reporter: Reporter, path: Path) -> Reporter:
    reporter.defaults["state_path"] = str(path)
    return reporter


def test_an_unchanged_fleet_costs_a_heartbeat_and_nothing_else(remembering: Reporter, path: Path) -> None:
    assert remembering(REPORT)["created"] == ["A", "B"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    remembering.server.log.clear()
    result = remembering(mapping(*REPORT["hypervisors"][::-1], collected_at="2026-11-21T09:00:00Z"))
    assert remembering.server.log.calls() == ["GET /candlepin/status", "PUT /candlepin/hypervisors/acme/heartbeat"]
    assert (result["changed"], result["unchanged"], result["heartbeat"]) == (False, ["A", "B"], True)
    assert result["sent"] == {"hypervisors": 0, "guests": 0}


@pytest.mark.parametrize(
    "other",
    [
        mapping(host("A", ["g1"]), host("B", ["g2", "g3"])),
        mapping(host("A", ["g1"]), host("B", [guest("g2", "shut_off")])),
        mapping(host("A", ["g1"]), host("B", ["g2"], name="other")),
        mapping(host("A", ["g1"]), host("B", ["g2"], facts={"hypervisor.type": "QEMU"})),
        mapping(*REPORT["hypervisors"], host("C")),
    ],
)
def test_any_change_is_reported(remembering: Reporter, other: dict[str, t.Any]) -> None:
    remembering(REPORT)
    assert remembering(other)["changed"] is True
    assert remembering(other)["sent"]["hypervisors"] == 0


def test_a_state_that_the_server_does_not_store_is_no_change(remembering: Reporter) -> None:
    remembering(mapping(host("A", [guest("g1", "shut_off")])))
    assert remembering(mapping(host("A", [guest("g1", "crashed")])))["sent"]["hypervisors"] == 0


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"version": 1, "hypervisors": {"A": 1}, "accepted_at": 0}', "\x00\xff"]
)
def test_a_file_of_no_use_costs_one_full_report(remembering: Reporter, path: Path, content: str) -> None:
    remembering(REPORT)
    path.write_text(content, encoding="latin-1")
    assert remembering(REPORT)["sent"]["hypervisors"] == 2
    assert any("state_path" in text for text in remembering.warnings)
    assert remembering(REPORT)["sent"]["hypervisors"] == 0


def test_a_lost_file_costs_one_full_report(remembering: Reporter, path: Path) -> None:
    remembering(REPORT)
    path.unlink()
    assert remembering(REPORT)["unchanged"] == ["A", "B"]
    assert remembering.posts() == 2


@pytest.mark.parametrize("change", [{"owner": "other"}, {"reporter_id": "another"}])
def test_a_file_about_another_receiver_is_not_believed(remembering: Reporter, change: dict[str, str]) -> None:
    remembering(REPORT)
    assert remembering(REPORT, **change)["sent"]["hypervisors"] == 2
    assert any("give each its own file" in text for text in remembering.warnings)


@pytest.mark.parametrize("age", [-3600, 86401])
def test_a_file_is_believed_for_a_day(remembering: Reporter, path: Path, age: int) -> None:
    remembering(REPORT)
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, "accepted_at": document["accepted_at"] - age}))
    assert remembering(REPORT)["sent"]["hypervisors"] == 2


def test_hosts_that_failed_are_reported_again(remembering: Reporter) -> None:
    remembering.server.state.settings.broken_hypervisors = {"B"}
    remembering.fails(REPORT)
    remembering.server.state.settings.broken_hypervisors = set()
    assert remembering(REPORT)["created"] == ["B"]


def test_without_a_heartbeat_all_is_reported(remembering: Reporter) -> None:
    remembering(REPORT)
    assert remembering(REPORT, heartbeat=False)["sent"]["hypervisors"] == 2
    remembering.server.faults.add(faults.status(500), method="PUT")
    assert remembering(REPORT)["sent"]["hypervisors"] == 2


@pytest.mark.parametrize("what", ["unknown", "wait"])
def test_a_report_whose_end_is_not_known_leaves_nothing_to_believe(remembering: Reporter, what: str) -> None:
    other = mapping(host("A", []), host("B", []))
    remembering(REPORT)
    if what == "unknown":
        remembering.server.faults.add(faults.disconnect(processed=True), method="POST")
        remembering.fails(other)
    else:
        remembering(other, wait=False)
    remembering.server.jobs.settle()
    assert remembering.guests_of("a") == []
    # What was accepted before the unknown report must not pass for what the server holds now.
    assert remembering(REPORT)["updated"] == ["A", "B"]
    assert remembering.guests_of("a") == ["g1"]


def test_of_two_runs_at_once_only_the_later_one_is_remembered(remembering: Reporter, path: Path) -> None:
    second = Reporter(remembering.server)
    second.defaults["state_path"] = str(path)

    def another_run(_job: t.Any) -> None:
        second(mapping(host("A", ["other"])))

    remembering.server.faults.add(faults.edited(another_run), path="/candlepin/jobs/.*")
    remembering(REPORT)
    assert list(json.loads(path.read_text())["hypervisors"]) == ["A"]
    assert remembering(REPORT)["updated"] == ["A"]


def test_check_mode_leaves_the_file_alone(remembering: Reporter, path: Path) -> None:
    remembering(REPORT, check=True)
    assert not path.exists()
    remembering(REPORT)
    before = path.read_bytes()
    remembering(mapping(host("A")), check=True, diff=True)
    assert path.read_bytes() == before


def test_check_mode_tells_a_guest_that_was_switched_off_by_the_file(remembering: Reporter) -> None:
    remembering(REPORT)
    off = mapping(host("A", [guest("g1", "shut_off")]), host("B", ["g2"]))
    assert remembering(off, check=True)["updated"] == ["A"]


def test_where_the_server_shows_nothing_the_file_tells_which_hosts_differ(
    make: t.Callable[..., Reporter], path: Path
) -> None:
    reporter = make("katello")
    reporter.defaults["state_path"] = str(path)
    reporter(REPORT)
    result = reporter(mapping(host("A", ["g1"]), host("B", [])), check=True, diff=True)
    assert result["changed"] is True
    assert list(result["diff"]["after"]) == ["B"]


@pytest.mark.parametrize("where", ["missing/accepted.json", "."])
def test_a_place_that_cannot_be_written_is_refused_before_anything_is_contacted(
    reporter: Reporter, tmp_path: Path, where: str
) -> None:
    with pytest.raises(InvalidInput, match="state_path"):
        reporter(REPORT, state_path=str(tmp_path / where))
    assert reporter.server.log.connections == 0


def test_a_file_that_cannot_be_written_in_the_end_lets_nothing_be_reported(reporter: Reporter, tmp_path: Path) -> None:
    # The folder is fine; the draft beside the file would have a name that is too long.
    with pytest.raises(InvalidInput, match="cannot be written .*, and nothing was reported"):
        reporter(REPORT, state_path=str(tmp_path / ("x" * 250)))
    assert reporter.posts() == 0
    assert list(tmp_path.glob("*x*")) == []


def test_a_file_that_cannot_be_replaced_at_the_end_is_a_warning(remembering: Reporter, path: Path) -> None:
    def remove(_request: Request) -> bool:
        path.unlink()
        return False

    remembering.server.faults.add(faults.hang(), path="/candlepin/jobs/.*", when=remove)
    assert remembering(REPORT)["created"] == ["A", "B"]
    assert any("was not written" in text for text in remembering.warnings)
    assert [entry.name for entry in path.parent.iterdir()] == []
