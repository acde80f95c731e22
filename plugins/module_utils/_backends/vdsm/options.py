# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Options of the backend vdsm, and what is left to VDSM's own configuration. Private to this collection."""

from __future__ import annotations

import os
import socket
import ssl
import typing as t
from dataclasses import dataclass

from ansible_collections.virtmap.core.plugins.module_utils._backends.vdsm.config import CONF, Config, read_config
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.options import (
    TIMEOUT,
    TLS,
    OptionGroup,
    check_timeout,
    from_environment,
)
from ansible_collections.virtmap.core.plugins.module_utils._transport.server import Server, parse_server
from ansible_collections.virtmap.core.plugins.module_utils._transport.tls import client_context

PORT = 54321
_HERE = ("localhost", "127.0.0.1", "::1")

OPTIONS = (
    OptionGroup(
        {
            "server": from_environment("VDSM_SERVER", type="str", default="localhost"),
            "port": {"type": "int"},
            "client_cert": from_environment("VDSM_CLIENT_CERT", type="path"),
            "client_key": from_environment("VDSM_CLIENT_KEY", type="path"),
            "vdsm_conf": {"type": "path", "default": CONF},
        },
        required_by={"client_key": "client_cert"},
    )
    + TIMEOUT
    + TLS
)


@dataclass(frozen=True)
class Target:
    """Where to connect and how.

    Attributes:
        what: the VDSM with its address, as the beginning of an error sentence.
        name: of the hypervisor.
        context: TLS settings; None for a connection without TLS.
        certificate: the one certificate that is expected, as DER, in place of a check of the name.
    """

    server: Server
    what: str
    name: str
    seconds: float
    context: ssl.SSLContext | None
    certificate: bytes | None

    @property
    def source(self) -> str:
        """The hypervisor as the mapping names its source; a port only where it is not the usual one."""
        host = f"[{self.name}]" if ":" in self.name else self.name
        return host if self.server.port == PORT else f"{host}:{self.server.port}"


def understand(options: t.Mapping[str, t.Any]) -> Target:
    """Read the options, and VDSM's configuration where they leave something open. Nothing is contacted.

    Raises:
        InvalidInput: one is wrong, or a file cannot be used.
    """
    seconds = check_timeout(options)
    local = _server(options["server"], options["port"] or PORT, "tls").host in _HERE
    config = read_config(options["vdsm_conf"]) if local or os.path.exists(options["vdsm_conf"]) else Config()
    server = _server(
        options["server"],
        options["port"] or (config.port if local else PORT),
        "tls" if config.tls or not local else "tcp",
    )
    name = socket.gethostname() if local else server.host
    if local and config.address:
        server = Server(server.scheme, config.address, server.port)
    context, certificate = None, None
    if server.scheme == "tls":
        certificate = _certificate(config.cert) if local and options["validate_certs"] else None
        context = _context(options, config, local)
        context.check_hostname = options["validate_certs"] and certificate is None
    return Target(server, f"VDSM at {server.authority}", name, seconds, context, certificate)


def _server(value: str, port: int, scheme: str) -> Server:
    server = parse_server(value, port=port, scheme=scheme, schemes=("tls", "tcp"))
    if server.path:
        raise InvalidInput("server must not have a path; VDSM is named by its host, and its port if need be")
    return server


def _context(options: t.Mapping[str, t.Any], config: Config, local: bool) -> ssl.SSLContext:
    """TLS with the files of the options, else with those that VDSM has on this machine."""
    cert, key, ca = options["client_cert"], options["client_key"], options["ca_path"]
    own = not cert
    if own:
        if not local and not os.path.exists(config.cert):
            raise InvalidInput(
                "give client_cert and client_key: VDSM lets in only who shows a certificate of its own CA, and this "
                f"machine has none at {config.cert}"
            )
        cert, key = config.cert, config.key
    if ca is None and (local or os.path.exists(config.ca)):
        ca = config.ca
    try:
        return client_context(validate_certs=options["validate_certs"], ca_path=ca, client_cert=cert, client_key=key)
    except InvalidInput as exc:
        if not own:
            raise
        raise InvalidInput(
            f"{exc.message}; without options the files of VDSM on this host are taken, which only root may read: run the "
            "task there with become, or give ca_path, client_cert and client_key"
        ) from exc


def _certificate(path: str) -> bytes | None:
    """The host's own certificate, as DER; None when it cannot be read, so that the name is checked."""
    begin, end = ssl.PEM_HEADER, ssl.PEM_FOOTER
    try:
        with open(path, encoding="ascii") as stream:
            text = stream.read()
        return ssl.PEM_cert_to_DER_cert(begin + text.partition(begin)[2].partition(end)[0] + end)
    except (OSError, ValueError):
        return None
