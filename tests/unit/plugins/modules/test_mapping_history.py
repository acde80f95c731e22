# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The modules of the history as ansible-core runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.tests.unit.run_module import run_module

MAPPING = {
    "backend": "esx",
    "source": "vc.example.com",
    "collected_at": "2026-11-20T08:00:00Z",
    "hypervisors": [{"id": "esx1", "guests": [{"uuid": "u1", "name": "web1", "state": "running"}]}],
}


def test_recorded_and_asked(tmp_path: Path) -> None:
    path = str(tmp_path / "history.sqlite")
    # As a list and as the text that to_json makes of it.
    options = {"path": path, "mappings": [json.dumps(MAPPING)]}
    foreseen = run_module("mapping_history", options, check_mode=True, diff=True)
    assert not Path(path).exists()
    first = run_module("mapping_history", options, diff=True)
    assert first["changed"] is foreseen["changed"] is True
    assert first["diff"] == foreseen["diff"]
    assert first["diff"]["after"] == "vc.example.com 2026-11-20T08:00:00Z: recorded\n"
    assert first["invocation"]["module_args"]["mappings"] == "(1 entries, not repeated here)"
    assert run_module("mapping_history", {"path": path, "mappings": [MAPPING]})["changed"] is False
    answer = run_module("mapping_history_info", {"path": path, "query": "guest", "guest": "web1"})
    assert [place["hypervisor"] for place in answer["placements"]] == ["esx1"]


@pytest.mark.parametrize(
    "module, options, words",
    [
        ("mapping_history", {"mappings": [MAPPING]}, "one of the following is required: path, server"),
        ("mapping_history", {"path": "/x", "mappings": [{}]}, "mappings[0].hypervisors is missing or null"),
        ("mapping_history", {"path": "/x", "mappings": [MAPPING], "keep_days": 0}, "keep_days is 0"),
        ("mapping_history_info", {"path": "/x", "query": "guest"}, "missing: guest"),
        ("mapping_history_info", {"path": "/nowhere", "query": "moves"}, "there is no history at file /nowhere"),
        ("mapping_history_info", {"path": "/x", "query": "silent", "silent_hours": -1}, "silent_hours is -1"),
        ("mapping_history", {"path": "mysql://", "mappings": [MAPPING]}, "path is a URL, but must be a file"),
    ],
)
def test_wrong_options(module: str, options: dict[str, object], words: str) -> None:
    result = run_module(module, options)
    assert result["failed"] is True
    assert words in result["msg"]


def test_without_psycopg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "psycopg.py").write_text("raise ImportError('not here')\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    result = run_module("mapping_history", {"server": "db.example.com", "mappings": [MAPPING]})
    assert result["failed"] is True
    assert "psycopg[binary]" in result["msg"]
    assert "for a history in PostgreSQL" in result["msg"]
