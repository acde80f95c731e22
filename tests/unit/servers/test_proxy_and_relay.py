# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The forward proxy and the relay that makes a line long."""

from __future__ import annotations

import time
import typing as t

import pytest
import requests
from ansible_collections.virtmap.core.tests.servers._http import HttpServer, Request, Response, faults
from ansible_collections.virtmap.core.tests.servers._http.dead import refused_address
from ansible_collections.virtmap.core.tests.servers._proxy import ProxyServer
from ansible_collections.virtmap.core.tests.servers._relay import Relay
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority


def hello(request: Request) -> Response:
    certificate = request.connection.certificate
    return Response.json([request.target, certificate.common_name if certificate else None])


@pytest.fixture(name="secure")
def secure_fixture(authority: CertificateAuthority) -> t.Iterator[HttpServer]:
    with HttpServer(hello, tls=authority.server_context(client_ca=authority)) as server:
        yield server


def via(proxy: ProxyServer, credential: str = "") -> dict[str, str]:
    url = f"http://{credential}{proxy.host}:{proxy.port}"
    return {"http": url, "https": url}


def test_a_client_certificate_goes_through_the_tunnel(authority: CertificateAuthority, secure: HttpServer) -> None:
    pair = authority.issue_client("0e9b")
    with ProxyServer() as proxy:
        answer = requests.get(
            f"{secure.url}/x?y=1", proxies=via(proxy), verify=authority.path, cert=(pair.cert, pair.key), timeout=10
        )
    assert answer.json() == ["/x?y=1", "0e9b"]
    assert proxy.connects() == [f"127.0.0.1:{secure.port}"]


def test_plain_http_goes_as_an_absolute_url() -> None:
    with HttpServer(hello) as server, ProxyServer() as proxy:
        answer = requests.get(f"{server.url}/x?y=1", proxies=via(proxy), timeout=10)
    assert answer.json() == ["/x?y=1", None]
    assert [entry.target for entry in proxy.log.entries] == [f"{server.url}/x?y=1"]


@pytest.mark.parametrize(("credential", "works"), [("", False), ("u:wrong@", False), ("u:se%3Acret@", True)])
def test_basic_authentication(
    authority: CertificateAuthority, secure: HttpServer, credential: str, works: bool
) -> None:
    with ProxyServer("u", "se:cret") as proxy:
        if works:
            assert requests.get(secure.url, proxies=via(proxy, credential), verify=authority.path, timeout=10).ok
        else:
            with pytest.raises(requests.exceptions.ProxyError, match="407"):
                requests.get(secure.url, proxies=via(proxy, credential), verify=authority.path, timeout=10)
    assert len(proxy.connects()) == 1


def test_a_dead_target_is_502() -> None:
    with refused_address() as (host, port), ProxyServer() as proxy:
        with pytest.raises(requests.exceptions.ProxyError, match="502"):
            requests.get(f"https://{host}:{port}/", proxies=via(proxy), timeout=10)
        assert requests.get(f"http://{host}:{port}/", proxies=via(proxy), timeout=10).status_code == 502


def test_faults_apply_to_connect(secure: HttpServer) -> None:
    with ProxyServer() as proxy:
        proxy.faults.add(faults.status(403), method="CONNECT")
        with pytest.raises(requests.exceptions.ProxyError, match="403"):
            requests.get(secure.url, proxies=via(proxy), timeout=10)


def test_the_relay_delays_each_way_and_counts() -> None:
    with HttpServer(hello) as server, Relay((server.host, server.port), latency=0.05) as relay:
        with requests.Session() as session:
            url = f"http://127.0.0.1:{relay.port}/x"
            start = time.monotonic()
            assert session.get(url, timeout=10).json() == ["/x", None]
            first = time.monotonic() - start
            start = time.monotonic()
            session.get(url, timeout=10)
            second = time.monotonic() - start
    # Two round trips with the handshake, then one; never less.
    assert first >= 0.2
    assert second >= 0.1
    assert relay.connections == 1
    assert relay.sent > 100
    assert relay.received > 100


def test_the_relay_keeps_bytes_in_order() -> None:
    body = bytes(range(256)) * 4000
    with HttpServer(lambda _request: Response(200, body)) as server:
        with Relay((server.host, server.port), latency=0.002) as relay:
            assert requests.get(f"http://127.0.0.1:{relay.port}/", timeout=30).content == body


def test_a_frozen_line_times_out_and_thaws() -> None:
    with HttpServer(hello) as server, Relay((server.host, server.port)) as relay:
        url = f"http://127.0.0.1:{relay.port}/"
        assert requests.get(url, timeout=10).ok
        relay.freeze()
        with pytest.raises(requests.Timeout):
            requests.get(url, timeout=0.3)
        relay.restore()
        assert requests.get(url, timeout=10).ok


def test_a_cut_line_refuses_and_comes_back_on_the_same_port() -> None:
    with HttpServer(hello) as server, Relay((server.host, server.port)) as relay:
        url = f"http://127.0.0.1:{relay.port}/"
        with requests.Session() as session:
            assert session.get(url, timeout=10).ok
            relay.cut()
            with pytest.raises(requests.ConnectionError):
                session.get(url, timeout=10)
            relay.restore()
            assert session.get(url, timeout=10).ok
