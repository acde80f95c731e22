# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""From a request to an answer: suspend mode, routes, media types, the caller, errors, headers."""

from __future__ import annotations

import json
import re
import typing as t
import uuid as uuids
from dataclasses import dataclass

from .._http import Request, Response, RouteTable
from .._tls import CertificateAuthority
from .errors import ApiError, bad_request
from .flavours import Flavour
from .jobs import JobQueue
from .security import Principal, authenticate
from .store import Store
from .views import Views, alphabetical

SUSPENDED = "Candlepin is in Suspend mode, please check /status resource to get more details"
_CORRELATION = re.compile(r"[a-zA-Z0-9-]+")


@dataclass(frozen=True)
class Call:
    """One authenticated request."""

    request: Request
    principal: Principal

    def __getitem__(self, name: str) -> str:
        """A variable part of the path."""
        return self.request.params[name]

    def argument(self, name: str) -> str | None:
        """A query parameter."""
        return self.request.argument(name)

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean query parameter as Java reads it: ``true`` in any case, anything else is false."""
        value = self.request.argument(name)
        return default if value is None else value.lower() == "true"

    def document(self, kind: type) -> t.Any:
        """The body as JSON of this kind, else 400."""
        try:
            document = self.request.json()
        except (ValueError, RecursionError) as error:
            raise bad_request("Could not parse the request body as JSON") from error
        if not isinstance(document, kind):
            raise bad_request("The request body has not the expected form")
        return document

    @property
    def correlation_id(self) -> str | None:
        """The caller's id for this call; a bad one is ignored, a long one cut."""
        value = self.request.header("X-Correlation-ID")
        return value[:40] if _CORRELATION.fullmatch(value) else None


@dataclass(frozen=True)
class Route:
    """A handler, and what has to be true before it runs."""

    handler: t.Callable[[Candlepin, Call], Response]
    #: Media types of the body; None for any.
    consumes: tuple[str, ...] | None = None
    anonymous: bool = False


class Candlepin:
    """The application. Its routes come from the modules beside this one."""

    def __init__(self, flavour: Flavour, store: Store, jobs: JobQueue, issuer: CertificateAuthority) -> None:
        """``issuer`` signs identity certificates."""
        self.flavour = flavour
        self.store = store
        self.jobs = jobs
        self.issuer = issuer
        self.views = Views(flavour)
        self.prefix = "/candlepin" if flavour.katello else flavour.prefix
        self.routes: RouteTable[Route] = RouteTable(self.prefix)

    # -- answering

    def respond(self, document: t.Any, status: int = 200, headers: t.Sequence[tuple[str, str]] = ()) -> Response:
        """A JSON answer the way this flavour writes it."""
        ordered = alphabetical(document) if self.flavour.sorted_members else document
        body = json.dumps(ordered, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
        return Response(status, body, [("Content-Type", "application/json"), *headers], chunked=True)

    @staticmethod
    def nothing() -> Response:
        """204."""
        return Response(204)

    def __call__(self, request: Request, principal: Principal | None = None) -> Response:
        """Answer a request; ``principal`` is given by Katello, which has authenticated the caller itself."""
        request_uuid = str(uuids.uuid4())
        try:
            response = self._answer(request, principal)
        except ApiError as error:
            body = {"displayMessage": error.message, "requestUuid": request_uuid, **error.members}
            response = self.respond(body, error.status, error.headers)
        version = [("X-Version", self.flavour.full_version)]
        response.headers[:0] = [("x-candlepin-request-uuid", request_uuid), *version]
        if response.status >= 400:
            # Real servers say it twice then.
            response.headers[:0] = version
        return response

    def _answer(self, request: Request, principal: Principal | None) -> Response:
        path = request.path[len(self.prefix) :] if request.path.startswith(self.prefix) else request.path
        if self.store.settings.mode == "SUSPEND" and not path.startswith("/status"):
            raise ApiError(503, SUSPENDED)
        kind = request.header("Content-Type")
        if kind and "/" not in kind:
            return Response(400, f"Invalid Content-Type {kind}".encode(), [("Content-Type", "text/plain")])
        route, methods = self.routes.find(request)
        if route is None and methods:
            message = f"Runtime Error RESTEASY003650: No resource method found for {request.method}, return 405"
            raise ApiError(405, message, headers=[("Allow", ", ".join(sorted(methods)))])
        if route is None:
            raise ApiError(404, f"Runtime Error RESTEASY003210: Could not find resource for full path: {request.path}")
        if route.consumes is not None and request.content_type not in route.consumes:
            raise ApiError(415, "Runtime Error RESTEASY003200: Could not find message body reader for this media type")
        if route.anonymous:
            return route.handler(self, Call(request, principal or Principal("anonymous")))
        return route.handler(self, Call(request, principal or authenticate(self.store, request)))
