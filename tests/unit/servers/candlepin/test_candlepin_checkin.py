# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What a check-in does: matching, merging, guests, reporters. The rules alone, without HTTP."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.virtmap.core.tests.servers.candlepin import ownership
from ansible_collections.virtmap.core.tests.servers.candlepin.checkin import (
    Options,
    Outcome,
    check_in,
    heartbeat,
    name_from_id,
)
from ansible_collections.virtmap.core.tests.servers.candlepin.model import Consumer, ReportedGuest, ReportedHost
from ansible_collections.virtmap.core.tests.servers.candlepin.store import Store

UUID = "9705DF9F-76D4-4343-BF10-229E8692ECEE"


class World:
    """One organization, and a way to report to it."""

    def __init__(self) -> None:
        self.store = Store()
        self.owner = self.store.add_owner("acme", default_service_level="Premium")

    def report(self, *hosts: ReportedHost, **options: t.Any) -> Outcome:
        return check_in(self.store, self.owner, hosts, Options(**options))

    def add(self, name: str, kind: str = "system", **members: t.Any) -> Consumer:
        now = self.store.clock.now()
        return self.store.add(Consumer(self.owner, name, kind, created=now, updated=now, **members))

    def host(self, identifier: str) -> Consumer:
        return self.store.hypervisors_of("acme")[identifier]


@pytest.fixture(name="world")
def world_fixture() -> World:
    return World()


def guests(*identifiers: str, active: str = "1") -> list[ReportedGuest]:
    return [ReportedGuest(one, {"active": active, "virtWhoType": "libvirt"}) for one in identifiers]


class TestCreate:
    """A host that is not known."""

    def test_what_a_new_hypervisor_looks_like(self, world: World) -> None:
        report = ReportedHost("ESX-1", "esx1", guests("g1"), {"cpu.cpu_socket(s)": "2"})
        made = world.report(report, reporter_id="r1", username="virtwho").created[0]
        assert (made.name, made.type, made.username, made.service_level) == ("esx1", "hypervisor", "virtwho", "Premium")
        assert made.facts == {"cpu.cpu_socket(s)": "2"}
        assert made.id_cert is None
        assert made.hypervisor is not None
        assert (made.hypervisor.hypervisor_id, made.hypervisor.reporter_id) == ("esx-1", "r1")
        assert [row.guest_id for row in made.guests] == ["g1"]
        assert made.last_checkin is not None

    def test_without_facts_and_name(self, world: World) -> None:
        made = world.report(ReportedHost("#host")).created[0]
        assert made.facts == {"uname.machine": "x86_64"}
        assert made.name == "host"

    def test_empty_facts_stay_empty(self, world: World) -> None:
        assert world.report(ReportedHost("h", facts={})).created[0].facts == {}

    @pytest.mark.parametrize(
        ("identifier", "name"),
        [("h", "h"), ("#h", "h"), ("##h", "#h"), ("H" * 255, "H" * 250), ("#" + "h" * 254, "h" * 250)],
    )
    def test_names_from_ids(self, identifier: str, name: str) -> None:
        assert name_from_id(identifier) == name

    def test_create_missing_false_fails_by_name(self, world: World) -> None:
        outcome = world.report(ReportedHost("h1"), create_missing=False)
        assert outcome.failed == ["h1: Unable to find hypervisor with id h1 in org acme"]
        assert world.store.consumers == {}

    def test_one_failing_host_does_not_touch_the_others(self, world: World) -> None:
        world.store.settings.broken_hypervisors = {"h2"}
        outcome = world.report(ReportedHost("h1"), ReportedHost("h2"), ReportedHost("h3"))
        assert sorted(made.name for made in outcome.created) == ["h1", "h3"]
        assert outcome.failed == ["h2: Unable to create hypervisor with id h2 in org acme"]

    def test_the_same_host_in_two_organizations_is_two(self, world: World) -> None:
        other = world.store.add_owner("other")
        first = world.report(ReportedHost("h1", facts={"dmi.system.uuid": UUID})).created[0]
        second = check_in(world.store, other, [ReportedHost("h1", facts={"dmi.system.uuid": UUID})], Options())
        assert second.created[0].uuid != first.uuid


