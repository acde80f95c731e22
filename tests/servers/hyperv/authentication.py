# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Who is asking: Basic and certificates for each request, Negotiate (NTLM, Kerberos) and CredSSP for each connection."""

from __future__ import annotations

import base64
import binascii
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

    def __post_init__(self) -> None:
        """Tell the acceptor of NTLM about the accounts."""
        _credentials.add(self.passwords)

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
            if context is None or context.complete:
                context = session[_CONTEXT] = self._context(kind, token)
            answer = context.step(token, channel_bindings=self._bindings(request, kind))
        except (SpnegoError, binascii.Error, ValueError, ssl.SSLError):
            session.pop(_CONTEXT, None)
            return self._refuse()
        if context.complete and kind == "negotiate" and not self._knows(context):
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

    def _knows(self, context: spnego.ContextProxy) -> bool:
        principal = context.client_principal or ""
        # One store holds the accounts of all servers of this process; a UPN comes without a domain.
        return principal in self.passwords or "@" in principal

    def _bindings(self, request: Request, kind: str) -> GssChannelBindings | None:
        if self.server_certificate is None or kind != "negotiate" or not request.secure:
            return None
        der = ssl.PEM_cert_to_DER_cert(self.server_certificate.read_text(encoding="ascii"))
        return GssChannelBindings(application_data=b"tls-server-end-point:" + hashlib.sha256(der).digest())


def context_of(request: Request) -> spnego.ContextProxy | None:
    """The security context of the request's connection."""
    found: spnego.ContextProxy | None = request.connection.session.get(_CONTEXT)
    return found


class _Credentials:
    """The file in which the acceptor of NTLM looks passwords up; named by NTLM_USER_FILE, so one for the process."""

    def __init__(self) -> None:
        self._lines: dict[str, str] = {}
        self._lock = threading.Lock()
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def add(self, passwords: t.Mapping[str, str]) -> None:
        """Add accounts; of one that is there already, the new password counts."""
        with self._lock:
            path = self._own()
            for user, password in passwords.items():
                domain, name = user.split("\\") if "\\" in user else ("", user)
                self._lines[f"{domain}:{name}"] = password
            draft = path.with_name("draft")
            text = "".join(f"{account}:{password}\n" for account, password in self._lines.items())
            draft.write_text(text, encoding="utf-8")
            draft.replace(path)
            os.environ["NTLM_USER_FILE"] = str(path)

    def _own(self) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="winrm-accounts-")
        return Path(self._folder.name) / "accounts"


_credentials = _Credentials()
