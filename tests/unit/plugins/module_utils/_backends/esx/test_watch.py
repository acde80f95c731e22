# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Following changes: every one arrives, also those that happened while nobody listened."""

from __future__ import annotations

import shutil
import threading
import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.esx import updates, watch
from ansible_collections.virtmap.core.plugins.module_utils._core import watching
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    CannotConnect,
    Denied,
    InvalidInput,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection
from ansible_collections.virtmap.core.tests.lab.vcsim import Simulator
from ansible_collections.virtmap.core.tests.servers._http import Response, faults
from ansible_collections.virtmap.core.tests.servers._relay import Relay
from ansible_collections.virtmap.core.tests.servers.vcenter import Enum, VCenterServer
from ansible_collections.virtmap.core.tests.unit.following import Follower

from .conftest import Lab, complete, placed


def follow(server: str, **options: t.Any) -> Follower:
    return Follower(watch.watch, complete(server, **options))


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(watching, "LONGEST_PAUSE", 0.2)
    monkeypatch.setattr(updates, "WAIT", 30)


def on(state: str) -> dict[str, Enum]:
    return {"runtime.powerState": Enum("VirtualMachinePowerState", state)}


def test_the_first_mapping_is_that_of_collecting(lab: Lab, gather: t.Any) -> None:
    with VCenterServer(lab.inventory) as server, follow(server.url) as follower:
        assert {**follower.first().to_dict(), "collected_at": ""} == {**gather(server).to_dict(), "collected_at": ""}
        assert follower.warnings == []


def test_each_change_arrives(lab: Lab) -> None:
    with VCenterServer(lab.inventory) as server, follow(server.url) as follower:
        follower.first()
        lab.inventory.set(lab.machines["web1"], {"runtime.host": lab.esx2})
        assert follower.until("guest_moved web1") == ["guest_moved web1"]
        lab.inventory.set(lab.machines["web1"], on("suspended"))
        assert follower.until("guest_state web1") == ["guest_state web1"]
        lab.inventory.add_machine("new1", lab.esx1)
        assert follower.until("guest_appeared new1") == ["guest_appeared new1"]
        lab.inventory.remove(lab.machines["db1"])
        assert follower.until("guest_gone db1") == ["guest_gone db1"]
        host = lab.inventory.add_host("esx3.example.com", lab.cluster)
        uuid = str(lab.inventory.entities[host].properties["hardware.systemInfo.uuid"])
        assert follower.until(f"hypervisor_appeared {uuid}") == [f"hypervisor_appeared {uuid}"]


def test_a_property_that_is_unset_is_gone(lab: Lab) -> None:
    with VCenterServer(lab.inventory) as server, follow(server.url) as follower:
        follower.first()
        lab.inventory.set(lab.machines["web1"], {"config.uuid": None})
        assert follower.until("guest_gone web1")
        assert follower.before is not None
        assert [entry.name for entry in follower.before.skipped] == ["web1"]
        lab.inventory.disconnect(lab.esx1)
        while follower.before.hypervisors[0].extra["connection_state"] == "connected":
            follower.before = follower.next()
            if any(host.extra["connection_state"] == "disconnected" for host in follower.before.hypervisors):
                break
        assert len(follower.before.hypervisors) == 3


def test_truncated_sets_are_read_to_their_end(lab: Lab) -> None:
    for number in range(25):
        lab.inventory.add_machine(f"many{number}", lab.esx1)
    with VCenterServer(lab.inventory, page=3) as server, follow(server.url) as follower:
        assert follower.first().guest_count == 29
        assert server.calls().count("WaitForUpdatesEx") >= 13


def test_the_default_collector_is_left_alone(lab: Lab) -> None:
    with VCenterServer(lab.inventory) as server, follow(server.url) as follower:
        follower.first()
        waits = [entry.body for entry in server.log.find() if b"<WaitForUpdatesEx" in entry.body]
        assert waits
        assert not [body for body in waits if b">propertyCollector<" in body]


def test_it_ends_at_once_and_leaves_nothing_behind(lab: Lab) -> None:
    with VCenterServer(lab.inventory) as server:
        with follow(server.url) as follower:
            follower.first()
        assert follower.ended.is_set()
        assert follower.warnings == []
        assert server.calls()[-3:] == ["DestroyView", "DestroyPropertyCollector", "Logout"]
        assert server.sessions == {}


def test_giving_up_the_iteration_logs_out(lab: Lab) -> None:
    options = complete("x")
    with VCenterServer(lab.inventory) as server:
        options["server"] = server.url
        mappings = watch.watch(options, Selection(), print, threading.Event())
        assert next(iter(mappings)).guest_count == 4
        mappings.close()  # type: ignore[attr-defined]
        assert server.sessions == {}


def test_a_session_that_ends_is_made_up_for(lab: Lab) -> None:
    with VCenterServer(lab.inventory) as server, follow(server.url) as follower:
        follower.first()
        server.fail("WaitForUpdatesEx", "NotAuthenticated")
        lab.inventory.set(lab.machines["web1"], {"runtime.host": lab.esx2})
        follower.until("guest_moved web1")
        server.end_sessions()
        lab.inventory.set(lab.machines["web1"], {"runtime.host": lab.esx1})
        follower.until("guest_moved web1")
        lab.inventory.remove(lab.machines["db1"])
        follower.until("guest_gone db1")


