# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The playbook status."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.virtmap.core.tests.servers.candlepin import CandlepinServer
from ansible_collections.virtmap.core.tests.unit.playbooks.play import HOSTILE, Site, guest, hypervisor, mapping


def entries(site: Site) -> dict[str, dict[str, t.Any]]:
    document = json.loads((site.folder / "status.json").read_text(encoding="utf-8"))
    return {entry["name"]: entry for entry in document["entries"]}


def test_all_answer_and_the_last_success_is_known(
    site: Site, candlepin: CandlepinServer, receiver: dict[str, t.Any]
) -> None:
    path = site.write("a.json", mapping(hypervisor("h1", guest("g1"), guest("g2"))))
    site.inventory({"a": {"gather_backend": "file", "gather_path": str(path)}}, **receiver,
                   report_record=f"{site.folder}/record.json", status_json=f"{site.folder}/status.json")  # fmt: skip
    assert site.play("virtmap.core.report").code == 0
    candlepin.log.clear()
    run = site.play("virtmap.core.status")
    assert run.code == 0, run.output
    source, server = entries(site)["a"], entries(site)[f"{candlepin.host} (acme)"]
    assert (source["status"], source["hypervisors"], source["guests"]) == ("ok", 1, 2)
    assert source["last_success"] == "2026-11-21T08:00:00Z"
    assert server["status"] == "ok"
    assert server["last_success"] > "2026"
    assert [call for call in candlepin.log.calls() if "POST" in call] == []


@pytest.mark.newest_core
def test_who_does_not_answer_is_named_with_the_reason(
    site: Site, candlepin: CandlepinServer, receiver: dict[str, t.Any]
) -> None:
    path = site.write("a.json", mapping(hypervisor("h1", guest("g1"))))
    hosts = {
        "a": {"gather_backend": "file", "gather_path": str(path)},
        "b": {"gather_backend": "file", "gather_path": str(site.write("b.json", mapping(backend=HOSTILE)))},
    }
    wrong = {**receiver, "report_rhsm_password": "wrong"}
    site.inventory(hosts, **wrong, status_json=f"{site.folder}/status.json")
    run = site.play("virtmap.core.status")
    assert run.code == 2
    assert entries(site)["a"]["status"] == "ok"
    assert f"backend is {HOSTILE}, but must be one of" in entries(site)["b"]["message"]
    assert "refused the user rita" in entries(site)[f"{candlepin.host} (acme)"]["message"]
    assert not list(site.folder.rglob("EXECUTED"))
