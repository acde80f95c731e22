# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What role report keeps and writes, and whom it tells when something fails. Few runs, because each takes seconds."""

from __future__ import annotations

import csv
import json
import typing as t

import pytest
from ansible_collections.virtmap.core.tests.servers.candlepin import CandlepinServer
from ansible_collections.virtmap.core.tests.unit.playbooks.play import HOSTILE, Site, guest, hypervisor, mapping
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._history.fleet import History
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._history.postgres import fresh_database

# What mapping() gives was collected between them.
EARLIER, LATER = ({"collected_at": f"2026-11-{day}T08:00:00Z"} for day in (20, 22))


def source(site: Site, name: str, document: t.Any) -> dict[str, t.Any]:
    return {"gather_backend": "file", "gather_path": str(site.write(f"{name}.json", document))}


def hook(site: Site, *more: dict[str, t.Any]) -> str:
    """A file of tasks that keeps what it is told."""
    kept = {"content": "{{ report_notification | to_json }}", "dest": str(site.folder / "told.json"), "mode": "0600"}
    return str(site.write("hook.yml", [{"name": "Keep it", "ansible.builtin.copy": kept}, *more]))


def told(site: Site) -> t.Any:
    return json.loads((site.folder / "told.json").read_text(encoding="utf-8"))


def test_history_and_files(site: Site) -> None:
    guests = [guest("g1", "web1"), guest("g2", HOSTILE)]
    hosts = {"a": source(site, "a", mapping(hypervisor("h1", *guests), hypervisor("h2")))}
    path = {kind: str(site.folder / f"out.{kind}") for kind in ("html", "json", "csv", "sqlite", "record")}
    variables = {
        "report_html": path["html"],
        "report_json": path["json"],
        "report_csv": path["csv"],
        "report_history": path["sqlite"],
        "report_record": path["record"],
        "report_notify_tasks": hook(site),
        "report_title": "Fleet of the test",
        "report_licence_guests": ["web*"],
    }
    store = History(path=path["sqlite"])
    before = mapping(hypervisor("h1", *guests), hypervisor("h2"), backend="file", source=hosts["a"]["gather_path"])
    store.keep({**before, **EARLIER})
    site.inventory(hosts, **variables)
    first = site.play("virtmap.core.report")
    assert first.code == 0, first.output
    assert first.recap("a")["changed"] == 4
    assert not (site.folder / "told.json").exists(), "nobody is told when all is well"
    document = json.loads((site.folder / "out.json").read_text(encoding="utf-8"))
    assert (document["title"], document["licence"]["by_guest"]) == ("Fleet of the test", 1)
    assert document["mappings"][0]["hypervisors"][0]["facts"]["hypervisor.type"] == "KVM"
    assert document["changes"] == []
    with (site.folder / "out.csv").open(newline="", encoding="utf-8") as stream:
        assert [(row["hypervisor"], row["guest"]) for row in csv.DictReader(stream)] == [
            ("h1.example.com", "web1"),
            ("h1.example.com", HOSTILE),
            ("h2.example.com", ""),
        ]
    assert "<title>Fleet of the test</title>" in (site.folder / "out.html").read_text(encoding="utf-8")

    moved = mapping(hypervisor("h1"), hypervisor("h2", *guests))
    site.write("a.json", {**moved, **LATER})
    second = site.play("virtmap.core.report")
    assert second.code == 0, second.output
    changes = json.loads((site.folder / "out.json").read_text(encoding="utf-8"))["changes"]
    assert [(change["kind"], change["name"]) for change in changes] == [
        ("guest_moved", "web1"),
        ("guest_moved", HOSTILE),
    ]
    assert '"guest_moved","web1"' in (site.folder / "out.html").read_text(encoding="utf-8")
    assert [place[0] for place in store.where("web1")] == ["h1.example.com", "h2.example.com"]
    assert not list(site.folder.rglob("EXECUTED"))


@pytest.mark.newest_core
def test_a_history_in_postgresql(site: Site) -> None:
    database = fresh_database()
    url = f"postgresql://{database['username']}@127.0.0.1:{database['port']}/{database['database']}"
    whole = source(
        site, "whole", mapping(*(hypervisor(f"h{number}", guest(f"g{number}", f"web{number}")) for number in (1, 2)))
    )
    other = source(site, "other", mapping(hypervisor("h9", guest("g9", "web9"))))
    hosts = {
        **{f"part{number}": {**whole, "gather_filter_hosts": [f"h{number}*"]} for number in (1, 2)},
        "other": other,
    }
    variables = {"report_history_password": "s3cret-of-the-test", "report_history_validate_certs": False}
    site.inventory(hosts, report_history=url, report_notify_tasks=hook(site), **variables)
    run = site.play("virtmap.core.report", "-vvv")
    assert "s3cret-of-the-test" not in run.output
    # Two hosts of the inventory that ask one source would each end what the other saw.
    assert run.code == 2
    (failure,) = told(site)["failures"]
    assert failure == "not in the history, because several sources of this play are one and the same: part1, part2"
    store = History(**database)
    assert [len(store.where(name)) for name in ("web1", "web2", "web9")] == [0, 0, 1]


