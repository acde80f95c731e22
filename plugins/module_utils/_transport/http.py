# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""HTTP with a deadline for each whole exchange, bounded retries and errors in plain words. Private to this collection.

Built on urllib3 (1.26 and newer). What urllib3 lacks is added in _transport.http_deadline: its timeouts bound each
read, so that a server which sends a byte now and then would hold a task for ever.
"""

from __future__ import annotations

import base64
import json
import time
import traceback
import typing as t
from urllib.parse import urlencode, urlsplit

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, CannotConnect, MissingLibrary
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._transport import http_deadline, http_errors
from ansible_collections.virtmap.core.plugins.module_utils._transport.server import Server
from ansible_collections.virtmap.core.plugins.module_utils._transport.tls import client_context

try:
    import urllib3
except ImportError:
    urllib3 = None  # type: ignore[assignment]
    URLLIB3_ERROR: str | None = traceback.format_exc()
else:
    URLLIB3_ERROR = None

if t.TYPE_CHECKING:
    from urllib3.response import BaseHTTPResponse

RETRY_STATUSES = frozenset({429, 502, 503, 504})
ATTEMPTS = 3
FIRST_PAUSE = 1.0
CHUNK = 256 * 1024


class Answer(t.NamedTuple):
    """A whole answer.

    Attributes:
        headers: names in lower case.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    what: str

    def json(self) -> t.Any:
        """The body as JSON.

        Raises:
            BadAnswer: it is not JSON.
        """
        try:
            return json.loads(self.body)
        except ValueError as exc:
            raise BadAnswer(
                f"{self.what} answered something that is not JSON ({http_errors.begin_of(self.body)}); "
                "check that server, port and path name the right service"
            ) from exc


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
        self._pool = http_deadline.pool(server, timeout, context, proxy)
        self.requests = 0

    def __enter__(self) -> HttpClient:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._pool.clear()

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
        with self.stream(
            method, path, params=params, json_body=json_body, body=body, headers=headers, expect=expect,
            repeatable=repeatable, timeout=timeout,
        ) as stream:  # fmt: skip
            return Answer(stream.status, stream.headers, stream.read(), self.what)

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
        all_headers = {**self.headers, **(headers or {})}
        if json_body is not None:
            body = json.dumps(json_body).encode()
            all_headers.setdefault("Content-Type", "application/json")
        url = f"{self.server.url}{path}"
        if params:
            url = f"{url}?{urlencode(params, doseq=True)}"
        seconds = self.timeout if timeout is None else timeout
        began = time.monotonic()
        for attempt in range(ATTEMPTS):
            last = attempt == ATTEMPTS - 1
            pause = FIRST_PAUSE * 2**attempt
            try:
                response = self._send(method, url, body, all_headers, seconds)
            except urllib3.exceptions.HTTPError as exc:
                if last or not http_errors.may_repeat(exc, repeatable):
                    raise http_errors.from_exception(exc, self.what, self.server, seconds) from exc
            else:
                status = response.status
                if 200 <= status < 300 or status in expect:
                    return Stream(response, self.what, self.server, seconds)
                told = http_errors.retry_after(response.headers.get("Retry-After"))
                error = http_errors.from_response(response, self.what, method, urlsplit(url).path, told)
                response.release_conn()
                if last or status not in RETRY_STATUSES or (status in (502, 504) and not repeatable):
                    raise error
                pause = pause if told is None else told
                # 3 x timeout is what a task may take against a server that does not work; it is not slept away.
                if time.monotonic() - began + pause + seconds > 3 * seconds + 10:
                    raise error
            time.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def _send(
        self, method: str, url: str, body: bytes | None, headers: dict[str, str], seconds: float
    ) -> BaseHTTPResponse:
        self.requests += 1
        return self._pool.request(
            method, url, body=body, headers=headers, retries=False, redirect=False, preload_content=False,
            decode_content=True, timeout=urllib3.Timeout(connect=seconds, read=seconds),
        )  # fmt: skip


class Stream:
    """An answer that is read while it arrives; a file for parsers, a context manager for everybody."""

    def __init__(self, response: BaseHTTPResponse, what: str, server: Server, seconds: float) -> None:
        self._response = response
        self._what = what
        self._server = server
        self._seconds = seconds
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        self._finished = False

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._finished:
            self._response.release_conn()
        else:
            # What is left of the answer would be taken for the next one.
            self._response.close()

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes of the decoded body, all that is left for -1; empty at the end.

        Raises:
            CannotConnect: the answer broke off or did not end in time.
        """
        if size < 0:
            return b"".join(iter(lambda: self.read(CHUNK), b""))
        if self._finished or size == 0:
            return b""
        try:
            data = self._response.read(size)
        except urllib3.exceptions.HTTPError as exc:
            raise http_errors.from_exception(exc, self._what, self._server, self._seconds) from exc
        if not data:
            self._check_length()
            self._finished = True
        return data

    def _check_length(self) -> None:
        """urllib3 before 2.0 takes an answer that is shorter than its Content-Length for a whole one."""
        length = self.headers.get("content-length", "")
        if length.isdigit() and self._response.tell() < int(length):
            raise CannotConnect(
                f"{shown(self._what)} broke off its answer after {self._response.tell()} of {length} bytes; "
                "try again, and look at the server's log"
            )
