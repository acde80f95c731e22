# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""From the engine's answers to hosts with their guests."""

from __future__ import annotations

import io
import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.ovirt import rows
from ansible_collections.virtmap.core.plugins.module_utils._backends.ovirt.convert import STATES, Found, convert
from ansible_collections.virtmap.core.plugins.module_utils._backends.ovirt.reading import Fleet
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer
from ansible_collections.virtmap.core.plugins.module_utils._core.model import GuestState
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection
from ansible_collections.virtmap.core.plugins.module_utils._transport.xmlstream import elements
from ansible_collections.virtmap.core.tests.servers._http import faults
from ansible_collections.virtmap.core.tests.servers.ovirt import Accounts, EngineServer, Inventory

from .conftest import PASSWORD, PLACED, USER, Collector, Lab, placed

FIXTURES = Path(__file__).parents[4] / "fixtures" / "ovirt"
# What virt-who reported, for each word of the engine.
VIRT_WHO = {
    "unassigned": 0, "down": 5, "up": 1, "powering_up": 5, "paused": 3, "migrating": 0, "unknown": 0,
    "not_responding": 2, "wait_for_launch": 2, "reboot_in_progress": 5, "saving_state": 4, "restoring_state": 5,
    "suspended": 7, "image_locked": 6, "powering_down": 4, "powered_down": 4, "migrating_from": 5, "migrating_to": 5,
    "image_illegal": 6,
}  # fmt: skip
# Where it was wrong: a guest that starts, restarts or moves runs on its host.
RIGHT = dict.fromkeys(("powering_up", "reboot_in_progress", "migrating", "migrating_from", "migrating_to"), 1)


def read(version: int, name: str, tag: str, row: t.Callable[[t.Any], t.Any]) -> list[t.Any]:
    source = io.BytesIO((FIXTURES / f"{name}-{version}.xml").read_bytes())
    return [row(element) for element in elements(source, (tag,), "it", "XML", name)]


def fleet(version: int) -> Fleet:
    return Fleet(
        read(4, "clusters", "cluster", rows.cluster),
        read(version, "hosts", "host", rows.host),
        read(version, "vms", "vm", rows.vm),
    )


def by_name(found: Found) -> dict[str, t.Any]:
    return {host.name or "": host for host in found.hosts}


def test_rows_of_version_4() -> None:
    found = fleet(4)
    assert found.clusters == [
        rows.Cluster("5e1a", "Blue", True),
        rows.Cluster("5e1b", "Storage", False),
        rows.Cluster("5e1c", "Both & <more>", True),
    ]
    assert found.hosts[0] == rows.Host(
        id="aa01",
        name="rack1-left",
        address="host1.example.com",
        cluster_id="5e1a",
        status="up",
        hardware_uuid="4C4C4544-0051-3610-8052-B4C04F4E3132",
        sockets="2",
        version="vdsm-4.50.5.1-1.el9",
        guest_count=4,
    )
    assert found.hosts[1] == rows.Host(
        "aa02", "rack1-right", "host2.example.com", "5e1a", "install_failed", None, None, None, 0
    )
    assert found.vms[:2] == [
        rows.Vm("bb01", "web1", "migrating", "aa01"),
        rows.Vm("bb02", "pinned-but-down", "down", None),
    ]


def test_rows_of_version_3() -> None:
    found = fleet(3)
    assert found.hosts == [
        rows.Host(
            "aa01", "rack1-left", "host1.example.com", "5e1a", "up", "4C4C4544-0051-3610-8052-B4C04F4E3132", "2",
            "vdsm-4.17.35-1.el7ev", 1,
        )
    ]  # fmt: skip
    assert found.vms == [rows.Vm("bb01", "web1", "migrating_from", "aa01")]


def test_a_host_as_virt_who_reports_it() -> None:
    host = by_name(convert(fleet(4)))["host1.example.com"]
    assert host.ids == {
        "uuid": "aa01",
        "hwuuid": "4C4C4544-0051-3610-8052-B4C04F4E3132",
        "hostname": "host1.example.com",
    }
    assert host.facts == {
        "cpu.cpu_socket(s)": "2",
        "dmi.system.uuid": "4C4C4544-0051-3610-8052-B4C04F4E3132",
        "hypervisor.cluster": "Blue",
        "hypervisor.type": "qemu",
        "hypervisor.version": "vdsm-4.50.5.1-1.el9",
    }
    assert (host.uuid, host.cluster, host.parent, host.parents) == ("aa01", "Blue", "5e1a", ("Blue", "5e1a"))
    assert host.extra == {"status": "up", "engine_name": "rack1-left"}
    assert [(guest.uuid, guest.name, guest.state, guest.extra) for guest in host.guests] == [
        ("bb01", "web1", GuestState.RUNNING, {"status": "migrating"}),
        ("bb03", "external-web9", GuestState.RUNNING, {"status": "up"}),
        ("bb06", None, GuestState.UNKNOWN, {"status": "something_new"}),
        ("bb07", "without-status", GuestState.UNKNOWN, {}),
    ]


def test_a_host_that_was_never_up_is_reported_with_what_is_known() -> None:
    found = convert(fleet(4))
    host = by_name(found)["host2.example.com"]
    assert host.facts == {"hypervisor.type": "qemu", "hypervisor.cluster": "Blue"}
    assert host.guests == []
    _hosts, skipped = Selection(hypervisor_id="hwuuid").apply(found.hosts)
    assert {entry.name for entry in skipped} == {"host2.example.com", "host4.example.com"}
    assert "no hardware information of the host" in skipped[0].reason
    assert "(it is install_failed)" in skipped[0].reason


