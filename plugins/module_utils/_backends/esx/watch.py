# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Follows a vCenter or ESXi: a mapping at first, then one after each change. Private to this collection.

The server keeps a call open until something happens, so a migration is seen when it ends. When the connection or the
session is lost, all is read anew; whoever compares each mapping with the one before sees what happened in the gap.
"""

from __future__ import annotations

import threading
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.client import (
    to_mapping,
    untyped_parents,
    wanted_paths,
)
from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.faults import Cancelled, SessionEnded
from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.session import Session
from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.updates import Updates
from ansible_collections.virtmap.core.plugins.module_utils._core.assemble import Warn
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import VirtmapError
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection
from ansible_collections.virtmap.core.plugins.module_utils._core.watching import PASSING, ToldOnce, ended_by, follow


def watch(
    options: t.Mapping[str, t.Any], selection: Selection, warn: Warn, stop: threading.Event
) -> t.Iterator[Mapping]:
    """Yield the mapping as it is now, and again whenever something about it has changed.

    Blocks between two mappings; run it in a thread. It logs out when it ends, also when the iteration is given up.

    Args:
        options: those of the backend, and the filters of parents as they were written.
        warn: receives one sentence for what the user should look at, once for each time that it comes up, and for each
            connection that was lost.
        stop: ends the iteration when it is set, by any thread.

    Raises:
        InvalidInput, MissingLibrary: as for collecting.
        Denied: the login or a right was refused.
        CannotConnect, NotFound, BadAnswer: the first reading failed; later ones are tried again, ever more slowly.
    """
    wanted = untyped_parents(options, selection)
    return follow(lambda told: _follow(options, wanted, told, stop), warn, stop, (*PASSING, SessionEnded))


def _follow(
    options: t.Mapping[str, t.Any], selection: Selection, told: ToldOnce, stop: threading.Event
) -> t.Generator[Mapping, None, None]:
    """The mappings of one session; ends when told to, and raises when the session or the connection is lost."""
    session = Session(options, told.warn)
    failure: BaseException | None = None
    try:
        session.open()
        updates = Updates(session, wanted_paths(session, options))
        with updates.opened(), ended_by(stop, _Canceller(updates, told.warn)):
            while not stop.is_set():
                try:
                    changed = updates.wait()
                except Cancelled:
                    continue
                if changed:
                    with told.round():
                        mapping = to_mapping(session, updates.objects, options, selection, told, root_hidden=False)
                    yield mapping
    except BaseException as exc:
        failure = exc
        raise
    finally:
        session.close(failure)


class _Canceller:
    """Ends the call that waits."""

    def __init__(self, updates: Updates, warn: Warn) -> None:
        self._updates = updates
        self._warn = warn
        self._failed = False

    def __call__(self) -> None:
        if self._failed:
            return
        try:
            self._updates.cancel()
        except VirtmapError as exc:
            # The call that waits then ends by itself, in half a minute at the latest.
            self._failed = True
            self._warn(f"the watch could not be ended at once ({exc.message})")
