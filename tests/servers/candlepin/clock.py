# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The server's own time, which tests can move forward."""

from __future__ import annotations

import datetime
import threading
import time

DAY = 86400.0


class Clock:
    """Seconds since 1970: the machine's clock plus what tests have added."""

    def __init__(self) -> None:
        """Start at the machine's time."""
        self._added = 0.0
        self._last = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        """The time; no two calls return the same, so that ``updated`` always tells what came last."""
        with self._lock:
            self._last = max(time.time() + self._added, self._last + 1e-6)
            return self._last

    def advance(self, seconds: float) -> None:
        """Move the server into the future."""
        self._added += seconds


def wire_time(moment: float | None) -> str | None:
    """A moment as Candlepin writes it: no milliseconds, no colon in the offset."""
    if moment is None:
        return None
    return datetime.datetime.fromtimestamp(moment, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S+0000")


def parse_time(text: str) -> float:
    """A moment that a client sent (ISO 8601, any offset); raises ValueError."""
    text = text.strip()
    if text.endswith("Z"):
        text = text[:-1] + "+00:00"
    elif len(text) > 5 and text[-5] in "+-" and text[-4:].isdigit():
        text = text[:-2] + ":" + text[-2:]
    moment = datetime.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.timezone.utc)
    return moment.timestamp()


def next_noon(moment: float) -> float:
    """The next 12:00 UTC after a moment."""
    return (moment + DAY / 2) // DAY * DAY + DAY / 2
