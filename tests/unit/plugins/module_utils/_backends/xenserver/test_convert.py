# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Records of XAPI, as real pools tell them, in the model."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.xenserver.convert import (
    WANTED,
    Found,
    Told,
    convert,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Guest, GuestState, Skipped
from ansible_collections.virtmap.core.tests.servers.xenserver import (
    CONTROL_DOMAIN,
    GUEST,
    SNAPSHOT,
    TEMPLATE,
    Host,
    Machine,
    Pool,
)

UUID = "564dae86-b20b-0214-0203-dc50d3be0ec2"


def told(pool: Pool) -> Told:
    found = Told()
    tables = pool.tables()
    for kind in WANTED:
        take = found.taker(kind)
        for ref, record in tables[kind].items():
            take(ref, record)
    return found


def converted(*machines: Machine, hosts: t.Sequence[Host] = (), **pool: t.Any) -> Found:
    usual = [Host("xen1.example.com", "h1"), Host("xen2.example.com", "h2")]
    return convert(told(Pool(list(hosts) or usual, list(machines), **pool)))


def only_host(**changes: t.Any) -> t.Any:
    return converted(hosts=[Host("xen1.example.com", "h1", changes=changes)]).hosts[0]


def test_a_host() -> None:
    host = converted(Machine("web1", UUID, host=0), name="Blue", uuid="p1").hosts[0]
    assert host.ids == {"uuid": "h1", "hostname": "xen1.example.com"}
    assert (host.uuid, host.name, host.cluster, host.parent) == ("h1", "xen1.example.com", "Blue", "p1")
    assert host.parents == ("Blue", "p1")
    assert host.facts == {
        "cpu.cpu_socket(s)": "2",
        "dmi.system.uuid": "h1",
        "hypervisor.type": "XenServer",
        "hypervisor.version": "8.2.1",
    }
    assert host.guests == [Guest(UUID, "web1", GuestState.RUNNING)]
    assert host.extra == {"enabled": True, "live": True}


def test_a_pool_without_a_name_is_no_cluster() -> None:
    host = converted(uuid="p1").hosts[0]
    assert (host.cluster, host.parent, host.parents) == (None, "p1", ("p1",))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"cpu_info": {"socket_count": "4"}}, "4"),
        ({"cpu_info": {"socket_count": "0"}, "license_params": {"sockets": "8"}}, "8"),
        ({"cpu_info": {"cpu_count": "16"}, "license_params": {"sockets": "2"}}, "2"),
        ({"cpu_info": {"socket_count": "0"}, "license_params": {}}, None),
        ({"cpu_info": {"socket_count": "two"}, "license_params": {}}, None),
        ({"cpu_info": None, "license_params": None}, None),
    ],
)
def test_sockets_are_never_invented(changes: dict[str, t.Any], expected: str | None) -> None:
    assert only_host(**changes).facts.get("cpu.cpu_socket(s)") == expected


def test_facts_that_a_host_does_not_tell_are_absent() -> None:
    facts = only_host(software_version={"product_version": ""}, cpu_info={}, license_params={}).facts
    assert facts == {"dmi.system.uuid": "h1"}
    assert only_host(software_version={"product_brand": "XCP-ng"}).facts["hypervisor.type"] == "XCP-ng"


def test_a_host_without_ids_is_told_with_its_guests() -> None:
    found = converted(Machine("web1", UUID, host=0), hosts=[Host("", "", changes={"name_label": "rack 7"})])
    host = found.hosts[0]
    assert host.ids == {"uuid": None, "hostname": None}
    assert host.name == "rack 7"
    assert host.missing["uuid"] == "its record has none; its 1 guests are not reported"


@pytest.mark.parametrize(
    ("power_state", "state"),
    [
        ("Running", GuestState.RUNNING),
        ("Paused", GuestState.PAUSED),
        # A checkpoint keeps the host while the guest is suspended.
        ("Suspended", GuestState.SUSPENDED),
        ("Halted", GuestState.SHUT_OFF),
        ("Dreaming", GuestState.UNKNOWN),
        (None, GuestState.UNKNOWN),
    ],
)
def test_states_on_a_host(power_state: str | None, state: GuestState) -> None:
    found = converted(Machine("web1", UUID, host=1, changes={"power_state": power_state}))
    assert found.hosts[1].guests == [Guest(UUID, "web1", state)]
    assert (found.hosts[0].guests, found.unplaced, found.skipped) == ([], [], [])


