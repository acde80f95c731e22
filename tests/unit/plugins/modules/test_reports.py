# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The modules that write reports as ansible-core runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.tests.unit.full_disk import full_disk
from ansible_collections.virtmap.core.tests.unit.run_module import run_module

MAPPING = {
    "backend": "esx",
    "source": "vc.example.com",
    "collected_at": "2999-01-01T00:00:00Z",
    "hypervisors": [{"id": "esx1", "guests": [{"uuid": "u1", "name": "web\ud800", "state": "running"}]}],
}


@pytest.mark.parametrize("kind", ["csv", "html", "json"])
def test_written_once(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "report"
    options = {"path": str(path), "mode": "0640", "mappings": [json.dumps(MAPPING)]}
    foreseen = run_module(f"report_{kind}", options, check_mode=True, diff=True)
    assert not path.exists()
    first = run_module(f"report_{kind}", options, diff=True)
    assert first["changed"] is foreseen["changed"] is True
    assert first["diff"] == foreseen["diff"]
    assert first["diff"]["after"].encode() == path.read_bytes()
    assert oct(path.stat().st_mode & 0o777) == "0o640"
    assert first["summary"]["guests"] == 1
    written = path.stat().st_mtime_ns
    assert run_module(f"report_{kind}", options)["changed"] is False
    assert path.stat().st_mtime_ns == written
    mode = run_module(f"report_{kind}", {**options, "mode": "0600"})
    assert mode["changed"] is True
    assert oct(path.stat().st_mode & 0o777) == "0o600"


@pytest.mark.parametrize(("kind", "more"), [("csv", {"table": "sources"}), ("html", {}), ("json", {})])
def test_another_moment_alone_is_no_change(kind: str, more: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "report"

    def write(document: dict[str, object], **options: object) -> bool:
        result = run_module(f"report_{kind}", {"path": str(path), "mappings": [document], **more, **options})
        return bool(result["changed"])

    later = {**MAPPING, "collected_at": "2999-01-01T08:00:00Z"}
    assert write(MAPPING)
    before = path.read_bytes()
    assert not write(later)
    assert path.read_bytes() == before
    assert write(later, refresh=True)
    assert path.read_bytes() != before
    # A moment in a name is a name.
    assert write({**later, "source": "vc of 2026-11-20T08:00:00Z"})
    assert write({**later, "source": "vc of 2026-11-21T08:00:00Z"})


def test_a_disk_that_is_full_leaves_the_page_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    options = {"path": str(path), "mappings": [MAPPING]}
    assert run_module("report_html", options)["changed"]
    before = path.read_bytes()
    with full_disk(len(before) // 2):
        failed = run_module("report_html", {**options, "title": "Another one"})
    assert "report.html cannot be written (File too large in " in failed["msg"]
    assert path.read_bytes() == before
    assert run_module("report_html", {**options, "title": "Another one"})["changed"]


@pytest.mark.parametrize(
    "options, words",
    [
        ({"mappings": [{}]}, "mappings[0].hypervisors is missing or null"),
        ({"path": "/nowhere/at/all"}, "the folder of the report /nowhere/at/all is not there"),
        ({"path": "/"}, "cannot be read"),
        ({"silent": [{}]}, "silent[0] names no hypervisor"),
        ({"missing": [{}]}, "missing[0] names no source"),
        ({"licence_pair_price": 1}, "required together"),
        ({"stale_hours": -1}, "stale_hours is -1"),
    ],
)
def test_wrong_options(options: dict[str, object], words: str, tmp_path: Path) -> None:
    result = run_module("report_html", {"path": str(tmp_path / "x"), "mappings": [MAPPING], **options})
    assert result["failed"] is True
    assert words in result["msg"]
