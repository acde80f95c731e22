# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Every way in which an exchange fails: the right error, one plain sentence, in time; nothing is sent twice in vain."""

from __future__ import annotations

import email.utils
import socket
import threading
import time
import typing as t
from types import SimpleNamespace

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    CannotConnect,
    Denied,
    InvalidInput,
    NotFound,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._transport import http, http_errors
from ansible_collections.virtmap.core.plugins.module_utils._transport.http import HttpClient
from ansible_collections.virtmap.core.tests.servers._http import HttpServer, Request, faults
from ansible_collections.virtmap.core.tests.servers._http.connection import ConnectionHandler
from ansible_collections.virtmap.core.tests.servers._http.dead import (
    full_queue,
    refused_address,
    resetting_address,
    silent_address,
    speaking_address,
)

Connect = t.Callable[..., HttpClient]
SECRET = "s3cr3t-t0ken"
# What a test may take beyond a deadline on a busy machine.
GRACE = 5.0


def fails(
    client: HttpClient,
    kind: type[VirtmapError],
    says: str,
    *,
    method: str = "GET",
    path: str = "/x",
    within: float = 60.0,
    **options: t.Any,
) -> VirtmapError:
    """The request must fail with just this kind of error; the sentence is checked for what holds for all of them."""
    began = time.monotonic()
    with pytest.raises(VirtmapError, match=says) as caught:
        client.request(method, path, **options)
    assert time.monotonic() - began < within + GRACE
    assert caught.value.__class__ is kind, caught.value
    text = caught.value.message
    assert "the service 127.0.0.1" in text or "the service localhost" in text or "the service [::1]" in text
    assert "\n" not in text
    assert len(text) < 600
    for leak in (SECRET, "0x", "urllib3", "HTTPConnection", "Errno", "Max retries", "_ssl.c"):
        assert leak not in text
    return caught.value