@pytest.mark.parametrize(
    ("power_state", "state"), [("Halted", "shut_off"), ("Suspended", "suspended"), ("?", "unknown")]
)
@pytest.mark.parametrize(("affinity", "expected"), [(1, "h2"), (None, None)])
def test_a_guest_that_is_off_is_on_no_host_whichever_it_prefers(
    power_state: str, state: str, affinity: int | None, expected: str | None
) -> None:
    found = converted(Machine("old1", UUID, power_state, None, affinity))
    assert [host.guests for host in found.hosts] == [[], []]
    assert [guest.to_dict() for guest in found.unplaced] == [
        {"affinity": expected, "uuid": UUID, "name": "old1", "state": state}
    ]


def test_a_preferred_host_that_is_gone_is_none() -> None:
    gone = {"affinity": "OpaqueRef:gone"}
    assert converted(Machine("old1", UUID, "Halted", changes=gone)).unplaced[0].extra == {"affinity": None}


@pytest.mark.parametrize("kind", [TEMPLATE, SNAPSHOT, CONTROL_DOMAIN])
@pytest.mark.parametrize("host", [0, None])
def test_what_is_no_guest_is_left_out(kind: str, host: int | None) -> None:
    found = converted(Machine("no guest", UUID, host=host, kind=kind))
    assert ([host.guests for host in found.hosts], found.unplaced, found.skipped) == ([[], []], [], [])


@pytest.mark.parametrize(
    ("changes", "sign"),
    [
        ({"uuid": None}, "no uuid"),
        ({"uuid": " "}, "no uuid"),
        ({"uuid": ["x"]}, "no uuid"),
        ({"is_a_template": None}, "has no is_a_template"),
        ({"is_a_snapshot": "false"}, "has no is_a_snapshot"),
        ({"is_control_domain": None}, "has no is_control_domain"),
        ({"resident_on": None}, "has no resident_on"),
        ({"resident_on": "OpaqueRef:gone"}, "not among the hosts of the pool"),
        ({"resident_on": "OpaqueRef:NULL"}, "is running, but the pool tells no host"),
        ({"resident_on": "", "power_state": "Paused"}, "is paused, but the pool tells no host"),
    ],
)
def test_a_guest_that_cannot_be_used_is_named_and_loses_nothing_else(changes: dict[str, t.Any], sign: str) -> None:
    good = Machine("good", "1dae86b2-b20b-0214-0203-dc50d3be0ec2", host=0, kind=GUEST)
    found = converted(good, Machine("odd", UUID, host=0, changes=changes))
    assert [guest.name for guest in found.hosts[0].guests or ()] == ["good"]
    assert [(entry.kind, entry.name) for entry in found.skipped] == [("guest", "odd")]
    assert sign in found.skipped[0].reason


def test_objects_that_are_no_records() -> None:
    found = Told()
    for kind, value in (("host", None), ("VM", ["x"]), ("host_metrics", 3), ("pool", "?")):
        found.taker(kind)(f"OpaqueRef:{kind}", value)
    assert found.skipped == [
        Skipped("host", "OpaqueRef:host", "its record is none"),
        Skipped("guest", "OpaqueRef:VM", "its record is none"),
    ]
    assert convert(found).hosts == []


def test_a_dead_host_keeps_its_last_known_guests_and_is_told() -> None:
    found = converted(Machine("web1", UUID, host=0), hosts=[Host("xen1", "h1", live=False), Host("xen2", "h2")])
    assert found.hosts[0].extra["live"] is False
    assert found.hosts[0].guests == [Guest(UUID, "web1", GuestState.RUNNING)]
    assert found.notes == ["1 hosts do not answer their pool; for them the last known state is reported: xen1"]
    assert only_host(metrics="OpaqueRef:gone").extra["live"] is None


def test_a_guest_that_moves_while_the_pool_is_read_is_told() -> None:
    pool = Pool(
        [Host("xen1", "h1"), Host("xen2", "h2")], [Machine("web1", UUID, host=1), Machine("web2", "u2", host=1)]
    )
    tables = pool.tables()
    hosts = list(tables["host"].values())
    hosts[0]["resident_VMs"] = [hosts[1]["resident_VMs"].pop(1), 7]
    found = Told()
    for kind in WANTED:
        for ref, record in tables[kind].items():
            found.taker(kind)(ref, record)
    result = convert(found)
    assert [len(host.guests or ()) for host in result.hosts] == [0, 2]
    assert len(result.notes) == 1
    assert result.notes[0].startswith("1 guests moved to another host")
    assert result.notes[0].endswith("web1")
