# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Joining what guest agents tell to the guests of mappings. Private to this collection; pure."""

from __future__ import annotations

import typing as t
from collections import Counter

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Guest, Mapping

KEY = "guest_agent"
KEPT = ("fqdn", "hostname", "addresses", "os", "protocol")


def join(mappings: t.Sequence[Mapping], agents: object) -> None:
    """Give guests the key ``guest_agent`` with ``fqdn``, ``hostname``, ``addresses``, ``os`` and ``protocol``.

    Args:
        agents: by the uuid of a guest, or by a name that only one guest has, what ``guest_agent_info`` returned, or its
            key ``guest_agent``. Agents that did not answer add nothing.

    Raises:
        InvalidInput: it is nothing of the kind.
    """
    if not isinstance(agents, dict):
        raise InvalidInput(
            "agents must be a dictionary of what guest_agent_info returned, by the uuid or name of guests"
        )
    told = {str(key).lower(): _kept(str(key), value) for key, value in agents.items()}
    guests = list(_guests(mappings))
    names = Counter((guest.name or "").lower() for guest in guests)
    uuids = {guest.uuid.lower() for guest in guests}
    for guest in guests:
        name = (guest.name or "").lower()
        found = told.get(guest.uuid.lower())
        # A guest that calls itself by the uuid of another one must not get what that one tells.
        if found is None and name and names[name] == 1 and name not in uuids:
            found = told.get(name)
        if found:
            guest.extra = {**guest.extra, KEY: found}


def cells(guest: Guest) -> dict[str, str]:
    """What the agent told, as texts for a table."""
    told = guest.extra.get(KEY)
    told = told if isinstance(told, dict) else {}
    addresses, system = told.get("addresses"), told.get("os")
    system = system if isinstance(system, dict) else {}
    return {
        "fqdn": str(told.get("fqdn") or ""),
        "addresses": " ".join(map(str, addresses)) if isinstance(addresses, list) else "",
        "os": " ".join(str(system[key]) for key in ("name", "version") if system.get(key)),
    }


def are_joined(mappings: t.Iterable[Mapping]) -> bool:
    """Whether any guest has what its agent told."""
    return any(KEY in guest.extra for guest in _guests(mappings))


def _guests(mappings: t.Iterable[Mapping]) -> t.Iterator[Guest]:
    for mapping in mappings:
        yield from mapping.unplaced
        for hypervisor in mapping.hypervisors:
            yield from hypervisor.guests or ()


def _kept(key: str, value: object) -> dict[str, t.Any]:
    inner = value.get(KEY, value) if isinstance(value, dict) else None
    if not isinstance(inner, dict) or "responsive" not in inner:
        raise InvalidInput(f"agents[{key!r}] is not what guest_agent_info returned")
    return {name: inner.get(name) for name in KEPT} if inner["responsive"] else {}
