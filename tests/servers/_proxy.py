# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A forward proxy: CONNECT tunnels for TLS, absolute URLs for plain HTTP, optional Basic authentication.

It is an :class:`HttpServer`, so its log says what went through and its faults apply to CONNECT as to any request::

    with ProxyServer(user="proxy", password="secret") as proxy:
        proxy.faults.add(faults.status(502), method="CONNECT")
        assert proxy.connects() == ["127.0.0.1:8443"]
"""

from __future__ import annotations

import http.client
import socket
import threading
import typing as t
from urllib.parse import urlsplit

from ._http import HttpServer, Request, Response
from ._http.message import decode_basic
from ._http.wire import shut

_HOP_BY_HOP = {
    "connection",
    "proxy-connection",
    "proxy-authorization",
    "keep-alive",
    "transfer-encoding",
    "te",
    "upgrade",
}


class ProxyServer(HttpServer):
    """A forward proxy on loopback."""

    def __init__(self, user: str | None = None, password: str | None = None, **options: t.Any) -> None:
        """With ``user`` every request needs that Basic credential, else 407."""
        super().__init__(self._forward, **options)
        self.user = user
        self.password = password

    def connects(self) -> list[str]:
        """``host:port`` of every CONNECT, in order."""
        return [entry.target for entry in self.log.find("CONNECT")]

    def _forward(self, request: Request) -> Response:
        if self.user is not None and decode_basic(request.header("Proxy-Authorization")) != (self.user, self.password):
            return Response(407, b"", [("Proxy-Authenticate", 'Basic realm="proxy"')])
        if request.method == "CONNECT":
            return self._tunnel(request)
        return self._relay(request)

    @staticmethod
    def _tunnel(request: Request) -> Response:
        host, _colon, port = request.target.rpartition(":")
        try:
            upstream = socket.create_connection((host.strip("[]"), int(port)), timeout=10)
        except (OSError, ValueError) as error:
            return Response.text(f"cannot reach {request.target}: {error}\n", 502)
        upstream.settimeout(None)
        return Response(200, takeover=lambda client: splice(client, upstream))

    @staticmethod
    def _relay(request: Request) -> Response:
        url = urlsplit(request.target)
        if url.scheme != "http" or url.hostname is None:
            return Response.text("this is a proxy: ask with CONNECT or with an absolute http URL\n", 400)
        # One upstream connection per downstream one, because NTLM authenticates connections.
        kept = request.connection.session
        upstream = kept.get(url.netloc)
        if upstream is None:
            upstream = kept[url.netloc] = http.client.HTTPConnection(url.hostname, url.port or 80, timeout=60)
            request.connection.at_close.append(upstream.close)
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
        try:
            upstream.request(request.method, path, body=request.body or None, headers=headers)
            answer = upstream.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            return Response.text(f"cannot reach {url.netloc}: {error}\n", 502)
        kept_headers = [(n, v) for n, v in answer.getheaders() if n.lower() not in _HOP_BY_HOP | {"content-length"}]
        return Response(answer.status, body, kept_headers)


def splice(left: socket.socket, right: socket.socket) -> None:
    """Copy bytes both ways until ``left``, the client, hangs up; then hang up on ``right``."""
    other_way = threading.Thread(target=_copy, args=(right, left), daemon=True)
    other_way.start()
    try:
        _copy(left, right)
    finally:
        shut(right)
        other_way.join(10)
        right.close()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    try:
        while True:
            data = source.recv(65536)
            if not data:
                break
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        # One side was reset; shut both so that the copy of the other direction ends as well.
        for sock in (source, sink):
            shut(sock)
