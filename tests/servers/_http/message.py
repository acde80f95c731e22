# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What travels: a request as the server read it, and the response that it is to write."""

from __future__ import annotations

import base64
import binascii
import json
import socket
import ssl
import threading
import typing as t
from dataclasses import dataclass, field
from email.message import Message
from urllib.parse import parse_qsl, unquote, urlsplit

from cryptography import x509
from cryptography.x509.oid import NameOID

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class ClientCertificate:
    """The certificate that the peer showed in the TLS handshake (verified against the server's CA)."""

    der: bytes

    @property
    def parsed(self) -> x509.Certificate:
        """The certificate as the ``cryptography`` package reads it, for extensions and serial numbers."""
        return x509.load_der_x509_certificate(self.der)

    def _first(self, oid: x509.ObjectIdentifier) -> str | None:
        found = self.parsed.subject.get_attributes_for_oid(oid)
        return str(found[0].value) if found else None

    @property
    def common_name(self) -> str | None:
        """``CN`` of the subject."""
        return self._first(NameOID.COMMON_NAME)

    @property
    def organization(self) -> str | None:
        """``O`` of the subject."""
        return self._first(NameOID.ORGANIZATION_NAME)

    @property
    def subject(self) -> str:
        """The whole subject in RFC 4514 form, for example ``O=acme,CN=0e9b...``."""
        return self.parsed.subject.rfc4514_string()


@dataclass
class Connection:
    """One accepted connection: its number (from 1), its peer, and room for state that lives as long as it does."""

    number: int
    sock: socket.socket
    peer: tuple[str, int]
    certificate: ClientCertificate | None = None
    #: Servers whose authentication belongs to the connection (NTLM, CONNECT) keep it here.
    session: dict[str, t.Any] = field(default_factory=dict)
    #: What to do when the connection has ended.
    at_close: list[t.Callable[[], object]] = field(default_factory=list)


@dataclass
class Request:
    """One request, its body already read and de-chunked."""

    method: str
    target: str
    headers: Message
    body: bytes
    connection: Connection
    #: Set by the server when it stops: everything that waits inside an application waits on this.
    stopping: threading.Event
    #: The variable parts of the route that matched, percent-decoded.
    params: dict[str, str] = field(default_factory=dict)

    @property
    def secure(self) -> bool:
        """Did it come over TLS?"""
        return isinstance(self.connection.sock, ssl.SSLSocket)

    @property
    def path(self) -> str:
        """The path without the query, still percent-encoded."""
        return urlsplit(self.target).path if "://" in self.target else self.target.partition("?")[0]

    @property
    def query_string(self) -> str:
        """The text behind the first question mark."""
        return self.target.partition("?")[2]

    @property
    def query(self) -> dict[str, list[str]]:
        """The decoded query: every value of every name, blank ones included."""
        found: dict[str, list[str]] = {}
        for name, value in parse_qsl(self.query_string, keep_blank_values=True):
            found.setdefault(name, []).append(value)
        return found

    def argument(self, name: str, default: str | None = None) -> str | None:
        """The first value of one query parameter."""
        return self.query.get(name, [default])[0]

    def header(self, name: str, default: str = "") -> str:
        """One header, any case; the first where it was sent twice."""
        return str(self.headers.get(name, default))

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters; empty where there is none."""
        return self.header("Content-Type").partition(";")[0].strip().lower()

    def basic_auth(self) -> tuple[str, str] | None:
        """User name and password of a ``Basic`` Authorization header, split at the first colon; else None."""
        return decode_basic(self.header("Authorization"))

    def json(self) -> t.Any:
        """The body as JSON; raises ValueError where it is none."""
        return json.loads(self.body.decode("utf-8"))


def decode_basic(header: str) -> tuple[str, str] | None:
    """Take a ``Basic`` credential apart; None for another scheme or for nonsense."""
    scheme, _blank, value = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(value.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
    user, colon, password = text.partition(":")
    return (user, password) if colon else None


def decode_segment(text: str) -> str:
    """One percent-decoded path segment."""
    return unquote(text)


@dataclass
class Response:
    """What is to be written.

    ``body`` is either bytes (sent with Content-Length, or as one chunk with ``chunked``) or an iterable of bytes (sent
    as one chunk each, as it comes). ``takeover`` gets the socket after the head was sent, and the connection is closed
    when it returns (CONNECT, WebSocket).
    """

    status: int = 200
    body: bytes | t.Iterable[bytes] = b""
    headers: Headers = field(default_factory=list)
    chunked: bool = False
    close: bool = False
    takeover: t.Callable[[socket.socket], None] | None = None

    @classmethod
    def json(cls, document: t.Any, status: int = 200, headers: Headers | None = None, **more: t.Any) -> Response:
        """A JSON answer."""
        body = json.dumps(document).encode("utf-8")
        return cls(status, body, [("Content-Type", "application/json"), *(headers or [])], **more)

    @classmethod
    def text(cls, text: str, status: int = 200, content_type: str = "text/plain; charset=utf-8") -> Response:
        """An answer of text."""
        return cls(status, text.encode("utf-8"), [("Content-Type", content_type)])

    def header(self, name: str) -> str | None:
        """One header that is to be sent, any case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def whole_body(self) -> bytes:
        """The body as bytes; a streamed one is read to its end."""
        if not isinstance(self.body, (bytes, bytearray)):
            self.body = b"".join(self.body)
        return bytes(self.body)
