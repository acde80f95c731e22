# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The tables of a report: for the page and for CSV. Private to this collection."""

from __future__ import annotations

import typing as t


class Table(t.NamedTuple):
    """A table of the report.

    Attributes:
        about: a sentence under the title.
        columns: keys of the rows in the document.
    """

    title: str
    about: str
    columns: tuple[str, ...]


# A table of CSV only: one line for each guest and each hypervisor without guests, with its source.
PLACEMENTS = "placements"
TABLES = {
    "missing": Table("Sources without an answer", "What they know is not in this report.", ("source", "reason")),
    "conflicts": Table(
        "Conflicts",
        "What the sources contradict each other in. It is reported as seen.",
        ("kind", "subject", "where", "message"),
    ),
    "skipped": Table(
        "Skipped objects", "Hosts and guests that a source had to leave out.", ("kind", "name", "reason", "source")
    ),
    "stale": Table("Stale hypervisors", "Nothing new is heard of these.", ("name", "id", "since", "reason")),
    "unplaced": Table(
        "Guests on no hypervisor",
        "Known to a source, but no reported hypervisor runs them.",
        ("name", "uuid", "state", "source"),
    ),
    "changes": Table(
        "Changes",
        "What changed since the last run.",
        ("kind", "name", "guest", "hypervisor", "previous_hypervisor", "state", "previous_state"),
    ),
    "hypervisors": Table(
        "Hypervisors",
        "All that were reported.",
        ("name", "id", "cluster", "type", "version", "sockets", "pairs", "guests", "source"),
    ),
    "guests": Table(
        "Guests", "All that a hypervisor runs.", ("name", "uuid", "state", "hypervisor", "hypervisor_id", "cluster")
    ),
    "sources": Table(
        "Sources",
        "What was asked. A run that tells nothing new leaves this page, and so these moments, as they are.",
        ("source", "backend", "collected_at", "hypervisors", "guests", "skipped"),
    ),
}
