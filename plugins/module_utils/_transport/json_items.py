# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A JSON object whose one long list is read item by item while it arrives. Private to this collection."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._transport.json_cursor import JsonCursor, Malformed

# A whole value beside the list, and one item of it; what is longer is no honest answer.
LARGEST_VALUE = 16 * 1024 * 1024
LARGEST_ITEM = 4 * 1024 * 1024
_LONGEST_NUMBER = 64


def read_object(pieces: t.Iterable[bytes], name: str, keep: t.Callable[[t.Any], t.Any]) -> dict[str, t.Any]:
    """Read an object.

    Args:
        pieces: its text in UTF-8.
        name: the member that may hold the long list.
        keep: gets each item of that list, gives what is kept of it.

    Raises:
        Malformed: see there. What ``pieces`` raises is passed on.
    """
    arriving = (piece for piece in pieces if piece)
    decoder = json.JSONDecoder(parse_int=_integer, parse_float=_fraction, parse_constant=_no_constant)
    # A piece at a time: it is not known how large they are.
    cursor = JsonCursor(lambda _size: next(arriving, b""), decoder, LARGEST_VALUE, 1)
    return _document(cursor, name, keep)


def _document(cursor: JsonCursor, name: str, keep: t.Callable[[t.Any], t.Any]) -> dict[str, t.Any]:
    found: dict[str, t.Any] = {}
    _expect(cursor, "{")
    if not cursor.take("}"):
        while True:
            if cursor.peek() != '"':
                raise Malformed("a name of a member is missing")
            key = cursor.value()
            _expect(cursor, ":")
            found[key] = _items(cursor, keep) if key == name and cursor.take("[") else cursor.value()
            if cursor.take("}"):
                break
            _expect(cursor, ",")
    if cursor.peek():
        raise Malformed("something follows its end")
    return found


def _items(cursor: JsonCursor, keep: t.Callable[[t.Any], t.Any]) -> list[t.Any]:
    items: list[t.Any] = []
    if cursor.take("]"):
        return items
    while True:
        items.append(keep(cursor.value(LARGEST_ITEM)))
        if cursor.take("]"):
            return items
        _expect(cursor, ",")


def _expect(cursor: JsonCursor, char: str) -> None:
    cursor.expect(char, f"a {char} is missing" if not cursor.ended else "it ends too early")


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
