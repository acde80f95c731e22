# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The backend against daemons that are dead, frozen, killed in the middle, or no daemons at all."""

from __future__ import annotations

import json
import os
import threading
import time

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt import client
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.connection import Connection
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.errors import Transient
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.uri import parse_uri
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, CannotConnect
from ansible_collections.virtmap.core.tests.lab.module_starter import run_as_module
from ansible_collections.virtmap.core.tests.servers._http.dead import (
    refused_address,
    resetting_address,
    silent_address,
    speaking_address,
)

# Far more than 3 x timeout + 10 s for a timeout of 1 s; a task that hangs never ends.
GENEROUS = 30


def uri_of(address, transport="tcp"):
    return f"qemu+{transport}://{address[0]}:{address[1]}/system"


def test_refused(gather, no_pauses):
    with refused_address() as address, pytest.raises(CannotConnect, match="Connection refused; check host and port"):
        gather(uri_of(address))
    assert no_pauses == [1.0, 2.0]


def test_hung_up_on(gather, no_pauses):
    with resetting_address() as address, pytest.raises(CannotConnect, match="broke off the connection"):
        gather(uri_of(address))
    assert no_pauses == [1.0, 2.0]


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_a_listener_that_never_answers_ends_by_the_deadline(daemon, gather, transport):
    with silent_address() as address:
        query = daemon.uri("tls").partition("?")[2]
        with pytest.raises(CannotConnect, match="did not answer within 1 seconds while connecting"):
            gather(f"{uri_of(address, transport)}?{query}", timeout=1)


def test_another_protocol(gather):
    greeting = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
    with speaking_address(greeting) as address, pytest.raises(BadAnswer, match="is not a libvirt daemon"):
        gather(uri_of(address))


def test_a_frozen_daemon_ends_by_the_deadline(doomed, gather):
    doomed.freeze()
    with pytest.raises(CannotConnect, match="did not answer within 1 seconds while connecting"):
        gather(doomed.uri(driver="test"), timeout=1, hypervisor_id="hostname")


def test_a_daemon_that_freezes_in_the_middle_ends_by_the_deadline(doomed):
    connection = Connection(parse_uri(doomed.uri(driver="test")), timeout=1)
    connection.open()
    doomed.freeze()
    with pytest.raises(CannotConnect, match="did not answer within 1 seconds while asking for more"):
        connection.call("asking for more", lambda conn: conn.getAllDomainStats(1))
    # Must return although the call is still stuck.
    connection.close()


def test_a_daemon_that_freezes_before_the_goodbye_holds_nobody_up(doomed):
    connection = Connection(parse_uri(doomed.uri(driver="test")), timeout=1)
    connection.open()
    assert connection.call("asking", lambda conn: conn.getType()) == "TEST"
    doomed.freeze()
    connection.close()


def test_a_daemon_that_is_killed_in_the_middle(doomed):
    connection = Connection(parse_uri(doomed.uri("tcp", driver="test")), timeout=5)
    connection.open()
    doomed.kill()
    with pytest.raises(Transient, match="broke off the connection while asking for more"):
        connection.call("asking for more", lambda conn: conn.getCapabilities())
    connection.close()


def test_a_daemon_that_is_killed_during_a_call(doomed):
    connection = Connection(parse_uri(doomed.uri("tcp", driver="test")), timeout=GENEROUS)
    connection.open()
    doomed.freeze()
    timer = threading.Timer(0.3, doomed.kill)
    timer.start()
    with pytest.raises(Transient, match="broke off the connection while asking for more"):
        connection.call("asking for more", lambda conn: conn.getCapabilities())
    timer.join()
    connection.close()


def test_a_daemon_that_restarts_in_the_middle_is_asked_again(doomed, gather, monkeypatch, no_pauses):
    real = client.list_guests
    killed = []

    def list_after_a_kill(connection):
        if not killed:
            killed.append(True)
            doomed.kill()
        return real(connection)

    def restart(_seconds):
        # sleep is also what the lab waits with.
        if not doomed_is_back:
            doomed_is_back.append(True)
            doomed.start()

    doomed_is_back: list[bool] = []
    monkeypatch.setattr(client, "list_guests", list_after_a_kill)
    monkeypatch.setattr("time.sleep", restart)
    found = gather(doomed.uri("tcp", driver="test"), hypervisor_id="hostname")
    assert found.states == {"test": "running"}
    assert killed
    assert doomed_is_back


def test_a_retry_that_would_come_too_late_is_not_made(doomed, gather, monkeypatch, no_pauses):
    clock = iter([0.0, 1000.0])
    monkeypatch.setattr(client.time, "monotonic", lambda: next(clock))
    with refused_address() as address, pytest.raises(CannotConnect):
        gather(uri_of(address))
    assert no_pauses == []


MODULE = "ansible_collections.virtmap.core.plugins.modules.libvirt_hypervisor_guest_facts"


def run_module(uri, **arguments):
    """Run the module as a process of its own, to its very end; return its result and how long it took."""
    parameters = {"ANSIBLE_MODULE_ARGS": {"uri": uri, "hypervisor_id": "hostname", **arguments}}
    started = time.monotonic()
    ran = run_as_module(MODULE, json.dumps(parameters), timeout=GENEROUS)
    return json.loads(ran.stdout), ran.stderr, time.monotonic() - started


def test_the_process_ends_although_a_call_is_stuck(doomed):
    doomed.freeze()
    result, stderr, seconds = run_module(doomed.uri(driver="test"), timeout=1)
    assert result["failed"]
    assert "did not answer within 1 seconds" in result["msg"]
    assert "ansible_facts" not in result
    assert stderr == ""
    assert seconds < GENEROUS


def test_the_module_as_a_process(doomed):
    result, stderr, _seconds = run_module(doomed.uri("tcp", driver="test"))
    assert result["ansible_facts"]["hypervisor_guests"]["hypervisors"][0]["guests"][0]["name"] == "test"
    assert result["changed"] is False
    assert stderr == ""


def test_the_password_is_in_no_result(doomed):
    result, stderr, _seconds = run_module(doomed.uri(driver="test"), username="reader", password="pa55word")
    assert "pa55word" not in json.dumps(result) + stderr
    with refused_address() as address:
        result, stderr, _seconds = run_module(uri_of(address), username="reader", password="pa55word")
    assert result["failed"]
    assert "pa55word" not in json.dumps(result) + stderr


def test_the_deadline_must_be_a_second_at_least(doomed):
    result, _stderr, _seconds = run_module(doomed.uri(driver="test"), timeout=0)
    assert result["failed"]
    assert "timeout is 0" in result["msg"]


def test_no_connection_is_left_open(doomed, gather):
    def gather_once():
        gather(doomed.uri(driver="test"), hypervisor_id="hostname")
        return len(os.listdir("/proc/self/fd"))

    assert gather_once() == gather_once() == gather_once()
