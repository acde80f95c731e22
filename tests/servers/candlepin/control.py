# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What another process can do to a running server, besides faults and the log.

======  ===========================  ==============================================================================
method  path                         what
======  ===========================  ==============================================================================
GET     /_test/state                 owners, consumers with facts and guests, jobs
PUT     /_test/jobs                  ``{"paused": bool, "queue_time": s, "run_time": s, "fail_next": "text"}``
PUT     /_test/settings              members of Settings: ``{"mode": "SUSPEND"}``, ``{"capabilities": [...]}``
POST    /_test/clock                 ``{"advance": seconds}``
POST    /_test/consumers             ``{"owner": key, "name": name}``: a registered system; uuid and paths of its pair
DELETE  /_test/consumers/{uuid}      delete a consumer, which gets 410 from then on
======  ===========================  ==============================================================================
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._http import Request, Response, Router
from .store import Settings

if t.TYPE_CHECKING:
    from .server import CandlepinServer

_SETS = {"capabilities", "auto_attach_disabled", "broken_hypervisors"}
_CHANGEABLE = {one.name for one in dataclasses.fields(Settings)}


class CandlepinControl:
    """The control routes of one server."""

    def __init__(self, server: CandlepinServer, routes: Router) -> None:
        """Add them to the routes that every server has."""
        self.server = server
        routes.add("GET", "/_test/state", lambda _request: Response.json(state(server)))
        routes.add("PUT", "/_test/jobs", self._jobs)
        routes.add("PUT", "/_test/settings", self._settings)
        routes.add("POST", "/_test/clock", self._clock)
        routes.add("POST", "/_test/consumers", self._register)
        routes.add("DELETE", "/_test/consumers/{uuid}", self._delete)

    def _jobs(self, request: Request) -> Response:
        wanted = request.json()
        failure = wanted.pop("fail_next", None)
        strange = set(wanted) - {"paused", "queue_time", "run_time"}
        if strange:
            return Response.json({"error": f"unknown: {', '.join(sorted(strange))}"}, 400)
        if failure is not None:
            self.server.jobs.fail_next(failure)
        self.server.jobs.configure(**wanted)
        return Response(204)

    def _settings(self, request: Request) -> Response:
        wanted = request.json()
        strange = set(wanted) - _CHANGEABLE
        if strange:
            return Response.json({"error": f"unknown: {', '.join(sorted(strange))}"}, 400)
        for name, value in wanted.items():
            setattr(self.server.state.settings, name, set(value) if name in _SETS else value)
        return Response(204)

    def _clock(self, request: Request) -> Response:
        self.server.state.clock.advance(float(request.json()["advance"]))
        return Response(204)

    def _register(self, request: Request) -> Response:
        wanted = request.json()
        registered = self.server.register(wanted["owner"], wanted["name"])
        pair = registered.pair
        return Response.json({"uuid": registered.uuid, "cert": str(pair.cert), "key": str(pair.key)})

    def _delete(self, request: Request) -> Response:
        consumer = self.server.state.consumers.get(request.params["uuid"])
        if consumer is None:
            return Response.json({"error": "no such consumer"}, 404)
        self.server.state.delete(consumer)
        return Response(204)


def state(server: CandlepinServer) -> dict[str, t.Any]:
    """Everything worth comparing, in a stable order."""
    store, views = server.state, server.candlepin.views
    with store.lock:
        consumers = [
            {
                **views.consumer(consumer),
                "idCert": None,
                "guestIds": [views.guest(row, attributes=True) for row in consumer.guests],
            }
            for consumer in store.consumers.values()
        ]
    return {
        "flavour": server.flavour.name,
        "owners": list(store.owners),
        "consumers": consumers,
        "deleted": sorted(store.deleted),
        "jobs": [views.job(job) for job in server.jobs.submitted],
    }
