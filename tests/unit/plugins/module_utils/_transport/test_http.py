# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What an exchange sends and returns when all is well, and how connections are kept."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
import sys
import typing as t
import zlib

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, InvalidInput, MissingLibrary
from ansible_collections.virtmap.core.plugins.module_utils._transport import http, http_answer
from ansible_collections.virtmap.core.plugins.module_utils._transport.http import HttpClient
from ansible_collections.virtmap.core.tests.servers._http import HttpServer, Request, Response, faults
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority

Connect = t.Callable[..., HttpClient]


def bare(data: bytes) -> bytes:
    """Deflate without any wrapping, as some servers understand it."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


class TestWhatIsSent:
    def test_a_plain_get(self, server: HttpServer, connect: Connect) -> None:
        answer = connect(server).request("GET", "/things")
        assert answer.status == 200
        assert answer.headers["content-type"] == "application/json"
        seen = answer.json()
        assert (seen["method"], seen["target"], seen["body"]) == ("GET", "/things", "")
        assert seen["headers"]["host"] == f"127.0.0.1:{server.port}"

    def test_a_whole_answer_has_its_cookies(self, connect: Connect) -> None:
        cookies = [("Set-Cookie", "A=1; Path=/; HttpOnly"), ("Set-Cookie", 'B="two"; Secure')]
        with HttpServer(lambda _request: Response(200, b"", list(cookies))) as server:
            assert connect(server).request("GET", "/").cookies == {"A": "1", "B": '"two"'}

    def test_path_prefix_query_and_json(self, server: HttpServer, connect: Connect) -> None:
        client = connect(f"{server.url}/prefix/", headers={"X-One": "1", "X-Two": "2"})
        seen = client.request(
            "POST", "/x", params={"q": "a b&c", "many": [1, 2]}, json_body={"name": "dé"}, headers={"X-Two": "zwei"}
        ).json()
        assert seen["target"] == "/prefix/x?q=a+b%26c&many=1&many=2"
        assert json.loads(seen["body"]) == {"name": "dé"}
        assert seen["headers"]["content-type"] == "application/json"
        assert (seen["headers"]["x-one"], seen["headers"]["x-two"]) == ("1", "zwei")

    def test_a_body_as_it_is(self, server: HttpServer, connect: Connect) -> None:
        seen = connect(server).request("PUT", "/x", body=b"<x/>", headers={"Content-Type": "text/xml"}).json()
        assert (seen["body"], seen["headers"]["content-type"]) == ("<x/>", "text/xml")

    def test_basic_authentication_is_utf8(self, server: HttpServer, connect: Connect) -> None:
        seen = connect(server, username="läser", password="pä:ß").request("GET", "/").json()
        kind, _space, token = seen["headers"]["authorization"].partition(" ")
        assert (kind, base64.b64decode(token).decode()) == ("Basic", "läser:pä:ß")

    @pytest.mark.parametrize("value", ["t0ken\n", "t0ken\r\nX-Evil: 1", "t0k\x00en", "t0ken\u20ac"])
    def test_a_header_that_cannot_be_sent_is_refused_unseen(
        self, server: HttpServer, connect: Connect, value: str
    ) -> None:
        with pytest.raises(InvalidInput) as caught:
            connect(server, headers={"Authorization": value}).request("GET", "/")
        assert "the HTTP header Authorization" in caught.value.message
        assert "t0k" not in repr(caught.value)
        assert server.log.connections == 0


class TestAnswers:
    def test_expected_statuses_are_returned(self, server: HttpServer, connect: Connect) -> None:
        server.faults.add(faults.status(404, {"why": "gone"}))
        answer = connect(server).request("GET", "/", expect=(404,))
        assert (answer.status, answer.json()) == (404, {"why": "gone"})

    @pytest.mark.parametrize("code", [200, 201, 202, 204])
    def test_every_success_is_a_success(self, connect: Connect, code: int) -> None:
        with HttpServer(lambda _request: Response(code)) as server:
            assert connect(server).request("DELETE", "/").body == b""

    def test_a_head_request_has_a_length_and_no_body(self, server: HttpServer, connect: Connect) -> None:
        client = connect(server)
        answer = client.request("HEAD", "/")
        assert int(answer.headers["content-length"]) > 0
        assert answer.body == b""
        assert client.request("GET", "/").json()["method"] == "GET"

    @pytest.mark.parametrize("kind", ["html", "binary", "bad_json", "bad_utf8", "empty"])
    def test_what_is_not_json_is_said_so(self, server: HttpServer, connect: Connect, kind: str) -> None:
        server.faults.add(faults.nonsense(kind))
        with pytest.raises(BadAnswer, match=r"something that is not JSON \(it (begins '|is empty)"):
            connect(server).request("GET", "/").json()

    def test_json_that_is_too_deep_is_said_so(self, server: HttpServer, connect: Connect) -> None:
        server.faults.add(faults.status(200, "[" * 200_000, content_type="application/json"))
        with pytest.raises(BadAnswer, match="not JSON"):
            connect(server).request("GET", "/").json()

    def test_json_with_a_byte_order_mark(self, server: HttpServer, connect: Connect) -> None:
        server.faults.add(faults.status(200, b'\xef\xbb\xbf{"a": 1}'))
        assert connect(server).request("GET", "/").json() == {"a": 1}

    @pytest.mark.parametrize(
        ("coding", "pack"),
        [("gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", bare)],
        ids=["gzip", "deflate", "bare"],
    )
    def test_packed_answers(self, connect: Connect, coding: str, pack: t.Callable[[bytes], bytes]) -> None:
        text = b"guest " * 500_000
        packed = Response(200, pack(text), [("Content-Encoding", coding)])
        with HttpServer(lambda _request: packed) as server:
            client = connect(server)
            assert client.request("GET", "/", headers={"Accept-Encoding": "gzip"}).body == text
            with client.stream("GET", "/") as stream:
                first = stream.read(6)
                assert 0 < len(first) <= 6, "at most what was asked for, and nothing only at the end"
                assert first + stream.read() == text

    def test_a_packed_answer_that_cannot_be_unpacked(self, connect: Connect) -> None:
        broken = Response(200, b"this is no gzip", [("Content-Encoding", "gzip")])
        with HttpServer(lambda _request: broken) as server, pytest.raises(BadAnswer, match="cannot be unpacked"):
            connect(server).request("GET", "/")

    @pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip"])
    def test_a_packing_that_nobody_asked_for(self, connect: Connect, coding: str) -> None:
        odd = Response(200, b"???", [("Content-Encoding", coding)])
        with HttpServer(lambda _request: odd) as server, pytest.raises(BadAnswer, match=f"is packed with {coding}"):
            connect(server).request("GET", "/")

    def test_a_packed_answer_that_ends_too_early(self, connect: Connect) -> None:
        """The wire says that all came; the packing knows better."""
        short = Response(200, gzip.compress(b"guest " * 1000)[:-20], [("Content-Encoding", "gzip")])
        with HttpServer(lambda _request: short) as server, pytest.raises(BadAnswer, match="it ends too early"):
            connect(server).request("GET", "/")

    def test_a_packed_answer_in_two_members_byte_by_byte(self, connect: Connect) -> None:
        packed = gzip.compress(b"one " * 5000) + gzip.compress(b"two")
        with HttpServer(lambda _request: Response(200, packed, [("Content-Encoding", "gzip")])) as server:
            with connect(server).stream("GET", "/") as stream:
                assert b"".join(iter(lambda: stream.read(1), b"")) == b"one " * 5000 + b"two"
                assert stream.read(1) == b""

    def test_a_bomb_is_unpacked_in_pieces(self, connect: Connect) -> None:
        packed = gzip.compress(b"0" * 50_000_000)
        with HttpServer(lambda _request: Response(200, packed, [("Content-Encoding", "gzip")])) as server:
            with connect(server).stream("GET", "/") as stream:
                assert len(stream.read(1000)) <= 1000

    @pytest.mark.parametrize("packed", [False, True])
    def test_one_that_is_too_large_to_be_held_is_given_up(
        self, connect: Connect, monkeypatch: pytest.MonkeyPatch, packed: bool
    ) -> None:
        monkeypatch.setattr(http_answer, "LARGEST", 1_000_000)
        body, headers = b"0" * 1_000_001, [("Content-Encoding", "gzip")] if packed else []
        with HttpServer(lambda _request: Response(200, gzip.compress(body) if packed else body, headers)) as server:
            with pytest.raises(BadAnswer, match="sent more than 1000000 bytes in one answer; look at the server's log"):
                connect(server).request("GET", "/")
            monkeypatch.setattr(http_answer, "LARGEST", 1_000_001)
            assert connect(server).request("GET", "/").body == body

    def test_an_answer_without_a_length_ends_with_the_connection(self, server: HttpServer, connect: Connect) -> None:
        server.faults.add(faults.raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nto the end"))
        assert connect(server).request("GET", "/").body == b"to the end"

    def test_chunks(self, connect: Connect) -> None:
        pieces = Response(200, [b"one ", b"two ", b"three"])
        with HttpServer(lambda _request: pieces) as server:
            assert connect(server).request("GET", "/").body == b"one two three"


class TestKeptConnections:
    @pytest.mark.parametrize("scheme", ["server", "tls_server"])
    def test_many_requests_use_one(self, request: pytest.FixtureRequest, connect: Connect, scheme: str) -> None:
        server = request.getfixturevalue(scheme)
        with connect(server) as client:
            for number in range(50):
                assert client.request("GET", f"/{number}").status == 200
            with client.stream("GET", "/streamed") as stream:
                stream.read()
            client.request("GET", "/last")
        assert server.log.connections == 1

    def test_an_error_with_a_short_body_keeps_it(self, server: HttpServer, connect: Connect) -> None:
        client = connect(server)
        for code in (404, 403, 500):
            server.faults.add(faults.status(code, {"message": "no"}))
            with pytest.raises(Exception, match="no"):
                client.request("GET", "/")
        client.request("GET", "/")
        assert server.log.connections == 1

    def test_an_answer_that_was_not_read_is_not_taken_for_the_next_one(
        self, server: HttpServer, connect: Connect
    ) -> None:
        client = connect(server)
        with client.stream("GET", "/first") as stream:
            assert len(stream.read(5)) == 5
        assert client.request("GET", "/second").json()["target"] == "/second"
        assert server.log.connections == 2

    def test_an_error_whose_body_is_too_long_to_read_is_not_taken_for_the_next_one(
        self, server: HttpServer, connect: Connect
    ) -> None:
        server.faults.add(faults.status(500, b"x" * 5_000_000))
        client = connect(server)
        with pytest.raises(BadAnswer, match="status 500"):
            client.request("POST", "/first", repeatable=False)
        assert client.request("POST", "/second", repeatable=False).json()["target"] == "/second"

    @pytest.mark.parametrize("repeatable", [True, False])
    @pytest.mark.parametrize("scheme", ["server", "tls_server"])
    def test_one_that_the_server_closed_while_idle_is_replaced(
        self, request: pytest.FixtureRequest, connect: Connect, scheme: str, repeatable: bool
    ) -> None:
        """Nothing was sent on it, so that even a request that must not be sent twice goes out on a new one."""
        server = request.getfixturevalue(scheme)
        client = connect(server)
        client.request("GET", "/first")
        server.pause()
        server.resume()
        assert client.request("POST", "/second", repeatable=repeatable).json()["target"] == "/second"
        assert server.log.calls() == ["GET /first", "POST /second"]

    def test_one_that_was_idle_for_long_is_not_trusted_with_a_request_that_must_not_be_repeated(
        self, server: HttpServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client = connect(server)
        client.request("GET", "/first")
        client.request("POST", "/at-once", repeatable=False)
        monkeypatch.setattr(http, "IDLE_SECONDS", 0.0)
        client.request("GET", "/repeatable")
        client.request("POST", "/later", repeatable=False)
        assert [entry.connection for entry in server.log.find()] == [1, 1, 1, 2]

    def test_every_exchange_on_it_has_the_whole_deadline(self, connect: Connect) -> None:
        """Also the second one, long after the first connected: plain HTTP connects while it sends its first request."""

        def slow(request: Request) -> Response:
            request.stopping.wait(0.6)
            return Response.text("ok")

        with HttpServer(slow) as server:
            client = connect(server, timeout=1)
            for _number in range(4):
                assert client.request("GET", "/").body == b"ok"
            assert server.log.connections == 1

    def test_a_request_may_have_its_own_deadline(self, connect: Connect) -> None:
        def slow(request: Request) -> Response:
            request.stopping.wait(1.5)
            return Response.text("ok")

        with HttpServer(slow) as server:
            client = connect(server, timeout=1)
            assert client.request("GET", "/", timeout=20).body == b"ok"
            assert client.request("GET", "/", timeout=20).body == b"ok"

    def test_a_connection_header_that_says_close_is_obeyed(self, connect: Connect) -> None:
        closing = Response(200, b"ok", close=True)
        with HttpServer(lambda _request: closing) as server:
            client = connect(server)
            assert [client.request("GET", "/").body for _number in range(3)] == [b"ok"] * 3
            assert server.log.connections == 3


class TestAddresses:
    def test_ipv6(self, connect: Connect, authority: CertificateAuthority) -> None:
        def where(request: Request) -> Response:
            return Response.json(request.header("Host"))

        with HttpServer(where, host="::1", tls=authority.server_context()) as server:
            answer = connect(f"https://[::1]:{server.port}").request("GET", "/")
            assert answer.json() == f"[::1]:{server.port}"

    def test_a_name_with_several_addresses_is_reached_at_the_one_that_answers(
        self, tls_server: HttpServer, connect: Connect
    ) -> None:
        """localhost may be ::1 first, where nothing listens."""
        client = connect(f"https://localhost:{tls_server.port}")
        assert client.request("GET", "/").json()["headers"]["host"] == f"localhost:{tls_server.port}"


HUGE = """
import resource, sys
from ansible_collections.virtmap.core.plugins.module_utils._transport.http import HttpClient
from ansible_collections.virtmap.core.plugins.module_utils._transport.server import parse_server
size = 0
with HttpClient(parse_server(sys.argv[1], port=None), what="it", timeout=120, proxy="") as client:
    client.request("GET", "/small")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with client.stream("GET", "/huge") as stream:
        while True:
            data = stream.read(65536)
            if not data:
                break
            size += len(data)
