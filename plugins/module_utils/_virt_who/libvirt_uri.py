# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The libvirt URI that a section of virt-who means. Private to this collection; pure."""

from __future__ import annotations

import typing as t
from urllib.parse import quote, urlsplit

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput

Warn = t.Callable[[str], None]


def variables(server: str, username: str | None, warn: Warn) -> dict[str, t.Any]:
    """The URI for the key ``server``: scheme ``qemu+ssh`` and path ``/system`` unless it names others.

    virt-who drops a port and a query; here they stay, with a warning.

    Raises:
        InvalidInput: it is no URI.
    """
    try:
        parts = urlsplit(server if "://" in server else f"//{server}")
        host, port = parts.hostname, parts.port
    except ValueError as exc:
        raise InvalidInput("its server is no libvirt URI") from exc
    scheme, path = parts.scheme or "qemu+ssh", parts.path if parts.path not in ("", "/") else "/system"
    host = host or ""
    user = username or parts.username
    authority = f"[{host}]" if ":" in host else host
    if user and scheme.endswith("ssh"):
        authority = f"{quote(user)}@{authority}"
    if port:
        authority += f":{port}"
    query = parts.query
    if port or query:
        warn("virt-who would drop the port and the query of its server; they are used")
    if scheme.endswith("ssh") and "no_tty" not in query:
        query = "&".join(part for part in (query, "no_tty=1") if part)
    return {"gather_uri": f"{scheme}://{authority}{path}" + (f"?{query}" if query else "")}
