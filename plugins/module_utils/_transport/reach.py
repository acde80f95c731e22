# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""From a name and a port to a connected socket, in time. Private to this collection."""

from __future__ import annotations

import socket
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import CannotConnect
from ansible_collections.virtmap.core.plugins.module_utils._transport.deadline import call_with_deadline


class ResolverTimeout(socket.timeout):
    """The name was not resolved in time."""


def reach(host: str, port: int, left: t.Callable[[], float]) -> socket.socket:
    """Connect to the first address of the host that answers.

    Each address gets its share of the time that is left: a host whose IPv6 address leads nowhere is reached at its IPv4
    address in time. An address of a family that this machine does not have is one that does not answer.

    Args:
        host: name or address, an IPv6 address without brackets.
        left: seconds that are left at this moment.

    Returns:
        a socket whose timeout the caller has to set.

    Raises:
        socket.timeout: time was up; ResolverTimeout while the name was being resolved.
        socket.gaierror, UnicodeError: the name cannot be resolved.
        OSError: no address answered; that of the last one.
    """

    def resolve() -> list[t.Any]:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)

    try:
        # The resolver knows no deadline.
        addresses = call_with_deadline(resolve, left(), "the name was not resolved in time")
    except CannotConnect as exc:
        raise ResolverTimeout(exc.message) from exc
    failure = OSError("it has no address")
    for number, (family, kind, protocol, _name, address) in enumerate(addresses):
        try:
            sock = socket.socket(family, kind, protocol)
        except OSError as exc:
            failure = exc
            continue
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(max(left(), 0.001) / (len(addresses) - number))
            sock.connect(address)
        except OSError as exc:
            sock.close()
            failure = exc
        else:
            return sock
    raise failure
