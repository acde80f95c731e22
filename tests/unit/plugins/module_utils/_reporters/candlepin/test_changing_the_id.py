# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Changing hypervisor_id on a live system, as the guide describes it: records are renamed, not doubled."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._reporters.candlepin.reporter import (
    Reporter,
    host,
    mapping,
)

UUIDS = {name: f"9705df9f-76d4-4343-bf10-00000000000{number}" for number, name in enumerate(("esx1", "esx2"), start=1)}


def fleet(by: str, facts: bool = True) -> dict[str, t.Any]:
    """Two hosts under their uuid or their name."""
    return mapping(
        *(
            host(
                UUIDS[name] if by == "uuid" else f"{name}.example.com",
                [f"guest of {name}"],
                name=f"{name}.example.com",
                facts={"dmi.system.uuid": UUIDS[name].upper()} if facts else {},
            )
            for name in UUIDS
        )
    )


def records(reporter: Reporter) -> dict[str, str]:
    """The uuids of the records by the names that they have."""
    return {consumer.name: consumer.uuid for consumer in reporter.server.state.hypervisors_of("acme").values()}


@pytest.mark.parametrize("flavour", ["plain", "katello", "candlepin2"])
@pytest.mark.parametrize(("old", "new"), [("uuid", "hostname"), ("hostname", "uuid")])
def test_the_system_uuid_renames_the_records(make: t.Callable[..., Reporter], flavour: str, old: str, new: str) -> None:
    reporter = make(flavour)
    reporter(fleet(old))
    before = records(reporter)
    result = reporter(fleet(new))
    assert result["created"] == []
    assert len(result["updated"]) == 2
    assert records(reporter) == before
    assert reporter(fleet(new))["changed"] is False


def test_check_mode_tells_whether_it_will_work(reporter: Reporter) -> None:
    reporter(fleet("uuid"))
    told = reporter(fleet("hostname"), check=True, diff=True)
    assert told["created"] == []
    assert told["diff"]["before"]["esx1.example.com"]["id"] == UUIDS["esx1"]


def test_records_without_the_fact_get_it_by_one_report_under_the_old_id(reporter: Reporter) -> None:
    reporter(fleet("hostname", facts=False))
    before = records(reporter)
    assert len(reporter(fleet("uuid"), check=True)["created"]) == 2  # it would double them
    reporter(fleet("hostname"))
    reporter(fleet("uuid"))
    assert records(reporter) == before


def test_where_the_server_does_not_match_by_uuid_records_double(reporter: Reporter) -> None:
    reporter.server.state.settings.match_by_system_uuid = False
    reporter(fleet("uuid"))
    assert len(reporter(fleet("hostname"))["created"]) == 2
