# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The glue, in a real module process: options in on standard input, one result out."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.virtmap.core.tests.unit.run_module import run_module

MODULE = "ansible_collections.virtmap.core.tests.unit.plugins.module_utils._core.faulty_module"
PASSWORD = "c0rrect-h0rse"


def run(environment: dict[str, str] | None = None, tracebacks: bool = False, **options: t.Any) -> dict[str, t.Any]:
    result = run_module(MODULE, options, tracebacks=tracebacks, environment=environment)
    assert PASSWORD not in result["_stdout"] + result["_stderr"]
    return result


def test_a_mapping_becomes_a_fact() -> None:
    result = run(password=PASSWORD)
    assert result["changed"] is False
    assert list(result["ansible_facts"]) == ["hypervisor_guests"]
    assert result["ansible_facts"]["hypervisor_guests"]["hypervisors"][0]["name"] == "esx1"
    assert result["_stderr"] == ""


def test_check_mode_reads_as_well() -> None:
    assert run_module(MODULE, {}, check_mode=True)["ansible_facts"]["hypervisor_guests"]["hypervisors"]


@pytest.mark.parametrize("kind", ["InvalidInput", "CannotConnect", "Denied", "NotFound", "BadAnswer"])
def test_errors_of_the_family_are_one_sentence(kind: str) -> None:
    result = run(act=kind, password=PASSWORD)
    assert result["failed"] is True
    assert result["msg"] == f"the server said no ({kind}) to ********"
    assert "exception" not in result
    assert "ansible_facts" not in result


def test_what_was_done_before_an_error_is_told() -> None:
    result = run(act="half")
    assert (result["failed"], result["changed"], result["created"]) == (True, True, ["h1"])


def test_a_missing_library_is_said_as_ansible_says_it() -> None:
    result = run(act="library", tracebacks=True)
    assert "Failed to import the required Python library (urllib3) on" in result["msg"]
    assert "This is required to reach vcsim." in result["msg"]
    assert "Traceback: here" in str(result["exception"])


@pytest.mark.parametrize("environment", [False, True])
def test_an_unexpected_error_shows_no_secret(environment: bool) -> None:
    result = (
        run(act="bug", tracebacks=True, environment={"VIRTMAP_TEST_PASSWORD": PASSWORD})
        if environment
        else run(act="bug", tracebacks=True, password=PASSWORD)
    )
    assert result["failed"] is True
    assert result["msg"].startswith("unexpected RuntimeError: login with ********")
    assert "faulty_module.py" in str(result["exception"]), "the traceback is there for whoever reports the bug"


class TestWarnings:
    def test_twenty_are_shown_and_the_others_counted(self) -> None:
        warnings = run(count=25)["warnings"]
        assert warnings == [
            *(f"warning {number}" for number in range(20)),
            "5 more warnings of this kind were left out",
        ]

    def test_also_when_it_fails(self) -> None:
        assert len(run(count=25, act="Denied")["warnings"]) == 21

    def test_few_are_just_shown(self) -> None:
        assert run(count=20)["warnings"] == [f"warning {number}" for number in range(20)]
        assert "warnings" not in run()

    def test_twins_are_warned_about(self) -> None:
        assert run(act="twins")["warnings"] == ["2 guests of hypervisor u1 have one uuid, g1: g1"]


class TestRefusedBeforeAnything:
    @pytest.mark.parametrize(
        ("options", "says"),
        [
            ({"timeout": 0}, "timeout is 0, but must be at least 1 second"),
            ({"timeout": -5}, "timeout is -5, but must be at least 1 second"),
            (
                {"filter_type": "regex", "filter_hosts": ["("]},
                "filter_hosts holds '(', which is not a regular expression",
            ),
            ({"filter_hosts": [""]}, "filter_hosts holds an empty pattern"),
            ({"hypervisor_id": "name"}, "value of hypervisor_id must be one of: uuid, hwuuid, hostname, got: name"),
            ({"unknown": 1}, "Unsupported parameters"),
        ],
    )
    def test_wrong_options(self, options: dict[str, t.Any], says: str) -> None:
        result = run(act="bug", **options)
        assert result["failed"] is True
        assert says in result["msg"]


class TestSecretsThatOccurInNames:
    """ansible-core replaces a secret by asterisks everywhere in a result, also where it stands by chance."""

    @pytest.mark.parametrize("password", ["esx", "esx1", "u1", "vc.example", "0"])
    def test_a_mapping_that_would_be_falsified_is_refused(self, password: str) -> None:
        result = run_module(MODULE, {"password": password})
        assert result["failed"] is True
        assert "also occurs in a name or id of the mapping" in result["msg"]
        assert "ansible_facts" not in result

    @pytest.mark.parametrize("password", ["hypervisors", "skipped", "null", '"', ": "])
    def test_one_that_only_stands_in_keys_is_not(self, password: str) -> None:
        facts = run_module(MODULE, {"password": password})["ansible_facts"]["hypervisor_guests"]
        assert facts["hypervisors"][0]["name"] == "esx1"

    def test_a_special_character_is_seen_too(self) -> None:
        result = run_module(MODULE, {"password": 'a"b\\c', "name": 'xa"b\\cx'})
        assert "also occurs in a name" in result["msg"]
