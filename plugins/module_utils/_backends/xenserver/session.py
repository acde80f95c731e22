# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""One session at the coordinator of a pool: found, opened once, closed on every path. Private to this collection."""

from __future__ import annotations

import ipaddress
import re
import typing as t
from dataclasses import replace

from ansible_collections.virtmap.core.plugins.module_utils._backends.xenserver.faults import (
    Failure,
    SessionEnded,
    from_failure,
    without_secrets,
)
from ansible_collections.virtmap.core.plugins.module_utils._backends.xenserver.wire import (
    Call,
    JsonWire,
    NoJson,
    Wire,
    XmlWire,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, VirtmapError
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._transport.http import HttpClient
from ansible_collections.virtmap.core.plugins.module_utils._transport.jsonstream import Take
from ansible_collections.virtmap.core.plugins.module_utils._transport.server import Server, parse_server

# A member names the coordinator. Between the two calls another host may have become it, but no more than that.
MOST_REDIRECTS = 2
# Cleaning up after a failure must not take as long as the failure did.
CLEAN_UP_SECONDS = 5.0
API_VERSION, ORIGINATOR = "2.0", "virtmap"
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\.?")

Warn = t.Callable[[str], None]


class Session:
    """A session.

    Args:
        options: those of the backend.
        warn: receives one sentence for what could not be cleaned up.

    Attributes:
        source: the server as the mapping names it.
    """

    _wire: Wire

    def __init__(self, options: t.Mapping[str, t.Any], warn: Warn) -> None:
        self._options = options
        self._warn = warn
        self._given = parse_server(options["server"], port=options["port"])
        self.source = self._given.authority.removesuffix(":443")
        self._session: str | None = None
        self._secrets = {options["password"]} - {""}
        self._connect(self._given, "")
        if self._given.scheme == "http":
            warn(f"the password goes to {self._given.authority} unencrypted; write server without http://")

    @property
    def what(self) -> str:
        """What the server is, with its address, for error sentences."""
        return self._http.what

    # -- life

    def open(self) -> None:
        """Log in at the coordinator. At each host the password is tried once and never again.

        Raises:
            Denied: the user name or password is wrong.
            CannotConnect, NotFound, BadAnswer: see .faults and _transport.http_errors.
        """
        seen = {self._server.host}
        for _attempt in range(MOST_REDIRECTS + 1):
            named = self._log_in()
            if named is None:
                return
            target = self._coordinator(named)
            if target.host in seen:
                raise BadAnswer(
                    f"{self.what} says that it is not the coordinator of its pool and names {shown(named)}, which is "
                    "or was asked already; look at the pool with xe pool-list and give the coordinator as server"
                )
            seen.add(target.host)
            before = self._server.authority
            self._http.close()
            self._connect(target, f", which {before} names as the coordinator of its pool,")
        raise BadAnswer(
            f"{self.what} is not the coordinator of its pool, and {MOST_REDIRECTS} hosts before it were not either; "
            "give the coordinator as server"
        )

    def renew(self) -> None:
        """Log in again after the session has ended."""
        self._session = None
        self.open()

    def close(self, after: BaseException | None = None) -> None:
        """Log out and close the connection. What fails here is told as a warning.

        Args:
            after: the error for which the session is closed.
        """
        seconds = min(CLEAN_UP_SECONDS, float(self._options["timeout"])) if after is not None else None
        try:
            if self._session is not None and not isinstance(after, SessionEnded):
                self._call(Call("session.logout", [self._session], timeout=seconds))
        except VirtmapError as exc:
            self._warn(f"the session could not be closed and stays open there for a day ({exc.message})")
        finally:
            self._session = None
            self._http.close()

    # -- calls

    def records(self, kind: str, wanted: t.Container[str], take: Take) -> None:
        """Read all objects of a class with one call.

        Args:
            wanted: the fields that are looked at; the records may lack all others.
            take: gets reference and record of each object, while they arrive.

        Raises:
            SessionEnded, Denied, NotFound, BadAnswer, CannotConnect: see .faults and _transport.http_errors.
        """
        if self._session is None:
            raise AssertionError("the session is open")
        self._call(Call(f"{kind}.get_all_records", [self._session], take, wanted))

    def token(self) -> str:
        """A token for this moment, from which ``events`` goes on.

        Raises:
            SessionEnded, Denied, NotFound, BadAnswer, CannotConnect: see .faults and _transport.http_errors.
        """
        pools: list[str] = []
        self.records("pool", (), lambda ref, _record: pools.append(ref))
        if not pools:
            raise BadAnswer(f"{self.what} knows no pool, not even its own; look at the server's log")
        try:
            token = self._call(Call("event.inject", [self._session, "pool", pools[0]]))
        except BadAnswer as exc:
            if isinstance(exc.__cause__, Failure) and exc.__cause__.code == "MESSAGE_METHOD_UNKNOWN":
                raise BadAnswer(
                    f"{self.what} has no events, as releases before XenServer 6.1; collect instead"
                ) from exc
            raise
        if not isinstance(token, str) or not token:
            raise BadAnswer(f"{self.what} answered event.inject with no token; look at the server's log")
        return token

    def events(self, kinds: t.Sequence[str], token: str, seconds: float) -> dict[str, t.Any] | None:
        """Wait for what happens to objects after the moment of a token.

        Args:
            kinds: the classes of the objects.
            seconds: how long to wait at the most.

        Returns:
            the members of the answer, ``events``, ``token`` and ``valid_ref_counts``, unchecked; None from an old host to
            which nothing has happened.

        Raises:
            EventsLost: the pool does not know any more what happened since then.
            SessionEnded, Denied, NotFound, BadAnswer, CannotConnect: see .faults and _transport.http_errors.
        """
        found: dict[str, t.Any] = {}
        names = [kind.lower() for kind in kinds]
        # Not repeated by the transport: what was waited for may be over by then.
        call = Call(
            "event.from", [self._session, names, token, float(seconds)], found.__setitem__, names,
            repeatable=False, timeout=seconds + float(self._options["timeout"]),
        )  # fmt: skip
        try:
            self._call(call)
        except VirtmapError as exc:
            failure = exc.__cause__
            if isinstance(failure, Failure) and "timeout" in (failure.code, *failure.parameters):
                return None
            raise
        return found

    def interrupt(self) -> None:
        """End the call that another thread waits for."""
        self._http.interrupt()

    def _log_in(self) -> str | None:
        """Log in; the address of the coordinator where this host is not it."""
        parameters = [self._options["username"], self._options["password"], API_VERSION, ORIGINATOR]
        try:
            session = self._call(Call("session.login_with_password", parameters, repeatable=False))
        except _Member as exc:
            return exc.named
        if not isinstance(session, str) or not session:
            raise BadAnswer(f"{self.what} accepted the login but told no session; look at the server's log")
        self._session = session
        self._secrets.add(session)
        return None

    def _call(self, call: Call) -> t.Any:
        try:
            try:
                return self._wire.call(call)
            except NoJson:
                self._wire = XmlWire(self._http)
                return self._wire.call(call)
        except Failure as failure:
            if failure.code == "HOST_IS_SLAVE" and self._session is None and failure.parameters:
                raise _Member(failure.parameters[0]) from failure
            error = from_failure(failure, shown(self.what), call.method, self._options["username"])
            raise self._told(error) from failure
        except VirtmapError as exc:
            raise self._told(exc) from exc

    def _told(self, error: VirtmapError) -> VirtmapError:
        """The error without secrets: servers quote what they were sent."""
        text = without_secrets(error.message, self._secrets)
        return error if text == error.message else error.__class__(text)

    # -- the host

    def _connect(self, server: Server, origin: str) -> None:
        self._server = server
        self._http = HttpClient(
            server,
            what=f"the XenServer host {server.authority}{origin}",
            timeout=self._options["timeout"],
            validate_certs=self._options["validate_certs"],
            ca_path=self._options["ca_path"],
            proxy=self._options["proxy"],
        )
        self._wire = JsonWire(self._http)

    def _coordinator(self, named: str) -> Server:
        """Where the coordinator listens: scheme and port are those of the host that named it."""
        host = named.strip()
        try:
            ipaddress.ip_address(host)
        except ValueError:
            if not _NAME.fullmatch(host) or len(host) > 253:
                raise BadAnswer(
                    f"{self.what} names {shown(named)!r} as the coordinator of its pool, which is no host name or "
                    "address; give the coordinator as server"
                ) from None
        return replace(self._server, host=host.lower())


class _Member(Exception):
    """The host is not the coordinator of its pool.

    Args:
        named: what it names as the coordinator.
    """

    def __init__(self, named: str) -> None:
        super().__init__(named)
        self.named = named
