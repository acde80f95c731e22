# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Katello in front of a Candlepin: its own routes and rights, its own errors, and what it keeps from passing."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from email.message import Message

from .._http import Request, Response, RouteTable
from .app import Candlepin
from .errors import ApiError
from .model import User
from .routes_discovery import RESOURCES, status
from .security import Principal, consumer_uuid

Handler = t.Callable[[Request], Response]

#: Members of a local-mode update that Katello passes on; hypervisorId is not among them.
UPDATE_MEMBERS = [
    "name",
    "type",
    "facts",
    "installedProducts",
    "releaseVer",
    "usage",
    "role",
    "serviceLevel",
    "uuid",
    "capabilities",
    "guestIds",
    "lastCheckin",
]
MEDIA_TYPE = (
    "Media type in 'Content-Type: {}' is unsupported in API v2 for POST and PUT requests. "
    "Please use 'Content-Type: application/json'."
)
#: Resources of the list that Katello has no routes for, and the one that only Katello names.
_NOT_LISTED = {"activation_keys", "admin", "products", "roles", "serials"}


class Refusal(Exception):
    """An answer of Katello's own."""

    def __init__(self, response: Response) -> None:
        """Carries the response."""
        super().__init__(response.status)
        self.response = response


def katello_error(code: int, message: str) -> Refusal:
    """The shape of Katello's errors."""
    return Refusal(Response.json({"displayMessage": message, "errors": [message]}, code))


def foreman_error(code: int, message: str) -> Refusal:
    """The shape of Foreman's errors, which has no ``displayMessage``."""
    return Refusal(Response.json({"error": {"message": message}}, code))


