# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A connection to WinRM: who asks, and what it means when that is refused. Private to this collection.

Over plain HTTP messages are sealed with the key of the authentication, or not sent at all unless the user allows it. A
seal belongs to one connection: when that is gone, all that was under way must be begun anew on a new one.
"""

from __future__ import annotations

import re
import traceback
import typing as t
from dataclasses import dataclass

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    Denied,
    InvalidInput,
    MissingLibrary,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.text import listed, shown
from ansible_collections.virtmap.core.plugins.module_utils._transport.requests_adapter import Again
from ansible_collections.virtmap.core.plugins.module_utils._transport.server import Server
from ansible_collections.virtmap.core.plugins.module_utils._transport.tls import client_context
from ansible_collections.virtmap.core.plugins.module_utils._transport.winrm_transport import (
    FAULT_STATUSES,
    WinrmAdapter,
    WinrmTransport,
    empty_request,
)
from ansible_collections.virtmap.core.plugins.module_utils._transport.wsman import WsmanFault, read_fault
from ansible_collections.virtmap.core.plugins.module_utils._transport.xmlstream import require_lxml

try:
    from winrm import transport as pywinrm
    from winrm.exceptions import InvalidCredentialsError, WinRMTransportError
except ImportError:
    WINRM_ERROR: str | None = traceback.format_exc()
else:
    WINRM_ERROR = None

if t.TYPE_CHECKING:
    import ssl

TRANSPORTS = ("ntlm", "kerberos", "basic", "certificate", "credssp")
# Those whose key can seal messages.
SEALING = ("ntlm", "kerberos", "credssp")
PORTS = {"http": 5985, "https": 5986}
PATH = "/wsman"
_GSS_PAIR = re.compile(r"\('([^']+)', -?\d+\)")
# By which name of a scheme a server offers a transport; certificates are not offered.
_OFFERED_AS = {
    "ntlm": ("negotiate", "ntlm"),
    "kerberos": ("negotiate", "kerberos"),
    "basic": ("basic",),
    "credssp": ("credssp",),
}


@dataclass(frozen=True)
class Credentials:
    """Who asks, and how that is proved.

    Attributes:
        transport: one of TRANSPORTS.
        username, password: None where the transport needs none.
        client_cert, client_key: PEM files for the transport certificate.
    """

    transport: str
    username: str | None = None
    password: str | None = None
    client_cert: str | None = None
    client_key: str | None = None


def check(credentials: Credentials, server: Server, allow_unencrypted: bool) -> None:
    """Make sure that these credentials can be used there at all, before anything is contacted.

    Raises:
        InvalidInput: the transport does not go with the scheme.
        MissingLibrary: pywinrm, or what it needs for the transport, is not installed.
    """
    if WINRM_ERROR is not None:
        raise MissingLibrary("pywinrm", traceback=WINRM_ERROR)
    require_lxml("to read the answers of WinRM")
    transport = credentials.transport
    if transport == "kerberos" and not pywinrm.HAVE_KERBEROS:
        raise MissingLibrary("pywinrm[kerberos]", reason="for transport kerberos")
    if transport == "credssp" and not pywinrm.HAVE_CREDSSP:
        raise MissingLibrary("pywinrm[credssp]", reason="for transport credssp")
    if server.scheme == "https":
        return
    if transport == "certificate":
        raise InvalidInput("transport certificate needs scheme https: a client certificate is shown within TLS")
    if transport not in SEALING and not allow_unencrypted:
        raise InvalidInput(
            f"transport {transport} over http sends the password unencrypted to {shown(server.authority)}; use scheme https "
            "or transport ntlm, or set allow_unencrypted to true"
        )


class WinrmSession:
    """A connection to one WinRM listener; a context manager.

    Args:
        what: the server with its address, as the beginning of an error sentence.
        seconds: deadline of each HTTP exchange.
        context: TLS settings; None for http.
        proxy: as for HttpClient.
    """

    def __init__(
        self,
        server: Server,
        credentials: Credentials,
        *,
        what: str,
        seconds: float,
        context: ssl.SSLContext | None,
        proxy: str | None,
    ) -> None:
        self.server = server
        self.what = what
        self.seconds = seconds
        self._credentials = credentials
        self._adapter = WinrmAdapter(
            server, what=what, seconds=seconds, context=context, proxy=proxy, statuses=(401, *FAULT_STATUSES)
        )
        sealed = credentials.transport in SEALING and server.scheme == "http"
        self._transport = WinrmTransport(
            self._adapter,
            endpoint=server.url,
            auth_method=t.cast(t.Any, credentials.transport),
            username=credentials.username,
            password=credentials.password,
            service="HTTP",
            cert_pem=credentials.client_cert,
            cert_key_pem=credentials.client_key or credentials.client_cert,
            message_encryption="always" if sealed else "never",
            # TLS and proxies are the adapter's; this only keeps pywinrm from looking for them in the environment.
            ca_trust_path=t.cast(str, None),
            proxy=None,
        )

    @property
    def to(self) -> str:
        """URL of the service."""
        return self.server.url

    def __enter__(self) -> WinrmSession:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._transport.close_session()
        self._adapter.close()

    def knock(self) -> None:
        """Make sure that a listener is there, without any credentials.

        Raises:
            Again, CannotConnect, NotFound, BadAnswer: see _transport.requests_adapter.
        """
        response = self._adapter.send(empty_request(self.server.url))
        if response.status_code in FAULT_STATUSES:
            raise self._adapter.refusal(f"POST {self.server.path}")

    def send(self, message: str) -> bytes:
        """Send a message; the first one authenticates.

        Returns:
            the answer, unsealed.

        Raises:
            WsmanFault: the server answered with a fault.
            Again: a new session may overcome what happened.
            Denied, CannotConnect, NotFound, BadAnswer: see _transport.http_errors.
        """
        try:
            return self._transport.send_message(message.encode())
        except (VirtmapError, Again):
            raise
        except InvalidCredentialsError as exc:
            raise self._denied() from exc
        except WinRMTransportError as exc:
            raise self._refused(exc) from exc
        except Exception as exc:  # what the libraries of each transport raise has no common base
            raise self._not_understood(exc) from exc

    # -- errors

    def _refused(self, error: WinRMTransportError) -> Exception:
        """The fault with which a message was refused, or the error that there is none."""
        refusal = self._adapter.refusal(f"POST {self.server.path}")
        if not self._adapter.trusted:
            return refusal
        try:
            text: str | bytes = error.response_text  # bytes in releases before 0.5
            return read_fault(text.encode() if isinstance(text, str) else text, self.what)
        except BadAnswer as exc:
            refusal.__cause__ = exc
            return refusal

    def _denied(self) -> VirtmapError:
        """The sentence for a 401; whether the password is wrong or the scheme is off, only the offer can tell."""
        refusal = self._adapter.refusal(f"POST {self.server.path}")
        transport = self._credentials.transport
        last = self._adapter.last
        offered = _schemes(last.headers["www-authenticate"] if last is not None else "")
        if transport == "certificate":
            return Denied(
                f"{refusal.message}; the certificate must be mapped to an account there, and Certificate switched on in "
                "its WinRM service"
            )
        if offered and not {scheme.lower() for scheme in offered} & set(_OFFERED_AS[transport]):
            return Denied(
                f"{self.what} does not offer the transport {transport} (401), only {listed(offered)}; choose another "
                "transport, or switch this one on in its WinRM service"
            )
        if transport == "basic":
            plain = "" if self.server.scheme == "https" else ", and over http only while AllowUnencrypted is on"
            return Denied(f"{refusal.message}; WinRM takes Basic from local accounts only{plain}")
        return refusal

    def _not_understood(self, error: Exception) -> VirtmapError:
        """The error for what a library made of an answer, or of having no ticket."""
        transport = self._credentials.transport
        last = self._adapter.last
        if last is not None and last.status == 401:
            return self._denied()
        words = _own_words(error)
        if last is None:
            hint = "; check that there is a valid ticket (klist)" if transport == "kerberos" else ""
            return Denied(f"the transport {transport} cannot be used with {self.what}{words}{hint}")
        return BadAnswer(
            f"{self.what} did not go through with the authentication of transport {transport}{words}; "
            "check that server, port and path name the right service"
        )


def _own_words(error: Exception) -> str:
    """What a library that knows its subject says; a KeyError about an answer that makes no sense is for nobody."""
    if type(error).__module__.partition(".")[0] not in ("spnego", "winrm", "requests_credssp", "cryptography"):
        return ""
    # GSSAPI's errors come as pairs of text and number, the last one about the cause.
    pairs = _GSS_PAIR.findall(str(error))
    return f": {shown(pairs[-1] if pairs else error)}"


def tls_context(
    server: Server, credentials: Credentials, *, validate_certs: bool, ca_path: str | None
) -> ssl.SSLContext | None:
    """The TLS settings for a server; None for http.

    Raises:
        InvalidInput: a certificate file cannot be used.
    """
    if server.scheme != "https":
        return None
    shows_one = credentials.transport == "certificate"
    return client_context(
        validate_certs=validate_certs,
        ca_path=ca_path,
        client_cert=credentials.client_cert if shows_one else None,
        client_key=credentials.client_key if shows_one else None,
    )


def _schemes(header: str) -> list[str]:
    """The schemes that a server offers: ``Negotiate, Basic realm="WSMAN"`` gives Negotiate and Basic."""
    words = [part.split()[0] for part in header.split(",") if part.strip()]
    return [word for word in words if "=" not in word]


__all__ = ["Again", "Credentials", "WinrmSession", "WsmanFault", "check", "tls_context"]
