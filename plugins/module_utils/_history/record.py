# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Writing a mapping into the history. Private to this collection."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.virtmap.core.plugins.module_utils._core.compare import Change, changes
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._history.database import Database, stored
from ansible_collections.virtmap.core.plugins.module_utils._history.given import Given, fingerprint
from ansible_collections.virtmap.core.plugins.module_utils._history.spans import (
    Belief,
    GuestSpan,
    HostSpan,
    believed_mapping,
    load,
    spans,
)

HOST_COLUMNS = "id, source_id, host, reported_id, uuid, name, cluster, facts, guests_known, from_at, believed"
GUEST_COLUMNS = "id, source_id, host, guest, uuid, name, state, from_at, believed"
NO_LONGER = "it is no longer reported"


@dataclass
class Recorded:
    """What became of one mapping.

    Attributes:
        result: recorded, unchanged (a run was added, nothing else), known (this run is there already) or outdated
            (a newer run is there).
        rows: how many rows were added.
        changes: against the run before; empty for the first run of a source.
    """

    mapping: Mapping
    result: str
    rows: int = 0
    changes: list[Change] = field(default_factory=list)

    def to_dict(self) -> dict[str, t.Any]:
        """The run as results show it."""
        return {
            "backend": self.mapping.backend,
            "source": self.mapping.source,
            "collected_at": self.mapping.collected_at,
            "result": self.result,
            "rows": self.rows,
        }


def record(database: Database, given: Given) -> Recorded:
    """Add one run of one source.

    Raises:
        InvalidInput: another mapping of the same source and moment is recorded, or this one is not in shape.
    """
    before = database.written
    head = given.head
    backend, source, moment = head.backend, stored(head.source), head.collected_at
    found = database.rows(
        "SELECT id, last_at, fingerprint FROM virtmap_source WHERE backend = ? AND source = ?", backend, source
    )
    source_id, last_at, last_mark = found[0] if found else (0, "", "")
    mark = given.fingerprint
    if mark != last_mark:
        # The same may be said in other words, such as a state that is left out for unknown.
        mark = fingerprint(given.mapping.to_dict())
    outcome = Recorded(head, "recorded")
    if moment < last_at:
        outcome.result = "outdated"
        return outcome
    if moment == last_at:
        if mark != last_mark:
            raise InvalidInput(
                f"another mapping of {shown(head.source)} ({backend}) of the moment {moment} is recorded already; "
                "one source must always be collected with the same options, and once at a time"
            )
        outcome.result = "known"
        return outcome
    if found:
        if mark == last_mark:
            outcome.result = "unchanged"
        else:
            belief = load(database, source_id)
            outcome.changes = changes(believed_mapping(belief, given.mapping), given.mapping)
            _write(database, source_id, given.mapping, belief, last_at)
        database.run("UPDATE virtmap_source SET last_at = ?, fingerprint = ? WHERE id = ?", moment, mark, source_id)
    else:
        source_id = _next_id(database, "virtmap_source")
        database.insert(
            "virtmap_source",
            "id, backend, source, first_at, last_at, fingerprint",
            [(source_id, backend, source, moment, moment, mark)],
        )
        _write(database, source_id, given.mapping, Belief(), moment)
    changed = int(outcome.result == "recorded")
    columns = "source_id, at, hypervisors, guests, skipped, changed"
    database.insert("virtmap_run", columns, [(source_id, moment, *given.figures(), changed)])
    outcome.rows = database.written - before
    return outcome


def _write(database: Database, source_id: int, mapping: Mapping, belief: Belief, last_at: str) -> None:
    """End the spans that the mapping contradicts, and begin those that are new."""
    moment = mapping.collected_at
    hosts, guests = spans(mapping)
    reported = {span.host for span in hosts}
    left_out = {stored(entry.name): entry.reason for entry in mapping.skipped if entry.kind == "host"}
    reasons: dict[str, str] = {}
    for known in (belief.hosts, belief.missed_hosts):
        for span in known:
            names = [name for name in (span.reported_id, span.uuid, span.name) if name and name in left_out]
            if names and span.host not in reported:
                reasons[span.host] = stored(left_out[names[0]])
    silent = {span.host for span in hosts if not span.guests_known} | reasons.keys()
    elsewhere = {span.guest for span in guests}

    def host_believed(span: HostSpan) -> bool:
        return span.host in reasons

    def guest_believed(span: GuestSpan) -> bool:
        return span.host in silent and span.guest not in elsewhere

    ended = [
        (last_at, moment, int(host_believed(span)), reasons.get(span.host, _reason(span, reported)), number)
        for span, number in belief.hosts.items()
        if span not in hosts
    ]
    sql = "UPDATE virtmap_host SET last_at = ?, until_at = ?, believed = ?, reason = ? WHERE id = ?"
    database.many(sql, ended)
    gone = [
        (last_at, moment, int(guest_believed(span)), number)
        for span, number in belief.guests.items()
        if span not in guests
    ]
    database.many("UPDATE virtmap_guest SET last_at = ?, until_at = ?, believed = ? WHERE id = ?", gone)
    settled = [
        (_reason(span, reported), number) for span, number in belief.missed_hosts.items() if not host_believed(span)
    ]
    database.many("UPDATE virtmap_host SET believed = 0, reason = ? WHERE id = ?", settled)
    done = [(number,) for span, number in belief.missed_guests.items() if not guest_believed(span)]
    database.many("UPDATE virtmap_guest SET believed = 0 WHERE id = ?", done)
    _begin(
        database, source_id, moment, "virtmap_host", HOST_COLUMNS, [span for span in hosts if span not in belief.hosts]
    )
    _begin(
        database,
        source_id,
        moment,
        "virtmap_guest",
        GUEST_COLUMNS,
        [span for span in guests if span not in belief.guests],
    )


def _begin(
    database: Database, source_id: int, moment: str, table: str, columns: str, fresh: t.Sequence[tuple[t.Any, ...]]
) -> None:
    """Add spans that begin at a moment."""
    number = _next_id(database, table)
    database.insert(table, columns, [(number + index, source_id, *span, moment, 1) for index, span in enumerate(fresh)])


def _reason(span: HostSpan, reported: set[str]) -> str | None:
    return None if span.host in reported else NO_LONGER


def _next_id(database: Database, table: str) -> int:
    """The number of the next row; safe, because there is one writer at a time."""
    return int(database.rows(f"SELECT coalesce(max(id), 0) FROM {table}")[0][0]) + 1  # noqa: S608 - our own name
