# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Answers of HTTP servers, whole or while they arrive. Private to this collection."""

from __future__ import annotations

import json
import typing as t
from types import MappingProxyType

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, CannotConnect
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._transport import http_errors
from ansible_collections.virtmap.core.plugins.module_utils._transport.http_body import CannotUnpack, Unpacker
from ansible_collections.virtmap.core.plugins.module_utils._transport.server import Server

try:
    from urllib3 import exceptions
except ImportError:
    # Reported by _transport.http, which every caller of this file goes through first.
    exceptions = None  # type: ignore[assignment]

if t.TYPE_CHECKING:
    from urllib3.response import BaseHTTPResponse

# How much is read at a time of an answer that is wanted whole.
CHUNK = 256 * 1024
# How large an answer may be that is wanted whole. The largest of a big fleet has a fifth of it; this is only to end what
# never ends, and what packs gigabytes of nothing into a few kilobytes.
LARGEST = 512 * 1024 * 1024


class Answer(t.NamedTuple):
    """A whole answer.

    Attributes:
        headers: names in lower case.
        cookies: what the answer sets, by name.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    what: str
    cookies: t.Mapping[str, str] = MappingProxyType({})

    def json(self) -> t.Any:
        """The body as JSON.

        Raises:
            BadAnswer: it is not JSON.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as exc:
            raise BadAnswer(
                f"{self.what} answered something that is not JSON ({http_errors.begin_of(self.body)}); "
                "check that server, port and path name the right service"
            ) from exc


class Stream:
    """An answer that is read while it arrives; a file for parsers, a context manager for everybody.

    Attributes:
        headers: names in lower case.
        cookies: what the answer sets, by name.
    """

    def __init__(self, response: BaseHTTPResponse, what: str, server: Server, seconds: float) -> None:
        self._response = response
        self._what = what
        self._server = server
        self._seconds = seconds
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        # One header for each cookie; the dictionary above keeps one header of each name.
        self.cookies = dict(_cookie(line) for line in response.headers.getlist("Set-Cookie"))
        self._body: Unpacker | None = None
        self._finished = False

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._finished:
            self._response.release_conn()
        else:
            # What is left of the answer would be taken for the next one.
            self._response.close()

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes of the decoded body, all that is left for -1; empty at the end.

        Raises:
            CannotConnect: the answer broke off or did not end in time.
            BadAnswer: it is packed in a way that cannot be undone; for -1 also when it is larger than LARGEST.
        """
        if size < 0:
            return self.rest(LARGEST)
        if self._finished or size == 0:
            return b""
        try:
            if self._body is None:
                self._body = Unpacker(self._response.read, self.headers.get("content-encoding", ""))
            data = self._body.read(size)
        except exceptions.HTTPError as exc:
            raise http_errors.from_exception(exc, self._what, self._server, self._seconds) from exc
        except CannotUnpack as exc:
            raise BadAnswer(
                f"{self._what} answered something that cannot be unpacked ({shown(exc)}); look at the server's log"
            ) from exc
        self._finished = not data
        return data

    def rest(self, largest: int) -> bytes:
        """All that is left of the decoded body.

        Raises:
            CannotConnect, BadAnswer: as ``read``; BadAnswer also when it has more bytes than ``largest``.
        """
        pieces: list[bytes] = []
        size = 0
        while piece := self.read(CHUNK):
            size += len(piece)
            if size > largest:
                raise BadAnswer(f"{self._what} sent more than {largest} bytes in one answer; look at the server's log")
            pieces.append(piece)
        return b"".join(pieces)

    def pieces(self) -> t.Iterator[bytes]:
        """The body as it arrives: what is there is handed on at once, however little. It must not be packed.

        Raises:
            CannotConnect: the answer broke off or did not end in time.
            BadAnswer: it is packed, which nobody asked for.
        """
        if self.headers.get("content-encoding", "identity").lower() != "identity":
            raise BadAnswer(f"{self._what} packs what was asked for unpacked; check what stands before the server")
        # Without chunks a read waits until it has all that was asked for.
        size = CHUNK if getattr(self._response, "chunked", False) else 1
        try:
            yield from self._response.stream(size, decode_content=False)
        except exceptions.HTTPError as exc:
            raise http_errors.from_exception(exc, self._what, self._server, self._seconds) from exc
        self._finished = True

    def read_some(self, size: int) -> bytes:
        """The body up to about this size, or what arrived of it: for the message in an answer that says no already."""
        pieces: list[bytes] = []
        try:
            while sum(map(len, pieces)) < size and not self._finished:
                pieces.append(self.read(size))
        except (BadAnswer, CannotConnect):
            # The status has said what is wrong; that the explanation broke off adds nothing.
            return b"".join(pieces)
        return b"".join(pieces)


def _cookie(header: str) -> tuple[str, str]:
    """Name and value of a Set-Cookie header. The value is to be sent back as it came, quotes included."""
    name, _equals, value = header.partition(";")[0].partition("=")
    return name.strip(), value.strip()
