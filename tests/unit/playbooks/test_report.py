# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Roles gather and report through the playbooks collect and report."""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible_collections.virtmap.core.tests.servers.candlepin import CandlepinServer
from ansible_collections.virtmap.core.tests.servers.satellite5 import Satellite5Server
from ansible_collections.virtmap.core.tests.unit.playbooks.play import HOSTILE, Site, guest, hypervisor, mapping

# A host that is the machine of the test.
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}


def held(candlepin: CandlepinServer, owner: str = "acme") -> dict[str, list[str]]:
    """Hypervisor ids at the server, with their guests."""
    return {
        key: sorted(entry.guest_id for entry in consumer.guests)
        for key, consumer in candlepin.state.hypervisors_of(owner).items()
    }


def source(site: Site, name: str, document: t.Any) -> dict[str, t.Any]:
    return {"gather_backend": "file", "gather_path": str(site.write(f"{name}.json", document))}


def test_sources_are_united_and_told_once(site: Site, candlepin: CandlepinServer, receiver: dict[str, t.Any]) -> None:
    one = mapping(hypervisor("h1", guest("g1")), hypervisor("shared", guest("g2")))
    two = mapping(hypervisor("shared", guest("g3")), backend="libvirt", source="kvm.example.com")
    site.inventory({"a": source(site, "a", one), "b": source(site, "b", two)}, **receiver)
    first = site.play("virtmap.core.report")
    assert first.code == 0, first.output
    assert held(candlepin) == {"h1": ["g1"], "shared": ["g2", "g3"]}
    assert [call for call in candlepin.log.calls() if "POST" in call] == ["POST /candlepin/hypervisors/acme"]
    assert "the hypervisor shared comes from 2 answers" in first.output
    assert "s3cr3t-pass" not in first.output
    # The environment may name the server.
    site.environment["VIRTMAP_RHSM_SERVER"] = receiver.pop("report_rhsm_server")
    site.inventory({"a": source(site, "a", one), "b": source(site, "b", two)}, **receiver)
    second = site.play("virtmap.core.report", "-vvv")
    assert second.code == 0, second.output
    assert (second.recap("a")["changed"], second.recap("b")["changed"]) == (0, 0)
    assert "s3cr3t-pass" not in second.output


@pytest.mark.newest_core
def test_a_batch_of_the_sources_is_not_reported_as_if_it_were_all(
    site: Site, candlepin: CandlepinServer, receiver: dict[str, t.Any]
) -> None:
    hosts = {name: source(site, name, mapping(hypervisor("shared", guest(f"g-{name}")))) for name in ("a", "b")}
    site.inventory(hosts, **receiver)
    roles = ["virtmap.core.gather", "virtmap.core.report"]
    run = site.play(
        str(site.write("batches.yml", [{"hosts": "all", "gather_facts": False, "serial": 1, "roles": roles}]))
    )
    assert run.code != 0
    assert "remove serial" in run.output
    assert held(candlepin) == {}


@pytest.mark.newest_core
def test_a_fact_that_a_cache_kept_is_not_reported_for_a_source_that_failed_now(
    site: Site, candlepin: CandlepinServer, receiver: dict[str, t.Any]
) -> None:
    site.environment.update(ANSIBLE_CACHE_PLUGIN="jsonfile", ANSIBLE_CACHE_PLUGIN_CONNECTION=str(site.folder / "facts"))
    hosts = {name: source(site, name, mapping(hypervisor(name, guest(f"g-{name}")))) for name in ("a", "b", "own")}
    registered = candlepin.register("acme")
    hosts["own"].update(report_rhsm_local=True, report_rhsm_consumer_uuid=registered.consumer.uuid, **LOCAL)
    site.inventory(hosts, **{**receiver, "report_rhsm": False})
    assert site.play("virtmap.core.collect").code == 0
    for name in ("b", "own"):
        (site.folder / f"{name}.json").unlink()
    site.inventory(hosts, **receiver)
    run = site.play("virtmap.core.report")
    assert run.code == 2
    assert held(candlepin) == {"a": ["g-a"]}
    assert registered.consumer.guests == []


@pytest.mark.newest_core
def test_check_mode_says_what_would_change_and_tells_nobody(
    site: Site, candlepin: CandlepinServer, receiver: dict[str, t.Any]
) -> None:
    site.inventory({"a": source(site, "a", mapping(hypervisor("h1", guest("g1"))))}, **receiver)
    run = site.play("virtmap.core.report", "--check", "--diff", "-e", f"report_json={site.folder}/out.json")
    assert run.code == 0, run.output
    assert run.recap("a")["changed"] >= 1
    assert held(candlepin) == {}
    assert not (site.folder / "out.json").exists()
    assert "h1.example.com" in run.output


