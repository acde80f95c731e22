# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What a server was asked, in order of arrival."""

from __future__ import annotations

import threading
import time
import typing as t
from dataclasses import dataclass, field

from .message import Request


@dataclass(frozen=True)
class LogEntry:
    """One request as it came in."""

    method: str
    target: str
    path: str
    query: dict[str, list[str]]
    headers: list[tuple[str, str]]
    body: bytes
    #: Seconds on the monotonic clock, and the number of the connection (from 1).
    time: float
    connection: int
    #: ``CN`` of the client certificate, None without one.
    client: str | None
    #: Name of the fault that this request met, None where it was answered properly.
    fault: str | None

    def header(self, name: str) -> str | None:
        """The first value of one header, any case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def as_json(self) -> dict[str, t.Any]:
        """The entry for another process; the body as text, with what is not UTF-8 replaced."""
        return {**self.__dict__, "body": self.body.decode("utf-8", "replace")}


@dataclass
class RequestLog:
    """All requests so far, and how many connections and failed TLS handshakes there were."""

    keep_bodies: bool = True
    entries: list[LogEntry] = field(default_factory=list)
    #: Accepted connections, with or without a request on them.
    connections: int = 0
    #: One text per handshake that failed, for example because the client did not trust the certificate.
    tls_failures: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, request: Request, fault: str | None) -> None:
        """Write one request down."""
        certificate = request.connection.certificate
        entry = LogEntry(
            method=request.method,
            target=request.target,
            path=request.path,
            query=request.query,
            headers=[(name, str(value)) for name, value in request.headers.items()],
            body=request.body if self.keep_bodies else b"",
            time=time.monotonic(),
            connection=request.connection.number,
            client=certificate.common_name if certificate else None,
            fault=fault,
        )
        with self._lock:
            self.entries.append(entry)

    def next_connection(self) -> int:
        """The number of a connection that was just accepted."""
        with self._lock:
            self.connections += 1
            return self.connections

    def tls_failed(self, reason: str) -> None:
        """Write a failed handshake down."""
        with self._lock:
            self.tls_failures.append(reason)

    def clear(self) -> None:
        """Forget everything; numbers of connections go on."""
        with self._lock:
            self.entries.clear()
            self.tls_failures.clear()

    def find(self, method: str | None = None, path: str | None = None) -> list[LogEntry]:
        """The entries with this method and this exact path; None matches all."""
        with self._lock:
            entries = list(self.entries)
        return [e for e in entries if (method is None or e.method == method) and (path is None or e.path == path)]

    def paths(self) -> list[str]:
        """The paths in order."""
        return [entry.path for entry in self.find()]

    def calls(self) -> list[str]:
        """``METHOD path`` in order."""
        return [f"{entry.method} {entry.path}" for entry in self.find()]

    def used_connections(self) -> set[int]:
        """The numbers of the connections on which a request came."""
        return {entry.connection for entry in self.find()}
