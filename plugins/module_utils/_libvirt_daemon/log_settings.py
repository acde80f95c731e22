# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Log filters and outputs of a daemon: reading, checking and comparing them. Private to this collection.

A daemon gives back what it was given in another form, stars around each match and a blank at the end (and older ones
in yet another), so texts are never compared as they are. The order counts: the first filter that matches decides.
"""

from __future__ import annotations

import os
import re
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown

LEVELS = {"debug": 1, "info": 2, "warning": 3, "error": 4}
_FILTER = re.compile(r"([1-4]):(.+)")
_OUTPUT = re.compile(r"([1-4]):(?:(stderr|journald)|(syslog):([^:]+)|(file):(.+))")
_FORBIDDEN = re.compile(r"[\s,\"]")


class Daemon(t.Protocol):
    """What is asked of a connection."""

    def log_filters(self) -> str:
        """Log filters as the daemon tells them."""

    def log_outputs(self) -> str:
        """Log outputs as the daemon tells them."""


def current(daemon: Daemon) -> dict[str, list[str]]:
    """Filters and outputs of a daemon now, in the form in which they are compared."""
    return {
        "filters": normal_filters(daemon.log_filters().split()),
        "outputs": normal_outputs(daemon.log_outputs().split()),
    }


def normal_filter(item: str) -> str:
    """A filter in its shortest form: ``1:*qemu*``, ``1:+qemu`` and ``1:qemu`` mean one thing.

    ``1:*`` is the one that matches all.
    """
    level, _colon, match = item.partition(":")
    if match.startswith("+"):
        match = match[1:]
    return f"{level}:{match.strip('*') or '*'}"


def normal_filters(items: t.Iterable[str]) -> list[str]:
    """Filters in their shortest form, in their order; a repeated one stays, as the daemon keeps it."""
    return [normal_filter(item) for item in items]


def normal_outputs(items: t.Iterable[str]) -> list[str]:
    """Outputs as a daemon keeps them: of two to one destination the last level counts, at the place of the first."""
    levels: dict[str, str] = {}
    for item in items:
        level, _colon, destination = item.partition(":")
        levels[destination] = level
    return [f"{level}:{destination}" for destination, level in levels.items()]


def checked_filters(items: t.Iterable[str]) -> list[str]:
    """The user's filters in their shortest form.

    Raises:
        InvalidInput: one is not ``LEVEL:MATCH`` with a level of 1 to 4, or holds what would make two of it.
    """
    wanted = list(items)
    for item in wanted:
        match = _FILTER.fullmatch(item)
        if match is None or _FORBIDDEN.search(item) or match.group(2) == "+":
            raise InvalidInput(
                f"filters: {shown(item)} is not of the form LEVEL:MATCH with a level of 1 (debug) to 4 (error) "
                "and a match without blanks, "
                "commas and quotes, one filter for each entry of the list"
            )
    return normal_filters(wanted)


def checked_outputs(items: t.Iterable[str]) -> list[str]:
    """The user's outputs.

    Raises:
        InvalidInput: one is not of a form that daemons know, holds a blank, or names a file by a relative path, which
            would be taken from the daemon's own working folder.
    """
    wanted = list(items)
    for item in wanted:
        match = _OUTPUT.fullmatch(item)
        if match is None or re.search(r'[\s"]', item):
            raise InvalidInput(
                f"outputs: {shown(item)} is not of the form LEVEL:stderr, LEVEL:journald, LEVEL:syslog:NAME or "
                "LEVEL:file:PATH with a level of "
                "1 (debug) to 4 (error) and without blanks and quotes"
            )
        path = match.group(6)
        if path is not None and (not os.path.isabs(path) or path.endswith("/")):
            raise InvalidInput(f"outputs: {shown(item)} needs the absolute path of a file")
    return normal_outputs(wanted)


def with_level(filters: t.Iterable[str], level: str) -> list[str]:
    """Filters in their shortest form with a last one that gives all that they leave over this level.

    Args:
        level: a name of LEVELS. An earlier filter that matches all is taken out: behind it the new one would have no
        effect.
    """
    kept = [item for item in normal_filters(filters) if not item.endswith(":*")]
    return [*kept, f"{LEVELS[level]}:*"]


def is_builtin_output(outputs: t.Sequence[str]) -> bool:
    """Whether these outputs look like the ones that a daemon has when nothing is configured.

    A daemon does not tell. One that runs in the foreground, as all do under systemd, has standard error or the journal.
    """
    return len(outputs) == 1 and outputs[0].partition(":")[2] in ("stderr", "journald")
