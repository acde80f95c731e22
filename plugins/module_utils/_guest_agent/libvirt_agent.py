# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""qemu-ga through libvirt, which holds its channel. Private to this collection.

Only libvirt's own calls are used: raw commands would mark the domain as tainted.
"""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.errors import NO_SUPPORT, Failure
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, NotFound
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.domain import (
    ARGUMENT_UNSUPPORTED,
    AWAY,
    Domain,
)
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.options import QEMU, QEMU_PORT
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.qemu_convert import (
    from_libvirt,
    libvirt_interfaces,
    libvirt_vcpus,
)
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.shape import Report, unresponsive
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.wire import harmless

AGENT = 1  # VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT


def look(domain: Domain) -> Report:
    """What the guest says; an agent that is away makes a report that says so.

    Raises:
        NotFound: the domain has no channel for qemu-ga.
    """
    port = domain.ports().get(QEMU_PORT)
    if port is None:
        raise no_channel(domain, QEMU_PORT)
    if port.connected is False:
        return unresponsive(domain.source, QEMU, "libvirt says that no program in the guest has the channel open")
    told = domain.attempt("asking the guest agent", lambda found: found.guestInfo(0, 0))
    if isinstance(told, Failure):
        return unresponsive(domain.source, QEMU, away(domain, told))
    report = Report(domain.source, QEMU, responsive=True)
    from_libvirt(report, harmless(told))
    convert: t.Callable[[Report, t.Any], None]
    for doing, function, convert in (
        ("asking for addresses", lambda found: found.interfaceAddresses(AGENT), libvirt_interfaces),
        ("asking for processors", lambda found: found.guestVcpus(), libvirt_vcpus),
    ):
        answer = domain.attempt(doing, function)
        if not isinstance(answer, Failure):
            convert(report, harmless(answer))
    return report


def away(domain: Domain, failure: Failure) -> str:
    """Why the agent does not answer.

    Raises:
        NotFound, BadAnswer: the failure means something else.
    """
    if failure.code in AWAY:
        return f"libvirt says: {shown(failure.text)}"
    if failure.code == ARGUMENT_UNSUPPORTED:
        raise no_channel(domain, QEMU_PORT)
    hint = "; its kind of hypervisor has no guest agent" if failure.code == NO_SUPPORT else ""
    raise BadAnswer(f"libvirt cannot ask the agent of {shown(domain.source)}: {shown(failure.text)}{hint}")


def no_channel(domain: Domain, name: str) -> NotFound:
    """The error for a domain without a channel."""
    return NotFound(
        f"the guest {shown(domain.source)} has no channel {name}; add it with the role virtmap.core.guest_agent"
    )
