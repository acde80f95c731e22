# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Servers to talk to, and an environment that names no proxy."""

from __future__ import annotations

import threading
import typing as t
from types import SimpleNamespace

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._transport import http
from ansible_collections.virtmap.core.plugins.module_utils._transport.http import HttpClient
from ansible_collections.virtmap.core.plugins.module_utils._transport.server import parse_server
from ansible_collections.virtmap.core.tests.servers._http import HttpServer, Request, Response
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority

PROXY_VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")


@pytest.fixture(autouse=True)
def _no_proxy_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between attempts, which are noted instead of waited for."""
    noted: list[float] = []

    class Noting(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            noted.append(timeout or 0.0)
            return self.is_set()

    monkeypatch.setattr(http, "threading", SimpleNamespace(Event=Noting))
    return noted


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    """The authority that the clients trust."""
    return CertificateAuthority(tmp_path_factory.mktemp("ca"))


def echo(request: Request) -> Response:
    """Say what was asked."""
    return Response.json(
        {
            "method": request.method,
            "target": request.target,
            "headers": {name.lower(): str(value) for name, value in request.headers.items()},
            "body": request.body.decode("utf-8", "replace"),
        }
    )


@pytest.fixture
def server() -> t.Iterator[HttpServer]:
    """A plain HTTP server that says what it was asked."""
    with HttpServer(echo) as running:
        yield running


@pytest.fixture
def tls_server(authority: CertificateAuthority) -> t.Iterator[HttpServer]:
    """The same over TLS."""
    with HttpServer(echo, tls=authority.server_context()) as running:
        yield running


@pytest.fixture
def connect(authority: CertificateAuthority) -> t.Iterator[t.Callable[..., HttpClient]]:
    """Makes clients for a server, and closes them."""
    made: list[HttpClient] = []

    def client(server: HttpServer | str, **options: t.Any) -> HttpClient:
        url = server if isinstance(server, str) else server.url
        options = {"what": f"the service {url.rpartition('/')[2]}", "timeout": 10, **options}
        if url.startswith("https"):
            options.setdefault("ca_path", str(authority.path))
        made.append(HttpClient(parse_server(url, port=None), **options))
        return made[-1]

    yield client
    for each in made:
        each.close()
