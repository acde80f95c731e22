# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The check-in against a server on a socket: what it reports, and what it says about it."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput, Partial
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._reporters.candlepin.reporter import (
    Reporter,
    guest,
    host,
    mapping,
)


def lists(result: dict[str, t.Any]) -> tuple[list[str], list[str], list[str]]:
    return result["created"], result["updated"], result["unchanged"]


@pytest.mark.parametrize("flavour", ["plain", "hosted", "katello", "candlepin3", "candlepin2", "katello2"])
def test_creates_then_finds_all_unchanged_then_says_what_changed(make: t.Callable[..., Reporter], flavour: str) -> None:
    reporter = make(flavour)
    report = mapping(host("A", ["g1", "g2"]), host("B", []))
    first = reporter(report)
    assert first["changed"] is True
    assert lists(first) == (["A", "B"], [], [])
    assert first["job"]["state"] == "FINISHED"
    assert first["heartbeat"] is True
    assert first["sent"] == {"hypervisors": 2, "guests": 2}
    second = reporter(report)
    assert second["changed"] is False
    assert lists(second) == ([], [], ["A", "B"])
    third = reporter(mapping(host("A", ["g1"]), host("B", ["g2"]), host("C")))
    assert third["changed"] is True
    assert lists(third) == (["C"], ["A", "B"], [])
    assert reporter.guests_of("b") == ["g2"]
    assert [result["failed_hosts"] for result in (first, second, third)] == [[], [], []]
    assert reporter.warnings == []


def test_one_connection_carries_all_and_the_status_is_asked_once(reporter: Reporter) -> None:
    reporter.server.jobs.configure(run_time=0.5)
    reporter(mapping(host("A", ["g1"])))
    assert reporter.server.log.used_connections() == {1}
    assert [call for call in reporter.server.log.paths() if call.endswith("/status")] == ["/candlepin/status"]


def test_the_body_is_what_virt_who_sends(reporter: Reporter) -> None:
    reporter(mapping(host("A", [guest("g2", "shut_off"), guest("g1", "paused")]), host("B", None, name=None, facts={})))
    (entry,) = reporter.server.log.find("POST")
    assert entry.header("Content-Type") == "text/plain"
    assert entry.query == {"reporter_id": ["reporter-1"]}
    assert json.loads(entry.body) == {
        "hypervisors": [
            {
                "hypervisorId": {"hypervisorId": "A"},
                "name": "A.example.com",
                "guestIds": [
                    {"guestId": "g1", "state": 3, "attributes": {"virtWhoType": "esx", "active": 1}},
                    {"guestId": "g2", "state": 5, "attributes": {"virtWhoType": "esx", "active": 0}},
                ],
                "facts": {"cpu.cpu_socket(s)": "2", "hypervisor.type": "VMware ESXi"},
            },
            {"hypervisorId": {"hypervisorId": "B"}},
        ]
    }


@pytest.mark.parametrize(
    ("backend", "extra", "word"),
    [
        ("xenserver", {}, "xen"),
        ("ovirt", {}, "rhevm"),
        ("file", {}, "fake"),
        ("file", {"virt_who_type": "hyperv"}, "hyperv"),
    ],
)
def test_guests_carry_virt_whos_word_for_their_backend(
    reporter: Reporter, backend: str, extra: dict[str, str], word: str
) -> None:
    reporter(mapping(host("A", [guest("g1", **extra)]), backend=backend))
    assert reporter.held("a").guests[0].attributes == {"virtWhoType": word, "active": "1"}


def test_a_guest_that_was_switched_off_is_a_change(reporter: Reporter) -> None:
    reporter(mapping(host("A", ["g1"])))
    assert lists(reporter(mapping(host("A", [guest("g1", "shut_off")])))) == ([], ["A"], [])


def test_unknown_guests_never_empty_a_hypervisor(reporter: Reporter) -> None:
    reporter(mapping(host("A", ["g1", "g2"])))
    assert lists(reporter(mapping(host("A", None)))) == ([], [], ["A"])
    assert reporter.guests_of("a") == ["g1", "g2"]
    reporter(mapping(host("A", [])))
    assert reporter.guests_of("a") == []


def test_several_mappings_make_one_request(reporter: Reporter) -> None:
    result = reporter(
        mapping(host("A", ["g1"]), host("B", ["g2"])),
        mapping(host("a", ["g3"], name="newer"), source="second", collected_at="2026-11-21T09:00:00Z"),
    )
    assert reporter.posts() == 1
    assert sorted(result["created"]) == ["B", "a"]
    assert reporter.guests_of("a") == ["g1", "g3"]
    assert reporter.held("a").name == "newer"
    assert any("vcenter.example.com" in text and "second" in text for text in reporter.warnings)