def test_names_of_strangers_stay_text(site: Site, candlepin: CandlepinServer, receiver: dict[str, t.Any]) -> None:
    host = {**hypervisor("h1", guest("g1", HOSTILE)), "name": HOSTILE, "cluster": HOSTILE}
    site.inventory({"a": source(site, "a", mapping(host))}, **receiver)
    out = {name: f"{site.folder}/out.{name}" for name in ("json", "csv")}
    for playbook in ("virtmap.core.report", "virtmap.core.collect"):
        run = site.play(playbook, "-e", f"report_json={out['json']}", "-e", f"report_csv={out['csv']}", "--diff", "-vv")
        assert run.code == 0, run.output
        assert HOSTILE in run.output
    assert not list(site.folder.rglob("EXECUTED"))
    assert candlepin.state.hypervisors_of("acme")["h1"].name == HOSTILE
    assert HOSTILE in (site.folder / "out.csv").read_text(encoding="utf-8")
    assert HOSTILE.replace('"', '\\"') in (site.folder / "out.json").read_text(encoding="utf-8")


@pytest.mark.newest_core
def test_a_backend_that_does_not_exist_is_refused_before_anything_runs(site: Site) -> None:
    site.inventory({"a": {"gather_backend": "esxi"}})
    run = site.play("virtmap.core.collect")
    assert run.code == 2
    assert "value of gather_backend must be one of" in run.output


@pytest.mark.newest_core
def test_a_report_to_nobody_is_a_failure(site: Site) -> None:
    site.inventory({"a": source(site, "a", mapping(hypervisor("h1", guest("g1"))))})
    run = site.play("virtmap.core.report")
    assert run.code == 2
    assert "the mappings went nowhere: no source names a receiver" in run.output


@pytest.mark.parametrize("playbook", ["report", "migrate_virt_who"])
def test_an_inventory_without_a_source_is_a_failure(site: Site, playbook: str) -> None:
    site.inventory({})
    run = site.play(f"virtmap.core.{playbook}")
    assert run.code == 2
    assert "there is no source" in run.output


@pytest.mark.newest_core
@pytest.mark.parametrize(("form", "expected"), [("mapping", "collected_at"), ("virt_who", "virtWhoType")])
def test_collect_prints_the_mapping_in_each_form(site: Site, form: str, expected: str) -> None:
    site.inventory({"a": source(site, "a", mapping(hypervisor("h1", guest("g1"))))})
    run = site.play("virtmap.core.collect", "-e", f"collect_format={form}")
    assert run.code == 0, run.output
    assert expected in run.output


def test_a_source_may_report_to_both_receivers(
    site: Site, candlepin: CandlepinServer, receiver: dict[str, t.Any]
) -> None:
    with Satellite5Server() as satellite5:
        to_satellite5 = {
            "report_satellite5_server": satellite5.url,
            "report_satellite5_username": "admin",
            "report_satellite5_password": "secret123",
            "report_satellite5_systemid_dir": str(site.folder / "ids"),
        }
        site.inventory({"a": source(site, "a", mapping(hypervisor("h1", guest("g1"))))}, **receiver, **to_satellite5)
        run = site.play("virtmap.core.report")
        assert run.code == 0, run.output
        assert held(candlepin) == {"h1": ["g1"]}
        assert "registration.virt_notify" in satellite5.calls
    assert "secret123" not in run.output


@pytest.mark.newest_core
def test_a_registered_host_is_reported_as_itself(
    site: Site, candlepin: CandlepinServer, receiver: dict[str, t.Any]
) -> None:
    registered = candlepin.register("acme")
    own = {name: value for name, value in receiver.items() if not name.endswith(("_username", "_password"))}
    own["report_rhsm_client_cert"] = str(registered.pair.cert)
    own["report_rhsm_client_key"] = str(registered.pair.key)
    here = source(site, "here", mapping(hypervisor("h1", guest("g1"), guest("g2"))))
    site.inventory({"here": {**here, **own, "report_rhsm_local": True, **LOCAL}})
    run = site.play("virtmap.core.report")
    assert run.code == 0, run.output
    # Before ansible-core 2.19 a number in a template is a text.
    assert re.search('"receivers_told": "?1\\b', run.output), run.output
    assert sorted(entry.guest_id for entry in registered.consumer.guests) == ["g1", "g2"]
    assert run.recap("here")["changed"] == 1
    assert not any("POST" in call for call in candlepin.log.calls())
