# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The option ca_path as a folder."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import CannotConnect, InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._transport.http import HttpClient
from ansible_collections.virtmap.core.plugins.module_utils._transport.server import parse_server
from ansible_collections.virtmap.core.plugins.module_utils._transport.tls import client_context
from ansible_collections.virtmap.core.tests.servers._http import HttpServer, Response
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority


def ask(server: HttpServer, ca_path: Path) -> int:
    address = parse_server(server.url, port=None)
    with HttpClient(address, what="the server", timeout=5, ca_path=str(ca_path), proxy="") as client:
        return client.request("GET", "/").status


@pytest.mark.parametrize("hashed", [False, True])
def test_a_folder_of_certificates_is_trusted_and_nothing_else(tmp_path: Path, hashed: bool) -> None:
    folder = tmp_path / "trusted"
    folder.mkdir()
    authorities = [CertificateAuthority(tmp_path / name, name) for name in ("one", "two", "three")]
    for authority in authorities[:2]:
        (folder / f"{authority.folder.name}.pem").write_text(authority.pem)
    if hashed:
        subprocess.run(["openssl", "rehash", str(folder)], check=True)
    for authority in authorities[:2]:
        with HttpServer(lambda _request: Response(), tls=authority.server_context()) as server:
            assert ask(server, folder) == 200
    stranger = authorities[2].server_context()
    with (
        HttpServer(lambda _request: Response(), tls=stranger) as server,
        pytest.raises(CannotConnect, match="is not trusted"),
    ):
        ask(server, folder)


def test_one_bad_file_among_good_ones_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "trusted"
    folder.mkdir()
    (folder / "ca.pem").write_text(CertificateAuthority(tmp_path / "one", "one").pem)
    (folder / "key.pem").write_text("-----BEGIN PRIVATE KEY-----\n")
    with pytest.raises(InvalidInput, match=r"trusted/key.pem holds no certificate in PEM form \(.*\); take it out of"):
        client_context(ca_path=str(folder))


@pytest.mark.parametrize(
    ("content", "words"), [(None, "no file that ends in .pem"), ("nothing", "ca.pem holds no certificate in PEM form")]
)
def test_a_folder_without_a_certificate_is_refused(tmp_path: Path, content: str | None, words: str) -> None:
    if content is not None:
        (tmp_path / "ca.pem").write_text(content)
    with pytest.raises(InvalidInput, match=words):
        HttpClient(parse_server("cp.example.com", port=443), what="it", timeout=5, ca_path=str(tmp_path), proxy="")
