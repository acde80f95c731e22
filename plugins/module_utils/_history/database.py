# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The database under the history: one connection, one transaction. Private to this collection."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown

T = t.TypeVar("T")
Row = tuple[t.Any, ...]


class Cursor(t.Protocol):
    """What SQLite and PostgreSQL cursors have in common."""

    def execute(self, sql: t.Any, parameters: t.Any = ..., /) -> t.Any:
        """Run a statement."""

    def executemany(self, sql: t.Any, parameters: t.Any, /) -> t.Any:
        """Run a statement for each row."""

    def fetchall(self) -> list[t.Any]:
        """All rows of the answer."""


class Database:
    """Statements of one transaction. They are written for SQLite; their only special sign is the question mark.

    Args:
        cursor: of the open transaction.
        name: how sentences call the database, without credentials.
        mark: what stands for a value in this database.
        tables: the statement that counts the tables of a name.
    """

    def __init__(self, cursor: Cursor, name: str, mark: str, tables: str) -> None:
        self._cursor = cursor
        self._mark = mark
        self._tables = tables
        self.name = name
        self.written = 0

    def rows(self, sql: str, *values: object) -> list[Row]:
        """The rows that a statement gives."""
        self._cursor.execute(self._sql(sql), values)
        return [tuple(row) for row in self._cursor.fetchall()]

    def run(self, sql: str, *values: object) -> None:
        """Run a statement without an answer."""
        self._cursor.execute(self._sql(sql), values)

    def insert(self, table: str, columns: str, rows: t.Sequence[Row]) -> None:
        """Add rows, and count them in ``written``.

        Args:
            columns: their names, parted by commas.
        """
        marks = ", ".join("?" for _name in columns.split(","))
        # The names are ours; every value goes through a mark.
        self.many(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)  # noqa: S608
        self.written += len(rows)

    def many(self, sql: str, rows: t.Sequence[Row]) -> None:
        """Run a statement for each of several rows of values."""
        if rows:
            self._cursor.executemany(self._sql(sql), rows)

    def has_table(self, name: str) -> bool:
        """Whether a table is there."""
        return bool(self.rows(self._tables, name)[0][0])

    def _sql(self, sql: str) -> str:
        return sql if self._mark == "?" else sql.replace("?", self._mark)


def stored(value: str) -> str:
    """Text as both databases can hold it: PostgreSQL takes no NUL, and neither takes half a surrogate pair."""
    return value.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")


def broken(name: str, exc: Exception) -> InvalidInput:
    """The error for a database that cannot be used; what the library says is told, because it knows the reason."""
    return InvalidInput(f"the history {name} cannot be used: {shown(exc)}; nothing was changed")
