# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The server: both paths on one port."""

from __future__ import annotations

import base64
import typing as t
import xmlrpc.client
import zlib
from dataclasses import asdict
from xml.parsers.expat import ExpatError

from .._http import HttpServer, Request, Response
from . import rpc
from .api import Dispatcher, Sessions
from .api_channels import Channels, DistMaps
from .api_methods import People, Systems
from .backend import Registration
from .backend_faults import BackendFault, caught
from .state import Database

_BACKEND_HEADERS = [
    ("X-RHN-Client-Version", "1"),
    ("X-RHN-Proxy-Version", "0"),
    ("X-RHN-Server-Capability", "registration.extended_update_support(1)=1"),
    ("X-Transport-Info", "Extended Capabilities Transport (C) Red Hat, Inc (version 1.0)"),
]
#: The only methods whose answers are compressed, which a plain XML-RPC client cannot read.
_COMPRESSED = ("registration.welcome_message", "registration.privacy_statement")
_CAUGHT = (TypeError, ValueError, KeyError, IndexError)


class Satellite5Server(HttpServer):
    """A Spacewalk 2.11 (``python=2``) or a Uyuni that still has the registration class (``python=3``).

    It begins with one organisation, "Acme", and its administrator ``admin`` / ``secret123``.
    """

    def __init__(self, *, python: int = 2, registration: bool = True, **options: t.Any) -> None:
        """Serve; without ``registration`` that class is gone, as in Uyuni from 2024.07."""
        super().__init__(self._route, **options)
        self.python = python
        self.registration = registration
        self.database = Database()
        self.organization = self.database.add_organization("Acme")
        self.admin = self.database.add_user("admin", "secret123", self.organization.id, "org_admin")
        #: Names of the methods that were called, in order.
        self.calls: list[str] = []
        self._api = Dispatcher(Sessions(self.database))
        for part in (People, Systems, Channels, DistMaps):
            part(self.database, self._api)
        self._backend = Registration(self.database)
        if self.control is not None:
            self.control.routes.add("GET", "/_test/state", lambda _request: Response.json(self.state()))
            self.control.routes.add("DELETE", "/_test/calls", self._forget_calls)

    # -- for tests

    def state(self) -> dict[str, t.Any]:
        """What there is, for a test in another process; no secrets."""
        return {
            "calls": list(self.calls),
            "channels": sorted(self.database.channels),
            "maps": [asdict(row) for row in self.database.maps],
            "systems": [{"id": s.id, "name": s.name} for s in self.database.systems.values()],
            "guests": [
                {"host": row.host, "uuid": row.uuid, "state": row.info and row.info.state}
                for row in self.database.instances()
                if row.uuid is not None
            ],
            "sessions": len(self.database.sessions),
        }

    def guest_states(self, host: int) -> dict[str, str | None]:
        """State by uuid of the guests of a host."""
        rows = [row for row in self.database.instances(host=host) if row.uuid is not None]
        return {row.uuid or "": row.info.state if row.info else None for row in rows}

    def _forget_calls(self, _request: Request) -> Response:
        self.calls.clear()
        return Response(204)

    # -- requests

    def _route(self, request: Request) -> Response:
        path = request.path.rstrip("/")
        if path in ("/rpc/api", "/rhn/rpc/api"):
            if request.method != "POST":
                return Response(302, b"", [("Location", "/rhn/apidoc/index.jsp")])
            return self._call_rpc(request, self._call_api)
        if path == "/XMLRPC":
            if request.method != "POST":
                return Response(405, b"", [("Allow", "POST")])
            response = self._call_rpc(request, self._call_backend)
            response.headers.extend(_BACKEND_HEADERS)
            return response
        return Response.text("<html><body>Not Found</body></html>", 404, "text/html")

    def _call_rpc(self, request: Request, call: t.Callable[[str, tuple[t.Any, ...]], Response]) -> Response:
        if not request.body:
            return Response(400)
        try:
            method, parameters = rpc.read(request.body)
        except (ExpatError, xmlrpc.client.Error, ValueError, TypeError, IndexError):
            return _internal_error()
        self.calls.append(method)
        return call(method, parameters)

    def _call_api(self, method: str, parameters: tuple[t.Any, ...]) -> Response:
        try:
            with self.database.transaction():
                return rpc.answer(self._api.call(method, parameters))
        except rpc.RpcFault as error:
            return rpc.fault(error.code, error.text)

    def _call_backend(self, method: str, parameters: tuple[t.Any, ...]) -> Response:
        class_name, _dot, name = method.rpartition(".")
        if class_name != "registration" or not self.registration:
            return self._unknown(method, f"class xmlrpc.{class_name} is not defined (function = {name})")
        function = self._backend.methods.get(name)
        if function is None:
            return self._unknown(method, f"Invalid request received (function: {method} invalid).")
        try:
            with self.database.transaction():
                value = function(*parameters)
        except BackendFault as error:
            return rpc.fault(error.code, error.string)
        except _CAUGHT as error:
            return rpc.fault(1, caught(method, error, self.python))
        except RuntimeError:
            # What the real server's database refuses, and every error that it has no fault for.
            return _internal_error()
        return _compressed(value) if method in _COMPRESSED else rpc.answer(value)

    def _unknown(self, method: str, text: str) -> Response:
        shown = "rhn.UnknownXML" if self.python == 2 else "spacewalk.common.UnknownXML"
        kind = f"<class '{shown}'>"
        return rpc.fault(-1, f"While running '{method}': caught\n{kind} : {text}\n")


def _internal_error() -> Response:
    return Response.text("<html><head><title>500 Internal Server Error</title></head></html>", 500, "text/html")


def _compressed(value: t.Any) -> Response:
    body = base64.encodebytes(zlib.compress(rpc.answer(value).whole_body()))
    return Response(
        200,
        body,
        [("Content-Type", "text/base64"), ("Content-Encoding", "x-zlib"), ("Content-Transfer-Encoding", "base64")],
    )
