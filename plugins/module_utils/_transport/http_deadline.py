# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""urllib3 connections whose whole exchange ends by a deadline. Private to this collection; imported by
_transport.http only.

urllib3 and http.client set a timeout for each read from the socket. Here every read gets only the time that is left
of the exchange.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
import typing as t
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._transport.server import Server

try:
    import urllib3
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
except ImportError:
    # Reported by _transport.http, which is the only way here.
    urllib3 = None  # type: ignore[assignment]
    HTTPConnection = HTTPSConnection = HTTPConnectionPool = HTTPSConnectionPool = object  # type: ignore[assignment,misc]


class _TimedReader(io.RawIOBase):
    """Reads from a socket, each time with the rest of the exchange as its timeout."""

    def __init__(self, sock: socket.socket, until: float) -> None:
        self._sock = sock
        # The socket's own file keeps it open for as long as the answer is read, also after "Connection: close".
        self._file = sock.makefile("rb", buffering=0)
        self._until = until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: t.Any) -> int | None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise socket.timeout("the answer did not end in time")
        self._sock.settimeout(left)
        return self._file.readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


class _TimedSocket:
    """What http.client reads an answer from."""

    def __init__(self, sock: socket.socket, until: float) -> None:
        self._sock = sock
        self._until = until

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self._sock, self._until), 64 * 1024)


class _DeadlineMixin:
    """Starts the clock when it connects or, on a connection kept alive, with the request."""

    _until = 0.0
    _fresh = False
    timeout: t.Any
    sock: t.Any

    def connect(self) -> None:
        self._start()
        self._fresh = True
        super().connect()  # type: ignore[misc]

    def request(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        if not self._fresh:
            self._start()
        self._fresh = False
        return super().request(*args, **kwargs)  # type: ignore[misc]

    def _start(self) -> None:
        self._until = time.monotonic() + float(self.timeout)

    def response_class(self, sock: socket.socket, *args: t.Any, **kwargs: t.Any) -> http.client.HTTPResponse:
        return http.client.HTTPResponse(t.cast(socket.socket, _TimedSocket(sock, self._until)), *args, **kwargs)


class _HTTPConnection(_DeadlineMixin, HTTPConnection):  # type: ignore[misc]
    pass


class _HTTPSConnection(_DeadlineMixin, HTTPSConnection):  # type: ignore[misc]
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


def pool(
    server: Server, timeout: float, context: ssl.SSLContext | None, proxy: str | None
) -> urllib3.PoolManager | urllib3.ProxyManager:
    """A pool for one server.

    Args:
        context: the TLS settings; None for plain HTTP.
        proxy: URL of a proxy; None for what the environment names (``https_proxy``, ``http_proxy``, ``no_proxy``);
            empty for none.

    Raises:
        InvalidInput: the proxy is not an HTTP URL.
    """
    arguments: dict[str, t.Any] = {"timeout": urllib3.Timeout(connect=timeout, read=timeout), "maxsize": 1}
    if context is not None:
        arguments["ssl_context"] = context
    url = _environment_proxy(server) if proxy is None else proxy
    manager = urllib3.PoolManager(**arguments) if not url else _through_proxy(url, arguments)
    manager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
    return manager


def _environment_proxy(server: Server) -> str | None:
    return None if proxy_bypass(server.host) else getproxies().get(server.scheme)


def _through_proxy(url: str, arguments: dict[str, t.Any]) -> urllib3.ProxyManager:
    text = url if "://" in url else f"http://{url}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    # The value is not shown: it may hold a password.
    if not host or parts.scheme not in ("http", "https"):
        raise InvalidInput("proxy must be the URL of an HTTP proxy, such as http://proxy.example.com:3128")
    credentials = parts.netloc.rpartition("@")[0]
    headers = urllib3.make_headers(proxy_basic_auth=unquote(credentials)) if credentials else None
    address = f"[{host}]" if ":" in host else host
    return urllib3.ProxyManager(f"{parts.scheme}://{address}:{port or 3128}", proxy_headers=headers, **arguments)
