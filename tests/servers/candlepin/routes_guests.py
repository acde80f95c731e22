# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The guests of one consumer, and who hosts whom."""

from __future__ import annotations

import typing as t

from .._http import Response, RouteTable
from .app import Call, Candlepin, Route
from .errors import bad_request, forbidden, not_found
from .mapping import BadMapping, guest
from .model import Consumer, Guest, ReportedGuest
from .ownership import claimant, guests_of, host_of
from .security import visible_consumer

JSON = ("application/json",)


def add_routes(routes: RouteTable[Route]) -> None:
    """``/consumers/{uuid}/guestids``, ``/guests`` and ``/host``."""
    rows = "/consumers/{uuid}/guestids"
    routes.add("GET", rows, Route(_list))
    routes.add("PUT", rows, Route(_replace, consumes=JSON))
    routes.add("GET", rows + "/{guest}", Route(_get))
    routes.add("PUT", rows + "/{guest}", Route(_put, consumes=JSON))
    routes.add("DELETE", rows + "/{guest}", Route(_delete))
    routes.add("GET", "/consumers/{uuid}/guests", Route(_guests))
    routes.add("GET", "/consumers/{uuid}/host", Route(_host))


def parse_guests(elements: t.Any) -> list[ReportedGuest]:
    """A complete guest list, ids or objects; a null among them is an error, an empty id is dropped."""
    try:
        if not isinstance(elements, list):
            raise BadMapping("not a list")
        parsed = [guest(element) for element in elements]
    except BadMapping as error:
        raise bad_request(f"Invalid guest ids: {error}") from error
    return [one for one in parsed if one.guest_id]


def _row(consumer: Consumer, guest_id: str) -> Guest:
    row = next((row for row in consumer.guests if row.guest_id.lower() == guest_id.lower()), None)
    if row is None:
        raise not_found(f"Guest with UUID {guest_id} could not be found.")
    return row


def _list(app: Candlepin, call: Call) -> Response:
    consumer = visible_consumer(app.store, call.principal, call["uuid"])
    return app.respond([app.views.guest(row, attributes=False) for row in consumer.guests])


def _get(app: Candlepin, call: Call) -> Response:
    consumer = visible_consumer(app.store, call.principal, call["uuid"])
    return app.respond(app.views.guest(_row(consumer, call["guest"]), attributes=True))


def _replace(app: Candlepin, call: Call) -> Response:
    consumer = visible_consumer(app.store, call.principal, call["uuid"], write=True)
    app.store.set_guests(consumer, parse_guests(call.document(list)))
    return app.nothing()


def _put(app: Candlepin, call: Call) -> Response:
    store = app.store
    consumer = visible_consumer(store, call.principal, call["uuid"], write=True)
    sent = parse_guests([call.document(dict)])
    named = sent[0] if sent else ReportedGuest(call["guest"])
    if named.guest_id.lower() != call["guest"].lower():
        raise bad_request(f'Guest ID in json "{named.guest_id}" does not match path guest ID "{call["guest"]}"')
    with store.lock:
        holder = claimant(store, consumer, named.guest_id)
        if holder is not None and holder is not consumer:
            holder.guests = [row for row in holder.guests if row.guest_id.lower() != named.guest_id.lower()]
        kept = [row for row in consumer.guests if row.guest_id.lower() != named.guest_id.lower()]
        now = store.clock.now()
        consumer.guests = [*kept, Guest(named.guest_id, dict(named.attributes), now, now)]
    return app.nothing()


def _delete(app: Candlepin, call: Call) -> Response:
    store = app.store
    consumer = visible_consumer(store, call.principal, call["uuid"], write=True)
    row = _row(consumer, call["guest"])
    unregister = call.flag("unregister")
    if unregister and call.principal.consumer is not None:
        raise forbidden()
    with store.lock:
        if unregister:
            for registered in [c for c in guests_of(store, consumer) if c.facts["virt.uuid"] == row.guest_id]:
                store.delete(registered)
        consumer.guests.remove(row)
    return app.nothing()


def _guests(app: Candlepin, call: Call) -> Response:
    consumer = visible_consumer(app.store, call.principal, call["uuid"])
    if consumer.is_guest:
        raise bad_request(f"The system with UUID {consumer.uuid} is a virtual guest. It does not have guests.")
    return app.respond([app.views.consumer_element(one) for one in guests_of(app.store, consumer)])


def _host(app: Candlepin, call: Call) -> Response:
    consumer = visible_consumer(app.store, call.principal, call["uuid"])
    if not consumer.facts.get("virt.uuid"):
        raise bad_request(f"The system with UUID {consumer.uuid} is not a virtual guest.")
    host = host_of(app.store, consumer)
    return app.nothing() if host is None else app.respond(app.views.consumer(host))
