# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Watches of Kubernetes side by side, each in a thread of its own, that keep tables up to date. Private to this
collection.

Kubernetes watches one resource with one request, and a cluster has several: nodes, and guests in each namespace.
"""

from __future__ import annotations

import threading
import time
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.events import CHANGES, Event, events
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer
from ansible_collections.virtmap.core.plugins.module_utils._transport.http import HttpClient

# How long the threads may take to end, in seconds. One that does not, because it is connecting, ends by its deadline.
END_WITHIN = 5.0
_END_EVERY = 0.1
# How long the beginnings of two watches are apart at the least, in seconds.
LEAST_SECONDS = 1.0


class Feed(t.NamedTuple):
    """What a thread does.

    Attributes:
        version: of the list that the table was made from.
        take: gets each change; returns whether anything is different now.
    """

    path: str
    version: str
    take: t.Callable[[Event], bool]


class Feeds:
    """Watches that run within a ``with`` block.

    Args:
        changed: held while a change is taken, and notified when something is different or has failed.
    """

    def __init__(self, client: HttpClient, feeds: t.Iterable[Feed], changed: threading.Condition) -> None:
        self._client = client
        self._changed = changed
        self._over = threading.Event()
        self._dirty = False
        self._failure: BaseException | None = None
        self._heard = False
        self._threads = [threading.Thread(target=self._run, args=(feed,), daemon=True) for feed in feeds]

    def __enter__(self) -> Feeds:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._over.set()
        for _attempt in range(int(END_WITHIN / _END_EVERY)):
            running = [thread for thread in self._threads if thread.is_alive()]
            if not running:
                return
            self._client.interrupt()
            running[0].join(_END_EVERY)

    @property
    def heard(self) -> bool:
        """Whether any of them was told anything."""
        return self._heard

    def wait(self, stop: threading.Event) -> bool:
        """Wait until something is different, or ``stop`` is set and somebody has notified ``changed``.

        Returns:
            whether something is different.

        Raises:
            Expired, Unauthorized, Forbidden, NotFound, CannotConnect, BadAnswer: a watch has failed; see .events.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._dirty or self._failure is not None or stop.is_set())
            if self._failure is not None:
                raise self._failure
            dirty, self._dirty = self._dirty, False
            return dirty

    def _run(self, feed: Feed) -> None:
        try:
            version = feed.version
            if not version:
                raise BadAnswer(f"{self._client.what} tells no version of {feed.path}; look at the server's log")
            while not self._over.is_set():
                began = time.monotonic()
                for event in events(self._client, feed.path, version):
                    version = event.version
                    self._take(feed, event)
                # A server that ends each watch at once is not asked as often as it can.
                self._over.wait(max(0.0, LEAST_SECONDS - (time.monotonic() - began)))
        except BaseException as exc:  # noqa: BLE001 - raised again by whoever waits
            with self._changed:
                self._failure = self._failure or exc
                self._changed.notify_all()

    def _take(self, feed: Feed, event: Event) -> None:
        with self._changed:
            self._heard = True
            if event.kind in CHANGES and feed.take(event):
                self._dirty = True
                self._changed.notify_all()
