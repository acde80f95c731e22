# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The mapping: which guest runs on which hypervisor. Private to this collection.

Pure data without any Ansible import. The shape that users see is what ``to_dict`` gives; ``_core.parse`` reads it back.
"""

from __future__ import annotations

import enum
import math
import typing as t
from dataclasses import dataclass, field
from datetime import datetime, timezone

FactValue = t.Union[str, int, float, bool]
BACKENDS = ("libvirt", "esx", "hyperv", "xenserver", "ovirt", "vdsm", "kubevirt", "ahv", "file")
FACT_NAME = "hypervisor_guests"


class GuestState(enum.IntEnum):
    """The state of a guest; the numbers are those of libvirt's virDomainState, which virt-who reports for every
    backend."""

    UNKNOWN = 0
    RUNNING = 1
    BLOCKED = 2
    PAUSED = 3
    SHUTTING_DOWN = 4
    SHUT_OFF = 5
    CRASHED = 6
    SUSPENDED = 7

    @property
    def word(self) -> str:
        """The state as users see it, for example ``shut_off``."""
        return STATE_WORDS[self]

    @property
    def active(self) -> bool:
        """Whether virt-who calls the guest active: running or paused."""
        return self in (GuestState.RUNNING, GuestState.PAUSED)

    @classmethod
    def from_word(cls, word: str) -> GuestState:
        """The state for a word of the mapping.

        Raises:
            KeyError: the word is none of the eight.
        """
        return _STATES[word]

    @classmethod
    def from_number(cls, number: int) -> GuestState:
        """The state for a number; one that is not known becomes UNKNOWN."""
        return _NUMBERS.get(number, cls.UNKNOWN)


# Looked up for every guest of a fleet; calling or hashing the members of an enumeration costs five times as much.
_STATES: dict[str, GuestState] = {state.name.lower(): state for state in GuestState}
_NUMBERS: dict[int, GuestState] = {int(state): state for state in GuestState}
STATE_WORDS = tuple(_STATES)


@dataclass
class Guest:
    """A virtual machine.

    Attributes:
        uuid: the id that virt-who reports for this guest.
        name: its display name; None when unknown.
        state: what it does now.
        extra: documented keys that a backend adds beside the common ones.
    """

    uuid: str
    name: str | None = None
    state: GuestState = GuestState.UNKNOWN
    extra: dict[str, t.Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, t.Any]:
        """The guest as it appears in the mapping."""
        return {**self.extra, "uuid": self.uuid, "name": self.name, "state": self.state.word}


@dataclass
class Hypervisor:
    """A host that runs guests.

    Attributes:
        id: the id it is reported under, as chosen by ``hypervisor_id``.
        guests: None means that the guests are not known (a reporter then leaves them alone), an empty list that there
            are none.
        facts: keys and value types as virt-who reports them; what the source did not tell is absent.
        cluster: name of the cluster; None where there is none.
        parent: native id of the parent; None where there is none.
        extra: documented keys that a backend adds beside the common ones.
    """

    id: str
    uuid: str | None = None
    name: str | None = None
    cluster: str | None = None
    parent: str | None = None
    facts: dict[str, FactValue] = field(default_factory=dict)
    guests: list[Guest] | None = field(default_factory=list)
    extra: dict[str, t.Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, t.Any]:
        """The hypervisor as it appears in the mapping, guests in stable order."""
        return {
            **self.extra,
            "id": self.id,
            "uuid": self.uuid,
            "name": self.name,
            "cluster": self.cluster,
            "parent": self.parent,
            "facts": dict(sorted(self.facts.items())),
            "guests": None if self.guests is None else [guest.to_dict() for guest in sort_guests(self.guests)],
        }


@dataclass
class Host:
    """A hypervisor as a backend finds it, before ``hypervisor_id`` and the filters are applied.

    Attributes:
        ids: the candidates for the reported id by the word of ``hypervisor_id`` (uuid, hwuuid, hostname); None when
            the source has none.
        missing: for a word of ``hypervisor_id`` the reason why that id is None, completes "no <word>: ".
        parents: every name and native id of the host's parents that the parent filters may match.
    """

    ids: dict[str, str | None]
    uuid: str | None = None
    name: str | None = None
    cluster: str | None = None
    parent: str | None = None
    facts: dict[str, FactValue] = field(default_factory=dict)
    guests: list[Guest] | None = field(default_factory=list)
    parents: tuple[str, ...] = ()
    missing: dict[str, str] = field(default_factory=dict)
    extra: dict[str, t.Any] = field(default_factory=dict)

    def to_hypervisor(self, hypervisor_id: str) -> Hypervisor:
        """The hypervisor that this host is reported as, under the given id."""
        return Hypervisor(
            id=hypervisor_id,
            uuid=self.uuid,
            name=self.name,
            cluster=self.cluster,
            parent=self.parent,
            facts=self.facts,
            guests=self.guests,
            extra=self.extra,
        )


@dataclass
class Skipped:
    """A host or guest object that was left out, and why.

    Attributes:
        kind: ``host`` or ``guest``.
        name: the best name that is known for it: its name, else its native id.
        reason: why it was left out.
    """

    kind: str
    name: str
    reason: str

    def to_dict(self) -> dict[str, t.Any]:
        """The entry as it appears in the mapping."""
        return {"kind": self.kind, "name": self.name, "reason": self.reason}


@dataclass
class Mapping:
    """What one source answered.

    Attributes:
        backend: one of BACKENDS.
        source: what was asked, without credentials.
        collected_at: when, as UTC in the form ``2026-11-21T08:00:00Z``.
        unplaced: guests that no hypervisor runs now; known, not reported.
        extra: documented keys that a backend adds beside the common ones.
    """

    backend: str
    source: str
    collected_at: str
    hypervisors: list[Hypervisor]
    skipped: list[Skipped] = field(default_factory=list)
    unplaced: list[Guest] = field(default_factory=list)
    extra: dict[str, t.Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, t.Any]:
        """The mapping in the shape that all modules and plugins share, in stable order."""
        return {
            **self.extra,
            "backend": self.backend,
            "source": self.source,
            "collected_at": self.collected_at,
            "hypervisors": [hypervisor.to_dict() for hypervisor in sorted(self.hypervisors, key=_hypervisor_key)],
            "skipped": [entry.to_dict() for entry in sorted(self.skipped, key=_skipped_key)],
            "unplaced": [guest.to_dict() for guest in sort_guests(self.unplaced)],
        }

    @property
    def guest_count(self) -> int:
        """How many guests the hypervisors hold together."""
        return sum(len(hypervisor.guests or ()) for hypervisor in self.hypervisors)


def is_fact(value: object) -> bool:
    """Whether it is what a fact can be; JSON and YAML have numbers that are none."""
    return isinstance(value, (str, int)) or (isinstance(value, float) and math.isfinite(value))


def sort_guests(guests: t.Iterable[Guest]) -> list[Guest]:
    """Guests in the order of the mapping: by uuid, then by name."""
    return sorted(guests, key=lambda guest: (guest.uuid, guest.name or "", guest.state))


def utc_now() -> str:
    """The present moment in the form that ``collected_at`` has."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _hypervisor_key(hypervisor: Hypervisor) -> tuple[str, str, str]:
    return (hypervisor.id, hypervisor.name or "", hypervisor.uuid or "")


def _skipped_key(entry: Skipped) -> tuple[str, str, str]:
    return (entry.kind, entry.name, entry.reason)
