# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Quantities of Kubernetes, such as 64, 63500m or 1.5. Pure, and private to this collection."""

from __future__ import annotations

import re
from decimal import ROUND_FLOOR, Decimal

_FORM = re.compile(
    r"([+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40}))(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?[0-9]{1,2}))?"
)
_POWERS = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}


def whole(text: str | None) -> int | None:
    """A quantity rounded down to a whole number; None for what is none."""
    match = _FORM.fullmatch(text or "")
    if match is None:
        return None
    number, suffix, exponent = match.groups()
    value = Decimal(number)
    if suffix in _BINARY:
        value *= 1024 ** _BINARY[suffix]
    else:
        value = value.scaleb(_POWERS[suffix] if suffix else int(exponent or 0))
    return int(value.to_integral_value(ROUND_FLOOR))
