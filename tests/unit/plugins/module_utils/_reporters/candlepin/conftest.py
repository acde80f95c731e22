# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Reporters, each with an in-memory Candlepin of its own."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority
from ansible_collections.virtmap.core.tests.servers.candlepin import CandlepinServer
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._reporters.candlepin.reporter import (
    USER,
    Reporter,
)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(name="make")
def make_fixture(authority: CertificateAuthority) -> t.Iterator[t.Callable[..., Reporter]]:
    """Start a server of a flavour and return a reporter for it."""
    started: list[CandlepinServer] = []

    def make(flavour: str = "plain", **options: t.Any) -> Reporter:
        users = {USER["username"]: USER["password"]}
        server = CandlepinServer(
            flavour, **{"tls": authority, "owners": ["acme", "other"], "users": users, **options}
        ).start()
        started.append(server)
        return Reporter(server)

    yield make
    for server in started:
        server.stop()
    assert [error for server in started for error in server.errors] == []


@pytest.fixture(name="reporter")
def reporter_fixture(make: t.Callable[..., Reporter]) -> Reporter:
    """Reports to a current Candlepin with the organizations acme and other."""
    return make()
