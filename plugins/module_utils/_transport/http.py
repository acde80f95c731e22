# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""HTTP with a deadline for each whole exchange, bounded retries and errors in plain words. Private to this collection.

Built on urllib3 (1.26 and newer). What urllib3 lacks is added in _transport.http_deadline: its timeouts bound each
read, so that a server which sends a byte now and then would hold a task for ever.
"""

from __future__ import annotations

import base64
import threading
import time
import traceback
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    MissingLibrary,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._transport import http_deadline, http_errors
from ansible_collections.virtmap.core.plugins.module_utils._transport.http_answer import CHUNK, Answer, Stream
from ansible_collections.virtmap.core.plugins.module_utils._transport.http_exchange import Exchange
from ansible_collections.virtmap.core.plugins.module_utils._transport.http_sockets import OpenSockets
from ansible_collections.virtmap.core.plugins.module_utils._transport.server import Server
from ansible_collections.virtmap.core.plugins.module_utils._transport.tls import client_context

try:
    import urllib3
except ImportError:
    urllib3 = None  # type: ignore[assignment]
    URLLIB3_ERROR: str | None = traceback.format_exc()
else:
    URLLIB3_ERROR = None

__all__ = ["CHUNK", "Answer", "HttpClient", "Stream"]

T = t.TypeVar("T")
RETRY_STATUSES = frozenset({429, 502, 503, 504})
ATTEMPTS = 3
FIRST_PAUSE = 1.0
# How long a connection may have been idle before a request that must not be sent twice no longer trusts it.
IDLE_SECONDS = 2.0


class HttpClient:
    """A connection to one server, kept alive between requests.

    Args:
        server: where to connect.
        what: what the server is, with its address, as the beginning of an error sentence, for example ``the vCenter
            vc.example.com:443``.
        timeout: seconds for one exchange, from its request to the last byte of its answer.
        proxy: URL of an HTTP proxy, with user name and password where it asks for them; None for the one that the
            environment names.
        headers: sent with every request.
        username, password: for HTTP Basic authentication.
        server_name: the name that the server's certificate must hold, where it is not the one to connect to.
        connections: how many are kept for the next requests; one for each thread.

    Raises:
        MissingLibrary: urllib3 is not installed.
        InvalidInput: a certificate file cannot be used.
    """

    def __init__(
        self,
        server: Server,
        *,
        what: str,
        timeout: float,
        validate_certs: bool = True,
        ca_path: str | None = None,
        client_cert: str | None = None,
        client_key: str | None = None,
        proxy: str | None = None,
        headers: t.Mapping[str, str] | None = None,
        username: str | None = None,
        password: str | None = None,
        server_name: str | None = None,
        connections: int = 2,
    ) -> None:
        if URLLIB3_ERROR is not None:
            raise MissingLibrary("urllib3", traceback=URLLIB3_ERROR)
        self.server = server
        self.what = what
        self.timeout = timeout
        self.headers = dict(headers or {})
        if username is not None and password is not None:
            token = base64.b64encode(f"{username}:{password}".encode()).decode("ascii")
            self.headers["Authorization"] = f"Basic {token}"
        context = None
        if server.scheme == "https":
            context = client_context(
                validate_certs=validate_certs, ca_path=ca_path, client_cert=client_cert, client_key=client_key
            )
        self._used = time.monotonic()
        self._sockets = OpenSockets()
        self._interrupted = threading.Event()
        self._pool = http_deadline.pool(
            server, timeout, context, proxy, server_name, connections=connections, sockets=self._sockets
        )

    def __enter__(self) -> HttpClient:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._pool.clear()

    def interrupt(self) -> None:
        """End what other threads wait for now, with CannotConnect. What is asked from now on is tried once only."""
        self._interrupted.set()
        self._sockets.shut()

    def request(
        self,
        method: str,
        path: str,
        *,
        params: t.Mapping[str, t.Any] | None = None,
        json_body: t.Any = None,
        body: bytes | None = None,
        headers: t.Mapping[str, str] | None = None,
        expect: t.Container[int] = (),
        repeatable: bool = True,
        timeout: float | None = None,
    ) -> Answer:
        """Make one exchange and return its whole answer.

        Args:
            path: appended to the path of the server.
            json_body: sent as JSON; ``body`` is sent as it is.
            expect: statuses beside 2xx that are returned instead of raised.
            repeatable: whether the request may be sent again when it is not known if the server acted on it. One that
                never left, or that the server refused as too early (429, 503), is repeated in any case.
            timeout: another deadline than that of the client.

        Raises:
            CannotConnect, Denied, NotFound, BadAnswer: see _transport.http_errors.
        """
        seconds = self.timeout if timeout is None else timeout
        exchange = Exchange(method, path, body, dict(headers or {}), expect, repeatable, seconds)
        return self._run(self._complete(exchange, params, json_body), self._whole)

    def stream(
        self,
        method: str,
        path: str,
        *,
        params: t.Mapping[str, t.Any] | None = None,
        json_body: t.Any = None,
        body: bytes | None = None,
        headers: t.Mapping[str, str] | None = None,
        expect: t.Container[int] = (),
        repeatable: bool = True,
        timeout: float | None = None,
    ) -> Stream:
        """Like ``request``, but returns the answer as a file to read from while it arrives. The deadline covers the
        reading too."""
        seconds = self.timeout if timeout is None else timeout
        exchange = Exchange(method, path, body, dict(headers or {}), expect, repeatable, seconds)
        return self._run(self._complete(exchange, params, json_body), lambda stream: stream)

    def _complete(self, exchange: Exchange, params: t.Mapping[str, t.Any] | None, json_body: t.Any) -> Exchange:
        exchange = exchange._replace(
            path=self.server.path + exchange.path, headers={**self.headers, **exchange.headers}
        )
        return exchange.completed(params, json_body)

    def _run(self, exchange: Exchange, take: t.Callable[[Stream], T]) -> T:
        """Make an exchange, again where that may help and is allowed; ``take`` gets the answer."""
        seconds = exchange.seconds
        began = time.monotonic()
        for attempt in range(ATTEMPTS):
            pause = FIRST_PAUSE * 2**attempt
            try:
                stream = self._send(exchange)
                if 200 <= stream.status < 300 or stream.status in exchange.expect:
                    return take(stream)
                told = http_errors.retry_after(stream.headers.get("retry-after"))
                error = self._refusal(exchange, stream, told)
                again = stream.status in RETRY_STATUSES and (exchange.repeatable or stream.status not in (502, 504))
                pause = pause if told is None else told
            except VirtmapError as exc:
                error, cause = exc, exc.__cause__
                again = isinstance(cause, urllib3.exceptions.HTTPError) and http_errors.may_repeat(
                    cause, exchange.repeatable
                )
            # 3 x timeout is what a task may take against a server that does not work; it is not slept away.
            in_time = time.monotonic() - began + pause + seconds <= 3 * seconds + 10
            if not again or not in_time or attempt == ATTEMPTS - 1 or self._interrupted.wait(pause):
                raise error
        raise AssertionError("the last attempt returns or raises")

    def _send(self, exchange: Exchange) -> Stream:
        if not exchange.repeatable and time.monotonic() - self._used > IDLE_SECONDS:
            # urllib3 notices a connection that the server has closed, but not one that it closes at this moment. A
            # request that must not be sent twice therefore gets a new connection.
            self._pool.clear()
        seconds = exchange.seconds
        try:
            response = self._pool.request(
                exchange.method, self.server.root + exchange.target, body=exchange.body,
                headers=exchange.headers, retries=False, redirect=False, preload_content=False, decode_content=False,
                enforce_content_length=True, timeout=urllib3.Timeout(connect=seconds, read=seconds),
            )  # fmt: skip
        except urllib3.exceptions.HTTPError as exc:
            raise http_errors.from_exception(exc, self.what, self.server, seconds) from exc
        finally:
            self._used = time.monotonic()
        return Stream(response, self.what, self.server, seconds)

    def _whole(self, stream: Stream) -> Answer:
        with stream:
            return Answer(stream.status, stream.headers, stream.read(), self.what, stream.cookies)

    def _refusal(self, exchange: Exchange, stream: Stream, told: float | None) -> VirtmapError:
        request = f"{exchange.method} {exchange.path}"
        with stream:
            body = stream.read_some(http_errors.MESSAGE_BYTES)
        return http_errors.from_response(stream.status, stream.headers, body, self.what, request, told)
