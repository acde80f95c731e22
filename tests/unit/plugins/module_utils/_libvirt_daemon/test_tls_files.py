# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Certificates on disk and at a port."""

from __future__ import annotations

import hashlib
import socket
import ssl
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, CannotConnect, InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon import tls_files
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def listener() -> t.Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def serve(listener: socket.socket, answer: t.Callable[[socket.socket], None]) -> int:
    def run() -> None:
        connection, _address = listener.accept()
        with connection:
            answer(connection)

    threading.Thread(target=run, daemon=True).start()
    port: int = listener.getsockname()[1]
    return port


@pytest.mark.parametrize("client_required", [False, True])
def test_the_served_certificate_is_the_one_on_disk(
    authority: CertificateAuthority, listener: socket.socket, client_required: bool
) -> None:
    pair = authority.issue_server()
    context = authority.server_context(pair, client_ca=authority, client_required=client_required)

    def answer(connection: socket.socket) -> None:
        try:
            with context.wrap_socket(connection, server_side=True) as tls:
                tls.recv(1)
        except ssl.SSLError:
            assert client_required

    served = tls_files.served_fingerprint("127.0.0.1", serve(listener, answer), 5)
    assert served == tls_files.file_fingerprint(str(pair.cert))
    assert served == hashlib.sha256(ssl.PEM_cert_to_DER_cert(pair.cert_pem)).hexdigest()


def test_the_first_certificate_of_a_chain_counts(authority: CertificateAuthority, tmp_path: Path) -> None:
    pair = authority.issue_server()
    chain = tmp_path / "chain.pem"
    chain.write_text(f"subject=CN = x\n{pair.cert_pem}\n{authority.pem}")
    assert tls_files.file_fingerprint(str(chain)) == tls_files.file_fingerprint(str(pair.cert))


@pytest.mark.parametrize("inside", ["", "!", "aGVsbG8="])
def test_a_file_without_a_certificate_is_named(tmp_path: Path, inside: str) -> None:
    begin, end = "-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n"
    path = tmp_path / "x.pem"
    for text in (inside, begin + inside, f"{begin}{inside}\n{end}", end + begin):
        path.write_text(text)
        with pytest.raises(InvalidInput, match="holds no certificate"):
            tls_files.file_fingerprint(str(path))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read: No such file"):
        tls_files.file_fingerprint(str(tmp_path / "none.pem"))


def test_a_port_where_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with pytest.raises(CannotConnect, match="check port and address.*refused"):
            tls_files.served_fingerprint("127.0.0.1", free.getsockname()[1], 5)


def test_a_server_that_says_nothing_or_drips_is_given_up(listener: socket.socket) -> None:
    done = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"\x16\x03\x03\x40\x00")
        while not done.wait(0.1):
            connection.sendall(b"\x02")

    with pytest.raises(CannotConnect, match="no certificate was shown within 1 seconds"):
        tls_files.served_fingerprint("127.0.0.1", serve(listener, lambda connection: (done.wait(10), None)[1]), 1)
    with pytest.raises(CannotConnect, match="no certificate was shown within 1 seconds"):
        tls_files.served_fingerprint("127.0.0.1", serve(listener, drip), 1)
    done.set()


def test_a_handshake_that_takes_too_long_is_told_alike(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Which of the two clocks runs out first is a race.
    monkeypatch.setattr(tls_files, "call_with_deadline", lambda call, _seconds, _late: call())
    done = threading.Event()
    with pytest.raises(CannotConnect, match="no certificate was shown within 1 seconds"):
        tls_files.served_fingerprint("127.0.0.1", serve(listener, lambda connection: (done.wait(10), None)[1]), 1)
    done.set()


@pytest.mark.parametrize("text", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b""])
def test_a_server_that_speaks_no_tls(listener: socket.socket, text: bytes) -> None:
    with pytest.raises(BadAnswer, match="no working TLS server"):
        tls_files.served_fingerprint("127.0.0.1", serve(listener, lambda connection: connection.sendall(text)), 5)


def test_files_at_other_paths_cannot_be_read_again() -> None:
    tls_files.check_paths({"cert_file": tls_files.DEFAULT_CERTIFICATE, "tls_port": "16514"}, "x.conf")
    with pytest.raises(InvalidInput, match="x.conf sets ca_file, key_file, but .* restart the daemon"):
        tls_files.check_paths({"key_file": "/k.pem", "ca_file": "/ca.pem"}, "x.conf")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ("localhost", 16514)),
        ({"listen_addr": "0.0.0.0", "tls_port": "4711"}, ("localhost", 4711)),
        ({"listen_addr": "192.0.2.1"}, ("192.0.2.1", 16514)),
        ({"tls_port": "libvirts"}, ("localhost", 16514)),
    ],
)
def test_where_a_daemon_listens(settings: dict[str, t.Any], expected: tuple[str, int]) -> None:
    assert tls_files.listening_at(settings) == expected
