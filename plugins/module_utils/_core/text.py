# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Showing text that came from a server. Private to this collection."""

from __future__ import annotations

import typing as t

LONGEST = 200


def shown(value: object, longest: int = LONGEST) -> str:
    """Remote text made fit for a message: control characters escaped, cut to a length that a person reads.

    Names of guests and hosts are chosen by others: one with line breaks or terminal escapes must not forge a log line.
    """
    # What is cut off anyway is not looked at: a server may have sent megabytes.
    begin = str(value)[: longest + 1]
    text = "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in begin)
    return text if len(text) <= longest else text[: longest - 3] + "..."


def listed(values: t.Iterable[object], limit: int = 10) -> str:
    """Values as a list for a sentence, at most so many by name: ``a, b and 3 more``."""
    names = [shown(value) for value in values]
    if len(names) <= limit:
        return ", ".join(names)
    return f"{', '.join(names[:limit])} and {len(names) - limit} more"
