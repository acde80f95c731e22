# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Sealed messages: one connection, one key. What happens when the connection goes, or somebody stands in between."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, CannotConnect, VirtmapError
from ansible_collections.virtmap.core.tests.servers._http import Response, faults
from ansible_collections.virtmap.core.tests.servers._http.wire import Exchange, write
from ansible_collections.virtmap.core.tests.servers.hyperv import (
    Accounts,
    Host,
    HyperVServer,
    Machine,
    action_of,
    sealing,
)
from ansible_collections.virtmap.core.tests.servers.hyperv import faults as winrm_faults

from .conftest import PASSWORD, USER, Collector, Listeners

STEPS_OF_NTLM = 3
GUESTS = 700


@pytest.fixture
def host() -> Host:
    return Host(machines=[Machine(f"vm{number}") for number in range(GUESTS)])


def closes_afterwards() -> faults.Fault:
    """The true answer, and then the connection is closed without a word, as by an idle timer."""

    def act(exchange: Exchange) -> None:
        write(exchange.sock, exchange.request, exchange.answer(), closing=False)

    return faults.Fault("closes afterwards", act)


def edited(change: t.Callable[[Response], None]) -> faults.Fault:
    """The true answer after a change."""

    def act(exchange: Exchange) -> Response:
        response = exchange.answer()
        change(response)
        return response

    return faults.Fault("edited", act)


@pytest.mark.parametrize("message", range(9))
@pytest.mark.parametrize(
    "fault",
    [closes_afterwards(), faults.disconnect(), faults.disconnect(reset=True), faults.cut_off(0.5)],
    ids=lambda f: f.name,
)
def test_a_lost_connection_restarts_the_collection(
    gather: Collector, listen: Listeners, host: Host, fault: faults.Fault, message: int
) -> None:
    server = listen(host)
    server.faults.add(fault, skip=STEPS_OF_NTLM + message)
    mapping = gather(server)
    assert mapping.guest_count == GUESTS
    assert gather.warnings == []
    assert server.accounts.refused == 0
    assert not [entry for entry in server.log.entries if entry.connection == 2 and entry.fault]


def test_a_connection_that_is_always_lost_ends(gather: Collector, listen: Listeners, host: Host) -> None:
    server = listen(host)
    server.faults.add(closes_afterwards(), times=None, skip=STEPS_OF_NTLM)
    with pytest.raises(CannotConnect, match="broke off the connection"):
        gather(server)
    assert len(server.log.entries) < 30


def test_within_tls_a_lost_connection_is_survived(gather: Collector, authority: t.Any, host: Host) -> None:
    with HyperVServer(host, Accounts({USER: PASSWORD}), tls=authority.server_context()) as server:
        rule = server.faults.add(
            closes_afterwards(), times=3, when=lambda r: action_of(r) == "Pull" and not r.header("Authorization")
        )
        assert gather(server, ca_path=str(authority.path)).guest_count == GUESTS
        assert rule.hits == 3
        assert server.accounts.refused == 0


@pytest.mark.parametrize("step", range(STEPS_OF_NTLM))
def test_a_connection_lost_during_the_authentication_is_no_wrong_password(
    gather: Collector, listen: Listeners, host: Host, step: int
) -> None:
    server = listen(host)
    server.faults.add(closes_afterwards(), skip=step)
    assert gather(server).guest_count == GUESTS


def flipped(response: Response) -> None:
    body = bytearray(response.whole_body())
    body[len(body) // 2] ^= 1
    response.body = bytes(body)


def renamed(response: Response) -> None:
    response.headers = [("Content-Type", "application/soap+xml;charset=UTF-8")]


def opened(response: Response) -> None:
    """What somebody in between can make without the key."""
    response.headers = [("Content-Type", "application/soap+xml;charset=UTF-8")]
    response.body = b"<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'><s:Body/></s:Envelope>"


def shorter(response: Response) -> None:
    body = response.whole_body()
    at = body.index(b"Length=") + len(b"Length=")
    response.body = body[:at] + b"1" + body[at + 1 :]


@pytest.mark.parametrize("change", [flipped, renamed, opened, shorter])
def test_an_answer_that_was_changed_on_its_way(
    gather: Collector, listen: Listeners, host: Host, change: t.Callable[[Response], None]
) -> None:
    server = listen(host)
    server.faults.add(edited(change), times=None, skip=STEPS_OF_NTLM + 4)
    with pytest.raises(BadAnswer) as caught:
        gather(server)
    assert str(server.port) in caught.value.message


def test_a_fault_that_is_not_sealed_is_not_believed(gather: Collector, listen: Listeners, host: Host) -> None:
    """Else somebody in between could tell that a host has no second namespace, no cluster, no right."""
    server = listen(host)

    def forged(response: Response) -> None:
        fault = server._fault(winrm_faults.access_denied(), "")
        response.status, response.body, response.headers = fault.status, fault.body, fault.headers

    server.faults.add(edited(forged), times=None, skip=STEPS_OF_NTLM + 3)
    with pytest.raises(VirtmapError, match="failed at POST /wsman with status 500") as caught:
        gather(server)
    assert caught.value.__class__ is BadAnswer


def test_nothing_readable_leaves(gather: Collector, listen: Listeners, host: Host) -> None:
    server = listen(host)
    gather(server)
    sent = [entry for entry in server.log.entries if entry.body]
    assert len(sent) > 8
    for entry in sent:
        assert sealing.is_sealed(entry.header("Content-Type") or "")
        assert b"schemas" not in entry.body