@pytest.mark.newest_core
def test_whatever_fails_the_rest_is_done_and_somebody_is_told(
    site: Site, candlepin: CandlepinServer, receiver: dict[str, t.Any]
) -> None:
    skipped = [{"kind": "host", "name": HOSTILE, "reason": "no hardware uuid"}]
    hosts = {
        "dead": {"gather_backend": "file", "gather_path": "/nowhere/mapping.json"},
        "good": source(site, "good", {**mapping(hypervisor("h1", guest("g1", HOSTILE))), "skipped": skipped}),
        "other": {**source(site, "other", mapping(hypervisor("h2", guest("g1", HOSTILE)), source="b")),
                  "report_rhsm_owner": "nobody"},
        "third": {**source(site, "third", mapping(hypervisor("h3", guest("g3")), source="c")), "report_rhsm_owner": "other"},
    }  # fmt: skip
    mail = {"name": "Mail it", "ansible.builtin.fail": {"msg": "the mail server is down"}}
    variables = {
        "report_html": "/nowhere/report.html",
        "report_json": str(site.folder / "out.json"),
        "report_csv": str(site.folder / "out.csv"),
        "report_history": "/nowhere/history.sqlite",
        "report_record": "/nowhere/record.json",
        "report_notify_tasks": hook(site, mail),
    }
    site.inventory(hosts, **receiver, **variables)
    run = site.play("virtmap.core.report")
    assert run.code == 2
    assert [run.recap(name)["failed"] for name in hosts] == [1, 1, 0, 0]
    assert [list(candlepin.state.hypervisors_of(owner)) for owner in ("acme", "other")] == [["h1"], ["h3"]]
    written = json.loads((site.folder / "out.json").read_text(encoding="utf-8"))
    assert [entry["hypervisors"][0]["id"] for entry in written["mappings"]] == ["h1", "h2", "h3"]
    assert [entry["source"] for entry in written["missing"]] == ["dead"]
    assert "/nowhere/mapping.json" in written["missing"][0]["reason"]
    assert not (site.folder / "out.csv").exists(), "a table cannot say that something is missing"
    assert [entry["kind"] for entry in told(site)["conflicts"]] == ["guest_on_two_hypervisors"]
    assert [entry["name"] for entry in told(site)["skipped"]] == [HOSTILE]
    assert told(site)["missing"] == written["missing"]
    failures = told(site)["failures"]
    for words in (
        "no mapping from dead",
        "does not know the owner nobody",
        "the folder of the history file /nowhere/history.sqlite is not there",
        "the table placements would lack what dead knows",
        "the folder of the report /nowhere/report.html is not there",
        "the record /nowhere/record.json was not kept",
    ):
        assert [words in failure for failure in failures].count(True) >= 1, (words, failures)
        assert words in run.output
    assert "hook.yml failed, so that nobody was notified: the mail server is down" in run.output
    assert not list(site.folder.rglob("EXECUTED"))


@pytest.mark.newest_core
def test_somebody_is_told_when_the_only_source_failed(site: Site) -> None:
    hosts = {"only": {"gather_backend": "file", "gather_path": "/nowhere/mapping.json"}}
    page = site.folder / "out.html"
    site.inventory(hosts, report_notify_tasks=hook(site), report_html=str(page))
    run = site.play("virtmap.core.report")
    assert run.code == 2
    assert run.recap("only")["failed"] == 1
    assert [entry["source"] for entry in told(site)["missing"]] == ["only"]
    assert "This report is not whole." in page.read_text(encoding="utf-8")
    store = "report_history=postgresql+x://virtmap:s3cret-of-a-user@db.example.com/virtmap"
    absent = site.play("virtmap.core.report", "-vvv", "-e", "report_notify_tasks=/nowhere/hook.yml", "-e", store)
    assert absent.code == 2
    assert "path is a URL, but must be a file" in absent.output
    assert "s3cret-of-a-user" not in absent.output
    assert "/nowhere/hook.yml" in absent.output
    assert "no mapping from only" in absent.output
