# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Following a real daemon: every change arrives, also those that happened while nobody listened."""

from __future__ import annotations

import os
import typing as t

import libvirt
import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt import events, watch
from ansible_collections.virtmap.core.plugins.module_utils._core import watching
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    CannotConnect,
    Denied,
    InvalidInput,
    Lost,
)
from ansible_collections.virtmap.core.tests.lab.libvirtd import Libvirtd, add_guest, domain_xml, guest_uuid
from ansible_collections.virtmap.core.tests.unit.following import Follower


def following(uri: str, **options: t.Any) -> Follower:
    return Follower(watch.watch, {"timeout": 30, "uri": uri, "hypervisor_id": "hostname", **options})


def until(follower: Follower, wanted: dict[str, str]) -> None:
    """Wait until the daemon's guests are these, in these states."""
    while True:
        (host,) = follower.next().hypervisors
        if {guest.name: guest.state.word for guest in host.guests or ()} == wanted:
            return


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(watching, "LONGEST_PAUSE", 0.2)


def test_each_change_of_a_qemu_guest_arrives(doomed: Libvirtd) -> None:
    connection = libvirt.open(doomed.uri())
    with following(doomed.uri(), hypervisor_id="uuid") as follower:
        assert follower.next().guest_count == 0
        guest = add_guest(connection, "new1", "shut_off")
        until(follower, {"new1": "shut_off"})
        guest.create()
        until(follower, {"new1": "running"})
        guest.suspend()
        until(follower, {"new1": "paused"})
        guest.resume()
        until(follower, {"new1": "running"})
        guest.destroy()
        until(follower, {"new1": "shut_off"})
        guest.undefine()
        until(follower, {})
        assert len(follower.warnings) == len(set(follower.warnings)) <= 1, "the same is told once"
    connection.close()


def test_a_daemon_killed_in_the_middle_loses_nothing(doomed: Libvirtd) -> None:
    connection = libvirt.open(doomed.uri())
    add_guest(connection, "stays", "paused")
    add_guest(connection, "goes", "shut_off")
    with following(doomed.uri()) as follower:
        until(follower, {"stays": "paused", "goes": "shut_off"})
        doomed.kill()
        doomed.start()
        connection = libvirt.open(doomed.uri())
        connection.lookupByName("goes").undefine()
        add_guest(connection, "came", "shut_off")
        until(follower, {"stays": "paused", "came": "shut_off"})
        assert any(isinstance(warning, Lost) for warning in follower.warnings), follower.warnings
    connection.close()


def test_a_frozen_daemon_is_noticed_and_found_again(doomed: Libvirtd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "KEEPALIVE_SECONDS", 1)
    monkeypatch.setattr(events, "KEEPALIVE_COUNT", 1)
    with following(doomed.uri(driver="test"), timeout=2) as follower:
        follower.next()
        doomed.freeze()
        follower.until_warned("reading all of it again")
        doomed.thaw()
        assert follower.next().guest_count == 1


def test_a_daemon_that_freezes_while_it_is_read_is_found_again(
    doomed: Libvirtd, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It is read all the time, so a call is stuck long before the lack of signs of life is noticed.
    monkeypatch.setattr(watch, "READ_AGAIN", 0.0)
    with following(doomed.uri(driver="test"), timeout=1) as follower:
        follower.next()
        doomed.freeze()
        follower.until_warned("did not answer within 1 seconds while")
        while follower.news():
            follower.next()
        doomed.thaw()
        assert follower.next().guest_count == 1
        assert all(isinstance(warning, Lost) for warning in follower.warnings if "did not answer" in warning)


def test_connections_that_were_lost_leave_nothing_behind(doomed: Libvirtd) -> None:
    def sockets() -> int:
        return sum(1 for name in os.listdir("/proc/self/fd") if _target(name).startswith("socket:"))

    with following(doomed.uri(driver="test")) as follower:
        follower.next()
        before = sockets()
        for _time in range(5):
            doomed.kill()
            doomed.start()
            follower.next()
        assert sockets() <= before + 1


def _target(name: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{name}")
    except FileNotFoundError:
        return ""


def test_the_test_driver_in_this_process_is_followed_as_well() -> None:
    # Its state is shared by all connections of a process; the event loop has to run before any is opened.
    with following("test:///default") as follower:
        follower.next()
        connection = libvirt.open("test:///default")
        connection.createXML(domain_xml("here1", kind="test", memory_mib=8))
        until(follower, {"test": "running", "here1": "running"})
        connection.lookupByUUIDString(guest_uuid("here1")).destroy()
        until(follower, {"test": "running"})
        connection.close()


def test_what_never_answers_at_first_is_an_error(daemon: Libvirtd) -> None:
    with following("qemu+unix:///system?socket=/nonexistent/sock") as follower, pytest.raises(CannotConnect):
        follower.next()
    with following(daemon.uri("tcp"), username="reader", password="wrong") as follower, pytest.raises(Denied):
        follower.next()
    with following(daemon.uri(), hypervisor_id="hwuuid") as follower, pytest.raises(InvalidInput):
        follower.next()
