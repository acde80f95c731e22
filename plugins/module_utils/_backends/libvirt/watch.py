# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Follows a libvirt daemon: a mapping at first, then one after each event. Private to this collection.

An event only says that something has changed; all is read anew then, which takes a handful of calls. So no sequence of
events can be misread, and one that was lost with the connection is found by reading after the next one is open.
"""

from __future__ import annotations

import threading
import time
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.client import (
    connection_to,
    read,
    to_mapping,
)
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.connection import Connection
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.events import Bell, run_event_loop
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.uri import parse_uri
from ansible_collections.virtmap.core.plugins.module_utils._core.assemble import Warn
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection
from ansible_collections.virtmap.core.plugins.module_utils._core.watching import ToldOnce, follow

# How often it looks whether it is to end.
LOOK_EVERY = 0.25
# All is read again after so many seconds without an event; sooner where the driver has none.
READ_AGAIN, READ_AGAIN_WITHOUT_EVENTS = 300.0, 30.0


def watch(
    options: t.Mapping[str, t.Any], selection: Selection, warn: Warn, stop: threading.Event
) -> t.Iterator[Mapping]:
    """Yield the mapping as it is now, and again whenever a guest was defined, started, stopped, moved or the like.

    Blocks between two mappings; run it in a thread.

    Args:
        options: those of the backend.
        warn: receives one sentence for what the user should look at, once for each time that it comes up, and for each
            connection that was lost.
        stop: ends the iteration when it is set, by any thread.

    Raises:
        InvalidInput, MissingLibrary: as for collecting.
        Denied: the credentials or a right were refused.
        CannotConnect, NotFound, BadAnswer: the first reading failed; later ones are tried again, ever more slowly.
    """
    selection.allow_ids(("uuid", "hostname"), "libvirt")
    uri = parse_uri(options["uri"])
    run_event_loop(uri.source)

    def session(told: ToldOnce) -> t.Generator[Mapping, None, None]:
        with connection_to(uri, options) as connection:
            yield from _follow(connection, selection, told, stop)

    return follow(session, warn, stop)


def _follow(
    connection: Connection, selection: Selection, told: ToldOnce, stop: threading.Event
) -> t.Generator[Mapping, None, None]:
    """The mappings of one connection."""
    # Asked for events first: what happens while the first mapping is read rings as well.
    with Bell(connection) as bell:
        while not stop.is_set():
            with told.round():
                mapping = to_mapping(connection, read(connection, selection.hypervisor_id), selection, told)
            yield mapping
            until = time.monotonic() + (READ_AGAIN if bell.works else READ_AGAIN_WITHOUT_EVENTS)
            while not (bell.wait(LOOK_EVERY) or stop.is_set()):
                if time.monotonic() > until:
                    break
