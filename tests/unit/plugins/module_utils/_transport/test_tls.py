# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Trust in the server, and the client's own certificate."""

from __future__ import annotations

import os
import ssl
import subprocess
import tempfile
import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import CannotConnect, Denied, InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._transport.http import HttpClient
from ansible_collections.virtmap.core.plugins.module_utils._transport.tls import client_context
from ansible_collections.virtmap.core.tests.servers._http import HttpServer, Request, Response
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority, Pair

Connect = t.Callable[..., HttpClient]


def who(request: Request) -> Response:
    """Name the client by its certificate."""
    certificate = request.connection.certificate
    return Response.json(certificate.common_name if certificate else None)


@pytest.fixture
def client_pair(authority: CertificateAuthority) -> Pair:
    return authority.issue_client("reader", "acme")


@pytest.fixture
def strict_server(authority: CertificateAuthority) -> t.Iterator[HttpServer]:
    """A server that lets nobody in without a certificate."""
    context = authority.server_context(client_ca=authority, client_required=True)
    with HttpServer(who, tls=context) as running:
        yield running


class TestTrust:
    def untrusted(self, server: HttpServer, client: HttpClient, says: str) -> None:
        with pytest.raises(CannotConnect, match=says) as caught:
            client.request("POST", "/", body=b"secret", headers={"Authorization": "secret"})
        assert caught.value.__class__ is CannotConnect
        assert server.log.find() == [], "nothing was sent"
        assert server.log.connections == 1, "and it was not tried again"

    def test_the_authority_is_trusted(self, tls_server: HttpServer, connect: Connect) -> None:
        assert connect(tls_server).request("GET", "/").status == 200

    def test_a_folder_of_authorities(
        self, tls_server: HttpServer, connect: Connect, authority: CertificateAuthority, tmp_path: Path
    ) -> None:
        (tmp_path / "own.pem").write_text(authority.pem)
        subprocess.run(["openssl", "rehash", str(tmp_path)], check=True, capture_output=True)
        assert connect(tls_server, ca_path=str(tmp_path)).request("GET", "/").status == 200

    def test_another_authority(self, tls_server: HttpServer, connect: Connect, tmp_path: Path) -> None:
        other = CertificateAuthority(tmp_path, "Other CA")
        client = connect(tls_server, ca_path=str(other.path))
        self.untrusted(tls_server, client, "certificate of the service .* is not trusted .*; give the CA .* as ca_path")

    def test_the_system_does_not_know_it(self, tls_server: HttpServer, connect: Connect) -> None:
        self.untrusted(tls_server, connect(tls_server, ca_path=None), "is not trusted")

    def test_another_name(self, connect: Connect, authority: CertificateAuthority) -> None:
        context = authority.server_context(authority.issue_server(["vc.example.com"]))
        with HttpServer(who, tls=context) as server:
            self.untrusted(server, connect(server), "is not valid for 127.0.0.1 .*; use a name that the certificate")
        with HttpServer(who, tls=context) as server:
            by_name = connect(f"https://localhost:{server.port}")
            self.untrusted(server, by_name, "is not valid for localhost .*; use a name that the certificate")

    def test_a_name_that_the_certificate_must_hold_instead(
        self, connect: Connect, authority: CertificateAuthority
    ) -> None:
        context = authority.server_context(authority.issue_server(names=["api.example.com"]))
        with HttpServer(who, tls=context) as server:
            assert connect(server, server_name="api.example.com").request("GET", "/").status == 200
        with HttpServer(who, tls=context) as server:
            self.untrusted(server, connect(server, server_name="other.example.com"), "is not valid for")

    def test_expired(self, connect: Connect, authority: CertificateAuthority) -> None:
        context = authority.server_context(authority.issue_server(expired=True))
        with HttpServer(who, tls=context) as server:
            self.untrusted(server, connect(server), "has expired .*; renew it on the server")

    def test_not_verified_on_demand(self, connect: Connect, tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
        other = CertificateAuthority(tmp_path)
        context = other.server_context(other.issue_server(["vc.example.com"], expired=True))
        with HttpServer(who, tls=context) as server:
            assert connect(server, validate_certs=False).request("GET", "/").status == 200
            assert connect(f"https://localhost:{server.port}", validate_certs=False).request("GET", "/").status == 200
        assert not [str(warning.message) for warning in recwarn if "Unverified" in str(warning.message)]

    def test_old_versions_of_tls_are_refused(self, connect: Connect, authority: CertificateAuthority) -> None:
        context = authority.server_context()
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
        with HttpServer(who, tls=context) as server:
            self.untrusted(server, connect(server), "the TLS connection to the service .* failed")

    def test_old_settings_do_not_weaken_it(self) -> None:
        context = client_context()
        assert context.verify_mode == ssl.CERT_REQUIRED
        assert context.check_hostname
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2


class TestClientCertificate:
    def test_it_is_shown(self, strict_server: HttpServer, connect: Connect, client_pair: Pair) -> None:
        client = connect(strict_server, client_cert=str(client_pair.cert), client_key=str(client_pair.key))
        assert client.request("GET", "/").json() == "reader"

    def test_both_in_one_file(
        self, strict_server: HttpServer, connect: Connect, client_pair: Pair, tmp_path: Path
    ) -> None:
        both = tmp_path / "both.pem"
        both.write_text(client_pair.cert_pem + client_pair.key_pem)
        assert connect(strict_server, client_cert=str(both)).request("GET", "/").json() == "reader"

    def test_it_is_shown_without_verifying_the_server(
        self, strict_server: HttpServer, connect: Connect, client_pair: Pair
    ) -> None:
        pair = {"client_cert": str(client_pair.cert), "client_key": str(client_pair.key)}
        assert connect(strict_server, validate_certs=False, **pair).request("GET", "/").json() == "reader"

    def test_none_where_one_is_needed(self, strict_server: HttpServer, connect: Connect) -> None:
        with pytest.raises((Denied, CannotConnect), match="wants a client certificate|broke off"):
            connect(strict_server).request("GET", "/")
        assert strict_server.log.find() == []

    def test_one_that_the_server_does_not_trust(
        self, strict_server: HttpServer, connect: Connect, tmp_path: Path
    ) -> None:
        stranger = CertificateAuthority(tmp_path, "Stranger").issue_client("reader")
        client = connect(strict_server, client_cert=str(stranger.cert), client_key=str(stranger.key))
        with pytest.raises((Denied, CannotConnect), match="wants a client certificate that it trusts|broke off"):
            client.request("GET", "/")
        assert strict_server.log.find() == []


@pytest.fixture
def open_folder() -> t.Iterator[str]:
    """A folder that everybody may enter; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield folder


class TestFiles:
    """All of this is found out before anything is contacted."""

    def refused(self, says: str, **options: t.Any) -> None:
        files: dict[str, t.Any] = {name: str(value) for name, value in options.items()}
        with pytest.raises(InvalidInput, match=says):
            client_context(**files)

    def test_missing(self, client_pair: Pair, tmp_path: Path) -> None:
        nowhere = tmp_path / "nowhere.pem"
        self.refused("ca_path .*nowhere.pem does not exist", ca_path=nowhere)
        self.refused("client_cert .*nowhere.pem does not exist", client_cert=nowhere)
        self.refused("client_key .*nowhere.pem does not exist", client_cert=client_pair.cert, client_key=nowhere)

    def test_nonsense(self, client_pair: Pair, tmp_path: Path) -> None:
        nonsense = tmp_path / "nonsense.pem"
        nonsense.write_text("this is no certificate\n")
        self.refused("ca_path .*nonsense.pem holds no certificate in PEM form .*; give the file", ca_path=nonsense)
        self.refused("client certificate .*nonsense.pem and its key .* cannot be used", client_cert=nonsense)
        self.refused("and its key .*nonsense.pem cannot", client_cert=client_pair.cert, client_key=nonsense)

    def test_empty(self, tmp_path: Path) -> None:
        empty = tmp_path / "empty.pem"
        empty.touch()
        self.refused("ca_path .*empty.pem holds no certificate in PEM form", ca_path=empty)
        self.refused("client certificate .*empty.pem", client_cert=empty)

    def test_a_folder_as_certificate(self, client_pair: Pair, tmp_path: Path) -> None:
        self.refused("client certificate .* cannot be used", client_cert=tmp_path)
        self.refused("client certificate .* cannot be used", client_cert=client_pair.cert, client_key=tmp_path)

    def test_a_key_of_another_certificate(self, client_pair: Pair, authority: CertificateAuthority) -> None:
        other = authority.issue_client("other")
        says = "key .* does not belong to the certificate"
        self.refused(says, client_cert=client_pair.cert, client_key=other.key)

    def test_a_key_with_a_passphrase(self, authority: CertificateAuthority) -> None:
        """OpenSSL would ask for it on the terminal, and the task would wait for ever."""
        pair = authority.issue_client("reader", key_password="sesame")
        says = "key .* is encrypted; give one without a passphrase"
        self.refused(says, client_cert=pair.cert, client_key=pair.key)

    def test_a_certificate_without_its_key(self, client_pair: Pair) -> None:
        self.refused("client certificate .* and its key .* cannot be used", client_cert=client_pair.cert)

    def test_files_that_this_user_may_not_read(self, client_pair: Pair, open_folder: str) -> None:
        secret = Path(open_folder) / "secret.pem"
        secret.write_text(client_pair.cert_pem + client_pair.key_pem)
        secret.chmod(0)
        for option in ("ca_path", "client_cert"):
            assert said_by_nobody({option: str(secret)}) == f"{option} {secret} cannot be read by this user"

    def test_files_in_a_folder_that_this_user_may_not_enter(self, client_pair: Pair, tmp_path: Path) -> None:
        closed = tmp_path / "closed"
        closed.mkdir(mode=0)
        said = said_by_nobody({"ca_path": str(closed / "ca.pem")})
        assert said == f"ca_path {closed}/ca.pem cannot be read by this user"

    def test_they_are_not_looked_at_without_need(self, tmp_path: Path) -> None:
        assert client_context(validate_certs=False, ca_path=str(tmp_path / "nowhere")).verify_mode == ssl.CERT_NONE


def said_by_nobody(options: dict[str, t.Any]) -> str:
    """The error that a user without rights gets; root may read everything."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            client_context(**options)
            os.write(writer, b"no error")
        except InvalidInput as exc:
            os.write(writer, exc.message.encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said.decode()
