# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Collecting from each generation of the API, while all goes well and while the lists change."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, Denied, NotFound, Partial
from ansible_collections.virtmap.core.tests.servers._http import faults
from ansible_collections.virtmap.core.tests.servers.ahv import AhvServer, Node, Vm
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._backends.ahv.conftest import (
    GUESTS,
    PROBES,
    SERVERS,
    Collector,
    estate,
    guests_of,
    meanwhile,
)

V4_VMS = "GET /api/vmm/v4.0/ahv/config/vms"
CALLS = {
    "v2": [
        "GET /api/nutanix/v2.0/vms",
        "GET /api/nutanix/v2.0/hosts",
        "GET /api/nutanix/v2.0/clusters",
        "POST /api/nutanix/v3/clusters/list",
    ],
    "v3": [
        V4_VMS,
        "POST /api/nutanix/v3/vms/list",
        "POST /api/nutanix/v3/hosts/list",
        "POST /api/nutanix/v3/clusters/list",
    ],
    "v4": [V4_VMS, V4_VMS, "GET /api/clustermgmt/v4.0/config/hosts", "GET /api/clustermgmt/v4.0/config/clusters"],
}
# Requests for 1,000 guests: one for each page, and those for the rest.
REQUESTS = {"v2": 6, "v3": 8, "v4": 14}


def test_everything_is_asked_once_and_every_host_is_reported(gather: Collector, api: str) -> None:
    prism = estate(3)
    prism.vms.append(Vm("off", None, "cluster-blue", "off", "guest-off"))
    with SERVERS[api](prism) as server:
        mapping = gather(server)
        assert server.log.calls() == CALLS[api]
        assert server.logins == 1, "the session is given back"
        assert len(server.log.used_connections()) == 1
    assert [(hypervisor["id"], len(hypervisor["guests"])) for hypervisor in mapping["hypervisors"]] == [
        ("host-0", 3),
        ("host-1", 0),
    ]
    assert [(guest["uuid"], guest["state"]) for guest in mapping["unplaced"]] == [("guest-off", "shut_off")]
    assert gather.warnings == []


def test_requests_grow_with_pages(gather: Collector, api: str) -> None:
    with SERVERS[api](estate(1000)) as server:
        assert len(guests_of(gather(server))) == 1000
        assert len(server.log.entries) <= REQUESTS[api]


def test_twenty_thousand_guests_of_a_thousand_hosts(gather: Collector) -> None:
    prism = estate(0, 1000)
    prism.vms = [
        Vm(f"vm{number}", f"host-{number % 1000}", "cluster-blue", uuid=f"g{number}") for number in range(20_000)
    ]
    with SERVERS["v2"](prism) as server:
        mapping = gather(server)
        assert len(mapping["hypervisors"]) == 1000
        assert {len(hypervisor["guests"]) for hypervisor in mapping["hypervisors"]} == {20}
        assert len(server.log.entries) < 50


# -- lists that change


def test_guests_that_go_between_two_pages_hide_no_other(gather: Collector, api: str) -> None:
    prism = estate(700)
    stays = {f"guest-{number:05}" for number in range(700)} - {"guest-00003", "guest-00004", "guest-00005"}

    def change() -> None:
        del prism.vms[3:6]
        prism.vms.append(Vm("vnew", "host-0", "cluster-blue", uuid="guest-new"))

    with SERVERS[api](prism) as server:
        rule = server.faults.add(meanwhile(change), path=GUESTS[api], skip=PROBES[api] + 1)
        found = guests_of(gather(server))
        assert rule.hits == 1
    assert stays <= set(found)
    assert len(found) == len(set(found))


def test_guests_that_come_are_no_reason_to_fail(gather: Collector, api: str) -> None:
    prism = estate(700)

    def change() -> None:
        prism.vms.insert(0, Vm("vm", "host-0", "cluster-blue"))

    with SERVERS[api](prism) as server:
        server.faults.add(meanwhile(change), path=GUESTS[api], times=None)
        found = guests_of(gather(server))
    assert {f"guest-{number:05}" for number in range(700)} <= set(found)
    assert len(found) == len(set(found)), "an entity on two pages is one guest"


def test_a_list_that_never_fits_is_refused(gather: Collector, api: str) -> None:
    def shortened(document: dict[str, list[object]]) -> None:
        del document["data" if api == "v4" else "entities"][-3:]

    with SERVERS[api](estate(50)) as server:
        server.faults.add(faults.edited(shortened), path=GUESTS[api], times=None, skip=PROBES[api])
        with pytest.raises(Partial, match="list of guests as a whole, read 3 times: it announced 50, but gave"):
            gather(server)


def test_an_element_whose_pages_do_not_fit_together_is_asked_for_all_at_once(gather: Collector) -> None:
    with SERVERS["v2"](estate(700)) as server:

        def always_the_first(document: dict[str, t.Any]) -> None:
            for number, entity in enumerate(document["entities"]):
                entity["uuid"] = f"guest-{number:05}"

        server.faults.add(faults.edited(always_the_first), times=None, when=lambda request: "offset=" in request.target)
        assert len(guests_of(gather(server))) == 700
        assert server.log.find("GET", "/api/nutanix/v2.0/vms")[-1].query == {}


@pytest.mark.parametrize("total", [None, -1, "many", True])
def test_a_page_that_does_not_say_how_many_there_are_is_refused(gather: Collector, api: str, total: object) -> None:
    name = {"v2": "grand_total_entities", "v3": "total_matches", "v4": "totalAvailableResults"}[api]

    def changed(document: dict[str, dict[str, object]]) -> None:
        document["metadata"][name] = total

    with SERVERS[api](estate()) as server:
        server.faults.add(faults.edited(changed), path=GUESTS[api], times=None, skip=PROBES[api])
        with pytest.raises(BadAnswer, match=f"without a list of .* and its {name}"):
            gather(server)


