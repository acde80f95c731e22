# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Follows a pool by the events of XAPI: a mapping at first, then one after each change. Private to this collection.

The pool keeps a call open until something happens. When the connection or the session is lost, all is read anew;
whoever compares each mapping with the one before sees what happened in the gap.
"""

from __future__ import annotations

import threading
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.xenserver.client import BACKEND, IDS, to_mapping
from ansible_collections.virtmap.core.plugins.module_utils._backends.xenserver.session import Session
from ansible_collections.virtmap.core.plugins.module_utils._backends.xenserver.state import State
from ansible_collections.virtmap.core.plugins.module_utils._core.assemble import Warn
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection
from ansible_collections.virtmap.core.plugins.module_utils._core.watching import ToldOnce, ended_by, follow


def watch(
    options: t.Mapping[str, t.Any], selection: Selection, warn: Warn, stop: threading.Event
) -> t.Iterator[Mapping]:
    """Yield the mapping as it is now, and again whenever something about it has changed.

    Blocks between two mappings; run it in a thread. It logs out when it ends, also when the iteration is given up. A
    change of the coordinator is followed as at the login.

    Args:
        options: those of the backend.
        warn: receives one sentence for what the user should look at, once for each time that it comes up, and for each
            session that was lost.
        stop: ends the iteration when it is set, by any thread.

    Raises:
        InvalidInput, MissingLibrary: as for collecting.
        Denied: the login or a right was refused.
        CannotConnect, NotFound, BadAnswer: the first reading failed; later ones are tried again, ever more slowly.
    """
    selection.allow_ids(IDS, BACKEND)
    return follow(lambda told: _follow(options, selection, told, stop), warn, stop)


def _follow(
    options: t.Mapping[str, t.Any], selection: Selection, told: ToldOnce, stop: threading.Event
) -> t.Generator[Mapping, None, None]:
    """The mappings of one session; ends when told to, and raises when the session or the connection is lost."""
    session = Session(options, told)
    failure: BaseException | None = None
    try:
        with ended_by(stop, session.interrupt):
            session.open()
            state = State(session)
            state.read()
            changed = True
            while not stop.is_set():
                if changed:
                    with told.round():
                        mapping = to_mapping(session, state.told(), selection, told)
                    yield mapping
                changed = state.wait()
    except BaseException as exc:
        failure = exc
        raise
    finally:
        session.close(failure)
