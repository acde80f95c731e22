# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Guests to scan: from the mappings of any backend, or from several libvirt daemons side by side. Private."""

from __future__ import annotations

import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.client import with_retries
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.connection import Connection
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.convert import NO_UUID
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.errors import NO_DOMAIN, Failure, explain
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.guests import list_guests
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.uri import Uri, parse_uri
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    InvalidInput,
    MissingLibrary,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.model import GuestState, Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._scan.domain import parse_domain
from ansible_collections.virtmap.core.plugins.module_utils._scan.model import ScannedGuest

# As many at a time as xCAT asks.
_AT_A_TIME = 64
_LISTING = "listing the guests"
_READING = "reading the definition of a guest"


@dataclass
class Scan:
    """What was found.

    Attributes:
        guests: in the order in which their hypervisors were given, by name on each.
        hypervisors: the names of those that answered.
        left_out: guests that could not be read: hypervisor, name, reason.
        failed: hypervisors that did not answer: id, reason.
    """

    guests: list[ScannedGuest] = field(default_factory=list)
    hypervisors: list[str] = field(default_factory=list)
    left_out: list[dict[str, str]] = field(default_factory=list)
    failed: list[dict[str, str]] = field(default_factory=list)

    def add(self, other: Scan) -> None:
        """Put what one hypervisor told behind what others told."""
        self.guests += sorted(other.guests, key=lambda guest: (guest.name or "", guest.uuid or ""))
        self.hypervisors += other.hypervisors
        self.left_out += other.left_out
        self.failed += other.failed


def from_mappings(mappings: t.Iterable[Mapping]) -> Scan:
    """The guests of mappings; a hypervisor whose guests are not known counts as one that did not answer."""
    scan = Scan()
    for mapping in mappings:
        for hypervisor in mapping.hypervisors:
            name = hypervisor.name or hypervisor.id
            if hypervisor.guests is None:
                scan.add(Scan(failed=[{"id": name, "reason": f"{shown(mapping.source)} does not know its guests"}]))
                continue
            guests = [
                ScannedGuest(mapping.backend, guest.name, name, uuid=guest.uuid, state=guest.state.word)
                for guest in hypervisor.guests
            ]
            scan.add(Scan(guests, [name]))
    return scan


@dataclass(frozen=True)
class Target:
    """A daemon to scan.

    Attributes:
        name: of its hypervisor; None for the one that the daemon tells.
    """

    uri: Uri
    name: str | None


def parse_targets(values: t.Sequence[str]) -> list[Target]:
    """Read the option ``uris``: each is ``URI`` or ``NAME=URI``.

    Raises:
        InvalidInput: one is neither, or two have one name.
    """
    targets = [_target(value) for value in values]
    names = [target.name for target in targets if target.name is not None]
    for name in names:
        if names.count(name) > 1:
            raise InvalidInput(
                f"two of uris are of the hypervisor {shown(name)}; list it once, or give each a name as in NAME=URI"
            )
    return targets


def _target(value: str) -> Target:
    before, separator, rest = value.partition("://")
    name, equals, scheme = before.rpartition("=")
    uri = parse_uri(f"{scheme}{separator}{rest}")
    if equals and not name.strip():
        raise InvalidInput("one of uris begins with =; put the name of the hypervisor before it")
    return Target(uri, name.strip() or urlsplit(uri.source).hostname)


def scan_libvirt(
    targets: t.Sequence[Target], *, timeout: float, username: str | None = None, password: str | None = None
) -> Scan:
    """Ask all daemons side by side.

    Raises:
        MissingLibrary: the Python binding of libvirt is not installed.
        InvalidInput: two daemons call themselves by one name.
    """
    found = Scan()
    if not targets:
        return found
    ask = partial(_ask, timeout=timeout, username=username, password=password)
    with ThreadPoolExecutor(min(_AT_A_TIME, len(targets))) as pool:
        for scan in pool.map(ask, targets):
            found.add(scan)
    for name in found.hypervisors:
        if found.hypervisors.count(name) > 1:
            raise InvalidInput(f"two of uris lead to the hypervisor {shown(name)}; name them as in NAME=URI")
    return found


def _ask(target: Target, **options: t.Any) -> Scan:
    try:
        connection = Connection(target.uri, **options)
        return with_retries(connection, lambda: _read(connection, target))
    except MissingLibrary:
        raise
    except VirtmapError as exc:
        return Scan(failed=[{"id": target.name or target.uri.source, "reason": exc.message}])


def _read(connection: Connection, target: Target) -> Scan:
    name = target.name or connection.call("asking for the host's name", lambda conn: conn.getHostname())
    scan = Scan(hypervisors=[name])
    # One call for all of them, as the definitions do not tell it.
    states = {guest.uuid: guest.state.word for guest in list_guests(connection)[0]}
    for domain in connection.call(_LISTING, lambda conn: conn.listAllDomains(0)):
        uuid = domain.UUIDString()
        if uuid == NO_UUID:  # Xen's dom0, which is the host itself
            continue
        try:
            text = connection.attempt(_READING, partial(_definition, domain=domain))
            if not isinstance(text, Failure):
                scan.guests.append(parse_domain(text, name, states.get(uuid, GuestState.UNKNOWN.word)))
                continue
            if text.code == NO_DOMAIN:  # it is gone since it was listed
                continue
            reason = explain(text, connection.uri, _READING).message
        except BadAnswer as exc:
            reason = exc.message
        scan.left_out.append({"hypervisor": name, "name": _name(domain), "reason": reason})
    return scan


def _definition(_conn: t.Any, domain: t.Any) -> str:
    try:
        return str(domain.XMLDesc(0))
    except UnicodeDecodeError as exc:
        raise BadAnswer(f"its definition is not UTF-8: {exc}") from exc


def _name(domain: t.Any) -> str:
    try:
        return str(domain.name())
    except UnicodeDecodeError:
        return str(domain.UUIDString())
