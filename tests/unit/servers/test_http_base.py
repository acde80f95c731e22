# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The base of the test servers: requests, keep-alive, the log, TLS, stopping."""

from __future__ import annotations

import http.client
import socket
import ssl
import typing as t

import pytest
import requests
from ansible_collections.virtmap.core.tests.servers._http import HttpServer, Request, Response, Router
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority


def echo(request: Request) -> Response:
    """Say what was understood."""
    certificate = request.connection.certificate
    return Response.json(
        {
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "body": request.body.decode("utf-8"),
            "auth": request.basic_auth(),
            "client": [certificate.common_name, certificate.organization] if certificate else None,
        }
    )


@pytest.fixture(name="server")
def server_fixture() -> t.Iterator[HttpServer]:
    with HttpServer(echo) as server:
        yield server


def test_a_request_arrives_as_it_was_sent(server: HttpServer) -> None:
    answer = requests.post(
        f"{server.url}/a%20b/?x=1&x=2&empty=", data="text: é".encode(), auth=("me", "pass:word"), timeout=10
    )
    assert answer.json() == {
        "method": "POST",
        "path": "/a%20b/",
        "query": {"x": ["1", "2"], "empty": [""]},
        "body": "text: é",
        "auth": ["me", "pass:word"],
        "client": None,
    }
    assert "Date" in answer.headers
    entry = server.log.find("POST", "/a%20b/")[0]
    assert entry.body == "text: é".encode()
    assert entry.header("content-length") == "8"
    assert entry.fault is None


def test_a_chunked_request_is_put_together(server: HttpServer) -> None:
    answer = requests.put(f"{server.url}/x", data=iter([b"one ", b"two"]), timeout=10)
    assert answer.json()["body"] == "one two"


def test_expect_continue_is_answered(server: HttpServer) -> None:
    with socket.create_connection((server.host, server.port), timeout=10) as sock:
        sock.sendall(b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"{}")
        assert sock.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_kept_connection_is_counted_once(server: HttpServer) -> None:
    with requests.Session() as session:
        for _number in range(3):
            session.get(server.url, timeout=10)
    requests.get(server.url, timeout=10)
    assert [entry.connection for entry in server.log.entries] == [1, 1, 1, 2]
    assert server.log.connections == 2


@pytest.mark.parametrize("headers", [{"Connection": "close"}])
def test_close_is_honoured(server: HttpServer, headers: dict[str, str]) -> None:
    client = http.client.HTTPConnection(server.host, server.port, timeout=10)
    client.request("GET", "/", headers=headers)
    answer = client.getresponse()
    assert answer.getheader("Connection") == "close"
    answer.read()
    assert client.sock is None


@pytest.mark.parametrize("data", [b"SSH-2.0-x\r\n\r\n", b"GET / SPDY/3\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\r\n"])
def test_what_is_no_http_gets_400(server: HttpServer, data: bytes) -> None:
    with socket.create_connection((server.host, server.port), timeout=10) as sock:
        sock.sendall(data)
        assert sock.recv(1000).startswith(b"HTTP/1.1 400 ")


def test_head_has_the_length_and_no_body(server: HttpServer) -> None:
    answer = requests.head(server.url, timeout=10)
    assert int(answer.headers["Content-Length"]) > 10
    assert answer.content == b""


def test_an_iterable_body_is_streamed_in_chunks() -> None:
    with HttpServer(lambda _request: Response(200, (piece for piece in [b"a", b"", b"bc"]))) as server:
        answer = requests.get(server.url, timeout=10)
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert answer.content == b"abc"


def test_a_mistake_of_the_application_is_not_taken_for_a_fault() -> None:
    def broken(_request: Request) -> Response:
        raise KeyError("no such thing")

    with pytest.raises(AssertionError, match="the test server itself failed: KeyError"):
        with HttpServer(broken) as server:
            assert requests.get(server.url, timeout=10).status_code == 500


def test_pause_refuses_and_resume_serves_on_the_same_port(server: HttpServer) -> None:
    url = server.url
    with requests.Session() as session:
        assert session.get(url, timeout=10).ok
        server.pause()
        with pytest.raises(requests.ConnectionError):
            session.get(url, timeout=10)
        server.resume()
        assert session.get(url, timeout=10).ok


def test_stop_frees_the_port_and_ends_open_connections() -> None:
    server = HttpServer(echo).start()
    with socket.create_connection((server.host, server.port), timeout=10) as idle:
        idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(1) == b"H"
        server.stop()
        while idle.recv(1000):
            pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((server.host, server.port), timeout=10)


