# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A registration whose answer does not arrive: never sent twice, found again through the API."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.virtmap.core.tests.servers._http import Response, faults
from ansible_collections.virtmap.core.tests.servers._http.wire import Exchange
from ansible_collections.virtmap.core.tests.servers.satellite5 import answering, calling, failing
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._reporters.satellite5.reports import (
    Reporter,
    groups,
    guest,
    mapping,
)

REGISTER = "registration.new_system_user_pass"


def processed(instead: faults.Fault) -> faults.Fault:
    """The server does its work and then misbehaves."""

    def act(exchange: Exchange) -> Response | None:
        exchange.answer()
        return instead.act(exchange)

    return faults.Fault(f"processed, then {instead.name}", act)


LOST = [
    faults.hang(processed=True),
    faults.disconnect(processed=True),
    faults.disconnect(processed=True, reset=True),
    faults.cut_off(0.5),
    faults.cut_off(0.5, chunked=True),
    processed(faults.status(502)),
    processed(faults.status(500)),
    processed(faults.nonsense("html")),
    processed(answering({"channels": []})),
    processed(answering("no struct")),
]


@pytest.mark.parametrize("fault", LOST, ids=lambda fault: fault.name)
def test_a_registration_that_was_done_is_found_again(reporter: Reporter, fault: faults.Fault) -> None:
    rule = reporter.server.faults.add(fault, times=None, when=calling(REGISTER))
    result = reporter(mapping(h1=[guest()]), timeout=1)
    assert rule.hits == 1
    assert groups(result) == {"registered": ["h1"], "notified": ["h1"]}
    assert len(reporter.server.database.systems) == 1
    reporter.server.faults.clear()
    assert groups(reporter(mapping(h1=[guest()]))) == {"unchanged": ["h1"]}


NOT_DONE = [faults.hang(), faults.disconnect(), faults.disconnect(reset=True), faults.status(500), faults.status(504)]


@pytest.mark.parametrize("fault", NOT_DONE, ids=lambda fault: fault.name)
def test_a_registration_that_was_not_done_fails_and_is_not_repeated(reporter: Reporter, fault: faults.Fault) -> None:
    rule = reporter.server.faults.add(fault, times=None, when=calling(REGISTER))
    error = reporter.failing(mapping(h1=[guest()]), timeout=1)
    assert rule.hits == 1
    assert groups(error.result) == {"failed": ["h1"]}
    assert reporter.server.database.systems == {}
    reporter.server.faults.clear()
    assert groups(reporter(mapping(h1=[guest()])))["registered"] == ["h1"]


def test_a_registration_is_found_by_the_next_run_when_the_server_went_away(reporter: Reporter) -> None:
    server = reporter.server
    server.faults.add(faults.disconnect(processed=True), when=calling(REGISTER))
    # The first question for the name comes before the registration, the second after it.
    server.faults.add(faults.disconnect(), times=None, skip=1, when=calling("system.getId"))
    error = reporter.failing(mapping(h1=[guest()]))
    assert "whether it has registered the hypervisor will show in the next run" in error.message
    assert groups(error.result) == {"failed": ["h1"]}
    server.faults.clear()
    assert groups(reporter(mapping(h1=[guest()]))) == {"recovered": ["h1"], "notified": ["h1"]}
    assert len(server.database.systems) == 1


def test_a_profile_that_was_there_before_is_not_taken_for_the_lost_one(reporter: Reporter) -> None:
    server = reporter.server
    reporter(mapping(h1=[]))
    reporter.file("h1").unlink()
    (old,) = server.database.systems.values()
    old.os = "Red Hat Enterprise Linux Server"
    server.faults.add(faults.disconnect(), when=calling(REGISTER))
    error = reporter.failing(mapping(h1=[]))
    assert groups(error.result) == {"failed": ["h1"]}


def test_a_registration_gets_a_connection_of_its_own(reporter: Reporter) -> None:
    reporter(mapping(h1=[]))
    entries = reporter.server.log.find()
    numbers = [entry.connection for entry in entries]
    (place,) = [index for index, entry in enumerate(entries) if REGISTER.encode() in entry.body]
    assert numbers.count(numbers[place - 1]) == place
    assert numbers[place] == numbers[place - 1] + 1
    assert set(numbers[place:]) == {numbers[place]}, "and all else shares one"


def test_a_registration_that_cannot_be_saved_is_found_again(
    reporter: Reporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: t.Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        error = reporter.failing(mapping(h1=[guest()]))
    assert "cannot be saved" in error.message
    assert "No space left on device" in error.message
    assert groups(error.result) == {"registered": ["h1"], "failed": ["h1"]}
    assert error.result["changed"] is True
    assert [path.name for path in reporter.file("h1").parent.iterdir()] == [".lock"]
    assert groups(reporter(mapping(h1=[guest()]))) == {"recovered": ["h1"], "notified": ["h1"]}


@pytest.mark.parametrize("fault", [faults.hang(processed=True), faults.nonsense("html")], ids=lambda f: f.name)
def test_a_plan_whose_fate_is_unknown_counts_as_a_change_next_time(reporter: Reporter, fault: faults.Fault) -> None:
    reporter(mapping(h1=[guest()]))
    notify = calling("registration.virt_notify")
    reporter.server.faults.add(fault, when=notify)
    error = reporter.failing(mapping(h1=[guest(state="paused")]), timeout=1)
    assert groups(error.result) == {"failed": ["h1"]}
    # Back to what was accepted before, but perhaps not to what the server holds.
    assert groups(reporter(mapping(h1=[guest()]))) == {"notified": ["h1"]}
    reporter.server.faults.add(fault, when=notify)
    reporter.failing(mapping(h1=[guest()]), timeout=1)
    assert groups(reporter(mapping(h1=[guest()]))) == {"unchanged": ["h1"]}, "the same either way"


def test_a_refused_plan_leaves_what_was_accepted(reporter: Reporter) -> None:
    reporter(mapping(h1=[guest()]))
    reporter.server.faults.add(failing(1, "caught KeyError"), when=calling("registration.virt_notify"))
    reporter.failing(mapping(h1=[guest(state="paused")]))
    assert groups(reporter(mapping(h1=[guest()]))) == {"unchanged": ["h1"]}
