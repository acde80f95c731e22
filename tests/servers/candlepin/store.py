# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""All that one server knows, with the look-ups that its rules need."""

from __future__ import annotations

import threading
import typing as t
from dataclasses import dataclass, field

from .clock import Clock
from .model import Consumer, Guest, HypervisorId, Owner, ReportedGuest, User

SYSTEM_UUID = "dmi.system.uuid"


@dataclass
class Settings:
    """What an administrator of the server, or a test, can switch."""

    mode: str = "NORMAL"
    mode_reason: str | None = None
    mode_changed: float | None = None
    #: ``result`` of /status even in mode NORMAL (false when the database does not answer).
    healthy: bool = True
    capabilities: set[str] = field(default_factory=set)
    #: candlepin.use_system_uuid_for_matching
    match_by_system_uuid: bool = True
    #: candlepin.auth.trusted.enable
    trusted_headers: bool = False
    #: 2.x: the organizations whose auto-attach is disabled, whose check-ins were refused then.
    auto_attach_disabled: set[str] = field(default_factory=set)
    #: Katello: its Candlepin does not answer.
    candlepin_down: bool = False
    #: Katello keeps Candlepin's status for up to 180 s.
    status_cache: float = 0.0
    #: Hypervisor ids whose saving throws.
    broken_hypervisors: set[str] = field(default_factory=set)


class Store:
    """Owners, users and consumers. Hold ``lock`` for more than one step."""

    def __init__(self) -> None:
        """An empty server."""
        self.lock = threading.RLock()
        self.clock = Clock()
        self.settings = Settings()
        self.owners: dict[str, Owner] = {}
        self.users: dict[str, User] = {}
        self.consumers: dict[str, Consumer] = {}
        #: Uuids of deleted consumers, which get 410 for ever.
        self.deleted: set[str] = set()
        self._by_hypervisor_id: dict[tuple[str, str], Consumer] = {}
        self._by_system_uuid: dict[tuple[str, str], dict[str, Consumer]] = {}

    # -- owners and users

    def add_owner(self, key: str, **members: t.Any) -> Owner:
        """A new organization."""
        owner = Owner(key, members.pop("display_name", key), created=self.clock.now(), **members)
        self.owners[key] = owner
        return owner

    def remove_owner(self, key: str) -> None:
        """Delete an organization with all its consumers."""
        with self.lock:
            for consumer in self.consumers_of(self.owners.pop(key)):
                self.delete(consumer)

    def add_user(self, name: str, password: str, rights: t.Mapping[str, str] | None = None, **members: t.Any) -> User:
        """A new account; without ``rights`` it may do everything in every organization there is now."""
        granted = dict.fromkeys(self.owners, "all") if rights is None else dict(rights)
        user = User(name, password, granted, **members)
        self.users[name] = user
        return user

    # -- consumers

    def add(self, consumer: Consumer) -> Consumer:
        """Keep a new consumer."""
        with self.lock:
            self.consumers[consumer.uuid] = consumer
            self._index(consumer)
        return consumer

    def delete(self, consumer: Consumer) -> None:
        """Delete a consumer and remember that it was there."""
        with self.lock:
            self._unindex(consumer)
            del self.consumers[consumer.uuid]
            self.deleted.add(consumer.uuid)

    def consumers_of(self, owner: Owner) -> list[Consumer]:
        """All consumers of one organization, oldest first."""
        with self.lock:
            return [consumer for consumer in self.consumers.values() if consumer.owner is owner]

    def hypervisors_of(self, owner_key: str) -> dict[str, Consumer]:
        """From hypervisor id to consumer: a short cut for tests."""
        found = self.consumers_of(self.owners[owner_key])
        return {consumer.hypervisor.hypervisor_id: consumer for consumer in found if consumer.hypervisor}

    def find_by_hypervisor_id(self, owner: Owner, hypervisor_id: str) -> Consumer | None:
        """The consumer with this hypervisor id, case does not count, of any type."""
        return self._by_hypervisor_id.get((owner.key, hypervisor_id.lower()))

    def find_by_system_uuid(self, owner: Owner, system_uuid: str) -> Consumer | None:
        """The most recently updated consumer whose fact ``dmi.system.uuid`` is this, case does not count."""
        candidates = self._by_system_uuid.get((owner.key, system_uuid.lower()), {})
        return max(candidates.values(), key=lambda consumer: consumer.updated, default=None)

    def set_hypervisor_id(self, consumer: Consumer, hypervisor_id: str | None, reporter_id: str | None) -> None:
        """Give a consumer a hypervisor id (kept in lower case), or take it away."""
        with self.lock:
            self._unindex(consumer)
            now = self.clock.now()
            if hypervisor_id is None:
                consumer.hypervisor = None
            elif consumer.hypervisor is None:
                consumer.hypervisor = HypervisorId(hypervisor_id.lower(), reporter_id, now, now)
            else:
                consumer.hypervisor.hypervisor_id = hypervisor_id.lower()
                consumer.hypervisor.updated = now
            self._index(consumer)

    def set_facts(self, consumer: Consumer, facts: t.Mapping[str, str]) -> None:
        """Replace all facts."""
        with self.lock:
            self._unindex(consumer)
            consumer.facts = dict(facts)
            self._index(consumer)

    def set_guests(self, consumer: Consumer, reported: t.Sequence[ReportedGuest]) -> bool:
        """Make the guest list this one; rows that are equal stay as they are. True when something changed."""
        with self.lock:
            kept, added = compare_guests(consumer.guests, reported)
            changed = bool(added) or len(kept) < len(consumer.guests)
            now = self.clock.now()
            consumer.guests = kept + [Guest(g.guest_id, dict(g.attributes), now, now) for g in added]
            return changed

    def _index(self, consumer: Consumer) -> None:
        if consumer.hypervisor is not None:
            self._by_hypervisor_id[consumer.owner.key, consumer.hypervisor.hypervisor_id.lower()] = consumer
        system_uuid = consumer.facts.get(SYSTEM_UUID)
        if system_uuid:
            bucket = self._by_system_uuid.setdefault((consumer.owner.key, system_uuid.lower()), {})
            bucket[consumer.uuid] = consumer

    def _unindex(self, consumer: Consumer) -> None:
        if consumer.hypervisor is not None:
            self._by_hypervisor_id.pop((consumer.owner.key, consumer.hypervisor.hypervisor_id.lower()), None)
        system_uuid = consumer.facts.get(SYSTEM_UUID)
        if system_uuid:
            self._by_system_uuid.get((consumer.owner.key, system_uuid.lower()), {}).pop(consumer.uuid, None)


def compare_guests(
    stored: t.Sequence[Guest], reported: t.Sequence[ReportedGuest]
) -> tuple[list[Guest], list[ReportedGuest]]:
    """The stored rows that a complete new list keeps, and the reported guests that it adds.

    Equal are two guests whose ids match ignoring case and whose attributes are the same; exact duplicates in the new
    list count once.
    """
    unmatched: dict[str, list[Guest]] = {}
    for row in stored:
        unmatched.setdefault(row.guest_id.lower(), []).append(row)
    kept: list[Guest] = []
    added: list[ReportedGuest] = []
    seen = set()
    for guest in reported:
        if guest.key in seen:
            continue
        seen.add(guest.key)
        rows = unmatched.get(guest.guest_id.lower(), [])
        match = next((row for row in rows if row.attributes == guest.attributes), None)
        if match is None:
            added.append(guest)
        else:
            rows.remove(match)
            kept.append(match)
    return kept, added
