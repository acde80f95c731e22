# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What the history last believed of a source, and what a new mapping says: as comparable values. Private."""

from __future__ import annotations

import json
import typing as t
from collections import defaultdict
from dataclasses import dataclass, field

from ansible_collections.virtmap.core.plugins.module_utils._core.model import Guest, GuestState, Hypervisor, Mapping
from ansible_collections.virtmap.core.plugins.module_utils._history.database import Database, stored

# The guests that no hypervisor runs stand under this key.
UNPLACED = ""


class HostSpan(t.NamedTuple):
    """All of a hypervisor that makes a new span when it changes: the columns of virtmap_host from host to
    guests_known."""

    host: str
    reported_id: str
    uuid: str | None
    name: str | None
    cluster: str | None
    facts: str
    guests_known: int


class GuestSpan(t.NamedTuple):
    """All of a guest that makes a new span when it changes: the columns of virtmap_guest from host to state."""

    host: str
    guest: str
    uuid: str
    name: str | None
    state: str


@dataclass
class Belief:
    """The spans of one source that nothing newer contradicts.

    Attributes:
        hosts, guests: the number of the row by its values, of what the newest run saw.
        missed_hosts, missed_guests: the same of what it could not tell.
    """

    hosts: dict[HostSpan, int] = field(default_factory=dict)
    guests: dict[GuestSpan, int] = field(default_factory=dict)
    missed_hosts: dict[HostSpan, int] = field(default_factory=dict)
    missed_guests: dict[GuestSpan, int] = field(default_factory=dict)


def load(database: Database, source_id: int) -> Belief:
    """Read what is believed of a source."""
    belief = Belief()
    for row in database.rows(
        "SELECT id, until_at, host, reported_id, uuid, name, cluster, facts, guests_known FROM virtmap_host "
        "WHERE source_id = ? AND believed = 1",
        source_id,
    ):
        (belief.hosts if row[1] is None else belief.missed_hosts)[HostSpan(*row[2:])] = row[0]
    for row in database.rows(
        "SELECT id, until_at, host, guest, uuid, name, state FROM virtmap_guest WHERE source_id = ? AND believed = 1",
        source_id,
    ):
        (belief.guests if row[1] is None else belief.missed_guests)[GuestSpan(*row[2:])] = row[0]
    return belief


def spans(mapping: Mapping) -> tuple[dict[HostSpan, None], dict[GuestSpan, None]]:
    """A mapping as spans, in its order and each once."""
    hosts = {_host_span(hypervisor): None for hypervisor in mapping.hypervisors}
    guests = {
        _guest_span(stored(hypervisor.id.lower()), guest): None
        for hypervisor in mapping.hypervisors
        for guest in hypervisor.guests or ()
    }
    guests.update((_guest_span(UNPLACED, guest), None) for guest in mapping.unplaced)
    return hosts, guests


def _host_span(hypervisor: Hypervisor) -> HostSpan:
    return HostSpan(
        stored(hypervisor.id.lower()),
        stored(hypervisor.id),
        hypervisor.uuid and stored(hypervisor.uuid),
        hypervisor.name and stored(hypervisor.name),
        hypervisor.cluster and stored(hypervisor.cluster),
        json.dumps(hypervisor.facts, sort_keys=True),
        int(hypervisor.guests is not None),
    )


def _guest_span(host: str, guest: Guest) -> GuestSpan:
    uuid = stored(guest.uuid)
    return GuestSpan(host, uuid.lower(), uuid, guest.name and stored(guest.name), guest.state.word)


def believed_mapping(belief: Belief, new: Mapping) -> Mapping:
    """The believed spans as a mapping of the same source, for the comparison with the new one.

    A hypervisor whose guests were never known keeps them unknown; one whose guests are only not known at present has
    those that it had.
    """
    guests: dict[str, list[Guest]] = defaultdict(list)
    for span in (*belief.missed_guests, *belief.guests):
        guests[span.host].append(Guest(span.uuid, span.name, GuestState.from_word(span.state)))
    # A host may stand in both, its present span last.
    hosts = {span.host: span for span in (*belief.missed_hosts, *belief.hosts)}
    hypervisors = [
        Hypervisor(
            span.reported_id,
            span.uuid,
            span.name,
            span.cluster,
            guests=guests[span.host] if span.guests_known or span.host in guests else None,
        )
        for span in hosts.values()
    ]
    return Mapping(new.backend, new.source, new.collected_at, hypervisors)
