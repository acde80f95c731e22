# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What following a source has in common for all backends: beginning anew after a loss, and warning once. Private to
this collection.

A backend that follows its source has ``watch(options, selection, warn, stop)`` in its ``watch.py``, made of ``follow``
and of what it does within one connection.
"""

from __future__ import annotations

import threading
import time
import typing as t
from contextlib import closing, contextmanager

from ansible_collections.virtmap.core.plugins.module_utils._core.assemble import Warn
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    CannotConnect,
    NotFound,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
# How often what waits is told to end, until it has: it may begin to wait just after it was told.
END_EVERY = 1.0
# What passes: another try, later, may succeed. A refused login is none of these, because tries would lock the account.
PASSING: tuple[type[VirtmapError], ...] = (CannotConnect, BadAnswer, NotFound)


class ToldOnce:
    """Hands a warning on when it was not among those of the mapping before; one that is about no mapping, the first time.

    Attributes:
        warn: for what is to be told each time.
    """

    def __init__(self, warn: Warn) -> None:
        self.warn = warn
        self._before: set[str] = set()
        self._now: set[str] = set()
        self._always: set[str] = set()
        self._within = False

    def __call__(self, message: str) -> None:
        known, into = (self._before, self._now) if self._within else (self._always, self._always)
        if message not in known:
            self.warn(message)
        into.add(message)

    @contextmanager
    def round(self) -> t.Iterator[None]:
        """One mapping: what is told within the block is about it."""
        self._now, self._within = set(), True
        try:
            yield
        finally:
            self._within = False
        self._before = self._now


# What a backend does within one connection: it yields the mapping as it is, which is the whole of it, and again after
# each change; it ends when ``stop`` is set, and raises when the connection or the session is lost.
Session = t.Callable[[ToldOnce], t.Generator[Mapping, None, None]]


def follow(
    session: Session, warn: Warn, stop: threading.Event, passing: tuple[type[VirtmapError], ...] = PASSING
) -> t.Iterator[Mapping]:
    """Yield the mappings of one session after the other, each begun anew, ever more slowly, when the last was lost.

    A change that happened between two of them is in the first mapping of the second.

    Args:
        session: gets what to warn with; it is closed when the iteration is given up.
        warn: receives one sentence for what the user should look at, once for each time that it comes up, and one for
            each session that was lost.
        stop: ends the iteration when it is set, by any thread.
        passing: the errors after which it is begun anew. All others are raised, and so is any before the first mapping.
    """
    told = ToldOnce(warn)
    seen, pause = False, FIRST_PAUSE
    while not stop.is_set():
        began = time.monotonic()
        try:
            with closing(session(told)) as mappings:
                for mapping in mappings:
                    seen = True
                    yield mapping
        except passing as exc:
            if not seen:
                raise
            if stop.is_set():
                return
            if time.monotonic() - began > LONGEST_PAUSE:
                # It was in order for long: what was slow before has nothing to do with this.
                pause = FIRST_PAUSE
            warn(f"{exc.message}; reading all of it again in {pause:g} second{'' if pause == 1 else 's'}")
            stop.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE)


@contextmanager
def ended_by(stop: threading.Event, end: t.Callable[[], None]) -> t.Iterator[None]:
    """Within the block, end what waits as soon as ``stop`` is set.

    Args:
        end: ends what waits at this moment; called in a thread of its own, again and again until the block is left.
    """
    over, guard = threading.Event(), threading.Lock()

    def watch_stop() -> None:
        while not over.is_set():
            if stop.wait(END_EVERY):
                with guard:
                    if not over.is_set():
                        end()
                over.wait(END_EVERY)

    thread = threading.Thread(target=watch_stop, daemon=True)
    thread.start()
    try:
        yield
    finally:
        # What comes after the block is not ended.
        with guard:
            over.set()
