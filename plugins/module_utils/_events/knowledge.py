# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What is known of all sources together, also of those that do not answer now. Private to this collection.

Nothing is concluded from not knowing: what a source left out, or told before it fell silent, stays as it was until it
is told anew, but gives way to what others tell.
"""

from __future__ import annotations

import typing as t
from collections import defaultdict
from dataclasses import dataclass, field, replace

from ansible_collections.virtmap.core.plugins.module_utils._core.model import Guest, Hypervisor, Mapping

# A hypervisor of a source: the number of the source and the id in lower case.
Place = tuple[int, str]


@dataclass
class Told:
    """What a source has told.

    Attributes:
        number: of the source.
        mapping: its last answer; hypervisors that it left out, or whose guests it did not know, are as they were.
        stale: keys of those.
        silent: whether the source does not answer now.
    """

    number: int
    mapping: Mapping
    stale: set[str] = field(default_factory=set)
    silent: bool = False

    def places(self) -> t.Iterator[tuple[Place, Hypervisor]]:
        """Each hypervisor with its place."""
        for hypervisor in self.mapping.hypervisors:
            yield (self.number, hypervisor.id.lower()), hypervisor

    def is_stale(self, place: Place) -> bool:
        """Whether what is known of this hypervisor is from earlier."""
        return self.silent or place[1] in self.stale


def carry_over(number: int, old: Told | None, new: Mapping) -> Told:
    """What a source has told by now, when it had told ``old`` before it answered ``new``."""
    told = Told(number, new)
    before = {} if old is None else {place[1]: hypervisor for place, hypervisor in old.places()}
    left_out = {entry.name for entry in new.skipped if entry.kind == "host"}
    hypervisors = []
    for hypervisor in new.hypervisors:
        key = hypervisor.id.lower()
        earlier = before.pop(key, None)
        if hypervisor.guests is None:
            told.stale.add(key)
            if earlier is not None:
                hypervisor = replace(hypervisor, guests=earlier.guests)
        hypervisors.append(hypervisor)
    for key, earlier in before.items():
        if left_out & {name for name in (earlier.id, earlier.uuid, earlier.name) if name}:
            told.stale.add(key)
            hypervisors.append(earlier)
    told.mapping = replace(new, hypervisors=hypervisors)
    return told


class Doubles:
    """Guests that are in two places at once.

    While a guest migrates, both hosts have it. It stays where it was known until one of them lets go of it; only when
    that takes long it is shown in both.

    Args:
        patience: after how many seconds.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._since: dict[str, float] = {}

    def resolve(self, sources: t.Sequence[Told], before: t.Mapping[str, t.Collection[str]], now: float) -> list[Told]:
        """The sources, without guests in places that do not count.

        Args:
            before: for each guest (uuid in lower case) the keys of the hypervisors where it was shown last.
            now: seconds of a clock that only goes forward.
        """
        seen: dict[str, set[Place]] = defaultdict(set)
        once: dict[str, Place] = {}
        for told in sources:
            for place, hypervisor in told.places():
                for guest in hypervisor.guests or ():
                    uuid = guest.uuid.lower()
                    first = once.setdefault(uuid, place)
                    if first[1] != place[1]:
                        seen[uuid] |= {first, place}
        stale = {place for told in sources for place, _hypervisor in told.places() if told.is_stale(place)}
        hidden: dict[Place, set[str]] = defaultdict(set)
        doubles: dict[str, float] = {}
        for uuid, places in seen.items():
            known = {place for place in places if place[1] in before.get(uuid, ())}
            # What is known from earlier gives way to what is told now, and else to what was shown last.
            counts = places - stale or known or places
            drop = places - counts
            if len({place[1] for place in counts}) > 1:
                doubles[uuid] = self._since.get(uuid, now)
                if known & counts and now < doubles[uuid] + self._patience:
                    drop |= counts - known
            for place in drop:
                hidden[place].add(uuid)
        self._since = doubles
        return [_without(told, hidden) for told in sources] if hidden else list(sources)

    def due(self, now: float) -> float | None:
        """When the next guest will have been in two places for long."""
        moments = [since + self._patience for since in self._since.values()]
        return min((moment for moment in moments if moment > now), default=None)


def _without(told: Told, hidden: dict[Place, set[str]]) -> Told:
    hypervisors = [_let_go(hypervisor, hidden.get(place)) for place, hypervisor in told.places()]
    return replace(told, mapping=replace(told.mapping, hypervisors=hypervisors))


def _let_go(hypervisor: Hypervisor, uuids: set[str] | None) -> Hypervisor:
    if not uuids:
        return hypervisor
    guests: list[Guest] = [guest for guest in hypervisor.guests or () if guest.uuid.lower() not in uuids]
    return replace(hypervisor, guests=guests)
