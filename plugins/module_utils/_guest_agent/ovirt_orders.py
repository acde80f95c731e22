# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Orders in the oVirt protocol. Private to this collection."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.channel import Closed
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.domain import Domain
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.order import Order, Outcome
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.ovirt import OvirtAgent

# Agents on a desktop tell at once; one on a server has nothing to tell.
SESSION_SECONDS = 3.0
PROOFS = {"lock": "session-lock", "logoff": "session-logoff", "login": "session-logon"}


def message_of(order: Order) -> tuple[str, dict[str, t.Any]]:
    """The message for an order."""
    if order.command in ("shutdown", "reboot"):
        arguments = {
            "timeout": str(order.delay),
            "message": order.notice or "System is going down",
            # A text: the original agent does not understand JSON's true.
            "reboot": "true" if order.command == "reboot" else "false",
        }
        return "shutdown", arguments
    if order.command == "login":
        return "login", {"username": order.username, "password": order.password}
    return {"hibernate": ("hibernate", {"state": "disk"}), "lock": ("lock-screen", {}), "logoff": ("log-off", {})}[
        order.command
    ]


def obeyed(order: Order, agent: OvirtAgent, domain: Domain | None) -> Outcome:
    """Give the order to an agent that answers.

    Args:
        domain: where the guest's state can be asked; None when only its channel is known.

    Raises:
        CannotConnect: it was not confirmed, or did not happen in time.
    """
    if order.check_mode:
        return Outcome(changed=True)
    name, arguments = message_of(order)
    agent.send(name, **arguments)
    order.given = True
    if order.command in ("shutdown", "reboot", "hibernate"):
        return Outcome(True, _end(order, agent, domain) if order.wait else None)
    agent.still_there(order.timeout)
    proof = PROOFS[order.command]
    if order.wait and _seen(agent, (proof,), min(SESSION_SECONDS, order.wait_timeout)):
        return Outcome(True, proof)
    return Outcome(True)


def _end(order: Order, agent: OvirtAgent, domain: Domain | None) -> str:
    """Wait until the guest goes down, and comes up again after a reboot; return the proof."""
    until = time.monotonic() + order.patience
    source = shown(agent.report.source)
    try:
        gone = _seen(agent, ("session-shutdown",), until - time.monotonic())
    except Closed:
        gone = "the channel was closed"
    if not gone:
        raise order.not_seen(source, "its agent did not end")
    if order.command == "reboot":
        try:
            back = _seen(agent, ("session-startup",), until - time.monotonic())
        except Closed:
            back = ""
        if not back:
            raise order.not_seen(source, "its agent did not come back")
        return "session-shutdown and session-startup"
    while domain is not None and domain.is_running():
        if time.monotonic() > until:
            raise order.not_seen(source, "it still runs")
        time.sleep(0.5)
    return gone if domain is None else "the guest does not run"


def _seen(agent: OvirtAgent, names: t.Collection[str], seconds: float) -> str:
    """The first message of these names that came in time; empty when none did."""
    until = time.monotonic() + seconds
    while (message := agent.message(until)) is not None:
        if message[0] in names:
            return message[0]
    return ""
