# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Collecting from a VDSM on a socket: what is asked, every way to answer it, and what cannot be told."""

from __future__ import annotations

import json
import socket
import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.vdsm import client, session
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, CannotConnect, NotFound
from ansible_collections.virtmap.core.tests.servers.vdsm import Host, Machine, faults, fleet

from .conftest import DB, WEB, Hypervisor, two_machines

EXPECTED = sorted([(WEB, "web", "running"), (DB, "db", "paused")])
ROUND = ["SEND Host.getVMList", "SEND Host.getCapabilities", "SEND Host.getAllVmStats", "SEND Host.getHardwareInfo"]


def guests(mapping: t.Any) -> list[tuple[str, str | None, str]]:
    """The guests of the one host."""
    (host,) = mapping.hypervisors
    return sorted((guest.uuid, guest.name, guest.state.word) for guest in host.guests)


@pytest.mark.parametrize("machines", [2, 700])
def test_what_is_asked_does_not_grow_with_the_guests(hypervisor: Hypervisor, machines: int) -> None:
    server = hypervisor.start(fleet(machines))
    assert hypervisor.gather().guest_count == machines
    assert server.log.calls() == ["CONNECT /", "SUBSCRIBE /", *ROUND]
    assert server.log.connections == 1


def test_the_questions_are_those_of_the_protocol(hypervisor: Hypervisor) -> None:
    server = hypervisor.start()
    hypervisor.gather()
    connect, subscribe, *sends = server.log.find()
    assert connect.header("accept-version") == "1.2"
    assert connect.header("heart-beat") == "0,15000"
    queue = subscribe.header("destination")
    ids = set()
    for entry in sends:
        assert entry.header("destination") == "jms.topic.vdsm_requests"
        assert entry.header("reply-to") == queue
        assert entry.header("content-length") == str(len(entry.body))
        document = json.loads(entry.body)
        assert document["jsonrpc"] == "2.0"
        assert document["params"] == ({"onlyUUID": False} if document["method"] == "Host.getVMList" else {})
        ids.add(document["id"])
    assert len(ids) == len(ROUND)
    assert [entry.client for entry in sends] == ["kvm1.example.com"] * len(ROUND)


@pytest.mark.parametrize("shape", ["objects", "definitions", "ids"])
def test_each_shape_of_the_list(hypervisor: Hypervisor, shape: str) -> None:
    """Plain ids have no state; the statistics tell it."""
    hypervisor.start(Host(two_machines(), shape=shape))
    assert guests(hypervisor.gather()) == EXPECTED


@pytest.mark.parametrize(
    "habits",
    [
        {"pretty": True},
        {"announce_length": False},
        {"line_end": "\r\n"},
        {"bytewise": True},
        {"chatty": True},
        {"hold": 4},
        {"chatty": True, "bytewise": True, "announce_length": False, "line_end": "\r\n", "pretty": True},
    ],
    ids=str,
)
def test_each_way_to_write_an_answer(hypervisor: Hypervisor, habits: dict[str, t.Any]) -> None:
    """Line breaks and characters of several bytes in a body, answers in another order, foreign ones in between."""
    hypervisor.start(Host([Machine(WEB, "wéb \U0001f600\nline"), *two_machines()[1:]]), **habits)
    assert guests(hypervisor.gather()) == sorted([(WEB, "wéb \U0001f600\nline", "running"), (DB, "db", "paused")])


def test_twenty_thousand_guests_come_whole(hypervisor: Hypervisor) -> None:
    hypervisor.start(fleet(20_000), keep_results=True)
    mapping = hypervisor.gather(timeout=120)
    assert mapping.guest_count == 20_000
    assert {guest.name for guest in mapping.hypervisors[0].guests or ()} >= {"vm0", "vm19999"}


def test_it_waits_until_vdsm_knows_its_guests(hypervisor: Hypervisor) -> None:
    server = hypervisor.start(Host(two_machines(), recovering=6))
    assert guests(hypervisor.gather()) == EXPECTED
    assert server.log.connections == 1
    assert len(server.log.find("SEND")) == len(ROUND) + 6, "only what was refused is asked again"


def test_names_are_no_condition(hypervisor: Hypervisor) -> None:
    hypervisor.start(Host(two_machines(), missing=("Host.getAllVmStats", "Host.getHardwareInfo")))
    mapping = hypervisor.gather()
    assert guests(mapping) == sorted([(WEB, None, "running"), (DB, None, "paused")])
    assert "dmi.system.uuid" not in mapping.hypervisors[0].facts
    assert ["names of the guests are missing" in text for text in hypervisor.warnings] == [True, False]
    assert "hardware uuid of the host is missing" in hypervisor.warnings[1]