class TestNoConnection:
    def test_refused(self, connect: Connect, pauses: list[float]) -> None:
        with refused_address() as (host, port):
            client = connect(f"http://{host}:{port}", headers={"X-Token": SECRET})
            fails(client, CannotConnect, "cannot be reached: the connection was refused; check server, port and that")
        assert pauses == [1.0, 2.0], "it never left, so it is tried three times"

    def test_refused_and_not_repeatable(self, connect: Connect, pauses: list[float]) -> None:
        with refused_address() as (host, port):
            fails(connect(f"http://{host}:{port}"), CannotConnect, "refused", method="POST", repeatable=False)
        assert pauses == [1.0, 2.0], "it never left, so that it may be tried again"

    def test_a_server_that_comes_up_meanwhile(
        self, server: HttpServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server.pause()

        class Resuming(threading.Event):
            def wait(self, timeout: float | None = None) -> bool:
                server.resume()
                return False

        monkeypatch.setattr(http, "threading", SimpleNamespace(Event=Resuming))
        assert connect(server).request("POST", "/x", repeatable=False).status == 200

    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_reset(self, connect: Connect, scheme: str) -> None:
        with resetting_address() as (host, port):
            fails(connect(f"{scheme}://{host}:{port}"), CannotConnect, "broke off|cannot be reached: Connection reset")

    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_silent(self, connect: Connect, pauses: list[float], scheme: str) -> None:
        """For https it is the handshake that hangs."""
        with silent_address() as (host, port):
            client = connect(f"{scheme}://{host}:{port}", timeout=1)
            fails(client, CannotConnect, "did not answer in full within 1 second; check .* or raise timeout", within=1)
        assert pauses == [], "a server that does not answer is not asked again"

    def test_a_time_out_can_be_told_from_other_failures(self, connect: Connect, server: HttpServer) -> None:
        outcomes = {}
        for fault in (faults.hang(), faults.drip_body(), faults.disconnect(), faults.status(500)):
            server.faults.clear()
            server.faults.add(fault, times=None)
            with pytest.raises(VirtmapError) as caught:
                connect(server, timeout=1).request("GET", "/")
            outcomes[fault.name] = http_errors.timed_out(caught.value)
        assert outcomes == {"hang": True, "drip_body": True, "disconnect": False, "status 500": False}

    def test_a_listener_whose_queue_is_full_never_accepts(self, connect: Connect) -> None:
        with full_queue() as (host, port):
            client = connect(f"http://{host}:{port}", timeout=1)
            fails(client, CannotConnect, "did not answer in full within 1 second", within=1)

    @pytest.mark.parametrize("name", ["a" * 70 + ".example.com", "a..b"])
    def test_a_name_that_cannot_be_one(self, connect: Connect, name: str) -> None:
        with pytest.raises((InvalidInput, CannotConnect), match="not a valid one|cannot be resolved"):
            connect(f"http://{name}").request("GET", "/")


class TestTooSlow:
    @pytest.mark.parametrize("scheme", ["server", "tls_server"])
    @pytest.mark.parametrize(
        "fault", [faults.hang(), faults.drip_headers(), faults.drip_body()], ids=lambda fault: fault.name
    )
    def test_it_ends_with_the_deadline(
        self, request: pytest.FixtureRequest, connect: Connect, fault: faults.Fault, scheme: str, pauses: list[float]
    ) -> None:
        server = request.getfixturevalue(scheme)
        server.faults.add(fault, times=None)
        fails(connect(server, timeout=1), CannotConnect, "did not answer in full within 1 second;", within=1)
        assert len(server.log.entries) == 1
        assert pauses == []

    def test_a_connection_that_was_kept_has_a_deadline_too(self, server: HttpServer, connect: Connect) -> None:
        client = connect(server, timeout=1)
        client.request("GET", "/")
        server.faults.add(faults.drip_body())
        fails(client, CannotConnect, "did not answer in full", within=1)

    def test_an_error_body_that_drips(self, server: HttpServer, connect: Connect) -> None:
        def forbid(exchange: t.Any) -> None:
            exchange.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 1000\r\n\r\n")
            exchange.drip(iter(lambda: b"x", b""), 0.05)

        server.faults.add(faults.Fault("dripping 403", forbid))
        fails(connect(server, timeout=1), Denied, "does not allow GET /x", within=1)

    def test_a_stream_that_drips(self, server: HttpServer, connect: Connect) -> None:
        server.faults.add(faults.drip_body())
        began = time.monotonic()
        with connect(server, timeout=1).stream("GET", "/") as stream:
            assert stream.read(10) == b'{"state": '
            with pytest.raises(CannotConnect, match="did not answer in full within 1 second"):
                stream.read()
        assert time.monotonic() - began < 1 + GRACE

    @pytest.mark.parametrize("scheme", ["server", "tls_server"])
    def test_a_server_that_does_not_read(
        self, request: pytest.FixtureRequest, connect: Connect, scheme: str, pauses: list[float]
    ) -> None:
        server = request.getfixturevalue(scheme)
        slow_reader(server)
        client = connect(server, timeout=1)
        fails(client, CannotConnect, "did not answer in full", method="POST", body=b"x" * 50_000_000, within=1)
        assert pauses == [], "a time-out is not repeated"

    def test_a_dead_server_takes_three_timeouts_and_ten_seconds_at_the_most(
        self, server: HttpServer, connect: Connect, pauses: list[float]
    ) -> None:
        """The worst: it breaks off just before the deadline, each time."""

        def almost(exchange: t.Any) -> None:
            exchange.stopping.wait(0.8)

        server.faults.add(faults.Fault("almost", almost), times=None)
        fails(connect(server, timeout=1), CannotConnect, "broke off", within=3)
        assert len(server.log.entries) == 3
        assert sum(pauses) <= 10


def slow_reader(server: HttpServer) -> None:
    """Make the server read one byte of a body in 50 ms."""

    class SlowHandler(ConnectionHandler):
        def _exactly(self, reader: t.BinaryIO, length: int) -> bytes:  # type: ignore[override]
            while not self.server.stopping.wait(0.05):
                reader.read(1)
            return b""

    def serve(sock: socket.socket, peer: tuple[str, int]) -> None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        SlowHandler(server, sock, peer).run()

    server._serve = serve  # type: ignore[method-assign]


class TestBrokenOff:
    @pytest.mark.parametrize("scheme", ["server", "tls_server"])
    @pytest.mark.parametrize(
        "fault",
        [
            faults.disconnect(),
            faults.disconnect(reset=True),
            faults.cut_off(0.5),
            faults.cut_off(0.0),
            faults.cut_off(0.5, chunked=True),
            faults.cut_off(1.0, chunked=True),
            faults.raw(b"HTTP/1.1 200 OK\r\nContent-Le"),
        ],
        ids=["before", "reset", "half", "no body", "half chunked", "no last chunk", "in the headers"],
    )
    def test_it_is_never_taken_for_whole(
        self, request: pytest.FixtureRequest, connect: Connect, fault: faults.Fault, scheme: str, pauses: list[float]
    ) -> None:
        server = request.getfixturevalue(scheme)
        server.faults.add(fault, times=None)
        fails(connect(server), CannotConnect, "broke off (the connection|in the middle of its answer)")
        assert pauses == [1.0, 2.0]

    @pytest.mark.parametrize(
        "fault",
        [faults.disconnect(), faults.cut_off(0.5), faults.cut_off(0.5, chunked=True)],
        ids=lambda fault: fault.name,
    )
    def test_once_is_overcome(
        self, server: HttpServer, connect: Connect, fault: faults.Fault, pauses: list[float]
    ) -> None:
        server.faults.add(fault)
        assert connect(server).request("GET", "/x").json()["target"] == "/x"
        assert pauses == [1.0]

    @pytest.mark.parametrize(
        "fault",
        [
            faults.disconnect(),
            faults.disconnect(reset=True),
            faults.cut_off(0.5),
            faults.status(502),
            faults.status(504),
        ],
        ids=lambda fault: fault.name,
    )
    def test_what_must_not_be_repeated_is_not(
        self, server: HttpServer, connect: Connect, fault: faults.Fault, pauses: list[float]
    ) -> None:
        server.faults.add(fault, times=None)
        kind = BadAnswer if "status" in fault.name else CannotConnect
        fails(connect(server), kind, "broke off|status 50", method="POST", repeatable=False)
        assert len(server.log.entries) == 1
        assert pauses == []

    def test_a_stream_that_breaks_off_is_said_so(self, server: HttpServer, connect: Connect) -> None:
        server.faults.add(faults.cut_off(0.5))
        with connect(server).stream("GET", "/") as stream, pytest.raises(CannotConnect, match="broke off in the mid"):
            stream.read()

    def test_after_a_break_the_client_still_works(self, server: HttpServer, connect: Connect) -> None:
        client = connect(server)
        server.faults.add(faults.cut_off(0.5))
        fails(client, CannotConnect, "broke off", repeatable=False)
        assert client.request("GET", "/next").json()["target"] == "/next"


class TestNoHttp:
    @pytest.mark.parametrize(
        "said",
        [
            b"SSH-2.0-OpenSSH_9.2p1\r\n",
            b"220 mail.example.com ESMTP\r\n\r\n",
            b"HTTP/1.1 99999 Odd\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: 1\r\n" % number for number in range(200)) + b"\r\n",
            b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70000 + b"\r\n\r\n",
        ],
        ids=["ssh", "smtp", "status", "headers", "long"],
    )
    def test_another_protocol(self, server: HttpServer, connect: Connect, said: bytes, pauses: list[float]) -> None:
        server.faults.add(faults.raw(said), times=None)
        fails(connect(server), BadAnswer, "answered something that is not HTTP .*; check that server and port name")
        assert pauses == []

    def test_no_tls(self, connect: Connect) -> None:
        with speaking_address() as (host, port):
            fails(connect(f"https://{host}:{port}"), CannotConnect, "TLS connection to .* failed .wrong version number")

    def test_tls_spoken_to_a_plain_server(self, server: HttpServer, connect: Connect) -> None:
        client = connect(f"https://{server.host}:{server.port}", timeout=2)
        fails(client, CannotConnect, "TLS connection to .* failed|broke off|did not answer")

    def test_plain_spoken_to_a_tls_server(self, tls_server: HttpServer, connect: Connect) -> None:
        client = connect(f"http://{tls_server.host}:{tls_server.port}", timeout=2)
        with pytest.raises((CannotConnect, BadAnswer), match="broke off|is not HTTP"):
            client.request("GET", "/")


