# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Stores of each format with guests in them, and what they say afterwards."""

from __future__ import annotations

import csv
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from ansible_collections.virtmap.core.plugins.module_utils._scan.client import Machine, write_store
from ansible_collections.virtmap.core.plugins.module_utils._scan.model import Disk, Nic, ScannedGuest
from ansible_collections.virtmap.core.plugins.module_utils._scan.sources import Scan

FORMATS = ("inventory_yaml", "xcat_stanza", "xcat_csv")
NO_MACHINE = Machine(lambda _command, _text: (127, "", "not here"), lambda _name: None)


def guest(name: str | None, hypervisor: str, **more: t.Any) -> ScannedGuest:
    """A guest with all there is."""
    known: dict[str, t.Any] = {
        "id": "1",
        "cpu": 2,
        "memory": 2048,
        "nics": (Nic("bridge", "br0", "52:54:00:00:00:01", "virtio"),),
        "disks": (Disk("disk", "file", f"/v/{name}.qcow2", "vda"),),
        "uuid": "21111111-2222-3333-4444-555555555555",
        "arch": "x86_64",
        "state": "running",
    }
    return ScannedGuest("kvm", name, hypervisor, **{**known, **more})


@dataclass(frozen=True)
class Stored:
    """A guest that a store knows. What is in ``foreign`` no scan tells; ``host`` None: the name is there, but no guest."""

    name: str
    host: str | None
    memory: str = "2048"
    foreign: bool = False
    disabled: bool = False
    listed: bool = True
    groups: str = "vm,all"
    more: dict[str, str] = field(default_factory=dict)


def make(store_format: str, path: Path, stored: t.Sequence[Stored], group_host: str | None = None) -> None:
    """Write a store. With ``group_host`` the group kvms says where its members are."""
    if not stored and group_host is None:
        return
    {"inventory_yaml": _make_yaml, "xcat_stanza": _make_stanza, "xcat_csv": _make_csv}[store_format](
        path, stored, group_host
    )


def _words(entry: Stored) -> dict[str, str]:
    if entry.host is None:
        return {}
    values = {"vmcpus": "2", "vmmemory": entry.memory, "vmnics": "br0", "vmstorage": f"/v/{entry.name}.qcow2"}
    return {"vmhost": entry.host, **values}


def _make_yaml(path: Path, stored: t.Sequence[Stored], group_host: str | None) -> None:
    groups: dict[str, t.Any] = {}
    for entry in stored:
        words = _words(entry)
        if group_host is not None and "kvms" in entry.groups:
            words.pop("vmhost", None)
        variables = {**words, **({"os": "rhels7"} if entry.foreign else {}), **entry.more}
        for group in entry.groups.split(","):
            if group != "all":
                place = groups.setdefault(group, {"hosts": {}})
                place["hosts"][entry.name] = variables or None
                variables = {}
    if group_host is not None:
        groups["kvms"]["vars"] = {"vmhost": group_host}
    path.write_text("---\n# kept\n" + yaml.safe_dump(groups, sort_keys=False), encoding="utf-8")


def _make_stanza(path: Path, stored: t.Sequence[Stored], group_host: str | None) -> None:
    lines = ["# <xCAT data object stanza file>", "", "# kept"]
    for entry in stored:
        words = _words(entry)
        if group_host is not None and "kvms" in entry.groups:
            words["vmhost"] = group_host  # lsdef shows it so
        words.update(arch="x86_64", mac="52:54:00:00:00:01", vmnicnicmodel="virtio") if words else None
        values = {"objtype": "node", "groups": entry.groups, **words, **entry.more}
        if entry.foreign:
            values["os"] = "rhels7"
        lines += [f"{entry.name}:", *(f"    {word}={value}" for word, value in values.items()), ""]
    path.write_text("\n".join(lines), encoding="utf-8")


