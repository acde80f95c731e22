# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Organizations: their hypervisors, and which of them a user has."""

from __future__ import annotations

from .._http import Response, RouteTable
from .app import Call, Candlepin, Route
from .errors import forbidden
from .model import Consumer
from .paging import page
from .security import visible_owner

CONSUMER_SORTERS = {
    "created": lambda consumer: consumer.created,
    "lastCheckin": lambda consumer: consumer.last_checkin or 0.0,
    "name": lambda consumer: consumer.name,
    "updated": lambda consumer: consumer.updated,
    "uuid": lambda consumer: consumer.uuid,
}


def add_routes(routes: RouteTable[Route]) -> None:
    """``GET /owners/{key}/hypervisors`` and ``GET /users/{login}/owners``."""
    routes.add("GET", "/owners/{key}/hypervisors", Route(_hypervisors))
    routes.add("GET", "/users/{login}/owners", Route(_owners_of_user))


def _hypervisors(app: Candlepin, call: Call) -> Response:
    owner = visible_owner(app.store, call.principal, call["key"])
    if not call.principal.may_read(owner):
        raise forbidden()
    wanted = {identifier.lower() for identifier in call.request.query.get("hypervisor_id", [])}
    found: list[Consumer] = [
        consumer
        for consumer in app.store.consumers_of(owner)
        if consumer.hypervisor and (not wanted or consumer.hypervisor.hypervisor_id.lower() in wanted)
    ]
    shown, headers = page(call.request, found, CONSUMER_SORTERS)
    return app.respond([app.views.consumer_element(consumer) for consumer in shown], headers=headers)


def _owners_of_user(app: Candlepin, call: Call) -> Response:
    login = call["login"]
    user = app.store.users.get(login)
    if user is None or not (call.principal.is_admin or call.principal.user is user):
        raise forbidden()
    owners = app.store.owners.values()
    return app.respond([app.views.owner(owner) for owner in owners if user.super_admin or owner.key in user.rights])
