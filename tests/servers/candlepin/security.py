# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Who asks, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass

from .._http import ClientCertificate, Request
from .errors import ApiError, forbidden, gone, owner_not_found, unauthorized
from .model import Consumer, Owner, User
from .store import Store

#: Extensions below this arc make a certificate one for content, not for a consumer.
ENTITLEMENT_ARC = "1.3.6.1.4.1.2312.9."


@dataclass(frozen=True)
class Principal:
    """An authenticated caller: a user, a consumer, a trusted front end, or an activation key."""

    name: str
    user: User | None = None
    consumer: Consumer | None = None
    trusted: bool = False

    @property
    def is_admin(self) -> bool:
        """May do everything."""
        return self.trusted or (self.user is not None and self.user.super_admin)

    @property
    def login(self) -> str | None:
        """The name of a user; None for a consumer."""
        return None if self.consumer is not None else self.name

    def right(self, owner: Owner) -> str | None:
        """The right in an organization, None where it is not even visible."""
        if self.is_admin:
            return "all"
        if self.consumer is not None:
            return "own" if self.consumer.owner is owner else None
        return self.user.rights.get(owner.key) if self.user else None

    def sees(self, owner: Owner) -> bool:
        """Does the organization exist for this caller?"""
        return self.right(owner) is not None

    def may_check_in(self, owner: Owner) -> bool:
        """Read access to the hypervisors of the organization is all it needs."""
        return self.right(owner) in {"all", "read_only", "hypervisors", "own"}

    def may_read(self, owner: Owner) -> bool:
        """Read the organization's consumers."""
        return self.right(owner) in {"all", "read_only"}

    def may_write(self, owner: Owner) -> bool:
        """Change the organization's consumers."""
        return self.right(owner) == "all"


def authenticate(store: Store, request: Request) -> Principal:
    """The caller, or ApiError: Basic first (wrong credentials end it), then the certificate, then trusted headers."""
    if request.header("Authorization").lower().startswith("basic"):
        return _user(store, request)
    certificate = request.connection.certificate
    if certificate is not None:
        return _consumer(store, consumer_uuid(certificate))
    if store.settings.trusted_headers:
        principal = _trusted(store, request)
        if principal is not None:
            return principal
    if not request.secure:
        raise ApiError(400, "Please use SSL when accessing protected resources")
    raise unauthorized()


def consumer_uuid(certificate: ClientCertificate) -> str:
    """``CN`` of an identity certificate; a certificate for content is refused."""
    if any(e.oid.dotted_string.startswith(ENTITLEMENT_ARC) for e in certificate.parsed.extensions):
        raise unauthorized("Invalid Certificate Type")
    return certificate.common_name or ""


def _user(store: Store, request: Request) -> Principal:
    credential = request.basic_auth()
    user = store.users.get(credential[0]) if credential else None
    if credential is None or user is None or user.password != credential[1]:
        raise unauthorized()
    return Principal(user.name, user=user)


def _consumer(store: Store, uuid: str) -> Principal:
    if uuid in store.deleted:
        raise gone(uuid)
    consumer = store.consumers.get(uuid)
    if consumer is None:
        raise unauthorized()
    return Principal(uuid, consumer=consumer)


def _trusted(store: Store, request: Request) -> Principal | None:
    uuid, login = request.header("cp-consumer"), request.header("cp-user")
    if uuid:
        return _consumer(store, uuid)
    if not login:
        return None
    if request.header("cp-lookup-permissions").lower() == "true":
        user = store.users.get(login)
        if user is None:
            raise unauthorized()
        return Principal(login, user=user)
    return Principal(login, trusted=True)


def visible_owner(store: Store, principal: Principal, key: str) -> Owner:
    """The organization with exactly this key; one that the caller may not see does not exist."""
    owner = store.owners.get(key)
    if owner is None or not principal.sees(owner):
        raise owner_not_found(key)
    return owner


def visible_consumer(store: Store, principal: Principal, uuid: str, write: bool = False) -> Consumer:
    """A consumer that the caller may read (or change): itself, or one of the user's organizations."""
    if uuid in store.deleted:
        raise gone(uuid)
    consumer = store.consumers.get(uuid)
    if consumer is None or not principal.sees(consumer.owner):
        raise ApiError(404, f"Consumer with ID(s) {uuid} could not be found.")
    allowed = principal.may_write(consumer.owner) if write else principal.may_read(consumer.owner)
    if principal.consumer is not consumer and not allowed:
        raise forbidden()
    return consumer
