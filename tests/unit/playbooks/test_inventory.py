# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The inventory plugin hypervisor_guests, through Ansible's commands."""

from __future__ import annotations

import json
import os
import re
import time
import typing as t

import pytest
from ansible_collections.virtmap.core.tests.unit.playbooks.play import HOSTILE, Site, guest, hypervisor, mapping

NAME = "site.hypervisor_guests.yml"


def configure(site: Site, *mappings: dict[str, t.Any], **more: t.Any) -> None:
    sources = []
    for number, document in enumerate(mappings):
        path = site.write(f"m{number}.json", document)
        sources.append({"backend": "file", "path": str(path)})
    site.write(NAME, {"plugin": "virtmap.core.hypervisor_guests", "sources": sources, **more})


def listed(site: Site, *arguments: str) -> dict[str, t.Any]:
    run = site.command("inventory", "-i", NAME, "--list", "--export", *arguments)
    assert run.code == 0, run.output
    return t.cast(dict[str, t.Any], plain(run.json))


def plain(value: t.Any) -> t.Any:
    """Without the marks that some releases put around text that is no template."""
    if isinstance(value, dict):
        if list(value) == ["__ansible_unsafe"]:
            return value["__ansible_unsafe"]
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def hosts(inventory: dict[str, t.Any], group: str) -> list[str]:
    return sorted(inventory.get(group, {}).get("hosts", []))


def test_guests_with_their_variables_and_groups(site: Site) -> None:
    configure(
        site,
        mapping(hypervisor("h1", guest("u1", "web1"), guest("u2", "db 1", "shut_off"))),
        mapping(hypervisor("h2", guest("u3"), cluster=None), backend="libvirt", source="kvm.example.com"),
    )
    found = listed(site)
    assert found["_meta"]["hostvars"]["web1"] == {
        "virtmap_uuid": "u1",
        "virtmap_name": "web1",
        "virtmap_state": "running",
        "virtmap_hypervisor": "h1",
        "virtmap_hypervisor_name": "h1.example.com",
        "virtmap_cluster": "Blue",
        "virtmap_backend": "file",
        "virtmap_source": str(site.folder / "m0.json"),
        "virtmap_virt_who_type": "esx",
    }
    assert hosts(found, "hypervisor_h1_example_com") == ["db 1", "web1"]
    assert hosts(found, "cluster_Blue") == ["db 1", "web1"]
    assert hosts(found, "state_shut_off") == ["db 1"]
    assert hosts(found, "backend_file") == ["db 1", "u3", "web1"]


def test_names_are_unique_and_mean_nothing_else_to_ansible(site: Site) -> None:
    names = ["twin", "TWIN", "localhost", "all", "cluster_Blue", "state_running", "../../etc/passwd", "a,b:c", "-x"]
    configure(site, mapping(hypervisor("h1", *(guest(f"u{number}", name) for number, name in enumerate(names)))))
    found = listed(site)
    variables = found["_meta"]["hostvars"]
    assert {host: entry["virtmap_name"] for host, entry in variables.items()} == {
        "twin_u0": "twin",
        "TWIN_u1": "TWIN",
        "localhost_u2": "localhost",
        "all_u3": "all",
        "cluster_Blue_u4": "cluster_Blue",
        "state_running_u5": "state_running",
        "_._.._etc_passwd": "../../etc/passwd",
        "a_b_c": "a,b:c",
        "_x": "-x",
    }


def test_guests_with_one_uuid_are_all_there(site: Site) -> None:
    third = guest("u3", "u1_2")
    configure(site, mapping(hypervisor("h1", guest("u1")), hypervisor("h2", guest("u1")), hypervisor("h3", third)))
    found = listed(site)
    assert hosts(found, "backend_file") == ["u1", "u1_2", "u1_2_2"]
    assert sorted(entry["virtmap_uuid"] for entry in found["_meta"]["hostvars"].values()) == ["u1", "u1", "u3"]


def test_two_hypervisors_with_one_name_are_two_groups(site: Site) -> None:
    one, two = (hypervisor(key, guest(f"g-{key}"), name="esx") for key in ("h1", "h2"))
    configure(site, mapping(one, two))
    found = listed(site)
    assert hosts(found, "hypervisor_esx_h1") == ["g-h1"]
    assert hosts(found, "hypervisor_esx_h2") == ["g-h2"]


def test_text_of_strangers_is_never_evaluated(site: Site) -> None:
    host = {**hypervisor("h1", guest("u1", HOSTILE)), "name": HOSTILE, "cluster": HOSTILE, "id": HOSTILE}
    configure(site, mapping(host), compose={"copied": "virtmap_name"}, keyed_groups=[{"key": "virtmap_cluster"}])
    site.write(
        "show.yml",
        [
            {
                "hosts": "all",
                "gather_facts": False,
                "tasks": [
                    {"ansible.builtin.debug": {"msg": f"{{{{ {name} }}}}"}}
                    for name in ("virtmap_name", "virtmap_hypervisor", "copied", "inventory_hostname",
                                 "inventory_hostname_short", "groups", "group_names", "hostvars[inventory_hostname]")
                ],
            }
        ],
    )  # fmt: skip
    run = site.play("show.yml", inventory=NAME)
    assert run.code == 0, run.output
    assert HOSTILE in run.output
    assert not list(site.folder.rglob("EXECUTED"))


