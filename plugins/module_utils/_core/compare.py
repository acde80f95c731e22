# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What contradicts itself in mappings, and what changed between two. Private to this collection."""

from __future__ import annotations

import typing as t
from collections import defaultdict
from dataclasses import asdict, dataclass

from ansible_collections.virtmap.core.plugins.module_utils._core.model import Guest, GuestState, Hypervisor, Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.text import listed, shown

SYSTEM_UUID_FACT = "dmi.system.uuid"


@dataclass
class Conflict:
    """A contradiction that is reported as seen and told to the user.

    Attributes:
        kind: guest_on_two_hypervisors, guest_uuid_twice, hypervisor_id_twice, hypervisor_from_two_sources or
            system_uuid_twice.
        subject: the id or uuid that occurs more than once.
        where: the places where it was seen (hypervisor ids, names or sources).
        message: one sentence for the user.
    """

    kind: str
    subject: str
    where: list[str]
    message: str

    def to_dict(self) -> dict[str, t.Any]:
        """The conflict as results show it."""
        return asdict(self)


@dataclass
class Change:
    """One difference between two mappings of the same source.

    Attributes:
        kind: guest_appeared, guest_gone, guest_moved, guest_state, hypervisor_appeared or hypervisor_gone.
        guest, name, state, previous_state: None for the two hypervisor kinds; the states are words.
        hypervisor: id of the hypervisor where the guest is now (guest_gone: where it was).
        previous_hypervisor: for guest_moved only.
    """

    kind: str
    hypervisor: str
    guest: str | None = None
    name: str | None = None
    state: str | None = None
    previous_state: str | None = None
    previous_hypervisor: str | None = None

    def to_dict(self) -> dict[str, t.Any]:
        """The change as events and reports show it."""
        return asdict(self)


def ids_seen_twice(mapping: Mapping) -> list[Conflict]:
    """Hypervisor ids that occur more than once within one source, without regard to case."""
    names: dict[str, list[str]] = defaultdict(list)
    for hypervisor in mapping.hypervisors:
        names[hypervisor.id.lower()].append(hypervisor.name or hypervisor.id)
    return [
        Conflict(
            "hypervisor_id_twice",
            key,
            found,
            f"{mapping.source}: the hypervisors {listed(found)} have one id, {shown(key)}; "
            "a receiver takes them for one",
        )
        for key, found in names.items()
        if len(found) > 1
    ]


def guests_seen_twice(mappings: t.Iterable[Mapping]) -> list[Conflict]:
    """Guests whose uuid occurs more than once, on one hypervisor or on several, without regard to case."""
    mappings = list(mappings)
    uuids = [
        guest.uuid.lower()
        for mapping in mappings
        for hypervisor in mapping.hypervisors
        for guest in hypervisor.guests or ()
    ]
    if len(set(uuids)) == len(uuids):
        return []
    places: dict[str, list[tuple[Hypervisor, Guest]]] = defaultdict(list)
    for mapping in mappings:
        for hypervisor in mapping.hypervisors:
            for guest in hypervisor.guests or ():
                places[guest.uuid.lower()].append((hypervisor, guest))
    conflicts = []
    for uuid, found in places.items():
        if len(found) < 2:
            continue
        hosts = sorted({hypervisor.id.lower() for hypervisor, _guest in found})
        guests = listed(sorted({guest.name or guest.uuid for _hypervisor, guest in found}))
        if len(hosts) > 1:
            message = f"the guest {shown(uuid)} ({guests}) is seen on {len(hosts)} hypervisors: {listed(hosts)}"
            conflicts.append(Conflict("guest_on_two_hypervisors", uuid, hosts, message))
        else:
            message = f"{len(found)} guests of hypervisor {shown(hosts[0])} have one uuid, {shown(uuid)}: {guests}"
            conflicts.append(Conflict("guest_uuid_twice", uuid, hosts, message))
    return conflicts


def system_uuids_seen_twice(hypervisors: t.Iterable[Hypervisor]) -> list[Conflict]:
    """Hypervisors with different ids but one ``dmi.system.uuid``, which Candlepin may merge into one record."""
    ids: dict[str, set[str]] = defaultdict(set)
    for hypervisor in hypervisors:
        uuid = hypervisor.facts.get(SYSTEM_UUID_FACT)
        if uuid:
            ids[str(uuid).lower()].add(hypervisor.id.lower())
    return [
        Conflict(
            "system_uuid_twice",
            uuid,
            sorted(found),
            f"the hypervisors {listed(sorted(found))} have one {SYSTEM_UUID_FACT}, {shown(uuid)}; "
            "the server may merge them into one",
        )
        for uuid, found in ids.items()
        if len(found) > 1
    ]


