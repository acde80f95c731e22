# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The VDSM test server against what a real one was seen to send, byte for byte, over a bare socket."""

from __future__ import annotations

import json
import socket
import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority
from ansible_collections.virtmap.core.tests.servers.vdsm import Host, Machine, VdsmServer, host_pair

CONNECT = b"CONNECT\naccept-version:1.2\nheart-beat:0,8000\n\n\0"
CONNECTED = b"CONNECTED\nversion:1.2\nheart-beat:8000,0\n\n\0"
SUBSCRIBE = b"SUBSCRIBE\nid:sub-1\ndestination:7d1f\nack:auto\n\n\0"
VM = "5f0e7b2a-4c4a-4b9d-9a52-0c8d5a6a1e11"


@pytest.fixture
def wire() -> t.Iterator[socket.socket]:
    """A connection without TLS."""
    with VdsmServer(Host([Machine(VM, "web")])) as server:
        with socket.create_connection((server.host, server.port), timeout=5) as sock:
            yield sock


def send(body: bytes, destination: str = "jms.topic.vdsm_requests", reply_to: str = "7d1f") -> bytes:
    head = f"SEND\ndestination:{destination}\ncontent-type:application/json\nreply-to:{reply_to}\n"
    return f"{head}content-length:{len(body)}\n\n".encode() + body + b"\0"


def question(name: str, method: str = "Host.ping2", **params: t.Any) -> bytes:
    return send(json.dumps({"jsonrpc": "2.0", "method": method, "params": params, "id": name}).encode())


def frame(sock: socket.socket) -> bytes:
    """The next frame; none of these has a NUL in its body."""
    data = b""
    while not data.endswith(b"\0"):
        piece = sock.recv(1)
        if not piece:
            break
        data += piece
    return data


def test_the_recorded_exchange(wire: socket.socket) -> None:
    wire.sendall(CONNECT)
    assert frame(wire) == CONNECTED
    wire.sendall(SUBSCRIBE + question("r1", "Host.getVMList", onlyUUID=False))
    body = (
        f'{{"jsonrpc": "2.0", "id": "r1", "result": [{{"vmId": "{VM}", "status": "Up", "statusTime": "4296272980"}}]}}'
    )
    assert frame(wire) == (
        b"MESSAGE\ndestination:7d1f\ncontent-type:application/json\nsubscription:sub-1\ncontent-length:136\n\n"
        + body.encode()
        + b"\0"
    )


def test_heart_beats(wire: socket.socket) -> None:
    """Values below a second are raised to one; then there is one before it is over."""
    wire.sendall(CONNECT.replace(b"8000", b"10"))
    assert frame(wire) == CONNECTED.replace(b"8000", b"1000")
    assert wire.recv(10) == b"\n"


def test_no_heart_beat_is_promised_to_who_asks_for_none(wire: socket.socket) -> None:
    wire.sendall(b"CONNECT\naccept-version:1.2\n\n\0")
    assert frame(wire) == b"CONNECTED\nversion:1.2\n\n\0"


def test_what_is_refused_with_error_leaves_the_connection_open(wire: socket.socket) -> None:
    wire.sendall(CONNECT.replace(b"1.2", b"1.0"))
    assert b"ERROR\n" in (first := frame(wire))
    assert first.endswith(b"\n\nVersion unsupported\0")
    wire.sendall(CONNECT)
    assert frame(wire) == CONNECTED
    wire.sendall(send(b"{}", destination="nowhere"))
    assert frame(wire).endswith(b"\n\nSubscription not available\0")
    wire.sendall(b"SUBSCRIBE\nid:sub-1\n\n\0")
    assert frame(wire).startswith(b"ERROR\n")


def test_what_is_never_answered(wire: socket.socket) -> None:
    wire.sendall(CONNECT + SUBSCRIBE + send(b"no JSON") + send(b"[{}, {}]") + send(b"{}", reply_to="elsewhere"))
    wire.sendall(send(b"[" + question("r1").partition(b"\n\n")[2][:-1] + b"]"))
    assert frame(wire) == CONNECTED
    assert json.loads(frame(wire).partition(b"\n\n")[2][:-1]) == {"jsonrpc": "2.0", "id": "r1", "result": True}


def test_errors_of_json_rpc(wire: socket.socket) -> None:
    wire.sendall(CONNECT + SUBSCRIBE + question("r1", "Host.none") + question("r2").replace(b'"2.0"', b'"1.0"'))
    frame(wire)
    found = [json.loads(frame(wire).partition(b"\n\n")[2][:-1]) for _number in range(2)]
    assert [answer["error"]["code"] for answer in found] == [-32601, -32600]


def test_a_receipt_and_the_end(wire: socket.socket) -> None:
    wire.sendall(CONNECT + b"DISCONNECT\nreceipt:77\n\n\0")
    frame(wire)
    assert frame(wire) == b"RECEIPT\nreceipt-id:77\n\n\0"
    assert wire.recv(1) == b""


def test_http_is_hung_up_on(wire: socket.socket) -> None:
    wire.sendall(b"POST /RPC2 HTTP/1.1\r\nHost: kvm1\r\nContent-Length: 0\r\n\r\n")
    assert frame(wire) == b""


def test_a_client_without_a_certificate_is_not_let_in(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path)
    pair = host_pair(authority)
    context = authority.client_context()
    context.check_hostname = False
    tls = authority.server_context(pair, client_ca=authority, client_required=True)
    with VdsmServer(Host(), tls=tls) as server:
        sock = context.wrap_socket(socket.create_connection((server.host, server.port), timeout=5))
        # With TLS 1.3 the refusal comes only when something is read.
        with pytest.raises(OSError, match="alert|reset|EOF"):
            sock.recv(1)
        sock.close()
