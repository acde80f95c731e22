# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Follows several sources at once, each in a thread, and gives events. Private to this collection.

A source that has native events is watched, every other one is asked again and again. What a source tells waits until
it has been looked at, and the source with it: nothing piles up, however slowly the events are taken.
"""

from __future__ import annotations

import importlib
import logging
import threading
import time
import typing as t
from dataclasses import dataclass

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    Denied,
    InvalidInput,
    Lost,
    MissingLibrary,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.watching import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    ToldOnce,
)
from ansible_collections.virtmap.core.plugins.module_utils._events.tracker import Patience, Tracker
from ansible_collections.virtmap.core.plugins.module_utils._events.words import Event, inert
from ansible_collections.virtmap.core.plugins.plugin_utils._sources import Source

# Refused credentials are not tried more often, because tries lock accounts.
DENIED_PAUSE = 900.0
# A source that never rests must not keep all others from being told: settling ends after so many times its length.
LONGEST_SETTLING = 10

_LOG = logging.getLogger("virtmap.core.hypervisor_guests")
Watch = t.Callable[[t.Mapping[str, t.Any], t.Any, t.Callable[[str], None], threading.Event], t.Iterator[Mapping]]


@dataclass(frozen=True)
class Settings:
    """How to follow.

    Attributes:
        interval: seconds between two readings of a source that has no native events.
        settle: for how many seconds all has to be quiet before it is told what happened.
        native: whether native events are used where there are some.
    """

    interval: float
    settle: float
    initial: bool
    native: bool
    patience: Patience


class Failure(t.NamedTuple):
    """A source did not answer."""

    reason: str


News = t.Union[Mapping, Failure, BaseException]


class _Inbox:
    """Takes one piece of news of each source; a source waits until its last one has been taken."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._news: dict[int, News] = {}
        self._closed = False

    def put(self, number: int, news: News) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or number not in self._news)
            self._news[number] = news
            self._changed.notify_all()

    def take(self, seconds: float | None) -> dict[int, News]:
        """All that is there, as soon as something is, or nothing when time is up."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or bool(self._news), seconds)
            taken, self._news = self._news, {}
            self._changed.notify_all()
            return taken

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()


class Following:
    """Follows sources.

    ::

        following = Following(sources, settings)
        for event in following.events():   # blocks between events
            ...
        following.stop()                   # from any thread
    """

    def __init__(self, sources: t.Sequence[Source], settings: Settings) -> None:
        self._sources = list(sources)
        self._settings = settings
        self._stop = threading.Event()
        self._inbox = _Inbox()
        names = [f"{source.where} ({source.backend})" for source in self._sources]
        self._tracker = Tracker(names, settings.patience, settings.initial)

    def stop(self) -> None:
        """End the iteration, and the threads when what they wait for lets them go."""
        self._stop.set()
        self._inbox.close()

    def events(self) -> t.Iterator[Event]:
        """The events, as they come.

        Raises:
            VirtmapError: an option of a source is wrong or a library is missing; trying again cannot help.
        """
        for number, source in enumerate(self._sources):
            # What a C library holds in a call must not keep the process from ending.
            thread = threading.Thread(target=self._follow, args=(number, source), name=source.where, daemon=True)
            thread.start()
        try:
            while not self._stop.is_set():
                now = time.monotonic()
                due = self._tracker.due(now)
                news = self._inbox.take(None if due is None else max(0.0, due - now))
                self._hear(news)
                if news:
                    self._settle()
                if not self._stop.is_set():
                    yield from self._tracker.events(time.monotonic())
        finally:
            self.stop()

    def _settle(self) -> None:
        """Hear more, until nothing has come for a while: one action of a user is several changes for a hypervisor."""
        settle = self._settings.settle
        end = time.monotonic() + LONGEST_SETTLING * settle
        while settle and time.monotonic() < end and not self._stop.is_set():
            news = self._inbox.take(settle)
            if not news:
                return
            self._hear(news)

    def _hear(self, news: dict[int, News]) -> None:
        for number, piece in sorted(news.items()):
            if isinstance(piece, BaseException):
                raise piece
            if isinstance(piece, Failure):
                self._tracker.failed(number, piece.reason, time.monotonic())
            else:
                self._tracker.answered(number, piece)

    def _follow(self, number: int, source: Source) -> None:
        """Run in a thread of its own: hand on what a source tells until the end."""
        pause, answered = FIRST_PAUSE, False
        while not self._stop.is_set():
            wait = pause
            try:
                for mapping in self._mappings(number, source):
                    if not answered:
                        count = len(mapping.hypervisors)
                        _LOG.info("%s: followed from here on, with %d hypervisors at first", source.where, count)
                    pause, answered = FIRST_PAUSE, True
                    self._inbox.put(number, mapping)
                if self._stop.is_set():
                    return
            except VirtmapError as exc:
                if isinstance(exc, (InvalidInput, MissingLibrary)) and not answered:
                    self._inbox.put(number, _explained(source, exc))
                    return
                # Once it has answered, the options are right: a file that is wrong now is being written.
                reason = source.without_secrets(exc.message)
                self._inbox.put(number, Failure(reason))
                wait = DENIED_PAUSE if isinstance(exc, Denied) else pause
                _LOG.warning("%s: %s; trying again in %g seconds", source.where, inert(reason), wait)
            except BaseException as exc:  # noqa: BLE001 - a bug of ours; it ends the event source in the other thread
                self._inbox.put(number, exc)
                return
            self._stop.wait(wait)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _mappings(self, number: int, source: Source) -> t.Iterator[Mapping]:
        def warn(message: str) -> None:
            message = source.without_secrets(message)
            _LOG.warning("%s: %s", source.where, inert(message))
            if isinstance(message, Lost):
                self._inbox.put(number, Failure(str(message)))

        watch = native_watch(source.backend) if self._settings.native else None
        if watch is not None:
            yield from watch(source.options, source.selection, warn, self._stop)
            return
        told = ToldOnce(warn)
        while not self._stop.is_set():
            began = time.monotonic()
            with told.round():
                mapping = source.collect(told)
            yield mapping
            self._stop.wait(max(0.0, began + self._settings.interval - time.monotonic()))


def native_watch(backend: str) -> Watch | None:
    """What follows the native events of a backend; None where it has none."""
    name = f"ansible_collections.virtmap.core.plugins.module_utils._backends.{backend}.watch"
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as exc:
        if exc.name == name:
            return None
        raise
    return t.cast(Watch, module.watch)


def _explained(source: Source, exc: VirtmapError) -> VirtmapError:
    if isinstance(exc, MissingLibrary):
        return VirtmapError(
            f"{source.where}: {exc.message} for the Python that runs ansible-rulebook; install it there"
        )
    return InvalidInput(f"{source.where}: {source.without_secrets(exc.message)}")
