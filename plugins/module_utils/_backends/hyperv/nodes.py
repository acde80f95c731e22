# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Several hosts as one source: what is seen twice, what is not seen at all. Pure, and private to this collection."""

from __future__ import annotations

import typing as t
from collections import defaultdict
from dataclasses import dataclass

from ansible_collections.virtmap.core.plugins.module_utils._backends.hyperv.host import Told
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Guest, GuestState, Host, Skipped
from ansible_collections.virtmap.core.plugins.module_utils._core.text import listed, shown
from ansible_collections.virtmap.core.plugins.module_utils._transport.server import Server

Warn = t.Callable[[str], None]
# MSCluster_Node.State
_DOWN = "1"


@dataclass
class Node:
    """A host of the source.

    Attributes:
        host: with the guests that it told.
    """

    server: Server
    told: Told
    host: Host

    @property
    def shown(self) -> str:
        """Its name, for sentences."""
        return shown(self.host.name or self.server.authority)


def without_repeated_hosts(nodes: t.Sequence[Node], warn: Warn) -> list[Node]:
    """The nodes, each host once: it may have been given under two names, or as its cluster too."""
    first: dict[tuple[str, str], Node] = {}
    kept: list[Node] = []
    for node in nodes:
        uuid, name = node.host.uuid, node.host.ids["hostname"]
        if uuid is None or name is None:
            kept.append(node)
            continue
        before = first.setdefault((uuid.lower(), name.lower()), node)
        if before is node:
            kept.append(node)
        else:
            warn(
                f"{before.server.authority} and {node.server.authority} are the same host, {node.shown}; it is reported once, "
                "take one of them out of server"
            )
    return kept


def settle(nodes: t.Sequence[Node], warn: Warn) -> list[Skipped]:
    """Leave each guest with one host, in place: while it moves, or is replicated, it is seen on two.

    The host on which it runs keeps it; where that does not decide it, the host that was asked later.

    Returns:
        an entry for each place from which a guest was left out.
    """
    places: dict[str, list[tuple[Node, Guest]]] = defaultdict(list)
    for node in nodes:
        for guest in node.host.guests or ():
            places[guest.extra["vm_id"].lower()].append((node, guest))
    skipped: list[Skipped] = []
    for found in places.values():
        # Two on one host would be the host's own mistake; nobody can say which of them is meant.
        if len({id(node) for node, _guest in found}) < 2:
            continue
        keeper, kept = max(found, key=lambda place: (place[1].state == GuestState.RUNNING, place[0].told.asked_at))
        for node, guest in found:
            if node is not keeper and node.host.guests is not None:
                node.host.guests.remove(guest)
                reason = f"left out of {node.shown}: it is {kept.state.word} on {keeper.shown}, where it is reported"
                skipped.append(Skipped("guest", guest.name or guest.uuid, reason))
    if skipped:
        warn(
            "guests were seen on two hosts, because they move or are replicated, and are reported on one: "
            f"{listed(f'{entry.name} ({entry.reason})' for entry in skipped)}"
        )
    return skipped


def is_down(server: Server, nodes: t.Sequence[Node]) -> bool:
    """Whether a cluster says of a node that does not answer that it is down; then its machines run elsewhere."""
    name = _short(server.host)
    return any(
        _short(row.get("name")) == name and row.get("state") == _DOWN for node in nodes for row in node.told.nodes
    )


def check_completeness(servers: t.Sequence[Server], nodes: t.Sequence[Node], warn: Warn) -> None:
    """Tell of clusters some of whose nodes are among the servers, and others not."""
    known = {_short(server.host) for server in servers}
    known |= {_short(node.host.ids["hostname"]) for node in nodes} | {
        _short(node.told.system.get("name")) for node in nodes
    }
    unknown: dict[str, set[str]] = defaultdict(set)
    for node in nodes:
        for row in node.told.nodes:
            if row.get("name") and _short(row.get("name")) not in known:
                unknown[node.told.cluster or ""].add(str(row.get("name")))
    for cluster, names in sorted(unknown.items()):
        warn(
            f"the cluster {shown(cluster)} has nodes that server does not name: {listed(sorted(names))}; "
            "the guests on them are not reported"
        )


def _short(name: str | None) -> str:
    return (name or "").partition(".")[0].lower()
