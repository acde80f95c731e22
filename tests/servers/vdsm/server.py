# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""VDSM's port: JSON-RPC 2.0 over STOMP 1.2.

A frame stands in the log and before the faults as a request whose method is the command and whose path is, for SEND,
the method that is called: ``SEND Host.getVMList``.
"""

from __future__ import annotations

import json
import socket
import typing as t
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

from .._http import HttpServer, Request, Response
from .._http.connection import ConnectionHandler
from .._http.wire import Exchange
from .._tls import CertificateAuthority, Pair
from .frames import Frame, Headers, Parser, frame
from .model import Host, RpcFault

REQUESTS = ("jms.topic.vdsm_requests", "jms.topic.vdsm_irs_requests")
LEAST_BEAT = 1000
# By the first bytes VDSM tells which protocol the client speaks.
_GREETINGS = (b"CONNECT", b"STOMP")


@dataclass
class Habits:
    """How the server writes what it has to say; all of it is allowed."""

    #: Write non-ASCII characters as they are, with line breaks between the parts of the body.
    pretty: bool = False
    announce_length: bool = True
    line_end: str = "\n"
    #: Write one byte at a time.
    bytewise: bool = False
    #: Before each answer, in the same segment: a heart-beat, an event, an answer to somebody else.
    chatty: bool = False
    #: Keep answers back until so many have been asked for, then give them in reverse order.
    hold: int = 1
    #: Encode each result once only, for benchmarks.
    keep_results: bool = False


class _Handler(ConnectionHandler):
    """Reads frames from one socket; sends heart-beats while nothing comes."""

    server: VdsmServer

    def converse(self) -> None:
        connection, parser = self.connection, Parser()
        connection.sock.settimeout(10)  # the first bytes have to come within this time
        while not self.server.stopping.is_set():
            try:
                data = connection.sock.recv(65536)
            except socket.timeout:
                if "beat" not in connection.session:
                    return
                connection.sock.sendall(b"\n")
                continue
            if not data or ("spoke" not in connection.session and not data.startswith(_GREETINGS)):
                return  # HTTP, for example: it hangs up
            connection.session["spoke"] = True
            try:
                for found in parser.feed(data):
                    if not self._serve_frame(found):
                        return
            except (ValueError, KeyError):
                return

    def _serve_frame(self, found: Frame) -> bool:
        headers = Message()
        for name, value in found.headers.items():
            headers[name] = value
        target = _method(found.body) if found.command == "SEND" else "/"
        request = Request(found.command, target, headers, found.body, self.connection, self.server.stopping)
        fault = self.server.faults.take(request)
        self.server.log.add(request, fault.name if fault else None)
        response = fault.act(Exchange(request, self.server.answer)) if fault else self.server.answer(request)
        if response is None:
            return False
        data = response.whole_body()
        if self.server.habits.bytewise:
            for byte in data:
                self.connection.sock.sendall(bytes([byte]))
        elif data:
            self.connection.sock.sendall(data)
        return not response.close


class VdsmServer(HttpServer):
    """The VDSM of one hypervisor."""

    handler = _Handler

    def __init__(self, host_model: Host, *, habits: Habits | None = None, **options: t.Any) -> None:
        """Serve this host; the rest is for HttpServer."""
        super().__init__(self._answer, **options)
        self.model = host_model
        self.habits = habits or Habits()
        self._kept: dict[str, str] = {}

    def _answer(self, request: Request) -> Response:
        answers: dict[str, t.Callable[[Request], bytes]] = {
            "CONNECT": self._connect,
            "STOMP": self._connect,
            "SUBSCRIBE": self._subscribe,
            "SEND": self._send,
            "UNSUBSCRIBE": lambda _request: b"",
            "DISCONNECT": lambda request: self._frame("RECEIPT", [("receipt-id", request.header("receipt"))]),
        }
        if request.method not in answers:
            return Response(close=True)
        return Response(body=answers[request.method](request), close=request.method == "DISCONNECT")

    def _frame(self, command: str, headers: Headers, body: bytes = b"") -> bytes:
        habits = self.habits
        return frame(command, headers, body, length=habits.announce_length, end=habits.line_end)

    def _connect(self, request: Request) -> bytes:
        if request.header("accept-version") != "1.2":
            return self._frame("ERROR", [], b"Version unsupported")
        headers = [("version", "1.2")]
        beat = int(request.header("heart-beat", "0,0").partition(",")[2])
        if beat:
            beat = max(beat, LEAST_BEAT)
            headers.append(("heart-beat", f"{beat},0"))
            request.connection.session["beat"] = beat
            request.connection.sock.settimeout(beat * 0.95 / 1000)
        else:
            request.connection.sock.settimeout(None)
        return self._frame("CONNECTED", headers)

    def _subscribe(self, request: Request) -> bytes:
        subscriptions = request.connection.session.setdefault("subscriptions", {})
        name, destination = request.header("id"), request.header("destination")
        if not name or not destination or name in subscriptions.values():
            return self._frame("ERROR", [], b"Missing or repeated id or destination")
        subscriptions[destination] = name
        return b""

    def _send(self, request: Request) -> bytes:
        if request.header("destination") not in REQUESTS:
            return self._frame("ERROR", [], b"Subscription not available")
        try:
            document = request.json()
        except ValueError:
            return b""
        if isinstance(document, list):
            if len(document) != 1:
                return b""
            document = document[0]
        subscriptions = request.connection.session.get("subscriptions", {})
        reply_to = request.header("reply-to")
        if reply_to not in subscriptions:
            return b""
        held: list[bytes] = request.connection.session.setdefault("held", [])
        held.append(self.message(request, self._body(document), chatty=self.habits.chatty))
        if len(held) < self.habits.hold:
            return b""
        answers = b"".join(reversed(held))
        held.clear()
        return answers

    def message(self, request: Request, body: bytes, *, chatty: bool = False, subscription: str | None = None) -> bytes:
        """The frame of an answer to this request."""
        reply_to = request.header("reply-to")
        name = subscription or request.connection.session["subscriptions"][reply_to]
        headers = [("destination", reply_to), ("content-type", "application/json"), ("subscription", name)]
        whole = self._frame("MESSAGE", headers, body)
        if not chatty:
            return whole
        event = {"jsonrpc": "2.0", "method": "|virt|VM_status|x", "params": {"x": {"status": "Up"}, "notify_time": 1}}
        other = {"jsonrpc": "2.0", "id": "somebody-else", "result": [{"vmId": "not-ours", "status": "Up"}]}
        noise = [self._frame("MESSAGE", headers, json.dumps(text).encode()) for text in (event, other)]
        foreign = [("destination", "jms.queue.events"), ("subscription", "other"), ("x", "a:b\\c")]
        noise.append(self._frame("MESSAGE", foreign, b"not even JSON"))
        return b"\n\r\n".join([b"", *noise, whole]) + b"\n"

    def _body(self, document: t.Any) -> bytes:
        answer: dict[str, t.Any] = {"jsonrpc": "2.0", "id": document.get("id")}
        try:
            if document.get("jsonrpc") != "2.0":
                raise RpcFault(-32600, "Invalid request")
            method, params = document["method"], document.get("params") or {}
            if not self.habits.keep_results:
                answer["result"] = self.model.call(method, params)
            elif method not in self._kept:
                self._kept[method] = json.dumps(self.model.call(method, params))
        except RpcFault as fault:
            answer["error"] = {"code": fault.code, "message": fault.message}
        else:
            if self.habits.keep_results:
                head = json.dumps(answer)[:-1]
                return f'{head}, "result": {self._kept[method]}}}'.encode()
        if self.habits.pretty:
            return json.dumps(answer, ensure_ascii=False, indent=1).encode()
        return json.dumps(answer).encode()


def _method(body: bytes) -> str:
    try:
        document = json.loads(body)
    except ValueError:
        return "/"
    return str(document.get("method", "/")) if isinstance(document, dict) else "/"


@dataclass(frozen=True)
class Files:
    """What lies on a hypervisor's disk: its configuration, and the certificates that this names."""

    conf: Path
    ca: Path
    cert: Path
    key: Path


def lay_out(folder: Path, authority: CertificateAuthority, pair: Pair, port: int, ssl: bool = True) -> Files:
    """Make vdsm.conf and its certificates, in the places where VDSM has them below its trust store."""
    files = Files(
        folder / "vdsm.conf", folder / "certs/cacert.pem", folder / "certs/vdsmcert.pem", folder / "keys/vdsmkey.pem"
    )
    for path in (files.ca, files.key):
        path.parent.mkdir(parents=True, exist_ok=True)
    files.ca.write_text(authority.pem, encoding="ascii")
    files.cert.write_text(pair.cert_pem, encoding="ascii")
    files.key.touch(mode=0o600)
    files.key.write_text(pair.key_pem, encoding="ascii")
    files.conf.write_text(
        f"[vars]\nssl = {str(ssl).lower()}\ntrust_store_path = {folder}\n\n[addresses]\nmanagement_port = {port}\n"
        f"management_ip = ::\n",
        encoding="utf-8",
    )
    return files


def host_pair(authority: CertificateAuthority, name: str = "kvm1.example.com") -> Pair:
    """A hypervisor's own certificate: for its name as the engine knows it, good for a server and for a client."""
    return authority.issue_server([name], client_too=True)
