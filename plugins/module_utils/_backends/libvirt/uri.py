# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The option ``uri``: read, made safe to use without a terminal, stripped of secrets. Private to this collection."""

from __future__ import annotations

import re
import typing as t
from urllib.parse import urlsplit

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown

# The parameters that say which daemon is asked. All others say how (keys, commands, files) and may hold what is secret.
SOURCE_PARAMETERS = ("socket", "mode", "root")


class Uri(t.NamedTuple):
    """A connection URI of libvirt.

    Attributes:
        text: what the library is given.
        source: what users and reports see: no user name, no parameters but those that tell which daemon is asked.
        transport: the word after ``+``, such as ``ssh`` or ``tls``; empty for the driver's own.
        local: whether the daemon is on the machine that this runs on.
    """

    text: str
    source: str
    transport: str
    local: bool


def parse_uri(value: str) -> Uri:
    """Read the option ``uri``.

    Raises:
        InvalidInput: it is no libvirt URI, or holds a password.
    """
    text = value.strip()
    if not text.isprintable() or not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text):
        # The value is not shown whole: what is no URI may be a password in the wrong place.
        raise InvalidInput(
            "uri is no libvirt URI; give one such as qemu:///system or qemu+tls://host1.example.com/system"
        )
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as exc:
        # With an @ the words of the exception may be a piece of a password.
        reason = "it holds a user name or password that is not percent-encoded" if "@" in text else shown(exc)
        raise InvalidInput(f"uri is no libvirt URI: {reason}") from exc
    if parts.password is not None:
        raise InvalidInput("uri must not hold a password; use the options username and password, or a key for ssh")
    transport = parts.scheme.partition("+")[2]
    query = [item for item in re.split("[&;]", parts.query) if item]
    authority = f"[{host}]" if host and ":" in host else host or ""
    if port is not None:
        authority += f":{port}"
    told = [item for item in query if item.partition("=")[0] in SOURCE_PARAMETERS]
    base = text.partition("#")[0].partition("?")[0]
    if transport == "ssh":
        # Without it ssh asks for a password or a host key on the terminal, and the task would wait for ever.
        query = [item for item in query if item.partition("=")[0] != "no_tty"] + ["no_tty=1"]
    return Uri(
        text=_with_query(base, query),
        source=_with_query(f"{parts.scheme}://{authority}{parts.path}", told),
        transport=transport,
        local=not host and transport in ("", "unix"),
    )


def _with_query(base: str, items: list[str]) -> str:
    return f"{base}?{'&'.join(items)}" if items else base
