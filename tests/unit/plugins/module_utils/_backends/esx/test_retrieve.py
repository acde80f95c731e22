# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Pages: all of them or none; and accounts that may not see everything."""

from __future__ import annotations

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.esx import retrieve
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    CannotConnect,
    Denied,
    NotFound,
    VirtmapError,
)
from ansible_collections.virtmap.core.tests.servers._http import faults
from ansible_collections.virtmap.core.tests.servers.vcenter import VCenterServer
from ansible_collections.virtmap.core.tests.servers.vcenter.xml import answer

from .conftest import Collector, Lab, placed

NEXT = "ContinueRetrievePropertiesEx"


def test_pages_give_what_one_answer_gives(lab: Lab, gather: Collector) -> None:
    wholes = []
    for page in (1, 2, 5, 1000):
        with VCenterServer(lab.inventory, page=page) as server:
            wholes.append({**gather(server).to_dict(), "collected_at": "", "source": ""})
    assert wholes[1:] == wholes[:-1]


def test_calls_are_five_and_one_for_each_page(lab: Lab, gather: Collector) -> None:
    count = len(lab.inventory.entities)
    for page in (1, 4, 100):
        with VCenterServer(lab.inventory, page=page) as server:
            gather(server)
            assert len(server.calls()) == 5 + -(-count // page)


def test_our_own_page_size_is_asked_for(lab: Lab, gather: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrieve, "PAGE", 3)
    with VCenterServer(lab.inventory, page=None) as server:
        assert gather(server).guest_count == 4
        assert server.calls().count(NEXT) == -(-len(lab.inventory.entities) // 3) - 1


def test_the_token_zero_is_a_token(lab: Lab, gather: Collector) -> None:
    with VCenterServer(lab.inventory, page=6) as server:
        gather(server)
        assert b"<token>0</token>" in next(entry.body for entry in server.log.find() if NEXT.encode() in entry.body)


def test_a_page_that_breaks_off_is_asked_for_once_more(lab: Lab, gather: Collector) -> None:
    with VCenterServer(lab.inventory) as server:
        whole = placed(gather(server))
        server.misbehave(faults.cut_off(0.7), "RetrievePropertiesEx")
        assert placed(gather(server)) == whole


def test_a_used_token_begins_the_reading_anew(lab: Lab, gather: Collector) -> None:
    # The server has handed the page out, so the token that is sent once more is refused.
    with VCenterServer(lab.inventory, page=3) as server:
        whole = placed(gather(server))
        server.log.clear()
        server.misbehave(faults.cut_off(0.7), NEXT)
        assert placed(gather(server)) == whole
        assert server.calls().count("RetrievePropertiesEx") == 2
        assert server.calls().count("Login") == 1
        assert server.sessions == {}


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (faults.cut_off(0.5), (CannotConnect, BadAnswer)),
        (faults.status(500), BadAnswer),
        (faults.status(404), NotFound),
        (faults.nonsense("bad_xml"), BadAnswer),
        (faults.nonsense("empty"), BadAnswer),
        (faults.status(200, answer(NEXT, "").decode(), content_type="text/xml"), None),
    ],
)
def test_a_later_page_that_fails_fails_all(
    lab: Lab, gather: Collector, fault: faults.Fault, error: type[VirtmapError] | None
) -> None:
    with VCenterServer(lab.inventory, page=3) as server:
        server.misbehave(fault, NEXT, times=None, skip=1)
        if error is None:
            # An empty page without a token is the proper end of a result whose other objects have vanished meanwhile.
            assert gather(server).guest_count < 4
        else:
            with pytest.raises(error):
                gather(server)
        assert server.sessions == {}


def test_a_half_read_result_is_released(lab: Lab, gather: Collector) -> None:
    with VCenterServer(lab.inventory, page=3) as server:
        server.fail(NEXT, "RuntimeFault")
        with pytest.raises(BadAnswer):
            gather(server)
        assert server.calls()[-3:] == ["CancelRetrievePropertiesEx", "DestroyView", "Logout"]
        assert gather.warnings == []


def test_the_right_that_pages_need_is_told(lab: Lab, gather: Collector) -> None:
    with VCenterServer(lab.inventory, page=3) as server:
        members = '<object type="Folder">group-d1</object><privilegeId>System.View</privilegeId>'
        server.fail(NEXT, "NoPermission", members)
        with pytest.raises(Denied, match=r"first page but not the next: .*need not propagate"):
            gather(server)


