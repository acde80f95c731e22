# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A JSON object whose one long list is read item by item while it arrives. Private to this collection.

The standard library alone parses whole texts only, of which the objects take several times the memory.
"""

from __future__ import annotations

import codecs
import json
import re
import typing as t

# A whole value beside the list, and one item of it; what is longer is no honest answer.
LARGEST_VALUE = 16 * 1024 * 1024
LARGEST_ITEM = 4 * 1024 * 1024
_LONGEST_NUMBER = 64
_BLANKS = re.compile(r"[ \t\r\n]*")


class Malformed(ValueError):
    """It is no JSON object, or none that an honest server sends."""


def read_object(pieces: t.Iterable[bytes], name: str, keep: t.Callable[[t.Any], t.Any]) -> dict[str, t.Any]:
    """Read an object.

    Args:
        pieces: its text in UTF-8.
        name: the member that may hold the long list.
        keep: gets each item of that list, gives what is kept of it.

    Raises:
        Malformed: see there. What ``pieces`` raises is passed on.
    """
    return _Reader(pieces).document(name, keep)


class _Reader:
    def __init__(self, pieces: t.Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._text = ""
        self._at = 0
        self._ended = False
        self._scan = json.JSONDecoder(parse_int=_integer, parse_float=_fraction, parse_constant=_no_constant).raw_decode

    def document(self, name: str, keep: t.Callable[[t.Any], t.Any]) -> dict[str, t.Any]:
        found: dict[str, t.Any] = {}
        self._expect("{")
        if not self._take("}"):
            while True:
                if self._peek() != '"':
                    raise Malformed("a name of a member is missing")
                key = self._value(LARGEST_VALUE)
                self._expect(":")
                if key == name and self._take("["):
                    found[key] = self._items(keep)
                else:
                    found[key] = self._value(LARGEST_VALUE)
                if self._take("}"):
                    break
                self._expect(",")
        if self._peek():
            raise Malformed("something follows its end")
        return found

    def _items(self, keep: t.Callable[[t.Any], t.Any]) -> list[t.Any]:
        items: list[t.Any] = []
        if self._take("]"):
            return items
        while True:
            items.append(keep(self._value(LARGEST_ITEM)))
            if self._take("]"):
                return items
            self._expect(",")

    def _peek(self) -> str:
        """The next character that is not blank; empty at the end."""
        while True:
            blanks = _BLANKS.match(self._text, self._at)
            self._at = blanks.end() if blanks else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._fill(1):
                return ""

    def _take(self, char: str) -> bool:
        if self._peek() != char:
            return False
        self._at += 1
        return True

    def _expect(self, char: str) -> None:
        if not self._take(char):
            raise Malformed(f"a {char} is missing" if not self._ended else "it ends too early")

    def _value(self, largest: int) -> t.Any:
        self._peek()
        while True:
            try:
                value, end = self._scan(self._text, self._at)
            except RecursionError as exc:
                raise Malformed("it is nested too deeply") from exc
            except Malformed:
                raise
            except ValueError as exc:
                # It may be only that the rest has not come yet.
                if self._ended:
                    raise Malformed(str(exc)) from exc
            else:
                # A number may go on in the next piece.
                if end < len(self._text) or self._ended:
                    self._at = end
                    return value
            held = len(self._text) - self._at
            if held > largest:
                raise Malformed(f"a value has more than {largest} characters")
            # Twice as much before it is tried again, so that the work does not grow with the square of the length.
            self._fill(held)

    def _fill(self, wanted: int) -> bool:
        """Get so many more characters, or what there is; False when there are none."""
        found: list[str] = []
        length = 0
        while length < max(wanted, 1) and not self._ended:
            piece = next(self._pieces, None)
            self._ended = piece is None
            try:
                text = self._decoder.decode(piece or b"", self._ended)
            except UnicodeDecodeError as exc:
                raise Malformed("it is not UTF-8") from exc
            found.append(text)
            length += len(text)
        self._text = "".join([self._text[self._at :], *found])
        self._at = 0
        return length > 0


def _integer(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise Malformed(f"a number has {len(text)} digits")
    return int(text)


def _fraction(text: str) -> float:
    if len(text) > _LONGEST_NUMBER:
        raise Malformed(f"a number has {len(text)} digits")
    return float(text)


def _no_constant(name: str) -> t.Any:
    raise Malformed(f"{name} is no JSON")
