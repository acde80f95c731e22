# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A place in JSON that is still arriving: what reads it value by value holds one value at a time. Private to this
collection.

The standard library alone parses whole texts only, of which the objects take several times the memory. It is used on
hypervisors, so nothing but that library is needed.
"""

from __future__ import annotations

import codecs
import json
import re
import typing as t

_BLANKS = " \t\n\r"
# What may still become part of a number: 1 and 1e are read as 1 until the rest of 1e5 has come.
_REST_OF_NUMBER = re.compile(r"[0-9eE.+-]*\Z")


class Malformed(ValueError):
    """It is no JSON, or none that an honest server sends."""


class JsonCursor:
    """What has arrived and is not read yet.

    Args:
        read: gives the next bytes, about as many as asked for; empty at the end.
        decoder: reads one value.
        largest: how many characters a value, or what is blank between two, may have.
        chunk: how many bytes to get at a time.

    Attributes:
        begin: the first bytes, for errors.
        ended: nothing more will come.
    """

    def __init__(self, read: t.Callable[[int], bytes], decoder: json.JSONDecoder, largest: int, chunk: int) -> None:
        self._read = read
        self._json = decoder
        self._largest = largest
        self._chunk = chunk
        self._bytes = codecs.getincrementaldecoder("utf-8")()
        self._text = ""
        self._at = 0
        self.ended = False
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
            if blanks > self._largest:
                raise Malformed("it is blank for too long")
            if not self._more(self._chunk):
                return ""

    def take(self, char: str) -> bool:
        """Read this character, if it is the next one."""
        if self.peek() != char:
            return False
        self._at += 1
        return True

    def expect(self, char: str, reason: str) -> None:
        """Read this character.

        Raises:
            Malformed: another one comes, for this reason, or nothing does.
        """
        if not self.take(char):
            raise Malformed(reason if self.peek() else "it ends too early")

    def value(self, largest: int | None = None) -> t.Any:
        """Read the next value.

        Args:
            largest: how many characters this one may have.

        Raises:
            Malformed: it is none. Where in the document is not told: the parser sees only what is held.
        """
        if not self.peek():
            raise Malformed("it ends too early")
        limit = self._largest if largest is None else largest
        while True:
            try:
                value, end = self._json.raw_decode(self._text, self._at)
            except RecursionError as exc:
                raise Malformed("it is nested too deeply") from exc
            except json.JSONDecodeError as exc:
                if not self._more(self._chunk_for(limit)):
                    raise Malformed(exc.msg) from exc
                continue
            if self._goes_on(end) and self._more(self._chunk_for(limit)):
                continue
            self._at = end
            return value

    def _goes_on(self, end: int) -> bool:
        """Whether the value that was read up to here is a number of which more may come."""
        return self._text[self._at] in "-0123456789" and _REST_OF_NUMBER.match(self._text, end) is not None

    def _chunk_for(self, largest: int) -> int:
        """How much to read for a value that is not whole: as much again as there is, so that what is large is not begun
        anew for each piece of it."""
        left = len(self._text) - self._at
        if left > largest:
            raise Malformed(f"a value has more than {largest} characters")
        return max(self._chunk, left)

    def _more(self, wanted: int) -> bool:
        """Read on; False at the end."""
        pieces = [self._text[self._at :]]
        size = 0
        while size < wanted and not self.ended:
            data = self._read(self._chunk)
            self.begin = self.begin or data[:200]
            self.ended = not data
            try:
                pieces.append(self._bytes.decode(data, final=self.ended))
            except UnicodeDecodeError as exc:
                raise Malformed("it is not UTF-8") from exc
            size += len(data)
        self._text, self._at = "".join(pieces), 0
        return size > 0
