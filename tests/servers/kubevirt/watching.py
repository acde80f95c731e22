# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A watch: one JSON object in each line, for as long as it was asked for."""

from __future__ import annotations

import json
import time
import typing as t

from .._http import Request, Response
from . import errors
from .history import Object
from .model import Cluster

# For how long when nobody says; an API server takes a time between this and twice of it.
DEFAULT_SECONDS = 1800.0
BOOKMARK_EVERY = 60.0


class Watch:
    """One watch.

    Args:
        head: apiVersion and kind of its objects.
        bookmark_every: seconds between bookmarks.
        piece: bytes in each chunk; 0 for a line in each.
    """

    def __init__(
        self, cluster: Cluster, request: Request, resource: str, namespace: str | None, head: Object,
        *, bookmark_every: float, piece: int,
    ) -> None:  # fmt: skip
        self._cluster = cluster
        self._request = request
        self._resource = resource
        self._namespace = namespace
        self._head = head
        self._bookmark_every = bookmark_every
        self._piece = piece
        self._bookmarks = request.argument("allowWatchBookmarks") in ("1", "true")
        self._seconds = float(request.argument("timeoutSeconds") or DEFAULT_SECONDS)

    def response(self, gone_as_status: bool) -> Response:
        """Its answer.

        Args:
            gone_as_status: say with the status, not within the stream, that a version is too old.
        """
        given = self._request.argument("resourceVersion") or ""
        if given and not given.isdigit():
            text = f'resourceVersion: Invalid value: "{given}": strconv.ParseUint: parsing "{given}": invalid syntax'
            return errors.status(400, "BadRequest", text)
        gone = errors.too_old(given, self._cluster.history.oldest)
        is_gone = bool(int(given or 0)) and int(given) < self._cluster.history.oldest
        if is_gone and gone_as_status:
            return gone
        lines = [_line("ERROR", gone)] if is_gone else self._lines(int(given or 0))
        return Response(200, self._pieces(lines), [("Content-Type", "application/json")])

    def _pieces(self, lines: t.Iterable[bytes]) -> t.Iterator[bytes]:
        for line in lines:
            size = self._piece or len(line)
            for start in range(0, len(line), size):
                yield line[start : start + size]

    def _lines(self, version: int) -> t.Iterator[bytes]:
        history, until = self._cluster.history, time.monotonic() + self._seconds
        bookmark = time.monotonic() + self._bookmark_every
        if not version:
            with history.changed:
                version = self._cluster.resource_version
                rows = self._cluster.rows(self._resource, self._namespace)
            for _key, row in rows:
                yield _line("ADDED", {**self._head, **json.loads(row)})
        while not self._request.stopping.is_set() and time.monotonic() < until:
            with history.changed:
                events = history.since(version, self._resource, self._namespace)
                if not events:
                    history.changed.wait(max(0.0, min(until, bookmark) - time.monotonic()))
                    events = history.since(version, self._resource, self._namespace)
                now = self._cluster.resource_version
            for event in events:
                version = event.version
                yield _line(event.kind, {**self._head, **event.document})
            if time.monotonic() >= bookmark and not events:
                version, bookmark = max(version, now), time.monotonic() + self._bookmark_every
                if self._bookmarks:
                    yield self._bookmark(version)
        if self._bookmarks and not self._request.stopping.is_set():
            yield self._bookmark(version)

    def _bookmark(self, version: int) -> bytes:
        metadata = {"resourceVersion": str(version), "creationTimestamp": None}
        return _line("BOOKMARK", {**self._head, "metadata": metadata, "spec": {}, "status": {}})


def _line(kind: str, what: Object | Response) -> bytes:
    document = json.loads(what.whole_body()) if isinstance(what, Response) else what
    return json.dumps({"type": kind, "object": document}, separators=(",", ":")).encode() + b"\n"
