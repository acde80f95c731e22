# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A JSON object from a server whose one member is too large to be held: read while it arrives. Private to this
collection.

Numbers are handed over as the texts that they were: what reads records of a fleet needs few of them, and no text of a
server can make Python convert millions of digits.
"""

from __future__ import annotations

import codecs
import json
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._transport.http_errors import begin_of

CHUNK = 128 * 1024
# Of one member; a record has a few thousand characters.
LARGEST_MEMBER = 32 * 1024 * 1024
_BLANKS = " \t\n\r"
Take = t.Callable[[str, t.Any], None]


class Readable(t.Protocol):
    """Something to read bytes from."""

    def read(self, size: int) -> bytes:
        """At most ``size`` bytes; empty at the end."""


class _Malformed(Exception):
    """What was read is not what it should be."""


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
    text = _Text(source)
    try:
        found = _read(text, name, take)
        if text.peek():
            raise _Malformed("something follows the object")
    except _Malformed as exc:
        raise BadAnswer(
            f"{shown(what)} answered something that is not {expected} ({begin_of(text.begin)}; {exc}); "
            "check that server, port and path name the right service"
        ) from exc
    return found


def _read(text: _Text, name: str, take: Take) -> tuple[dict[str, t.Any], bool]:
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


def _keys(text: _Text) -> t.Iterator[str]:
    """The keys of an object whose brace was read; the caller reads the value after each."""
    if text.peek() == "}":
        text.expect("}", "")
        return
    while True:
        if text.peek() != '"':
            raise _Malformed("a name is no text" if text.peek() else "it ends too early")
        key: str = text.value()
        text.expect(":", "a name has no value")
        yield key
        if text.peek() != ",":
            text.expect("}", "an object does not end")
            return
        text.expect(",", "")


def _no_number(word: str) -> t.Any:
    raise _Malformed(f"{word} is no JSON")


class _Text:
    """What has arrived and is not read yet."""

    def __init__(self, source: Readable) -> None:
        self._source = source
        self._bytes = codecs.getincrementaldecoder("utf-8")()
        # Old servers write control characters into texts as they are; names of machines may hold some.
        self._json = json.JSONDecoder(strict=False, parse_int=str, parse_float=str, parse_constant=_no_number)
        self._text = ""
        self._at = 0
        self._ended = False
        self.begin = b""

    def peek(self) -> str:
        """The next character that is no blank; empty at the end."""
        blanks = 0
        while True:
            text, at = self._text, self._at
            while at < len(text) and text[at] in _BLANKS:
                at += 1
            blanks += at - self._at
            self._at = at
            if at < len(text):
                return text[at]
            if blanks > LARGEST_MEMBER:
                raise _Malformed("it is blank for too long")
            if not self._more(CHUNK):
                return ""

    def expect(self, char: str, reason: str) -> None:
        """Read this character."""
        found = self.peek()
        if found != char:
            raise _Malformed(reason if found else "it ends too early")
        self._at += 1

    def value(self) -> t.Any:
        """Read the next value."""
        if not self.peek():
            raise _Malformed("it ends too early")
        while True:
            try:
                value, end = self._json.raw_decode(self._text, self._at)
            except RecursionError as exc:
                raise _Malformed("it is nested too deep") from exc
            except json.JSONDecodeError as exc:
                self._go_on(exc)
                continue
            # A number that ends where the text ends may go on.
            if end < len(self._text) or not self._more(CHUNK):
                self._at = end
                return value

    def _go_on(self, failure: json.JSONDecodeError) -> None:
        """Read more of a value that is not whole."""
        left = len(self._text) - self._at
        if left > LARGEST_MEMBER:
            raise _Malformed(f"a value has more than {LARGEST_MEMBER} characters") from failure
        # As much again as there is: what is large is not begun anew for each piece of it.
        if not self._more(max(CHUNK, left)):
            raise _Malformed(shown(failure.msg, 80)) from failure

    def _more(self, wanted: int) -> bool:
        """Read on; False at the end."""
        pieces = [self._text[self._at :]]
        size = 0
        while size < wanted and not self._ended:
            data = self._source.read(CHUNK)
            self.begin = self.begin or data[:200]
            self._ended = not data
            try:
                pieces.append(self._bytes.decode(data, final=self._ended))
            except UnicodeDecodeError as exc:
                raise _Malformed("it is not UTF-8") from exc
            size += len(data)
        self._text, self._at = "".join(pieces), 0
        return size > 0
