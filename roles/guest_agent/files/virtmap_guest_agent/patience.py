# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Looking at things that may hang, such as a dead network file system or a slow name server, without hanging."""

from __future__ import annotations

import logging
import threading
import time
import typing as t

_log = logging.getLogger("patience")
T = t.TypeVar("T")
PATIENCE = 5.0
# A host that asks again and again gets what was found a moment ago.
FRESH = 2.0


class Patient(t.Generic[T]):
    """A look that is given a few seconds; when it takes longer, what was seen last is told.

    Args:
        name: what is looked at, for the log.
        look: finds the value. An error counts as nothing seen.
        unknown: what is told until something was seen.
        stamp: costs little and tells the same as long as nothing changed; empty when that cannot be said.
    """

    def __init__(
        self, name: str, look: t.Callable[[], T], unknown: T, stamp: t.Callable[[], tuple[int, ...]] = tuple
    ) -> None:
        self._name = name
        self._look = look
        self._stamp = stamp
        self._seen_stamp: tuple[int, ...] = ()
        self._seen = unknown
        self._seen_at = -FRESH
        self._thread: threading.Thread | None = None

    def __call__(self) -> T:
        """Look, or tell what was seen last."""
        if time.monotonic() - self._seen_at < FRESH:
            return self._seen
        if self._seen_stamp and self._seen_stamp == self._stamp():
            return self._seen
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
            self._thread.join(PATIENCE)
            if self._thread.is_alive():
                _log.warning("%s cannot be told now: looking takes too long", self._name)
        return self._seen

    def _run(self) -> None:
        try:
            stamp = self._stamp()
            self._seen = self._look()
            self._seen_stamp = stamp
            self._seen_at = time.monotonic()
        except Exception as exc:  # noqa: BLE001 - one thing that cannot be told must not end the agent
            _log.warning("%s cannot be told: %s", self._name, exc)
