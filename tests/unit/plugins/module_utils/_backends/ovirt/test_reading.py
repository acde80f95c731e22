# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Pages of lists: nothing is lost and nothing comes twice, also while the fleet changes."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, Partial
from ansible_collections.virtmap.core.tests.servers._http import faults
from ansible_collections.virtmap.core.tests.servers.ovirt import Accounts, EngineServer, Inventory, Machine

from .conftest import PASSWORD, USER, Collector

VMS = "/ovirt-engine/api/vms"


class Fleet:
    """An engine with a host of 25 machines."""

    def __init__(self) -> None:
        self.inventory = Inventory()
        self.host = self.inventory.add_host("host1.example.com", self.inventory.add_cluster("Blue"))
        for number in range(25):
            self.inventory.add_machine(f"vm{number:02}", self.host)

    def serve(self) -> EngineServer:
        return EngineServer(self.inventory, Accounts({USER: PASSWORD}))

    def names(self) -> list[str]:
        return sorted(machine.name or "" for machine in self.inventory.machines)

    def remove(self, name: str) -> None:
        self.inventory.machines = [machine for machine in self.inventory.machines if machine.name != name]

    def add(self, name: str) -> None:
        self.inventory.add_machine(name, self.host)

    def machine(self, name: str) -> Machine:
        return next(machine for machine in self.inventory.machines if machine.name == name)


@pytest.fixture
def fleet() -> Fleet:
    return Fleet()


def names(gather: Collector, server: EngineServer, **options: t.Any) -> list[str]:
    mapping = gather(server, **{"page_size": 10, **options})
    return sorted(guest.name or "" for host in mapping.hypervisors for guest in host.guests or ())


def pages(server: EngineServer) -> list[str]:
    return [entry.query["search"][0] for entry in server.log.find(path=VMS)]


@pytest.mark.parametrize("size", [1, 5, 10, 24, 25, 26, 1000])
def test_every_size_gives_the_same(fleet: Fleet, gather: Collector, size: int) -> None:
    with fleet.serve() as server:
        assert names(gather, server, page_size=size) == fleet.names()
        # A last page that is full does not show that it is the last.
        assert pages(server) == [f"sortby name asc page {number}" for number in range(1, 25 // size + 2)]
        assert {entry.query["max"][0] for entry in server.log.find(path=VMS)} == {str(size)}


@pytest.mark.parametrize("machines", [0, 20])
def test_round_trips_grow_with_pages_only(gather: Collector, machines: int) -> None:
    fleet = Fleet()
    fleet.inventory.machines = fleet.inventory.machines[:machines]
    with fleet.serve() as server:
        assert names(gather, server, page_size=100) == fleet.names()
        # Login, the entry point twice, three lists, logout.
        assert len(server.log.entries) == 7


def test_a_machine_that_is_removed_meanwhile_loses_no_other(fleet: Fleet, gather: Collector) -> None:
    """After page one vm00 is gone, all others move up, and vm10 is on neither page."""
    with fleet.serve() as server:
        server.changes["vms"] = [lambda: fleet.remove("vm00")]
        assert names(gather, server) == fleet.names()
        assert "vm10" in fleet.names()
        assert len(pages(server)) == 6, "it was read again"


def test_a_machine_that_is_created_meanwhile_doubles_no_other(fleet: Fleet, gather: Collector) -> None:
    with fleet.serve() as server:
        server.changes["vms"] = [lambda: fleet.add("aaa")]
        assert names(gather, server) == fleet.names()
        assert "aaa" in fleet.names()


def test_a_machine_that_is_renamed_meanwhile_is_not_lost(fleet: Fleet, gather: Collector) -> None:
    with fleet.serve() as server:
        server.changes["vms"] = [lambda: setattr(fleet.machine("vm24"), "name", "aaa")]
        assert names(gather, server) == fleet.names()
        assert "aaa" in fleet.names()


def test_lists_that_never_stand_still_are_an_error(fleet: Fleet, gather: Collector) -> None:
    def shrink() -> None:
        fleet.remove(fleet.names()[0])
        server.changes["vms"].append(shrink)

    with fleet.serve() as server:
        server.changes["vms"] = [shrink]
        with pytest.raises(Partial, match="twice in a row, so that some may be missing; leave out page_size"):
            names(gather, server)
        assert server.accounts.tokens == {}


def test_an_engine_that_does_not_count_is_paged_too(fleet: Fleet, gather: Collector) -> None:
    with fleet.serve() as server:
        body = "<api><product_info><name>oVirt Engine</name></product_info></api>"
        server.faults.add(
            faults.status(200, body, content_type="application/xml"), path="/ovirt-engine/api", times=None
        )
        assert names(gather, server) == fleet.names()


def test_an_engine_that_ignores_the_size(fleet: Fleet, gather: Collector) -> None:
    with fleet.serve() as server:
        whole = b"<vms>" + b"".join(b'<vm id="%d"/>' % number for number in range(25)) + b"</vms>"
        server.faults.add(faults.status(200, whole, content_type="application/xml"), path=VMS, times=None)
        with pytest.raises(BadAnswer, match="sent 25 objects of vms where 10 were asked for; leave out page_size"):
            names(gather, server)


def test_an_engine_that_sends_one_page_for_ever(fleet: Fleet, gather: Collector) -> None:
    same = b"<vms>" + b"".join(b'<vm id="%d"/>' % number for number in range(10)) + b"</vms>"
    with fleet.serve() as server:
        server.faults.add(faults.status(200, same, content_type="application/xml"), path=VMS, times=None)
        with pytest.raises(Partial):
            names(gather, server)
        assert len(pages(server)) == 4


def test_twins_on_one_page_are_both_listed(fleet: Fleet, gather: Collector) -> None:
    twin = fleet.machine("vm01")
    fleet.inventory.machines.append(Machine("vm01-copy", twin.host, "up", twin.id))
    with fleet.serve() as server:
        assert names(gather, server, page_size=100) == fleet.names()
    assert [warning for warning in gather.warnings if "have one uuid" in warning]


def test_a_fleet_of_twenty_thousand_in_one_answer(gather: Collector) -> None:
    fleet = Fleet()
    for number in range(25, 20_000):
        fleet.add(f"vm{number}")
    with fleet.serve() as server:
        mapping = gather(server, timeout=120)
        assert mapping.guest_count == 20_000
        assert len(server.log.entries) == 5
