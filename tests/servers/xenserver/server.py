# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A host of a pool that answers calls: the coordinator, or a member that only names it."""

from __future__ import annotations

import json
import re
import threading
import typing as t
import uuid
from dataclasses import dataclass

from .._http import HttpServer, Request, Response
from .._http.plan import Fault
from .._http.wire import Exchange
from .database import Database
from .model import Pool, Tables
from .wire import Call, Failure, Malformed, read

LOGIN = ("session.login_with_password", "session.slave_local_login_with_password")
# How many parameters a call has, the session among them.
_EXPECTED = {"event.from": 4, "event.inject": 3}
# What an account without any role may do.
_WITHOUT_ROLE = ("session.logout",)


@dataclass(frozen=True)
class Account:
    """Who may log in.

    Attributes:
        role: False for an account that may log in and read nothing.
    """

    user: str = "root"
    password: str = "secret"
    role: bool = True


class XenServer(HttpServer):
    """A host of a pool.

    Attributes:
        database: what it tells, and by which it is changed.
        tables: all of it, by class and reference.
        sessions: those that are open.
    """

    def __init__(
        self,
        pool: Pool,
        account: Account | None = None,
        *,
        coordinator: str | None = None,
        speaks_json: bool = True,
        speaks_events: bool = True,
        frozen: bool = False,
        **options: t.Any,
    ) -> None:
        """Serve this pool; the rest is for HttpServer.

        Args:
            coordinator: address that a member names; None for the coordinator itself.
            speaks_json: False for an old host, which takes every request for XML-RPC.
            speaks_events: False for a host of before XenServer 6.0.
            frozen: the tables will not change, so that they need to be put into text once only.
        """
        super().__init__(self._answer, **options)
        self.tables: Tables = pool.tables()
        self.database = Database(self.tables)
        self.account = account or Account()
        self.coordinator = coordinator
        self.speaks_json = speaks_json
        self.speaks_events = speaks_events
        self.frozen = frozen
        self._texts: dict[tuple[str, str], str] = {}
        self.sessions: set[str] = set()
        self._guard = threading.Lock()

    def end_sessions(self) -> None:
        """Forget all sessions, as a restart of the toolstack does."""
        with self._guard:
            self.sessions.clear()
        self.database.wake()

    def stop(self) -> None:
        """As that of every server; what waits for events ends."""
        self.stopping.set()
        self.database.wake()
        super().stop()

    def log_methods(self) -> list[str]:
        """What was called so far."""
        return [method_in(entry.body) for entry in self.log.entries]

    def wait_for(self, method: str) -> None:
        """Wait until a method is called the next time, or is being called now."""
        while self.log_methods()[-1:] != [method]:
            if self.stopping.wait(0.01):
                return

    def methods(self) -> list[str]:
        """Everything that can be called, as system.listMethods tells it."""
        of_classes = [f"{kind}.{name}" for kind in self.tables for name in ("get_all", "get_all_records", "get_record")]
        events = ["event.from", "event.inject"] if self.speaks_events else []
        return sorted([*LOGIN, *events, "session.logout", "system.listMethods", "host.get_resident_VMs", *of_classes])

    def _answer(self, request: Request) -> Response:
        if request.method != "POST":
            return Response.text("<html><body>not here</body></html>", 404, "text/html")
        try:
            call = read(request, self.speaks_json)
        except Malformed:
            if not self.speaks_json:
                return Call("", [], "", None).fail(Failure("MESSAGE_METHOD_UNKNOWN", ""))
            return Response(500, b"<html><body>malformed</body></html>", [("Content-Type", "text/html")], close=True)
        try:
            return call.succeed(self._text(call, request))
        except Failure as failure:
            return call.fail(failure)

    def _text(self, call: Call, request: Request) -> str:
        value = self._run(call, request)
        if not self.frozen or not call.method.endswith("get_all_records"):
            return call.text(value)
        key = (call.method, call.version)
        if key not in self._texts:
            self._texts[key] = call.text(value)
        return self._texts[key]

    def _run(self, call: Call, request: Request) -> t.Any:
        # Each message has a second name, for languages where the first one is no name.
        names = {name.replace(".", "_"): name for name in self.methods()}
        method = names.get(call.method, call.method)
        if method not in names.values():
            raise Failure("MESSAGE_METHOD_UNKNOWN", call.method)
        if method == "system.listMethods":
            return self.methods()
        if method in LOGIN:
            return self._login(method, call.parameters)
        usual = 2 if method.endswith(("get_record", "get_resident_VMs")) else 1
        expected = _EXPECTED.get(method, usual)
        if len(call.parameters) != expected:
            raise Failure("MESSAGE_PARAMETER_COUNT_MISMATCH", method, str(expected), str(len(call.parameters)))
        session = str(call.parameters[0])
        with self._guard:
            if session not in self.sessions:
                raise Failure("SESSION_INVALID", session)
            if method == "session.logout":
                self.sessions.discard(session)
        if method == "session.logout":
            # Whoever waits for events with this session hears that it is over.
            self.database.wake()
            return ""
        if not self.account.role and method not in _WITHOUT_ROLE:
            raise Failure("RBAC_PERMISSION_DENIED", method.lower(), "No permission in user session")
        if method == "event.inject":
            return self.database.inject(*map(str, call.parameters[1:]))
        if method == "event.from":
            return self._events(call, session, request)
        return self._read(method, call.parameters[1:])

    def _events(self, call: Call, session: str, request: Request) -> t.Any:
        classes, token, seconds = call.parameters[1:]
        # A whole number is another type on the wire of XML-RPC.
        if not isinstance(seconds, float) and (not call.version or not isinstance(seconds, int)):
            raise Failure("FIELD_TYPE_ERROR", "timeout")
        if not isinstance(classes, list) or not isinstance(token, str):
            raise Failure("FIELD_TYPE_ERROR", "classes")

        def over() -> bool:
            return session not in self.sessions or request.stopping.is_set()

        found = self.database.events(classes, token, float(seconds), over)
        if session not in self.sessions:
            raise Failure("SESSION_INVALID", session)
        return found

    def _login(self, method: str, parameters: list[t.Any]) -> str:
        if not 2 <= len(parameters) <= 4:
            raise Failure("MESSAGE_PARAMETER_COUNT_MISMATCH", method, "4", str(len(parameters)))
        if self.coordinator is not None and method == LOGIN[0]:
            raise Failure("HOST_IS_SLAVE", self.coordinator)
        if (parameters[0], parameters[1]) != (self.account.user, self.account.password):
            raise Failure("SESSION_AUTHENTICATION_FAILED", str(parameters[0]), "Authentication failure")
        session = f"OpaqueRef:{uuid.uuid4()}"
        with self._guard:
            self.sessions.add(session)
        return session

    def _read(self, method: str, parameters: list[t.Any]) -> t.Any:
        kind, _dot, message = method.partition(".")
        table = self.database.table(kind)
        if message == "get_all":
            return list(table)
        if message == "get_all_records":
            return table
        if parameters[0] not in table:
            raise Failure("HANDLE_INVALID", kind, str(parameters[0]))
        record = table[parameters[0]]
        return record["resident_VMs"] if message == "get_resident_VMs" else record


def method_of(request: Request) -> str:
    """What a request calls; empty for one that is no call."""
    return method_in(request.body)


def method_in(body: bytes) -> str:
    """What the body of a request calls, in either form; empty for one that is no call."""
    try:
        document = json.loads(body)
    except ValueError:
        found = re.search(rb"<methodName>([^<]*)</methodName>", body)
        return found.group(1).decode() if found else ""
    method = document.get("method") if isinstance(document, dict) else None
    return method if isinstance(method, str) else ""


def failing(code: str, *parameters: str) -> Fault:
    """Answer with this failure, in the words of the call."""

    def act(exchange: Exchange) -> Response:
        return read(exchange.request).fail(Failure(code, *parameters))

    return Fault(code, act)
