# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The table of a scan, as text for people. Pure. Private to this collection."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._scan.model import COLUMNS, ScannedGuest

_GAP = 3


def render(guests: t.Iterable[ScannedGuest]) -> str:
    """One table for all hypervisors: each column as wide as its longest cell, the header's included, and three more."""
    rows = [dict(zip(COLUMNS, COLUMNS)), *(_row(guest) for guest in guests)]
    widths = {column: max(len(row[column]) for row in rows) + _GAP for column in COLUMNS}
    return "".join("".join(row[column].ljust(widths[column]) for column in COLUMNS).rstrip() + "\n" for row in rows)


def _row(guest: ScannedGuest) -> dict[str, str]:
    # Names and paths are chosen by others: no line break or terminal escape of theirs reaches the terminal.
    return {column: shown(value, 4096) for column, value in guest.columns().items()}
