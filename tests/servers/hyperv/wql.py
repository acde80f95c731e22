# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The part of WQL that clients of Hyper-V use: ``select`` of columns or of all, and equations joined by ``and``."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from .faults import Fault, cannot_process_filter
from .model import SCHEMA, Host, Row, Value

_SELECT = re.compile(
    r"\s*select\s+(?P<columns>\*|\w+(?:\s*,\s*\w+)*)\s+from\s+(?P<name>\w+)\s*(?:where\s+(?P<where>.+))?", re.I | re.S
)
_EQUATION = re.compile(
    r"\s*(?P<column>\w+)\s*(?P<sign>=|<>|!=)\s*(?P<value>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\d+|true|false)\s*(?P<and>and\b)?",
    re.I | re.S,
)


@dataclass(frozen=True)
class Query:
    """A query that has been understood.

    Attributes:
        columns: in the spelling of the class; None for ``*``.
        equations: column, whether it must be equal, and to what.
    """

    namespace: str
    name: str
    columns: tuple[str, ...] | None
    equations: tuple[tuple[str, bool, Value], ...]

    def rows(self, host: Host) -> t.Iterator[Row]:
        """The rows that the query selects, with the columns that it wants."""
        for row in host.rows(self.namespace, self.name):
            if all((_same(row[column], value)) == equal for column, equal, value in self.equations):
                # Alphabetical, whatever the query's own order was.
                yield {column: row[column] for column in sorted(self.columns or row)}


def understand(text: str, namespace: str, host: Host) -> Query:
    """Read a query.

    Raises:
        Fault: the namespace, the class or a column does not exist, or the text is no query.
    """
    match = _SELECT.fullmatch(text)
    if match is None:
        raise cannot_process_filter("invalid_query", text)
    if not host.has(namespace):
        raise cannot_process_filter("invalid_namespace", text)
    classes = {name.lower(): name for name in SCHEMA[namespace.lower()]}
    name = classes.get(match["name"].lower())
    if name is None:
        raise cannot_process_filter("invalid_class", text)
    known = {column.lower(): column for column in SCHEMA[namespace.lower()][name]}
    columns = None
    if match["columns"] != "*":
        columns = tuple(_known(known, column.strip(), text) for column in match["columns"].split(","))
    return Query(namespace, name, columns, tuple(_equations(match["where"] or "", known, text)))


def _equations(where: str, known: dict[str, str], text: str) -> t.Iterator[tuple[str, bool, Value]]:
    place, more = 0, bool(where.strip())
    while more:
        match = _EQUATION.match(where, place)
        if match is None:
            raise cannot_process_filter("invalid_query", text)
        place, more = match.end(), match["and"] is not None
        yield _known(known, match["column"], text), match["sign"] == "=", _value(match["value"])
    if where[place:].strip():
        raise cannot_process_filter("invalid_query", text)


def _known(known: dict[str, str], column: str, text: str) -> str:
    if column.lower() not in known:
        raise cannot_process_filter("invalid_query", text)
    return known[column.lower()]


def _value(text: str) -> Value:
    if text[0] in "'\"":
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text.lower() == "true" if text.isalpha() else int(text)


def _same(left: Value, right: Value) -> bool:
    """WQL compares text without regard to case."""
    if isinstance(left, str) and isinstance(right, str):
        return left.lower() == right.lower()
    return left == right


__all__ = ["Fault", "Query", "understand"]