def test_a_guest_on_two_hypervisors_is_reported_as_seen_with_a_warning(reporter: Reporter) -> None:
    reporter(mapping(host("A", ["g1"]), host("B", ["g1"])))
    assert reporter.guests_of("a") == reporter.guests_of("b") == ["g1"]
    assert any("g1" in text and "2 hypervisors" in text for text in reporter.warnings)


@pytest.mark.parametrize(
    ("mappings", "options", "words"),
    [
        ([mapping()], {}, "allow_empty"),
        ([mapping(host("A")), mapping(source="second")], {}, r"mappings\[1\] of second"),
        ([mapping(hypervisors=None)], {}, r"mappings\[0\].hypervisors is missing or null"),
        ([{"backend": "esx"}], {}, "hypervisors is missing or null"),
        ([], {"heartbeat": False}, "nothing to send"),
        ([mapping(host("A"))], {"wait_timeout": 0}, "wait_timeout is 0"),
        ([mapping(host("A"))], {"reporter_id": " "}, "reporter_id is empty"),
        ([mapping(host("A"))], {"reporter_id": "x" * 256}, "reporter_id has 256"),
        ([mapping(host("A"))], {"port": 70000}, "port is 70000"),
        ([mapping(host("A"))], {"server": "http://cp.example.com"}, "scheme"),
        ([mapping(host("A"))], {"username": None, "password": None}, "no credentials"),
    ],
)
def test_what_is_wrong_is_refused_before_anything_is_contacted(
    reporter: Reporter, mappings: list[t.Any], options: dict[str, t.Any], words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        reporter(*mappings, **options)
    assert reporter.server.log.connections == 0


def test_an_empty_mapping_is_reported_when_it_is_said_to_be_right(reporter: Reporter) -> None:
    reporter(mapping(host("A", ["g1"])))
    result = reporter(mapping(), allow_empty=True)
    assert result["changed"] is False
    assert lists(result) == ([], [], [])
    assert reporter.posts() == 2
    assert reporter.guests_of("a") == ["g1"]


def test_names_decide_nothing_when_they_occur_twice(reporter: Reporter) -> None:
    reporter(mapping(host("A", name="same")))
    result = reporter(mapping(host("A", name="same"), host("B", name="same"), host("C", name="A")))
    assert lists(result) == (["B", "C"], [], ["A"])


def test_hosts_without_a_name_are_told_apart_by_the_names_that_the_server_keeps(reporter: Reporter) -> None:
    reporter(mapping(host("A", name="kept at the server"), host("B", name="also kept")))
    result = reporter(mapping(host("A", ["g1"], name=None), host("B", name=None), host("C", name=None)))
    assert lists(result) == (["C"], ["A"], ["B"])


@pytest.mark.parametrize("count", [3, 30])
def test_an_account_that_may_not_read_consumers_still_learns_what_happened(
    make: t.Callable[..., Reporter], count: int
) -> None:
    reporter = make("katello")
    registered = reporter.server.register("acme")
    reporter.defaults.update(
        username=None, password=None, client_cert=str(registered.pair.cert), client_key=str(registered.pair.key)
    )
    names = [f"H{number:02}" for number in range(count)]
    assert reporter(mapping(*(host(name, name="same") for name in names)))["created"] == names
    grown = mapping(host("H00", ["g1"], name="same"), *(host(name, name="same") for name in names[1:]))
    result = reporter(grown)
    # How many is sure; which one is not, and that is said.
    assert (len(result["updated"]), len(result["unchanged"])) == (1, count - 1)
    assert any("does not tell this account" in text for text in reporter.warnings)


def test_two_hosts_that_the_server_merges_are_a_failure_that_names_the_lost_one(reporter: Reporter) -> None:
    uuid = {"dmi.system.uuid": "9705df9f-76d4-4343-bf10-229e8692ecee"}
    failure = reporter.fails(mapping(host("A", ["g1"], facts=uuid), host("B", ["g2"], facts=uuid)))
    (held,) = reporter.server.state.hypervisors_of("acme")
    lost = ({"a", "b"} - {held}).pop().upper()
    assert isinstance(failure, Partial)
    assert [entry["id"] for entry in failure.result["failed_hosts"]] == [lost]
    assert "merged it into the record" in failure.result["failed_hosts"][0]["reason"]
    assert failure.result["changed"] is True
    assert lost in failure.message
    assert any("dmi.system.uuid" in text for text in reporter.warnings)


def test_hosts_that_share_a_system_uuid_are_fine_where_the_server_does_not_merge(reporter: Reporter) -> None:
    reporter.server.state.settings.match_by_system_uuid = False
    uuid = {"dmi.system.uuid": "9705df9f-76d4-4343-bf10-229e8692ecee"}
    assert reporter(mapping(host("A", facts=uuid), host("B", facts=uuid)))["created"] == ["A", "B"]


def test_a_host_that_fails_overrides_what_else_is_said_and_the_rest_counts(reporter: Reporter) -> None:
    reporter.server.state.settings.broken_hypervisors = {"B"}
    failure = reporter.fails(mapping(host("A"), host("B"), host("C")))
    assert isinstance(failure, Partial)
    assert failure.result["created"] == ["A", "C"]
    assert [entry["id"] for entry in failure.result["failed_hosts"]] == ["B"]
    assert "Unable to create hypervisor" in failure.result["failed_hosts"][0]["reason"]
    assert failure.result["changed"] is True
    assert failure.result["job"]["state"] == "FINISHED"


def test_unknown_hosts_are_failures_when_they_are_not_to_be_created(reporter: Reporter) -> None:
    reporter(mapping(host("A")))
    failure = reporter.fails(mapping(host("A", ["g1"]), host("B: x")), create_missing=False)
    assert failure.result["updated"] == ["A"]
    assert [entry["id"] for entry in failure.result["failed_hosts"]] == ["B: x"]
    assert "Unable to find" in failure.result["failed_hosts"][0]["reason"]


def test_a_satellite_creates_in_any_case_which_is_said(make: t.Callable[..., Reporter]) -> None:
    reporter = make("katello")
    assert reporter(mapping(host("A")), create_missing=False)["created"] == ["A"]
    assert any("create_missing" in text for text in reporter.warnings)


def test_a_vanished_host_is_a_failure_that_names_it(reporter: Reporter) -> None:
    from ansible_collections.virtmap.core.tests.servers._http import faults

    def lose_one(job: dict[str, t.Any]) -> None:
        data = job["resultData"]
        if data:
            data["created"] = [entry for entry in data["created"] if not entry["name"].startswith("B")]

    reporter.server.faults.add(faults.edited(lose_one), times=None, path="/candlepin/jobs/.*")
    failure = reporter.fails(mapping(host("A"), host("B"), host("C")))
    assert failure.result["created"] == ["A", "C"]
    assert [entry["id"] for entry in failure.result["failed_hosts"]] == ["B"]
    assert "B" in failure.message
    assert "does not mention it" in failure.message


def test_hosts_that_cannot_be_sent_are_failures_and_the_others_go_on(reporter: Reporter) -> None:
    failure = reporter.fails(mapping(host("x" * 256), host("A")))
    assert failure.result["created"] == ["A"]
    assert "256 characters" in failure.result["failed_hosts"][0]["reason"]
    assert reporter.fails(mapping(host("x" * 256))).result["changed"] is False
    assert reporter.posts() == 1


def test_without_waiting_nothing_is_claimed(reporter: Reporter) -> None:
    reporter.server.jobs.configure(paused=True)
    result = reporter(mapping(host("A")), wait=False)
    assert result["job"]["state"] == "CREATED"
    assert not {"created", "updated", "unchanged", "failed_hosts"} & result.keys()
    assert result["changed"] is False


def test_a_heartbeat_alone_writes_nothing_else(reporter: Reporter) -> None:
    reporter(mapping(host("A")))
    reporter.server.state.clock.advance(86400)
    before = reporter.held("a").last_checkin
    result = reporter()
    reporter.server.jobs.settle()
    assert result["heartbeat"] is True
    assert result["changed"] is False
    assert result["job"] is None
    assert reporter.posts() == 1
    assert reporter.held("a").last_checkin > before


def test_a_heartbeat_is_not_sent_when_it_is_not_wanted(reporter: Reporter) -> None:
    assert reporter(mapping(host("A")), heartbeat=False)["heartbeat"] is False
    assert reporter.server.log.find("PUT") == []


def test_remote_names_stay_text(reporter: Reporter) -> None:
    name = "{{ lookup('pipe', 'id') }} \x1b[31m"
    result = reporter(mapping(host(name, ["g1"], name=name)))
    assert result["created"] == [name]
    assert reporter.held(name.lower()).name == name
