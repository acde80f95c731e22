# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Who is asking: Basic and certificates for each request, Negotiate (NTLM, Kerberos) and CredSSP for each connection."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import os
import ssl
import tempfile
import threading
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

import spnego
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import NegotiateOptions, SpnegoError

from .._http import Request, Response
from .names import MUTUAL

#: What is offered, in the order in which Windows names them.
CHALLENGES = {
    "negotiate": "Negotiate",
    "kerberos": "Kerberos",
    "credssp": "CredSSP",
    "basic": 'Basic realm="WSMAN"',
}
_CONTEXT = "winrm context"
_ACCEPTOR = threading.Lock()


@dataclass
class Accounts:
    """The accounts of a host and the schemes that are switched on.

    Attributes:
        passwords: by user name: ``user`` or ``DOMAIN\\user``.
        schemes: of CHALLENGES, and ``certificate``.
        common_names: of client certificates that are mapped to an account.
        server_certificate: of TLS; with it channel bindings are demanded of NTLM and Kerberos.
    """

    passwords: dict[str, str]
    schemes: tuple[str, ...] = ("negotiate", "kerberos")
    common_names: tuple[str, ...] = ()
    server_certificate: Path | None = None
    #: How often a password was tried and found wrong.
    refused: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _folder: tempfile.TemporaryDirectory[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Write the accounts down for the acceptor of NTLM."""
        self._folder = tempfile.TemporaryDirectory(prefix="winrm-accounts-")
        lines = []
        for user, password in self.passwords.items():
            if ":" in password:
                raise ValueError("the acceptor of NTLM takes no password with a colon")
            domain, name = user.split("\\") if "\\" in user else ("", user)
            lines.append(f"{domain}:{name}:{password}\n")
        Path(self._folder.name, "accounts").write_text("".join(lines), encoding="utf-8")

    def admit(self, request: Request) -> Response | None:
        """None when the request may be answered, else what to answer in its place: a challenge or a refusal."""
        header = request.header("Authorization")
        scheme, _blank, value = header.partition(" ")
        if header == MUTUAL:
            return None if self._has_certificate(request) else self.challenge()
        if scheme.lower() == "basic" and "basic" in self.schemes:
            return None if self._has_password(request) else self._refuse()
        if scheme.lower() in ("negotiate", "ntlm", "kerberos", "credssp") and value:
            return self._step(request, scheme, value)
        context = context_of(request)
        return None if context is not None and context.complete else self.challenge()

    def challenge(self) -> Response:
        """401 with what is offered."""
        headers = [("WWW-Authenticate", CHALLENGES[scheme]) for scheme in CHALLENGES if scheme in self.schemes]
        return Response(401, b"", headers)

    def _refuse(self) -> Response:
        with self._lock:
            self.refused += 1
        return self.challenge()

    def _has_certificate(self, request: Request) -> bool:
        certificate = request.connection.certificate
        return (
            "certificate" in self.schemes and certificate is not None and certificate.common_name in self.common_names
        )

    def _has_password(self, request: Request) -> bool:
        given = request.basic_auth()
        # Basic knows local accounts only.
        return given is not None and "\\" not in given[0] and self.passwords.get(given[0]) == given[1]

    # -- schemes of a connection

    def _step(self, request: Request, scheme: str, value: str) -> Response | None:
        kind = "credssp" if scheme.lower() == "credssp" else "negotiate"
        if kind not in self.schemes:
            return self.challenge()
        session = request.connection.session
        context = session.get(_CONTEXT)
        try:
            token = base64.b64decode(value, validate=True)
            with self._accepting():
                if context is None or context.complete:
                    context = session[_CONTEXT] = self._context(kind, token)
                answer = context.step(token, channel_bindings=self._bindings(request, kind))
        except (SpnegoError, binascii.Error, ValueError, ssl.SSLError):
            session.pop(_CONTEXT, None)
            return self._refuse()
        headers = [("WWW-Authenticate", f"{scheme} {base64.b64encode(answer).decode('ascii')}")] if answer else []
        if not context.complete:
            return Response(401, b"", headers)
        session["winrm answer headers"] = headers
        return None

    @staticmethod
    def _context(kind: str, token: bytes) -> spnego.ContextProxy:
        if kind == "credssp":
            return spnego.server(protocol="credssp")
        if token.startswith(b"NTLMSSP\x00"):
            return spnego.server(protocol="ntlm", options=NegotiateOptions.use_ntlm)
        return spnego.server(hostname="localhost", service="HTTP", protocol="negotiate")

    @contextlib.contextmanager
    def _accepting(self) -> t.Iterator[None]:
        """The acceptor of NTLM looks passwords up in the file that NTLM_USER_FILE names: for this moment, ours."""
        with _ACCEPTOR:
            before = os.environ.get("NTLM_USER_FILE")
            os.environ["NTLM_USER_FILE"] = str(Path(self._folder.name, "accounts"))
            try:
                yield
            finally:
                if before is None:
                    del os.environ["NTLM_USER_FILE"]
                else:
                    os.environ["NTLM_USER_FILE"] = before

    def _bindings(self, request: Request, kind: str) -> GssChannelBindings | None:
        if self.server_certificate is None or kind != "negotiate" or not request.secure:
            return None
        der = ssl.PEM_cert_to_DER_cert(self.server_certificate.read_text(encoding="ascii"))
        return GssChannelBindings(application_data=b"tls-server-end-point:" + hashlib.sha256(der).digest())


def context_of(request: Request) -> spnego.ContextProxy | None:
    """The security context of the request's connection."""
    found: spnego.ContextProxy | None = request.connection.session.get(_CONTEXT)
    return found
