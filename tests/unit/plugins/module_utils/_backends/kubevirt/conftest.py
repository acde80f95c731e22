# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Collecting from our API server."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.client import collect
from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt.options import OPTIONS
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.options import SELECTION
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection
from ansible_collections.virtmap.core.plugins.module_utils._transport import http
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority
from ansible_collections.virtmap.core.tests.servers.kubevirt import Account, Accounts, Cluster, KubernetesServer

TOKEN = "token-of-a-service-account"
VARIABLES = ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT")


def complete(server: KubernetesServer | None = None, /, **options: t.Any) -> dict[str, t.Any]:
    """All options for this server and the token, or as these alone say."""
    given = {"server": server.url, "token": TOKEN} if server is not None else {}
    return (OPTIONS + SELECTION).validate({**given, "timeout": 10, **options}, "kubevirt")


class Collector:
    """Collects as the module does, and keeps the warnings."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def __call__(self, server: KubernetesServer | None = None, /, **options: t.Any) -> Mapping:
        """Collect from this server with the token, or as the options alone say."""
        self.warnings.clear()
        values = complete(server, **options)
        return collect(values, Selection.from_options(values), self.warnings.append)


class Serve(t.Protocol):
    """Runs an API server of a cluster."""

    def __call__(self, cluster: Cluster, *accounts: Account, **options: t.Any) -> KubernetesServer:
        """Run it; without accounts there is one that may read everything."""


@pytest.fixture
def gather() -> Collector:
    return Collector()


@pytest.fixture
def serve() -> t.Iterator[Serve]:
    servers: list[KubernetesServer] = []

    def make(cluster: Cluster, *accounts: Account, **options: t.Any) -> KubernetesServer:
        server = KubernetesServer(cluster, Accounts(*(accounts or (Account(token=TOKEN),))), **options)
        servers.append(t.cast(KubernetesServer, server.start()))
        return server

    yield make
    for server in servers:
        server.__exit__(None, None, None)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No cluster is named by the environment, and the pauses between attempts are short."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setattr(http, "FIRST_PAUSE", 0.01)
