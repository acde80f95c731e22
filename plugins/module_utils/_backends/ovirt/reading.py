# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Reading an engine's clusters, hosts and virtual machines, each list at once or in pages. Private to this collection.

One answer is one look into the engine's database. Pages are not: what is created or removed between two of them shifts
the rest, so that an object comes twice or, worse, never. The engine offers no mark to continue from. Hence the lists
are only paged when the user wants it, and then it is watched whether anything moved.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.virtmap.core.plugins.module_utils._backends.ovirt import rows
from ansible_collections.virtmap.core.plugins.module_utils._backends.ovirt.engine import Engine
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, Partial

if t.TYPE_CHECKING:
    from lxml.etree import _Element

R = t.TypeVar("R", rows.Cluster, rows.Host, rows.Vm)


@dataclass
class Fleet:
    """All that an engine told."""

    clusters: list[rows.Cluster]
    hosts: list[rows.Host]
    vms: list[rows.Vm]


def read_fleet(engine: Engine, page_size: int | None) -> Fleet:
    """Read everything.

    Args:
        page_size: objects in an answer; None for whole lists.

    Raises:
        Partial: pages were wanted, and the lists kept changing while they were read.
        Denied, CannotConnect, NotFound, BadAnswer: see Engine.items.
    """
    if page_size is None:
        return Fleet(
            [rows.cluster(element) for element in engine.items("clusters", "cluster")],
            [rows.host(element) for element in engine.items("hosts", "host")],
            [rows.vm(element) for element in engine.items("vms", "vm")],
        )
    for _attempt in range(2):
        fleet, moved = _read_pages(engine, page_size)
        if not moved:
            return fleet
    raise Partial(
        f"{engine.what} created, renamed or removed objects while the pages of its lists were read, twice in a row, so "
        "that some may be missing; leave out page_size, or make it larger"
    )


def _read_pages(engine: Engine, size: int) -> tuple[Fleet, bool]:
    before = _counts(engine)
    clusters, clusters_moved = _pages(engine, "clusters", "cluster", rows.cluster, size)
    hosts, hosts_moved = _pages(engine, "hosts", "host", rows.host, size)
    vms, vms_moved = _pages(engine, "vms", "vm", rows.vm, size)
    moved = clusters_moved or hosts_moved or vms_moved or _counts(engine) != before
    return Fleet(clusters, hosts, vms), moved


def _pages(engine: Engine, folder: str, tag: str, read: t.Callable[[_Element], R], size: int) -> tuple[list[R], bool]:
    """All objects of a list, and whether it was seen to change meanwhile: an object came on two pages."""
    found: list[R] = []
    seen: set[str] = set()
    number = 0
    while True:
        number += 1
        query = {"search": f"sortby name asc page {number}", "max": size}
        page = [read(element) for element in engine.items(folder, tag, query)]
        if len(page) > size:
            raise BadAnswer(
                f"{engine.what} sent {len(page)} objects of {folder} where {size} were asked for; leave out page_size"
            )
        ids = {row.id for row in page if row.id is not None}
        if ids & seen:
            return found, True
        found += page
        seen |= ids
        if len(page) < size:
            return found, False


def _counts(engine: Engine) -> tuple[str | None, ...]:
    """How many hosts and virtual machines the engine itself counts; None where it does not tell."""
    counts: tuple[str | None, ...] = ()
    for summary in engine.items("", "summary", root="api"):
        counts = (summary.findtext("hosts/total"), summary.findtext("vms/total"))
    return counts
