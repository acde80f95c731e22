# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The option ``server``: a host name, an address or a URL. Private to this collection."""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown


@dataclass(frozen=True)
class Server:
    """Where a server listens.

    Attributes:
        host: name or address, an IPv6 address without brackets.
        path: path prefix of all requests, without a slash at its end; empty for none.
    """

    scheme: str
    host: str
    port: int
    path: str = ""

    @property
    def authority(self) -> str:
        """Host and port as in a URL."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def root(self) -> str:
        """The URL without the path prefix."""
        return f"{self.scheme}://{self.authority}"

    @property
    def url(self) -> str:
        """The URL that the paths of requests are appended to."""
        return f"{self.root}{self.path}"


def parse_server(
    value: str,
    *,
    port: int | None,
    path: str = "",
    scheme: str = "https",
    schemes: t.Sequence[str] = ("https", "http"),
    option: str = "server",
) -> Server:
    """Read the option ``server``.

    Args:
        value: ``host``, ``host:port``, an address (IPv6 with or without brackets) or a URL.
        port: the port when the value names none; None for the scheme's own.
        path: the path when the value names none.
        scheme: the scheme when the value names none.
        schemes: the schemes that are allowed.

    Raises:
        InvalidInput: it is none of these, or holds a user name or password (which belong into their own options).
    """
    text = value.strip()
    if "@" in text:
        # Refused before anything else may go wrong with it, and not shown: it may hold a password.
        raise InvalidInput(f"{option} must not hold a user name or password; use the options made for them")
    no_server = f"{option} is {shown(value)!r}, which is no host name, address or URL"
    if not text.isprintable() or " " in text:
        # urlsplit would drop line breaks and tabs and go on.
        raise InvalidInput(no_server)
    if "://" not in text:
        text = f"{scheme}://{_bracketed(text)}"
    try:
        parts = urlsplit(text)
        host, given_port = parts.hostname, parts.port
    except ValueError as exc:
        raise InvalidInput(f"{no_server}: {exc}") from exc
    if not host or ("[" in parts.netloc and not _is_ipv6(host)):
        raise InvalidInput(no_server)
    if parts.scheme not in schemes:
        raise InvalidInput(
            f"{option} has the scheme {shown(parts.scheme)!r}, but must have one of {', '.join(schemes)}"
        )
    if parts.query or parts.fragment:
        raise InvalidInput(f"{option} must not have a query or fragment")
    if given_port is None:
        given_port = port if port is not None else (443 if parts.scheme == "https" else 80)
    if not 1 <= given_port <= 65535:
        raise InvalidInput(f"{option} {shown(value)}: the port is {given_port}, but must be between 1 and 65535")
    return Server(parts.scheme, host, given_port, parts.path.rstrip("/") or path)


def proxy_url(host: str, port: int | str, username: str | None, password: str | None) -> str:
    """The URL for the option ``proxy``, of what a configuration file tells in parts.

    Args:
        username: None or empty for a proxy that asks for none; then the password counts for nothing.
    """
    credentials = f"{quote(username, safe='')}:{quote(password or '', safe='')}@" if username else ""
    return f"http://{credentials}{_bracketed(host)}:{port}"


def _bracketed(text: str) -> str:
    return f"[{text}]" if _is_ipv6(text) else text


def _is_ipv6(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version == 6
    except ValueError:
        return False