def _make_csv(path: Path, stored: t.Sequence[Stored], group_host: str | None) -> None:
    path.mkdir()
    tables: dict[str, list[dict[str, str]]] = {}
    for entry in stored:
        words = _words(entry)
        if words:
            vm = {"node": entry.name, "host": words["vmhost"], "cpus": "2", "memory": entry.memory, "nics": "br0"}
            vm.update(storage=words["vmstorage"], nicmodel="virtio", disable="1" if entry.disabled else "")
            if group_host is not None and "kvms" in entry.groups:
                vm["host"] = ""
            tables.setdefault("vm", []).append(vm)
            tables.setdefault("mac", []).append({"node": entry.name, "mac": "52:54:00:00:00:01"})
            tables.setdefault("nodetype", []).append(
                {"node": entry.name, "arch": "x86_64", "os": "rhels7" if entry.foreign else ""}
            )
            tables.setdefault("vpd", []).append({"node": entry.name, "uuid": "11111121-2222-3333-4444-555555555555"})
        if entry.listed:
            tables.setdefault("nodelist", []).append({"node": entry.name, "groups": entry.groups})
        if entry.more:
            tables.setdefault("nodehm", []).append({"node": entry.name, **entry.more})
    if group_host is not None:
        tables["vm"].append({"node": "kvms", "host": group_host})
    for table, rows in tables.items():
        columns = list(dict.fromkeys(column for row in rows for column in row))
        text = "#" + ",".join(columns) + "\n"
        for row in rows:
            text += ",".join(f'"{row[column]}"' if row.get(column) else "" for column in columns) + "\n"
        (path / f"{table}.csv").write_text(text, encoding="utf-8")


def read(store_format: str, path: Path) -> dict[str, dict[str, str]]:
    """What a store says: name to words, by readers of others."""
    if not path.exists():
        return {}
    return {"inventory_yaml": _read_yaml, "xcat_stanza": _read_stanza, "xcat_csv": _read_csv}[store_format](path)


def _read_yaml(path: Path) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for name, group in yaml.safe_load(path.read_text(encoding="utf-8")).items():
        for host, variables in (group.get("hosts") or {}).items():
            entry = found.setdefault(host, {"groups": ""})
            entry["groups"] += f"{name},"
            entry.update({key: str(value) for key, value in (variables or {}).items()})
            entry.update({key: str(value) for key, value in (group.get("vars") or {}).items() if key not in entry})
    return {host: {**entry, "groups": entry["groups"] + "all"} for host, entry in found.items()}


def _read_stanza(path: Path) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.endswith(":") and not line.startswith("#"):
            entry = found.setdefault(line[:-1], {})
        elif "=" in line:
            word, _equals, value = line.strip().partition("=")
            entry[word] = value
    return found


def _read_csv(path: Path) -> dict[str, dict[str, str]]:
    words = {"host": "vmhost", "memory": "vmmemory", "cpus": "vmcpus", "nics": "vmnics", "storage": "vmstorage"}
    found: dict[str, dict[str, str]] = {}
    for file in sorted(path.glob("*.csv")):
        with file.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                entry = found.setdefault(row["#node"], {})
                for column, value in row.items():
                    if value and column != "#node":
                        entry[words.get(column, column) if file.stem == "vm" else column] = value
    kvms = found.pop("kvms", {})
    for entry in found.values():
        if "kvms" in entry.get("groups", ""):
            entry.setdefault("vmhost", kvms.get("vmhost", ""))
    return found


def run(
    store_format: str,
    path: Path,
    mode: str,
    guests: t.Sequence[ScannedGuest],
    hypervisors: t.Sequence[str] = (),
    **how: t.Any,
) -> dict[str, t.Any]:
    """Write guests into a store."""
    options = {"mode": mode, "store": str(path), "store_format": store_format, "backup": False, "timeout": 5}
    options.update({key: how.pop(key) for key in list(how) if key in options})
    found = Scan(list(guests), list(hypervisors) or sorted({each.hypervisor for each in guests}))
    return write_store(options, NO_MACHINE, found, **{"check_mode": False, "diff": False, **how})
