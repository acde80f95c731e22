# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The records of a pool as they change, and event.from, by which a client hears of it.

XAPI numbers each change of its database. An event is told from the numbers at which an object was made, changed and
deleted: of several changes a client sees the last one, and of an object that came and went nothing.
"""

from __future__ import annotations

import copy
import re
import threading
import time
import typing as t
from contextlib import contextmanager
from dataclasses import dataclass, field

from .model import Tables
from .records import Record
from .wire import Failure

# At which number every pool begins; a token before it knows nothing.
BEGIN = 1_000
# What is collected before it is told, in seconds.
BATCH = 0.05
_TOKEN = re.compile(r"([0-9]{20}),([0-9]{20})")


@dataclass
class _Numbers:
    created: int = BEGIN
    modified: int = BEGIN


@dataclass
class Database:
    """All records by class and reference.

    Attributes:
        tables: for reading; ``change``, ``add`` and ``remove`` write.
        batch: seconds of changes that become one answer.
    """

    tables: Tables
    batch: float = BATCH
    generation: int = BEGIN
    _numbers: dict[str, _Numbers] = field(default_factory=dict)
    _deleted: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def table(self, kind: str) -> dict[str, Record]:
        """The records of a class at this moment."""
        with self._changed:
            return copy.copy(self.tables[kind])

    # -- changes

    def change(self, kind: str, ref: str, **values: t.Any) -> None:
        """Give fields of an object other values; None for a field that its record then lacks."""
        with self._changed:
            record = {**self.tables[kind][ref], **values}
            self.tables[kind][ref] = {name: value for name, value in record.items() if value is not None}
            self._touch(ref)

    def add(self, kind: str, ref: str, record: Record) -> None:
        """Make an object."""
        with self._changed:
            self.tables[kind][ref] = record
            self._numbers[ref] = _Numbers(self.generation + 1)
            self._touch(ref)

    def remove(self, kind: str, ref: str) -> None:
        """Delete an object."""
        with self._changed:
            del self.tables[kind][ref]
            created = self._numbers.pop(ref, _Numbers()).created
            self.generation += 1
            self._deleted[ref] = (kind, created, self.generation)
            self._changed.notify_all()

    @contextmanager
    def held(self) -> t.Iterator[None]:
        """Nobody hears of anything within the block."""
        with self._changed:
            yield

    def forget_deleted(self) -> None:
        """Forget which objects were deleted, as XAPI does when they have become many."""
        with self._changed:
            self._deleted.clear()

    def wake(self) -> None:
        """Let everybody who waits look again."""
        with self._changed:
            self._changed.notify_all()

    def _touch(self, ref: str) -> None:
        self.generation += 1
        self._numbers.setdefault(ref, _Numbers()).modified = self.generation
        self._changed.notify_all()

    # -- event.inject, event.from

    def inject(self, kind: str, ref: str) -> str:
        """Touch an object; the token of the moment before."""
        table = next((table for name, table in self.tables.items() if name.lower() == kind.lower()), {})
        with self._changed:
            if ref not in table:
                raise Failure("HANDLE_INVALID", kind, ref)
            before = self.generation
            self._touch(ref)
        return _token(before)

    def events(
        self, classes: t.Sequence[str], token: str, seconds: float, over: t.Callable[[], bool]
    ) -> dict[str, t.Any]:
        """What has happened since a token; waits until something has, or for so many seconds.

        Args:
            over: whether the one who waits has gone.
        """
        match = _TOKEN.fullmatch(token)
        if token and match is None:
            raise Failure("EVENT_FROM_TOKEN_PARSE_FAILURE", token)
        wanted = [_subscription(text) for text in classes]
        since, until = int(match.group(1)) if match else 0, time.monotonic() + seconds
        with self._changed:
            found, last = self._since(since, wanted)
            while not found and not over() and time.monotonic() < until:
                self._changed.wait(min(until - time.monotonic(), 0.5))
                if self.batch:
                    self._changed.wait_for(over, self.batch)
                found, last = self._since(since, wanted)
            counts = {name.lower(): len(table) for name, table in self.tables.items()}
        return {"events": found, "token": _token(last), "valid_ref_counts": counts}

    def _since(self, since: int, wanted: t.Sequence[tuple[str, str]]) -> tuple[list[dict[str, t.Any]], int]:
        deleted: list[dict[str, t.Any]] = []
        changed: list[dict[str, t.Any]] = []
        created: list[dict[str, t.Any]] = []
        last = since
        for ref, (kind, made, at) in self._deleted.items():
            if at > since and _matches(wanted, kind, ref):
                last = max(last, at)
                if made <= since:
                    deleted.append(_event("del", kind, ref, at))
        for kind, table in self.tables.items():
            for ref, record in table.items():
                numbers = self._numbers.get(ref) or _Numbers()
                if numbers.modified > since and _matches(wanted, kind, ref):
                    last = max(last, numbers.modified)
                    operation, into = ("add", created) if numbers.created > since else ("mod", changed)
                    into.append(_event(operation, kind, ref, numbers.modified, record))
        return [*deleted, *changed, *created], last


def _token(generation: int) -> str:
    return f"{generation:020d},{0:020d}"


def _event(operation: str, kind: str, ref: str, number: int, snapshot: Record | None = None) -> dict[str, t.Any]:
    event: dict[str, t.Any] = {
        "id": str(number),
        "timestamp": "0.0",
        "class": kind.lower(),
        "operation": operation,
        "ref": ref,
        "obj_uuid": (snapshot or {}).get("uuid", ""),
    }
    return event if snapshot is None else {**event, "snapshot": snapshot}


def _subscription(text: str) -> tuple[str, str]:
    """Class and reference of a subscription; ``*`` for any."""
    kind, _slash, ref = text.partition("/")
    if not kind or "/" in ref:
        raise Failure("EVENT_SUBSCRIPTION_PARSE_FAILURE", text)
    return kind.lower(), ref or "*"


def _matches(wanted: t.Sequence[tuple[str, str]], kind: str, ref: str) -> bool:
    return any(name in ("*", kind.lower()) and which in ("*", ref) for name, which in wanted)
