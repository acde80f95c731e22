# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""urllib3 connections whose whole exchange ends by a deadline. Private to this collection; imported by
_transport.http and _transport.requests_adapter only.

urllib3 and http.client set a timeout for each read from the socket. Here every read gets only the time that is left
of the exchange.
"""

from __future__ import annotations

import base64
import functools
import http.client
import io
import ipaddress
import socket
import ssl
import time
import typing as t
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._transport.http_sockets import KnowsSockets, OpenSockets
from ansible_collections.virtmap.core.plugins.module_utils._transport.reach import reach
from ansible_collections.virtmap.core.plugins.module_utils._transport.server import Server

try:
    import urllib3
    from urllib3 import exceptions
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
except ImportError:
    # Reported by those who import this file.
    urllib3 = exceptions = None  # type: ignore[assignment]
    HTTPConnection = HTTPSConnection = HTTPConnectionPool = HTTPSConnectionPool = object  # type: ignore[assignment,misc]

# What is sent at a time.
PIECE = 64 * 1024


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


class _AnswerFile(io.BufferedReader):
    """The answer as a file whose lines are whole.

    http.client takes the end of the connection for the end of the headers: an answer that broke off there would be a
    success without a body.
    """

    _begun = False

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(size)
        if (line or self._begun) and not line.endswith(b"\n") and len(line) != size:
            raise http.client.IncompleteRead(line)
        self._begun = True
        return line


class _TimedSocket:
    """What http.client reads an answer from."""

    def __init__(self, sock: socket.socket, until: float) -> None:
        self._sock = sock
        self._until = until

    def makefile(self, _mode: str) -> io.BufferedReader:
        return _AnswerFile(_TimedReader(self._sock, self._until), 64 * 1024)


class _DeadlineMixin:
    """One clock for the whole exchange: it starts with the connection or, on one kept alive, with the request."""

    _until = 0.0
    _connected_for_this = False
    sockets: OpenSockets | None = None
    timeout: t.Any
    sock: t.Any
    port: int
    _dns_host: str

    def connect(self) -> None:
        self._start()
        self._connected_for_this = True
        super().connect()  # type: ignore[misc]
        if self.sockets is not None:
            self.sockets.add(self.sock)

    def request(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        if not self._connected_for_this:
            self._start()
        try:
            # Without a connection this makes one, which starts the clock again.
            return super().request(*args, **kwargs)  # type: ignore[misc]
        finally:
            self._connected_for_this = False

    def send(self, data: t.Any) -> None:
        """Write in pieces, each with the time that is left: a server may be slow in reading, too."""
        if self.sock is None or not isinstance(data, bytes):
            super().send(data)  # type: ignore[misc]
            return
        for start in range(0, len(data), PIECE):
            self.sock.settimeout(self._left())
            super().send(data[start : start + PIECE])  # type: ignore[misc]

    def _start(self) -> None:
        self._until = time.monotonic() + float(self.timeout)

    def _left(self) -> float:
        return max(self._until - time.monotonic(), 0.001)

    def _new_conn(self) -> socket.socket:
        try:
            sock = reach(self._dns_host.strip("[]"), self.port, self._left)
        except socket.timeout as exc:
            raise exceptions.ConnectTimeoutError(self, "the connection timed out") from exc
        except (OSError, UnicodeError) as exc:
            raise exceptions.NewConnectionError(t.cast(t.Any, self), "no connection") from exc
        # For the TLS handshake and for sending the request.
        sock.settimeout(self._left())
        return sock

    def response_class(self, sock: socket.socket, *args: t.Any, **kwargs: t.Any) -> http.client.HTTPResponse:
        return http.client.HTTPResponse(t.cast(socket.socket, _TimedSocket(sock, self._until)), *args, **kwargs)


class _HTTPConnection(_DeadlineMixin, HTTPConnection):  # type: ignore[misc]
    pass


class _HTTPSConnection(_DeadlineMixin, HTTPSConnection):  # type: ignore[misc]
    def _tunnel(self) -> None:
        try:
            super()._tunnel()
        except (OSError, http.client.HTTPException) as exc:
            raise exceptions.ProxyError("the proxy opened no tunnel", exc) from exc


class _HTTPPool(KnowsSockets, HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(KnowsSockets, HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


def pool(
    server: Server,
    timeout: float,
    context: ssl.SSLContext | None,
    proxy: str | None,
    server_name: str | None = None,
    *,
    connections: int = 2,
    sockets: OpenSockets | None = None,
) -> urllib3.PoolManager | urllib3.ProxyManager:
    """A pool for one server.

    Args:
        context: the TLS settings; None for plain HTTP.
        proxy: URL of a proxy; None for what the environment names (``https_proxy``, ``http_proxy``, ``no_proxy``);
            empty for none.
        server_name: the name that the server's certificate must hold, where it is not the one to connect to.
        connections: how many are kept; two are a call that waits, and the one that ends it.
        sockets: gets to know the socket of each connection.

    Raises:
        InvalidInput: the proxy is not an HTTP URL.
    """
    arguments: dict[str, t.Any] = {"timeout": urllib3.Timeout(connect=timeout, read=timeout), "maxsize": connections}
    if context is not None:
        arguments["ssl_context"] = context
        if server_name:
            arguments["server_hostname"] = server_name
        if context.verify_mode == ssl.CERT_NONE:
            # The user asked for it; urllib3 would write to standard error at each request.
            urllib3.disable_warnings(exceptions.InsecureRequestWarning)
        elif _is_urllib3_1() and _is_address(server_name or server.host):
            # urllib3 1.26 tells OpenSSL no name for an address; without one it compares address and certificate itself.
            context.check_hostname = False
    manager: urllib3.PoolManager | urllib3.ProxyManager
    if proxy is None:
        scheme, url = server.scheme, _environment_proxy(server)
        manager = (
            _through_proxy(url, f"the environment variable {scheme}_proxy", arguments) if url else _direct(arguments)
        )
    else:
        manager = _through_proxy(proxy, "proxy", arguments) if proxy else _direct(arguments)
    known = OpenSockets() if sockets is None else sockets
    # The manager only calls them. An argument in its own list would become a part of the key of each pool.
    pools = {
        "http": functools.partial(_HTTPPool, sockets=known),
        "https": functools.partial(_HTTPSPool, sockets=known),
    }
    manager.pool_classes_by_scheme = t.cast(t.Any, pools)
    return manager


def _direct(arguments: dict[str, t.Any]) -> urllib3.PoolManager:
    return urllib3.PoolManager(**arguments)


def _is_urllib3_1() -> bool:
    return str(vars(urllib3)["__version__"]).startswith("1.")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _environment_proxy(server: Server) -> str | None:
    if proxy_bypass(server.host) or proxy_bypass(server.authority):
        return None
    return getproxies().get(server.scheme)


def _through_proxy(url: str, option: str, arguments: dict[str, t.Any]) -> urllib3.ProxyManager:
    text = url if "://" in url else f"http://{url}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    # The value is not shown: it may hold a password.
    if not host or parts.scheme not in ("http", "https"):
        raise InvalidInput(f"{option} must be the URL of an HTTP proxy, such as http://proxy.example.com:3128")
    credentials = unquote(parts.netloc.rpartition("@")[0])
    headers = None
    if credentials:
        headers = {"proxy-authorization": f"Basic {base64.b64encode(credentials.encode()).decode('ascii')}"}
    address = f"[{host}]" if ":" in host else host
    default = 443 if parts.scheme == "https" else 80
    return urllib3.ProxyManager(f"{parts.scheme}://{address}:{port or default}", proxy_headers=headers, **arguments)
