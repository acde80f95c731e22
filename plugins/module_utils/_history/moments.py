# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Moments and days as users write them. Private to this collection."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
EARLIEST, LATEST = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"


def as_text(moment: datetime) -> str:
    """A moment in the form of ``collected_at``; years have four digits, so that texts sort by time."""
    return moment.astimezone(timezone.utc).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def window(since: str | None, until: str | None) -> tuple[str, str]:
    """The first and last moment of a stretch of time.

    Args:
        since, until: a day (its beginning or end is meant) or a moment; UTC where no zone is named. None leaves
            that side open.

    Raises:
        InvalidInput: one is neither, or they stand the wrong way round.
    """
    first = EARLIEST if since is None else as_text(_moment("since", since, timedelta(0)))
    last = LATEST if until is None else as_text(_moment("until", until, timedelta(days=1) - timedelta(seconds=1)))
    if last < first:
        raise InvalidInput(f"until ({last}) is before since ({first})")
    return first, last


def _moment(name: str, value: str, of_a_day: timedelta) -> datetime:
    text = value.strip()
    try:
        moment = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith(("Z", "z")) else text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone.utc)
        if _DAY.fullmatch(text):
            moment += of_a_day
        return moment.astimezone(timezone.utc)
    except (ValueError, OverflowError) as exc:
        raise InvalidInput(
            f"{name} is {shown(value)}, but must be a day such as 2026-11-21 or a moment such as 2026-11-21T08:00:00Z"
        ) from exc
