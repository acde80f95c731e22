# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Registering a system: the checks, the coupling with hypervisors that were reported before. No HTTP."""

from __future__ import annotations

import re
import typing as t

from . import limits
from .errors import ApiError, bad_request, not_found
from .mapping import BadMapping, text
from .model import CONSUMER_TYPES, Consumer, Owner
from .security import Principal
from .store import SYSTEM_UUID, Store

_SYSTEM_NAME = re.compile(r"[#?'`!@{}()\[\]&\w\-.]+", re.ASCII)


def owner_for(store: Store, principal: Principal | None, key: str | None) -> Owner:
    """The organization to register in. ``principal`` None is an activation key, whose organization was checked."""
    if key is None:
        owned = [owner for owner in store.owners.values() if principal and principal.may_write(owner)]
        if len(owned) != 1:
            raise bad_request("You must specify an organization for new units.")
        return owned[0]
    owner = store.owners.get(key)
    if owner is None:
        raise bad_request(f"Organization {key} does not exist.")
    if principal is not None and not principal.may_write(owner):
        raise not_found(f"owner with key: {key} was not found.")
    return owner


def consumer_type(value: t.Any) -> str:
    """The type of a registration: a word, or an object with a label."""
    label = value.get("label") if isinstance(value, dict) else value
    if not label:
        raise bad_request("Unit type must be specified.")
    if label not in CONSUMER_TYPES:
        raise bad_request(f"Invalid unit type: {label}")
    return str(label)


def check_name(name: t.Any, system: bool) -> str:
    """A name that a unit may have."""
    if not name or not isinstance(name, str):
        raise bad_request("System name cannot be null.")
    if name.startswith("#"):
        raise bad_request("System name cannot begin with # character")
    if limits.length(name) > limits.MAX_NAME:
        raise bad_request("Name of the consumer should be shorter than 251 characters.")
    if system and not _SYSTEM_NAME.fullmatch(name):
        raise bad_request("System name cannot contain most special characters.")
    return str(name)


def read_facts(value: t.Any) -> dict[str, str]:
    """The facts of a registration or an update, sanitised."""
    try:
        if not isinstance(value or {}, dict):
            raise BadMapping("facts are no object")
        return limits.sanitised_facts({key: text(one) or "" for key, one in (value or {}).items()})
    except BadMapping as error:
        raise bad_request(f"Invalid facts: {error}") from error


def read_hypervisor_id(value: t.Any) -> str | None:
    """The inner id of the member ``hypervisorId``; None where there is none."""
    if value is None:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("hypervisorId"), (str, type(None))):
        raise bad_request("Invalid hypervisorId")
    return t.cast("str | None", value.get("hypervisorId"))


def register(store: Store, owner: Owner, document: dict[str, t.Any], username: str | None) -> Consumer:
    """A new consumer; or the hypervisor that was reported with the same system uuid, which it becomes one with."""
    kind = consumer_type(document.get("type"))
    name = check_name(document.get("name"), kind == "system")
    facts = read_facts(document.get("facts"))
    explicit = read_hypervisor_id(document.get("hypervisorId"))
    guest = facts.get("virt.is_guest", "").lower() == "true"
    hypervisor_id = explicit or (None if guest else facts.get(SYSTEM_UUID)) or None
    with store.lock:
        known = store.find_by_hypervisor_id(owner, hypervisor_id) if hypervisor_id else None
        if known is not None and explicit:
            raise already_used("creating", name, explicit)
        now = store.clock.now()
        uuid = document.get("uuid")
        if known is not None:
            known.name, known.username = name, username
            store.set_facts(known, facts)
            known.updated = known.last_checkin = now
            known.more.update(document)
            return known
        if uuid and (uuid in store.consumers or uuid in store.deleted):
            raise bad_request(f"Unit with UUID {uuid} already exists.")
        consumer = Consumer(
            owner=owner,
            name=name,
            type=kind,
            created=now,
            updated=now,
            facts=facts,
            last_checkin=now,
            username=username,
            service_level=document.get("serviceLevel") or owner.default_service_level or "",
            more=dict(document),
            **({"uuid": uuid} if uuid else {}),
        )
        store.add(consumer)
        if hypervisor_id:
            store.set_hypervisor_id(consumer, hypervisor_id, None)
        return consumer


def already_used(verb: str, unit: str, hypervisor_id: str) -> ApiError:
    """400: the hypervisor id belongs to another consumer of the organization."""
    return bad_request(f"Problem {verb} unit {unit}: Hypervisor id: {hypervisor_id} is already used.")
