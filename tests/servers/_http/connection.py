# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""One accepted connection: the TLS handshake, then requests until either side closes."""

from __future__ import annotations

import http.client
import socket
import ssl
import typing as t

from .message import ClientCertificate, Connection, Request, Response
from .wire import Exchange, write

if t.TYPE_CHECKING:
    from .server import HttpServer

#: Longest request line and header line, as in ``http.client``.
_LINE = 65536


class BadRequest(Exception):
    """What the client sent is no HTTP."""


class ConnectionHandler:
    """Reads requests from one socket and answers them."""

    def __init__(self, server: HttpServer, sock: socket.socket, peer: tuple[str, int]) -> None:
        """The server makes one for each accepted connection."""
        self.server = server
        self.connection = Connection(server.log.next_connection(), sock, peer)

    def run(self) -> None:
        """Serve until the connection ends."""
        connection = self.connection
        try:
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.server.tls is not None and not self._handshake(self.server.tls):
                return
            self.converse()
        except BadRequest as error:
            connection.sock.sendall(
                f"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n{error}".encode("latin-1", "replace")
            )
        except OSError:
            # The client went away, or the server is stopping: the log has all that there was to see.
            return
        except Exception as error:  # noqa: BLE001 # pylint: disable=broad-except
            # A mistake in a fault or in a takeover: the test has to hear of it.
            self.server.errors.append(error)
        finally:
            connection.sock.close()
            for action in connection.at_close:
                action()

    def converse(self) -> None:
        """Answer requests; a server of another protocol has its own way."""
        with self.connection.sock.makefile("rb") as reader:
            while not self.server.stopping.is_set() and self._serve_one(t.cast(t.BinaryIO, reader)):
                pass

    def _handshake(self, tls: ssl.SSLContext) -> bool:
        connection = self.connection
        try:
            connection.sock = tls.wrap_socket(connection.sock, server_side=True)
        except OSError as error:
            self.server.log.tls_failed(str(error))
            return False
        self.server.replace_socket(connection.sock)
        der = connection.sock.getpeercert(binary_form=True)
        connection.certificate = ClientCertificate(der) if der else None
        return True

    def _serve_one(self, reader: t.BinaryIO) -> bool:
        """Answer one request; False when the connection is to be closed."""
        line = reader.readline(_LINE + 1)
        if line in (b"\r\n", b"\n"):
            # Robustness that RFC 9112 section 2.2 asks of a server.
            line = reader.readline(_LINE + 1)
        if not line:
            return False
        request = self._read(line, reader)
        fault = self.server.faults.take(request) if not self._is_control(request) else None
        if not self._is_control(request):
            self.server.log.add(request, fault.name if fault else None)
        response: Response | None
        response = fault.act(Exchange(request, self.server.answer)) if fault else self.server.answer(request)
        if response is None:
            return False
        closing = response.close or request.header("Connection").lower() == "close" or b"HTTP/1.0" in line
        write(self.connection.sock, request, response, closing)
        if response.takeover is not None:
            response.takeover(self.connection.sock)
            return False
        return not closing

    def _is_control(self, request: Request) -> bool:
        return self.server.control is not None and self.server.control.owns(request)

    def _read(self, line: bytes, reader: t.BinaryIO) -> Request:
        words = line.decode("latin-1").split()
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            raise BadRequest("bad request line")
        try:
            headers = http.client.parse_headers(reader)
        except http.client.HTTPException as error:
            raise BadRequest("bad headers") from error
        if headers.get("Expect", "").lower() == "100-continue":
            self.connection.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if "chunked" in headers.get("Transfer-Encoding", "").lower():
            body = self._chunks(reader)
        else:
            body = self._exactly(reader, int(headers.get("Content-Length", "0") or "0"))
        return Request(words[0], words[1], headers, body, self.connection, self.server.stopping)

    @staticmethod
    def _exactly(reader: t.BinaryIO, length: int) -> bytes:
        data = reader.read(length) if length else b""
        if len(data) < length:
            raise ConnectionAbortedError("the client closed in the middle of its request")
        return data

    def _chunks(self, reader: t.BinaryIO) -> bytes:
        pieces: list[bytes] = []
        while True:
            try:
                length = int(reader.readline(_LINE).partition(b";")[0], 16)
            except ValueError as error:
                raise BadRequest("bad chunk") from error
            if length == 0:
                while reader.readline(_LINE).strip():
                    pass
                return b"".join(pieces)
            pieces.append(self._exactly(reader, length))
            reader.readline(_LINE)
