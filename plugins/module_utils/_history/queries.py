# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What the history answers. Private to this collection."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta, timezone
from itertools import groupby

from ansible_collections.virtmap.core.plugins.module_utils._history.database import Database, stored
from ansible_collections.virtmap.core.plugins.module_utils._history.moments import as_text

# The newest name that a host was recorded under, whatever its span.
HOST_NAME = (
    "(SELECT h.name FROM virtmap_host h WHERE h.source_id = g.source_id AND h.host = g.host ORDER BY h.id DESC LIMIT 1)"
)
HOST_ID = (
    "(SELECT h.reported_id FROM virtmap_host h WHERE h.source_id = g.source_id AND h.host = g.host "
    "ORDER BY h.id DESC LIMIT 1)"
)
GUEST_KEYS = "backend source hypervisor hypervisor_name uuid name state from last_seen until".split()


def placements(database: Database, guest: str, since: str, until: str) -> list[dict[str, t.Any]]:
    """Where a guest was in a stretch of time, oldest first.

    A span counts until the first run that no longer saw the guest there; between that and the last run that did
    nobody knows, which ``confirmed`` tells.

    Args:
        guest: its uuid in any case, or its name exactly.
    """
    found = database.rows(
        f"""SELECT s.backend, s.source, {HOST_ID}, {HOST_NAME}, g.uuid, g.name, g.state, g.from_at,
            coalesce(g.last_at, s.last_at), g.until_at
        FROM virtmap_guest g JOIN virtmap_source s ON s.id = g.source_id
        WHERE (g.guest = ? OR g.name = ?) AND g.from_at <= ? AND (g.until_at IS NULL OR g.until_at > ?)
        ORDER BY g.from_at, s.backend, s.source, g.host, g.id""",  # noqa: S608 - our own text
        stored(guest).strip().lower(),
        stored(guest),
        until,
        since,
    )
    return [{**dict(zip(GUEST_KEYS, row)), "confirmed": row[8] >= since} for row in found]


def moves(database: Database, since: str, until: str) -> list[dict[str, t.Any]]:
    """Guests that changed their hypervisor, oldest first; also from one source to another.

    The move happened after ``last_seen`` on the old hypervisor and not after ``seen`` on the new one.
    """
    rows = database.rows(
        f"""SELECT g.guest, g.host, {HOST_ID}, g.uuid, g.name, g.from_at, g.last_at, s.backend, s.source
        FROM virtmap_guest g JOIN virtmap_source s ON s.id = g.source_id
        WHERE g.host <> '' AND g.guest IN
            (SELECT n.guest FROM virtmap_guest n WHERE n.from_at >= ? AND n.from_at <= ? AND n.host <> '')
        ORDER BY g.guest, g.from_at, g.id""",  # noqa: S608 - our own text
        since,
        until,
    )
    found = []
    for _key, group in groupby(rows, key=lambda row: row[0]):
        earlier: list[tuple[t.Any, ...]] = []
        for row in group:
            host, begun = row[1], row[5]
            ended = [span for span in earlier if span[6] is not None and span[6] < begun]
            # Seen on this hypervisor all along, or on two at once: no move.
            stayed = any(span[1] == host and (span[6] is None or span[6] >= _newest(ended)) for span in earlier)
            if ended and not stayed and begun >= since:
                found.append(_move(max(ended, key=lambda span: (span[6], span[5])), row))
            earlier.append(row)
    kept = [move for move in found if move["seen"] <= until]
    return sorted(kept, key=lambda move: (move["seen"], move["uuid"]))


def _newest(ended: list[tuple[t.Any, ...]]) -> str:
    return max((span[6] for span in ended), default="")


def _move(old: tuple[t.Any, ...], new: tuple[t.Any, ...]) -> dict[str, t.Any]:
    return {
        "uuid": new[3],
        "name": new[4],
        "from_hypervisor": old[2],
        "to_hypervisor": new[2],
        "last_seen": old[6],
        "seen": new[5],
        "backend": new[7],
        "source": new[8],
    }


def silent(database: Database, hours: int, now: datetime | None = None) -> list[dict[str, t.Any]]:
    """Hypervisors of which nothing is heard, those longest silent first.

    Args:
        hours: a source whose last run is older is silent with all its hypervisors.
        now: the present moment; that of the clock where it is not given.
    """
    cut = as_text((now or datetime.now(timezone.utc)) - timedelta(hours=hours))
    rows = database.rows(
        """SELECT h.host, h.reported_id, h.name, coalesce(h.last_at, s.last_at), h.until_at, h.reason,
            s.backend, s.source, s.last_at
        FROM virtmap_host h JOIN virtmap_source s ON s.id = h.source_id ORDER BY h.host, 4, h.id"""
    )
    found = []
    for _key, group in groupby(rows, key=lambda row: row[0]):
        spans = list(group)
        if any(row[4] is None and row[8] >= cut for row in spans):
            continue  # some source still tells of it
        last = spans[-1]
        reason = last[5] if last[4] is not None else "its source has not been recorded since"
        names = "hypervisor name silent_since backend source".split()
        found.append({**dict(zip(names, (last[1], last[2], last[3], last[6], last[7]))), "reason": reason})
    return sorted(found, key=lambda entry: (entry["silent_since"], entry["hypervisor"]))
