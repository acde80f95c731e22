# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What a report says, and that names in it stay text."""

from __future__ import annotations

import csv
import io
import json
import re
import typing as t
from html.parser import HTMLParser

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.parse import parse_mappings
from ansible_collections.virtmap.core.plugins.module_utils._reports.client import as_csv
from ansible_collections.virtmap.core.plugins.module_utils._reports.document import document
from ansible_collections.virtmap.core.plugins.module_utils._reports.page import page

from .fleet import HOSTILE, OPTIONS, fleet


def made(*mappings: dict[str, t.Any], **options: t.Any) -> dict[str, t.Any]:
    return document({**OPTIONS, **options}, parse_mappings(list(mappings)))


def test_summary() -> None:
    assert made(fleet())["summary"] == {
        "sources": 1,
        "missing": 0,
        "hypervisors": 3,
        "guests": 12,
        "running": 12,
        "sockets": 6,
        "conflicts": 0,
        "skipped": 1,
        "changes": 0,
        "unplaced": 1,
        "stale": 0,
    }


def test_two_sources_that_contradict_each_other() -> None:
    other = {**fleet(1, 1), "source": "other"}
    other["hypervisors"][0].update(id="id-9", guests=[{"uuid": "U-1-1", "name": "web1-1", "state": "running"}])
    found = made(fleet(), other)
    assert [entry["kind"] for entry in found["conflicts"]] == ["guest_on_two_hypervisors"]
    assert len(found["unplaced"]) == 2


def test_a_guest_that_another_source_places_is_not_unplaced() -> None:
    other = {**fleet(1, 1), "source": "other", "unplaced": []}
    other["hypervisors"][0].update(id="id-9", guests=[{"uuid": "U-OFF", "name": "x", "state": "running"}])
    assert made(fleet(), other)["unplaced"] == []


def test_stale_and_silent() -> None:
    silent = [
        {"hypervisor": "id-9", "name": None, "silent_since": "2026-01-01T00:00:00Z", "reason": "gone"},
        {"hypervisor": "ID-0", "name": "twice", "silent_since": "2020-01-01T00:00:00Z", "reason": "twice"},
    ]
    found = made(fleet(2, 1, "2020-01-01T00:00:00Z"), silent=silent)["stale"]
    assert [(entry["id"], entry["reason"]) for entry in found] == [
        ("id-0", "collected too long ago"),
        ("id-1", "collected too long ago"),
        ("id-9", "gone"),
    ]


@pytest.mark.parametrize(
    "options, units, cheaper",
    [
        # Sockets 1, 2 and 3 are 1, 1 and 2 pairs; one guest has no hypervisor.
        ({}, (5, 13), None),
        ({"licence_pair_price": 10.0, "licence_guest_price": 4.0}, (5, 13), "hosts"),
        ({"licence_pair_price": 13.0, "licence_guest_price": 4.0}, (5, 13), "guests"),
        ({"licence_pair_price": 12.0, "licence_guest_price": 4.0}, (5, 13), "same"),
        ({"licence_guests": ["WEB2-*", "web0-0"]}, (3, 5), None),
        ({"licence_guests": ["nothing"]}, (0, 0), None),
    ],
)
def test_licences(options: dict[str, t.Any], units: tuple[int, int], cheaper: str | None) -> None:
    view = made(fleet(), **options)["licence"]
    assert (view["by_host"], view["by_guest"], view["cheaper"]) == (*units, cheaper)


@pytest.mark.parametrize("sockets", [None, "0", "many"])
def test_no_verdict_where_sockets_are_not_known(sockets: str | None) -> None:
    mapping = fleet()
    mapping["hypervisors"][1]["facts"]["cpu.cpu_socket(s)"] = sockets
    found = made(mapping, licence_pair_price=1.0, licence_guest_price=9.0)
    assert found["licence"]["cheaper"] is None
    assert found["licence"]["without_sockets"] == ["esx1.example.com"]
    assert "1 hypervisors do not tell their sockets" in page(found)


class Reader(HTMLParser):
    """Keeps the elements of a page, and whatever would make it ask somebody."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.addresses: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action", "data")]
        self.handlers += [name for name, _value in attrs if name.startswith("on")]


def elements(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    return reader


def test_the_page_asks_nobody_and_hostile_names_are_text() -> None:
    change = {"kind": "guest_moved", "name": HOSTILE, "hypervisor": HOSTILE}
    text = page(made(fleet(), changes=[change], licence_guests=[HOSTILE]))
    reader = elements(text)
    assert "img" not in reader.names
    assert reader.names.count("script") == 2
    assert reader.handlers == []
    assert all(address.startswith(("#", "data:,")) for address in reader.addresses)
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert data
    rows = json.loads(data.group(1))
    assert rows["changes"]["rows"][0][1] == HOSTILE
    assert "url(" not in text
    assert "@import" not in text


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-1+1", "@SUM(1)", "\t=1", "\r=1"])
def test_csv_cells_are_no_formulas(name: str) -> None:
    mapping = fleet(1, 1)
    mapping["hypervisors"][0]["name"] = mapping["unplaced"][0]["name"] = name
    for table, column in (("unplaced", "name"), ("hypervisors", "name"), ("guests", "hypervisor"), ("skipped", "kind")):
        text = as_csv({"table": table}, made(mapping))
        (row,) = csv.DictReader(io.StringIO(text, newline=""))
        assert row[column] == ("host" if table == "skipped" else f"'{name}")


def test_a_report_that_is_not_whole_says_so() -> None:
    missing = [{"source": HOSTILE, "reason": "it hangs"}]
    found = made(fleet(1), missing=missing)
    assert found["summary"]["missing"] == 1
    text = page(found)
    assert "This report is not whole." in text
    assert "This report is not whole." not in page(made(fleet(1)))
    assert "img" not in elements(text).names
    options = {"table": "guests", "allow_missing": False, "path": "/srv/guests.csv"}
    with pytest.raises(InvalidInput, match="the table guests would lack what .* /srv/guests.csv was left as it is"):
        as_csv(options, found)
    assert as_csv({**options, "allow_missing": True}, found).count("\r\n") == 5
    assert "it hangs" in as_csv({**options, "table": "missing"}, found)


def test_a_mapping_whose_guests_are_not_known() -> None:
    mapping = fleet(1)
    mapping["hypervisors"][0]["guests"] = None
    found = made(mapping)
    assert found["hypervisors"][0]["guests"] is None
    assert as_csv({"table": "hypervisors"}, found).count("\r\n") == 2