class TestMatch:
    """Finding the host that is meant."""

    def test_ids_match_whatever_their_case(self, world: World) -> None:
        made = world.report(ReportedHost("Host-1", "esx")).created[0]
        assert world.report(ReportedHost("HOST-1", "esx")).unchanged == [made]
        assert list(world.store.hypervisors_of("acme")) == ["host-1"]

    def test_the_system_uuid_renames_the_id(self, world: World) -> None:
        made = world.report(ReportedHost("old-id", "esx", facts={"dmi.system.uuid": UUID})).created[0]
        outcome = world.report(ReportedHost("New-Id", "esx", facts={"dmi.system.uuid": UUID.lower()}))
        assert outcome.updated == [made]
        assert list(world.store.hypervisors_of("acme")) == ["new-id"]

    def test_the_id_has_priority(self, world: World) -> None:
        first = world.report(ReportedHost("h1", "one", facts={"dmi.system.uuid": UUID})).created[0]
        second = world.report(ReportedHost("h2", "two", facts={})).created[0]
        outcome = world.report(ReportedHost("h2", "two", facts={"dmi.system.uuid": UUID}))
        assert outcome.updated == [second]
        assert first.hypervisor is not None
        assert first.hypervisor.hypervisor_id == "h1"

    def test_of_several_with_one_system_uuid_the_last_updated_counts(self, world: World) -> None:
        old = world.add("old", facts={"dmi.system.uuid": UUID})
        new = world.add("new", facts={"dmi.system.uuid": UUID})
        old.updated = world.store.clock.now()
        assert world.report(ReportedHost("h1", facts={"dmi.system.uuid": UUID})).updated == [old]
        assert new.hypervisor is None

    def test_the_switch_turns_system_uuids_off(self, world: World) -> None:
        world.store.settings.match_by_system_uuid = False
        world.report(ReportedHost("h1", facts={"dmi.system.uuid": UUID}))
        assert len(world.report(ReportedHost("h2", facts={"dmi.system.uuid": UUID})).created) == 1

    def test_a_registered_system_becomes_a_hypervisor_and_keeps_its_uuid(self, world: World) -> None:
        system = world.add("rhel.example.com", facts={"dmi.system.uuid": UUID, "uname.machine": "x86_64"})
        outcome = world.report(ReportedHost("h1", facts={"dmi.system.uuid": UUID}), reporter_id="r1")
        assert outcome.updated == [system]
        assert system.type == "hypervisor"
        assert system.name == "rhel.example.com"
        assert system.facts == {"dmi.system.uuid": UUID}
        assert system.hypervisor is not None
        assert (system.hypervisor.hypervisor_id, system.hypervisor.reporter_id) == ("h1", "r1")

    def test_two_ids_that_differ_by_case_make_one_consumer_listed_twice(self, world: World) -> None:
        outcome = world.report(ReportedHost("h1", "esx"), ReportedHost("H1", "esx"))
        assert outcome.created == outcome.unchanged
        assert len(world.store.consumers) == 1

    def test_two_hosts_with_one_system_uuid_collapse(self, world: World) -> None:
        facts = {"dmi.system.uuid": UUID}
        outcome = world.report(ReportedHost("h1", "a", facts=facts), ReportedHost("h2", "b", facts=facts))
        assert outcome.created == outcome.updated
        assert len(world.store.consumers) == 1


class TestUpdate:
    """A host that is known."""

    BASE = ReportedHost("h1", "esx1", guests("g1", "g2"), {"a": "1", "b": "2"})

    @pytest.mark.parametrize(
        ("report", "listed"),
        [
            (BASE, "unchanged"),
            (ReportedHost("H1", "esx1", guests("G2", "g1"), {"b": "2", "a": "1"}), "unchanged"),
            (ReportedHost("h1"), "unchanged"),
            (ReportedHost("h1", "ESX1"), "updated"),
            (ReportedHost("h1", guests=[]), "updated"),
            (ReportedHost("h1", guests=guests("g1")), "updated"),
            (ReportedHost("h1", guests=guests("g1", "g2", "g3")), "updated"),
            (ReportedHost("h1", guests=guests("g1", "g2", active="0")), "updated"),
            (ReportedHost("h1", facts={}), "updated"),
            (ReportedHost("h1", facts={"a": "1"}), "updated"),
            (ReportedHost("h1", facts={"a": "1", "b": "3"}), "updated"),
        ],
    )
    def test_what_counts_as_a_change(self, world: World, report: ReportedHost, listed: str) -> None:
        made = world.report(self.BASE).created[0]
        outcome = world.report(report)
        assert {"updated": outcome.updated, "unchanged": outcome.unchanged}[listed] == [made]
        assert not outcome.created

    def test_what_is_absent_is_left_alone(self, world: World) -> None:
        made = world.report(self.BASE).created[0]
        world.report(ReportedHost("h1"))
        assert (made.name, made.facts, [row.guest_id for row in made.guests]) == (
            "esx1",
            {"a": "1", "b": "2"},
            ["g1", "g2"],
        )

    def test_facts_are_replaced_as_a_whole(self, world: World) -> None:
        made = world.report(self.BASE).created[0]
        world.report(ReportedHost("h1", facts={"c": "3"}))
        assert made.facts == {"c": "3"}

    def test_equal_guests_keep_their_rows_and_changed_ones_get_new_ones(self, world: World) -> None:
        made = world.report(self.BASE).created[0]
        before = {row.guest_id: (row.id, row.updated) for row in made.guests}
        world.report(ReportedHost("h1", guests=guests("g1") + guests("g2", active="0")))
        after = {row.guest_id: (row.id, row.updated) for row in made.guests}
        assert after["g1"] == before["g1"]
        assert after["g2"][0] != before["g2"][0]
        assert after["g2"][1] > before["g2"][1]

    def test_a_check_in_is_noted_even_without_a_change(self, world: World) -> None:
        made = world.report(self.BASE).created[0]
        before = made.last_checkin
        world.report(self.BASE)
        assert made.last_checkin is not None
        assert before is not None
        assert made.last_checkin > before

    def test_the_reporter_alone_is_no_update(self, world: World) -> None:
        made = world.report(self.BASE, reporter_id="r1").created[0]
        assert world.report(self.BASE, reporter_id="R1").unchanged == [made]
        assert made.hypervisor is not None
        assert made.hypervisor.reporter_id == "R1"
        world.report(self.BASE)
        assert made.hypervisor.reporter_id == "R1"

    def test_hosts_that_are_not_reported_stay(self, world: World) -> None:
        world.report(self.BASE, ReportedHost("h2"))
        world.report(ReportedHost("h2"))
        assert set(world.store.hypervisors_of("acme")) == {"h1", "h2"}
        assert len(world.host("h1").guests) == 2

    def test_a_host_that_cannot_be_saved_stays_as_it_was(self, world: World) -> None:
        made = world.report(self.BASE).created[0]
        world.store.settings.broken_hypervisors = {"h1"}
        outcome = world.report(ReportedHost("h1", "new", [], {}))
        assert outcome.failed == ["h1: Unable to update hypervisor with id h1 in org acme"]
        assert not outcome.updated
        assert (made.name, len(made.guests), made.facts) == ("esx1", 2, {"a": "1", "b": "2"})


