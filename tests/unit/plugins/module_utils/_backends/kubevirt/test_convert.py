# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""From the objects of the API server to the model."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.convert import (
    Instances,
    Machines,
    Nodes,
    dashed,
    state_of,
)
from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.quantity import whole
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Guest, GuestState
from ansible_collections.virtmap.core.tests.servers.kubevirt import Instance, Machine, Node

UUID = "0e2b4d6f-8a1c-4e3f-9b5d-7f1a3c5e7092"
MACHINE_ID, SYSTEM_UUID = "3b1c4f5a6d7e48f09a1b2c3d4e5f6071", "4C4C4544-0042-4A10-8056-B4C04F4D3532"
# Phase, whether a node is named: where the guest is listed, and its state.
PHASES = {
    ("Pending", False): ("unplaced", GuestState.SHUT_OFF),
    ("", False): ("unplaced", GuestState.SHUT_OFF),
    ("Scheduling", False): ("unplaced", GuestState.SHUT_OFF),
    ("Scheduled", True): ("placed", GuestState.RUNNING),
    ("Running", True): ("placed", GuestState.RUNNING),
    ("Running", False): ("skipped", None),
    ("Succeeded", True): ("placed", GuestState.SHUT_OFF),
    ("Succeeded", False): ("unplaced", GuestState.SHUT_OFF),
    ("Failed", True): ("placed", GuestState.CRASHED),
    ("Failed", False): ("unplaced", GuestState.CRASHED),
    ("WaitingForSync", True): ("unplaced", GuestState.SHUT_OFF),
    ("Unknown", True): ("placed", GuestState.UNKNOWN),
    ("Unknown", False): ("skipped", None),
    ("Dreaming", True): ("placed", GuestState.UNKNOWN),
}


def instance(**more: t.Any) -> dict[str, t.Any]:
    return Instance("web1", **{"uuid": UUID, "namespace": "shop", **more}).document(1)


def taken(*items: object) -> Instances:
    found = Instances()
    for item in items:
        found.add(item)
    return found


def nodes(*items: object, guests: t.Mapping[str, list[Guest]] | None = None, **options: bool) -> Nodes:
    found = Nodes(guests or {}, **{"cpus_as_sockets": False, "schedulable_only": False, **options})
    for item in items:
        found.add(item)
    return found


@pytest.mark.parametrize(("told", "expected"), PHASES.items())
def test_every_phase(told: tuple[str, bool], expected: tuple[str, GuestState | None]) -> None:
    phase, on_node = told
    found = taken(instance(phase=phase, node="node1" if on_node else None))
    lists = {"placed": found.by_node.get("node1", []), "unplaced": found.unplaced, "skipped": found.skipped}
    assert {place: len(things) for place, things in lists.items() if things} == {expected[0]: 1}
    if expected[1] is not None:
        (guest,) = found.by_node.get("node1", found.unplaced)
        assert guest.state == expected[1]
    else:
        assert f"in the phase {phase}, but on no node" in found.skipped[0].reason


@pytest.mark.parametrize("paused, state", [("True", 3), ("False", 1), ("Unknown", 1)])
def test_a_guest_that_is_paused(paused: str, state: int) -> None:
    assert state_of(instance(conditions={"Ready": "True", "Paused": paused}), "Running") == GuestState(state)
    assert state_of(instance(conditions={"Paused": "True"}), "Succeeded") == GuestState.SHUT_OFF


def test_a_guest_as_it_is_told() -> None:
    (guest,) = taken(instance()).by_node["node1"]
    assert guest.to_dict() == {
        "uuid": UUID,
        "name": "web1",
        "state": "running",
        "namespace": "shop",
        "phase": "Running",
        "migration_target": None,
    }


@pytest.mark.parametrize(
    "migration, target",
    [
        (None, None),
        ({"sourceNode": "node1", "targetNode": "node2"}, "node2"),
        ({"sourceNode": "node1"}, None),
        ({"sourceNode": "node1", "targetNode": "node2", "completed": True}, None),
        ({"sourceNode": "node1", "targetNode": "node2", "completed": True, "failed": True}, None),
    ],
)
def test_a_guest_that_migrates_is_on_the_node_that_its_status_names(
    migration: dict[str, t.Any] | None, target: str | None
) -> None:
    (guest,) = taken(instance(migration=migration)).by_node["node1"]
    assert (guest.state, guest.extra["migration_target"]) == (GuestState.RUNNING, target)


@pytest.mark.parametrize(
    "text, expected",
    [
        (UUID, UUID),
        (UUID.upper(), UUID),
        (UUID.replace("-", ""), UUID),
        (f" {UUID}\n", UUID),
        (None, None),
        ("", None),
        (UUID[:-1], None),
        (f"{{{UUID}}}", None),
        ("x" * 32, None),
    ],
)
def test_uuids(text: str | None, expected: str | None) -> None:
    assert dashed(text) == expected


