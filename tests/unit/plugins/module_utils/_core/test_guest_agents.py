# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What guest agents tell, joined to the guests of mappings, in tables and inventory."""

from __future__ import annotations

import csv
import io
import json

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.guest_agents import join
from ansible_collections.virtmap.core.plugins.module_utils._core.parse import parse_mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.tables import to_csv

ONE, TWO, THREE = (f"564dae86-b20b-0214-0203-dc50d3be0ec{number}" for number in (1, 2, 3))


def mapping():
    guests = [
        {"uuid": ONE, "name": "web1", "state": "running"},
        {"uuid": TWO, "name": "twin", "state": "running"},
        {"uuid": THREE, "name": "twin", "state": "running"},
    ]
    return parse_mapping(
        {
            "backend": "libvirt",
            "source": "qemu:///system",
            "collected_at": "2026-11-21T08:00:00Z",
            "hypervisors": [{"id": "h1", "uuid": None, "name": "h1", "cluster": None, "parent": None, "facts": {}, "guests": guests}],
            "skipped": [],
            "unplaced": [],
        }
    )  # fmt: skip


def told(**more):
    return {
        "responsive": True, "protocol": "qemu", "hostname": "web1", "fqdn": "web1.example.com", "addresses": ["192.0.2.5", "2001:db8::5"],
        "os": {"name": "Debian GNU/Linux", "version": "12"}, "users": ["ann"], **more,
    }  # fmt: skip


def joined(agents):
    one = mapping()
    join([one], agents)
    return {guest["uuid"]: guest.get("guest_agent") for guest in one.to_dict()["hypervisors"][0]["guests"]}


@pytest.mark.parametrize("key", [ONE, ONE.upper(), "web1", "WEB1"])
def test_guests_are_found_by_uuid_and_name(key):
    found = joined({key: {"changed": False, "guest_agent": told()}})
    assert found[ONE] == {key: told()[key] for key in ("fqdn", "hostname", "addresses", "os", "protocol")}
    assert found[TWO] is None


def test_name_that_two_guests_have_joins_nothing():
    assert set(joined({"twin": told()}).values()) == {None}


def test_name_that_is_the_uuid_of_another_guest_joins_nothing():
    one = mapping()
    one.hypervisors[0].guests[0].name = TWO
    join([one], {TWO: told()})
    assert ["guest_agent" in guest.extra for guest in one.hypervisors[0].guests] == [False, True, False]


def test_agent_that_did_not_answer_adds_nothing():
    assert set(joined({ONE: told(responsive=False)}).values()) == {None}


@pytest.mark.parametrize("agents", [None, [], "x", {ONE: None}, {ONE: {"fqdn": "x"}}, {ONE: {"guest_agent": 7}}])
def test_what_no_agent_told_is_refused(agents):
    with pytest.raises(InvalidInput, match="agents"):
        joined(agents)


def test_csv_has_columns_for_it_only_where_it_is_there():
    plain, rich = mapping(), mapping()
    join([rich], {ONE: told(fqdn="=cmd()")})
    assert "fqdn" not in to_csv([plain])
    first = next(csv.DictReader(io.StringIO(to_csv([rich]))))
    assert (first["fqdn"], first["addresses"], first["os"]) == (
        "'=cmd()",
        "192.0.2.5 2001:db8::5",
        "Debian GNU/Linux 12",
    )


def test_inventory_has_it_as_a_variable(tmp_path):
    from ansible_collections.virtmap.core.plugins.module_utils._backends.file.client import collect
    from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection

    entries = pytest.importorskip("ansible_collections.virtmap.core.plugins.plugin_utils._inventory").entries
    one = mapping()
    join([one], {ONE: told(addresses=["192.0.2.5"])})
    path = tmp_path / "mapping.json"
    path.write_text(json.dumps(one.to_dict()))
    read = collect({"path": str(path), "max_age": None}, Selection.from_options({}), pytest.fail)
    first = next(entry for entry in entries([read], ["name", "uuid"]) if entry.name == "web1")
    assert first.variables["virtmap_guest_agent"]["fqdn"] == "web1.example.com"
    # What a guest says about itself is not where credentials are sent.
    assert "ansible_host" not in first.variables
