# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What all stores of a scan have in common. Private to this collection."""

from __future__ import annotations

import abc
import typing as t
from pathlib import Path

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._scan.decide import Known
from ansible_collections.virtmap.core.plugins.module_utils._scan.model import ScannedGuest


class Store(abc.ABC):
    """Where guests are kept. It is read when it is made, and written by ``save``."""

    @abc.abstractmethod
    def lookup(self, name: str) -> Known | None:
        """What the store says about a name; None when it does not know it."""

    @abc.abstractmethod
    def taken(self, name: str) -> str | None:
        """Why a name cannot become that of a guest although no guest has it; None when it can."""

    @abc.abstractmethod
    def refuses(self, guest: ScannedGuest) -> str | None:
        """Why the store cannot hold what is told of this guest; None when it can."""

    @abc.abstractmethod
    def add(self, guest: ScannedGuest) -> None:
        """Put a guest in that the store does not know as one yet. What the store says else about the name stays."""

    @abc.abstractmethod
    def update(self, guest: ScannedGuest) -> bool:
        """Bring a known guest up to date; returns whether anything changed. What is not told of it stays."""

    @abc.abstractmethod
    def texts(self) -> list[tuple[str, str, str]]:
        """For a diff: each part that changes, as it is and as it is to become."""

    @abc.abstractmethod
    def save(self, *, backup: bool) -> list[str]:
        """Write what changed.

        Returns:
            the backups that were made.

        Raises:
            InvalidInput, BadAnswer: it cannot be written.
        """


def broken(path: Path, line: int, reason: str) -> InvalidInput:
    """The error for a store that is not in its format."""
    return InvalidInput(f"the store {path} cannot be understood in line {line}: {reason}; it was left as it is")


def unprintable(values: t.Mapping[str, str]) -> str | None:
    """Why a line of text cannot hold one of these values, which others have chosen; None when it can hold all."""
    for word, value in values.items():
        if not value.isprintable():
            return f"its {word} holds control characters"
    return None
