# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What a Satellite 5 stores, as far as hypervisor reports touch it, with one transaction per call."""

from __future__ import annotations

import contextlib
import datetime
import functools
import itertools
import secrets
import threading
import typing as t
from collections import defaultdict
from dataclasses import dataclass, field

FIRST_SYSTEM = 1000010000


def now() -> datetime.datetime:
    """The present moment as the server writes it: without fractions and without a zone."""
    return datetime.datetime.now().replace(microsecond=0)


@dataclass
class Organization:
    """An organisation; one with a default activation key registers systems without a base channel."""

    id: int
    name: str
    default_key: str | None = None


@dataclass
class User:
    """A person who may log in. Roles: org_admin, channel_admin; org_admin implies the other."""

    id: int
    login: str
    password: str
    org_id: int
    roles: set[str] = field(default_factory=set)
    read_only: bool = False
    enabled: bool = True

    def has_role(self, role: str) -> bool:
        """Does the user have the role, or the one that implies it?"""
        return role in self.roles or "org_admin" in self.roles


@dataclass
class Channel:
    """A software channel. Labels and names are unique over all organisations."""

    id: int
    label: str
    name: str
    summary: str
    arch_label: str
    org_id: int
    parent: str = ""
    modified: datetime.datetime = field(default_factory=now)


@dataclass
class DistMap:
    """Which base channel a system of this release and architecture gets; without an organisation it is a default."""

    org_id: int | None
    os: str
    release: str
    arch_label: str
    channel_label: str


@dataclass
class System:
    """A registered system (a profile)."""

    id: int
    name: str
    org_id: int
    login: str
    os: str
    release: str
    arch: str
    channel: str | None
    description: str
    hardware: list[str] = field(default_factory=list)
    created: datetime.datetime = field(default_factory=now)
    last_checkin: datetime.datetime = field(default_factory=now)

    @property
    def system_id(self) -> str:
        """The id as certificates hold it."""
        return f"ID-{self.id:09d}"


@dataclass
class Info:
    """A row of rhnVirtualInstanceInfo."""

    name: str | None
    virt_type: str
    state: str
    vcpus: int | None = None
    memory: int | None = None


@dataclass(eq=False)
class Instance:
    """A row of rhnVirtualInstance: a guest of a host, or with uuid None the host's own row."""

    number: int
    host: int | None
    uuid: str | None
    system: int | None = None
    confirmed: bool = True
    info: Info | None = None


class Database:
    """All rows. Everything below ``transaction`` that goes through ``set`` and ``do`` is undone when it raises."""

    def __init__(self) -> None:
        """Empty but for the secret that signs certificates."""
        self.secret = secrets.token_hex(32)
        self.organizations: dict[int, Organization] = {}
        self.users: dict[str, User] = {}
        #: Session number to (login, secret part of the key).
        self.sessions: dict[int, tuple[str, str]] = {}
        self.channels: dict[str, Channel] = {}
        self.maps: list[DistMap] = []
        self.systems: dict[int, System] = {}
        self._instances: dict[Instance, None] = {}
        self._of_host: dict[int | None, dict[Instance, None]] = defaultdict(dict)
        self._by_uuid: dict[tuple[int | None, str | None], dict[Instance, None]] = defaultdict(dict)
        self._unconfirmed: dict[Instance, None] = {}
        self._numbers = itertools.count(1)
        # A sequence is outside of transactions: a failed registration uses up a number.
        self._system_numbers = itertools.count(FIRST_SYSTEM)
        self._undo: list[t.Callable[[], object]] = []
        self._lock = threading.RLock()

    # -- transactions

    @contextlib.contextmanager
    def transaction(self) -> t.Iterator[None]:
        """One call at a time; what it changed is undone when it raises."""
        with self._lock:
            self._undo.clear()
            try:
                yield
            except BaseException:
                for step in reversed(self._undo):
                    step()
                raise

    def do(self, step: t.Callable[[], object], back: t.Callable[[], object]) -> None:
        """Take a step that the transaction can take back."""
        step()
        self._undo.append(back)

    def set(self, row: t.Any, **values: t.Any) -> None:
        """Change attributes of a row."""
        for name, value in values.items():
            old = getattr(row, name)
            if old != value:
                self.do(functools.partial(setattr, row, name, value), functools.partial(setattr, row, name, old))

    # -- sequences and people

    def number(self) -> int:
        """The next number for anything but a system."""
        return next(self._numbers)

    def system_number(self) -> int:
        """The next number of a system."""
        return next(self._system_numbers)

    def add_organization(self, name: str, number: int | None = None) -> Organization:
        """Create an organisation."""
        organization = Organization(number or self.number(), name)
        self.organizations[organization.id] = organization
        return organization

    def add_user(self, login: str, password: str, org_id: int, *roles: str, **more: t.Any) -> User:
        """Create a user."""
        user = User(self.number(), login, password, org_id, set(roles), **more)
        self.users[login] = user
        return user

    # -- virtual instances

    def instances(self, host: int | None = None, uuid: str | None = None) -> list[Instance]:
        """All rows, or those of a host, or of a uuid."""
        rows = self._instances if host is None else self._of_host[host]
        return [row for row in rows if uuid is None or row.uuid == uuid]

    def known(self, host: int, uuid: str | None) -> Instance | None:
        """The row of a guest that has its info row, which is how the server finds it again."""
        return next((row for row in self._by_uuid[host, uuid] if row.info is not None), None)

    def unconfirmed(self) -> list[Instance]:
        """The rows of any host that a crawl has not confirmed."""
        return list(self._unconfirmed)

    def add_instance(self, host: int | None, uuid: str | None, **more: t.Any) -> Instance:
        """Insert a row."""
        row = Instance(self.number(), host, uuid, **more)

        self.do(lambda: self._keep(row), lambda: self._forget(row))
        return row

    def remove_instance(self, row: Instance) -> None:
        """Delete a row; for tests and deleteSystem, which are never rolled back afterwards."""
        self._forget(row)

    def orphan(self, row: Instance) -> None:
        """Take the host away from a row."""
        self._forget(row)
        row.host = None
        self._keep(row)

    def confirm(self, row: Instance, confirmed: bool) -> None:
        """Mark a row as seen, or as not yet seen, by the crawl of its host."""
        if row.confirmed != confirmed:
            self.do(lambda: self._mark(row, confirmed), lambda: self._mark(row, not confirmed))

    def _mark(self, row: Instance, confirmed: bool) -> None:
        row.confirmed = confirmed
        if confirmed:
            self._unconfirmed.pop(row, None)
        else:
            self._unconfirmed[row] = None

    def _keep(self, row: Instance) -> None:
        self._instances[row] = None
        self._of_host[row.host][row] = None
        self._by_uuid[row.host, row.uuid][row] = None

    def _forget(self, row: Instance) -> None:
        self._instances.pop(row, None)
        self._of_host[row.host].pop(row, None)
        self._by_uuid[row.host, row.uuid].pop(row, None)
        self._unconfirmed.pop(row, None)
