# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What a licence by sockets and one by guests would take for a fleet. Private to this collection.

Host-based products count pairs of sockets of each hypervisor that runs at least one guest of theirs, however many it
runs; the others count guests. A guest without a known hypervisor counts by itself in both.
"""

from __future__ import annotations

import fnmatch
import re
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.model import Guest, Hypervisor

SOCKETS_FACT = "cpu.cpu_socket(s)"
FORMULA = (
    "By host: for each hypervisor with at least one counted guest, its sockets divided by 2, rounded up; plus 1 for each "
    "counted guest without a hypervisor. By guest: 1 for each counted guest."
)


def sockets(hypervisor: Hypervisor) -> int | None:
    """The sockets of a hypervisor; None where its source does not tell a number above zero."""
    try:
        count = int(str(hypervisor.facts.get(SOCKETS_FACT, "")))
    except ValueError:
        return None
    return count if count > 0 else None


def pairs(count: int | None) -> int | None:
    """Pairs of sockets; a pair that is begun counts."""
    return None if count is None else (count + 1) // 2


def view(
    hypervisors: t.Sequence[Hypervisor],
    unplaced: t.Sequence[Guest],
    patterns: t.Sequence[str],
    pair_price: float | None,
    guest_price: float | None,
) -> dict[str, t.Any]:
    """Compare the two ways to count.

    Args:
        patterns: wildcards of the names of counted guests; none counts all.
        pair_price, guest_price: what one pair and one guest cost, in any currency.

    Returns:
        figures; ``cheaper`` is ``hosts``, ``guests``, ``same`` or None where prices are not given or a number of
        sockets is not known.
    """
    wanted = [re.compile(fnmatch.translate(pattern), re.IGNORECASE) for pattern in patterns]

    def counted(guest: Guest) -> bool:
        return not wanted or any(pattern.match(guest.name or "") for pattern in wanted)

    uuids: set[str] = set()
    host_pairs, hosts, unknown = 0, 0, []
    for hypervisor in hypervisors:
        own = {guest.uuid.lower() for guest in hypervisor.guests or () if counted(guest)}
        uuids |= own
        if own:
            hosts += 1
            number = pairs(sockets(hypervisor))
            if number is None:
                unknown.append(hypervisor.name or hypervisor.id)
            host_pairs += number or 0
    alone = {guest.uuid.lower() for guest in unplaced if counted(guest)} - uuids
    by_host, by_guest = host_pairs + len(alone), len(uuids) + len(alone)
    result: dict[str, t.Any] = {
        "counted_guests": list(patterns),
        "formula": FORMULA,
        "hypervisors": hosts,
        "pairs": host_pairs,
        "guests_without_hypervisor": len(alone),
        "by_host": by_host,
        "by_guest": by_guest,
        "without_sockets": unknown,
        "cost_by_host": None,
        "cost_by_guest": None,
        "cheaper": None,
    }
    if pair_price is not None and guest_price is not None:
        cost_host = round(host_pairs * pair_price + len(alone) * guest_price, 2)
        cost_guest = round(by_guest * guest_price, 2)
        result.update(cost_by_host=cost_host, cost_by_guest=cost_guest)
        if not unknown:
            result["cheaper"] = "same" if cost_host == cost_guest else "hosts" if cost_host < cost_guest else "guests"
    return result
