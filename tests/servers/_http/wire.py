# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Writing responses to a socket, properly; and the handle through which a fault writes improperly."""

from __future__ import annotations

import socket
import struct
import threading
import typing as t
from email.utils import formatdate
from http import HTTPStatus

from .message import Request, Response

_NO_BODY = {204, 304}


def reason(status: int) -> str:
    """The standard reason phrase; ``Unknown`` for a number that has none."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def head(response: Response, framing: t.Iterable[tuple[str, str]] = ()) -> bytes:
    """Status line and headers with the blank line; ``framing`` are the headers that say how long the body is."""
    lines = [f"HTTP/1.1 {response.status} {reason(response.status)}"]
    if response.header("Date") is None:
        lines.append(f"Date: {formatdate(usegmt=True)}")
    lines += [f"{name}: {value}" for name, value in (*response.headers, *framing)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body; empty data makes the last one."""
    return f"{len(data):x}\r\n".encode("ascii") + data + b"\r\n"


def write(sock: socket.socket, request: Request, response: Response, closing: bool) -> None:
    """Write a whole response.

    A head and a known body go out in one call, so that a small answer is one packet; an iterable body is sent as it
    comes.
    """
    framing = [("Connection", "close")] if closing else []
    if response.takeover is not None or response.status in _NO_BODY:
        sock.sendall(head(response, framing))
    elif request.method == "HEAD":
        sock.sendall(head(response, [("Content-Length", str(len(response.whole_body()))), *framing]))
    elif isinstance(response.body, (bytes, bytearray)) and not response.chunked:
        body = bytes(response.body)
        sock.sendall(head(response, [("Content-Length", str(len(body))), *framing]) + body)
    else:
        pieces = [response.body] if isinstance(response.body, (bytes, bytearray)) else response.body
        sock.sendall(head(response, [("Transfer-Encoding", "chunked"), *framing]))
        for piece in pieces:
            if piece:
                sock.sendall(chunk(bytes(piece)))
        sock.sendall(chunk(b""))


def reset(sock: socket.socket) -> None:
    """Make the coming close of the socket a TCP reset."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def shut(sock: socket.socket) -> None:
    """Wake whoever reads from this socket, in any thread, and tell the peer that it is over."""
    try:
        # Not SSLSocket.shutdown: that takes the TLS state away from the thread that is reading.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    except OSError:
        # Never connected, or the peer has closed it already: nothing to shut down.
        return


class Exchange:
    """One request whose answer a fault decides."""

    def __init__(self, request: Request, application: t.Callable[[Request], Response]) -> None:
        """Not for tests; the server makes it."""
        self.request = request
        self._application = application

    @property
    def sock(self) -> socket.socket:
        """The connection, TLS included."""
        return self.request.connection.sock

    @property
    def stopping(self) -> threading.Event:
        """Set when the server stops; wait on this instead of sleeping."""
        return self.request.stopping

    def answer(self) -> Response:
        """Let the application process the request, and return what it would have answered."""
        return self._application(self.request)

    def send(self, data: bytes) -> None:
        """Write bytes as they are."""
        self.sock.sendall(data)

    def drip(self, data: t.Iterable[bytes], interval: float) -> None:
        """Write pieces with a pause between them, until they end, the peer goes away or the server stops."""
        for piece in data:
            self.send(piece)
            if self.stopping.wait(interval):
                return

    def reset(self) -> None:
        """End with a TCP reset instead of an orderly close."""
        reset(self.sock)
