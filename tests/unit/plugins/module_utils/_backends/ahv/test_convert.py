# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""From what a Prism told to the model."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.ahv import v2, v3, v4
from ansible_collections.virtmap.core.plugins.module_utils._backends.ahv.convert import Converted, convert
from ansible_collections.virtmap.core.plugins.module_utils._backends.ahv.rows import (
    ClusterRow,
    HostRow,
    Told,
    VmRow,
    state_of,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.model import GuestState

HOST = HostRow("h1", "ahv1", "c1", None, "2", "AHV", "Nutanix 1", "S1")
VM = VmRow("g1", None, "web1", "h1", "c1", GuestState.RUNNING)


def converted(
    *vms: VmRow, hosts: tuple[HostRow, ...] = (HOST,), clusters: tuple[ClusterRow, ...] = (ClusterRow("c1", "Blue"),)
) -> Converted:
    return convert(Told(list(vms), list(hosts), list(clusters)))


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("on", GuestState.RUNNING),
        ("ON", GuestState.RUNNING),
        ("powering_on", GuestState.RUNNING),
        ("resuming", GuestState.RUNNING),
        ("resetting", GuestState.RUNNING),
        ("migrating", GuestState.RUNNING),
        ("off", GuestState.SHUT_OFF),
        ("OFF", GuestState.SHUT_OFF),
        ("paused", GuestState.PAUSED),
        ("pausing", GuestState.PAUSED),
        ("PAUSED", GuestState.PAUSED),
        ("suspended", GuestState.SUSPENDED),
        ("SUSPENDED", GuestState.SUSPENDED),
        ("suspending", GuestState.SUSPENDED),
        ("shutting_down", GuestState.SHUTTING_DOWN),
        ("powering_off", GuestState.SHUTTING_DOWN),
        ("UNDETERMINED", GuestState.UNKNOWN),
        ("$UNKNOWN", GuestState.UNKNOWN),
        ("", GuestState.UNKNOWN),
        (None, GuestState.UNKNOWN),
    ],
)
def test_every_power_state(word: str | None, state: GuestState) -> None:
    assert state_of(word) is state


@pytest.mark.parametrize("state", [GuestState.RUNNING, GuestState.PAUSED])
def test_one_that_runs_nobody_knows_where_is_named_and_does_not_pass_for_one_that_is_off(state: GuestState) -> None:
    found = converted(VM._replace(host=None, state=state), VM._replace(host=None, state=GuestState.SHUT_OFF))
    assert [guest.state for guest in found.unplaced] == [GuestState.SHUT_OFF]
    (entry,) = found.skipped
    assert (entry.name, entry.reason) == ("web1", f"it is {state.word}, but Prism tells no host for it")


def test_a_guest_is_reported_under_the_uuid_that_it_sees() -> None:
    guest = (converted(VM._replace(bios_uuid="b1")).hosts[0].guests or [])[0]
    assert (guest.uuid, guest.extra) == ("b1", {"ext_id": "g1"})


def test_uuids_are_compared_without_regard_to_case() -> None:
    result = converted(VM._replace(host="H1"), clusters=(ClusterRow("C1", "Blue"),))
    assert [guest.uuid for guest in result.hosts[0].guests or []] == ["g1"]
    assert result.hosts[0].cluster == "Blue"


def test_a_cluster_without_a_name_is_reported_as_virt_who_does() -> None:
    for clusters in ((), (ClusterRow("c1", None),)):
        host = converted(clusters=clusters).hosts[0]
        assert (host.cluster, host.parent, host.facts["hypervisor.cluster"]) == (None, "c1", "c1")
        assert host.parents == ("c1",)
    named = converted(hosts=(HOST._replace(cluster_name="Told with the host"),), clusters=()).hosts[0]
    assert named.cluster == "Told with the host"


