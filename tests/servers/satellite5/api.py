# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""``/rpc/api``: how the Java half finds a method, checks sessions and words its faults."""

from __future__ import annotations

import hashlib
import re
import secrets
import typing as t
import xmlrpc.client

from .rpc import RpcFault
from .state import Database, User

KEY_SHAPE = re.compile(r"[1-9][0-9]*x[a-f0-9]{64}")
LIFETIME = 3600
_PREFIX = "redstone.xmlrpc.XmlRpcFault: "
_JAVA_TYPES: dict[type, str] = {
    str: "java.lang.String",
    int: "java.lang.Integer",
    bool: "java.lang.Boolean",
    float: "java.lang.Double",
    dict: "java.util.HashMap",
    list: "java.util.ArrayList",
    xmlrpc.client.DateTime: "java.util.Date",
    xmlrpc.client.Binary: "[B",
}
HANDLER_CLASSES = {
    "api": "ApiHandler",
    "auth": "AuthHandler",
    "channel.software": "ChannelSoftwareHandler",
    "distchannel": "DistChannelHandler",
    "system": "SystemHandler",
    "user": "UserHandler",
}
_READING = ("list", "get", "is", "find")

Handler = t.Callable[..., t.Any]


class Key:
    """In a signature: a session key, which reaches the handler as the user of the session."""


class Signature(t.NamedTuple):
    """One overload of a method."""

    types: tuple[type, ...]
    handler: Handler


def java_fault(code: int, text: str) -> RpcFault:
    """A fault raised by the server's own code."""
    return RpcFault(code, _PREFIX + text)


def unhandled(text: str) -> RpcFault:
    """What any Java exception that is no fault becomes."""
    return java_fault(-1, f"unhandled internal exception: {text}")


def no_permission() -> RpcFault:
    """The fault of a missing role."""
    return java_fault(-23, "You do not have permissions to perform this action.")


class Sessions:
    """Session keys: ``<number>x<64 hex digits>``."""

    def __init__(self, database: Database) -> None:
        """Kept in this database."""
        self.database = database

    def open(self, login: str) -> str:
        """A new key for a user."""
        number = self.database.number()
        text = hashlib.sha256(secrets.token_bytes(16)).hexdigest()
        self.database.sessions[number] = (login, text)
        return f"{number}x{text}"

    def close(self, key: str) -> None:
        """End a session."""
        number, text = self._parts(key)
        found = self.database.sessions.get(number)
        if found is None:
            raise unhandled(f"Could not find session with id: {number}")
        if found[1] != text:
            raise java_fault(-1, f"Session id: {number} is not valid.")
        del self.database.sessions[number]

    def user(self, key: object) -> User:
        """The user of a key."""
        if not isinstance(key, str) or not KEY_SHAPE.fullmatch(key):
            raise unhandled(
                "Could not find translator for class java.lang.String to interface com.redhat.rhn.domain.user.User"
            )
        number, text = self._parts(key)
        found = self.database.sessions.get(number)
        if found is None:
            raise RpcFault(
                -1, f"com.redhat.rhn.common.hibernate.LookupException: Could not find session with id: {number}"
            )
        if found[1] != text:
            raise java_fault(-1, f"Session id: {number} is not valid.")
        return self.database.users[found[0]]

    @staticmethod
    def _parts(key: str) -> tuple[int, str]:
        number, _x, text = key.partition("x")
        return int(number), text


class Dispatcher:
    """From a method's name and parameters to a handler."""

    def __init__(self, sessions: Sessions) -> None:
        """Sessions tell the users of keys."""
        self.sessions = sessions
        self._methods: dict[str, list[Signature]] = {}

    def add(self, name: str, handler: Handler, *types: type) -> None:
        """Add one overload; the first one whose parameters can be converted wins where none fits exactly."""
        self._methods.setdefault(name, []).append(Signature(types, handler))

    def call(self, name: str, parameters: tuple[t.Any, ...]) -> t.Any:
        """Call a method and return its answer; raises RpcFault."""
        namespace, _dot, method = name.rpartition(".")
        if namespace not in HANDLER_CLASSES:
            raise RpcFault(-1, "The specified handler cannot be found")
        camel = re.sub(r"_([a-z])", lambda match: match.group(1).upper(), method)
        fitting = [s for s in self._methods.get(f"{namespace}.{camel}", []) if len(s.types) == len(parameters)]
        if not fitting:
            java = f"com.redhat.rhn.frontend.xmlrpc.{namespace}.{HANDLER_CLASSES[namespace]}"
            types = ", ".join(_JAVA_TYPES[type(value)] for value in parameters)
            raise java_fault(-1, f"Could not find method: {method} in class: {java} with params: [{types}]")
        signature = next((s for s in fitting if self._exact(s, parameters)), fitting[0])
        arguments = [self._convert(kind, value) for kind, value in zip(signature.types, parameters)]
        user = next((value for value in arguments if isinstance(value, User)), None)
        if user is not None and user.read_only and not camel.startswith(_READING):
            raise java_fault(-1, f"The {camel} API is not available to read-only API users")
        return signature.handler(*arguments)

    @staticmethod
    def _exact(signature: Signature, parameters: tuple[t.Any, ...]) -> bool:
        return all(
            value.__class__ is (str if kind is Key else kind) for kind, value in zip(signature.types, parameters)
        )

    def _convert(self, kind: type, value: t.Any) -> t.Any:
        if kind is Key:
            return self.sessions.user(value)
        if value.__class__ is kind:
            return value
        if kind is str and isinstance(value, (int, float)):
            return str(value)
        if kind is int and isinstance(value, str) and value.isdigit():
            return int(value)
        raise unhandled(f"Could not find translator for class {_JAVA_TYPES[type(value)]} to class {_JAVA_TYPES[kind]}")
