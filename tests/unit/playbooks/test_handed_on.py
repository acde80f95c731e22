# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Mappings that one job gathers and another reports: what is handed on, and what is refused."""

from __future__ import annotations

import json
import typing as t
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.packed import collect, pack, unpack, variable_name
from ansible_collections.virtmap.core.plugins.module_utils._core.parse import parse_mapping
from ansible_collections.virtmap.core.tests.servers.candlepin import CandlepinServer
from ansible_collections.virtmap.core.tests.unit.playbooks.play import HOSTILE, Site, guest, hypervisor, mapping

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=timezone.utc)


def packed(*hosts: dict[str, t.Any], now: datetime = NOW) -> str:
    return pack(parse_mapping(mapping(*hosts)), now)


def test_a_packed_mapping_comes_back_as_it_was_and_is_no_template() -> None:
    document = mapping({**hypervisor("h1", guest("g1", HOSTILE), guest("g2", "naïve ☃")), "name": HOSTILE, "own": [1]})
    text = pack(parse_mapping(document), NOW)
    found, moment = unpack(text)
    assert (found.to_dict(), moment) == (document, NOW)
    assert not set(text) & set("{}%#'\" \n")


def test_forty_thousand_guests_make_less_than_two_megabytes() -> None:
    def uuid(number: int) -> str:
        text = variable_name(str(number))[-32:]
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))

    hosts = [
        hypervisor(uuid(-host), *(guest(uuid(40 * host + each), f"guest-{host}-{each}") for each in range(40)))
        for host in range(1, 1001)
    ]
    assert len(packed(*hosts)) < 2_000_000


def test_the_variable_of_a_source_is_its_own_and_has_a_name_that_ansible_takes() -> None:
    names = ["kvm1", "KVM1", "kvm-1.example.com", "ünïcode ☃", "a" * 500]
    variables = {variable_name(name) for name in names}
    assert len(variables) == len(names)
    assert all(name.isidentifier() and name.isascii() for name in variables)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no earlier job of this workflow handed on a mapping of this source"),
        ("eJx=", "is no packed mapping"),
        ("virtmap1:" + "?" * 8, "damaged"),
        (packed(hypervisor("h1"))[:-12], "damaged"),
        (packed(hypervisor("h1"))[:-8] + "AAAAAAA=", "damaged"),
    ],
)
def test_a_text_that_is_no_whole_mapping_is_refused(text: str, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        collect({"packed": text, "max_age": 7200}, NOW)


def test_an_old_mapping_is_refused_because_a_job_launched_again_gets_the_old_ones() -> None:
    text = packed(hypervisor("h1"), now=NOW - timedelta(hours=1))
    assert collect({"packed": text, "max_age": 3600}, NOW).source == "vcenter.example.com"
    with pytest.raises(
        InvalidInput, match="3600 seconds ago, which is longer than max_age .3599.; run the whole workflow"
    ):
        collect({"packed": text, "max_age": 3599}, NOW)
    with pytest.raises(InvalidInput, match="max_age is 0"):
        collect({"packed": text, "max_age": 0}, NOW)


def test_what_was_handed_on_is_reported_once_and_a_source_without_a_mapping_is_named(
    site: Site, candlepin: CandlepinServer, receiver: dict[str, t.Any]
) -> None:
    now = datetime.now(timezone.utc)
    handed = {
        variable_name("a"): packed({**hypervisor("h1", guest("g1", HOSTILE)), "name": HOSTILE}, now=now),
        variable_name("b-2"): packed(hypervisor("h2", guest("g2")), now=now),
        variable_name("old"): packed(hypervisor("h3", guest("g3"))),
    }
    site.inventory({"a": {}, "b-2": {}, "old": {}, "lost": {}}, **receiver)
    site.write("vars.json", handed)
    page = site.folder / "out.json"
    run = site.play("virtmap.core.report_gathered", "-e", "@vars.json", "-e", f"report_json={page}", "-vvv")
    assert run.code == 2
    assert "no mapping from old, lost" in run.output
    assert "is longer than max_age (14400)" in run.output
    # Who only reads the report learns the reason, too.
    missing = {entry["source"]: entry["reason"] for entry in json.loads(page.read_text(encoding="utf-8"))["missing"]}
    assert "is longer than max_age (14400)" in missing["old"]
    assert "handed on a mapping of this source" in missing["lost"]
    held = candlepin.state.hypervisors_of("acme")
    assert {key: [each.guest_id for each in entry.guests] for key, entry in held.items()} == {
        "h1": ["g1"],
        "h2": ["g2"],
    }
    assert held["h1"].name == HOSTILE
    assert not list(site.folder.rglob("EXECUTED"))
    assert [call for call in candlepin.log.calls() if "POST" in call] == ["POST /candlepin/hypervisors/acme"]
    # The texts are megabytes for a large fleet; the result does not repeat them.
    assert handed[variable_name("a")] not in run.output
    assert "s3cr3t-pass" not in run.output


def test_each_source_is_handed_on_under_its_own_name_and_one_that_failed_is_not(site: Site) -> None:
    site.environment.update(ANSIBLE_CACHE_PLUGIN="jsonfile", ANSIBLE_CACHE_PLUGIN_CONNECTION=str(site.folder / "facts"))
    (site.folder / "facts").mkdir()
    stale = {"hypervisor_guests": mapping(hypervisor("stale"))}
    site.write("facts/dead", stale)
    site.write("facts/s1_dead", stale)
    good = mapping(hypervisor("h1", guest("g1", HOSTILE)))
    site.inventory(
        {
            "dead": {"gather_backend": "file", "gather_path": "/nowhere/mapping.json"},
            "good-1": {"gather_backend": "file", "gather_path": str(site.write("good.json", good))},
        }
    )
    site.environment["ANSIBLE_SHOW_CUSTOM_STATS"] = "1"
    run = site.play("virtmap.core.gather")
    assert run.code == 2
    stats = json.loads(run.output[run.output.rindex("RUN: ") + 5 :].split("\n\n")[0])
    assert list(stats) == [variable_name("good-1")]
    (found,) = unpack(stats[variable_name("good-1")])[0].hypervisors
    assert [(each.uuid, each.name) for each in found.guests or ()] == [("g1", HOSTILE)]
    assert not list(site.folder.rglob("EXECUTED"))
