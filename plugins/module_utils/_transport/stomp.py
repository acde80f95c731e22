# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Frames of STOMP 1.2. Private to this collection.

What comes in is read as it arrives and bounded: a body is handed over in pieces, so that nobody has to hold all of it.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown

LARGEST_HEAD = 64 * 1024
# Statistics of 20,000 guests have some fifty megabytes; this is only to end what never ends.
LARGEST_BODY = 256 * 1024 * 1024
_COMMAND = re.compile(rb"[A-Z]{1,20}\r?\n?")
_HEAD_END = re.compile(rb"\n\r?\n")
_UNESCAPED = {"\\c": ":", "\\n": "\n", "\\r": "\r", "\\\\": "\\"}
_ESCAPED = str.maketrans({"\\": "\\\\", ":": "\\c", "\n": "\\n", "\r": "\\r"})
# The handshake's frames are as in STOMP 1.0, which had no escapes.
_WITHOUT_ESCAPES = ("CONNECT", "CONNECTED")
_NUL = b"\0"


def frame(command: str, headers: t.Mapping[str, str], body: bytes = b"") -> bytes:
    """A frame as it travels; the length of a body is added to the headers."""
    lines = [command]
    for name, value in headers.items():
        escape = command not in _WITHOUT_ESCAPES
        lines.append(f"{name.translate(_ESCAPED)}:{value.translate(_ESCAPED)}" if escape else f"{name}:{value}")
    if body:
        lines.append(f"content-length:{len(body)}")
    return "\n".join([*lines, "", ""]).encode() + body + _NUL


class Frame:
    """A frame that comes in.

    Attributes:
        headers: of a repeated one the first.
        body: its pieces; to be taken before the next frame is asked for, what is left then is dropped.
    """

    def __init__(self, command: str, headers: dict[str, str], body: t.Iterator[bytes]) -> None:
        self.command = command
        self.headers = headers
        self.body = body

    def text(self, most: int = 1000) -> str:
        """The beginning of the body as text."""
        found = b""
        for piece in self.body:
            found += piece
            if len(found) >= most:
                break
        return found[:most].decode("utf-8", "replace")


class FrameReader:
    """Takes frames out of what arrives.

    Args:
        receive: gives the next bytes, at least one; raises when there are none.
        what: the server, as the beginning of an error sentence.
    """

    def __init__(self, receive: t.Callable[[], bytes], what: str) -> None:
        self._receive = receive
        self._what = what
        self._data = b""
        self._frame: Frame | None = None

    def next(self) -> Frame:
        """The next frame; heart-beats before it are skipped.

        Raises:
            BadAnswer: what comes is no STOMP, or has no end.
        """
        if self._frame is not None:
            for _rest in self._frame.body:
                pass
        command, headers = self._head()
        self._frame = Frame(command, headers, self._body(self._length(headers)))
        return self._frame

    def _head(self) -> tuple[str, dict[str, str]]:
        searched = 0
        while True:
            self._data = self._data.lstrip(b"\r\n")  # heart-beats
            begin = self._data[:24]
            if begin and not self._may_begin(begin):
                raise self._nonsense(f"it begins '{shown(begin.decode('utf-8', 'replace'), 40)}'")
            found = _HEAD_END.search(self._data, max(searched - 2, 0))
            if found:
                break
            searched = len(self._data)
            if searched > LARGEST_HEAD:
                raise self._nonsense(f"its headers have more than {LARGEST_HEAD} bytes")
            self._data += self._receive()
        head, self._data = self._data[: found.start()], self._data[found.end() :]
        try:
            lines = head.decode("utf-8").split("\n")
        except UnicodeDecodeError as exc:
            raise self._nonsense("its headers are not UTF-8") from exc
        command = lines[0].rstrip("\r")
        headers: dict[str, str] = {}
        for line in lines[1:]:
            name, colon, value = line.rstrip("\r").partition(":")
            if not colon:
                raise self._nonsense(f"it has a header without a colon: {shown(line, 60)}")
            if command not in _WITHOUT_ESCAPES:
                name, value = self._unescaped(name), self._unescaped(value)
            headers.setdefault(name, value)
        return command, headers

    @staticmethod
    def _may_begin(begin: bytes) -> bool:
        found = _COMMAND.match(begin)
        return found is not None and (found.end() == len(begin) or found.group().endswith(b"\n"))

    def _unescaped(self, text: str) -> str:
        if "\\" not in text:
            return text
        try:
            return re.sub(r"\\.?", lambda found: _UNESCAPED[found.group()], text, flags=re.DOTALL)
        except KeyError as exc:
            raise self._nonsense(f"it has a header with an unknown escape: {shown(text, 60)}") from exc

    def _length(self, headers: dict[str, str]) -> int | None:
        text = headers.get("content-length")
        if text is None:
            return None
        if not re.fullmatch("[0-9]{1,18}", text):
            raise self._nonsense(f"its content-length is {shown(text, 40)}")
        if int(text) > LARGEST_BODY:
            raise self._too_large()
        return int(text)

    def _body(self, length: int | None) -> t.Iterator[bytes]:
        """The pieces of a body, up to its length or, without one, to the first NUL."""
        total, ended = 0, False
        while not ended:
            if not self._data:
                self._data = self._receive()
            end = self._data.find(_NUL) if length is None else min(length - total, len(self._data))
            ended = end >= 0 if length is None else total + end == length
            piece, self._data = (self._data, b"") if end < 0 else (self._data[:end], self._data[end:])
            total += len(piece)
            if total > LARGEST_BODY:
                raise self._too_large()
            if piece:
                yield piece
        if not self._data:
            self._data = self._receive()
        if not self._data.startswith(_NUL):
            raise self._nonsense(f"its body is longer than its content-length of {length} bytes")
        self._data = self._data[1:]

    def _too_large(self) -> BadAnswer:
        return BadAnswer(f"{self._what} sends more than {LARGEST_BODY} bytes in one answer; look at its log")

    def _nonsense(self, reason: str) -> BadAnswer:
        return BadAnswer(
            f"{self._what} answered something that is not STOMP ({reason}); check that server and port name the right service"
        )
