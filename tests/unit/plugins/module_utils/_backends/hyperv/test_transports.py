# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Each transport over each scheme, and what is said when the credentials are not taken."""

from __future__ import annotations

import os
import sys
import typing as t
import warnings
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    Denied,
    InvalidInput,
    MissingLibrary,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._transport import winrm_session
from ansible_collections.virtmap.core.tests.servers._http import faults
from ansible_collections.virtmap.core.tests.servers._proxy import ProxyServer
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority
from ansible_collections.virtmap.core.tests.servers.hyperv import Accounts, Host, HyperVServer, Machine
from ansible_collections.virtmap.core.tests.unit.run_module import run_module

from .conftest import PASSWORD, USER, Collector, Listeners

LOCAL = "reader"
UPN = "reader@ad.example.com"
ALL = ("negotiate", "kerberos", "credssp", "basic", "certificate")


@pytest.fixture
def host() -> Host:
    return Host(machines=[Machine("web1"), Machine("web2")])


@pytest.fixture
def accounts() -> Accounts:
    passwords = {USER: PASSWORD, LOCAL: PASSWORD, UPN: PASSWORD}
    return Accounts(passwords, schemes=ALL, common_names=("virtmap",))


@pytest.mark.parametrize(
    "transport, username",
    [("ntlm", USER), ("ntlm", LOCAL), ("ntlm", UPN), ("credssp", USER), ("basic", LOCAL)],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_every_transport(
    gather: Collector,
    host: Host,
    accounts: Accounts,
    authority: CertificateAuthority,
    transport: str,
    username: str,
    scheme: str,
) -> None:
    tls = authority.server_context() if scheme == "https" else None
    allowed = transport == "basic"
    with HyperVServer(host, accounts, tls=tls, allow_unencrypted=allowed) as server:
        options = {"transport": transport, "username": username, "ca_path": str(authority.path)}
        assert gather(server, allow_unencrypted=allowed, **options).guest_count == 2
        assert gather.warnings == []
        messages = [entry for entry in server.log.entries if entry.body]
        assert messages
        if scheme == "http" and not allowed:
            assert all((entry.header("Content-Type") or "").startswith("multipart/encrypted") for entry in messages)
            assert not any(b"Msvm" in entry.body for entry in messages)
        assert not any(PASSWORD.encode() in entry.body for entry in server.log.entries)


def test_a_client_certificate(
    gather: Collector, host: Host, accounts: Accounts, authority: CertificateAuthority, tmp_path: Path
) -> None:
    context = authority.server_context(client_ca=authority)
    known, stranger = authority.issue_client("virtmap"), authority.issue_client("stranger")
    both = tmp_path / "both.pem"
    both.write_text(known.cert_pem + known.key_pem, encoding="ascii")
    options: dict[str, t.Any] = {
        "transport": "certificate",
        "ca_path": str(authority.path),
        "username": None,
        "password": None,
    }
    with HyperVServer(host, accounts, tls=context) as server:
        pair = {"client_cert": str(known.cert), "client_key": str(known.key)}
        assert gather(server, **options, **pair).guest_count == 2
        assert gather(server, **options, client_cert=str(both)).guest_count == 2
        pair = {"client_cert": str(stranger.cert), "client_key": str(stranger.key)}
        with pytest.raises(Denied, match="must be mapped to an account"):
            gather(server, **options, **pair)


def test_a_server_that_demands_channel_bindings(gather: Collector, host: Host, authority: CertificateAuthority) -> None:
    pair = authority.issue_server()
    accounts = Accounts({USER: PASSWORD}, server_certificate=pair.cert)
    with HyperVServer(host, accounts, tls=authority.server_context(pair)) as server:
        assert gather(server, ca_path=str(authority.path)).guest_count == 2
        # As somebody in between would look: the client sees another certificate than the server has.
        accounts.server_certificate = authority.issue_server().cert
        with pytest.raises(Denied):
            gather(server, ca_path=str(authority.path))


@pytest.mark.parametrize("transport", ["ntlm", "credssp", "basic"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_wrong_password_is_tried_once_and_never_shown(
    gather: Collector, host: Host, accounts: Accounts, authority: CertificateAuthority, transport: str, scheme: str
) -> None:
    tls = authority.server_context() if scheme == "https" else None
    with HyperVServer(host, accounts, tls=tls, allow_unencrypted=True) as server:
        options = {"transport": transport, "ca_path": str(authority.path), "allow_unencrypted": True}
        with pytest.raises(Denied, match=r"refused the credentials \(401\)") as caught:
            gather(server, username=LOCAL, password="wr0ng-password", **options)
        assert "wr0ng" not in caught.value.message
        if transport != "credssp":  # its acceptor does not tell
            assert accounts.refused == 1
        assert len(server.log.used_connections()) == 1
        assert str(server.port) in caught.value.message


@pytest.mark.parametrize(
    "transport, offered, words",
    [
        ("basic", ("negotiate", "kerberos"), r"does not offer the transport basic \(401\), only Negotiate, Kerberos;"),
        ("ntlm", ("basic",), r"does not offer the transport ntlm \(401\), only Basic;"),
        ("credssp", ("negotiate", "basic"), r"does not offer the transport credssp \(401\), only Negotiate, Basic;"),
    ],
)
def test_a_transport_that_is_switched_off(
    gather: Collector,
    host: Host,
    authority: CertificateAuthority,
    transport: str,
    offered: tuple[str, ...],
    words: str,
) -> None:
    accounts = Accounts({LOCAL: PASSWORD}, schemes=offered)
    with HyperVServer(host, accounts, tls=authority.server_context()) as server:
        with pytest.raises(Denied, match=words):
            gather(server, transport=transport, username=LOCAL, ca_path=str(authority.path))


def test_basic_over_http_where_the_service_does_not_allow_it(gather: Collector, host: Host, accounts: Accounts) -> None:
    with HyperVServer(host, accounts) as server:
        with pytest.raises(Denied, match="over http only while AllowUnencrypted is on"):
            gather(server, transport="basic", username=LOCAL, allow_unencrypted=True)


@pytest.mark.parametrize(
    "options, words",
    [
        ({"transport": "basic"}, "password unencrypted to 127.0.0.1:.*use scheme https or transport ntlm"),
        ({"transport": "certificate", "client_cert": "/x"}, "certificate needs scheme https"),
        ({"username": None}, "transport ntlm needs username, which is empty"),
        ({"password": ""}, "transport ntlm needs password, which is empty"),
        ({"transport": "certificate", "scheme": "https", "client_cert": ""}, "needs client_cert, which is empty"),
        ({"transport": "certificate"}, "missing: client_cert"),
        ({"client_key": "/x"}, "client_key.*client_cert|client_cert.*client_key"),
        ({"transport": "digest"}, "value of transport must be one of"),
        ({"server": []}, "server names no host"),
        ({"server": ["hv1", "http://HV1:5985/"]}, "server names hv1:5985 twice"),
        ({"server": ["reader:pw@hv1"]}, "must not hold a user name or password"),
        ({"server": ["ftp://hv1"]}, "server has the scheme 'ftp'"),
        ({"proxy": "http://"}, "proxy must be the URL of an HTTP proxy"),
        ({"scheme": "https", "server": ["127.0.0.1"], "ca_path": "/nowhere"}, "ca_path /nowhere does not exist"),
    ],
)
def test_what_is_refused_before_contact(gather: Collector, host: Host, options: dict[str, t.Any], words: str) -> None:
    with HyperVServer(host, Accounts({USER: PASSWORD})) as server:
        with pytest.raises(InvalidInput, match=words):
            gather(server, **{"scheme": "http", **options})
        assert server.log.connections == 0


@pytest.mark.parametrize("transport", ["kerberos", "credssp"])
def test_an_extra_that_is_missing(
    gather: Collector, listen: Listeners, monkeypatch: pytest.MonkeyPatch, transport: str
) -> None:
    monkeypatch.setattr(winrm_session.pywinrm, f"HAVE_{transport.upper()}", False)
    server = listen()
    with pytest.raises(MissingLibrary) as caught:
        gather(server, transport=transport)
    assert caught.value.library == f"pywinrm[{transport}]"
    assert server.log.connections == 0


@pytest.mark.parametrize(
    "missing, named", [("winrm", "pywinrm"), ("requests", "pywinrm"), ("urllib3", "pywinrm"), ("lxml", "lxml")]
)
def test_a_library_that_is_missing(tmp_path: Path, missing: str, named: str) -> None:
    """The module is imported without it, and says so."""
    (tmp_path / f"{missing}.py").write_text("raise ImportError('it is not here')\n", encoding="ascii")
    path = os.pathsep.join([str(tmp_path), *(entry for entry in sys.path if entry)])
    options = {"server": "127.0.0.1:1", "username": USER, "password": PASSWORD}
    result = run_module("hyperv_hypervisor_guest_facts", options, environment={"PYTHONPATH": path})
    assert result["failed"] is True
    assert f"required Python library ({named})" in result["msg"]
    assert PASSWORD not in result["_stdout"]


def test_what_the_environment_says_about_requests_has_no_effect(
    gather: Collector,
    host: Host,
    accounts: Accounts,
    authority: CertificateAuthority,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Proxies of the environment count, as everywhere in this collection; what only requests knows does not."""
    other = CertificateAuthority(tmp_path / "other")
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n", encoding="ascii")
    netrc.chmod(0o600)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.path))
    monkeypatch.setenv("NETRC", str(netrc))
    client = authority.issue_client("virtmap")
    options = {"transport": "certificate", "client_cert": str(client.cert), "client_key": str(client.key)}
    with HyperVServer(host, accounts, tls=authority.server_context(client_ca=authority)) as server:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert gather(server, ca_path=str(authority.path), **options).guest_count == 2
            with pytest.raises(VirtmapError, match="is not trusted"):
                gather(server, ca_path=str(other.path), **options)
            assert gather(server, validate_certs=False, **options).guest_count == 2


def test_through_a_proxy(gather: Collector, host: Host, accounts: Accounts, authority: CertificateAuthority) -> None:
    with HyperVServer(host, accounts, tls=authority.server_context()) as server, ProxyServer() as proxy:
        assert gather(server, ca_path=str(authority.path), proxy=proxy.url).guest_count == 2
        assert proxy.connects() == [f"{server.host}:{server.port}"]


@pytest.mark.parametrize("step", [0, 1, 2])
@pytest.mark.parametrize("kind", ["html", "empty", "object"])
def test_nonsense_in_each_step_of_the_authentication(
    gather: Collector, listen: Listeners, step: int, kind: str
) -> None:
    server = listen()
    server.faults.add(faults.nonsense(kind), times=None, skip=step)
    with pytest.raises(BadAnswer) as caught:
        gather(server)
    assert str(server.port) in caught.value.message
    assert "NoneType" not in caught.value.message


@pytest.mark.parametrize("challenge", ["Negotiate", "Negotiate !!!!", "Negotiate TlRMTVNTUAACAAAA", "NTLM", ""])
def test_a_broken_challenge(gather: Collector, listen: Listeners, challenge: str) -> None:
    server = listen()
    server.faults.add(faults.status(401, None, [("WWW-Authenticate", challenge)]), times=None, skip=1)
    with pytest.raises(Denied, match=r"refused the credentials \(401\)"):
        gather(server)
