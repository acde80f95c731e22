# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""xCAT's scenarios, row by row and in every format. Where its design and its code differ, the design counts."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._scan.model import Disk, Nic, ScannedGuest
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._scan.stores import (
    FORMATS,
    Stored,
    guest,
    make,
    read,
    run,
)

K1, K2 = guest("kvm1", "hyp01"), guest("kvm1", "hyp02")
OTHER1 = guest("kvm2", "hyp01", id="", state="shut_off")
OLD = Stored("kvm1", "hyp01", memory="512", foreign=True, groups="vm,all,web")
SAME1, SAME2 = Stored("kvm1", "hyp01"), Stored("kvm1", "hyp02")
Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Row:
    """A scenario.

    Attributes:
        conflicts: name, claiming hypervisor, hypervisor that has the name.
        hosts: what the store says of each name afterwards.
    """

    number: str
    stored: list[Stored]
    scan: list[ScannedGuest]
    mode: str
    written: Pairs
    updated: Pairs
    unchanged: Pairs
    conflicts: list[tuple[str, str, str | None]]
    hosts: dict[str, str | None]
    formats: tuple[str, ...] = FORMATS
    group_host: str | None = None


def row(number: str, stored: list[Stored], scan: list[ScannedGuest], mode: str, **more: t.Any) -> Row:
    lists = {key: more.pop(key, []) for key in ("written", "updated", "unchanged", "conflicts")}
    hosts = more.pop("hosts", {entry.name: entry.host for entry in stored})
    return Row(number, stored, scan, mode, hosts=hosts, **lists, **more)


