# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""One watch of Kubernetes: the events of a resource from one version on. Private to this collection."""

from __future__ import annotations

import json
import time
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.api import GONE, Forbidden, said
from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.convert import text_at
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, CannotConnect, Denied
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._transport.http import Answer, HttpClient
from ansible_collections.virtmap.core.plugins.module_utils._transport.http_answer import Stream
from ansible_collections.virtmap.core.plugins.module_utils._transport.http_errors import MESSAGE_BYTES, begin_of

# For how long a watch is asked for, in seconds. The server says where it stands at its end, so that the next one goes on
# from there, however little has happened; one that hangs is noticed by then.
SECONDS = 60
# An object has at most some megabytes.
LONGEST_LINE = 16 * 1024 * 1024
CHANGES = frozenset({"ADDED", "MODIFIED", "DELETED"})


class Event(t.NamedTuple):
    """What happened.

    Attributes:
        kind: ADDED, MODIFIED, DELETED, or BOOKMARK for nothing but a new version.
        item: the object; after a deletion its last state.
        version: to go on from.
    """

    kind: str
    item: dict[str, t.Any]
    version: str


class Expired(Exception):
    """The server has forgotten what happened since that version."""


class Unauthorized(Denied):
    """The credentials are not accepted, or not any more."""


def events(client: HttpClient, path: str, version: str) -> t.Iterator[Event]:
    """Watch a resource until the server ends that, which it does after a minute.

    Args:
        path: of the resource.
        version: what happened after it is told.

    Raises:
        Expired: all has to be listed anew.
        Unauthorized: the credentials are not accepted.
        Forbidden: the account has no right to watch.
        NotFound, CannotConnect, BadAnswer: see HttpClient; the last, too, for a line that is no event.
    """
    params = {
        "watch": "1", "resourceVersion": version, "allowWatchBookmarks": "true", "timeoutSeconds": str(SECONDS),
    }  # fmt: skip
    began, any_line = time.monotonic(), False
    with client.stream(
        "GET", path, params=params, headers={"Accept-Encoding": "identity"}, expect={401, 403, GONE},
        timeout=SECONDS + client.timeout,
    ) as stream:  # fmt: skip
        if stream.status != 200:
            _refuse(stream, client.what, path)
        for line in _lines(stream, client.what):
            any_line = True
            yield _event(line, client.what, path)
    if not any_line and time.monotonic() - began < SECONDS / 2:
        raise CannotConnect(f"{client.what} ended the watch of {path} at once; look at what stands before the server")


def _refuse(stream: Stream, what: str, path: str) -> t.NoReturn:
    answer = Answer(stream.status, stream.headers, stream.read_some(MESSAGE_BYTES), what)
    if answer.status == GONE:
        raise Expired
    if answer.status == 403:
        raise Forbidden(f"{what} does not allow the account to watch {path} ({said(answer)}); give it the verb watch")
    if answer.status == 401:
        raise Unauthorized(f"{what} refused the credentials ({said(answer)}); check the token or certificate")
    raise BadAnswer(f"{what} answered the watch of {path} with status {answer.status}; look at the server's log")


def _lines(stream: Stream, what: str) -> t.Iterator[bytes]:
    """The lines of an answer; one that is cut by the end of it is an error."""
    begun: list[bytes] = []
    size = 0
    for piece in stream.pieces():
        *whole, rest = piece.split(b"\n")
        for end in whole:
            line = b"".join((*begun, end))
            begun, size = [], 0
            if line.strip():
                yield line
        if rest:
            begun.append(rest)
            size += len(rest)
        if size > LONGEST_LINE:
            raise BadAnswer(f"{what} told an event of more than {LONGEST_LINE} bytes; look at the server's log")
    if b"".join(begun).strip():
        raise BadAnswer(f"{what} ended a watch in the middle of an event ({begin_of(b''.join(begun))})")


def _event(line: bytes, what: str, path: str) -> Event:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        document = None
    kind, item = (document.get("type"), document.get("object")) if isinstance(document, dict) else (None, None)
    if kind == "ERROR":
        _raise(item, what, path)
    version = text_at(item, "metadata", "resourceVersion")
    known = kind == "BOOKMARK" or (kind in CHANGES and text_at(item, "metadata", "name") is not None)
    if not known or not isinstance(kind, str) or not isinstance(item, dict) or version is None:
        raise BadAnswer(
            f"{what} told an event of {path} that is none ({begin_of(line)}); check that server, port and path name a "
            "Kubernetes API server"
        )
    return Event(kind, item, version)


def _raise(item: t.Any, what: str, path: str) -> t.NoReturn:
    """The server ends a watch by a status that comes as an event."""
    code = item.get("code") if isinstance(item, dict) else None
    if code == GONE:
        raise Expired
    reason = f"{code}: {shown(text_at(item, 'message') or text_at(item, 'reason') or 'no reason')}"
    if code == 401:
        raise Unauthorized(f"{what} refused the credentials ({reason}); check the token or certificate")
    if code == 403:
        raise Forbidden(f"{what} does not allow the account to watch {path} ({reason}); give it the verb watch")
    raise CannotConnect(f"{what} ended the watch of {path} ({reason}); look at the server's log")
