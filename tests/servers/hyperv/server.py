# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""WinRM's listener at ``/wsman``."""

from __future__ import annotations

import typing as t

from lxml import etree
from spnego.exceptions import SpnegoError

from .._http import HttpServer, Request, Response
from . import envelope, sealing
from .authentication import Accounts, context_of
from .enumerations import Enumerations, Habits
from .faults import Fault, unencrypted
from .model import Host
from .names import CONTENT_TYPE, ENUMERATION, MUTUAL

_PLAIN = "winrm plain"
PATH = "/wsman"


class HyperVServer(HttpServer):
    """A listener of one host.

    Attributes:
        allow_unencrypted: take messages in the clear over plain HTTP.
    """

    def __init__(
        self,
        machine: Host,
        accounts: Accounts,
        *,
        habits: Habits | None = None,
        allow_unencrypted: bool = False,
        **options: t.Any,
    ) -> None:
        """Serve this host; the rest is for HttpServer."""
        super().__init__(self._answer, **options)
        self.machine = machine
        self.accounts = accounts
        self.habits = habits or Habits()
        self.enumerations = Enumerations(machine, self.habits)
        self.allow_unencrypted = allow_unencrypted

    def _answer(self, request: Request) -> Response:
        if request.path != PATH:
            return Response(404, b"")
        if request.method != "POST":
            return Response(405, b"", [("Allow", "POST")])
        refusal = self.accounts.admit(request)
        response = refusal if refusal is not None else self._admitted(request)
        response.headers.append(("Server", "Microsoft-HTTPAPI/2.0"))
        return response

    def _admitted(self, request: Request) -> Response:
        headers = request.connection.session.pop("winrm answer headers", [])
        if not request.body:
            return Response(200, b"", [("Content-Type", CONTENT_TYPE), *headers])
        sealed = sealing.is_sealed(request.header("Content-Type"))
        if not sealed and request.content_type != "application/soap+xml":
            return Response(415, b"", headers)
        try:
            if not sealed and not request.secure and not self.allow_unencrypted:
                if request.header("Authorization").lower().startswith("basic"):
                    return self.accounts.challenge()
                raise unencrypted()
            response = self._run(plain_body(request))
        except (sealing.NotSealed, SpnegoError):
            # Sealed under the key of another connection: WinRM does not know what to do with it.
            return Response(400, b"", headers)
        except Fault as fault:
            response = self._fault(fault, "")
        context = context_of(request)
        if sealed and context is not None:
            credssp = sealing.CREDSSP in request.header("Content-Type")
            content_type, response.body = sealing.seal(context, credssp, response.whole_body())
            response.headers = [("Content-Type", content_type)]
        response.headers += headers
        return response

    def _run(self, document: bytes) -> Response:
        relates_to = ""
        try:
            message = envelope.read(document)
            relates_to = message.message_id
            body = self.enumerations.answer(message)
        except etree.XMLSyntaxError:
            return Response(400, b"", [("Content-Type", CONTENT_TYPE)])
        except Fault as fault:
            return self._fault(fault, relates_to)
        action = f"{ENUMERATION}/{message.action}Response"
        return Response(200, envelope.write(action, relates_to, body), [("Content-Type", CONTENT_TYPE)])

    def _fault(self, fault: Fault, relates_to: str) -> Response:
        document = envelope.write(fault.action, relates_to, fault.body(self.habits.modern_faults))
        return Response(500, document, [("Content-Type", CONTENT_TYPE)])


def plain_body(request: Request) -> bytes:
    """The message of a request, unsealed where it was sealed; a seal can be opened once only, hence remembered."""
    if not sealing.is_sealed(request.header("Content-Type")):
        return request.body
    session = request.connection.session
    remembered: tuple[Request, bytes] | None = session.get(_PLAIN)
    if remembered is not None and remembered[0] is request:
        return remembered[1]
    context = context_of(request)
    if context is None:
        raise sealing.NotSealed("no context")
    plain = sealing.unseal(context, request.header("Content-Type"), request.body)
    session[_PLAIN] = (request, plain)
    return plain


def action_of(request: Request) -> str:
    """What a request is for: Enumerate, Pull or Release; empty for one without a message."""
    body = plain_body(request) if request.body else b""
    found = [word for word in ("Enumerate", "Pull", "Release") if f"{ENUMERATION}/{word}".encode() in body]
    return found[0] if found else ""


__all__ = ["MUTUAL", "PATH", "HyperVServer", "action_of", "plain_body"]
