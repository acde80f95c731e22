# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Servers for the tests that state the rules of the in-memory Candlepin."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority
from ansible_collections.virtmap.core.tests.servers.candlepin import CandlepinServer
from ansible_collections.virtmap.core.tests.unit.servers.candlepin.candlepin_client import Api


@pytest.fixture(name="make")
def make_fixture(authority: CertificateAuthority) -> t.Iterator[t.Callable[..., CandlepinServer]]:
    """Start servers; they stop with the test."""
    started: list[CandlepinServer] = []

    def make(flavour: str = "plain", **options: t.Any) -> CandlepinServer:
        server = CandlepinServer(
            flavour, **{"tls": authority, "owners": ["acme", "other"], "users": {"admin": "secret"}, **options}
        ).start()
        started.append(server)
        return server

    yield make
    for server in started:
        server.stop()
    mistakes = [error for server in started for error in server.errors]
    assert mistakes == []


@pytest.fixture(name="server")
def server_fixture(make: t.Callable[..., CandlepinServer]) -> CandlepinServer:
    """A current Candlepin with the organizations acme and other."""
    return make()


@pytest.fixture(name="api")
def api_fixture(server: CandlepinServer) -> Api:
    """A user who may do everything."""
    return Api(server, ("admin", "secret"))