STATUSES = [
    (400, BadAnswer, "failed at GET /x with status 400: because; look at the server's log"),
    (401, Denied, r"refused the credentials \(401: because\); check the user name and password"),
    (403, Denied, r"does not allow GET /x \(403: because\); give the account the right to it"),
    (404, NotFound, r"does not know GET /x \(404: because\); check server, port and path"),
    (409, BadAnswer, "status 409: because"),
    (410, NotFound, r"\(410: because\)"),
    (407, CannotConnect, r"the proxy in front of .* asks for credentials \(407\)"),
    (429, CannotConnect, r"is overloaded or out of service \(429: because\) and asks to come back later"),
    (500, BadAnswer, "status 500: because"),
    (501, BadAnswer, "status 501: because"),
    (502, BadAnswer, "status 502: because"),
    (503, CannotConnect, r"is overloaded or out of service \(503: because\)"),
    (504, BadAnswer, "status 504: because"),
    (599, BadAnswer, "status 599: because"),
]


@pytest.mark.parametrize(("code", "kind", "says"), STATUSES, ids=[str(code) for code, _kind, _says in STATUSES])
def test_statuses(
    server: HttpServer, connect: Connect, code: int, kind: type[VirtmapError], says: str, pauses: list[float]
) -> None:
    server.faults.add(faults.status(code, {"message": "because"}), times=None)
    fails(connect(server, headers={"X-Token": SECRET}), kind, says, params={"token": SECRET})
    assert pauses == ([1.0, 2.0] if code in (429, 502, 503, 504) else [])


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(server: HttpServer, connect: Connect, code: int) -> None:
    """The credentials would be sent to whoever the first server names."""
    server.faults.add(faults.redirect("https://other.example.com/x\u00e9", code))
    client = connect(server, headers={"Authorization": SECRET})
    fails(client, BadAnswer, "redirects GET /x to https://other.example.com/x.*; give that address as server")
    assert len(server.log.entries) == 1


