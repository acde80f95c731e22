# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Values of the right kind out of what a guest says, which may be anything. Private to this collection."""

from __future__ import annotations

import ipaddress
import typing as t

LARGEST = 2**63 - 1
# Far above what a real guest has; the lists of a hostile one are cut.
MOST_ENTRIES = 2000


def text(value: t.Any) -> str | None:
    """A text that is not empty, else None."""
    return value if isinstance(value, str) and value else None


def number(value: t.Any) -> int | None:
    """A whole number that fits 64 bits, also one written as text, else None."""
    if isinstance(value, str) and len(value) <= 20 and value.isascii() and value.lstrip("-").isdigit():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and -LARGEST <= value <= LARGEST:
        return value
    return None


def texts(value: t.Any) -> list[str]:
    """The texts in a list; nothing for anything else."""
    return [item for item in entries(value, str) if item]


def entries(value: t.Any, kind: type[t.Any] = dict) -> list[t.Any]:
    """The members of a list that are of a kind; nothing for anything else."""
    return [item for item in value if isinstance(item, kind)][:MOST_ENTRIES] if isinstance(value, list) else []


def reachable(interfaces: t.Iterable[t.Mapping[str, t.Any]]) -> list[str]:
    """The addresses of interfaces that others can reach: valid, neither loopback nor link-local; version 4 first."""
    found: list[str] = []
    for key in ("inet", "inet6"):
        for interface in interfaces:
            found += [address for address in interface[key] if _is_reachable(address)]
    return list(dict.fromkeys(found))


def _is_reachable(word: str) -> bool:
    try:
        address = ipaddress.ip_address(word)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast)