@pytest.mark.parametrize("sockets", ["0", "-2", "two", "2" * 5000])
def test_a_number_of_sockets_that_is_none_is_not_told(sockets: str) -> None:
    host = rows.Host("aa01", None, "h", None, None, None, sockets, None, None)
    (found,) = convert(Fleet([], [host], [])).hosts
    assert found.facts == {"hypervisor.type": "qemu"}


def test_hosts_of_storage_clusters_are_left_out_and_the_others_are_not() -> None:
    found = convert(fleet(4))
    assert set(by_name(found)) == {"host1.example.com", "host2.example.com", "host4.example.com"}
    new = by_name(found)["host4.example.com"]
    # A cluster that the engine did not list is no reason to lose the host.
    assert (new.cluster, new.parent, new.parents) == (None, "5eff", ("5eff",))
    assert new.facts == {"hypervisor.type": "qemu"}
    assert [note for note in found.notes if "did not list the clusters of these hosts" in note and "host4" in note]


@pytest.mark.parametrize("word", ["up", "migrating", "paused"])
def test_one_that_runs_nobody_knows_where_does_not_pass_for_one_that_is_off(word: str) -> None:
    found = convert(Fleet([], [], [rows.Vm("bb01", "web1", word, None), rows.Vm("bb02", "db1", "suspended", None)]))
    assert [guest.uuid for guest in found.unplaced] == ["bb02"]
    assert [entry.name for entry in found.skipped] == ["web1"]
    assert found.skipped[0].reason.endswith(", but the engine tells no host for it")


def test_guests_that_cannot_be_reported_are_named() -> None:
    found = convert(fleet(4))
    reasons = {entry.name: entry.reason for entry in found.skipped}
    assert set(reasons) == {"on-storage", "on-a-new-host", "no-id"}
    assert "cluster Storage, which is not there to run guests" in reasons["on-storage"]
    assert "host aaff, which the engine did not list" in reasons["on-a-new-host"]
    assert "without an id" in reasons["no-id"]
    assert [guest.uuid for guest in found.unplaced] == ["bb02"]
    assert found.unplaced[0].state is GuestState.SHUT_OFF
    assert [note for note in found.notes if "on-a-new-host is left out" in note]


@pytest.mark.parametrize("word", sorted(VIRT_WHO))
def test_each_state(word: str) -> None:
    assert STATES[word] == RIGHT.get(word, VIRT_WHO[word])


def test_all_states_are_in_the_table() -> None:
    assert STATES.keys() == VIRT_WHO.keys()


def test_a_host_without_an_id_does_not_claim_to_be_empty() -> None:
    row = rows.Host(None, "host1", "host1.example.com", None, "up", "HW", "2", None, None)
    found = convert(Fleet([rows.Cluster("c", "Blue", True)], [row], []))
    assert found.hosts[0].guests is None, "not known, so a reporter leaves them alone"
    hypervisors, _skipped = Selection(hypervisor_id="hostname").apply(found.hosts)
    assert hypervisors[0].to_dict()["guests"] is None


def test_a_cluster_that_does_not_tell_its_service_counts() -> None:
    cluster = rows.Cluster("c", "Blue", True)
    row = rows.Host("h", "host1", "host1.example.com", "c", "up", None, None, None, None)
    assert convert(Fleet([cluster], [row], [])).hosts[0].cluster == "Blue"
    source = io.BytesIO(b'<clusters><cluster id="c"><name>Blue</name></cluster></clusters>')
    assert [rows.cluster(element) for element in elements(source, ("cluster",), "it", "XML", "clusters")] == [cluster]


def test_an_engine_that_counts_more_than_it_lists_is_told(lab: Lab, gather: Collector) -> None:
    lab.hosts[0].total = 5
    lab.hosts[1].total = 0
    with lab.serve() as server:
        assert placed(gather(server)) == PLACED
    (warning,) = gather.warnings
    assert "counts more guests on these hosts than it listed: host1.example.com (2 of 5); " in warning
    assert "ReadOnlyAdmin" in warning


def test_an_engine_that_shows_nothing_is_told(gather: Collector) -> None:
    with EngineServer(Inventory(), Accounts({USER: PASSWORD})) as server:
        assert gather(server).hypervisors == []
    assert [warning for warning in gather.warnings if "listed no cluster at all" in warning]


def test_one_object_within_another_is_not_misread(lab: Lab, gather: Collector) -> None:
    body = b"<vms><vm id='a'><name>x</name><vm id='b'/></vm></vms>"
    with lab.serve() as server:
        server.faults.add(faults.status(200, body, content_type="application/xml"), path="/ovirt-engine/api/vms")
        with pytest.raises(BadAnswer, match="one vm within another"):
            gather(server)


def test_entities_are_not_expanded(lab: Lab, gather: Collector) -> None:
    body = b"<!DOCTYPE vms [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><vms><vm id='a'><name>&x;</name></vm></vms>"
    with lab.serve() as server:
        server.faults.add(faults.status(200, body, content_type="application/xml"), path="/ovirt-engine/api/vms")
        with pytest.raises(BadAnswer, match="document type declaration"):
            gather(server)
