# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The certificate that a daemon serves and the one on its disk. Private to this collection."""

from __future__ import annotations

import hashlib
import os
import socket
import ssl
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, CannotConnect, InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.config_text import Value
from ansible_collections.virtmap.core.plugins.module_utils._transport.deadline import call_with_deadline

DEFAULT_CERTIFICATE = "/etc/pki/libvirt/servercert.pem"
# Where a daemon looks for its files when it is told to read them again; the paths in its configuration make no
# difference then.
DEFAULT_FILES = {
    "ca_file": "/etc/pki/CA/cacert.pem",
    "cert_file": DEFAULT_CERTIFICATE,
    "key_file": "/etc/pki/libvirt/private/serverkey.pem",
    "crl_file": "/etc/pki/CA/cacrl.pem",
}
DEFAULT_PORT = 16514
_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
_EVERY_ADDRESS = ("", "0.0.0.0", "::")  # noqa: S104 - compared with, not listened on


def check_paths(settings: t.Mapping[str, Value], path: str) -> None:
    """Refuse a daemon whose TLS files have other paths than the built-in ones.

    Args:
        settings: what stands in its configuration file.
        path: that file.

    Raises:
        InvalidInput: reading the files again would fail, or worse, take others than the daemon started with.
    """
    moved = sorted(key for key, default in DEFAULT_FILES.items() if settings.get(key, default) != default)
    if moved:
        raise InvalidInput(
            f"{path} sets {', '.join(moved)}, but libvirt reads TLS files again only from their default paths, so "
            "restart the daemon instead "
            "to have it take the new files"
        )


def listening_at(settings: t.Mapping[str, Value]) -> tuple[str, int]:
    """Address and port of this host on which a daemon with this configuration speaks TLS."""
    address, port = settings.get("listen_addr", ""), settings.get("tls_port", "")
    is_one_address = isinstance(address, str) and address not in _EVERY_ADDRESS
    return str(address) if is_one_address else "localhost", int(str(port)) if str(port).isdigit() else DEFAULT_PORT


def fingerprint(der: bytes) -> str:
    """SHA-256 of a certificate, in hexadecimal digits."""
    return hashlib.sha256(der).hexdigest()


def file_fingerprint(path: str) -> str:
    """Fingerprint of the first certificate in a PEM file, the one that a server serves.

    Raises:
        InvalidInput: the file cannot be read or holds no certificate.
    """
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            text = file.read()
    except OSError as exc:
        raise InvalidInput(f"{path}: the certificate cannot be read: {exc.strerror or exc}") from exc
    begin = text.find(_BEGIN)
    end = text.find(_END, begin)
    try:
        der = ssl.PEM_cert_to_DER_cert(text[begin : end + len(_END)]) if 0 <= begin < end else b""
    except ValueError:
        der = b""
    # Every certificate is an ASN.1 sequence; what is no base64 at all decodes to nothing.
    if not der.startswith(b"\x30"):
        raise InvalidInput(f"{path}: the file holds no certificate in PEM form")
    return fingerprint(der)


def served_fingerprint(address: str, port: int, timeout: float) -> str:
    """Fingerprint of the certificate that is served at an address of this host.

    Nothing is sent but the handshake, and the certificate is only compared, so it is not verified. A server that
    insists on a certificate of the client shows its own first.

    Raises:
        CannotConnect: nobody listens there, or does not answer in time.
        BadAnswer: whoever listens does not speak TLS.
    """
    where = f"{address} port {port}"

    def call() -> bytes | None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with socket.create_connection((address, port), timeout) as plain, context.wrap_socket(plain) as tls:
            return tls.getpeercert(binary_form=True)

    silent = (
        f"{where}: no certificate was shown within {timeout:g} seconds, so look whether the daemon is frozen or at its "
        "limit of clients"
    )
    try:
        der = call_with_deadline(call, timeout, silent)
    except socket.timeout as exc:  # TimeoutError since Python 3.10
        raise CannotConnect(silent) from exc
    except (ssl.SSLError, ConnectionResetError) as exc:
        raise BadAnswer(f"{where}: this is no working TLS server, so check port and address: {_reason(exc)}") from exc
    except OSError as exc:
        raise CannotConnect(
            f"{where}: the certificate that the daemon serves cannot be looked at, so check port and address, or "
            "leave it out with "
            f"probe false: {_reason(exc)}"
        ) from exc
    if not der:
        raise BadAnswer(f"{where}: the server showed no certificate")
    return fingerprint(der)


def _reason(exc: OSError) -> str:
    return exc.strerror or os.strerror(exc.errno or 0) if exc.errno else str(exc)
