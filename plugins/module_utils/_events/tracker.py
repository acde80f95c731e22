# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""From what sources tell, and when they fall silent, to events. Private to this collection.

Pure: it is handed news and the time, and gives events back. Of a source it keeps one mapping, whatever happens.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from ansible_collections.virtmap.core.plugins.module_utils._core.compare import Conflict, changes
from ansible_collections.virtmap.core.plugins.module_utils._core.merge import merge
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Hypervisor, Mapping, Skipped, utc_now
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._events.knowledge import Doubles, Told, carry_over
from ansible_collections.virtmap.core.plugins.module_utils._events.report import Reported, portions
from ansible_collections.virtmap.core.plugins.module_utils._events.words import Event, Maker


@dataclass(frozen=True)
class Patience:
    """How long what is waited for, in seconds.

    Attributes:
        limit: between two events ``changed``.
        silent: before a source or hypervisor of which nothing is heard is told to be silent.
        conflict: before a guest that is in two places is told to be in both.
        repeat: before all is told again in events ``snapshot``; 0 for never.
    """

    limit: float = 10.0
    silent: float = 300.0
    conflict: float = 60.0
    repeat: float = 0.0


@dataclass
class _Silence:
    """Of a source or hypervisor nothing has been heard since a moment; ``told`` when that was said."""

    since: float
    why: str
    told: bool = False


