# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What a server cannot store is made to fit, with a warning that names it; what fits stays as it is."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._reporters.candlepin.reporter import (
    Reporter,
    guest,
    host,
    mapping,
)

LONG = "x" * 300


def sent(reporter: Reporter) -> dict[str, t.Any]:
    return json.loads(reporter.server.log.find("POST")[-1].body)["hypervisors"][0]


@pytest.mark.parametrize(
    ("facts", "expected", "words"),
    [
        ({"a": "x" * 255}, {"a": "x" * 255}, None),
        ({"a": LONG}, {"a": "x" * 252 + "..."}, "the fact a was shortened"),
        ({LONG: "a"}, {"x" * 252 + "...": "a"}, "was shortened"),
        ({"a": "b\0c"}, {"a": "bc"}, "the fact a was shortened"),
        ({"a": "ü" * 255}, {"a": "ü" * 255}, None),
        ({"hypervisor.version": 8002000}, {"hypervisor.version": "8002000"}, None),
        ({"a": True, "b": 1.5}, {"a": "true", "b": "1.5"}, None),
        ({"cpu.cpu_socket(s)": "2"}, {"cpu.cpu_socket(s)": "2"}, None),
        ({"cpu.cpu_socket(s)": ""}, {"cpu.cpu_socket(s)": ""}, None),
        ({"cpu.cpu_socket(s)": "2147483647"}, {"cpu.cpu_socket(s)": "2147483647"}, None),
        ({"cpu.cpu_socket(s)": "2147483648", "a": "b"}, {"a": "b"}, "cpu.cpu_socket(s) was left out"),
        ({"cpu.cpu_socket(s)": "-1", "a": "b"}, {"a": "b"}, "cpu.cpu_socket(s) was left out"),
        ({"cpu.cpu_socket(s)": "unknown", "a": "b"}, {"a": "b"}, "it is 'unknown'"),
        ({"cpu.cpu_socket(s)": "2" * 5000, "a": "b"}, {"a": "b"}, "cpu.cpu_socket(s) was left out"),
        ({"cpu.cpu_socket(s)": "٢", "a": "b"}, {"a": "b"}, "was left out"),
        ({"lscpu.cpu(s)": 2.5, "a": "b"}, {"a": "b"}, "lscpu.cpu(s) was left out"),
    ],
)
def test_facts(reporter: Reporter, facts: dict[str, t.Any], expected: dict[str, str], words: str | None) -> None:
    assert reporter(mapping(host("A", ["g1"], facts=facts)))["created"] == ["A"]
    assert sent(reporter)["facts"] == expected
    assert reporter.held("a").facts == expected
    if words is None:
        assert reporter.warnings == []
    else:
        (warning,) = reporter.warnings
        assert words in warning
        assert "hypervisor A" in warning
    assert reporter(mapping(host("A", ["g1"], facts=facts)))["unchanged"] == ["A"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("n" * 250, "n" * 250), ("n" * 251, "n" * 250), ("#web", "web"), ("a\0b", "ab"), ("##a", "#a")],
)
def test_names(reporter: Reporter, name: str, expected: str) -> None:
    assert reporter(mapping(host("A", name=name)))["created"] == ["A"]
    assert reporter.held("a").name == expected
    assert bool(reporter.warnings) == (name != expected)


@pytest.mark.parametrize("name", [None, "", "#"])
def test_a_host_without_a_name_gets_one_from_its_id(reporter: Reporter, name: str | None) -> None:
    identifier = "#" + "y" * 254
    assert reporter(mapping(host(identifier, name=name)))["created"] == [identifier]
    assert "name" not in sent(reporter)
    assert reporter.held(identifier).name == "y" * 250


@pytest.mark.parametrize("uuid", [LONG, "a\0b"])
def test_a_guest_that_cannot_be_stored_is_left_out_and_named(reporter: Reporter, uuid: str) -> None:
    broken = {**guest("g"), "uuid": uuid, "name": "web1"}
    assert reporter(mapping(host("A", [broken, "g1"])))["created"] == ["A"]
    assert reporter.guests_of("a") == ["g1"]
    (warning,) = reporter.warnings
    assert "the guest web1 was left out" in warning


def test_a_guest_that_is_listed_twice_is_sent_once_as_the_active_one(reporter: Reporter) -> None:
    report = mapping(host("A", [guest("G1", "shut_off"), guest("g1", "running"), guest("g1", "crashed")]))
    reporter(report)
    assert [(one["guestId"], one["state"]) for one in sent(reporter)["guestIds"]] == [("g1", 1)]
    assert any("3 guests" in text for text in reporter.warnings)
    assert reporter(report)["unchanged"] == ["A"]


@pytest.mark.parametrize(("identifier", "words"), [("x" * 256, "256 characters"), ("a\0b", "NUL")])
def test_an_id_that_cannot_be_stored_is_never_cut(reporter: Reporter, identifier: str, words: str) -> None:
    failure = reporter.fails(mapping(host(identifier), host("B")))
    (entry,) = failure.result["failed_hosts"]
    assert entry["id"] == identifier
    assert words in entry["reason"]
    assert list(reporter.server.state.hypervisors_of("acme")) == ["b"]


def test_the_word_of_a_backend_that_a_file_names_is_cut(reporter: Reporter) -> None:
    report = mapping(host("A", [guest("g1", virt_who_type="w" * 300)]), backend="file")
    assert reporter(report)["created"] == ["A"]
    assert len(reporter.held("a").guests[0].attributes["virtWhoType"]) == 255
