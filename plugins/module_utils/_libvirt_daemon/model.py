# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What a daemon tells about its servers and clients, in the names of the modules' options. Private to this collection."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime, timezone

Values = t.Mapping[str, t.Union[int, float, bool, str]]
TRANSPORTS = {0: "unix", 1: "tcp", 2: "tls"}

# Name of a number here: its name on the wire. The first ones can be set.
THREADPOOL_SETTINGS = {"min_workers": "minWorkers", "max_workers": "maxWorkers", "prio_workers": "prioWorkers"}
THREADPOOL_STATE = {"current_workers": "nWorkers", "free_workers": "freeWorkers", "job_queue_depth": "jobQueueDepth"}
CLIENT_LIMIT_SETTINGS = {"max_clients": "nclients_max", "max_unauth_clients": "nclients_unauth_max"}
CLIENT_LIMIT_STATE = {"clients": "nclients", "unauth_clients": "nclients_unauth"}


def renamed(values: Values, *names: t.Mapping[str, str]) -> dict[str, int]:
    """Numbers from the wire under the names of this collection; one that the daemon does not give is left out."""
    pairs = [pair for group in names for pair in group.items()]
    return {name: int(values[wire]) for name, wire in pairs if wire in values}


def threadpool(values: Values) -> dict[str, int]:
    """The thread pool of a server (``virAdmServerGetThreadPoolParameters``)."""
    return renamed(values, THREADPOOL_SETTINGS, THREADPOOL_STATE)


def client_limits(values: Values) -> dict[str, int]:
    """The client limits of a server (``virAdmServerGetClientLimits``)."""
    return renamed(values, CLIENT_LIMIT_SETTINGS, CLIENT_LIMIT_STATE)


@dataclass(frozen=True)
class Client:
    """One connection of a client to a server.

    Attributes:
        id: unique in the life of the daemon.
        connected_at: seconds since the epoch, by the clock of the daemon's host.
        transport: ``unix``, ``tcp`` or ``tls``.
        info: what ``virAdmClientGetInfo`` gives; None for a client that has not authenticated itself yet, which has
            no identity.
    """

    id: int
    connected_at: int
    transport: str
    info: Values | None

    @property
    def authenticated(self) -> bool:
        """Whether the client has got past authentication, so that the daemon knows who it is."""
        return self.info is not None

    def _get(self, name: str) -> t.Any:
        return None if self.info is None else self.info.get(name)

    @property
    def read_only(self) -> bool | None:
        """Whether it may only read; None when unknown."""
        return t.cast("bool | None", self._get("readonly"))

    @property
    def user(self) -> str | None:
        """Name of the unix user; None for a client over the network."""
        return t.cast("str | None", self._get("unix_user_name"))

    @property
    def uid(self) -> int | None:
        """Number of the unix user; None for a client over the network."""
        return t.cast("int | None", self._get("unix_user_id"))

    @property
    def pid(self) -> int | None:
        """Process id, as the daemon sees it; None for a client over the network."""
        return t.cast("int | None", self._get("unix_process_id"))

    @property
    def sasl_user(self) -> str | None:
        """The name that it authenticated itself with by SASL."""
        return t.cast("str | None", self._get("sasl_user_name"))

    @property
    def x509_dn(self) -> str | None:
        """The distinguished name in its TLS certificate."""
        return t.cast("str | None", self._get("tls_x509_dname"))

    @property
    def address(self) -> str | None:
        """Its IP address without brackets; None for a client on this host over unix."""
        return self._socket_address()[0]

    def _socket_address(self) -> tuple[str | None, int | None]:
        """Address and port out of ``192.0.2.7:37230`` or ``[2001:db8::7]:37230``."""
        host, _colon, port = str(self._get("sock_addr") or "").rpartition(":")
        if not host or not port.isdigit():
            return None, None
        return host.strip("[]"), int(port)

    def to_dict(self) -> dict[str, t.Any]:
        """All that is known, with None for what is not; times in UTC."""
        address, port = self._socket_address()
        return {
            "id": self.id,
            "connected_at": datetime.fromtimestamp(self.connected_at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "transport": self.transport,
            "authenticated": self.authenticated,
            "read_only": self.read_only,
            "address": address,
            "port": port,
            "sasl_user": self.sasl_user,
            "x509_dn": self.x509_dn,
            "user": self.user,
            "uid": self.uid,
            "group": self._get("unix_group_name"),
            "gid": self._get("unix_group_id"),
            "pid": self.pid,
            "selinux_context": self._get("selinux_context"),
        }

    def __str__(self) -> str:
        """Who it is, for a sentence."""
        known = [self.sasl_user, self.x509_dn, self.user, self.address, f"pid {self.pid}" if self.pid else None]
        who = " ".join(str(part) for part in known if part)
        return f"{self.id} ({self.transport}{' ' if who else ''}{who})"
