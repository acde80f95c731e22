# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""XML-RPC: what is sent, what is understood, and what is refused of a server that means harm."""

from __future__ import annotations

import gzip
import tracemalloc
import typing as t
import xmlrpc.client

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._transport.http import HttpClient
from ansible_collections.virtmap.core.plugins.module_utils._transport.server import parse_server
from ansible_collections.virtmap.core.plugins.module_utils._transport.xmlrpc import (
    LARGEST_ANSWER,
    XmlRpcClient,
    XmlRpcFault,
    encode,
    read_params,
    xml_text,
)
from ansible_collections.virtmap.core.tests.servers._http import HttpServer, Request, Response

VALUES: list[t.Any] = [
    1, -1, 2**31 - 1, True, 1.5, "text <&> ü \U0001f600", "", [], [1, [2, ["x"]]], {}, {"a": {"b": [None]}},
]  # fmt: skip


class Echo:
    """Answers as told; keeps what it was sent."""

    def __init__(self) -> None:
        self.response = Response()
        self.sent: list[tuple[str, tuple[t.Any, ...]]] = []

    def __call__(self, request: Request) -> Response:
        parameters, method = xmlrpc.client.loads(request.body)
        assert method is not None
        self.sent.append((method, t.cast("tuple[t.Any, ...]", parameters)))
        return self.response


class Peer(t.NamedTuple):
    """A client and the server that it talks to."""

    client: XmlRpcClient
    echo: Echo
    server: HttpServer

    def answers(self, body: bytes | str, **headers: str) -> t.Any:
        """The outcome of a call that is answered with this body."""
        data = body.encode("utf-8") if isinstance(body, str) else body
        self.echo.response = Response(200, data, [(name.replace("_", "-"), value) for name, value in headers.items()])
        return self.client.call("a.b", 1)


@pytest.fixture(name="peer")
def peer_fixture() -> t.Iterator[Peer]:
    echo = Echo()
    with HttpServer(echo) as server, HttpClient(parse_server(server.url, port=None), what="it", timeout=20) as http:
        yield Peer(XmlRpcClient(http, "/RPC"), echo, server)


def good(value: t.Any) -> str:
    return xmlrpc.client.dumps((value,), methodresponse=True, allow_none=True)


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_go_both_ways(peer: Peer, value: t.Any) -> None:
    assert peer.answers(good(value)) == value
    if "None" not in repr(value):
        peer.client.call("a.b", value, [value])
        assert peer.echo.sent[-1] == ("a.b", (value, [value]))
    entry = peer.server.log.find("POST", "/RPC")[-1]
    assert entry.header("Content-Type") == "text/xml"


def test_what_other_servers_send(peer: Peer) -> None:
    wrap = "<?xml version='1.0'?><methodResponse><params><param><value>{}</value></param></params></methodResponse>"
    assert peer.answers(wrap.format("no type")) == "no type"
    assert peer.answers(wrap.format("<i4>5</i4>")) == 5
    assert peer.answers(wrap.format("<i8>99999999999</i8>")) == 99999999999
    assert str(peer.answers(wrap.format("<dateTime.iso8601>20261121T08:00:00</dateTime.iso8601>"))) == (
        "20261121T08:00:00"
    )
    latin = "<?xml version='1.0' encoding='ISO-8859-1'?>" + wrap.format("\xe9").partition("?>")[2]
    assert peer.answers(latin.encode("latin-1")) == "\xe9"


def test_a_fault(peer: Peer) -> None:
    body = xmlrpc.client.dumps(xmlrpc.client.Fault(-210, "\nNo such\nchannel\n"), methodresponse=True)
    with pytest.raises(XmlRpcFault) as caught:
        peer.answers(body)
    assert (caught.value.code, caught.value.text) == (-210, "\nNo such\nchannel\n")
    assert caught.value.message == "it answered a.b with fault -210: No such\\nchannel"


def test_odd_faults(peer: Peer) -> None:
    member = "<member><name>{}</name><value>{}</value></member>"
    body = "<methodResponse><fault><value><struct>{}</struct></value></fault></methodResponse>"
    text = member.format("faultString", "x")
    for code, expected in [("7", 7), ("-7", -7), ("nonsense", -1), ("7" * 5000, -1), ("--7", -1)]:
        with pytest.raises(XmlRpcFault) as caught:
            peer.answers(body.format(member.format("faultCode", code) + text))
        assert caught.value.code == expected
    for content in ("", text):
        with pytest.raises(BadAnswer, match="not XML-RPC"):
            peer.answers(body.format(content))


