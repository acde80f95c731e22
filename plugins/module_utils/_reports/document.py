# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""All that a report shows, as plain data. Private to this collection."""

from __future__ import annotations

import typing as t
from collections import Counter
from datetime import datetime, timedelta, timezone

from ansible_collections.virtmap.core.plugins.module_utils._core.merge import merge
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping
from ansible_collections.virtmap.core.plugins.module_utils._reports.licence import pairs, sockets, view

OLD = "collected too long ago"


def document(
    options: t.Mapping[str, t.Any], mappings: t.Sequence[Mapping], now: datetime | None = None
) -> dict[str, t.Any]:
    """The report of some mappings.

    Nothing in it tells when it was made, so that the same mappings give the same report; only a mapping that becomes
    stale changes it.

    Args:
        options: those of the group REPORT.
        now: the present moment; that of the clock where it is not given.
    """
    merged = merge(mappings)
    cut = (now or datetime.now(timezone.utc)) - timedelta(hours=options["stale_hours"])
    cut_text = cut.strftime("%Y-%m-%dT%H:%M:%SZ")
    newest: dict[str, Mapping] = {}
    for mapping in sorted(mappings, key=lambda entry: entry.collected_at):
        newest.update((hypervisor.id.lower(), mapping) for hypervisor in mapping.hypervisors)
    hypervisors, guests, stale = [], [], []
    for hypervisor in merged.hypervisors:
        mapping = newest[hypervisor.id.lower()]
        name, count = hypervisor.name or hypervisor.id, sockets(hypervisor)
        entry = {
            "name": name,
            "id": hypervisor.id,
            "cluster": hypervisor.cluster or "",
            "type": str(hypervisor.facts.get("hypervisor.type", "")),
            "version": str(hypervisor.facts.get("hypervisor.version", "")),
            "sockets": count,
            "pairs": pairs(count),
            "guests": None if hypervisor.guests is None else len(hypervisor.guests),
            "source": mapping.source,
        }
        hypervisors.append(entry)
        if mapping.collected_at < cut_text:
            stale.append({"name": name, "id": hypervisor.id, "since": mapping.collected_at, "reason": OLD})
        guests += [
            {
                "name": guest.name or "",
                "uuid": guest.uuid,
                "state": guest.state.word,
                "hypervisor": name,
                "hypervisor_id": hypervisor.id,
                "cluster": hypervisor.cluster or "",
            }
            for guest in hypervisor.guests or ()
        ]
    there = {entry["id"].lower() for entry in stale}
    stale += [
        {
            "name": str(entry.get("name") or entry["hypervisor"]),
            "id": str(entry["hypervisor"]),
            "since": str(entry.get("silent_since") or ""),
            "reason": str(entry.get("reason") or ""),
        }
        for entry in options["silent"]
        if str(entry["hypervisor"]).lower() not in there
    ]
    placed = {guest["uuid"].lower() for guest in guests}
    alone = [(mapping, guest) for mapping in mappings for guest in mapping.unplaced if guest.uuid.lower() not in placed]
    unplaced = [
        {"name": guest.name or "", "uuid": guest.uuid, "state": guest.state.word, "source": mapping.source}
        for mapping, guest in alone
    ]
    skipped = [{**entry.to_dict(), "source": mapping.source} for mapping in mappings for entry in mapping.skipped]
    conflicts = [conflict.to_dict() for conflict in merged.conflicts]
    return {
        "title": options["title"],
        "summary": {
            "sources": len(mappings),
            "missing": len(options["missing"]),
            "hypervisors": len(hypervisors),
            "guests": len(guests),
            "running": sum(guest["state"] == "running" for guest in guests),
            "sockets": sum(entry["sockets"] or 0 for entry in hypervisors),
            "conflicts": len(conflicts),
            "skipped": len(skipped),
            "changes": len(options["changes"]),
            "unplaced": len(unplaced),
            "stale": len(stale),
        },
        "sources": [
            {
                "source": mapping.source,
                "backend": mapping.backend,
                "collected_at": mapping.collected_at,
                "hypervisors": len(mapping.hypervisors),
                "guests": mapping.guest_count,
                "skipped": len(mapping.skipped),
            }
            for mapping in mappings
        ],
        "states": dict(Counter(guest["state"] for guest in guests).most_common()),
        "clusters": dict(Counter(guest["cluster"] or "(no cluster)" for guest in guests).most_common(12)),
        "licence": view(
            merged.hypervisors,
            [guest for _mapping, guest in alone],
            options["licence_guests"],
            options["licence_pair_price"],
            options["licence_guest_price"],
        ),
        "missing": [
            {"source": str(entry["source"]), "reason": str(entry.get("reason") or "")} for entry in options["missing"]
        ],
        "conflicts": conflicts,
        "skipped": skipped,
        "changes": [dict(change) for change in options["changes"]],
        "unplaced": unplaced,
        "stale": stale,
        "hypervisors": hypervisors,
        "guests": guests,
    }
