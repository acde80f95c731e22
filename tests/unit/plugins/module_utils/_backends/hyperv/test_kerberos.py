# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The transport kerberos, with a real KDC: sealed over http, and within TLS."""

from __future__ import annotations

import importlib.util
import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import Denied
from ansible_collections.virtmap.core.tests.lab import kdc
from ansible_collections.virtmap.core.tests.servers._http import faults
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority
from ansible_collections.virtmap.core.tests.servers.hyperv import Accounts, Host, HyperVServer, Machine

from .conftest import Collector

pytestmark = pytest.mark.skipif(
    not kdc.is_installed() or not all(importlib.util.find_spec(name) for name in ("kerberos", "gssapi", "krb5")),
    reason="needs Debian's KDC and what tests/lab/kerberos-requirements.txt names",
)
GUESTS = 300


@pytest.fixture(scope="module")
def realm(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[kdc.Kdc]:
    with kdc.Kdc(tmp_path_factory.mktemp("realm"), "HTTP/localhost") as found:
        yield found


@pytest.fixture(autouse=True)
def _member(realm: kdc.Kdc, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process belongs to the realm, and has a ticket."""
    for name, value in realm.environment.items():
        monkeypatch.setenv(name, value)
    realm.log_in()


@pytest.fixture
def server() -> t.Iterator[HyperVServer]:
    host = Host(machines=[Machine(f"vm{number}") for number in range(GUESTS)])
    with HyperVServer(host, Accounts({})) as found:
        yield found


def ask(gather: Collector, listener: HyperVServer, **options: t.Any) -> int:
    """The number of guests; the host is named as its principal has it."""
    named = {"server": [f"{listener.scheme}://localhost:{listener.port}"], "transport": "kerberos"}
    return gather(**{**named, "username": None, "password": None, **options}).guest_count


@pytest.mark.parametrize("username", [None, f"{kdc.USER}@{kdc.REALM}"])
def test_over_http_every_message_is_sealed(gather: Collector, server: HyperVServer, username: str | None) -> None:
    assert ask(gather, server, username=username) == GUESTS
    messages = [entry for entry in server.log.entries if entry.body]
    assert messages
    assert all((entry.header("Content-Type") or "").startswith("multipart/encrypted") for entry in messages)


def test_within_tls(gather: Collector, server: HyperVServer, authority: CertificateAuthority) -> None:
    pair = authority.issue_server()
    accounts = Accounts({}, server_certificate=pair.cert)
    with HyperVServer(server.machine, accounts, tls=authority.server_context(pair)) as secure:
        assert ask(gather, secure, ca_path=str(authority.path)) == GUESTS


@pytest.mark.parametrize("message", range(1, 6))
def test_a_lost_connection_restarts_the_collection(gather: Collector, server: HyperVServer, message: int) -> None:
    server.faults.add(faults.disconnect(), skip=message)
    assert ask(gather, server) == GUESTS


def test_without_a_ticket(gather: Collector, server: HyperVServer, realm: kdc.Kdc) -> None:
    realm.log_out()
    with pytest.raises(
        Denied, match=r"No Kerberos credentials available.*; check that there is a valid ticket \(klist\)"
    ) as caught:
        ask(gather, server)
    assert str(server.port) in caught.value.message


def test_a_host_that_the_realm_does_not_know(gather: Collector, server: HyperVServer) -> None:
    with pytest.raises(
        Denied, match="kerberos cannot be used .*: Server HTTP/127.0.0.1@VIRTMAP.TEST not found in Kerberos database;"
    ):
        ask(gather, server, server=[f"http://127.0.0.1:{server.port}"])
