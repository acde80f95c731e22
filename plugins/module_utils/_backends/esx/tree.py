# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Where hosts stand: clusters, folders and datacenters, climbed in memory. Pure, and private to this collection."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.esx import vim
from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.properties import (
    Objects,
    Properties,
    display_name,
)

# More levels than any inventory has.
_CLIMBS = 100


class Place(t.NamedTuple):
    """What is above a host.

    Attributes:
        cluster: name of the cluster; None for a host outside clusters.
        datacenter: name of the datacenter; None when the account cannot see it.
        parents: the names and ids that a filter of parents is matched with.
        reaches_root: whether the account can see all that is between the host and the root folder.
    """

    cluster: str | None
    datacenter: str | None
    parents: tuple[str, ...]
    reaches_root: bool


class Tree:
    """All that hosts can stand in.

    Args:
        root: id of the root folder.
    """

    def __init__(self, objects: Objects, root: str) -> None:
        self._root = root
        self._clusters = objects.of(vim.CLUSTER)
        self._computes = objects.of(vim.COMPUTE)
        self._datacenters = objects.of(vim.DATACENTER)
        self._folders = objects.of(vim.FOLDER)
        self._places: dict[str | None, Place] = {}

    def place(self, parent: str | None) -> Place:
        """Where a host with this parent stands."""
        found = self._places.get(parent)
        if found is None:
            found = self._places[parent] = self._climb(parent)
        return found

    def _climb(self, parent: str | None) -> Place:
        datacenter = None
        reaches_root = False
        place = parent
        for _level in range(_CLIMBS):
            reaches_root = place == self._root
            above = self._find(place)
            if above is None or reaches_root:
                break
            if place in self._datacenters and datacenter is None:
                datacenter = display_name(above)
            place = above.get("parent")
        nearest = self._find(parent) or {}
        name = display_name(nearest)
        cluster = name if parent in self._clusters else None
        return Place(cluster, datacenter, tuple(value for value in (parent, name) if value), reaches_root)

    def _find(self, place: str | None) -> Properties | None:
        for level in (self._clusters, self._computes, self._folders, self._datacenters):
            if place in level:
                return level[place]
        return None