W1, W2 = [("kvm1", "hyp01")], [("kvm1", "hyp02")]
CSV = ("xcat_csv",)
TAKEN_BY_1: t.Any = [("kvm1", "hyp02", "hyp01")]
TABLE = [
    row("1", [], [K1], "list"),
    row("2", [], [K1, OTHER1], "write", written=[*W1, ("kvm2", "hyp01")], hosts={"kvm1": "hyp01", "kvm2": "hyp01"}),
    row("3", [], [K1], "new", written=W1, hosts={"kvm1": "hyp01"}),
    row("4", [], [K1], "update"),
    row("5", [OLD], [K1], "write", updated=W1),
    row("6", [OLD], [K1], "update", updated=W1),
    row("7", [OLD], [K1], "new"),
    row("8", [SAME1], [K2], "write", conflicts=TAKEN_BY_1),
    row("9", [SAME1], [K2], "update"),
    row("10", [SAME1], [K2], "new"),
    row("11", [], [K1, K2], "write", written=W2, conflicts=[("kvm1", "hyp01", "hyp02")], hosts={"kvm1": "hyp02"}),
    row("11, other order", [], [K2, K1], "write", written=W1, conflicts=TAKEN_BY_1, hosts={"kvm1": "hyp01"}),
    row("13", [], [K1, K2], "update"),
    row("14", [SAME1], [K1, K2], "update", unchanged=W1),
    row("14, changed", [OLD], [K1, K2], "update", updated=W1),
    row("15", [OLD], [K1, K2], "write", updated=W1, conflicts=TAKEN_BY_1),
    row("16", [SAME1], [K1, K2], "new"),
    row("17", [], [K1, K2], "new", written=W2, conflicts=[("kvm1", "hyp01", "hyp02")], hosts={"kvm1": "hyp02"}),
    row(
        "18", [SAME1], [guest("kvm9", "hyp01")], "write",
        written=[("kvm9", "hyp01")], hosts={"kvm1": "hyp01", "kvm9": "hyp01"},
    ),
    row("19", [Stored("kvm1", None, groups="web,all")], [K1], "write", written=W1, hosts={"kvm1": "hyp01"}),
    row("20", [Stored("kvm1", "hyp02", listed=False)], [K1], "write",
        conflicts=[("kvm1", "hyp01", "hyp02")], formats=CSV),
    row("21 -w", [Stored("kvm1", "")], [K1], "write", conflicts=[("kvm1", "hyp01", "")]),
    row("21 -u", [Stored("kvm1", "")], [K1], "update"),
    row("21 -n", [Stored("kvm1", "")], [K1], "new"),
    row("22", [Stored("kvm1", "hyp02", disabled=True)], [K1], "write",
        conflicts=[("kvm1", "hyp01", "hyp02")], formats=CSV),
    row("22, same host", [Stored("kvm1", "hyp01", disabled=True)], [K1], "write",
        conflicts=[("kvm1", "hyp01", "hyp01")], formats=CSV),
    row("23", [Stored("kvm1", "hyp01", memory="512", groups="kvms,all")], [K1], "write", updated=W1,
        group_host="hyp01"),
    row("24", [Stored("kvm1", "hyp01", groups="kvms,all")], [K2], "write", conflicts=TAKEN_BY_1, group_host="hyp01"),
    row("25", [], [OTHER1], "write", written=[("kvm2", "hyp01")], hosts={"kvm2": "hyp01"}),
    row("26", [], [guest("kvm1", "hyp01", nics=(), disks=())], "write", written=W1, hosts={"kvm1": "hyp01"}),
    # xCAT's -w -u and -w -n are its -w, and -u -n is its -w without messages; here the modes are one or the other.
    row("29", [SAME1, Stored("kvm2", "hyp02")], [K1, OTHER1, guest("kvm3", "hyp01")], "write",
        written=[("kvm3", "hyp01")], unchanged=W1, conflicts=[("kvm2", "hyp01", "hyp02")],
        hosts={"kvm1": "hyp01", "kvm2": "hyp02", "kvm3": "hyp01"}),
    row("31", [SAME2], [guest("KVM1", "hyp01")], "write", written=[("KVM1", "hyp01")],
        hosts={"kvm1": "hyp02", "KVM1": "hyp01"}),
    row("32, by a guest's host", [Stored("kvm2", "hyp02"), Stored("hyp02", None)], [guest("hyp02", "hyp01")], "write",
        conflicts=[("hyp02", "hyp01", None)]),
    row("32, scanned", [], [K2, guest("hyp02", "hyp01")], "write", written=W2,
        conflicts=[("hyp02", "hyp01", None)], hosts={"kvm1": "hyp02"}),
    row("33", [SAME1], [guest("kvm1new", "hyp01")], "write", written=[("kvm1new", "hyp01")],
        hosts={"kvm1": "hyp01", "kvm1new": "hyp01"}),
    row("34 -w", [], [guest("my vm", "hyp01"), guest("a.b", "hyp01")], "write",
        conflicts=[("my vm", "hyp01", None), ("a.b", "hyp01", None)]),
    row("34 -n", [], [guest("my vm", "hyp01")], "new", conflicts=[("my vm", "hyp01", None)]),
    row("34 -u", [], [guest("my vm", "hyp01")], "update"),
    row("35", [SAME1], [], "write"),
    row("37", [SAME1], [K2], "write", conflicts=TAKEN_BY_1),
    row("38", [SAME1], [K1], "write", unchanged=W1),
    row("38 -u", [SAME1], [K1], "update", unchanged=W1),
    row("40", [], [guest("kvm1", "hyp01", disks=(Disk("disk", "file", "/v/a:b.img"),))], "write", written=W1,
        hosts={"kvm1": "hyp01"}),
]  # fmt: skip
CASES = [pytest.param(each, fmt, id=f"{each.number}-{fmt}") for each in TABLE for fmt in each.formats]


def pairs(entries: list[dict[str, str]]) -> Pairs:
    return [(entry["name"], entry["hypervisor"]) for entry in entries]