def test_nothing_is_lost_while_the_server_is_away(lab: Lab) -> None:
    with VCenterServer(lab.inventory) as server, follow(server.url) as follower:
        follower.first()
        while server.calls().count("WaitForUpdatesEx") < 2:
            assert not follower.ended.wait(0.01)
        server.pause()
        lab.inventory.set(lab.machines["web1"], {"runtime.host": lab.esx2})
        lab.inventory.set(lab.machines["web2"], on("poweredOff"))
        lab.inventory.remove(lab.machines["old1"])
        lab.inventory.add_machine("new1", lab.alone)
        server.resume()
        follower.until("guest_moved web1", "guest_state web2", "guest_gone old1", "guest_appeared new1")
        assert [warning for warning in follower.warnings if "reading all of it again in" in warning]


@pytest.mark.parametrize(
    "fault",
    [
        faults.disconnect(),
        faults.disconnect(reset=True),
        faults.cut_off(0.6),
        faults.status(500),
        faults.status(503),
        faults.status(404),
        faults.nonsense("html"),
        faults.nonsense("bad_xml"),
    ],
    ids=lambda fault: fault.name,
)
def test_nothing_is_lost_after_a_bad_answer(lab: Lab, fault: faults.Fault) -> None:
    with VCenterServer(lab.inventory) as server, follow(server.url) as follower:
        follower.first()
        server.misbehave(fault, "WaitForUpdatesEx", times=2)
        for host in (lab.esx2, lab.esx1, lab.esx2):
            lab.inventory.set(lab.machines["web1"], {"runtime.host": host})
        follower.until("guest_moved web1")
        lab.inventory.set(lab.machines["web2"], on("poweredOff"))
        follower.until("guest_state web2")


def test_a_frozen_line_is_noticed_and_made_up_for(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updates, "WAIT", 1)
    monkeypatch.setattr(updates.Updates.wait, "__defaults__", (1,))
    with VCenterServer(lab.inventory) as server, Relay(("127.0.0.1", server.port)) as relay:
        with follow(f"http://127.0.0.1:{relay.port}", timeout=2) as follower:
            follower.first()
            relay.freeze()
            lab.inventory.set(lab.machines["web1"], {"runtime.host": lab.esx2})
            while not follower.warnings:
                assert not follower.ended.wait(0.05)
            relay.restore()
            follower.until("guest_moved web1")


def test_a_password_that_no_longer_holds_ends_it(lab: Lab) -> None:
    with VCenterServer(lab.inventory) as server, follow(server.url) as follower:
        follower.first()
        server.password = "another"
        server.end_sessions()
        with pytest.raises(Denied, match="tried once only"):
            follower.exhaust()
        assert server.calls().count("Login") == 2


@pytest.mark.parametrize(
    ("fault", "error"), [(faults.status(503), CannotConnect), (faults.nonsense("html"), BadAnswer)]
)
def test_a_first_reading_that_fails_is_an_error(lab: Lab, fault: faults.Fault, error: type[VirtmapError]) -> None:
    with VCenterServer(lab.inventory) as server:
        server.faults.add(fault, times=None)
        with follow(server.url) as follower, pytest.raises(error):
            follower.next()


def test_bad_options_are_refused_before_contact(lab: Lab) -> None:
    with follow("https://u:p@vc.example.com") as follower, pytest.raises(InvalidInput):
        follower.next()


def test_a_warning_is_told_once_for_each_time_it_comes_up(lab: Lab) -> None:
    with VCenterServer(lab.inventory) as server, follow(server.url) as follower:
        follower.first()
        lab.inventory.disconnect(lab.esx1)
        for number in range(3):
            lab.inventory.add_machine(f"new{number}", lab.esx2)
            follower.until(f"guest_appeared new{number}")
        assert len([warning for warning in follower.warnings if "hosts are disconnected" in warning]) == 1


@pytest.mark.parametrize("part", ["<version>", "<obj ", "<name>"])
def test_an_update_set_with_a_part_missing_is_read_again(lab: Lab, part: str) -> None:
    def without(exchange: t.Any) -> Response:
        response: Response = exchange.answer()
        response.body = response.whole_body().replace(part.encode(), part.replace("<", "<no-").encode())
        closing = part.strip("<> ")
        response.body = response.body.replace(f"</{closing}>".encode(), f"</no-{closing}>".encode())
        return response

    with VCenterServer(lab.inventory) as server, follow(server.url) as follower:
        follower.first()
        server.misbehave(faults.Fault("without", without), "WaitForUpdatesEx")
        lab.inventory.set(lab.machines["web1"], {"runtime.host": lab.esx2})
        lab.inventory.set(lab.machines["web1"], on("suspended"))
        follower.until("guest_moved web1", "guest_state web1")


@pytest.mark.skipif(shutil.which("go") is None, reason="the simulator is built with Debian's packages")
def test_the_simulator_is_followed() -> None:
    with Simulator("-clusters", "1", "-hosts", "2", "-vms", "3", "-standalone-hosts", "1") as simulator:
        with follow(simulator.url) as follower:
            assert follower.first().guest_count == 6
            assert len(placed(follower.before or follower.first())) == 3
            simulator.act("move", vm="DC0_H0_VM0", host="DC0_C0_H0")
            follower.until("guest_moved DC0_H0_VM0")
            simulator.act("power", vm="DC0_H0_VM1", state="suspended")
            follower.until("guest_state DC0_H0_VM1")
            simulator.act("remove", vm="DC0_H0_VM2")
            follower.until("guest_gone DC0_H0_VM2")