@pytest.mark.parametrize("method", ["Host.getCapabilities", "Host.getAllVmStats", "Host.getHardwareInfo"])
def test_an_answer_of_the_wrong_kind_is_told(hypervisor: Hypervisor, method: str) -> None:
    hypervisor.start().faults.add(faults.answer("Done"), path=method)
    with pytest.raises(BadAnswer, match=f"answered {method} without the (list|object)"):
        hypervisor.gather()


def test_a_guest_that_appears_between_two_answers(hypervisor: Hypervisor) -> None:
    hypervisor.start().faults.add(faults.field(lambda rows: rows[1:]), path="Host.getAllVmStats")
    assert guests(hypervisor.gather()) == sorted([(WEB, None, "running"), (DB, "db", "paused")])


@pytest.mark.parametrize("broken", [{}, {"vmId": None}, {"vmId": 42}, {"vmId": " "}, None, 7, ["x"], ""])
def test_an_object_with_a_field_missing_is_named(hypervisor: Hypervisor, broken: t.Any) -> None:
    hypervisor.start().faults.add(faults.field(lambda rows: [broken, *rows]), path="Host.getVMList")
    mapping = hypervisor.gather()
    assert guests(mapping) == EXPECTED
    assert [entry.to_dict() for entry in mapping.skipped] == [
        {"kind": "guest", "name": "number 1 of the list", "reason": "no uuid: it has no vmId"}
    ]


@pytest.mark.parametrize("word", ["uuid", "hwuuid"])
def test_a_host_without_a_uuid_fails(hypervisor: Hypervisor, word: str) -> None:
    """It is all that the source has: an empty mapping would look like a success."""
    hypervisor.start(Host(two_machines(), uuid=None, hardware_uuid=None))
    with pytest.raises(NotFound, match=f"does not tell the {word} of its host.*set hypervisor_id to hostname"):
        hypervisor.gather(hypervisor_id=word)
    assert guests(hypervisor.gather(hypervisor_id="hostname")) == EXPECTED


def test_a_host_without_a_name_of_its_own_is_warned_about(
    hypervisor: Hypervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    hypervisor.start()
    monkeypatch.setattr(socket, "gethostname", lambda: "localhost.localdomain")
    assert hypervisor.gather(hypervisor_id="hostname").hypervisors[0].id == "localhost.localdomain"
    assert "calls itself localhost.localdomain; give it a name of its own" in hypervisor.warnings[0]
    hypervisor.gather()
    assert hypervisor.warnings == []


def test_a_filter_may_leave_the_host_out(hypervisor: Hypervisor) -> None:
    hypervisor.start()
    assert hypervisor.gather(exclude_hosts=["4c4c4544-*"]).hypervisors == []


def test_a_service_without_heart_beats_is_dead(hypervisor: Hypervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    """It promised a sign of life; without one nobody waits for the deadline."""
    monkeypatch.setattr(session, "HEART_BEAT", 1000)
    hypervisor.start().faults.add(faults.hang(), path="Host.getVMList", times=None)
    with pytest.raises(CannotConnect, match="fell silent: not even its heart-beat came for 1.2 seconds"):
        hypervisor.gather(timeout=60)


def test_heart_beats_keep_a_slow_service_alive(hypervisor: Hypervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "HEART_BEAT", 1000)
    hypervisor.start().faults.add(faults.never(), path="Host.getVMList", times=None)
    with pytest.raises(CannotConnect, match="did not answer in full within 3 seconds"):
        hypervisor.gather(timeout=3)


def test_a_restart_in_the_middle_is_overcome(hypervisor: Hypervisor) -> None:
    server = hypervisor.start()
    server.faults.add(faults.disconnect(), path="Host.getCapabilities", times=2)
    assert guests(hypervisor.gather()) == EXPECTED
    assert server.log.connections == client.ATTEMPTS


def test_a_service_that_stays_away_is_told(hypervisor: Hypervisor) -> None:
    server = hypervisor.start()
    server.stop()
    with pytest.raises(CannotConnect, match="VDSM at localhost:[0-9]+ cannot be reached: the connection was refused"):
        hypervisor.gather()