def test_an_object_that_comes_twice_counts_once(lab: Lab, gather: Collector) -> None:
    # Between two pages a machine has moved: the later page knows better.
    with VCenterServer(lab.inventory, page=None) as server:
        spec = server.reader
        original = spec.content

        def twice(what: object, ref: object) -> str:
            text = original(what, ref)  # type: ignore[arg-type]
            if ref != lab.machines["web1"]:
                return text
            return text + text.replace(lab.esx1.id, lab.esx2.id)

        spec.content = twice  # type: ignore[method-assign, assignment]
        assert placed(gather(server))["esx2.example.com"] == ["web1", "web2"]
        assert placed(gather(server))["esx1.example.com"] == ["db1"]


# -- rights


def test_hosts_that_may_not_be_read_are_named(lab: Lab, gather: Collector) -> None:
    entity = lab.inventory.entities[lab.esx1]
    entity.missing = dict.fromkeys(entity.properties, "NoPermission")
    with VCenterServer(lab.inventory) as server:
        mapping = gather(server)
    assert [(entry.kind, entry.name) for entry in mapping.skipped] == [("host", lab.esx1.id)]
    assert "hardware.systemInfo.uuid cannot be read (NoPermission); its 2 guests" in mapping.skipped[0].reason
    assert "may not read properties of 1 objects" in gather.warnings[0]
    assert mapping.guest_count == 2


@pytest.mark.parametrize("path", ["config.uuid", "config.version", "runtime.host"])
def test_machines_of_which_too_little_may_be_read_are_named(lab: Lab, gather: Collector, path: str) -> None:
    entity = lab.inventory.entities[lab.machines["web1"]]
    entity.missing[path] = "NoPermission"
    with VCenterServer(lab.inventory) as server:
        mapping = gather(server)
    assert [(entry.kind, entry.name) for entry in mapping.skipped] == [("guest", "web1")]
    assert f"{path} cannot be read (NoPermission)" in mapping.skipped[0].reason
    assert mapping.unplaced == []


def test_guests_of_hosts_that_are_hidden_are_named(lab: Lab, gather: Collector) -> None:
    lab.inventory.entities[lab.esx1].hidden = True
    with VCenterServer(lab.inventory) as server:
        mapping = gather(server)
    assert [(entry.kind, entry.name) for entry in mapping.skipped] == [("guest", "web1"), ("guest", "db1")]
    assert "2 guests run on 1 hosts that it cannot see" in gather.warnings[0]


def test_an_account_with_a_right_on_a_cluster_only(lab: Lab, gather: Collector) -> None:
    for ref, entity in lab.inventory.entities.items():
        entity.hidden = ref.type in ("Folder", "Datacenter")
    with VCenterServer(lab.inventory) as server:
        mapping = gather(server)
        assert server.calls().count("RetrievePropertiesEx") == 2
    assert placed(mapping)["esx1.example.com"] == ["db1", "web1"]
    assert {host.extra["datacenter"] for host in mapping.hypervisors} == {None}
    assert len(gather.warnings) == 1
    assert "sees only a part of the inventory" in gather.warnings[0]
    assert "may not read the root folder" in gather.warnings[0]
    assert "cannot see what is above 3 hosts" in gather.warnings[0]


def test_a_root_folder_that_answers_but_may_not_be_read(lab: Lab, gather: Collector) -> None:
    lab.inventory.entities[lab.inventory.root].missing = {"name": "NoPermission"}
    with VCenterServer(lab.inventory) as server:
        gather(server)
    assert "may not read the root folder" in gather.warnings[0]


def test_a_denied_object_that_is_not_the_root_is_an_error(lab: Lab, gather: Collector) -> None:
    with VCenterServer(lab.inventory) as server:
        server.fail("RetrievePropertiesEx", "NoPermission", '<object type="Folder">group-v3</object>')
        with pytest.raises(Denied, match=r"denies administrator@vsphere.local a right on group-v3; .*Read-only"):
            gather(server)


def test_a_property_that_this_api_does_not_have(lab: Lab, gather: Collector) -> None:
    with VCenterServer(lab.inventory, unknown={"config.managedBy.extensionKey"}) as server:
        assert gather(server).guest_count == 4
        with pytest.raises(BadAnswer, match="InvalidProperty"):
            gather(server, include_vcls=False)


def test_the_server_stops_in_the_middle(lab: Lab, gather: Collector) -> None:
    with VCenterServer(lab.inventory, page=2) as server:

        def vanish(exchange: object) -> None:
            server.pause()

        server.misbehave(faults.Fault("vanish", vanish), NEXT, skip=1)
        with pytest.raises(CannotConnect, match="cannot be reached: the connection was refused|broke off"):
            gather(server)
        server.resume()
    assert ["the session may stay open there" in warning for warning in gather.warnings] == [True]


def test_one_connection_serves_all_pages(lab: Lab, gather: Collector) -> None:
    with VCenterServer(lab.inventory, page=1) as server:
        gather(server)
        assert len(server.log.used_connections()) == 1
