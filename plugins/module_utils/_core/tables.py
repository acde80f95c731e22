# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Mappings as tables: text for people, CSV for spreadsheets. Private to this collection."""

from __future__ import annotations

import csv
import io
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping, sort_guests
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown

COLUMNS = ("hypervisor", "hypervisor_id", "cluster", "sockets", "guest", "guest_uuid", "state", "backend", "source")
TABLE_COLUMNS = ("hypervisor", "sockets", "guest", "guest_uuid", "state")
# A spreadsheet takes a cell that begins like this for a formula and runs it.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def rows(mappings: t.Iterable[Mapping]) -> t.Iterator[dict[str, str]]:
    """One row for each guest, and one for each hypervisor without guests, in stable order; every value is a text."""
    for mapping in mappings:
        for hypervisor in sorted(mapping.hypervisors, key=lambda entry: (entry.name or entry.id, entry.id)):
            common = {
                "hypervisor": hypervisor.name or hypervisor.id,
                "hypervisor_id": hypervisor.id,
                "cluster": hypervisor.cluster or "",
                "sockets": str(hypervisor.facts.get("cpu.cpu_socket(s)", "")),
                "backend": mapping.backend,
                "source": mapping.source,
            }
            for guest in sort_guests(hypervisor.guests or ()):
                yield {**common, "guest": guest.name or "", "guest_uuid": guest.uuid, "state": guest.state.word}
            if not hypervisor.guests:
                yield {
                    **common,
                    "guest": "",
                    "guest_uuid": "",
                    "state": "not known" if hypervisor.guests is None else "",
                }


def to_csv(mappings: t.Iterable[Mapping]) -> str:
    """The rows as CSV (RFC 4180) with a head line; cells that a spreadsheet would take for a formula begin with an
    apostrophe."""
    return csv_text(COLUMNS, ([row[column] for column in COLUMNS] for row in rows(mappings)))


def csv_text(columns: t.Iterable[str], lines: t.Iterable[t.Iterable[str]]) -> str:
    """Lines of cells as CSV (RFC 4180) with a head line; cells that a spreadsheet would take for a formula begin with
    an apostrophe."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(columns)
    writer.writerows([_harmless(cell) for cell in line] for line in lines)
    return stream.getvalue()


def to_table(mappings: t.Iterable[Mapping]) -> str:
    """The rows as text in columns, one line each, ended by a line of totals."""
    mappings = list(mappings)
    lines = [tuple(column.replace("_", " ").upper() for column in TABLE_COLUMNS)]
    previous = None
    for row in rows(mappings):
        cells = [shown(row[column], 60) for column in TABLE_COLUMNS]
        here = (row["source"], row["hypervisor_id"])
        if here == previous:
            cells[0] = cells[1] = ""
        previous = here
        lines.append(tuple(cells))
    widths = [max(len(line[index]) for line in lines) for index in range(len(TABLE_COLUMNS))]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines]
    hosts = sum(len(mapping.hypervisors) for mapping in mappings)
    guests = sum(mapping.guest_count for mapping in mappings)
    text.append(f"{hosts} hypervisors, {guests} guests from {len(mappings)} sources")
    return "\n".join(text)


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell
