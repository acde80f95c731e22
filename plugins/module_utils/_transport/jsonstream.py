# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A JSON object from a server whose one member is too large to be held: read while it arrives. Private to this
collection.

Numbers are handed over as the texts that they were: what reads records of a fleet needs few of them, and no text of a
server can make Python convert millions of digits.
"""

from __future__ import annotations

import json
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._transport.http_errors import begin_of
from ansible_collections.virtmap.core.plugins.module_utils._transport.json_cursor import JsonCursor, Malformed

CHUNK = 128 * 1024
# Of one member; a record has a few thousand characters.
LARGEST_MEMBER = 32 * 1024 * 1024
Take = t.Callable[[str, t.Any], None]


class Readable(t.Protocol):
    """Something to read bytes from."""

    def read(self, size: int) -> bytes:
        """At most ``size`` bytes; empty at the end."""


def members(source: Readable, name: str, take: Take, what: str, expected: str) -> tuple[dict[str, t.Any], bool]:
    """Read one JSON object; where its member of this name is an object, hand on its members one after the other.

    The document is not known to be whole before this returns.

    Args:
        take: gets key and value of each member of the large member.
        what: what the server is, for errors.
        expected: what the answer should have been, for errors, for example ``JSON-RPC``.

    Returns:
        all other members; and whether the member of this name was there and an object. One that is no object is among
        the others.

    Raises:
        BadAnswer: it is not JSON, no object, or has a member that is too large.
    """
    # Old servers write control characters into texts as they are; names of machines may hold some.
    decoder = json.JSONDecoder(strict=False, parse_int=str, parse_float=str, parse_constant=_no_number)
    text = JsonCursor(source.read, decoder, LARGEST_MEMBER, CHUNK)
    try:
        found = _read(text, name, take)
        if text.peek():
            raise Malformed("something follows the object")
    except Malformed as exc:
        raise BadAnswer(
            f"{shown(what)} answered something that is not {expected} ({begin_of(text.begin)}; {shown(exc, 80)}); "
            "check that server, port and path name the right service"
        ) from exc
    return found


def _read(text: JsonCursor, name: str, take: Take) -> tuple[dict[str, t.Any], bool]:
    others: dict[str, t.Any] = {}
    streamed = False
    text.expect("{", "it is no object")
    for key in _keys(text):
        if key == name and text.peek() == "{":
            text.expect("{", "")
            streamed = True
            for inner in _keys(text):
                take(inner, text.value())
        else:
            others[key] = text.value()
    return others, streamed


def _keys(text: JsonCursor) -> t.Iterator[str]:
    """The keys of an object whose brace was read; the caller reads the value after each."""
    if text.peek() == "}":
        text.expect("}", "")
        return
    while True:
        if text.peek() != '"':
            raise Malformed("a name is no text" if text.peek() else "it ends too early")
        key: str = text.value()
        text.expect(":", "a name has no value")
        yield key
        if text.peek() != ",":
            text.expect("}", "an object does not end")
            return
        text.expect(",", "")


def _no_number(word: str) -> t.Any:
    raise Malformed(f"{word} is no JSON")
