# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Taking what is too old out of the history. Private to this collection."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._history.database import Database
from ansible_collections.virtmap.core.plugins.module_utils._history.moments import as_text

COUNT = (
    "SELECT (SELECT count(*) FROM virtmap_run) + (SELECT count(*) FROM virtmap_host) "
    "+ (SELECT count(*) FROM virtmap_guest) + (SELECT count(*) FROM virtmap_source)"
)
LAST_RUN = "(SELECT last_at FROM virtmap_source WHERE id = source_id)"


def prune(database: Database, days: int, now: datetime | None = None) -> int:
    """Remove spans that ended, runs and whole sources that are older than so many days.

    A span that has not ended stays, however long ago it began; so does the newest run of a source.

    Args:
        now: the present moment; that of the clock where it is not given.

    Returns:
        how many rows went.

    Raises:
        InvalidInput: days is less than one.
    """
    if days < 1:
        raise InvalidInput(f"keep_days is {days}, but must be at least 1")
    try:
        cut = as_text((now or datetime.now(timezone.utc)) - timedelta(days=days))
    except OverflowError as exc:
        raise InvalidInput(f"keep_days is {days}, which lies before the year 1") from exc
    before = database.rows(COUNT)[0][0]
    database.run(f"DELETE FROM virtmap_run WHERE at < ? AND at < {LAST_RUN}", cut)  # noqa: S608 - our own text
    # What is believed of a host that is left out belongs to no past yet.
    for table in ("virtmap_host", "virtmap_guest"):
        database.run(f"DELETE FROM {table} WHERE until_at < ? AND believed = 0", cut)  # noqa: S608 - our own names
    # A source that was not asked for so long is history as a whole.
    for table in ("virtmap_run", "virtmap_host", "virtmap_guest"):
        old = "source_id IN (SELECT id FROM virtmap_source WHERE last_at < ?)"
        database.run(f"DELETE FROM {table} WHERE {old}", cut)  # noqa: S608 - our own names
    database.run("DELETE FROM virtmap_source WHERE last_at < ?", cut)
    return int(before - database.rows(COUNT)[0][0])
