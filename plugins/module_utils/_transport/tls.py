# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""TLS settings of a connection, made once and checked before anything is contacted. Private to this collection."""

from __future__ import annotations

import os
import re
import ssl

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput

# The names that ``openssl rehash`` makes.
_HASHED = re.compile(r"[0-9a-f]{8}\.\d+")


def client_context(
    *,
    validate_certs: bool = True,
    ca_path: str | None = None,
    client_cert: str | None = None,
    client_key: str | None = None,
) -> ssl.SSLContext:
    """The TLS context of a client.

    Args:
        validate_certs: verify the server's certificate and name.
        ca_path: PEM file with the trusted CAs, or folder of such files; None for those of the system.
        client_cert: PEM file with the client's own certificate, and its key unless ``client_key`` is given.

    Raises:
        InvalidInput: a file is missing, cannot be read, or is not what it should be.
    """
    if not validate_certs:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif ca_path is None:
        context = ssl.create_default_context()
    else:
        context = _with_own_ca(ca_path)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if client_cert:
        _load_pair(context, client_cert, client_key)
    return context


def _with_own_ca(ca_path: str) -> ssl.SSLContext:
    _readable(ca_path, "ca_path")
    files = [ca_path]
    if os.path.isdir(ca_path):
        names = os.listdir(ca_path)
        if any(_HASHED.fullmatch(name) for name in names):
            return ssl.create_default_context(capath=ca_path)  # OpenSSL looks up what it needs
        files = [os.path.join(ca_path, name) for name in sorted(names) if name.endswith((".pem", ".crt"))]
        if not files:
            raise InvalidInput(f"ca_path {ca_path} holds no certificate: there is no file that ends in .pem or .crt")
        return _trusting(files, "take it out of that folder, or name the one file that is meant as ca_path")
    return _trusting(files, "give the file with the certificate of the CA")


def _trusting(files: list[str], advice: str) -> ssl.SSLContext:
    """A context that trusts the certificates of these files and no others.

    Args:
        advice: what to do about a file that holds none.
    """
    context = None
    for path in files:
        _readable(path, "ca_path")
        try:
            if context is None:
                context = ssl.create_default_context(cafile=path)
            else:
                context.load_verify_locations(cafile=path)
        except (ssl.SSLError, OSError) as exc:
            reason = getattr(exc, "reason", None) or exc.strerror or exc
            raise InvalidInput(f"ca_path {path} holds no certificate in PEM form ({reason}); {advice}") from exc
    if context is None:
        raise AssertionError("there is at least one file")
    return context


def _load_pair(context: ssl.SSLContext, cert: str, key: str | None) -> None:
    _readable(cert, "client_cert")
    if key:
        _readable(key, "client_key")

    def no_password() -> str:
        # Without this OpenSSL would ask on the terminal and the task would hang.
        raise InvalidInput(f"the client key {key or cert} is encrypted; give one without a passphrase")

    try:
        context.load_cert_chain(cert, key, password=no_password)
    except OSError as exc:  # ssl.SSLError is one
        reason = getattr(exc, "reason", None)
        if reason == "KEY_VALUES_MISMATCH":
            raise InvalidInput(f"the client key {key or cert} does not belong to the certificate {cert}") from exc
        raise InvalidInput(
            f"the client certificate {cert} and its key {key or cert} cannot be used: {reason or exc.strerror or exc}"
        ) from exc


def _readable(path: str, option: str) -> None:
    try:
        os.stat(path)
        readable = os.access(path, os.R_OK)
    except PermissionError:
        readable = False  # a folder above it is closed
    except OSError as exc:
        raise InvalidInput(f"{option} {path} does not exist") from exc
    if not readable:
        raise InvalidInput(f"{option} {path} cannot be read by this user")
