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
    registered = candlepin.register("acme")
    own = {"report_rhsm_local": True, "report_rhsm_consumer_uuid": registered.consumer.uuid, "ansible_connection": "local",
           "ansible_python_interpreter": "{{ ansible_playbook_python }}"}  # fmt: skip
    file = {"gather_backend": "file", "gather_path": str(path)}
    site.inventory({"a": file, "own": {**file, **own}}, **receiver,
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
    itself = entries(site)["own (as itself)"]
    assert (itself["status"], itself["last_success"]) == ("ok", server["last_success"])
    assert [call for call in candlepin.log.calls() if "POST" in call] == []


@pytest.mark.newest_core
def test_who_does_not_answer_is_named_with_the_reason(
    site: Site, candlepin: CandlepinServer, receiver: dict[str, t.Any]
) -> None:
    path = site.write("a.json", mapping(hypervisor("h1", guest("g1"))))
    hosts = {
        "a": {"gather_backend": "file", "gather_path": str(path)},
        "b": {"gather_backend": "file", "gather_path": str(site.write("b.json", mapping(backend=HOSTILE))),
              "report_rhsm_owner": "other", "report_satellite5_server": "https://127.0.0.1:9",
              "report_satellite5_username": "admin", "report_satellite5_password": "secret123"},
    }  # fmt: skip
    wrong = {**receiver, "report_rhsm_password": "wrong"}
    site.inventory(hosts, **wrong, status_json=f"{site.folder}/status.json", report_record=str(site.folder))
    run = site.play("virtmap.core.status")
    assert run.code == 2
    # With the failures of all others, in the last sentence.
    assert (
        f"ource is a directory and must be a file: {site.folder}"
        in run.output[run.output.rindex("Fail when anything") :]
    )
    assert entries(site)["a"]["status"] == "ok"
    assert f"backend is {HOSTILE}, but must be one of" in entries(site)["b"]["message"]
    assert "refused the user rita" in entries(site)[f"{candlepin.host} (acme)"]["message"]
    # A receiver is asked also when no source of it answers.
    assert "refused the user rita" in entries(site)[f"{candlepin.host} (other)"]["message"]
    assert "connection was refused" in entries(site)["https://127.0.0.1:9"]["message"]
    assert not list(site.folder.rglob("EXECUTED"))
