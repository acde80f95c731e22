# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The module satellite5_virt_notify as ansible-core runs it."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.tests.servers.satellite5 import Satellite5Server
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._reporters.satellite5.reports import (
    SECRET,
    guest,
    mapping,
)
from ansible_collections.virtmap.core.tests.unit.run_module import run_module

Run = t.Callable[..., dict[str, t.Any]]


@pytest.fixture(name="run")
def run_fixture(tmp_path: Path) -> t.Iterator[Run]:
    """Run the module against a server of its own."""
    with Satellite5Server() as server:
        common = {
            "server": server.url,
            "username": "admin",
            "password": SECRET,
            "systemid_dir": str(tmp_path / "ids"),
            "mappings": [mapping(h1=[guest()])],
        }

        def run(more: t.Mapping[str, t.Any] | None = None, **how: t.Any) -> dict[str, t.Any]:
            options = {key: value for key, value in {**common, **(more or {})}.items() if value is not None}
            return run_module("satellite5_virt_notify", options, **how)

        yield run


def test_results(run: Run) -> None:
    first = run(diff=True)
    assert (first["changed"], first["registered"], first["notified"]) == (True, ["h1"], ["h1"])
    assert first["diff"][0]["after"].endswith(" running\n")
    assert run(check_mode=True)["changed"] is False
    second = run()
    assert (second["changed"], second["unchanged"], "diff" in second) == (False, ["h1"], False)


def test_a_failure_says_what_was_done_and_keeps_the_password(run: Run) -> None:
    run()
    fleet = [mapping(h1=[guest(state="paused")], h2=[guest("nonsense")])]
    result = run({"mappings": fleet, "password": "wrong-password"})
    assert result["failed"] is True
    assert (result["changed"], result["notified"]) == (True, ["h1"])
    assert [entry["id"] for entry in result["failed_hosts"]] == ["h2"]
    assert "refused the user name or password" in result["msg"]
    assert "the guest web1 of hypervisor h2 was left out" in str(result["warnings"])
    assert "wrong-password" not in result["_stdout"] + result["_stderr"]


def test_credentials_from_the_environment(run: Run) -> None:
    environment = {"VIRTMAP_SATELLITE5_USERNAME": "admin", "VIRTMAP_SATELLITE5_PASSWORD": SECRET}
    result = run({"username": None, "password": None}, environment=environment)
    assert result["registered"] == ["h1"]
    assert SECRET not in result["_stdout"]


@pytest.mark.parametrize(
    "more, words",
    [
        ({"timeout": 0}, "timeout is 0, but must be at least 1 second"),
        ({"server": "https://admin:word@sat.example.com"}, "server must not hold a user name or password"),
        ({"mappings": [{"hypervisors": []}]}, "mappings[0].backend must be a text"),
        ({"mappings": []}, "there is no mapping to report"),
        ({"systemid_dir": "/proc/virtmap"}, "systemid_dir /proc/virtmap cannot be written to"),
        ({"ca_path": "/nonexistent/ca.pem", "server": "sat.example.com"}, "ca_path /nonexistent/ca.pem does not exist"),
    ],
)
def test_wrong_options(run: Run, more: dict[str, t.Any], words: str) -> None:
    result = run(more)
    assert result["failed"] is True
    assert words in result["msg"]
