# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Which hypervisors have to be reported again, and in which portions. Private to this collection.

A receiver takes each hypervisor with all its guests and leaves those alone that a report does not name. So what changed
is reported by sending just the hypervisors concerned, each of them whole.
"""

from __future__ import annotations

import json
import typing as t
from dataclasses import replace

from ansible_collections.virtmap.core.plugins.module_utils._core.model import Hypervisor, Mapping
from ansible_collections.virtmap.core.plugins.module_utils._events.knowledge import Told

# An event goes through the rule engine and into a playbook's variables; this many guests are less than a megabyte.
GUESTS_IN_A_PORTION = 5000


class Reported:
    """Remembers what of each hypervisor was handed out for reporting."""

    def __init__(self) -> None:
        self._digests: dict[str, int] = {}

    def changed(self, sources: t.Sequence[Told]) -> set[str]:
        """The keys of hypervisors of which something else would be reported now than was handed out.

        A hypervisor of which only something from earlier is known is not among them: that would pass off old for new.
        """
        return {key for key, digest in _digests(sources).items() if self._digests.get(key) != digest}

    def note(self, sources: t.Sequence[Told], keys: t.Collection[str]) -> None:
        """These hypervisors were handed out as they are now."""
        now = _digests(sources)
        self._digests.update({key: now[key] for key in keys if key in now})
        there = {place[1] for told in sources for place, _hypervisor in told.places()}
        for key in self._digests.keys() - there:
            del self._digests[key]


def _digests(sources: t.Sequence[Told]) -> dict[str, int]:
    """What would be reported of each hypervisor, as numbers; several sources may tell of one."""
    stale: set[str] = set()
    found: dict[str, list[int]] = {}
    for told in sources:
        for place, hypervisor in told.places():
            found.setdefault(place[1], []).append(_digest(hypervisor))
            if told.is_stale(place):
                stale.add(place[1])
    return {key: hash(tuple(parts)) for key, parts in found.items() if key not in stale}


def _digest(hypervisor: Hypervisor) -> int:
    guests = frozenset((guest.uuid, guest.state) for guest in hypervisor.guests or ())
    return hash((hypervisor.id, hypervisor.name, frozenset(hypervisor.facts.items()), guests))


def portions(sources: t.Sequence[Told], keys: t.Collection[str]) -> list[list[str]]:
    """The mappings of some hypervisors as JSON texts, in portions of a bearable size; a hypervisor is never divided.

    What several sources tell of one hypervisor is in one portion, because a report without one of them would take
    guests away.
    """
    wanted: dict[str, list[tuple[Told, Hypervisor]]] = {}
    for told in sources:
        for place, hypervisor in told.places():
            if place[1] in keys:
                wanted.setdefault(place[1], []).append((told, hypervisor))
    found: list[list[str]] = []
    portion: list[tuple[Told, Hypervisor]] = []
    size = 0
    for key in sorted(wanted):
        more = sum(len(hypervisor.guests or ()) + 1 for _told, hypervisor in wanted[key])
        if portion and size + more > GUESTS_IN_A_PORTION:
            found.append(_texts(portion))
            portion, size = [], 0
        portion += wanted[key]
        size += more
    if portion:
        found.append(_texts(portion))
    return found


def _texts(portion: list[tuple[Told, Hypervisor]]) -> list[str]:
    """One text for each source in it."""
    mappings: dict[int, tuple[Mapping, list[Hypervisor]]] = {}
    for told, hypervisor in portion:
        mappings.setdefault(told.number, (told.mapping, []))[1].append(hypervisor)
    return [
        inert_json(replace(mapping, hypervisors=hypervisors, skipped=[], unplaced=[]).to_dict())
        for mapping, hypervisors in mappings.values()
    ]


def inert_json(value: object) -> str:
    """JSON in which nothing can begin a template.

    Ansible takes texts of extra variables, which is what events become, for templates, and names of guests are chosen
    by strangers. Outside of its texts JSON has no two braces in a row.
    """
    return _escape(json.dumps(value, separators=(", ", ": ")))


def _escape(text: str) -> str:
    for begin in ("{{", "{%", "{#"):
        while begin in text:
            text = text.replace(begin, "\\u007b" + begin[1:])
    return text
