# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""From managed objects to the model. Pure, and private to this collection."""

from __future__ import annotations

import typing as t
from collections import Counter
from dataclasses import dataclass, field

from ansible_collections.virtmap.core.plugins.module_utils._backends.esx import vim
from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.guests import Wishes, place_guests
from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.hosts import to_host
from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.properties import Objects
from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.tree import Tree
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Guest, Host, Skipped
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown


@dataclass
class Found:
    """What a server told.

    Attributes:
        notes: one sentence for each thing about the whole answer that the user should look at.
    """

    hosts: list[Host] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    unplaced: list[Guest] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def convert(objects: Objects, wishes: Wishes, root: str, root_hidden: bool, esxi: bool) -> Found:
    """All hosts with their guests, what was left out and why, and what shows that the account sees only a part.

    Args:
        root: id of the root folder.
        root_hidden: the account may not read the root folder.
        esxi: the server is an ESXi.
    """
    found = Found()
    guests = place_guests(objects, wishes, found.skipped)
    tree = Tree(objects, root)
    for ref, properties in objects.of(vim.HOST).items():
        place = tree.place(properties.get("parent"))
        missing = objects.missing.get(ref, {})
        found.hosts.append(to_host(ref, properties, missing, guests.pop(ref, []), place, esxi))
    strays = {ref: stray for ref, stray in guests.items() if ref}
    for ref, stray in strays.items():
        reason = f"its host {shown(ref)} is not among the hosts that the account can see"
        found.skipped += [Skipped("guest", guest.name or guest.uuid, reason) for guest in stray]
    found.unplaced = guests.get("", [])
    found.notes += _notes(objects, found, tree, strays, root_hidden or root in objects.missing)
    return found


def _notes(
    objects: Objects, found: Found, tree: Tree, strays: t.Mapping[str, list[Guest]], root_hidden: bool
) -> t.Iterator[str]:
    denied = sum("NoPermission" in faults.values() for faults in objects.missing.values())
    signs = []
    if root_hidden:
        signs.append("it may not read the root folder")
    lost = sum(not tree.place(host.parent).reaches_root for host in found.hosts)
    if lost:
        signs.append(f"it cannot see what is above {lost} hosts")
    if strays:
        signs.append(f"{sum(map(len, strays.values()))} guests run on {len(strays)} hosts that it cannot see")
    if denied:
        signs.append(f"it may not read properties of {denied} objects")
    if signs:
        yield f"the account sees only a part of the inventory: {'; '.join(signs)}; what it cannot see is not reported"
    states = Counter(host.extra["connection_state"] for host in found.hosts)
    for state in ("disconnected", "notResponding"):
        if states[state]:
            yield f"{states[state]} hosts are {state}; for them the last known state is reported"
    managers = {properties.get(vim.MANAGER_PATH) for properties in objects.of(vim.HOST).values()} - {None, ""}
    for manager in sorted(str(manager) for manager in managers):
        yield f"this ESXi is managed by the vCenter {shown(manager)}; report its guests from one of the two only"