print(size, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_huge_body_is_read_in_little_memory(packed: bool) -> None:
    size = 200 * 1024 * 1024
    piece = b"0123456789abcdef" * 4096

    def big(request: Request) -> Response:
        if request.path == "/small":
            return Response.text("ok")
        plain = (piece for _number in range(size // len(piece)))
        if not packed:
            return Response(200, plain)
        return Response(200, gzipped(plain), [("Content-Encoding", "gzip")])

    with HttpServer(big, keep_bodies=False) as server:
        done = subprocess.run(
            [sys.executable, "-c", HUGE, server.url], capture_output=True, text=True, timeout=300, check=True
        )
    read, grown = map(int, done.stdout.split())
    assert read == size
    assert grown < 40 * 1024, "kilobytes"


def gzipped(pieces: t.Iterable[bytes]) -> t.Iterator[bytes]:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    for piece in pieces:
        yield packer.compress(piece)
    yield packer.flush()


def test_missing_urllib3_is_named(monkeypatch: pytest.MonkeyPatch, connect: Connect) -> None:
    monkeypatch.setattr(http, "URLLIB3_ERROR", "Traceback: no module named urllib3")
    with pytest.raises(MissingLibrary, match="urllib3 is not installed"):
        connect("http://127.0.0.1:1")
