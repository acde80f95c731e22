# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""From what a backend found to the mapping that is handed out. Private to this collection."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.compare import guests_seen_twice, ids_seen_twice
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Guest, Host, Mapping, Skipped, utc_now
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection

Warn = t.Callable[[str], None]


def assemble(
    *,
    backend: str,
    source: str,
    hosts: t.Iterable[Host],
    selection: Selection,
    warn: Warn,
    skipped: t.Iterable[Skipped] = (),
    unplaced: t.Iterable[Guest] = (),
    extra: dict[str, t.Any] | None = None,
) -> Mapping:
    """Apply the selection to the hosts of a source and build its mapping.

    Args:
        source: what was asked, without credentials.
        warn: receives one sentence for each thing that the user should look at: an id or uuid that occurs twice.
    """
    hypervisors, without_id = selection.apply(hosts)
    mapping = Mapping(
        backend=backend,
        source=source,
        collected_at=utc_now(),
        hypervisors=hypervisors,
        skipped=[*skipped, *without_id],
        unplaced=list(unplaced),
        extra=extra or {},
    )
    for conflict in (*ids_seen_twice(mapping), *guests_seen_twice([mapping])):
        warn(conflict.message)
    return mapping
