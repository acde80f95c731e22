# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Lines of JSON from a guest that may be hostile. Private to this collection."""

from __future__ import annotations

import json
import re
import typing as t

# As long as the original host allows.
LONGEST_LINE = 1024 * 1024
# No agent has that much to say while it is asked once.
LARGEST_FLOOD = 16 * 1024 * 1024
MOST_LINES = 10_000
_HARMFUL = "".join(map(chr, (*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0x85), *range(0x86, 0xA0))))
_FILTER = re.compile(f"[{re.escape(_HARMFUL)}\ud800-\udfff\ufffe\uffff]")


def harmless(value: t.Any) -> t.Any:
    """A value of JSON without control characters and half characters in its texts and keys; U+FFFD takes their place.

    They could otherwise forge lines of a log, or break whoever writes the value as XML or UTF-8.
    """
    if isinstance(value, str):
        return _FILTER.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_FILTER.sub("\ufffd", key): harmless(item) for key, item in value.items()}
    return [harmless(item) for item in value] if isinstance(value, list) else value


def parse(line: bytes) -> dict[str, t.Any] | None:
    """The JSON object in a line; None when there is none."""
    try:
        value = json.loads(line.decode("utf-8", "replace"), parse_constant=_refuse)
        return harmless(value) if isinstance(value, dict) else None
    except (ValueError, RecursionError):
        return None


def _refuse(name: str) -> t.NoReturn:
    raise ValueError(f"{name} is no JSON")


class LineReader:
    """Cuts what comes from a guest into lines and keeps account of what is no good.

    Attributes:
        received: bytes that came.
        count: lines that came.
        too_long: lines that were dropped because they had no end.
    """

    def __init__(self) -> None:
        self.received = self.count = 0
        self.too_long = 0
        self._parts: list[bytes] = []
        self._size = 0
        self._skipping = False

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that are complete now, without their ends and without blank ones."""
        self.received += len(data)
        self.count += data.count(b"\n")
        lines = []
        *complete, rest = data.split(b"\n")
        for part in complete:
            self._add(part)
            line, skipped = b"".join(self._parts), self._skipping
            self._parts, self._size, self._skipping = [], 0, False
            if line.strip() and not skipped:
                lines.append(line)
        self._add(rest)
        return lines

    def _add(self, part: bytes) -> None:
        self._size += len(part)
        if self._size <= LONGEST_LINE:
            self._parts.append(part)
        elif not self._skipping:
            self._parts, self._skipping = [], True
            self.too_long += 1
