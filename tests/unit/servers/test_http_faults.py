# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The misbehaviour that every test server offers, seen by a raw client."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
import typing as t

import pytest
import requests
from ansible_collections.virtmap.core.tests.servers._http import HttpServer, Request, Response, faults
from ansible_collections.virtmap.core.tests.servers._http.dead import (
    refused_address,
    resetting_address,
    silent_address,
    speaking_address,
)

DOCUMENT = {"state": "FINISHED", "list": [{"a": 1, "b": 2}, {"a": 3}]}


class Counter:
    """An application that counts how often it worked."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, _request: Request) -> Response:
        self.count += 1
        return Response.json(DOCUMENT)


@pytest.fixture(name="application")
def application_fixture() -> Counter:
    return Counter()


@pytest.fixture(name="server")
def server_fixture(application: Counter) -> t.Iterator[HttpServer]:
    with HttpServer(application, control=True) as server:
        yield server


@contextlib.contextmanager
def asked(server: HttpServer, timeout: float = 10) -> t.Iterator[http.client.HTTPConnection]:
    """A connection on which a GET was sent."""
    with contextlib.closing(http.client.HTTPConnection(server.host, server.port, timeout=timeout)) as client:
        client.request("GET", "/")
        yield client


def get(server: HttpServer, path: str = "/", timeout: float = 10) -> requests.Response:
    return requests.get(server.url + path, timeout=timeout, allow_redirects=False)


def test_only_matching_requests_meet_a_fault_and_only_so_often(server: HttpServer) -> None:
    rule = server.faults.add(faults.status(503), method="GET", path=r"/jobs/\d+", times=2, skip=1)
    statuses = [get(server, "/jobs/1").status_code for _number in range(4)]
    assert statuses == [200, 503, 503, 200]
    assert get(server, "/jobs/x").status_code == 200
    assert requests.post(server.url + "/jobs/1", timeout=10).status_code == 200
    assert rule.hits == 2
    assert [entry.fault for entry in server.log.find("GET", "/jobs/1")] == [None, "status 503", "status 503", None]


def test_a_predicate_and_a_fault_for_ever(server: HttpServer) -> None:
    server.faults.add(faults.status(500), times=None, when=lambda request: request.argument("x") == "1")
    assert [get(server, path).status_code for path in ("/?x=1", "/?x=2", "/?x=1")] == [500, 200, 500]
    server.faults.clear()
    assert get(server, "/?x=1").status_code == 200


def read_head(server: HttpServer) -> None:
    """Ask and read the head of the answer within half a second."""
    with socket.create_connection((server.host, server.port), timeout=10) as sock:
        # A total deadline of half a second: dripping defeats a client that only limits single reads.
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        deadline, data = time.monotonic() + 0.5, b""
        while b"\r\n\r\n" not in data:
            sock.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                data += sock.recv(100)
            except socket.timeout as error:
                raise requests.Timeout from error
            if time.monotonic() > deadline:
                raise requests.Timeout


@pytest.mark.parametrize("fault", [faults.hang(), faults.drip_headers(0.01)], ids=lambda fault: fault.name)
def test_no_answer_until_the_client_gives_up(server: HttpServer, fault: faults.Fault) -> None:
    server.faults.add(fault)
    with pytest.raises((requests.Timeout, requests.ConnectionError)):
        read_head(server)


def test_a_dripping_body_defeats_a_read_timeout(server: HttpServer) -> None:
    server.faults.add(faults.drip_body(0.01, start="{"))
    with asked(server, timeout=2) as client, client.getresponse() as answer:
        assert answer.status == 200
        assert answer.read(20) == b"{" + b" " * 19


@pytest.mark.parametrize("fault", [faults.hang(), faults.drip_body(), faults.drip_headers(), faults.slow(600)])
def test_a_fault_ends_with_its_server(fault: faults.Fault) -> None:
    server = HttpServer(Counter()).start()
    server.faults.add(fault)
    with socket.create_connection((server.host, server.port), timeout=10) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        while not server.log.entries:
            time.sleep(0.01)
        stopper = threading.Thread(target=server.stop)
        stopper.start()
        stopper.join(8)
        assert not stopper.is_alive()
        while sock.recv(1000):
            pass


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("processed", [False, True])
def test_a_disconnect_before_or_after_the_work(
    server: HttpServer, application: Counter, processed: bool, reset: bool
) -> None:
    server.faults.add(faults.disconnect(processed, reset))
    with asked(server) as client:
        with pytest.raises(ConnectionResetError if reset else http.client.RemoteDisconnected):
            client.getresponse()
    assert application.count == (1 if processed else 0)


def test_a_body_cut_off_in_the_middle(server: HttpServer) -> None:
    server.faults.add(faults.cut_off(0.5))
    with asked(server) as client, pytest.raises(http.client.IncompleteRead) as caught:
        client.getresponse().read()
    whole = json.dumps(DOCUMENT).encode()
    assert caught.value.partial == whole[: len(whole) // 2]


def test_a_chunked_body_without_an_end(server: HttpServer) -> None:
    server.faults.add(faults.cut_off(0.5, chunked=True))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        get(server)


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [
        ("html", "text/html"),
        ("binary", "application/octet-stream"),
        ("bad_json", "application/json"),
        ("empty", "application/json"),
        ("bad_utf8", "application/json"),
        ("bad_xml", "text/xml"),
    ],
)
def test_nonsense_bodies_are_no_json(server: HttpServer, kind: str, content_type: str) -> None:
    server.faults.add(faults.nonsense(kind))
    answer = get(server)
    assert answer.headers["Content-Type"].startswith(content_type)
    with pytest.raises((json.JSONDecodeError, UnicodeDecodeError)):
        json.loads(answer.content)


@pytest.mark.parametrize(
    ("kind", "value"), [("null", None), ("list", []), ("object", {}), ("string", "yes"), ("number", 42)]
)
def test_unexpected_json(server: HttpServer, kind: str, value: t.Any) -> None:
    server.faults.add(faults.nonsense(kind))
    assert get(server).json() == value


@pytest.mark.parametrize("value", [7, "Fri, 31 Dec 2100 23:59:59 GMT", "soon", None])
def test_throttling(server: HttpServer, value: t.Any) -> None:
    server.faults.add(faults.throttled(value))
    answer = get(server)
    assert answer.status_code == 429
    assert answer.headers.get("Retry-After") == (None if value is None else str(value))


def test_status_bodies(server: HttpServer) -> None:
    server.faults.add(faults.status(502, "<html>Bad gateway</html>"))
    server.faults.add(faults.status(401, {"error": {"message": "no"}}, [("WWW-Authenticate", "Basic Realm=x")]))
    server.faults.add(faults.status(500, b"\x00", content_type="image/png"))
    first, second, third = get(server), get(server), get(server)
    assert (first.text, first.headers["Content-Type"]) == ("<html>Bad gateway</html>", "text/html; charset=utf-8")
    assert (second.json(), second.headers["WWW-Authenticate"]) == ({"error": {"message": "no"}}, "Basic Realm=x")
    assert (third.content, third.headers["Content-Type"]) == (b"\x00", "image/png")


def test_a_redirect(server: HttpServer) -> None:
    server.faults.add(faults.redirect("https://other.example.com/x", 307))
    answer = get(server)
    assert (answer.status_code, answer.headers["Location"]) == (307, "https://other.example.com/x")


def test_raw_bytes(server: HttpServer) -> None:
    server.faults.add(faults.raw("220 mail.example.com ESMTP\r\n"))
    with asked(server) as client, pytest.raises(http.client.BadStatusLine):
        client.getresponse()


def test_a_slow_answer_is_the_true_one(server: HttpServer) -> None:
    server.faults.add(faults.slow(0.05))
    assert get(server).json() == DOCUMENT


def test_a_flood_never_ends(server: HttpServer) -> None:
    server.faults.add(faults.flood())
    with requests.get(server.url, timeout=10, stream=True) as answer:
        assert len(answer.raw.read(2_000_000)) == 2_000_000


def test_an_answer_with_members_missing(server: HttpServer) -> None:
    server.faults.add(faults.without("state", "list.b"))
    assert get(server).json() == {"list": [{"a": 1}, {"a": 3}]}


def test_an_edited_answer(server: HttpServer) -> None:
    server.faults.add(faults.edited(lambda document: {**document, "state": 3}))
    assert get(server).json()["state"] == 3


class TestControl:
    """Another process steers the server."""

    def test_faults_and_log(self, server: HttpServer) -> None:
        description = {"fault": "status", "with": {"code": 503}, "path": "/a", "times": 1}
        assert requests.post(f"{server.url}/_test/faults", json=description, timeout=10).status_code == 204
        assert [get(server, "/a").status_code, get(server, "/a").status_code] == [503, 200]
        log = get(server, "/_test/requests").json()
        assert [(entry["path"], entry["fault"]) for entry in log] == [("/a", "status 503"), ("/a", None)]
        assert requests.delete(f"{server.url}/_test/requests", timeout=10).status_code == 204
        assert get(server, "/_test/requests").json() == []

    @pytest.mark.parametrize(
        ("description", "sentence"),
        [
            ({"fault": "explode"}, "unknown fault 'explode'"),
            ({"fault": "hang", "often": 2}, "unknown options: often"),
            ({"fault": "slow"}, "wrong arguments for slow"),
            ({"fault": "nonsense", "with": {"kind": "poem"}}, "wrong arguments for nonsense"),
        ],
    )
    def test_a_wrong_description_is_refused(self, server: HttpServer, description: t.Any, sentence: str) -> None:
        answer = requests.post(f"{server.url}/_test/faults", json=description, timeout=10)
        assert answer.status_code == 400
        assert sentence in answer.json()["error"]

    def test_without_the_flag_there_are_no_control_routes(self) -> None:
        with HttpServer(Counter()) as server:
            assert get(server, "/_test/requests").json() == DOCUMENT


class TestDeadAddresses:
    """Misbehaviour below HTTP."""

    def test_refused(self) -> None:
        with refused_address() as address, pytest.raises(ConnectionRefusedError):
            socket.create_connection(address, timeout=10)

    def test_silent(self) -> None:
        with silent_address() as address, socket.create_connection(address, timeout=0.3) as sock:
            with pytest.raises(socket.timeout):
                sock.recv(1)

    def test_speaking_another_protocol(self) -> None:
        with speaking_address() as address, socket.create_connection(address, timeout=10) as sock:
            assert sock.recv(100).startswith(b"SSH-2.0-")

    def test_resetting(self) -> None:
        with resetting_address() as address, pytest.raises(ConnectionResetError):
            with socket.create_connection(address, timeout=10) as sock:
                sock.recv(1)
