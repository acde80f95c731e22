# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Messages as lines of JSON, and lines out of a stream."""

from __future__ import annotations

import json
import re
import typing as t

# No command of a host is longer; whatever is, is not for us.
LONGEST_LINE = 64 * 1024
# What an XML document on the host could not hold.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


def clean(value: t.Any) -> t.Any:
    """The same value with every unfit character of its texts replaced by U+FFFD."""
    if isinstance(value, str):
        return _UNFIT.sub("\ufffd", value)
    if isinstance(value, (list, tuple)):
        return [clean(item) for item in value]
    if isinstance(value, dict):
        return {clean(key): clean(item) for key, item in value.items()}
    return value


def encode(name: str, arguments: t.Mapping[str, t.Any]) -> bytes:
    """One message as a line, pure ASCII."""
    return json.dumps({**clean(dict(arguments)), "__name__": name}).encode("ascii") + b"\n"


def decode(line: bytes) -> tuple[str, dict[str, t.Any]] | None:
    """The name and the arguments of a message; None for a line that is none."""
    try:
        message = json.loads(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict) or not isinstance(message.get("__name__"), str):
        return None
    name = message.pop("__name__")
    return clean(name), clean(message)


class Lines:
    """Cuts a stream into lines; one that is too long is dropped whole."""

    def __init__(self) -> None:
        self._rest = b""
        self._skipping = False

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that are complete now, without their ends and without blank ones."""
        *complete, self._rest = (self._rest + data).split(b"\n")
        if complete and self._skipping:
            complete, self._skipping = complete[1:], False
        if len(self._rest) > LONGEST_LINE:
            self._rest, self._skipping = b"", True
        return [line for line in complete if line.strip() and len(line) <= LONGEST_LINE]
