# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Enumerate, Pull and Release over WMI: pages, and contexts that are good for one Pull each."""

from __future__ import annotations

import threading
import time
import typing as t
import uuid
from collections import deque
from dataclasses import dataclass, field

from .envelope import Message, item
from .faults import ACTION_NOT_SUPPORTED, NO_SUCH_DIALECT, Fault, encoding_limit, invalid_context, timed_out
from .model import Host
from .names import WQL
from .wql import Query, understand


@dataclass
class Habits:
    """What differs between releases, and what may go wrong with an enumeration.

    Attributes:
        page_characters: how much text of items one answer holds.
        envelope_characters: how much of one item an answer can hold.
        first_answer: how many items an optimized Enumerate brings; None for a whole page, as Server 2003 does.
        modern_faults: the shape of faults since WinRM 3.
        expiry: seconds after which a context that nobody pulls from is forgotten.
        empty_pages: so many pages without an item come before each page with items.
        timeouts: so many Pulls are answered with TimedOut; the context stays good.
        endless: never end: every page after the last is empty, with the context that was sent.
        endless_items: never end, and give the last item again and again.
        refusals: for a namespace or a class, in lower case, the fault that queries to it get, and how many of them.
    """

    page_characters: int = 75_000
    envelope_characters: int = 150_000
    first_answer: int | None = 1
    modern_faults: bool = True
    expiry: float = 600.0
    empty_pages: int = 0
    timeouts: int = 0
    endless: bool = False
    endless_items: bool = False
    refusals: dict[str, tuple[Fault, int]] = field(default_factory=dict)


@dataclass
class _Enumeration:
    items: t.Iterator[str]
    #: Taken from the iterator but not delivered.
    waiting: deque[str]
    touched: float
    empty_pages: int


class Enumerations:
    """The enumerations that are open at a host."""

    def __init__(self, host: Host, habits: Habits) -> None:
        """Serve the rows of this host."""
        self._host = host
        self._habits = habits
        self._open: dict[str, _Enumeration] = {}
        self._lock = threading.Lock()
        #: The queries that were run, as namespace and text.
        self.queries: list[tuple[str, str]] = []

    def __len__(self) -> int:
        """How many are open."""
        return len(self._open)

    def answer(self, message: Message) -> str:
        """The SOAP body that answers a message.

        Raises:
            Fault: it cannot be done.
        """
        with self._lock:
            if message.action == "Enumerate":
                return self._enumerate(message)
            if message.action == "Pull":
                return self._pull(message)
            if message.action == "Release":
                self._take(message)
                return "<n:ReleaseResponse/>"
        raise Fault(ACTION_NOT_SUPPORTED, f"The action {message.action} is not supported.", "a:ActionNotSupported")

    # -- the three actions

    def _enumerate(self, message: Message) -> str:
        dialect, text = message.filter()
        if dialect != WQL:
            raise Fault(NO_SUCH_DIALECT, "The filter dialect is not supported.", "n:FilterDialectRequestedUnavailable")
        self.queries.append((message.namespace, text))
        self._refuse(message.namespace.lower())
        query = understand(text, message.namespace, self._host)
        self._refuse(query.name.lower())
        items = self._items(query)
        found = _Enumeration(items, deque(), time.monotonic(), self._habits.empty_pages)
        if not message.has("w:OptimizeEnumeration"):
            return f"<n:EnumerateResponse><n:EnumerationContext>{self._keep(found)}</n:EnumerationContext></n:EnumerateResponse>"
        first = message.most
        if self._habits.first_answer is not None:
            first = min(first, self._habits.first_answer)
        page, ended = self._page(found, first)
        context = "" if ended else self._keep(found)
        end = "<w:EndOfSequence/>" if ended else ""
        return (
            f"<n:EnumerateResponse><n:EnumerationContext>{context}</n:EnumerationContext>"
            f"<w:Items>{page}</w:Items>{end}</n:EnumerateResponse>"
        )

    def _pull(self, message: Message) -> str:
        name, found = self._take(message)
        if self._habits.timeouts > 0:
            self._habits.timeouts -= 1
            self._open[name] = found
            raise timed_out()
        if found.empty_pages > 0:
            found.empty_pages -= 1
            return self._page_with("", self._keep(found))
        found.empty_pages = self._habits.empty_pages
        page, ended = self._page(found, message.most)
        if ended and self._habits.endless:
            self._open[name] = found
            return self._page_with(page, name)
        if ended:
            return f"<n:PullResponse><n:Items>{page}</n:Items><n:EndOfSequence/></n:PullResponse>"
        return self._page_with(page, self._keep(found))

    @staticmethod
    def _page_with(page: str, context: str) -> str:
        return (
            f"<n:PullResponse><n:EnumerationContext>{context}</n:EnumerationContext><n:Items>{page}</n:Items>"
            "</n:PullResponse>"
        )

    # -- behind them

    def _items(self, query: Query) -> t.Iterator[str]:
        last = None
        for row in query.rows(self._host):
            last = item(row, query.namespace, query.name, query.columns is not None)
            yield last
        while self._habits.endless_items and last is not None:
            yield last

    def _page(self, found: _Enumeration, most: int) -> tuple[str, bool]:
        """The next items that fit into one answer, and whether they were the last ones."""
        page: list[str] = []
        size = 0
        while len(page) < min(most, 32_000):
            following = self._next(found)
            if following is None:
                break
            if len(following) > self._habits.envelope_characters:
                raise encoding_limit()
            if page and size + len(following) > self._habits.page_characters:
                found.waiting.appendleft(following)
                break
            page.append(following)
            size += len(following)
        following = self._next(found)
        if following is not None:
            found.waiting.appendleft(following)
        return "".join(page), following is None

    @staticmethod
    def _next(found: _Enumeration) -> str | None:
        return found.waiting.popleft() if found.waiting else next(found.items, None)

    def _keep(self, found: _Enumeration) -> str:
        found.touched = time.monotonic()
        name = f"uuid:{str(uuid.uuid4()).upper()}"
        self._open[name] = found
        return name

    def _take(self, message: Message) -> tuple[str, _Enumeration]:
        name = message.text("n:EnumerationContext") or ""
        found = self._open.pop(name, None)
        if found is None or time.monotonic() - found.touched > self._habits.expiry:
            raise invalid_context()
        return name, found

    def _refuse(self, what: str) -> None:
        fault, times = self._habits.refusals.get(what, (None, 0))
        if fault is not None and times > 0:
            self._habits.refusals[what] = (fault, times - 1)
            raise fault
