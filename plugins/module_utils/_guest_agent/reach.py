# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Finding the agent that is meant, and the way to it. Private to this collection."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.connection import Connection
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.uri import parse_uri
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import NotFound
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.domain import Domain
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.libvirt_agent import no_channel
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.options import (
    OVIRT,
    OVIRT_PORTS,
    QEMU,
    QEMU_PORT,
    Where,
)


class Target(t.NamedTuple):
    """The way to an agent.

    Attributes:
        protocol: ``ovirt`` or ``qemu``.
        socket: its channel on this host; None for qemu-ga of a domain, which is asked through libvirt.
        domain: None where only a socket was named.
    """

    protocol: str
    source: str
    socket: str | None
    domain: Domain | None


@contextlib.contextmanager
def reach(where: Where) -> t.Iterator[Target]:
    """Find the way to the agent; a domain can be used within the context.

    Raises:
        NotFound: no such domain, or no channel of the protocol.
    """
    if where.socket is not None:
        yield Target(where.socket_protocol, where.socket, where.socket, None)
        return
    with Connection(parse_uri(where.uri), timeout=where.timeout, read_only=False) as connection:
        domain = Domain(connection, where.domain or "")
        yield _of_domain(where.protocol, domain)


def _of_domain(wanted: str, domain: Domain) -> Target:
    ports = domain.ports()
    if wanted == QEMU or (wanted == "auto" and QEMU_PORT in ports):
        return Target(QEMU, domain.source, None, domain)
    for name in OVIRT_PORTS:
        if name in ports:
            # libvirt makes the path of most with each start.
            if ports[name].path is None and domain.is_running():
                raise NotFound(f"the channel {name} of the guest {shown(domain.source)} is no unix socket of its host")
            return Target(OVIRT, domain.source, ports[name].path, domain)
    if wanted == OVIRT:
        raise no_channel(domain, OVIRT_PORTS[-1])
    raise NotFound(
        f"the guest {shown(domain.source)} has no channel for a guest agent; add one with the role "
        "virtmap.core.guest_agent"
    )
