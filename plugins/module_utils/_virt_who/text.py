# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""How virt-who reads values: quotes, lists, booleans, interpolation. Private to this collection; pure."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput

TRUE_WORDS = frozenset({"yes", "true", "on", "1"})
FALSE_WORDS = frozenset({"no", "false", "off", "0"})
_PERCENT = re.compile(r"%%|%\(([^)]*)\)s|%")
# Nested values end here; virt-who's parser gives up at the same depth.
_DEPTH = 10


def unquoted(value: str) -> str:
    """The value without one pair of quotes around it, unless that quote occurs inside."""
    if len(value) >= 2 and value[0] in "\"'" and value[-1] == value[0] and value[0] not in value[1:-1]:
        return value[1:-1]
    return value


def interpolated(value: str, others: t.Mapping[str, str], depth: int = _DEPTH) -> tuple[str, bool]:
    """The value with ``%%`` and ``%(key)s`` replaced.

    Args:
        others: the other values of the section, by key.

    Returns:
        the value, and whether it holds a percent sign that virt-who's parser does not take (it then drops the whole file); such a
        sign stays as it is.
    """
    odd = False

    def replace(match: re.Match[str]) -> str:
        nonlocal odd
        key = (match.group(1) or "").lower()
        if match.group(0) == "%%":
            return "%"
        if key in others and depth:
            inner, inner_odd = interpolated(others[key], others, depth - 1)
            odd = odd or inner_odd
            return inner
        odd = True
        return match.group(0)

    return _PERCENT.sub(replace, value), odd


def boolean(value: str) -> bool | None:
    """A boolean in virt-who's words; None for any other word."""
    word = value.strip().lower()
    return True if word in TRUE_WORDS else False if word in FALSE_WORDS else None


def items(value: str) -> list[str]:
    """A comma-separated list.

    Quotes group; outside of them white space is dropped, also within an item; a backslash takes the next character as it is.

    Raises:
        InvalidInput: a quote is not closed.
    """
    found: list[str] = []
    current: list[str] = []
    quote = ""
    characters = iter(value)
    quoted_empty = False
    for char in characters:
        if char == "\\":
            current.append(next(characters, ""))
        elif quote:
            if char == quote:
                quote = ""
            else:
                current.append(char)
        elif char in "\"'":
            quote = char
            quoted_empty = True
        elif char == ",":
            found.append("".join(current))
            current, quoted_empty = [], False
        elif not char.isspace():
            current.append(char)
    if quote:
        raise InvalidInput(f"the quote {quote} is not closed")
    if current or quoted_empty:
        found.append("".join(current))
    return [item for item in found if item]
