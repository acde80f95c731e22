# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The module guest_inventory_scan as ansible-core runs it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.virtmap.core.tests.unit.run_module import run_module


def test_a_scan_that_is_kept(tmp_path: Path) -> None:
    store = tmp_path / "guests.yml"
    options = {"uris": ["hyp01=test:///default"], "mode": "write", "store": str(store)}
    foreseen = run_module("guest_inventory_scan", options, check_mode=True, diff=True)
    assert not store.exists()
    first = run_module("guest_inventory_scan", options, diff=True)
    assert first["changed"] is foreseen["changed"] is True
    assert first["diff"] == foreseen["diff"]
    assert first["diff"][0]["after"] == store.read_text(encoding="utf-8")
    assert first["written"] == [{"name": "test", "hypervisor": "hyp01"}]
    assert yaml.safe_load(store.read_text(encoding="utf-8"))["vm"]["hosts"]["test"]["vmhost"] == "hyp01"
    second = run_module("guest_inventory_scan", options)
    assert (second["changed"], second["unchanged"]) == (False, first["written"])


@pytest.mark.parametrize(
    "options, words",
    [
        ({}, "one of the following is required: uris, mappings"),
        ({"uris": [], "mappings": []}, "mutually exclusive"),
        ({"uris": ["test:///default"], "mode": "all"}, "value of mode must be one of"),
        ({"uris": ["test:///default"], "mode": "new"}, "mode new needs a store"),
        (
            {"uris": ["test:///default"], "mode": "new", "store_format": "xcat"},
            "xCAT's command lsdef is not on this host",
        ),
        ({"uris": ["test:///default"], "timeout": 0}, "timeout is 0"),
    ],
)
def test_wrong_options(options: dict[str, object], words: str) -> None:
    result = run_module("guest_inventory_scan", options)
    assert result["failed"] is True
    assert words in result["msg"]


def test_a_failure_shows_what_was_found(tmp_path: Path) -> None:
    uris = ["hyp01=test:///default", f"dead=qemu:///system?socket={tmp_path}/none"]
    result = run_module("guest_inventory_scan", {"uris": uris, "timeout": 5})
    assert result["failed"] is True
    assert "1 of 2 hypervisors did not answer (dead: libvirt at qemu:///system" in result["msg"]
    assert "hyp01" in result["table"]
