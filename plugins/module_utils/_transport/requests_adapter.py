# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Our HTTP beneath libraries that are made for requests. Private to this collection.

Mounted into a session of requests, it gives a library our deadline for each whole exchange, our TLS settings and our
sentences. What requests has of its own for these (verify, cert, proxies, timeout) has no effect then.
"""

from __future__ import annotations

import io
import ssl
import typing as t
from types import SimpleNamespace

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import VirtmapError
from ansible_collections.virtmap.core.plugins.module_utils._transport import http, http_deadline, http_errors
from ansible_collections.virtmap.core.plugins.module_utils._transport.http_answer import Stream
from ansible_collections.virtmap.core.plugins.module_utils._transport.server import Server

try:
    import urllib3
    from requests.adapters import HTTPAdapter
except ImportError:
    # Reported by whoever needs the library that is made for requests.
    urllib3 = None  # type: ignore[assignment]
    HTTPAdapter = object  # type: ignore[assignment,misc]

if t.TYPE_CHECKING:
    from requests import PreparedRequest, Response

Warn = t.Callable[[str], None]
# An answer that is larger is not one of a service that libraries of this kind talk to.
LARGEST = 64 * 1024 * 1024


class Again(Exception):
    """An exchange failed in a way that a new beginning may overcome.

    Attributes:
        error: what is told when it was the last attempt.
        pause: seconds that the server asks to wait; None where it does not say.
    """

    def __init__(self, error: VirtmapError, pause: float | None = None) -> None:
        super().__init__(error.message)
        self.error = error
        self.pause = pause


class LastAnswer(t.NamedTuple):
    """What was answered last, whatever the library made of it; names of headers in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class DeadlineAdapter(HTTPAdapter):
    """Sends the requests of one session.

    Args:
        what: as for HttpClient.
        seconds: deadline of each exchange.
        context: TLS settings; None for plain HTTP.
        proxy: as for HttpClient.
        statuses: beside 2xx those that the library understands; every other one is raised as an error.

    Attributes:
        last: the answer before this moment; None before the first.
        reconnected: whether it came over another connection than the one before.
    """

    def __init__(
        self,
        server: Server,
        *,
        what: str,
        seconds: float,
        context: ssl.SSLContext | None,
        proxy: str | None,
        statuses: t.Container[int],
    ) -> None:
        super().__init__()
        self._server = server
        self._what = what
        self._seconds = seconds
        self._statuses = statuses
        self._pool = http_deadline.pool(server, seconds, context, proxy)
        self.last: LastAnswer | None = None
        self.reconnected = False
        self._sock: object = None

    def send(self, request: PreparedRequest, *_args: t.Any, **_more: t.Any) -> Response:
        """Make one exchange.

        Raises:
            Again: it may succeed when all is begun anew.
            CannotConnect, Denied, NotFound, BadAnswer: see _transport.http_errors.
        """
        try:
            raw = self._pool.request(
                request.method or "", request.url or "", body=request.body,
                headers={name: _text(value) for name, value in request.headers.items()},
                retries=False, redirect=False, preload_content=False, decode_content=False,
                enforce_content_length=True, timeout=urllib3.Timeout(connect=self._seconds, read=self._seconds),
            )  # fmt: skip
            # The library looks at the certificate of a connection through the answer.
            sock = getattr(raw.connection, "sock", None)
            self.reconnected = self._sock is not None and self._sock is not sock
            self._sock = sock
            with Stream(raw, self._what, self._server, self._seconds) as stream:
                body = stream.rest(LARGEST)
        except urllib3.exceptions.HTTPError as exc:
            error = http_errors.from_exception(exc, self._what, self._server, self._seconds)
            raise _perhaps_again(error, exc) from exc
        except VirtmapError as exc:
            raise _perhaps_again(exc, exc.__cause__) from exc
        headers = {name.lower(): value for name, value in raw.headers.items()}
        # One line of text where the server sent several headers of one name.
        headers["www-authenticate"] = raw.headers.get("www-authenticate", "")
        self.last = LastAnswer(raw.status, headers, body)
        self._check(request, self.last)
        return self.build_response(request, _kept(raw, body, sock))

    def close(self) -> None:
        """Close the connection."""
        self._pool.clear()
        super().close()

    def refusal(self, request: str) -> VirtmapError:
        """The error for the last answer, whose status says no.

        Args:
            request: method and path.
        """
        last = self.last
        if last is None:
            raise AssertionError("there was an answer")
        told = http_errors.retry_after(last.headers.get("retry-after"))
        return http_errors.from_response(last.status, last.headers, last.body, self._what, request, told)

    def _check(self, request: PreparedRequest, answer: LastAnswer) -> None:
        if 200 <= answer.status < 300 or answer.status in self._statuses:
            return
        error = self.refusal(f"{request.method} {request.path_url}")
        if answer.status in http.RETRY_STATUSES:
            raise Again(error, http_errors.retry_after(answer.headers.get("retry-after"))) from error
        raise error


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _perhaps_again(error: VirtmapError, cause: BaseException | None) -> Exception:
    again = isinstance(cause, urllib3.exceptions.HTTPError) and http_errors.may_repeat(cause, repeatable=True)
    return Again(error) if again else error


class _KeptBody(io.BytesIO):
    """A body that has been read, with the way to its socket that libraries know (``_fp.fp.raw._sock``)."""

    def __init__(self, body: bytes, sock: object) -> None:
        super().__init__(body)
        self.fp = SimpleNamespace(raw=SimpleNamespace(_sock=sock))


def _kept(raw: urllib3.BaseHTTPResponse, body: bytes, sock: object) -> urllib3.HTTPResponse:
    headers = raw.headers.copy()
    # The body has been unpacked and put together.
    for name in ("content-encoding", "transfer-encoding", "content-length"):
        headers.discard(name)
    return urllib3.HTTPResponse(
        _KeptBody(body, sock), headers, raw.status, reason=raw.reason, preload_content=False, decode_content=False
    )
