# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""An order and what became of it. Private to this collection."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import CannotConnect

LONGEST_NOTICE = 500
SECONDS_PER_MINUTE = 60


@dataclass
class Order:
    """What an agent is to do.

    Attributes:
        delay: seconds before a shutdown; guests round it up to minutes.
        wait: whether to wait for the proof.
        timeout: seconds for each answer.
        given: whether it has been sent.
    """

    command: str
    delay: int
    notice: str | None
    username: str | None
    password: str | None
    wait: bool
    wait_timeout: int
    timeout: float
    check_mode: bool
    given: bool = False

    @property
    def minutes(self) -> int:
        """The delay as guests understand it."""
        return -(-self.delay // SECONDS_PER_MINUTE)

    @property
    def patience(self) -> float:
        """Seconds until the proof must be there."""
        return self.minutes * SECONDS_PER_MINUTE + float(self.wait_timeout)

    def not_seen(self, source: str, what: str) -> CannotConnect:
        """The error for an order that was taken, but of which nothing was seen."""
        return CannotConnect(
            f"{source} took the command {self.command}, but {what} within {self.patience:g} seconds; look at the "
            "guest's console, or raise wait_timeout"
        )


class Outcome(t.NamedTuple):
    """What became of an order.

    Attributes:
        changed: whether the guest was told to do something, or would be in check mode.
        proof: how it is known to have happened; None when nothing says so.
    """

    changed: bool
    proof: str | None = None