class TestRouter:
    """Routes."""

    @pytest.fixture(name="routed")
    def routed_fixture(self) -> t.Iterator[HttpServer]:
        router = Router("/rhsm")
        router.add("GET", "/consumers/{uuid}/guestids", lambda request: Response.json(request.params))
        router.add("DELETE", "/consumers/{uuid}/guestids", lambda request: Response(204))
        with HttpServer(router) as server:
            yield server

    @pytest.mark.parametrize(
        ("method", "path", "status", "body"),
        [
            ("GET", "/rhsm/consumers/a%2Fb/guestids", 200, '{"uuid": "a/b"}'),
            ("GET", "/rhsm/consumers/a/guestids/", 200, '{"uuid": "a"}'),
            ("DELETE", "/rhsm/consumers/a/guestids", 204, ""),
            ("PUT", "/rhsm/consumers/a/guestids", 405, ""),
            ("GET", "/consumers/a/guestids", 404, "not found\n"),
            ("GET", "/rhsm/consumers/a/b/guestids", 404, "not found\n"),
        ],
    )
    def test_routes(self, routed: HttpServer, method: str, path: str, status: int, body: str) -> None:
        answer = requests.request(method, routed.url + path, timeout=10)
        assert (answer.status_code, answer.text) == (status, body)


class TestTls:
    """Certificates."""

    def test_a_client_certificate_is_seen_where_it_is_shown(self, authority: CertificateAuthority) -> None:
        pair = authority.issue_client("0e9b", "acme")
        with HttpServer(echo, tls=authority.server_context(client_ca=authority)) as server:
            with_it = requests.get(server.url, verify=authority.path, cert=(pair.cert, pair.key), timeout=10)
            without = requests.get(server.url, verify=authority.path, timeout=10)
        assert with_it.json()["client"] == ["0e9b", "acme"]
        assert without.json()["client"] is None
        assert [entry.client for entry in server.log.entries] == ["0e9b", None]

    def test_an_unknown_authority_is_refused_by_the_client_and_logged(
        self, authority: CertificateAuthority, tmp_path: t.Any
    ) -> None:
        other = CertificateAuthority(tmp_path, "Other CA")
        with HttpServer(echo, tls=other.server_context()) as server:
            with pytest.raises(requests.exceptions.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
                requests.get(server.url, verify=authority.path, timeout=10)
        assert "UNKNOWN_CA" in server.log.tls_failures[0].upper().replace(" ", "_")

    def test_an_expired_certificate(self, authority: CertificateAuthority) -> None:
        with HttpServer(echo, tls=authority.server_context(authority.issue_server(expired=True))) as server:
            with pytest.raises(requests.exceptions.SSLError, match="certificate has expired"):
                requests.get(server.url, verify=authority.path, timeout=10)

    def test_a_certificate_for_another_name(self, authority: CertificateAuthority) -> None:
        pair = authority.issue_server(["other.example.com"])
        with HttpServer(echo, tls=authority.server_context(pair)) as server:
            with pytest.raises(requests.exceptions.SSLError, match=r"127\.0\.0\.1"):
                requests.get(server.url, verify=authority.path, timeout=10)

    @pytest.mark.parametrize("bad", ["expired", "foreign"])
    def test_a_bad_client_certificate_is_refused(
        self, authority: CertificateAuthority, tmp_path: t.Any, bad: str
    ) -> None:
        issuer = CertificateAuthority(tmp_path) if bad == "foreign" else authority
        pair = issuer.issue_client("0e9b", expired=bad == "expired")
        with HttpServer(echo, tls=authority.server_context(client_ca=authority)) as server:
            # With TLS 1.3 the refusal comes as an alert or as a reset, depending on who is faster.
            with pytest.raises(requests.ConnectionError):
                requests.get(server.url, verify=authority.path, cert=(pair.cert, pair.key), timeout=10)
        assert len(server.log.tls_failures) == 1
        assert server.log.entries == []

    def test_localhost_and_a_key_with_a_password(self, authority: CertificateAuthority) -> None:
        pair = authority.issue_client("0e9b", key_password="secret")
        assert "ENCRYPTED" in pair.key_pem
        assert pair.key.stat().st_mode & 0o777 == 0o600
        with HttpServer(echo, tls=authority.server_context()) as server:
            assert requests.get(f"https://localhost:{server.port}/", verify=authority.path, timeout=10).ok
            context = authority.client_context()
            with pytest.raises(ssl.SSLError):
                context.load_cert_chain(pair.cert, pair.key, password="wrong")
