# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Routes below ``/_test/`` through which another process steers a server. They are never logged and never faulty.

======  =====================  ====================================================================================
method  path                   what
======  =====================  ====================================================================================
GET     /_test/requests        the request log as a list
DELETE  /_test/requests        forget the log
POST    /_test/faults          ``{"fault": "status", "with": {"code": 503}, "method": "GET", "path": "/x", "times": 2,
                               "skip": 0}``; ``times: null`` for ever
DELETE  /_test/faults          behave again
======  =====================  ====================================================================================

A server adds its own with ``server.control.routes.add(...)``.
"""

from __future__ import annotations

import typing as t

from .faults import CATALOGUE
from .log import RequestLog
from .message import Request, Response
from .plan import Fault, FaultPlan
from .router import Router

CONTROL_PREFIX = "/_test/"


def described(description: dict[str, t.Any]) -> tuple[Fault, dict[str, t.Any]]:
    """A fault and its rule's options from the JSON form; raises ValueError with a sentence for a wrong one."""
    rule = dict(description)
    name = rule.pop("fault", None)
    if name not in CATALOGUE:
        raise ValueError(f"unknown fault {name!r}; there are: {', '.join(sorted(CATALOGUE))}")
    arguments = rule.pop("with", {})
    strange = set(rule) - {"times", "skip", "method", "path"}
    if strange:
        raise ValueError(f"unknown options: {', '.join(sorted(strange))}")
    try:
        fault = CATALOGUE[name](*arguments) if isinstance(arguments, list) else CATALOGUE[name](**arguments)
    except (TypeError, KeyError) as error:
        raise ValueError(f"wrong arguments for {name}: {error}") from error
    return fault, rule


class Control:
    """The control routes of one server."""

    def __init__(self, log: RequestLog, faults: FaultPlan) -> None:
        """Steer this log and these faults."""
        self.log = log
        self.faults = faults
        self.routes = Router()
        self.routes.add("GET", "/_test/requests", lambda _request: Response.json([e.as_json() for e in log.find()]))
        self.routes.add("DELETE", "/_test/requests", lambda _request: self._done(log.clear))
        self.routes.add("POST", "/_test/faults", self._add_fault)
        self.routes.add("DELETE", "/_test/faults", lambda _request: self._done(faults.clear))

    def owns(self, request: Request) -> bool:
        """Is this a request for the control routes?"""
        return request.path.startswith(CONTROL_PREFIX)

    def __call__(self, request: Request) -> Response:
        """Answer a control request."""
        return self.routes(request)

    @staticmethod
    def _done(action: t.Callable[[], None]) -> Response:
        action()
        return Response(204)

    def _add_fault(self, request: Request) -> Response:
        try:
            fault, rule = described(request.json())
        except ValueError as error:
            return Response.json({"error": str(error)}, 400)
        self.faults.add(fault, **rule)
        return Response(204)
