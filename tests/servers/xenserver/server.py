# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A host of a pool that answers calls: the coordinator, or a member that only names it."""

from __future__ import annotations

import threading
import typing as t
import uuid
from dataclasses import dataclass

from .._http import HttpServer, Request, Response
from .._http.plan import Fault
from .._http.wire import Exchange
from .model import Pool, Tables
from .wire import Call, Failure, Malformed, read

LOGIN = ("session.login_with_password", "session.slave_local_login_with_password")
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
        tables: what it tells, by class and reference.
        sessions: those that are open.
    """

    def __init__(
        self,
        pool: Pool,
        account: Account | None = None,
        *,
        coordinator: str | None = None,
        speaks_json: bool = True,
        frozen: bool = False,
        **options: t.Any,
    ) -> None:
        """Serve this pool; the rest is for HttpServer.

        Args:
            coordinator: address that a member names; None for the coordinator itself.
            speaks_json: False for an old host, which takes every request for XML-RPC.
            frozen: the tables will not change, so that they need to be put into text once only.
        """
        super().__init__(self._answer, **options)
        self.tables: Tables = pool.tables()
        self.account = account or Account()
        self.coordinator = coordinator
        self.speaks_json = speaks_json
        self.frozen = frozen
        self._texts: dict[tuple[str, str], str] = {}
        self.sessions: set[str] = set()
        self._guard = threading.Lock()

    def end_sessions(self) -> None:
        """Forget all sessions, as a restart of the toolstack does."""
        with self._guard:
            self.sessions.clear()

    def methods(self) -> list[str]:
        """Everything that can be called, as system.listMethods tells it."""
        of_classes = [f"{kind}.{name}" for kind in self.tables for name in ("get_all", "get_all_records", "get_record")]
        return sorted([*LOGIN, "session.logout", "system.listMethods", "host.get_resident_VMs", *of_classes])

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
            return call.succeed(self._text(call))
        except Failure as failure:
            return call.fail(failure)

    def _text(self, call: Call) -> str:
        value = self._run(call)
        if not self.frozen or not call.method.endswith("get_all_records"):
            return call.text(value)
        key = (call.method, call.version)
        if key not in self._texts:
            self._texts[key] = call.text(value)
        return self._texts[key]

    def _run(self, call: Call) -> t.Any:
        # Each message has a second name, for languages where the first one is no name.
        names = {name.replace(".", "_"): name for name in self.methods()}
        method = names.get(call.method, call.method)
        if method not in names.values():
            raise Failure("MESSAGE_METHOD_UNKNOWN", call.method)
        if method == "system.listMethods":
            return self.methods()
        if method in LOGIN:
            return self._login(method, call.parameters)
        expected = 2 if method.endswith(("get_record", "get_resident_VMs")) else 1
        if len(call.parameters) != expected:
            raise Failure("MESSAGE_PARAMETER_COUNT_MISMATCH", method, str(expected), str(len(call.parameters)))
        session = str(call.parameters[0])
        with self._guard:
            if session not in self.sessions:
                raise Failure("SESSION_INVALID", session)
            if method == "session.logout":
                self.sessions.discard(session)
                return ""
        if not self.account.role and method not in _WITHOUT_ROLE:
            raise Failure("RBAC_PERMISSION_DENIED", method.lower(), "No permission in user session")
        return self._read(method, call.parameters[1:])

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
        table = self.tables[kind]
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
    try:
        return read(request).method
    except Malformed:
        return ""


def failing(code: str, *parameters: str) -> Fault:
    """Answer with this failure, in the words of the call."""

    def act(exchange: Exchange) -> Response:
        return read(exchange.request).fail(Failure(code, *parameters))

    return Fault(code, act)