@pytest.mark.parametrize("case, fmt", CASES)
def test_row(case: Row, fmt: str, tmp_path: Path) -> None:
    path = tmp_path / "store"
    make(fmt, path, case.stored, case.group_host)
    before = read(fmt, path)
    foreseen = run(fmt, path, case.mode, case.scan, check_mode=True)
    assert read(fmt, path) == before
    result = run(fmt, path, case.mode, case.scan)
    assert result == foreseen
    assert pairs(result["written"]) == case.written
    assert pairs(result["updated"]) == case.updated
    assert pairs(result["unchanged"]) == case.unchanged
    assert [(c["name"], c["hypervisor"], c["existing"]) for c in result["conflicts"]] == case.conflicts
    assert all(conflict["reason"] for conflict in result["conflicts"])
    assert result["changed"] is bool(case.written or case.updated)
    after = read(fmt, path)
    assert {name: entry.get("vmhost") for name, entry in after.items()} == {
        name: (None if host == "" and fmt == "xcat_csv" else host) for name, host in case.hosts.items()
    }
    if not result["changed"]:
        assert after == before
    again = run(fmt, path, case.mode, case.scan)
    assert again["changed"] is False
    assert again["written"] == again["updated"] == []


@pytest.mark.parametrize("fmt", FORMATS)
def test_rows_5_and_6_keep_what_no_scan_tells(fmt: str, tmp_path: Path) -> None:
    path = tmp_path / "store"
    make(fmt, path, [OLD])
    run(fmt, path, "write", [K1])
    entry = read(fmt, path)["kvm1"]
    assert (entry["vmmemory"], entry["os"], entry["groups"]) == (
        "2048",
        "rhels7",
        "vm,all,web" if fmt != "inventory_yaml" else "vm,web,all",
    )


@pytest.mark.parametrize("fmt", FORMATS[1:])
def test_row_19_keeps_groups_and_power_and_sets_the_way_to_manage_it(fmt: str, tmp_path: Path) -> None:
    path = tmp_path / "store"
    make(fmt, path, [Stored("kvm1", None, groups="web,all", more={"mgt": "ipmi", "power": "ipmi"})])
    run(fmt, path, "write", [K1])
    entry = read(fmt, path)["kvm1"]
    assert (entry["groups"], entry["mgt"], entry["power"]) == ("web,all,vm", "kvm", "ipmi")


@pytest.mark.parametrize("fmt", FORMATS)
def test_row_12_a_second_run_keeps_the_first(fmt: str, tmp_path: Path) -> None:
    path = tmp_path / "store"
    assert run(fmt, path, "write", [K1])["changed"]
    second = run(fmt, path, "write", [K2])
    assert not second["changed"]
    assert [(c["name"], c["hypervisor"], c["existing"]) for c in second["conflicts"]] == TAKEN_BY_1
    assert "the store has it on hyp01, which was kept" in second["conflicts"][0]["reason"]


@pytest.mark.parametrize("fmt", FORMATS)
def test_row_39_the_store_gets_all_bridges_and_files(fmt: str, tmp_path: Path) -> None:
    nics = (Nic("bridge", "br0"), Nic("network", "default"), Nic("bridge", "br1"), Nic("direct", "eth0"))
    disks = (
        Disk("cdrom", "file", "/iso/a.iso"),
        Disk("disk", "file", "/v/a.img"),
        Disk("disk", "network", "pool/rbd"),
        Disk("disk", "block", "/dev/vg/x"),
        Disk("disk", "file"),
    )
    many = guest("kvm1", "hyp01", nics=nics, disks=disks)
    run(fmt, tmp_path / "store", "write", [many])
    entry = read(fmt, tmp_path / "store")["kvm1"]
    assert (entry["vmnics"], entry["vmstorage"]) == ("br0,br1", "/v/a.img,/dev/vg/x")
    assert (many.columns()["nic"], many.columns()["disk"]) == ("br0", "/v/a.img")
    assert len(many.to_dict()["nics"]) == 4
    assert len(many.to_dict()["disks"]) == 5
