# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Options of the backend hyperv. Private to this collection."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.options import (
    PROXY,
    TIMEOUT,
    TLS,
    OptionGroup,
    from_environment,
)
from ansible_collections.virtmap.core.plugins.module_utils._transport.server import Server, parse_server
from ansible_collections.virtmap.core.plugins.module_utils._transport.winrm_session import (
    PATH,
    PORTS,
    TRANSPORTS,
    Credentials,
    check,
)

_WITH_PASSWORD = ("ntlm", "basic", "credssp")

OPTIONS = (
    OptionGroup(
        spec={
            "server": from_environment("HYPERV_SERVER", type="list", elements="str", required=True),
            "port": {"type": "int"},
            "scheme": {"type": "str", "choices": ["https", "http"], "default": "https"},
            "transport": {"type": "str", "choices": list(TRANSPORTS), "default": "ntlm"},
            "username": from_environment("HYPERV_USERNAME", type="str"),
            "password": from_environment("HYPERV_PASSWORD", type="str", no_log=True),
            "client_cert": {"type": "path"},
            "client_key": {"type": "path"},
            "allow_unencrypted": {"type": "bool", "default": False},
            "uuid_order": {"type": "str", "choices": ["virt_who", "guest"], "default": "virt_who"},
        },
        required_if=(
            *(("transport", transport, ("username", "password")) for transport in _WITH_PASSWORD),
            ("transport", "certificate", ("client_cert",)),
        ),
        required_by={"client_key": "client_cert"},
    )
    + TIMEOUT
    + TLS
    + PROXY
)


@dataclass(frozen=True)
class Wishes:
    """The options, understood.

    Attributes:
        servers: in the order in which they were given, none twice.
        guest_order: give the uuid of a guest as the guest sees it.
    """

    servers: tuple[Server, ...]
    credentials: Credentials
    seconds: float
    validate_certs: bool
    ca_path: str | None
    proxy: str | None
    guest_order: bool

    @property
    def source(self) -> str:
        """The servers as the mapping names its source; a port only where it is not the usual one."""
        return ",".join(server.authority.removesuffix(f":{PORTS[server.scheme]}") for server in self.servers)


def understand(options: t.Mapping[str, t.Any]) -> Wishes:
    """Read the options. Nothing is contacted.

    Raises:
        InvalidInput: one is wrong, or they do not go together.
        MissingLibrary: a library is not installed.
    """
    servers = tuple(_server(value, options) for value in options["server"])
    if not servers:
        raise InvalidInput("server names no host")
    for server in servers:
        if servers.count(server) > 1:
            raise InvalidInput(f"server names {server.authority} twice")
    credentials = Credentials(
        options["transport"],
        options["username"],
        options["password"],
        options["client_cert"],
        options["client_key"],
    )
    # An empty text counts as given, but pywinrm would look for another account then.
    needed = ("client_cert",) if credentials.transport == "certificate" else ("username", "password")
    for name in needed if credentials.transport != "kerberos" else ():
        if not options[name]:
            raise InvalidInput(f"transport {credentials.transport} needs {name}, which is empty")
    for server in servers:
        check(credentials, server, options["allow_unencrypted"])
    return Wishes(
        servers,
        credentials,
        float(options["timeout"]),
        options["validate_certs"],
        options["ca_path"],
        options["proxy"],
        options["uuid_order"] == "guest",
    )


def _server(value: str, options: t.Mapping[str, t.Any]) -> Server:
    scheme = value.strip().partition("://")[0].lower() if "://" in value else options["scheme"]
    port = options["port"] if options["port"] is not None else PORTS.get(scheme)
    return parse_server(value, port=port, path=PATH, scheme=options["scheme"])
