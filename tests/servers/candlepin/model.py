# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What a Candlepin holds."""

from __future__ import annotations

import typing as t
import uuid as uuids
from dataclasses import dataclass, field

#: What a user may do in one organization: everything, read, check hypervisors in, or something that does not matter
#: here (the organization is visible, and that is all).
Right = str
RIGHTS: tuple[Right, ...] = ("all", "read_only", "hypervisors", "other")

CONSUMER_TYPES = ("system", "hypervisor", "person", "domain", "candlepin")
KATELLO_PERMISSIONS = frozenset({"create_hosts", "edit_hosts"})


def entity_id() -> str:
    """A database id: 32 hexadecimal characters."""
    return uuids.uuid4().hex


@dataclass
class Owner:
    """An organization; users and clients name it by ``key``."""

    key: str
    display_name: str
    id: str = field(default_factory=entity_id)
    content_access_mode: str = "org_environment"
    default_service_level: str | None = None
    activation_keys: set[str] = field(default_factory=set)
    created: float = 0.0


@dataclass
class User:
    """An account for Basic authentication."""

    name: str
    password: str
    #: From owner key to right.
    rights: dict[str, Right] = field(default_factory=dict)
    super_admin: bool = False
    #: Katello only: its permissions, from ``create_hosts`` and ``edit_hosts``.
    permissions: frozenset[str] = KATELLO_PERMISSIONS


@dataclass
class HypervisorId:
    """What makes a consumer a reported host: the reported id, and who reported it."""

    hypervisor_id: str
    reporter_id: str | None
    created: float
    updated: float
    id: str = field(default_factory=entity_id)


@dataclass
class Guest:
    """One row of a host's guest list."""

    guest_id: str
    attributes: dict[str, str | None]
    created: float
    updated: float
    id: str = field(default_factory=entity_id)


@dataclass
class Consumer:
    """A registered system, or a hypervisor that somebody reported. Change it through the store, which keeps indexes."""

    owner: Owner
    name: str
    type: str
    created: float
    updated: float
    uuid: str = field(default_factory=lambda: str(uuids.uuid4()))
    id: str = field(default_factory=entity_id)
    facts: dict[str, str] = field(default_factory=dict)
    hypervisor: HypervisorId | None = None
    guests: list[Guest] = field(default_factory=list)
    last_checkin: float | None = None
    username: str | None = None
    service_level: str = ""
    #: The idCert member: id, cert, key, serial; None for reported hypervisors.
    id_cert: dict[str, t.Any] | None = None
    #: Members that are kept as they were sent: installedProducts, role, usage, releaseVer, capabilities, ...
    more: dict[str, t.Any] = field(default_factory=dict)

    @property
    def is_guest(self) -> bool:
        """A virtual machine by its own facts."""
        return self.facts.get("virt.is_guest", "").lower() == "true"


@dataclass(frozen=True)
class ReportedGuest:
    """One guest of a check-in."""

    guest_id: str
    attributes: dict[str, str | None] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, tuple[tuple[str, str | None], ...]]:
        """Equal for exact duplicates (case counts)."""
        return self.guest_id, tuple(sorted(self.attributes.items()))


@dataclass(frozen=True)
class ReportedHost:
    """One hypervisor of a check-in; None leaves the stored value alone."""

    hypervisor_id: str
    name: str | None = None
    guests: list[ReportedGuest] | None = None
    facts: dict[str, str] | None = None
