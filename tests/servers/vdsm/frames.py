# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""STOMP 1.2 frames as VDSM's side of the wire writes and reads them; apart from the client under test."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

Headers = list[tuple[str, str]]
_ESCAPES = {"\\c": ":", "\\n": "\n", "\\r": "\r", "\\\\": "\\"}
_PLAIN = {"CONNECT", "CONNECTED"}


@dataclass
class Frame:
    """A frame that came in; of repeated headers the first counts."""

    command: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def escaped(text: str) -> str:
    """A header's name or value as it travels."""
    for char, escape in (("\\", "\\\\"), (":", "\\c"), ("\n", "\\n"), ("\r", "\\r")):
        text = text.replace(char, escape)
    return text


def frame(command: str, headers: Headers, body: bytes = b"", *, length: bool = True, end: str = "\n") -> bytes:
    """A frame; ``length`` says whether a body is announced, ``end`` is how lines end."""
    headers = [*headers, ("content-length", str(len(body)))] if body and length else headers
    lines = [command, *(f"{escaped(name)}:{escaped(value)}" for name, value in headers), "", ""]
    return end.join(lines).encode() + body + b"\0"


class Parser:
    """Bytes in, whole frames out."""

    def __init__(self) -> None:
        self._data = b""

    def feed(self, data: bytes) -> t.Iterator[Frame]:
        """Take bytes and give the frames that they complete. Raises ValueError for what is no STOMP."""
        self._data += data
        while True:
            self._data = self._data.lstrip(b"\r\n")
            head, blank, rest = self._data.replace(b"\r\n", b"\n").partition(b"\n\n")
            if not blank:
                return
            lines = head.decode().split("\n")
            headers: dict[str, str] = {}
            for line in lines[1:]:
                name, colon, value = line.partition(":")
                if not colon or ":" in value:
                    raise ValueError(f"bad header {line!r}")
                headers.setdefault(_unescaped(name, lines[0]), _unescaped(value, lines[0]))
            length = int(headers["content-length"]) if "content-length" in headers else rest.find(b"\0")
            if length < 0 or len(rest) <= length:
                return
            if rest[length] != 0:
                raise ValueError("no NUL where content-length says")
            self._data = rest[length + 1 :]
            yield Frame(lines[0], headers, rest[:length])


def _unescaped(text: str, command: str) -> str:
    if command in _PLAIN or "\\" not in text:
        return text
    result, position = "", 0
    while position < len(text):
        piece = text[position : position + 2]
        if piece[0] == "\\":
            result += _ESCAPES[piece]
            position += 2
        else:
            result += piece[0]
            position += 1
    return result