@pytest.mark.parametrize(
    "item, name",
    [
        (None, "(no name)"),
        ("text", "(no name)"),
        ([], "(no name)"),
        ({}, "(no name)"),
        ({"metadata": None, "spec": None, "status": None}, "(no name)"),
        ({"metadata": {"name": "web1"}, "spec": {"domain": "text"}, "status": []}, "web1"),
        (instance(uuid=None), "shop/web1"),
        (instance(uuid="four"), "shop/web1"),
    ],
)
def test_an_object_that_is_broken_is_named(item: object, name: str) -> None:
    found = taken(item, instance())
    assert [(entry.kind, entry.name) for entry in found.skipped] == [("guest", name)]
    assert "no uuid" in found.skipped[0].reason
    assert len(found.by_node["node1"]) == 1


@pytest.mark.parametrize("field", ["conditions", "migrationState"])
@pytest.mark.parametrize("value", [None, "text", 4, [], {}, [None, "text", {"type": 4}]])
def test_a_field_of_another_kind_hurts_nobody(field: str, value: object) -> None:
    item = instance()
    item["status"][field] = value
    (guest,) = taken(item).by_node["node1"]
    assert guest.state == GuestState.RUNNING


def test_a_node_as_virt_who_reports_it_but_for_the_sockets() -> None:
    (host,) = nodes(Node("node1", MACHINE_ID, SYSTEM_UUID, "n1.example.com").document(1)).hosts
    assert host.ids == {"uuid": MACHINE_ID, "hwuuid": SYSTEM_UUID.lower(), "hostname": "n1.example.com"}
    assert (host.uuid, host.name, host.cluster, host.parents) == (MACHINE_ID, "node1", None, ())
    assert host.facts == {
        "dmi.system.uuid": MACHINE_ID,
        "hypervisor.type": "qemu",
        "hypervisor.version": "v1.28.7",
    }
    assert host.extra == {"system_uuid": SYSTEM_UUID, "logical_cpus": 64, "schedulable": True}
    assert host.guests == []


@pytest.mark.parametrize(
    "allocatable, told", [("64", "64"), ("63500m", "63"), ("1.5", "1"), ("1k", "1000"), ("x", None), ("", None)]
)
def test_the_sockets_of_virt_who_are_cpus(allocatable: str, told: str | None) -> None:
    (host,) = nodes(Node(allocatable=allocatable).document(1), cpus_as_sockets=True).hosts
    assert host.facts.get("cpu.cpu_socket(s)") == told


def test_a_node_without_an_address_of_the_type_hostname() -> None:
    (host,) = nodes(Node("node1", MACHINE_ID, hostname=None).document(1)).hosts
    assert host.ids["hostname"] == MACHINE_ID


@pytest.mark.parametrize(
    "item",
    [None, [], {}, {"metadata": {"name": "node1"}}, {"metadata": {"name": "node1"}, "status": {"nodeInfo": None}}],
)
def test_a_node_that_is_broken_has_no_ids(item: object) -> None:
    guests = {"node1": [Guest(UUID)]}
    (host,) = nodes(item, guests=guests).hosts
    assert set(host.ids.values()) == {None}
    if isinstance(item, dict) and item:
        assert host.missing["uuid"] == "the node tells no machineID; its 1 guests are not reported"


def test_only_nodes_that_kubevirt_uses() -> None:
    items = [Node("worker").document(1), Node("control", schedulable=False).document(1)]
    items.append(Node("cordoned", schedulable=False).document(1))
    assert [host.name for host in nodes(*items).hosts] == ["worker", "control", "cordoned"]
    found = nodes(*items, guests={"cordoned": [Guest(UUID)]}, schedulable_only=True)
    assert [host.name for host in found.hosts] == ["worker", "cordoned"]
    assert found.names == {"worker", "control", "cordoned"}


def test_machines_without_an_instance_are_stopped() -> None:
    machines = Machines()
    for machine in (Machine("off", UUID, "a"), Machine("on", UUID, "a"), Machine("new", None, "b")):
        machines.add(machine.document(1))
    machines.add(Machine("on", None, "b").document(1))
    stopped, skipped = machines.without({("a", "on"), ("b", "on")})
    assert [(guest.name, guest.state, guest.extra["namespace"]) for guest in stopped] == [
        ("off", GuestState.SHUT_OFF, "a")
    ]
    assert [entry.name for entry in skipped] == ["b/new"]


@pytest.mark.parametrize(
    "text, number",
    [
        ("64", 64), ("0", 0), ("+5", 5), ("63500m", 63), ("999m", 0), ("1.5", 1), (".5", 0), ("5.", 5), ("1k", 1000),
        ("2M", 2_000_000), ("1Ki", 1024), ("1.5Gi", 1_610_612_736), ("100e-3", 0), ("1e3", 1000), ("1E3", 1000),
        ("1E", 10**18), ("12E2", 1200), ("5000000000n", 5), ("3500000u", 3), (None, None), ("", None), ("m", None),
        ("1 k", None), ("1K", None), ("0x10", None), ("1e999999999", None), ("\u0661", None), ("NaN", None),
        ("-1.5", -2),
    ],
)  # fmt: skip
def test_quantities(text: str | None, number: int | None) -> None:
    assert whole(text) == number
