# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Changing numbers of a server, thread pool or client limits, and proving it. Private to this collection."""

from __future__ import annotations

import time
import typing as t
from dataclasses import dataclass

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, told
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.config_file import FileChange, keys_for, plan
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.connection import AdminConnection, connect
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.limits import check_ranges
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.model import Values, renamed
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.options import given
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.run import Run

Numbers = t.Mapping[str, int]
# Workers that are to go end themselves one after the other, so a number may take a moment to be what was asked for.
SETTLE_SECONDS = 10.0
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Subject:
    """A set of numbers of a server.

    Attributes:
        name: its key in the module's result.
        settings: option to name on the wire, those that can be set.
        state: the same for those that can only be read.
        most: the greatest sensible number.
        guard: refuses what harms, given the current numbers, the wanted ones, the server and the options; gives
            warnings.
        read, write: get and set the numbers, by their wire names.
    """

    name: str
    settings: t.Mapping[str, str]
    state: t.Mapping[str, str]
    most: int
    guard: t.Callable[[Numbers, Numbers, str, t.Mapping[str, t.Any]], list[str]]
    read: t.Callable[[AdminConnection, str], Values]
    write: t.Callable[[AdminConnection, str, Numbers], None]

    def numbers(self, daemon: AdminConnection, server: str) -> dict[str, int]:
        """The numbers of a server now, by option name.

        Raises:
            BadAnswer: the daemon leaves one out.
        """
        found = renamed(self.read(daemon, server), self.settings, self.state)
        missing = [name for name in (*self.settings, *self.state) if name not in found]
        if missing:
            raise BadAnswer(f"{daemon.uri.text}: server {server}: the daemon does not tell {', '.join(missing)}")
        return found


def change_numbers(subject: Subject, run: Run) -> dict[str, t.Any]:
    """Give a server the numbers that the user wants, and read them back.

    Returns:
        the result of the module: ``changed``, the numbers under the subject's name, ``diff`` and ``persisted``.

    Raises:
        VirtmapError: one of the family; its result says whether anything was changed before.
    """
    server = run.uri.server(run.options["daemon_server"])
    wanted = given(run.options, subject.settings)
    check_ranges(wanted, subject.most)
    file_change = _plan_file(run, server, wanted)
    with connect(run.uri, run.timeout) as daemon:
        before = subject.numbers(daemon, server)
        differing = {name: value for name, value in wanted.items() if before[name] != value}
        for sentence in subject.guard(before, differing, server, run.options):
            run.warn(sentence)
        after = {**before, **differing}
        if differing and not run.check_mode:
            subject.write(daemon, server, {subject.settings[name]: value for name, value in differing.items()})
            after = _settled(daemon, server, subject, wanted, min(run.timeout, SETTLE_SECONDS))
    shown_before, shown_after = (
        {"server": server, **{name: of[name] for name in subject.settings}} for of in (before, after)
    )
    return {subject.name: after, **run.result(bool(differing), shown_before, shown_after, file_change)}


def _plan_file(run: Run, server: str, wanted: Numbers) -> FileChange | None:
    if not run.options["persist"]:
        return None
    keys = keys_for(run.uri.daemon, server, wanted)
    settings = {keys[name]: value for name, value in wanted.items()}
    path = run.uri.config_file(run.options["config_file"])
    return plan(run.uri.daemon, path, settings, lambda key, standing: settings[key] == standing)


def _settled(daemon: AdminConnection, server: str, subject: Subject, wanted: Numbers, seconds: float) -> dict[str, int]:
    """Read the numbers until they are the wanted ones."""
    deadline = time.monotonic() + seconds
    with told({"changed": True}):
        while True:
            now = subject.numbers(daemon, server)
            off = {name: now[name] for name, value in wanted.items() if now[name] != value}
            if not off:
                return now
            if time.monotonic() > deadline:
                said = ", ".join(f"{name} is {value} instead of {wanted[name]}" for name, value in off.items())
                raise BadAnswer(
                    f"server {server}: the daemon accepted the change, but {seconds:g} seconds later {said}"
                )
            time.sleep(_POLL_SECONDS)
