# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Collecting from our WinRM listeners."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.hyperv.client import collect
from ansible_collections.virtmap.core.plugins.module_utils._backends.hyperv.options import OPTIONS
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.options import SELECTION
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection
from ansible_collections.virtmap.core.plugins.module_utils._transport import http
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority
from ansible_collections.virtmap.core.tests.servers.hyperv import Accounts, Habits, Host, HyperVServer

USER, PASSWORD = "EXAMPLE\\reader", "correct <horse> & battery"


class Collector:
    """Collects as the module does, and keeps the warnings."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def __call__(self, *servers: HyperVServer, **options: t.Any) -> Mapping:
        """Collect from these servers, with NTLM unless the options say otherwise."""
        self.warnings.clear()
        named = {"server": [server.url for server in servers], "username": USER, "password": PASSWORD, "timeout": 10}
        values = (OPTIONS + SELECTION).validate({**named, **options}, "hyperv")
        return collect(values, Selection.from_options(values), self.warnings.append)


class Listeners(t.Protocol):
    """Makes a listener of a host."""

    def __call__(self, host: Host | None = None, **habits: t.Any) -> HyperVServer:
        """Make a listener of a host; without one of the usual host."""


@pytest.fixture
def gather() -> Collector:
    return Collector()


@pytest.fixture
def listen() -> t.Iterator[Listeners]:
    """Makes listeners over plain HTTP, which seal, and stops them in the end."""
    servers: list[HyperVServer] = []

    def make(host: Host | None = None, **habits: t.Any) -> HyperVServer:
        server = HyperVServer(host or Host(), Accounts({USER: PASSWORD}), habits=Habits(**habits))
        servers.append(server.start())
        return server

    yield make
    for server in servers:
        server.__exit__(None, None, None)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    """The authority that is trusted as ca_path."""
    return CertificateAuthority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pauses between attempts are real, but short."""
    monkeypatch.setattr(http, "FIRST_PAUSE", 0.01)
