# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Going through a proxy: the option, the environment, and a proxy that fails."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    CannotConnect,
    InvalidInput,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._transport.http import HttpClient
from ansible_collections.virtmap.core.tests.servers._http import HttpServer, faults
from ansible_collections.virtmap.core.tests.servers._http.dead import refused_address, silent_address
from ansible_collections.virtmap.core.tests.servers._proxy import ProxyServer

Connect = t.Callable[..., HttpClient]
PASSWORD = "p:ä@s s%wörd"
QUOTED = "p%3A%C3%A4%40s%20s%25w%C3%B6rd"


@pytest.fixture
def proxy() -> t.Iterator[ProxyServer]:
    with ProxyServer() as running:
        yield running


@pytest.fixture
def locked_proxy() -> t.Iterator[ProxyServer]:
    """A proxy that asks for credentials."""
    with ProxyServer(user="läufer", password=PASSWORD) as running:
        yield running


def seen_by(proxy: ProxyServer) -> list[str]:
    """What went through: ``CONNECT host:port`` or the method with the whole URL."""
    return [f"{entry.method} {entry.target}" for entry in proxy.log.find()]


def test_plain_http_goes_through_as_whole_urls(server: HttpServer, proxy: ProxyServer, connect: Connect) -> None:
    client = connect(server, proxy=proxy.url)
    assert client.request("GET", "/x", params={"a": 1}).json()["target"] == "/x?a=1"
    client.request("GET", "/y")
    assert seen_by(proxy) == [f"GET {server.url}/x?a=1", f"GET {server.url}/y"]
    assert proxy.log.connections == 1


def test_https_goes_through_a_tunnel(tls_server: HttpServer, proxy: ProxyServer, connect: Connect) -> None:
    client = connect(tls_server, proxy=proxy.url)
    for path in ("/x", "/y"):
        assert client.request("GET", path).json()["target"] == path
    assert proxy.connects() == [f"127.0.0.1:{tls_server.port}"], "one tunnel for both"


@pytest.mark.parametrize("scheme", ["server", "tls_server"])
def test_credentials(request: pytest.FixtureRequest, locked_proxy: ProxyServer, connect: Connect, scheme: str) -> None:
    server = request.getfixturevalue(scheme)
    url = f"http://l%C3%A4ufer:{QUOTED}@127.0.0.1:{locked_proxy.port}"
    headers = connect(server, proxy=url).request("GET", "/x").json()["headers"]
    assert not [name for name in headers if name.startswith("proxy")], "they are for the proxy only"


@pytest.mark.parametrize("given", ["127.0.0.1:{port}", "http://127.0.0.1:{port}", "HTTP://127.0.0.1:{port}/"])
def test_ways_to_write_it(tls_server: HttpServer, proxy: ProxyServer, connect: Connect, given: str) -> None:
    connect(tls_server, proxy=given.format(port=proxy.port)).request("GET", "/")
    assert len(proxy.connects()) == 1


@pytest.mark.parametrize(
    "value",
    [
        "socks5://user:s3cret@proxy:1080",
        "http://",
        "http://user:s3cret@:3128",
        "http://user:s3cret@proxy:port",
        "http://[",
    ],
)
def test_what_is_no_proxy_is_refused_unseen(server: HttpServer, connect: Connect, value: str) -> None:
    with pytest.raises(InvalidInput, match="^proxy must be the URL of an HTTP proxy") as caught:
        connect(server, proxy=value)
    assert "s3cret" not in repr(caught.value)