def test_secrets_are_not_shown(peer: Peer) -> None:
    peer.client.hide("hunter2")
    peer.client.hide("")
    fault = xmlrpc.client.Fault(1, f"hunter2 and {'0a' * 32} and ok")
    with pytest.raises(XmlRpcFault, match=r"\*\*\* and \*\*\* and ok"):
        peer.answers(xmlrpc.client.dumps(fault, methodresponse=True))
    with pytest.raises(BadAnswer) as caught:
        peer.answers("hunter2 is what you sent")
    assert "hunter2" not in caught.value.message


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
HARMFUL = {
    "entities that grow": f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]><methodResponse>&l9;</methodResponse>',
    "one long entity": f'<!DOCTYPE x [<!ENTITY a "{"a" * 50000}">]><methodResponse>{"&a;" * 9000}</methodResponse>',
    "a file": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><methodResponse>&a;</methodResponse>',
    "a parameter entity": '<!DOCTYPE x [<!ENTITY % a SYSTEM "http://127.0.0.1:1/">%a;]><methodResponse/>',
    "a harmless document type": f"<!DOCTYPE methodResponse>{good(1).partition('?>')[2]}",
    "nesting": good(1).replace("<int>1</int>", "<array><data><value>" * 5000 + "</value></data></array>" * 5000),
    "a number": good(1).replace("1</int>", "1" * 3_000_000 + "</int>"),
    "a big number": good(1).replace("<int>1</int>", f"<biginteger>{'1' * 3_000_000}</biginteger>"),
}


@pytest.mark.parametrize("name", HARMFUL)
def test_harmful_answers_are_refused_cheaply(peer: Peer, name: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(BadAnswer, match="not XML-RPC") as caught:
            peer.answers(HARMFUL[name])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 40 * 1024 * 1024
    assert "root:" not in caught.value.message
    assert len(caught.value.message) < 400


def test_an_answer_without_end_is_refused(peer: Peer) -> None:
    piece = b"<value>" + b" " * 65000 + b"</value>"

    def endless() -> t.Iterator[bytes]:
        yield b"<methodResponse><params><param><value><array><data>"
        for _number in range(2 * LARGEST_ANSWER // len(piece)):
            yield piece

    peer.echo.response = Response(200, endless())
    with pytest.raises(BadAnswer, match=f"larger than {LARGEST_ANSWER} bytes"):
        peer.client.call("a.b")


def test_a_compressed_answer_is_refused(peer: Peer) -> None:
    with pytest.raises(BadAnswer, match="compressed"):
        peer.answers(gzip.compress(b" " * 10_000_000), Content_Encoding="gzip")


ONE = good(1)
NONSENSE = [
    "",
    "<html></html>",
    "no XML",
    "<methodResponse>",
    "<methodResponse/>",
    "<methodResponse><params></params></methodResponse>",
    "<methodCall><methodName>x</methodName></methodCall>",
    ONE.replace("</param>", "</param><param><value>2</value></param>"),
    ONE[:-5],
    ONE + "<x/>",
    ONE.replace("<int>1", "<int>one"),
    ONE.replace("<int>1</int>", "<boolean>2</boolean>"),
    ONE.replace("<int>1</int>", "<base64>a</base64>"),
    ONE.replace("<int>1</int>", "<double>x</double>"),
    ONE.replace("1</int>", "\x01</int>"),
    good({"a": 1}).replace("<name>a</name>", ""),
]


@pytest.mark.parametrize("body", NONSENSE)
def test_nonsense(peer: Peer, body: str) -> None:
    with pytest.raises(BadAnswer, match="it answered a.b with something that is not XML-RPC .*check that server, port"):
        peer.answers(body)


def test_bytes_that_are_no_text(peer: Peer) -> None:
    with pytest.raises(BadAnswer, match="not XML-RPC"):
        peer.answers(good("x").encode().replace(b"x<", b"\xff\xfe<"))


@pytest.mark.parametrize(
    "value, reason",
    [(2**31, "exceeds"), (None, "None"), (object(), "marshal"), ("a\x00", "control"), ("\ud800", "control")],
)
def test_what_cannot_be_sent(value: t.Any, reason: str) -> None:
    with pytest.raises(InvalidInput, match="a parameter of a.b") as caught:
        encode("a.b", (value,))
    assert reason in caught.value.message


def test_xml_text() -> None:
    assert xml_text("a\tb\x00\x1b\ud83d\uffff\U0001f600") == "a\tb????\U0001f600"


def test_params_alone() -> None:
    assert read_params(xmlrpc.client.dumps(({"a": 1},)).encode()) == {"a": 1}
    for bad in (b"", b"<params/>", good(1).encode(), b"<params>"):
        with pytest.raises(ValueError, match="."):
            read_params(bad)
