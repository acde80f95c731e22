# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
from __future__ import annotations

import re
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.assemble import assemble
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Guest, Host, Mapping, Skipped
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection


def assembled(*hosts: Host, options: dict[str, t.Any] | None = None, **more: t.Any) -> tuple[Mapping, list[str]]:
    warnings: list[str] = []
    selection = Selection.from_options(options or {})
    mapping = assemble(
        backend="esx", source="vc.example.com", hosts=hosts, selection=selection, warn=warnings.append, **more
    )
    return mapping, warnings


def host(name: str, *guests: str) -> Host:
    return Host(ids={"uuid": name}, guests=[Guest(guest) for guest in guests])


def test_all_that_was_found_is_in_it() -> None:
    mapping, warnings = assembled(
        host("h1", "a"),
        Host(ids={}, name="esx9"),
        skipped=[Skipped("guest", "vm-7", "no uuid")],
        unplaced=[Guest("off")],
        extra={"site": "north"},
    )
    assert warnings == []
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", mapping.collected_at)
    assert mapping.to_dict() == {
        "site": "north",
        "backend": "esx",
        "source": "vc.example.com",
        "collected_at": mapping.collected_at,
        "hypervisors": [
            {
                "id": "h1",
                "uuid": None,
                "name": None,
                "cluster": None,
                "parent": None,
                "facts": {},
                "guests": [{"uuid": "a", "name": None, "state": "unknown"}],
            }
        ],
        "skipped": [
            {"kind": "guest", "name": "vm-7", "reason": "no uuid"},
            {"kind": "host", "name": "esx9", "reason": "no uuid"},
        ],
        "unplaced": [{"uuid": "off", "name": None, "state": "unknown"}],
    }


def test_what_contradicts_itself_is_warned_about() -> None:
    _mapping, warnings = assembled(host("h1", "a", "a"), host("H1"), host("h2", "b"), host("h3", "b"))
    assert warnings == [
        "vc.example.com: the hypervisors h1, H1 have one id, h1; a receiver takes them for one",
        "2 guests of hypervisor h1 have one uuid, a: a",
        "the guest b (b) is seen on 2 hypervisors: h2, h3",
    ]


def test_what_is_filtered_away_is_not_warned_about() -> None:
    _mapping, warnings = assembled(host("h1", "a"), host("h2", "a"), options={"exclude_hosts": ["h2"]})
    assert warnings == []


def test_an_empty_source_is_an_answer() -> None:
    mapping, warnings = assembled()
    assert (mapping.hypervisors, mapping.skipped, warnings) == ([], [], [])