class Tracker:
    """Turns news of sources into events.

    Args:
        names: what each source is called in events as long as it has not told itself.
        initial: whether what is there at first is told, in events ``snapshot``.
    """

    def __init__(self, names: t.Sequence[str], patience: Patience, initial: bool = True) -> None:
        self._names = list(names)
        self._patience = patience
        self._initial = initial
        self._maker = Maker()
        self._doubles = Doubles(patience.conflict)
        self._reported = Reported()
        self._told: dict[int, Told] = {}
        self._shown: list[Told] = []
        self._fresh: set[int] = set()
        self._failed: dict[int, _Silence] = {}
        self._quiet: dict[str, _Silence] = {}
        self._conflicts: dict[tuple[str, str], Conflict] = {}
        self._changed_at = float("-inf")
        self._pending = False
        self._waiting: list[Event] = []
        self._repeat_at: float | None = None

    def answered(self, number: int, mapping: Mapping) -> None:
        """A source has told what it knows."""
        silence = self._failed.pop(number, None)
        if number not in self._told:
            self._fresh.add(number)
        self._told[number] = carry_over(number, self._told.get(number), mapping)
        if silence is not None:
            name = self._name(number)
            message = f"{shown(name)} answers again"
            self._waiting.append(self._maker.event("source_recovered", utc_now(), message, **self._source(number)))

    def failed(self, number: int, reason: str, now: float) -> None:
        """A source did not answer; what it told before is kept."""
        if number in self._failed:
            return
        self._failed[number] = _Silence(now, reason)
        if number in self._told:
            self._told[number] = replace(self._told[number], silent=True)
        keys = {**self._source(number), "reason": reason}
        self._waiting.append(self._maker.event("source_failed", utc_now(), reason, **keys))

    def due(self, now: float) -> float | None:
        """When something has to be told even without news; None when never."""
        moments = [entry.since + self._patience.silent for entry in self._silences() if not entry.told]
        double = self._doubles.due(now)
        if double is not None:
            moments.append(double)
        if self._pending:
            moments.append(self._changed_at + self._patience.limit)
        if self._repeat_at is not None:
            moments.append(self._repeat_at)
        return min(moments, default=None)

    def events(self, now: float) -> list[Event]:
        """What has to be told now, in order.

        Args:
            now: seconds of a clock that only goes forward.
        """
        found, self._waiting = self._waiting, []
        self._repeat(now)
        before = self._shown
        sources = [self._told[number] for number in sorted(self._told)]
        view = self._doubles.resolve(sources, _places(before), now)
        at = max((told.mapping.collected_at for told in view), default=utc_now())
        found += self._snapshots(view, at)
        found += self._changes(before, view, at)
        self._shown = view
        found += self._silence_events(view, now)
        found += self._conflict_events(view, at)
        found += self._changed(view, at, now)
        return found

    def _repeat(self, now: float) -> None:
        """Let all be told again when it is time."""
        if not self._patience.repeat or not self._told:
            return
        if self._repeat_at is not None and now >= self._repeat_at:
            self._fresh |= {number for number, told in self._told.items() if not told.silent}
        if self._repeat_at is None or now >= self._repeat_at:
            self._repeat_at = now + self._patience.repeat

    def _silences(self) -> list[_Silence]:
        return [*self._failed.values(), *self._quiet.values()]

    def _name(self, number: int) -> str:
        return self._told[number].mapping.source if number in self._told else self._names[number]

    def _source(self, number: int) -> Event:
        return {"source": self._name(number)}

    def _snapshots(self, view: list[Told], at: str) -> list[Event]:
        """What sources that had told nothing yet tell first, and what is repeated."""
        fresh = [told for told in view if told.number in self._fresh]
        self._fresh = set()
        found = []
        for told in fresh:
            keys = {place[1] for place, _hypervisor in told.places()} - told.stale
            parts = portions(view, keys) or [[]]
            self._reported.note(view, keys)
            for number, texts in enumerate(parts if self._initial else [], start=1):
                mapping = told.mapping
                message = f"{shown(mapping.source)} has {len(mapping.hypervisors)} hypervisors with {mapping.guest_count} guests"
                counts = {"hypervisors": len(mapping.hypervisors), "guests": mapping.guest_count}
                place = {"part": number, "parts": len(parts), "backend": mapping.backend, "source": mapping.source}
                found.append(self._maker.event("snapshot", at, message, texts, **place, **counts))
        return found

    def _changes(self, before: list[Told], view: list[Told], at: str) -> list[Event]:
        old = _union(before)
        known = {told.number for told in before}
        # What a source tells first is no change.
        new = _union([told for told in view if told.number in known])
        hosts: dict[str, tuple[str, str, Hypervisor]] = {}
        for told in (*before, *view):
            for place, hypervisor in told.places():
                hosts[place[1]] = (told.mapping.backend, told.mapping.source, hypervisor)
        return [self._maker.change(change, at, hosts) for change in changes(old, new)]

    def _silence_events(self, view: list[Told], now: float) -> list[Event]:
        """Sources and hypervisors of which nothing was heard for long, and those that are heard again."""
        found: list[Event] = []
        stale = {
            place[1]: (told, hypervisor)
            for told in view
            for place, hypervisor in told.places()
            if place[1] in told.stale
        }
        for number, entry in self._failed.items():
            if self._is_due(entry, now):
                message = (
                    f"nothing was heard of {shown(self._name(number))} for {now - entry.since:.0f} seconds: {entry.why}"
                )
                keys = {**self._source(number), "reason": entry.why}
                found.append(self._maker.event("source_silent", utc_now(), message, **keys))
        for key in [key for key in self._quiet if key not in stale]:
            if self._quiet.pop(key).told:
                found.append(
                    self._maker.event("hypervisor_back", utc_now(), f"hypervisor {key} is heard again", hypervisor=key)
                )
        for key, (told, hypervisor) in stale.items():
            reasons = {entry.name: entry.reason for entry in told.mapping.skipped if entry.kind == "host"}
            names = (hypervisor.id, hypervisor.uuid, hypervisor.name)
            why = next((reasons[name] for name in names if name in reasons), "its guests are not known")
            entry = self._quiet.setdefault(key, _Silence(now, why))
            if self._is_due(entry, now):
                name = hypervisor.name or hypervisor.id
                message = f"nothing was heard of hypervisor {shown(name)} for {now - entry.since:.0f} seconds: {why}"
                keys = {"hypervisor": hypervisor.id, "hypervisor_name": hypervisor.name, "reason": why}
                found.append(
                    self._maker.event("hypervisor_silent", utc_now(), message, **keys, **self._source(told.number))
                )
        return found

    def _is_due(self, entry: _Silence, now: float) -> bool:
        if entry.told or now < entry.since + self._patience.silent:
            return False
        entry.told = True
        return True

    def _conflict_events(self, view: list[Told], at: str) -> list[Event]:
        """Contradictions that have come up since, and those that are gone."""
        now = {
            (conflict.kind, conflict.subject): conflict for conflict in merge([told.mapping for told in view]).conflicts
        }
        before, self._conflicts = self._conflicts, now
        found = []
        for kind, keys, ending in (
            ("conflict", [key for key in now if key not in before], ""),
            ("conflict_over", [key for key in before if key not in now], "no more: "),
        ):
            for key in sorted(keys):
                conflict = now.get(key) or before[key]
                found.append(
                    self._maker.event(
                        kind,
                        at,
                        ending + conflict.message,
                        conflict=conflict.kind,
                        subject=conflict.subject,
                        where=conflict.where,
                    )
                )
        return found

    def _changed(self, view: list[Told], at: str, now: float) -> list[Event]:
        """What is to be reported again, all at once, and not more often than the limit allows."""
        keys = self._reported.changed(view)
        self._pending = bool(keys)
        if not keys or now < self._changed_at + self._patience.limit:
            return []
        self._pending = False
        self._changed_at = now
        parts = portions(view, keys)
        self._reported.note(view, keys)
        ids = sorted({hypervisor.id for told in view for place, hypervisor in told.places() if place[1] in keys})
        message = f"{len(ids)} hypervisors have something new to report"
        return [
            self._maker.event("changed", at, message, texts, part=number, parts=len(parts), hypervisors=ids)
            for number, texts in enumerate(parts, start=1)
        ]


def _union(sources: t.Sequence[Told]) -> Mapping:
    skipped: list[Skipped] = [entry for told in sources for entry in told.mapping.skipped]
    return Mapping("file", "", "", [entry for told in sources for entry in told.mapping.hypervisors], skipped)


def _places(sources: t.Sequence[Told]) -> dict[str, set[str]]:
    """For each guest the keys of the hypervisors where it is."""
    found: dict[str, set[str]] = {}
    for told in sources:
        for place, hypervisor in told.places():
            for guest in hypervisor.guests or ():
                found.setdefault(guest.uuid.lower(), set()).add(place[1])
    return found