def test_a_status_without_a_body(server: HttpServer, connect: Connect) -> None:
    server.faults.add(faults.status(500))
    fails(connect(server), BadAnswer, "failed at GET /x with status 500; look at")


def test_a_hostile_message_cannot_forge_lines(server: HttpServer, connect: Connect) -> None:
    server.faults.add(faults.status(500, {"message": "no\nok: [host] => changed\x1b[2J" + "x" * 5000}))
    error = fails(connect(server), BadAnswer, "status 500: no")
    assert "\x1b" not in error.message


class TestRetryAfter:
    @pytest.mark.parametrize("code", [429, 503])
    @pytest.mark.parametrize(
        ("told", "pause"),
        [("7", 7.0), ("0", 0.0), (" 3 ", 3.0), (None, 1.0), ("soon", 1.0), ("-5", 1.0), ("\xb2", 1.0)],
    )
    def test_it_is_honoured(
        self, server: HttpServer, connect: Connect, code: int, told: str | None, pause: float, pauses: list[float]
    ) -> None:
        server.faults.add(faults.throttled(told, code))
        assert connect(server).request("GET", "/x").status == 200
        assert pauses == [pause]

    def test_a_date(self, server: HttpServer, connect: Connect, pauses: list[float]) -> None:
        server.faults.add(faults.throttled(email.utils.formatdate(time.time() + 8, usegmt=True)))
        assert connect(server).request("GET", "/x").status == 200
        assert 6.0 < pauses[0] <= 8.0

    def test_a_date_that_is_over(self, server: HttpServer, connect: Connect, pauses: list[float]) -> None:
        server.faults.add(faults.throttled("Wed, 21 Oct 2015 07:28:00 GMT"))
        assert connect(server).request("GET", "/x").status == 200
        assert pauses == [0.0]

    @pytest.mark.parametrize("told", ["86400", "9" * 500, "Fri, 31 Dec 9999 23:59:59 GMT"])
    def test_one_that_is_too_long_is_not_slept_away(
        self, server: HttpServer, connect: Connect, told: str, pauses: list[float]
    ) -> None:
        server.faults.add(faults.throttled(told), times=None)
        fails(connect(server, timeout=5), CannotConnect, "overloaded or out of service .* and asks to")
        assert sum(pauses) <= 3 * 5 + 10

    def test_a_post_that_was_refused_as_too_early_is_repeated(
        self, server: HttpServer, connect: Connect, pauses: list[float]
    ) -> None:
        for code in (429, 503):
            server.faults.add(faults.throttled(1, code))
        assert connect(server).request("POST", "/x", repeatable=False).status == 200
        assert pauses == [1.0, 1.0]

    def test_attempts_are_bounded(self, server: HttpServer, connect: Connect, pauses: list[float]) -> None:
        server.faults.add(faults.throttled(0), times=None)
        fails(connect(server), CannotConnect, "asks to wait 0 seconds")
        assert len(server.log.entries) == 3


def test_the_server_is_asked_only_what_was_asked(server: HttpServer, connect: Connect) -> None:
    """No probing requests, no options request, no second connection."""

    def seen(request: Request) -> bool:
        return request.path != "/x"

    rule = server.faults.add(faults.status(500), times=None, when=seen)
    connect(server).request("GET", "/x")
    assert (rule.hits, server.log.connections) == (0, 1)