class Katello:
    """The application in front; ``candlepin`` is the one behind, which trusts it."""

    def __init__(self, candlepin: Candlepin) -> None:
        """Stand in front of this Candlepin."""
        self.candlepin = candlepin
        self.store = candlepin.store
        self.prefix = candlepin.flavour.prefix
        self._status: tuple[float, t.Any] | None = None
        self.routes: RouteTable[Handler] = RouteTable(self.prefix)
        add = self.routes.add
        add("GET", "/", self._root)
        add("GET", "/status", self._cached_status)
        add("POST", "/hypervisors/{owner}", self._check_in)
        add("PUT", "/hypervisors/{owner}/heartbeat", self._heartbeat)
        add("POST", "/hypervisors", self._check_in_sync)
        add("GET", "/jobs/{id}", lambda request: self._pass(request, self._anybody(request)))
        add("POST", "/consumers", self._register)
        add("GET", "/consumers/{uuid}", lambda request: self._pass(request, self._itself_or_user(request)))
        add("PUT", "/consumers/{uuid}", self._update)
        add("DELETE", "/consumers/{uuid}", lambda request: self._pass(request, self._itself(request)))
        add("GET", "/consumers/{uuid}/owner", lambda request: self._pass(request, self._itself(request)))
        add("GET", "/users/{login}/owners", self._owners)
        rows = "/consumers/{uuid}/guestids"
        for method, pattern in (
            ("GET", rows),
            ("PUT", rows),
            *((m, rows + "/{guest}") for m in ("GET", "PUT", "DELETE")),
        ):
            add(method, pattern, self._guests)

    # -- answering

    def __call__(self, request: Request) -> Response:
        """Answer a request."""
        try:
            handler, _methods = self.routes.find(request)
            if handler is None:
                # What the web framework says of an unknown route.
                raise Refusal(Response.json({"status": 404, "error": "Not Found"}, 404))
            if request.method in {"POST", "PUT"} and handler != self._check_in:
                self._json_only(request)
            response = handler(request)
        except Refusal as refusal:
            response = refusal.response
        response.headers.append(("X-CANDLEPIN-VERSION", f"katello/{self.candlepin.flavour.version}"))
        return response

    @staticmethod
    def _json_only(request: Request) -> None:
        if request.content_type != "application/json":
            raise foreman_error(415, MEDIA_TYPE.format(request.header("Content-Type")))

    def _pass(self, request: Request, principal: Principal, code: int | None = None, **changes: t.Any) -> Response:
        """Hand a request on. Errors come back as they are; ``code`` replaces the status of a success."""
        if self.store.settings.candlepin_down:
            raise katello_error(500, "Failed to open TCP connection to localhost:23443 (Connection refused)")
        query = changes.pop("query", request.query_string)
        path = self.candlepin.prefix + request.path[len(self.prefix) :]
        inner = dataclasses.replace(request, target=f"{path}?{query}" if query else path, **changes)
        response = self.candlepin(inner, principal)
        if code is not None and response.status < 400:
            response.status = code
        return response

    # -- who asks

    def _user(self, request: Request) -> User:
        credential = request.basic_auth()
        name = credential[0] if credential else ""
        user = self.store.users.get(name)
        if credential is None or user is None or user.password != credential[1]:
            raise foreman_error(401, f"Unable to authenticate user {name}")
        return user

    def _client(self, request: Request) -> Principal | None:
        """The consumer of the certificate, None without one; Candlepin is asked about one that has no host record."""
        certificate = request.connection.certificate
        if certificate is None:
            return None
        try:
            uuid = consumer_uuid(certificate)
        except ApiError as error:
            raise katello_error(401, error.message) from error
        consumer = self.store.consumers.get(uuid)
        if consumer is not None:
            return Principal(uuid, consumer=consumer)
        admin = Principal("foreman_admin", trusted=True)
        raise Refusal(
            self._pass(dataclasses.replace(request, method="GET", target=f"{self.prefix}/consumers/{uuid}"), admin)
        )

    def _anybody(self, request: Request) -> Principal:
        return self._client(request) or Principal(self._user(request).name, trusted=True)

    def _itself(self, request: Request) -> Principal:
        """The consumer that the path is about."""
        client = self._client(request)
        if client is None or client.name != request.params["uuid"]:
            raise katello_error(403, "Access denied")
        return client

    def _itself_or_user(self, request: Request) -> Principal:
        client = self._client(request)
        if client is not None and client.name == request.params["uuid"]:
            return client
        return Principal(self._user(request).name, trusted=True)

    def _reporter(self, request: Request, *permissions: str) -> Principal:
        """A consumer, or a user with one of these permissions."""
        client = self._client(request)
        if client is not None:
            return client
        user = self._user(request)
        if not user.super_admin and not user.permissions & set(permissions):
            raise katello_error(403, "Access denied")
        return Principal(user.name, trusted=True)

    # -- the routes that are not simply passed on

    def _root(self, _request: Request) -> Response:
        listed = {rel: href for rel, href in RESOURCES.items() if rel not in _NOT_LISTED}
        listed["heartbeat"] = "/hypervisors/{owner}/heartbeat"
        return Response.json([{"rel": rel, "href": f"/rhsm{href}"} for rel, href in sorted(listed.items())])

    def _cached_status(self, request: Request) -> Response:
        now = self.store.clock.now()
        if self._status is None or now - self._status[0] > self.store.settings.status_cache:
            if self.store.settings.candlepin_down:
                raise katello_error(500, "Failed to open TCP connection to localhost:23443 (Connection refused)")
            self._status = now, status(self.candlepin)
        document = self._status[1]
        capabilities = [*document["managerCapabilities"], "combined_reporting"]
        return Response.json({**document, "managerCapabilities": capabilities})

    def _check_in(self, request: Request) -> Response:
        principal = self._reporter(request, "create_hosts", "edit_hosts")
        if principal.consumer is None and request.params["owner"] not in self.store.owners:
            raise katello_error(403, "Access denied")
        # Of the query only the reporter is passed on: hosts are always created.
        reporter_id = request.argument("reporter_id")
        query = f"reporter_id={_quote(reporter_id)}" if reporter_id else ""
        headers = with_header(request, "Content-Type", "text/plain")
        return self._pass(request, principal, 200, query=query, headers=headers)

    def _heartbeat(self, request: Request) -> Response:
        key = request.params["owner"]
        if key not in self.store.owners:
            raise katello_error(404, f"Couldn't find Organization '{key}'.")
        principal = self._reporter(request, "edit_hosts")
        if principal.consumer is None:
            user = self.store.users[principal.name]
            if not user.super_admin and key not in user.rights:
                raise katello_error(404, f"User '{user.name}' does not belong to Organization '{key}'.")
        return self._pass(request, principal, 200, body=b"{}")

    def _check_in_sync(self, request: Request) -> Response:
        principal = self._reporter(request, "create_hosts", "edit_hosts")
        key = principal.consumer.owner.key if principal.consumer else request.argument("owner")
        if key not in self.store.owners:
            raise katello_error(403, "Access denied")
        return self._pass(request, principal, 200, query=f"owner={_quote(key or '')}&env=")

    def _register(self, request: Request) -> Response:
        key = request.argument("owner")
        if key is not None and key not in self.store.owners:
            raise katello_error(404, f"Couldn't find Organization '{key}'.")
        if not request.argument("activation_keys"):
            self._user(request)
        return self._pass(request, Principal("foreman_admin", trusted=True), 200)

    def _update(self, request: Request) -> Response:
        principal = self._itself_or_user(request)
        try:
            document = request.json()
        except ValueError:
            raise foreman_error(400, "There was a problem in the JSON you submitted") from None
        kept = {name: document[name] for name in UPDATE_MEMBERS if name in document}
        answer = self._pass(request, principal, body=json.dumps(kept).encode())
        if answer.status >= 400:
            return answer
        return Response.json({"content": "Facts successfully updated."})

    def _owners(self, request: Request) -> Response:
        user = self._user(request)
        owners = [o for o in self.store.owners.values() if user.super_admin or o.key in user.rights]
        return Response.json([{"key": owner.key, "displayName": owner.display_name} for owner in owners])

    def _guests(self, request: Request) -> Response:
        return self._pass(request, self._itself(request), 200)


def _quote(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8"))


def with_header(request: Request, name: str, value: str) -> Message:
    """The headers of a request with one of them replaced."""
    headers = Message()
    for key, old in request.headers.items():
        if key.lower() != name.lower():
            headers[key] = old
    headers[name] = value
    return headers
