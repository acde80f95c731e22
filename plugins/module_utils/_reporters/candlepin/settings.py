# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""How to reach a Candlepin server, out of the options and rhsm.conf. Private to this collection."""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.options import check_timeout
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.identity import Identity, read_identity
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.rhsm_conf import (
    RhsmConf,
    read_rhsm_conf,
)
from ansible_collections.virtmap.core.plugins.module_utils._transport.server import Server, parse_server

DEFAULT_PORT = 443
DEFAULT_PREFIX = "/rhsm"


@dataclass(frozen=True)
class Settings:
    """Where the server is and who asks it.

    Attributes:
        identity: who the client certificate is issued to; None with a user name and password.
        owner: the owner that was given; None to find it out.
    """

    server: Server
    timeout: float
    validate_certs: bool
    ca_path: str | None
    proxy: str | None
    username: str | None
    password: str | None
    client_cert: str | None
    client_key: str | None
    identity: Identity | None
    owner: str | None


def resolve(options: t.Mapping[str, t.Any]) -> Settings:
    """Settle how to connect: options beat rhsm.conf, which beats the built-in values.

    Raises:
        InvalidInput: something is wrong or missing; nothing has been contacted by then.
    """
    conf = read_rhsm_conf(options["rhsm_conf"]) if options["rhsm_conf"] else None
    server = _server(options, conf)
    username, client_cert, client_key = options["username"], options["client_cert"], options["client_key"]
    if username is None and client_cert is None and conf is not None:
        client_cert, client_key = conf.client_cert, conf.client_key
        if not os.path.exists(client_cert):
            raise InvalidInput(
                "there are no credentials: neither username and password nor client_cert were given, and "
                f"{client_cert} does not exist because this host is not registered"
            )
    if username is None and client_cert is None:
        raise InvalidInput(
            "there are no credentials: give username and password, or client_cert and client_key, or rhsm_conf"
        )
    if username is not None and not (username and options["password"]):
        raise InvalidInput("username and password must not be empty")
    identity = None
    if client_cert is not None:
        identity = read_identity(client_cert)
        identity.check_validity(client_cert)
    validate_certs, ca_path = options["validate_certs"], options["ca_path"]
    if validate_certs is None:
        validate_certs = not (conf is not None and conf.insecure)
    if ca_path is None and conf is not None:
        ca_path = conf.ca_cert_dir
    proxy = options["proxy"]
    if proxy is None and conf is not None:
        proxy = conf.proxy_for(server.host)
    return Settings(
        server=server,
        timeout=check_timeout(options),
        validate_certs=validate_certs,
        ca_path=ca_path,
        proxy=proxy,
        username=username,
        password=options["password"],
        client_cert=client_cert,
        client_key=client_key,
        identity=identity,
        owner=options["owner"] or None,
    )


def _server(options: t.Mapping[str, t.Any], conf: RhsmConf | None) -> Server:
    """The server with its port and prefix; those in a URL count as given."""
    value = options["server"]
    port = options["port"]
    if port is not None and not 0 < port < 65536:
        raise InvalidInput(f"port is {port}, but must be from 1 to 65535")
    if value is None:
        if conf is None:
            raise InvalidInput("give server, or rhsm_conf to take it from")
        value = f"[{conf.hostname}]" if ":" in conf.hostname else conf.hostname
    found = parse_server(
        value,
        port=port or (conf.port if conf is not None else DEFAULT_PORT),
        path=normal_prefix(conf.prefix if conf is not None else DEFAULT_PREFIX),
        # Candlepin answers nobody over plain HTTP, and a password must not travel so.
        schemes=("https",),
    )
    if options["prefix"] is not None:
        return Server(found.scheme, found.host, found.port, normal_prefix(options["prefix"]))
    return found


def normal_prefix(prefix: str) -> str:
    """A path prefix with a slash at its beginning and none at its end; empty for none."""
    text = prefix.strip().strip("/")
    return f"/{text}" if text else ""
