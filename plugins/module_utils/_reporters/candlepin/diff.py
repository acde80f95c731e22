# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What a check-in would change at the server. Private to this collection; pure but for reading what the server holds.

Candlepin has no dry run. What it holds can be read instead, by users that may see the hypervisors of the owner: names,
facts and ids of guests, but not the attributes of guests, so that a guest that was only switched on or off is not
foreseen.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.virtmap.core.plugins.module_utils._core.compare import SYSTEM_UUID_FACT
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import Denied, NotFound
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.connection import Candlepin
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.consumers import (
    Consumer,
    get_consumer,
    get_guest_rows,
    list_hypervisors,
)
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.payload import Entry


@dataclass(frozen=True)
class Held:
    """A hypervisor as the server holds it now."""

    id: str
    name: str
    facts: dict[str, str]
    guests: list[str]


@dataclass
class Plan:
    """What a check-in would do, by the ids as they are sent.

    Attributes:
        missing: hypervisors that would not be created, with the reason.
        before, after: for each hypervisor that would change, what is held and what would be.
        known: False when the account may not read what the server holds: the rest then says only what is sent.
    """

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    missing: list[tuple[str | None, str]] = field(default_factory=list)
    before: dict[str, t.Any] = field(default_factory=dict)
    after: dict[str, t.Any] = field(default_factory=dict)
    known: bool = True

    def to_diff(self, where: str) -> dict[str, t.Any]:
        """The plan as Ansible shows differences."""
        return {
            "before_header": f"held by {where}" + ("" if self.known else " (unknown, this account may not read it)"),
            "after_header": "reported",
            "before": self.before,
            "after": self.after,
        }


def foresee(
    server: Candlepin,
    owner: str,
    entries: t.Sequence[Entry],
    create_missing: bool,
    accepted: dict[str, str],
    warn: t.Callable[[str], None],
) -> Plan:
    """What a check-in would change at the server.

    Args:
        accepted: digests of what the server accepted last, as far as they are known. Where the account may not read
            what the server holds, these tell at least which hypervisors differ; without them all seem to.
    """
    try:
        held = read_held(server, owner, entries)
    except (Denied, NotFound) as exc:
        warn(f"it cannot be told what changes at the server, only what is sent: {exc.message}")
        unknown = plan([entry for entry in entries if accepted.get(entry.id) != entry.digest], {}, True)
        unknown.known = False
        return unknown
    foreseen = plan(entries, held, create_missing)
    # The server does not show which guests are active; what it accepted last does.
    switched = {entry.id for entry in entries if entry.id in accepted and accepted[entry.id] != entry.digest}
    foreseen.updated += [key for key in foreseen.unchanged if key in switched]
    foreseen.unchanged = [key for key in foreseen.unchanged if key not in switched]
    return foreseen


def read_held(server: Candlepin, owner: str, entries: t.Iterable[Entry]) -> dict[str, Held]:
    """What the server holds of the hypervisors that are going to be sent, by their lower-cased ids.

    A host that the server will recognise by its system uuid, because it was reported under another id before, is found
    in the same way.

    Raises:
        Denied, NotFound: the account may not read it.
    """
    held = {item.hypervisor_id: item for item in list_hypervisors(server, owner) if item.hypervisor_id}
    found: dict[str, Held] = {}
    by_uuid: dict[str, Consumer] | None = None
    sent = {entry.id.lower(): entry for entry in entries}
    for key, entry in sent.items():
        consumer = held.get(key)
        if consumer is None:
            uuid = str(entry.document().get("facts", {}).get(SYSTEM_UUID_FACT, "")).lower()
            if uuid and by_uuid is None:
                by_uuid = _by_system_uuid(server, [item for other, item in held.items() if other not in sent])
            consumer = (by_uuid or {}).get(uuid)
        if consumer is not None:
            found[key] = _held(server, consumer)
    return found


def plan(entries: t.Iterable[Entry], held: dict[str, Held], create_missing: bool) -> Plan:
    """Compare what is going to be sent with what is held, by Candlepin's own rules."""
    result = Plan()
    for entry in entries:
        known = held.get(entry.id.lower())
        document = entry.document()
        if known is None and not create_missing:
            result.missing.append((entry.id, "the server does not know it, and create_missing is false"))
            continue
        after = {
            "id": entry.id.lower(),
            "name": document.get("name", known.name if known else entry.stored_name),
            "facts": document.get("facts", known.facts if known else {}),
            "guests": _guests(document, known),
        }
        if known is None:
            result.created.append(entry.id)
            result.after[entry.id] = after
            continue
        before = {"id": known.id, "name": known.name, "facts": known.facts, "guests": known.guests}
        if before == after:
            result.unchanged.append(entry.id)
        else:
            result.updated.append(entry.id)
            result.before[entry.id], result.after[entry.id] = before, after
    return result


def _guests(document: dict[str, t.Any], known: Held | None) -> list[str]:
    if "guestIds" not in document:
        return known.guests if known else []
    return sorted(guest["guestId"].lower() for guest in document["guestIds"])


def _held(server: Candlepin, consumer: Consumer) -> Held:
    whole = get_consumer(server, consumer.uuid)
    guests = sorted(guest.lower() for guest in get_guest_rows(server, consumer.uuid))
    return Held(whole.hypervisor_id or "", whole.name, whole.facts or {}, guests)


def _by_system_uuid(server: Candlepin, consumers: t.Iterable[Consumer]) -> dict[str, Consumer]:
    found: dict[str, Consumer] = {}
    for consumer in consumers:
        try:
            whole = get_consumer(server, consumer.uuid)
        except NotFound:
            continue  # removed since it was listed
        uuid = (whole.facts or {}).get(SYSTEM_UUID_FACT, "").lower()
        if uuid:
            found[uuid] = whole
    return found
