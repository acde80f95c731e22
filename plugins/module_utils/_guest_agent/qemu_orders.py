# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Orders for qemu-ga over its socket. Private to this collection."""

from __future__ import annotations

import time

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, CannotConnect
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.channel import Closed
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.order import Order, Outcome
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.qemu import QemuAgent

FROZEN, THAWED = "frozen", "thawed"
MODES = {"shutdown": "powerdown", "reboot": "reboot"}
# A refusal comes at once, and nothing when the command is taken.
REFUSAL_SECONDS = 2.0
POLL_SECONDS = 2.0


def obeyed(order: Order, agent: QemuAgent) -> Outcome:
    """Give the order to an agent that answers.

    Raises:
        BadAnswer: the agent refuses it.
        CannotConnect: it did not happen in time.
    """
    if order.command in MODES:
        if order.check_mode:
            return Outcome(changed=True)
        order.given = True
        try:
            agent.tell("guest-shutdown", {"mode": MODES[order.command]}, REFUSAL_SECONDS)
        except Closed:
            return Outcome(True, "the channel was closed")
        except BadAnswer:
            order.given = False
            raise
        return Outcome(True, _end(order, agent) if order.wait else None)
    return _freeze(order, agent, FROZEN if order.command == "fsfreeze" else THAWED)


def _freeze(order: Order, agent: QemuAgent, wanted: str) -> Outcome:
    before = agent.ask("guest-fsfreeze-status", order.timeout)
    if before == wanted:
        return Outcome(False, f"the file systems are {wanted}")
    if order.check_mode:
        return Outcome(changed=True)
    order.given = True
    try:
        agent.ask("guest-fsfreeze-freeze" if wanted == FROZEN else "guest-fsfreeze-thaw", order.timeout)
    except BadAnswer:
        order.given = agent.ask("guest-fsfreeze-status", order.timeout) != before
        raise
    if agent.ask("guest-fsfreeze-status", order.timeout) != wanted:
        raise BadAnswer(f"qemu-ga of {shown(agent.report.source)} says that the file systems are not {wanted}")
    return Outcome(True, f"the file systems are {wanted}")


def _end(order: Order, agent: QemuAgent) -> str:
    """Wait until QEMU or the agent ends, and the agent comes back after a reboot; return the proof."""
    until = time.monotonic() + order.patience
    source, was_away = shown(agent.report.source), False
    while time.monotonic() < until:
        try:
            answers = agent.greet(min(POLL_SECONDS, until - time.monotonic()))
        except CannotConnect as exc:
            if order.command == "shutdown" and isinstance(exc, Closed):
                return "the channel was closed"
            raise
        was_away = was_away or not answers
        if was_away and answers and order.command == "reboot":
            return "the agent went away and came back"
        time.sleep(0.2)
    raise order.not_seen(source, "the guest did not go down" if order.command == "shutdown" else "it did not come back")
