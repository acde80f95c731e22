# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Consumers: registering, reading, the local mode's PUT, deleting, searching."""

from __future__ import annotations

import typing as t

from .._http import Request, Response, RouteTable
from .app import Call, Candlepin, Route
from .errors import bad_request, unauthorized
from .identity import issue_identity
from .model import Consumer
from .paging import page
from .registration import (
    already_used,
    check_name,
    consumer_type,
    owner_for,
    read_facts,
    read_hypervisor_id,
    register,
)
from .routes_guests import JSON, parse_guests
from .routes_owners import CONSUMER_SORTERS
from .security import Principal, authenticate, visible_consumer, visible_owner

MANIFEST_REFUSED = "You may not create a manifest consumer via Subscription Manager."


def add_routes(routes: RouteTable[Route]) -> None:
    """``/consumers`` and ``/consumers/{uuid}``."""
    # Anonymous, because an activation key takes the place of a caller.
    routes.add("POST", "/consumers", Route(_register, consumes=JSON, anonymous=True))
    routes.add("GET", "/consumers", Route(_search))
    routes.add("GET", "/consumers/{uuid}", Route(_get))
    routes.add("PUT", "/consumers/{uuid}", Route(_update, consumes=JSON))
    routes.add("DELETE", "/consumers/{uuid}", Route(_delete))
    routes.add("GET", "/consumers/{uuid}/owner", Route(_owner))


def _register(app: Candlepin, call: Call) -> Response:
    key = call.argument("owner")
    if call.principal.trusted:
        # Katello has seen to it.
        principal: Principal | None = call.principal
    else:
        principal = None if _activated(app, call.request, key) else authenticate(app.store, call.request)
    return app.respond(app.views.consumer(new_consumer(app, call, principal, key)))


def _activated(app: Candlepin, request: Request, key: str | None) -> bool:
    """Did the caller name activation keys of the organization? Unknown ones are refused."""
    names = {name for name in (request.argument("activation_keys") or "").split(",") if name}
    if not names:
        return False
    owner = app.store.owners.get(key or "")
    if owner is None or not names <= owner.activation_keys:
        raise unauthorized()
    return True


def new_consumer(app: Candlepin, call: Call, principal: Principal | None, key: str | None) -> Consumer:
    """Register what the body describes."""
    document = call.document(dict)
    owner = owner_for(app.store, principal, key)
    if call.request.header("User-Agent").startswith("RHSM") and consumer_type(document.get("type")) == "candlepin":
        raise bad_request(MANIFEST_REFUSED)
    username = call.argument("username") or (principal.login if principal else None)
    consumer = register(app.store, owner, document, username)
    if call.flag("identity_cert_creation", True):
        issue_identity(app.issuer, consumer, app.store.clock.now())
    return consumer


def _get(app: Candlepin, call: Call) -> Response:
    return app.respond(app.views.consumer(visible_consumer(app.store, call.principal, call["uuid"])))


def _update(app: Candlepin, call: Call) -> Response:
    consumer = visible_consumer(app.store, call.principal, call["uuid"], write=True)
    apply_update(app, consumer, call.document(dict))
    return app.nothing()


def apply_update(app: Candlepin, consumer: Consumer, document: dict[str, t.Any]) -> None:
    """Change the members that are there; everything is checked before anything is changed."""
    store = app.store
    guests = parse_guests(document["guestIds"]) if document.get("guestIds") is not None else None
    facts = read_facts(document["facts"]) if document.get("facts") is not None else None
    name = check_name(document["name"], consumer.type == "system") if document.get("name") else None
    hypervisor_id = read_hypervisor_id(document.get("hypervisorId"))
    with store.lock:
        if hypervisor_id:
            holder = store.find_by_hypervisor_id(consumer.owner, hypervisor_id)
            if holder is not None and holder is not consumer:
                raise already_used("updating", consumer.name, hypervisor_id)
        if hypervisor_id is not None and not _same_id(consumer, hypervisor_id):
            store.set_hypervisor_id(consumer, hypervisor_id or None, None)
        if guests is not None:
            store.set_guests(consumer, guests)
        if facts is not None:
            store.set_facts(consumer, facts)
        consumer.name = name or consumer.name
        consumer.more.update(document)
        consumer.last_checkin = consumer.updated = store.clock.now()


def _same_id(consumer: Consumer, hypervisor_id: str) -> bool:
    known = consumer.hypervisor.hypervisor_id if consumer.hypervisor else ""
    return known.lower() == hypervisor_id.lower()


def _delete(app: Candlepin, call: Call) -> Response:
    app.store.delete(visible_consumer(app.store, call.principal, call["uuid"], write=True))
    return app.nothing()


def _owner(app: Candlepin, call: Call) -> Response:
    return app.respond(app.views.owner(visible_consumer(app.store, call.principal, call["uuid"]).owner))


def _search(app: Candlepin, call: Call) -> Response:
    query = call.request.query
    wanted = {name: {value.lower() for value in query.get(name, [])} for name in ("uuid", "type", "hypervisor_id")}
    key, username = call.argument("owner"), call.argument("username")
    if not any(wanted.values()) and not key and not username:
        raise bad_request("Must specify at least one search criteria.")
    owners = [visible_owner(app.store, call.principal, key)] if key else list(app.store.owners.values())
    found = [
        consumer
        for owner in owners
        if call.principal.may_read(owner)
        for consumer in app.store.consumers_of(owner)
        if (not wanted["uuid"] or consumer.uuid in wanted["uuid"])
        and (not wanted["type"] or consumer.type in wanted["type"])
        and (not wanted["hypervisor_id"] or _id_of(consumer) in wanted["hypervisor_id"])
        and (not username or consumer.username == username)
    ]
    shown, headers = page(call.request, found, CONSUMER_SORTERS)
    return app.respond([app.views.consumer_element(consumer) for consumer in shown], headers=headers)


def _id_of(consumer: Consumer) -> str | None:
    return consumer.hypervisor.hypervisor_id if consumer.hypervisor else None
