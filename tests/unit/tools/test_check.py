# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.tools.check import Counts, Outcome, read_counts, read_word, table

REPORT = """<?xml version="1.0"?>
<testsuites><testsuite name="a" errors="1" failures="2" skipped="3" tests="10"/>
<testsuite name="b" errors="0" failures="0" skipped="0" tests="5"/></testsuites>
"""


def test_the_counts_of_all_suites_are_added_up(tmp_path: Path) -> None:
    report = tmp_path / "units.xml"
    report.write_text(REPORT)
    counts = read_counts(report)
    assert counts == Counts(passed=9, failed=3, skipped=3)
    assert str(counts) == "9 passed, 3 failed, 3 skipped"


def test_a_session_without_a_report_has_no_counts(tmp_path: Path) -> None:
    assert read_counts(tmp_path / "none.xml") is None


def test_the_table_names_each_session_and_what_failed() -> None:
    outcomes = [
        Outcome("lint", "success", 1.5, 1.0, None),
        Outcome("units-2.19", "FAILED", 70.0, 131.5, Counts(4, 1)),
    ]
    assert table(outcomes, 71.0).splitlines() == [
        "lint        success     1.5 s     1.0 s",
        "units-2.19  FAILED     70.0 s   131.5 s  4 passed, 1 failed",
        "all                    71.0 s   132.5 s of processors",
    ]


@pytest.mark.parametrize(
    "word, failed", [("success", False), ("skipped", False), ("failed", True), ("aborted", True), ("FAILED", True)]
)
def test_only_success_and_skipped_are_no_failure(tmp_path: Path, word: str, failed: bool) -> None:
    report = tmp_path / "lint.json"
    report.write_text(json.dumps({"result": 0, "sessions": [{"name": "lint", "result": word}]}))
    assert read_word(report) == word
    assert Outcome("lint", word, 1.0, 1.0, None).failed is failed


def test_a_run_without_a_session_is_a_failure(tmp_path: Path) -> None:
    assert read_word(tmp_path / "none.json") == "FAILED"
    (tmp_path / "empty.json").write_text('{"result": 1, "sessions": []}')
    assert read_word(tmp_path / "empty.json") == "FAILED"
