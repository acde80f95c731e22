# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A store that is a folder of xCAT's tables, as tabdump writes and tabrestore reads them. Private to this collection."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._scan.broken_line import BrokenLine
from ansible_collections.virtmap.core.plugins.module_utils._scan.csv_text import CsvTable, Row
from ansible_collections.virtmap.core.plugins.module_utils._scan.decide import Known
from ansible_collections.virtmap.core.plugins.module_utils._scan.files import read_text, replace_all
from ansible_collections.virtmap.core.plugins.module_utils._scan.model import ScannedGuest, smbios_order
from ansible_collections.virtmap.core.plugins.module_utils._scan.store import Store, broken
from ansible_collections.virtmap.core.plugins.module_utils._scan.words import new_node, with_groups

# The columns of new tables, in xCAT's order.
SCHEMA = {
    "vm": (
        "node mgr host migrationdest storage storagemodel storagecache storageformat cfgstore memory cpus nics nicmodel "
        "bootorder clockoffset virtflags master vncport textconsole powerstate beacon datacenter cluster guestostype "
        "othersettings physlots vidmodel vidproto vidpassword comments disable"
    ),
    "mac": "node interface mac comments disable",
    "vpd": "node serial mtm side asset uuid comments disable",
    "nodelist": (
        "node groups status statustime appstatus appstatustime primarysn hidden updatestatus updatestatustime zonename "
        "comments disable"
    ),
    "nodetype": "node os arch profile provmethod supportedarchs nodetype comments disable",
    "nodehm": (
        "node power mgt cons termserver termport conserver serialport serialspeed serialflow getmac cmdmapping "
        "consoleondemand consoleenabled comments disable"
    ),
    "kvm_nodedata": "node xml comments disable",
}
# xCAT's word for an attribute to its table and column.
_PLACES = {
    "vmhost": ("vm", "host"),
    "vmstorage": ("vm", "storage"),
    "vmmemory": ("vm", "memory"),
    "vmcpus": ("vm", "cpus"),
    "vmnics": ("vm", "nics"),
    "vmnicnicmodel": ("vm", "nicmodel"),
    "vmothersetting": ("vm", "othersettings"),
    "mac": ("mac", "mac"),
    "arch": ("nodetype", "arch"),
    "mgt": ("nodehm", "mgt"),
    "serialport": ("nodehm", "serialport"),
    "serialspeed": ("nodehm", "serialspeed"),
}
_ENABLED = frozenset({"", "0", "no"})


class CsvTables(Store):
    """A folder with a file ``<table>.csv`` for each table.

    Args:
        folder: need not be there.

    Raises:
        InvalidInput: a table cannot be read or understood.
    """

    def __init__(self, folder: Path) -> None:
        if folder.exists() and not folder.is_dir():
            raise InvalidInput(f"the store {folder} must be a folder for xcat_csv")
        self._folder = folder
        self._texts: dict[str, str | None] = {}
        self._tables: dict[str, CsvTable] = {}
        for name, columns in SCHEMA.items():
            self._tables[name] = self._load(name, columns.split())
        self._hosts = {row.cells.get("host") for row in self._tables["vm"].rows}
        hypervisors = self._load("hypervisor", ["node"])
        self._hosts |= {row.cells["node"] for row in hypervisors.rows}
        self._groups = {group for row in self._tables["nodelist"].rows for group in _groups(row)}

    def lookup(self, name: str) -> Known | None:
        row = self._tables["vm"].get(name)
        if row is None and self._group_row(name) is None:
            return Known(None) if any(table.get(name) for table in self._tables.values()) else None
        if row is not None and not _enabled(row):
            return Known(row.cells.get("host", ""), "its row in the table vm is disabled")
        host = self._value(name, "vm", "host")
        if host.startswith("|") or "(" in host:
            return Known(host, "its host in the store is a rule that only xCAT can read")
        return Known(host)

    def taken(self, name: str) -> str | None:
        if name in self._groups:
            return "a group in the store has this name"
        return "a hypervisor in the store has this name" if name in self._hosts else None

    def refuses(self, guest: ScannedGuest) -> str | None:
        return None  # quoted, a cell holds everything

    def add(self, guest: ScannedGuest) -> None:
        name = guest.name or ""
        row = self._tables["nodelist"].get(name)
        self._tables["nodelist"].set(name, {"groups": with_groups(row.cells.get("groups", "") if row else "")})
        self._set(name, _by_table(new_node(guest)))
        self._set_rest(guest)

    def update(self, guest: ScannedGuest) -> bool:
        name = guest.name or ""
        wanted = _by_table(guest.attributes())
        for table, values in wanted.items():
            # What a group already says is not written into a row of the node's own.
            wanted[table] = {c: v for c, v in values.items() if self._value(name, table, c) != v}
        changed = self._set(name, wanted)
        if changed or self._other_uuid(guest):
            self._set_rest(guest)
            return True
        return False

    def texts(self) -> list[tuple[str, str, str]]:
        return [
            (str(self._path(name)), self._texts[name] or "", table.render())
            for name, table in self._tables.items()
            if table.changed
        ]

    def save(self, *, backup: bool) -> list[str]:
        texts = {Path(path): after for path, _before, after in self.texts()}
        # The table vm says which guests are known. Where writing is cut off between two files it is still the old one, so
        # that the next run does what is left.
        last = texts.pop(self._path("vm"), None)
        return replace_all(texts if last is None else {**texts, self._path("vm"): last}, backup=backup)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.csv"

    def _load(self, name: str, columns: list[str]) -> CsvTable:
        self._texts[name] = read_text(self._path(name))
        try:
            return CsvTable(self._texts[name], columns)
        except BrokenLine as exc:
            raise broken(self._path(name), exc.line, shown(exc.reason)) from exc

    def _value(self, node: str, table: str, column: str) -> str:
        """A value as xCAT finds it: in the node's own row, else in that of a group."""
        row = self._tables[table].get(node)
        if row is not None and column in row.cells:
            return row.cells[column]
        group = self._group_row(node, table, column)
        return "" if group is None else group.cells.get(column, "")

    def _group_row(self, node: str, table: str = "vm", column: str = "node") -> Row | None:
        member = self._tables["nodelist"].get(node)
        rows = (self._tables[table].get(group) for group in (_groups(member) if member else ()))
        return next((row for row in rows if row is not None and _enabled(row) and column in row.cells), None)

    def _set(self, name: str, values: dict[str, dict[str, str]]) -> bool:
        changed = [self._tables[table].set(name, cells) for table, cells in values.items() if cells]
        return any(changed)

    def _other_uuid(self, guest: ScannedGuest) -> bool:
        return guest.uuid is not None and self._value(guest.name or "", "vpd", "uuid") != smbios_order(guest.uuid)

    def _set_rest(self, guest: ScannedGuest) -> None:
        """What has no word of its own. The definition changes with each start, so it is no reason for an update."""
        name = guest.name or ""
        if guest.uuid is not None:
            self._tables["vpd"].set(name, {"uuid": smbios_order(guest.uuid)})
        if guest.xml is not None:
            self._tables["kvm_nodedata"].set(name, {"xml": guest.xml})


def _by_table(attributes: dict[str, str]) -> dict[str, dict[str, str]]:
    values: dict[str, dict[str, str]] = {}
    for word, value in attributes.items():
        table, column = _PLACES[word]
        values.setdefault(table, {})[column] = value
    return values


def _groups(row: Row) -> list[str]:
    return [group for group in row.cells.get("groups", "").split(",") if group]


def _enabled(row: Row) -> bool:
    return row.cells.get("disable", "") in _ENABLED
