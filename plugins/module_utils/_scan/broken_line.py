# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A line that is not in the format of its file. Pure. Private to this collection."""

from __future__ import annotations


class BrokenLine(Exception):
    """A text cannot be understood.

    Args:
        line: where, counted from 1.
        reason: what is wrong with it.
    """

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason
