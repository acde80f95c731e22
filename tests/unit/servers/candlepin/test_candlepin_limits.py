# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Values that do not fit: hosts that fail, and hosts that vanish."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.virtmap.core.tests.servers.candlepin import limits
from ansible_collections.virtmap.core.tests.unit.servers.candlepin.candlepin_client import (
    Api,
    guest,
    host,
    names,
    outcome,
)

LONG = "x" * 256
LONGEST = "x" * 255


def failure(verb: str, identifier: str = "h1") -> str:
    return f"{identifier}: Unable to {verb} hypervisor with id {identifier} in org acme"


@pytest.mark.parametrize(
    "report",
    [
        host(LONGEST),
        host("h1", "n" * 250),
        host("h1", guests=[guest(LONGEST)]),
        host("h1", guests=[{"guestId": "g", "attributes": {LONGEST: LONGEST}}]),
        host("h1", guests=[{"guestId": "g", "attributes": {str(number): "" for number in range(255)}}]),
        host("h1", facts={LONGEST: LONGEST}),
        host("h1", facts={"cpu.cpu_socket(s)": "2147483647", "lscpu.cpu(s)": ""}),
        host("h1", facts={"number.of.nothing": "-1"}),
    ],
)
def test_what_just_fits(api: Api, report: dict[str, t.Any]) -> None:
    assert len(api.result([report])["resultData"]["created"]) == 1


@pytest.mark.parametrize(
    ("identifier", "report"),
    [
        (LONG, host(LONG)),
        ("h1", host("h1", "n" * 251)),
        ("h1", host("h1", guests=[guest(LONG)])),
        ("h1", host("h1", guests=[{"guestId": "g", "attributes": {LONG: "v"}}])),
        ("h1", host("h1", guests=[{"guestId": "g", "attributes": {"k": LONG}}])),
        ("h1", host("h1", guests=[{"guestId": "g", "attributes": {str(n): "" for n in range(256)}}])),
    ],
)
def test_what_fails_its_host(api: Api, identifier: str, report: dict[str, t.Any]) -> None:
    job = api.result([report, host("h2", "good")])
    assert job["state"] == "FINISHED"
    assert names(job["resultData"]) == outcome(created=["good"], failed=[failure("create", identifier)])
    assert list(api.server.state.hypervisors_of("acme")) == ["h2"]


def test_a_long_reporter_fails_every_host(api: Api) -> None:
    api.result([host("h1", "known")])
    job = api.result([host("h1", "known"), host("h2")], reporter_id=LONG)
    assert names(job["resultData"]) == outcome(failed=[failure("update"), failure("create", "h2")])


BAD_FACTS = [
    {"cpu.cpu_socket(s)": "two"},
    {"cpu.cpu_socket(s)": "-2"},
    {"cpu.cpu_socket(s)": "2.0"},
    {"cpu.cpu_socket(s)": "2147483648"},
    {"lscpu.numa_node(s)": "unknown"},
    {"key": LONG},
    {LONG: "value"},
]


@pytest.mark.parametrize("facts", BAD_FACTS)
class TestBadFacts:
    """The fact validator runs late, so that its errors get lost."""

    def test_a_new_host_with_guests_vanishes(self, api: Api, facts: dict[str, str]) -> None:
        job = api.result([host("h1", "lost", ["g1"], facts), host("h2", "good", ["g2"])])
        assert job["state"] == "FINISHED"
        assert names(job["resultData"]) == outcome(created=["good"])
        assert list(api.server.state.hypervisors_of("acme")) == ["h2"]

    def test_a_new_host_without_guests_fails(self, api: Api, facts: dict[str, str]) -> None:
        assert names(api.result([host("h1", "esx", [], facts)])["resultData"]) == outcome(failed=[failure("create")])

    def test_a_known_host_with_other_guests_vanishes(self, api: Api, facts: dict[str, str]) -> None:
        api.result([host("h1", "esx", ["g1"], {"a": "1"})])
        assert names(api.result([host("h1", "new", ["g2"], facts)])["resultData"]) == outcome()
        stored = api.server.state.hypervisors_of("acme")["h1"]
        assert (stored.name, stored.facts, [row.guest_id for row in stored.guests]) == ("esx", {"a": "1"}, ["g1"])

    def test_a_known_host_with_the_same_guests_is_updated_and_failed(self, api: Api, facts: dict[str, str]) -> None:
        api.result([host("h1", "esx", ["g1"], {"a": "1"})])
        result = api.result([host("h1", "esx", ["g1"], facts)])["resultData"]
        assert names(result) == outcome(updated=["esx"], failed=[failure("update")])
        assert api.server.state.hypervisors_of("acme")["h1"].facts == {"a": "1"}


def test_registration_and_put_sanitise_instead() -> None:
    facts = {"k": "v" * 300, "n" * 300: "v", "cpu.cpu(s)": "-1", "lscpu.socket(s)": "2", "cpu.cpu_socket(s)": ""}
    assert limits.sanitised_facts(facts) == {
        "k": "v" * 252 + "...",
        "n" * 252 + "...": "v",
        "lscpu.socket(s)": "2",
        "cpu.cpu_socket(s)": "",
    }


@pytest.mark.parametrize(("text", "length"), [("abc", 3), ("\u00e9", 1), ("\U0001f600", 2), ("", 0)])
def test_lengths_are_java_lengths(text: str, length: int) -> None:
    assert limits.length(text) == length
