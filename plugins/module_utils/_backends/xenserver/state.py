# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The records of a pool, kept up to date by the events of XAPI. Private to this collection."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.xenserver.convert import WANTED, Told
from ansible_collections.virtmap.core.plugins.module_utils._backends.xenserver.faults import EventsLost
from ansible_collections.virtmap.core.plugins.module_utils._backends.xenserver.session import Session
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown

# How long the pool keeps a call open, in seconds.
WAIT = 30
# How often it is begun anew within a session before the session is given up.
ATTEMPTS = 3
# What is kept. A guest's own record says where it is; its host's list changes an instant earlier or later.
KEPT = {kind: fields - {"resident_VMs"} for kind, fields in WANTED.items()}
_KINDS = {kind.lower(): kind for kind in KEPT}


class State:
    """What a pool has told so far.

    Args:
        session: an open session.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._records: dict[str, dict[str, t.Any]] = {}
        self._token = ""

    def read(self) -> None:
        """Read all of it anew.

        Raises:
            SessionEnded, Denied, NotFound, BadAnswer, CannotConnect: see .faults and _transport.http_errors.
        """
        # What happens from this moment on is told later, so that nothing falls between the two.
        self._token = self._session.token()
        for kind in KEPT:
            self._records[kind] = self._table(kind)

    def wait(self) -> bool:
        """Wait until something happens, half a minute at the most, and take all of it in.

        Returns:
            whether anything is different now.

        Raises:
            SessionEnded, Denied, NotFound, BadAnswer, CannotConnect: it has to be begun anew, with another session.
        """
        for attempt in range(ATTEMPTS):
            try:
                return self._wait()
            except EventsLost:
                if attempt == ATTEMPTS - 1:
                    raise
                before = self._records
                self._records = {}
                self.read()
                if self._records != before:
                    return True
        raise AssertionError("the last attempt returns or raises")

    def told(self) -> Told:
        """All of it, as reading tells it."""
        told = Told()
        for kind, table in self._records.items():
            take = told.taker(kind)
            for ref, record in table.items():
                take(ref, record)
        return told

    def _wait(self) -> bool:
        found = self._session.events(tuple(KEPT), self._token, WAIT)
        if found is None:
            return False
        events, token = found.get("events"), found.get("token")
        if not isinstance(events, list) or not isinstance(token, str) or not token:
            raise BadAnswer(f"{self._session.what} answered event.from without events or token; look at its log")
        # One after the other, also when the first has changed something.
        changed = [self._take(event) for event in events]
        self._token = token
        recounted = self._recount(found.get("valid_ref_counts"))
        return recounted or any(changed)

    def _take(self, event: t.Any) -> bool:
        """Take an event in; whether it has changed anything."""
        kind = _KINDS.get(str(event.get("class")).lower()) if isinstance(event, dict) else ""
        if kind is None:
            return False
        ref = event.get("ref") if kind else None
        operation = event.get("operation") if kind else None
        snapshot = event.get("snapshot") if kind else None
        usable = operation == "del" or (operation in ("add", "mod") and isinstance(snapshot, dict))
        if not kind or not isinstance(ref, str) or not usable:
            raise BadAnswer(f"{self._session.what} told an event that is none ({shown(event, 80)}); look at its log")
        table = self._records[kind]
        if operation == "del":
            return table.pop(ref, None) is not None
        record = _kept(kind, snapshot)
        changed = ref not in table or table[ref] != record
        table[ref] = record
        return changed

    def _recount(self, counts: t.Any) -> bool:
        """Read the classes anew of which the pool has more objects than we know, or fewer: an event was lost."""
        changed = False
        for name, kind in _KINDS.items():
            count = str(counts.get(name)) if isinstance(counts, dict) else ""
            if count != str(len(self._records[kind])):
                before, self._records[kind] = self._records[kind], self._table(kind)
                changed = changed or self._records[kind] != before
        return changed

    def _table(self, kind: str) -> dict[str, t.Any]:
        table: dict[str, t.Any] = {}
        self._session.records(kind, KEPT[kind], lambda ref, record: table.__setitem__(ref, _kept(kind, record)))
        return table


def _kept(kind: str, record: t.Any) -> t.Any:
    if not isinstance(record, dict):
        return record
    return {name: value for name, value in record.items() if name in KEPT[kind]}
