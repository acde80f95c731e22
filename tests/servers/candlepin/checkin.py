# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What a check-in does to the consumers of one organization. No HTTP, no jobs."""

from __future__ import annotations

import typing as t
import zlib
from dataclasses import dataclass, field

from . import limits
from .model import Consumer, HypervisorId, Owner, ReportedHost
from .store import SYSTEM_UUID, Store, compare_guests


@dataclass
class Outcome:
    """The four lists of a result; a failed update is one line of text."""

    created: list[Consumer] = field(default_factory=list)
    updated: list[Consumer] = field(default_factory=list)
    unchanged: list[Consumer] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def counts(self) -> str:
        """The ``result`` of an old job."""
        sizes = [len(one) for one in (self.created, self.updated, self.unchanged, self.failed)]
        return "Created: {}, Updated: {}, Unchanged: {}, Failed: {}".format(*sizes)


@dataclass(frozen=True)
class Options:
    """How one check-in is to be done."""

    create_missing: bool = True
    reporter_id: str | None = None
    #: The login of a user; None when a consumer reports.
    username: str | None = None
    #: The old sync form has its own words for a host that it may not create.
    sync: bool = False


def name_from_id(hypervisor_id: str) -> str:
    """The name of a host that was reported without one."""
    return (hypervisor_id[1:] if hypervisor_id.startswith("#") else hypervisor_id)[: limits.MAX_NAME]


def check_in(store: Store, owner: Owner, hosts: t.Sequence[ReportedHost], options: Options) -> Outcome:
    """Apply a report; each host is a transaction of its own, and the order of processing is nobody's business."""
    outcome = Outcome()
    for host in sorted(hosts, key=lambda one: zlib.crc32(one.hypervisor_id.encode("utf-8", "surrogatepass"))):
        with store.lock:
            _one_host(store, owner, host, options, outcome)
    return outcome


def heartbeat(store: Store, owner: Owner, reporter_id: str) -> int:
    """Everything that this reporter reported (exact id) has just checked in; ``updated`` stays. Returns how many."""
    with store.lock:
        now = store.clock.now()
        seen = [c for c in store.consumers_of(owner) if c.hypervisor and c.hypervisor.reporter_id == reporter_id]
        for consumer in seen:
            consumer.last_checkin = now
        return len(seen)


def _one_host(store: Store, owner: Owner, host: ReportedHost, options: Options, outcome: Outcome) -> None:
    consumer = _match(store, owner, host)
    if consumer is not None:
        _update(store, consumer, host, options, outcome)
    elif options.create_missing:
        _create(store, owner, host, options, outcome)
    elif options.sync:
        outcome.failed.append(f'{host.hypervisor_id}: Unable to find hypervisor in org "{owner.key}"')
    else:
        outcome.failed.append(_failure(host, "find", owner))


def _failure(host: ReportedHost, verb: str, owner: Owner) -> str:
    return f"{host.hypervisor_id}: Unable to {verb} hypervisor with id {host.hypervisor_id} in org {owner.key}"


def _match(store: Store, owner: Owner, host: ReportedHost) -> Consumer | None:
    """By hypervisor id; else by the system uuid, where the server is set up so and the host says it."""
    found = store.find_by_hypervisor_id(owner, host.hypervisor_id)
    if found is None and store.settings.match_by_system_uuid:
        system_uuid = (host.facts or {}).get(SYSTEM_UUID)
        if system_uuid:
            found = store.find_by_system_uuid(owner, system_uuid)
    return found


def _throws(store: Store, host: ReportedHost, options: Options) -> bool:
    broken = host.hypervisor_id in store.settings.broken_hypervisors
    return broken or not limits.host_is_storable(host, options.reporter_id)


def _create(store: Store, owner: Owner, host: ReportedHost, options: Options, outcome: Outcome) -> None:
    if _throws(store, host, options):
        outcome.failed.append(_failure(host, "create", owner))
        return
    if host.facts is not None and not limits.facts_are_good(host.facts):
        # The error surfaces only when the guests are written, where nobody writes it down: the host is lost silently.
        if not host.guests:
            outcome.failed.append(_failure(host, "create", owner))
        return
    now = store.clock.now()
    consumer = Consumer(
        owner=owner,
        name=name_from_id(host.hypervisor_id) if host.name is None else host.name,
        type="hypervisor",
        created=now,
        updated=now,
        facts={"uname.machine": "x86_64"} if host.facts is None else dict(host.facts),
        hypervisor=HypervisorId(host.hypervisor_id.lower(), options.reporter_id, now, now),
        last_checkin=now,
        username=options.username,
        service_level=owner.default_service_level or "",
    )
    store.add(consumer)
    store.set_guests(consumer, host.guests or [])
    outcome.created.append(consumer)


@dataclass(frozen=True)
class _Changes:
    """What a report changes of a known consumer."""

    identifier: bool
    name: bool
    type: bool
    guests: bool
    facts: bool

    def any(self) -> bool:
        return self.identifier or self.name or self.type or self.guests or self.facts


def _changes(consumer: Consumer, host: ReportedHost) -> _Changes:
    known = consumer.hypervisor.hypervisor_id if consumer.hypervisor else None
    guests = False
    if host.guests is not None:
        kept, added = compare_guests(consumer.guests, host.guests)
        guests = bool(added) or len(kept) < len(consumer.guests)
    return _Changes(
        identifier=known is None or known.lower() != host.hypervisor_id.lower(),
        name=host.name is not None and host.name != consumer.name,
        type=consumer.type != "hypervisor",
        guests=guests,
        facts=host.facts is not None and host.facts != consumer.facts,
    )


def _update(store: Store, consumer: Consumer, host: ReportedHost, options: Options, outcome: Outcome) -> None:
    if _throws(store, host, options):
        outcome.failed.append(_failure(host, "update", consumer.owner))
        return
    changes = _changes(consumer, host)
    if changes.facts and not limits.facts_are_good(host.facts or {}):
        if not changes.guests:
            outcome.updated.append(consumer)
            outcome.failed.append(_failure(host, "update", consumer.owner))
        return
    if changes.identifier:
        store.set_hypervisor_id(consumer, host.hypervisor_id, options.reporter_id)
    if changes.name and host.name is not None:
        consumer.name = host.name
    if changes.guests:
        store.set_guests(consumer, host.guests or [])
    if changes.facts:
        store.set_facts(consumer, host.facts or {})
    consumer.type = "hypervisor"
    consumer.last_checkin = consumer.updated = store.clock.now()
    if options.reporter_id and consumer.hypervisor:
        consumer.hypervisor.reporter_id = options.reporter_id
    (outcome.updated if changes.any() else outcome.unchanged).append(consumer)
