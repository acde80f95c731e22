# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Follows a cluster by the watches of Kubernetes: a mapping at first, then one after each change. Private to this
collection.

All is listed, then watched from the version of the lists. When the server has forgotten that version, or the credentials
have expired, all is listed anew with fresh ones; whoever compares each mapping with the one before sees what happened in
the gap.
"""

from __future__ import annotations

import threading
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.access import Access, connect
from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.api import Api
from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.client import BACKEND, IDS, to_mapping
from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.events import Expired, Unauthorized
from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.feeds import Feed, Feeds
from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.lists import (
    INSTANCES,
    MACHINES,
    NODES,
    check_namespace,
    list_instances,
    list_machines,
    list_nodes,
)
from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.options import Wishes, understand
from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.state import State
from ansible_collections.virtmap.core.plugins.module_utils._core.assemble import Warn
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import CannotConnect
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection
from ansible_collections.virtmap.core.plugins.module_utils._core.watching import ToldOnce, ended_by, follow
from ansible_collections.virtmap.core.plugins.module_utils._transport.http import HttpClient

# How often all is listed anew without any event between, before that counts as a failure.
ATTEMPTS = 3


def watch(
    options: t.Mapping[str, t.Any], selection: Selection, warn: Warn, stop: threading.Event
) -> t.Iterator[Mapping]:
    """Yield the mapping as it is now, and again whenever something about it has changed.

    Blocks between two mappings; run it in a thread.

    Args:
        options: those of the backend.
        warn: receives one sentence for what the user should look at, once for each time that it comes up, and for each
            connection that was lost.
        stop: ends the iteration when it is set, by any thread.

    Raises:
        InvalidInput, MissingLibrary: as for collecting.
        Denied: the credentials or a right were refused, also after they were read anew.
        CannotConnect, NotFound, BadAnswer: the first reading failed; later ones are tried again, ever more slowly.
    """
    selection.allow_ids(IDS, BACKEND)
    wishes = understand(options)
    return follow(lambda told: _follow(options, wishes, selection, told, stop), warn, stop)


def _follow(
    options: t.Mapping[str, t.Any], wishes: Wishes, selection: Selection, told: ToldOnce, stop: threading.Event
) -> t.Generator[Mapping, None, None]:
    """List and watch, again and again, until told to end or until something fails."""
    in_vain = 0
    while not stop.is_set():
        watched = _Watched(options, wishes, selection, told)
        yield from watched.mappings(stop)
        in_vain = 0 if watched.heard else in_vain + 1
        if in_vain == ATTEMPTS:
            raise CannotConnect(
                f"{watched.what} gives up what it has just listed before it can be watched, {ATTEMPTS} times; look at "
                "the load of the server"
            )


class _Watched:
    """The cluster from one listing to the next.

    Attributes:
        heard: whether the server has told anything since the listing.
        what: the API server, for errors.
    """

    def __init__(self, options: t.Mapping[str, t.Any], wishes: Wishes, selection: Selection, told: ToldOnce) -> None:
        self._wishes = wishes
        self._selection = selection
        self._told = told
        self._places: tuple[str | None, ...] = wishes.namespaces or (None,)
        self._state = State(wishes)
        connections = 1 + len(self._places) * (2 if wishes.stopped else 1)
        self._access: Access
        self._client: HttpClient
        self._access, self._client = connect(options, told, connections)
        self.what = self._client.what
        self.heard = False

    def mappings(self, stop: threading.Event) -> t.Iterator[Mapping]:
        """The mapping as it is, and after each change; ends when all has to be listed anew, or when told to."""

        def end() -> None:
            self._client.interrupt()
            with self._state.changed:
                self._state.changed.notify_all()

        with self._client, ended_by(stop, end):
            feeds = Feeds(self._client, self._list(), self._state.changed)
            parts = self._state.parts()
            unknown = parts.lost()
            yield self._mapping(parts)
            with feeds:
                try:
                    while not stop.is_set():
                        if not feeds.wait(stop):
                            continue
                        with self._state.changed:
                            parts = self._state.parts()
                        if parts.lost() - unknown:
                            # The event of a guest came before that of its node: only lists tell both.
                            self.heard = True
                            return
                        yield self._mapping(parts)
                except (Expired, Unauthorized):
                    # Lists tell what was missed; the credentials may have been renewed in their file meanwhile.
                    return
                finally:
                    self.heard = self.heard or feeds.heard

    def _mapping(self, parts: t.Any) -> Mapping:
        with self._told.round():
            return to_mapping(self._access, self.what, self._wishes, self._selection, self._told, parts)

    def _list(self) -> list[Feed]:
        """Fill the tables, in the order in which nothing falls between two lists; what keeps them up to date."""
        api, state = Api(self._client, self._wishes.page_size), self._state
        api.discover()
        feeds: list[Feed] = []
        for place in self._places if self._wishes.stopped else ():
            machines, version = list_machines(api, place, state.new_machines)
            state.machines.append(machines)
            feeds.append(Feed(api.place(MACHINES, place), version, machines.take))
        for place in self._places:
            instances, version = list_instances(api, place, state.new_instances)
            if place and not instances.items:
                check_namespace(api, place, self._told)
            state.instances.append(instances)
            feeds.append(Feed(api.place(INSTANCES, place), version, instances.take))
        state.nodes, version = list_nodes(api, self._wishes, state.new_nodes, self._told)
        if state.nodes is not None:
            feeds.append(Feed(NODES, version, state.nodes.take))
        return feeds
