# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The filters of role report lose nobody."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.virtmap.core.plugins.filter.mappings import FilterModule as OfMappings
from ansible_collections.virtmap.core.plugins.filter.reporting import FilterModule as OfReports
from ansible_collections.virtmap.core.tests.unit.playbooks.play import mapping

FILTERS = {**OfMappings().filters(), **OfReports().filters()}


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("group_by_destination", ([{"server": "one"}], ["a", "b"]), "1 destinations, but 2 sources"),
        ("report_figures", ([mapping()], []), "1 mappings, but 0 sources"),
        ("report_record", ({}, ["a"], [], [], [], "now"), "0 mappings, but 1 sources"),
        ("report_record", ({}, [], [], ["one"], [], "now"), "0 results, but 1 receivers"),
        # The second receiver's answer would be taken for the first one's.
        ("report_status", ({}, ["one", "two"], [{"failed": False}], {}), "1 results, but 2 receivers"),
        ("pack_mappings", ([mapping()], []), "1 mappings, but 0 sources"),
    ],
)
def test_lists_that_do_not_belong_together_are_refused(name: str, arguments: tuple[t.Any, ...], words: str) -> None:
    with pytest.raises(AnsibleFilterError, match=words):
        FILTERS[name](*arguments)


def test_each_destination_is_one_report() -> None:
    one, two = {"server": "one", "owner": "acme"}, {"rhsm_conf": "/etc/rhsm/rhsm.conf"}
    groups = FILTERS["group_by_destination"]([one, {}, two, dict(one)], ["a", "b", "c", "d"])
    assert [(group["name"], group["sources"]) for group in groups] == [
        ("one (acme)", ["a", "d"]),
        ("/etc/rhsm/rhsm.conf", ["c"]),
    ]