# -- which Prism it is


def test_a_central_is_not_taken_for_an_element(gather: Collector) -> None:
    with (
        SERVERS["v4"](estate()) as server,
        pytest.raises(BadAnswer, match="is a Prism Central; set prism_central to true"),
    ):
        gather(server, prism_central=False)


def test_a_central_without_v2_gives_the_hint_too(gather: Collector) -> None:
    with SERVERS["v4"](estate()) as server:
        server.faults.add(faults.status(404), path=".*/v2.0/.*", times=None)
        with pytest.raises(NotFound, match="set prism_central to true if it is a Prism Central"):
            gather(server, prism_central=False)


def test_an_element_asked_as_a_central_is_told(gather: Collector) -> None:
    with SERVERS["v2"](estate()) as server:
        assert len(guests_of(gather(server, prism_central=True))) == 3
    assert len(gather.warnings) == 1
    assert "set prism_central to false if it is a Prism Element" in gather.warnings[0]


@pytest.mark.parametrize(
    ("fault", "warned"),
    [
        (faults.status(404), False),
        (faults.nonsense("html"), False),
        (faults.status(403), True),
        (faults.status(401), True),
        (faults.status(500), True),
    ],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_an_element_that_does_not_say_which_it_is(gather: Collector, fault: faults.Fault, warned: bool) -> None:
    with SERVERS["v2"](estate()) as server:
        server.faults.add(fault, path=".*/v3/clusters/list", times=None)
        assert len(guests_of(gather(server))) == 3
    assert [text for text in gather.warnings if "it is not known whether" in text] == gather.warnings
    assert len(gather.warnings) == warned


def test_an_old_element_without_v3_is_one(gather: Collector) -> None:
    with AhvServer(estate(), has_v3=False) as server:
        assert len(guests_of(gather(server))) == 3
    assert gather.warnings == []


# -- what is in it


def test_a_host_without_a_name(gather: Collector, api: str) -> None:
    prism = estate()
    prism.nodes.append(Node(None, "cluster-blue", "host-9"))
    with SERVERS[api](prism) as server:
        assert [hypervisor["id"] for hypervisor in gather(server)["hypervisors"]] == ["host-0", "host-1", "host-9"]
        named = gather(server, hypervisor_id="hostname")
    assert [hypervisor["id"] for hypervisor in named["hypervisors"]] == ["ahv0.example.com", "ahv1.example.com"]
    assert [(entry["name"], entry["reason"]) for entry in named["skipped"]] == [
        ("host-9", "no hostname: Prism tells no name of this host; use uuid")
    ]


def test_entries_of_the_central_itself_are_no_hosts(gather: Collector) -> None:
    prism = estate()
    prism.nodes.append(Node(None, None, "pseudo", None, None))
    with SERVERS["v3"](prism) as server:
        mapping = gather(server)
    assert [hypervisor["id"] for hypervisor in mapping["hypervisors"]] == ["host-0", "host-1"]
    assert [entry["name"] for entry in mapping["skipped"]] == ["pseudo"]


def test_hosts_and_guests_of_esx_clusters_are_left_out(gather: Collector, api: str) -> None:
    prism = estate()
    prism.nodes.append(Node("esx1", "cluster-blue", "host-esx", version="VMware ESXi 7.0.3", hypervisor="ESX"))
    prism.vms.append(Vm("on-esx", "host-esx", "cluster-blue", hypervisor="ESX"))
    with SERVERS[api](prism) as server:
        mapping = gather(server)
    assert [hypervisor["id"] for hypervisor in mapping["hypervisors"]] == ["host-0", "host-1"]
    assert len(guests_of(mapping)) == 3
    assert [entry["name"] for entry in mapping["skipped"]] == ["esx1"]
    assert len(gather.warnings) == 1


def test_a_guest_that_fails_over_is_in_two_clusters(gather: Collector) -> None:
    prism = estate()
    prism.vms.append(Vm("vm00001", "host-1", "cluster-green", uuid="guest-00001"))
    with SERVERS["v3"](prism) as server:
        found = guests_of(gather(server))
    assert sorted(found) == ["guest-00000", "guest-00001", "guest-00001", "guest-00002"]
    assert "is seen on 2 hypervisors" in gather.warnings[0]


def test_the_uuid_of_the_firmware_is_reported(gather: Collector) -> None:
    prism = estate(1)
    prism.vms[0].bios_uuid = "restored"
    with SERVERS["v4"](prism) as server:
        guest = gather(server)["hypervisors"][0]["guests"][0]
    assert (guest["uuid"], guest["ext_id"]) == ("restored", "guest-00000")


def test_an_account_that_sees_guests_but_no_hosts(gather: Collector, api: str) -> None:
    prism = estate()
    prism.nodes.clear()
    with SERVERS[api](prism) as server, pytest.raises(Denied, match="shows 3 running guests .* none of their hosts"):
        gather(server)


@pytest.mark.parametrize("member", ["uuid", "name", "host_uuid", "power_state"])
def test_a_guest_object_with_a_member_missing(gather: Collector, member: str) -> None:
    with SERVERS["v2"](estate()) as server:
        server.faults.add(faults.without(f"entities.{member}"), path=GUESTS["v2"], times=None)
        mapping = gather(server)
    known = len(guests_of(mapping)) + len(mapping["skipped"]) + len(mapping["unplaced"])
    assert known == 3, "no guest is lost without a word"