class TestHeartbeat:
    """Only the time of the last check-in moves."""

    def test_exactly_this_reporter(self, world: World) -> None:
        world.report(ReportedHost("h1"), ReportedHost("h2"), reporter_id="r1")
        world.report(ReportedHost("h3"), reporter_id="R1")
        before = {name: (c.last_checkin, c.updated) for name, c in world.store.hypervisors_of("acme").items()}
        assert heartbeat(world.store, world.owner, "r1") == 2
        after = {name: (c.last_checkin, c.updated) for name, c in world.store.hypervisors_of("acme").items()}
        assert {name for name in before if before[name][0] != after[name][0]} == {"h1", "h2"}
        assert all(before[name][1] == after[name][1] for name in before)

    def test_nobody_is_fine(self, world: World) -> None:
        assert heartbeat(world.store, world.owner, "unknown") == 0


class TestOwnership:
    """Who has a guest that several hosts claim."""

    PLAIN, SWAPPED = "78d7e200-b7d6-4cfe-8121-f8f6f6a3e9d2", "00e2d778-d6b7-fe4c-8121-f8f6f6a3e9d2"

    def registered(self, world: World, virt_uuid: str) -> Consumer:
        return world.add("guest", facts={"virt.is_guest": "true", "virt.uuid": virt_uuid})

    def test_a_check_in_takes_no_guest_from_another_host_but_the_newest_wins(self, world: World) -> None:
        vm = self.registered(world, "g1")
        world.report(ReportedHost("h1", guests=guests("g1")))
        assert ownership.host_of(world.store, vm) is world.host("h1")
        world.report(ReportedHost("h2", guests=guests("g1")))
        assert ownership.host_of(world.store, vm) is world.host("h2")
        assert len(world.host("h1").guests) == 1
        # Sending it again from the old host changes nothing: the row is equal and keeps its time.
        world.report(ReportedHost("h1", guests=guests("g1")))
        assert ownership.host_of(world.store, vm) is world.host("h2")
        world.report(ReportedHost("h2", guests=[]))
        assert ownership.host_of(world.store, vm) is world.host("h1")
        assert ownership.guests_of(world.store, world.host("h1")) == [vm]
        assert ownership.guests_of(world.store, world.host("h2")) == []

    @pytest.mark.parametrize("reported", [PLAIN, PLAIN.upper(), SWAPPED, SWAPPED.upper()])
    def test_spellings(self, world: World, reported: str) -> None:
        vm = self.registered(world, self.PLAIN)
        world.report(ReportedHost("h1", guests=guests(reported)))
        assert ownership.host_of(world.store, vm) is world.host("h1")

    def test_an_opaque_id_has_one_spelling(self) -> None:
        assert ownership.spellings("VM-17") == {"vm-17"}

    def test_another_organization_has_no_say(self, world: World) -> None:
        vm = self.registered(world, "g1")
        other = world.store.add_owner("other")
        check_in(world.store, other, [ReportedHost("h1", guests=guests("g1"))], Options())
        assert ownership.host_of(world.store, vm) is None