def test_what_is_not_told_is_absent() -> None:
    bare = HostRow("h1", None, None, None, None, "AHV", None, None)
    host = converted(VM, hosts=(bare,), clusters=()).hosts[0]
    assert host.facts == {"dmi.system.uuid": "h1", "hypervisor.type": "AHV"}
    assert (host.name, host.cluster, host.parent, host.parents) == (None, None, None, ())


def test_a_host_without_hardware_is_one_only_if_it_runs_guests() -> None:
    bare = HOST._replace(uuid="h2", name=None, sockets=None, version=None)
    result = converted(hosts=(HOST, bare))
    assert [host.uuid for host in result.hosts] == ["h1"]
    assert [(entry.kind, entry.name) for entry in result.skipped] == [("host", "h2")]
    assert len(converted(VM._replace(host="h2"), hosts=(HOST, bare)).hosts) == 2


def test_the_guests_of_a_host_without_a_uuid_are_not_known() -> None:
    host = converted(hosts=(HOST._replace(uuid=None),)).hosts[0]
    assert host.guests is None, "a reporter must leave the guests of this host alone"


def test_other_hypervisors_are_left_out_and_counted() -> None:
    esx = HOST._replace(uuid="h2", name="esx1", hypervisor="ESX")
    result = converted(VM, VM._replace(ext_id="g2", host="h2"), VM._replace(hypervisor="ESX"), hosts=(HOST, esx))
    assert [host.name for host in result.hosts] == ["ahv1"]
    assert len(result.hosts[0].guests or []) == 1
    assert [(entry.name, entry.reason) for entry in result.skipped] == [("esx1", "its hypervisor is ESX, not AHV")]
    assert len(result.notes) == 1
    assert "1 hosts and 2 guests of another hypervisor than AHV (ESX)" in result.notes[0]


def test_a_guest_on_a_host_that_is_not_listed_is_named() -> None:
    result = converted(VM, VM._replace(ext_id="g2", name="lost", host="h9"))
    assert [(entry.kind, entry.name) for entry in result.skipped] == [("guest", "lost")]
    assert "host h9, which is not in the list" in result.skipped[0].reason
    assert result.homeless == 1
    assert len(result.hosts[0].guests or []) == 1


@pytest.mark.parametrize("item", [None, 7, "text", [], {}, {"metadata": [], "status": 3, "host": "x", "uuid": 5}])
@pytest.mark.parametrize("module", [v2, v3, v4])
def test_an_entity_of_any_shape_is_a_row(module: t.Any, item: object) -> None:
    assert module.vm_row(item).key is None
    assert module.host_row(item).uuid is None
    assert module.cluster_row(item).uuid is None


@pytest.mark.parametrize(
    ("told", "sockets"), [(2, "2"), (0, None), (-1, None), (True, None), ("2", None), (None, None), (2.5, None)]
)
def test_sockets_are_a_positive_number_or_absent(told: object, sockets: str | None) -> None:
    assert v2.host_row({"num_cpu_sockets": told}).sockets == sockets


@pytest.mark.parametrize(
    ("row", "hypervisor"),
    [
        (v2.host_row({"hypervisor_type": "kKvm"}), "AHV"),
        (v2.host_row({"hypervisor_type": None}), "AHV"),
        (v2.host_row({"hypervisor_type": "kVMware"}), "ESX"),
        (v2.host_row({"hypervisor_type": "kHyperv"}), "Hyper-V"),
        (v3.host_row({"status": {"resources": {"hypervisor": {"hypervisor_full_name": "Nutanix 2022"}}}}), "AHV"),
        (v3.host_row({"status": {"resources": {"hypervisor": {"hypervisor_full_name": "VMware ESXi 7"}}}}), "VMware"),
        (v4.host_row({"hypervisor": {"type": "AHV"}}), "AHV"),
        (v4.host_row({"hypervisor": {"type": "$REDACTED"}}), "AHV"),
        (v4.host_row({"hypervisor": {"type": "ESX"}}), "ESX"),
    ],
)
def test_the_kind_of_hypervisor(row: HostRow, hypervisor: str) -> None:
    assert row.hypervisor == hypervisor
