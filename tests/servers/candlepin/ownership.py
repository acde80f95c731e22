# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Which host has a guest now, when several claim it."""

from __future__ import annotations

from .model import Consumer, Guest
from .store import Store


def spellings(guest_id: str) -> set[str]:
    """The ids that mean the same guest: case does not count, nor the byte order of the first three uuid groups."""
    plain = guest_id.lower()
    groups = plain.split("-")
    if [len(group) for group in groups] != [8, 4, 4, 4, 12]:
        return {plain}
    swapped = ["".join(reversed([group[i : i + 2] for i in range(0, len(group), 2)])) for group in groups[:3]]
    return {plain, "-".join(swapped + groups[3:])}


def row_of(host: Consumer, guest_id: str) -> Guest | None:
    """The newest row of a host's list that names this guest."""
    wanted = spellings(guest_id)
    rows = [row for row in host.guests if row.guest_id.lower() in wanted]
    return max(rows, key=lambda row: row.updated, default=None)


def host_of(store: Store, guest: Consumer) -> Consumer | None:
    """The host that added this registered guest last; None when nobody claims it."""
    virt_uuid = guest.facts.get("virt.uuid")
    if not virt_uuid:
        return None
    return claimant(store, guest, virt_uuid)


def claimant(store: Store, member: Consumer, guest_id: str) -> Consumer | None:
    """The consumer of the same organization that added this guest id last."""
    claims = [(row.updated, host) for host in store.consumers_of(member.owner) if (row := row_of(host, guest_id))]
    return max(claims, key=lambda claim: claim[0])[1] if claims else None


def guests_of(store: Store, host: Consumer) -> list[Consumer]:
    """The registered guests that are this host's now."""
    return [c for c in store.consumers_of(host.owner) if c is not host and host_of(store, c) is host]