def changes(old: Mapping, new: Mapping) -> list[Change]:
    """What differs between two answers of one source, in stable order.

    Nothing is concluded from not knowing: a hypervisor whose guests are not known in the new answer, or that the new
    answer had to skip, keeps those it had; one of which that is true of the old answer had those that it has now.
    """
    old_hosts = {hypervisor.id.lower(): hypervisor for hypervisor in old.hypervisors}
    new_hosts = {hypervisor.id.lower(): hypervisor for hypervisor in new.hypervisors}
    was_skipped, skipped = _skipped_hosts(old), _skipped_hosts(new)
    came = [key for key in sorted(new_hosts.keys() - old_hosts.keys()) if not _names(new_hosts[key]) & was_skipped]
    went = [key for key in sorted(old_hosts.keys() - new_hosts.keys()) if not _names(old_hosts[key]) & skipped]
    was_unknown = _unknown(old_hosts) | (new_hosts.keys() - old_hosts.keys() - set(came))
    unknown = _unknown(new_hosts) | (old_hosts.keys() - new_hosts.keys() - set(went))
    found = [Change("hypervisor_appeared", new_hosts[key].id) for key in came]
    before = _placements(old)
    now = _placements(new)
    for uuid in sorted(uuid for uuid in before.keys() | now.keys() if _seen(before, uuid) != _seen(now, uuid)):
        found += _guest_changes(before.get(uuid, {}), now.get(uuid, {}), was_unknown, unknown)
    found += [Change("hypervisor_gone", old_hosts[key].id) for key in went]
    return found


def _unknown(hosts: dict[str, Hypervisor]) -> set[str]:
    return {key for key, hypervisor in hosts.items() if hypervisor.guests is None}


def _skipped_hosts(mapping: Mapping) -> set[str]:
    return {entry.name for entry in mapping.skipped if entry.kind == "host"}


def _names(hypervisor: Hypervisor) -> set[str]:
    """The names under which an answer that left it out may have named it."""
    return {name for name in (hypervisor.id, hypervisor.uuid, hypervisor.name) if name}


def _seen(places: dict[str, dict[str, tuple[str, Guest]]], uuid: str) -> dict[str, GuestState]:
    """Where a guest is, and in which state: all that changes are made of."""
    return {key: guest.state for key, (_hypervisor, guest) in places.get(uuid, {}).items()}


def _placements(mapping: Mapping) -> dict[str, dict[str, tuple[str, Guest]]]:
    """For each guest uuid, by lower-cased hypervisor id, the id as written and the guest."""
    places: dict[str, dict[str, tuple[str, Guest]]] = defaultdict(dict)
    for hypervisor in mapping.hypervisors:
        for guest in hypervisor.guests or ():
            places[guest.uuid.lower()][hypervisor.id.lower()] = (hypervisor.id, guest)
    return places


def _guest_changes(
    before: dict[str, tuple[str, Guest]],
    now: dict[str, tuple[str, Guest]],
    was_unknown: set[str],
    unknown: set[str],
) -> list[Change]:
    gone = sorted(key for key in before if key not in now and key not in unknown)
    # A move to where nothing was known is still a move; an appearance there may be none.
    came = sorted((key for key in now if key not in before), key=lambda key: (key in was_unknown, key))
    found = []
    for source, target in zip(gone, came):
        guest = now[target][1]
        found.append(_change("guest_moved", now[target], previous_hypervisor=before[source][0]))
        found += _state_change(before[source][1].state, guest.state, now[target])
    found += [_change("guest_appeared", now[key]) for key in came[len(gone) :] if key not in was_unknown]
    found += [_change("guest_gone", before[key]) for key in gone[len(came) :]]
    for key in sorted(before.keys() & now.keys()):
        found += _state_change(before[key][1].state, now[key][1].state, now[key])
    return found


def _change(kind: str, place: tuple[str, Guest], **more: str) -> Change:
    hypervisor, guest = place
    return Change(kind, hypervisor, guest=guest.uuid, name=guest.name, state=guest.state.word, **more)


def _state_change(old: GuestState, new: GuestState, place: tuple[str, Guest]) -> list[Change]:
    return [] if old == new else [_change("guest_state", place, previous_state=old.word)]
