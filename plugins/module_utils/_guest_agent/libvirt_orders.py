# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Orders for qemu-ga through libvirt. Private to this collection."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.errors import Failure
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, CannotConnect
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.domain import Domain
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.libvirt_agent import away, look, no_channel
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.options import QEMU_PORT
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.order import Order, Outcome

HOST_NAME = 8  # VIR_DOMAIN_GUEST_INFO_HOSTNAME
BY_AGENT = 2  # VIR_DOMAIN_SHUTDOWN_GUEST_AGENT and VIR_DOMAIN_REBOOT_GUEST_AGENT
POLL_SECONDS = 0.5
# libvirt answers when the guest is down or resets, and gives up after this time. Before it gives an order it sees within
# five seconds whether the agent is there.
LIBVIRT_WAITS = 60.0
LIBVIRT_LOOKS = 15.0


def obeyed(order: Order, domain: Domain) -> Outcome:
    """Give the order to an agent that answers.

    Raises:
        CannotConnect: the agent is away, or it did not happen in time.
        NotFound: the domain has no channel.
        BadAnswer: libvirt or the agent refuses it.
    """
    if order.command in ("fsfreeze", "fsthaw"):
        return _freeze(order, domain)
    report = look(domain)
    if not report.responsive:
        raise CannotConnect(f"{order.command} was not sent to {shown(domain.source)}: {report.reason}")
    if order.check_mode:
        return Outcome(changed=True)
    order.given = True
    call: t.Callable[[t.Any], t.Any] = (
        (lambda found: found.shutdownFlags(BY_AGENT))
        if order.command == "shutdown"
        else (lambda found: found.reboot(BY_AGENT))
    )
    begun, patience = time.monotonic(), max(order.timeout, LIBVIRT_WAITS + LIBVIRT_LOOKS)
    told = domain.attempt(f"asking the guest agent for {order.command}", call, patience)
    refused = isinstance(told, Failure) and time.monotonic() - begun <= LIBVIRT_LOOKS
    # A failure that comes later says only that the guest takes its time.
    if refused and domain.is_running():
        order.given = False
        raise CannotConnect(f"{order.command} was not obeyed by {shown(domain.source)}: {away(domain, told)}")
    return Outcome(True, _end(order, domain) if order.wait else None)


def _end(order: Order, domain: Domain) -> str:
    """Wait until the guest is down, or its agent was away and is back; return the proof."""
    until, was_away = time.monotonic() + order.patience, False
    while time.monotonic() < until:
        if order.command == "shutdown" and not domain.is_running():
            return "the guest does not run"
        if order.command == "reboot":
            port = domain.ports().get(QEMU_PORT)
            connected = port is not None and port.connected is True
            was_away = was_away or not connected
            if was_away and connected:
                return "the agent went away and came back"
        time.sleep(POLL_SECONDS)
    what = "it still runs" if order.command == "shutdown" else "its agent did not go away and come back"
    raise order.not_seen(shown(domain.source), what)


def _freeze(order: Order, domain: Domain) -> Outcome:
    """Freeze or thaw; libvirt tells the state only by refusing to freeze twice, and thawing twice thaws nothing."""
    port = domain.ports().get(QEMU_PORT)
    if port is None:
        raise no_channel(domain, QEMU_PORT)
    if port.connected is False:
        raise CannotConnect(f"{order.command} was not sent: no program in {shown(domain.source)} has the channel open")
    if order.check_mode:
        return Outcome(_is_frozen(order, domain) != (order.command == "fsfreeze"))
    order.given = True
    call: t.Callable[[t.Any], t.Any] = (
        (lambda found: found.fsFreeze()) if order.command == "fsfreeze" else (lambda found: found.fsThaw())
    )
    told = domain.attempt(f"asking the guest agent for {order.command}", call)
    if isinstance(told, Failure):
        order.given = False
        if order.command == "fsfreeze" and "frozen" in told.text:
            return Outcome(False, "the file systems are frozen")
        raise BadAnswer(f"{order.command} of {shown(domain.source)} failed: {away(domain, told)}")
    count = int(told)
    state = "frozen" if order.command == "fsfreeze" else "thawed"
    return Outcome(count > 0, f"{count} file systems are {state}")


def _is_frozen(order: Order, domain: Domain) -> bool:
    """Whether the file systems are frozen: the agent then refuses all other questions, and says why.

    libvirt has no call for it, and a raw command would mark the domain as tainted. The reason alone does not tell: after
    a thaw qemu-ga gives it for what its policy does not allow.
    """
    told = domain.attempt("asking the guest agent", lambda found: found.guestInfo(0, 0))
    if not isinstance(told, Failure) and told:
        return False
    told = domain.attempt("asking the guest agent", lambda found: found.guestInfo(HOST_NAME, 0))
    if not isinstance(told, Failure):
        return False
    if "frozen" in told.text:
        return True
    reason = away(domain, told)
    raise CannotConnect(f"whether {order.command} would change {shown(domain.source)} is not known: {reason}")
