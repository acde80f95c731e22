# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The body of a check-in. Private to this collection; pure."""

from __future__ import annotations

import hashlib
import json
import typing as t
from dataclasses import dataclass, field

from ansible_collections.virtmap.core.plugins.module_utils._core.model import Hypervisor
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin import sanitise
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.sanitise import Unfit, Warn


@dataclass(frozen=True)
class Entry:
    """One hypervisor as it is sent.

    Attributes:
        name: the name that is sent, None for none.
        guest_count: None when the guests are not known and therefore not sent.
        body: its JSON. Kept as bytes: the whole fleet as dictionaries would need many times the memory.
    """

    id: str
    name: str | None
    guest_count: int | None
    body: bytes

    @property
    def stored_name(self) -> str:
        """The name that a new record gets at the server."""
        return sanitise.stored_name(self.id, self.name)

    @property
    def digest(self) -> str:
        """Equal for what the server takes for equal; what a state file remembers."""
        document = self.document()
        for guest in document.get("guestIds", ()):
            del guest["state"]  # the server stores only whether it is active
        return hashlib.sha256(json.dumps(document).encode("ascii")).hexdigest()

    def document(self) -> dict[str, t.Any]:
        """The entry as a dictionary: hypervisorId, and name, guestIds and facts where they are sent."""
        parsed: dict[str, t.Any] = json.loads(self.body)
        return parsed


@dataclass
class Report:
    """What one check-in sends.

    Attributes:
        entries: sorted by id.
        unfit: hypervisors that cannot be sent, with the reason.
    """

    entries: list[Entry] = field(default_factory=list)
    unfit: dict[str, str] = field(default_factory=dict)

    @property
    def guest_count(self) -> int:
        """How many guests are sent."""
        return sum(entry.guest_count or 0 for entry in self.entries)

    def body(self) -> bytes:
        """The body of the asynchronous form: ``{"hypervisors": [...]}``."""
        return b'{"hypervisors": [' + b", ".join(entry.body for entry in self.entries) + b"]}"


def build_report(hypervisors: t.Iterable[Hypervisor], warn: Warn) -> Report:
    """Hypervisors as they are sent, each id once.

    Args:
        hypervisors: as _core.merge returns them: one for each id (case does not count), in stable order.
        warn: receives one sentence for everything that was changed to fit.
    """
    report = Report()
    for hypervisor in hypervisors:
        try:
            report.entries.append(_entry(hypervisor, warn))
        except Unfit as exc:
            report.unfit[hypervisor.id] = str(exc)
    return report


def _entry(hypervisor: Hypervisor, warn: Warn) -> Entry:
    sent_id = sanitise.hypervisor_id(hypervisor)
    document: dict[str, t.Any] = {"hypervisorId": {"hypervisorId": sent_id}}
    name = sanitise.name(hypervisor, warn)
    if name is not None:
        document["name"] = name
    guests = sanitise.guests(hypervisor, warn)
    if guests is not None:
        document["guestIds"] = guests
    facts = sanitise.facts(hypervisor, warn)
    if facts:
        document["facts"] = facts
    return Entry(sent_id, name, None if guests is None else len(guests), json.dumps(document).encode("ascii"))