class TestEnvironment:
    @pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY"])
    def test_it_is_used(
        self, tls_server: HttpServer, proxy: ProxyServer, connect: Connect, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        monkeypatch.setenv(name, proxy.url)
        connect(tls_server).request("GET", "/")
        assert len(proxy.connects()) == 1

    def test_each_scheme_has_its_own(
        self, server: HttpServer, proxy: ProxyServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("https_proxy", proxy.url)
        connect(server).request("GET", "/")
        assert seen_by(proxy) == []

    @pytest.mark.parametrize("exempt", ["127.0.0.1", "other,127.0.0.1", "*", "127.0.0.1:{port}"])
    def test_no_proxy(
        self, tls_server: HttpServer, proxy: ProxyServer, connect: Connect, monkeypatch: pytest.MonkeyPatch, exempt: str
    ) -> None:
        monkeypatch.setenv("https_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", exempt.format(port=tls_server.port))
        connect(tls_server).request("GET", "/")
        assert seen_by(proxy) == []

    @pytest.mark.parametrize("exempt", ["", "example.com", "127.0.0.1:1", "27.0.0.1"])
    def test_no_proxy_for_others(
        self, tls_server: HttpServer, proxy: ProxyServer, connect: Connect, monkeypatch: pytest.MonkeyPatch, exempt: str
    ) -> None:
        monkeypatch.setenv("https_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", exempt)
        connect(tls_server).request("GET", "/")
        assert len(proxy.connects()) == 1

    def test_the_option_beats_it(
        self, tls_server: HttpServer, proxy: ProxyServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        connect(tls_server, proxy=proxy.url).request("GET", "/")
        assert len(proxy.connects()) == 1

    def test_an_empty_option_means_none(
        self, tls_server: HttpServer, proxy: ProxyServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("https_proxy", proxy.url)
        connect(tls_server, proxy="").request("GET", "/")
        assert seen_by(proxy) == []

    def test_a_wrong_variable_is_named(
        self, tls_server: HttpServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("https_proxy", "socks5://user:s3cret@127.0.0.1:1")
        with pytest.raises(InvalidInput, match="^the environment variable https_proxy must be the URL") as caught:
            connect(tls_server)
        assert "s3cret" not in caught.value.message


@pytest.mark.parametrize("scheme", ["server", "tls_server"])
class TestFaults:
    """Each for plain HTTP, where the proxy answers, and for HTTPS, where it opens a tunnel or does not."""

    @pytest.fixture
    def target(self, request: pytest.FixtureRequest, scheme: str) -> t.Iterator[HttpServer]:
        server = request.getfixturevalue(scheme)
        yield server
        assert server.log.find() == [], "nothing arrived"

    def fails(self, client: HttpClient, says: str, kind: type[VirtmapError] = CannotConnect, **options: t.Any) -> None:
        with pytest.raises(VirtmapError, match=says) as caught:
            client.request("GET", "/x", **options)
        assert caught.value.__class__ is kind
        for leak in (PASSWORD, QUOTED, "s3cret", "0x", "HTTPConnection", "urllib3", "Errno"):
            assert leak not in caught.value.message

    def test_refused(self, target: HttpServer, connect: Connect, pauses: list[float]) -> None:
        with refused_address() as (host, port):
            client = connect(target, proxy=f"http://user:s3cret@{host}:{port}")
            self.fails(client, "cannot be reached.* the connection was refused", repeatable=False)
        assert pauses == [1.0, 2.0]

    def test_unknown(self, target: HttpServer, connect: Connect) -> None:
        self.fails(connect(target, proxy="http://proxy.invalid:3128"), "its name cannot be resolved")

    def test_silent(self, target: HttpServer, connect: Connect, scheme: str, pauses: list[float]) -> None:
        with silent_address() as (host, port):
            client = connect(target, proxy=f"http://{host}:{port}", timeout=1)
            through = "" if scheme == "server" else " through the proxy"
            self.fails(client, f"did not answer in full{through} within 1 second")
        assert pauses == []

    def test_dripping(self, target: HttpServer, proxy: ProxyServer, connect: Connect) -> None:
        proxy.faults.add(faults.drip_headers(), times=None)
        self.fails(connect(target, proxy=proxy.url, timeout=1), "did not answer in full .*within 1 second")

    def test_credentials_are_asked_for(self, target: HttpServer, locked_proxy: ProxyServer, connect: Connect) -> None:
        self.fails(connect(target, proxy=locked_proxy.url), r"asks for credentials \(407\)")
        self.fails(connect(target, proxy=f"http://user:s3cret@127.0.0.1:{locked_proxy.port}"), r"credentials \(407\)")

    def test_forbidden(self, target: HttpServer, proxy: ProxyServer, connect: Connect, scheme: str) -> None:
        proxy.faults.add(faults.status(403, "blocked by policy", content_type="text/plain"), times=None)
        if scheme == "server":
            with pytest.raises(VirtmapError, match="403: blocked by policy"):
                connect(target, proxy=proxy.url).request("GET", "/x")
        else:
            self.fails(connect(target, proxy=proxy.url), "cannot be reached through the proxy: .*403")

    def test_breaking_off(self, target: HttpServer, proxy: ProxyServer, connect: Connect) -> None:
        proxy.faults.add(faults.disconnect(), times=None)
        self.fails(connect(target, proxy=proxy.url), "cannot be reached through the proxy: Remote end closed")
        assert len(proxy.log.entries) == 3
        self.fails(connect(target, proxy=proxy.url), "through the proxy", repeatable=False)
        assert len(proxy.log.entries) == 4, "the proxy may have passed it on"

    def test_no_http(self, target: HttpServer, proxy: ProxyServer, connect: Connect, scheme: str) -> None:
        proxy.faults.add(faults.raw(b"SSH-2.0-OpenSSH_9.2p1\r\n"), times=None)
        if scheme == "server":
            self.fails(connect(target, proxy=proxy.url), "is not HTTP", BadAnswer)
        else:
            self.fails(connect(target, proxy=proxy.url), "cannot be reached through the proxy: SSH-2.0")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_the_proxy_cannot_reach(proxy: ProxyServer, connect: Connect, scheme: str) -> None:
    with refused_address() as (host, port):
        client = connect(f"{scheme}://{host}:{port}", proxy=proxy.url)
        with pytest.raises(VirtmapError, match="502") as caught:
            client.request("GET", "/x")
    assert f"{host}:{port}" in caught.value.message
