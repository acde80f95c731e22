# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Text that came from a server: shown, and read as a number. Private to this collection."""

from __future__ import annotations

import re
import typing as t

LONGEST = 200
# Digits of a whole number: all that fit 64 bits, with a sign.
_NUMBER = re.compile(r"-?[0-9]{1,19}")


def shown(value: object, longest: int = LONGEST) -> str:
    """Remote text made fit for a message: control characters escaped, cut to a length that a person reads.

    Names of guests and hosts are chosen by others: one with line breaks or terminal escapes must not forge a log line.
    """
    # What is cut off anyway is not looked at: a server may have sent megabytes.
    begin = str(value)[: longest + 1]
    text = "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in begin)
    return text if len(text) <= longest else text[: longest - 3] + "..."


def whole_number(text: str | None) -> int | None:
    """A text as a whole number; None for what is none, also for one with more digits than any that servers tell.

    Python takes digits of all scripts, and minutes for millions of them, or an error that nobody expects.
    """
    plain = (text or "").strip()
    return int(plain) if _NUMBER.fullmatch(plain) else None


def listed(values: t.Iterable[object], limit: int = 10) -> str:
    """Values as a list for a sentence, at most so many by name: ``a, b and 3 more``."""
    names = [shown(value) for value in values]
    if len(names) <= limit:
        return ", ".join(names)
    return f"{', '.join(names[:limit])} and {len(names) - limit} more"
