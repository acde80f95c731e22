# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A session of ``/rpc/api``, opened when it is first needed. Private to this collection."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, Denied, VirtmapError
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5 import faults
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5.connection import Connection
from ansible_collections.virtmap.core.plugins.module_utils._transport.xmlrpc import XmlRpcFault

Warn = t.Callable[[str], None]


class ApiSession:
    """Calls of methods that want a session key first.

    Args:
        username, password: of a user of the server.
    """

    def __init__(self, connection: Connection, username: str, password: str) -> None:
        self._connection = connection
        self.username = username
        self.password = password
        connection.hide(password)
        self._key: str | None = None
        self._refusal: Denied | None = None
        self._org_id: int | None = None

    @property
    def what(self) -> str:
        """The server, as the beginning of a sentence."""
        return self._connection.what

    def login(self) -> str:
        """The session key; logs in when there is none yet.

        Raises:
            Denied: the server refuses the user. It is asked only once, since wrong passwords may lock an account.
            CannotConnect, BadAnswer: see _transport.
        """
        if self._refusal is not None:
            raise self._refusal
        if self._key is None:
            try:
                key = self._connection.api("auth.login", self.username, self.password)
            except XmlRpcFault as exc:
                error = faults.sentence(exc, self.what, "auth.login")
                if isinstance(error, Denied):
                    self._refusal = error
                raise error from exc
            if not isinstance(key, str) or not key:
                raise BadAnswer(f"{self.what} answered auth.login without a session key; look at the server's log")
            self._connection.hide(key)
            self._key = key
        return self._key

    def logout(self, warn: Warn) -> None:
        """End the session; it would end by itself after an hour, so a failure is only a warning."""
        key, self._key = self._key, None
        if key is None or self._connection.gone is not None:
            return
        try:
            self._connection.api("auth.logout", key)
        except VirtmapError as exc:
            warn(f"the session was left to expire by itself: {exc.message}")

    def raw_call(self, method: str, *parameters: t.Any) -> t.Any:
        """Call a method; a session that has expired during a long report is opened anew, once.

        Raises:
            XmlRpcFault: the method's own fault.
            Denied, CannotConnect, BadAnswer: see ``login``.
        """
        try:
            return self._connection.api(method, self.login(), *parameters)
        except XmlRpcFault as exc:
            if not faults.session_ended(exc):
                raise
            self._key = None
        return self._connection.api(method, self.login(), *parameters)

    def call(self, method: str, *parameters: t.Any) -> t.Any:
        """Like ``raw_call``, with every fault as a sentence for people."""
        try:
            return self.raw_call(method, *parameters)
        except XmlRpcFault as exc:
            raise faults.sentence(exc, self.what, method) from exc

    def records(self, method: str, *parameters: t.Any) -> list[dict[str, t.Any]]:
        """Call a method whose answer is an array of structs.

        Raises:
            BadAnswer: it answered something else.
        """
        answer = self.call(method, *parameters)
        if not isinstance(answer, list) or not all(isinstance(entry, dict) for entry in answer):
            raise BadAnswer(f"{self.what} answered {method} without a list of structs; look at the server's log")
        return answer

    def org_id(self) -> int:
        """The number of the user's organisation."""
        if self._org_id is None:
            answer = self.call("user.getDetails", self.username)
            found = answer.get("org_id") if isinstance(answer, dict) else None
            if not isinstance(found, int):
                raise BadAnswer(f"{self.what} answered user.getDetails without org_id; look at the server's log")
            self._org_id = found
        return self._org_id
