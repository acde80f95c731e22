# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Queries to WMI, read in pages. Private to this collection."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.hyperv.faults import from_fault
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer
from ansible_collections.virtmap.core.plugins.module_utils._transport import wsman
from ansible_collections.virtmap.core.plugins.module_utils._transport.wsman import Page, Row, WsmanFault

# So often in a row the provider may say that it needs more time; each time within the deadline of an exchange.
PATIENCE = 3
# The server is to say so before the deadline of the exchange.
SERVER_SHARE = 0.75
# An empty page is legal, and a server that sends nothing else is broken.
EMPTY_PAGES = 100
# A host runs two thousand machines at the most.
MOST_ROWS = 100_000


class Connection(t.Protocol):
    """What carries messages; see _transport.winrm_session."""

    what: str
    seconds: float

    @property
    def to(self) -> str:
        """URL of the service."""

    def send(self, message: str) -> bytes:
        """Send a message and return its answer."""


def read(connection: Connection, namespace: str, query: str) -> list[Row]:
    """Run a query and read all that it finds.

    Raises:
        WsmanFault: the query cannot be run there: its class or its namespace does not exist, or it is not understood.
        Again: a new session may overcome what happened.
        Denied, CannotConnect, NotFound, BadAnswer: see .faults and _transport.http_errors.
    """
    return _Reading(connection, namespace, query).run()


class _Reading:
    def __init__(self, connection: Connection, namespace: str, query: str) -> None:
        self._connection = connection
        self._namespace = namespace
        self._query = query
        self._asked = f"{_class_of(query)} of {namespace}"

    def run(self) -> list[Row]:
        page = self._ask(None)
        rows = page.rows
        empty = 0
        while page.context is not None and not page.ended:
            before = page.context
            page = self._ask(before)
            rows += page.rows
            empty = 0 if page.rows else empty + 1
            if empty > EMPTY_PAGES or (empty and page.context == before) or len(rows) > MOST_ROWS:
                raise BadAnswer(
                    f"{self._connection.what} comes to no end with {self._asked}: {len(rows)} objects so far and "
                    f"{empty} empty pages; look at the host's event log of Windows Remote Management"
                )
        return rows

    def _ask(self, context: str | None) -> Page:
        """Ask for the first page, or for the one that follows; again while the provider needs more time."""
        connection = self._connection
        for attempt in range(PATIENCE):
            seconds = connection.seconds * SERVER_SHARE
            if context is None:
                message = wsman.enumerate_message(connection.to, self._namespace, self._query, seconds)
            else:
                message = wsman.pull_message(connection.to, self._namespace, context, seconds)
            try:
                return wsman.read_page(connection.send(message), connection.what)
            except WsmanFault as fault:
                if fault.timed_out and attempt < PATIENCE - 1:
                    continue
                if context is None and fault.code == wsman.CANNOT_PROCESS_FILTER:
                    raise
                raise from_fault(fault, connection.what, self._asked) from fault
        raise AssertionError("the last attempt returns or raises")


def _class_of(query: str) -> str:
    words = query.split()
    return words[words.index("from") + 1]
