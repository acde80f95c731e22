# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""xCAT's table format (tabdump, tabrestore), read and changed row by row, so that all else stays as it is. Pure. Private.

Python's own reader cannot tell a value that is empty from one that is not set, nor the line of an error.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ansible_collections.virtmap.core.plugins.module_utils._scan.broken_line import BrokenLine

Cells = dict[str, str]
_END = re.compile(r"[,\n]")


@dataclass
class Row:
    """A row.

    Attributes:
        cells: the values that are set.
        raw: its text while it is as it was read; None once it was changed.
    """

    cells: Cells
    raw: str | None = None


class CsvTable:
    """A table.

    Attributes:
        changed: whether it differs from the text that was read.

    Args:
        text: of the file; None for a table that is not there.
        columns: those of a new table.

    Raises:
        BrokenLine: the text is no table.
    """

    def __init__(self, text: str | None, columns: t.Sequence[str]) -> None:
        self.changed = False
        self.columns = list(columns)
        self.rows: list[Row] = []
        self._by_node: dict[str, Row] = {}
        if text is not None and text.strip():
            self._read(text if text.endswith("\n") else text + "\n")

    def get(self, node: str) -> Row | None:
        """The row of a node or group."""
        return self._by_node.get(node)

    def set(self, node: str, values: t.Mapping[str, str]) -> bool:
        """Set values in the row of a node, which is added when it is not there; returns whether that changed anything."""
        row = self._by_node.get(node)
        # A value that is empty is as good as none.
        current = row.cells if row is not None else {}
        different = {column: value for column, value in values.items() if current.get(column, "") != value}
        if row is not None and not different:
            return False
        if row is None:
            row = Row({"node": node})
            self.rows.append(row)
            self._by_node[node] = row
        for column in different:
            if column not in self.columns:
                self.columns.append(column)
        row.cells.update(different)
        row.raw = None
        self.changed = True
        return True

    def render(self) -> str:
        """The table as tabdump prints it."""
        lines = ["#" + ",".join(self.columns)]
        for row in self.rows:
            lines.append(self._line(row.cells) if row.raw is None else row.raw)
        return "\n".join(lines) + "\n"

    def _line(self, cells: Cells) -> str:
        return ",".join(_cell(cells[column]) if column in cells else "" for column in self.columns)

    def _read(self, text: str) -> None:
        head, _newline, rest = text.partition("\n")
        if not head.startswith("#"):
            raise BrokenLine(1, "the first line must begin with # and name the columns")
        self.columns = [name.strip().strip('"') for name in head[1:].strip().split(",")]
        if self.columns[0] != "node":
            raise BrokenLine(1, "the first column must be node")
        at, line = 0, 2
        while at < len(rest):
            values, end = _row(rest, at, line)
            raw = rest[at : end - 1]
            if any(value is not None for value in values):
                self._add(values, raw, line)
            line += rest.count("\n", at, end)
            at = end

    def _add(self, values: list[str | None], raw: str, line: int) -> None:
        if len(values) > len(self.columns):
            raise BrokenLine(line, f"it has {len(values)} values for {len(self.columns)} columns")
        cells = {column: value for column, value in zip(self.columns, values) if value is not None}
        node = cells.get("node")
        if not node:
            raise BrokenLine(line, "it names no node")
        if node in self._by_node:
            raise BrokenLine(line, f"the node {node[:60]!r} has another row above")
        row = Row(cells, raw)
        self.rows.append(row)
        self._by_node[node] = row


def _row(text: str, at: int, line: int) -> tuple[list[str | None], int]:
    """The values of one row, and where the next one begins."""
    values: list[str | None] = []
    while True:
        value: str | None
        if text.startswith('"', at):
            value, at = _quoted(text, at, line)
        else:
            end = t.cast("re.Match[str]", _END.search(text, at)).start()
            value, at = text[at:end].strip() or None, end
        values.append(value)
        if text[at] == "\n":
            return values, at + 1
        if text[at] != ",":
            raise BrokenLine(line, "there is text behind a closing quote")
        at += 1


def _quoted(text: str, at: int, line: int) -> tuple[str, int]:
    pieces = []
    while True:
        end = text.find('"', at + 1)
        if end < 0:
            raise BrokenLine(line, "a quote is not closed")
        pieces.append(text[at + 1 : end])
        if not text.startswith('"', end + 1):
            return '"'.join(pieces), end + 1
        at = end + 1


def _cell(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'