def test_constructed_features(site: Site) -> None:
    configure(
        site,
        mapping(hypervisor("h1", guest("u1", "web1"), guest("u2", "db1", "paused"))),
        strict=True,
        compose={"ansible_host": "virtmap_name ~ '.example.com'"},
        groups={"up": "virtmap_state == 'running'"},
        keyed_groups=[{"prefix": "on", "key": "virtmap_hypervisor"}],
        hostnames=["uuid"],
    )
    found = listed(site)
    assert found["_meta"]["hostvars"]["u1"]["ansible_host"] == "web1.example.com"
    assert hosts(found, "up") == ["u1"]
    assert hosts(found, "on_h1") == ["u1", "u2"]


def test_an_address_that_the_source_knows(site: Site) -> None:
    known = {**guest("u1", "web1"), "address": "192.0.2.7"}
    configure(site, mapping(hypervisor("h1", known)))
    assert listed(site)["_meta"]["hostvars"]["web1"]["ansible_host"] == "192.0.2.7"


@pytest.mark.newest_core
@pytest.mark.parametrize(
    ("sources", "sign"),
    [
        ([{"backend": "file"}], "missing required arguments: path"),
        ([{"backend": "esxi"}], "sources[0].backend must be one of"),
        ([{"backend": "file", "path": "/x", "colour": "red"}], "colour"),
        (
            [{"backend": "file", "path": "/x", "filter_type": "regex", "filter_hosts": ["("]}],
            "not a regular expression",
        ),
        ([{"backend": "file", "path": "/nowhere"}], "/nowhere does not exist"),
    ],
)
def test_a_wrong_source_is_no_inventory(site: Site, sources: list[dict[str, t.Any]], sign: str) -> None:
    site.write(NAME, {"plugin": "virtmap.core.hypervisor_guests", "sources": sources})
    site.environment["ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED"] = "1"
    run = site.command("inventory", "-i", NAME, "--list")
    assert run.code != 0
    assert sign in " ".join(run.output.split())


CACHE: dict[str, t.Any] = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": "cache"}


def test_a_hit_gives_the_same_inventory_as_a_miss(site: Site) -> None:
    configure(site, mapping(hypervisor("h1", guest("u1", "web1"))), **CACHE)
    first = listed(site)
    (site.folder / "m0.json").unlink()
    assert listed(site) == first


def age_cache(site: Site) -> None:
    """Let the cache be of yesterday."""
    entries = list((site.folder / "cache").iterdir())
    assert entries
    for path in entries:
        os.utime(path, (path.stat().st_atime - 86400, path.stat().st_mtime - 86400))


@pytest.mark.newest_core
def test_a_source_that_fails_is_replaced_by_its_last_answer_only_when_asked(site: Site) -> None:
    configure(site, mapping(hypervisor("h1", guest("u1", "web1"))), **CACHE)
    first = listed(site)
    (site.folder / "m0.json").unlink()
    age_cache(site)
    site.environment["ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED"] = "1"
    failed = site.command("inventory", "-i", NAME, "--list")
    assert failed.code != 0
    configured = json.loads((site.folder / NAME).read_text(encoding="utf-8"))
    site.write(NAME, {**configured, "on_source_failure": "cached"})
    run = site.command("inventory", "-i", NAME, "--list", "--export")
    assert run.code == 0, run.output
    assert "is used instead" in run.output
    assert hosts(plain(json.loads(run.output[run.output.index("\n{") :].split("\n[WARN")[0])), "backend_file") == hosts(
        first, "backend_file"
    )


@pytest.mark.newest_core
def test_the_cache_keeps_nothing_of_sources_that_are_no_more(site: Site) -> None:
    for filters in (["h1"], ["h*"]):
        configure(site, mapping(hypervisor("h1", guest("u1", "web1"))), **CACHE)
        configured = json.loads((site.folder / NAME).read_text(encoding="utf-8"))
        configured["sources"][0]["filter_hosts"] = filters
        site.write(NAME, configured)
        assert hosts(listed(site), "backend_file") == ["web1"]
        kept = [path.read_text(encoding="utf-8").count("collected_at") for path in (site.folder / "cache").iterdir()]
        assert kept == [1, 1], "what is fresh, and the last good answer"


@pytest.mark.newest_core
def test_an_answer_does_not_become_younger_by_that_of_another_source(site: Site) -> None:
    guests = [mapping(hypervisor(key, guest(f"u-{key}"))) for key in ("h1", "h2")]
    configure(site, *guests[:1], **CACHE)
    listed(site)
    for path in (site.folder / "cache").iterdir():
        entry = path.read_text(encoding="utf-8")
        path.write_text(re.sub(r"(asked_at\W+)[0-9.]+", lambda found: f"{found[1]}{time.time() - 2000:.1f}", entry))
    configure(site, *guests, **CACHE)
    listed(site)
    # Now both answers are in a file that is some seconds old; the first one was given half an hour ago.
    configure(site, *guests, **CACHE, cache_timeout=1000)
    site.write("m0.json", mapping(hypervisor("h1", guest("u-new"))))
    site.write("m1.json", mapping(hypervisor("h2", guest("u-too-new"))))
    assert hosts(listed(site), "backend_file") == ["u-h2", "u-new"]


@pytest.mark.newest_core
def test_a_cache_of_another_format_is_as_good_as_none(site: Site) -> None:
    configure(site, mapping(hypervisor("h1", guest("u1", "web1"))), **CACHE)
    listed(site)
    for path in (site.folder / "cache").iterdir():
        path.write_text(json.dumps({"format": 0, "answers": {"x": 1}}), encoding="utf-8")
    assert hosts(listed(site), "backend_file") == ["web1"]
