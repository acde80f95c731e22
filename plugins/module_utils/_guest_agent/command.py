# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Giving an agent one order, and seeing that it was obeyed. Private to this collection.

An order is given only to an agent that has just answered: a line that nobody reads would lie in the channel until an
agent comes, and would be obeyed then.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import CannotConnect, InvalidInput, VirtmapError
from ansible_collections.virtmap.core.plugins.module_utils._core.module import Warn
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent import libvirt_orders, ovirt_orders, qemu_orders
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.channel import Channel
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.options import OVIRT, QEMU, Where
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.order import LONGEST_NOTICE, Order, Outcome
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.ovirt import OvirtAgent
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.qemu import QemuAgent
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.reach import Target, reach

COMMANDS = {
    OVIRT: ("shutdown", "reboot", "hibernate", "lock", "logoff", "login"),
    QEMU: ("shutdown", "reboot", "fsfreeze", "fsthaw"),
}


@dataclass
class Result:
    """What became of an order; ``to_dict`` is the result of the module."""

    order: Order
    target: Target
    outcome: Outcome

    def to_dict(self) -> dict[str, t.Any]:
        """The result as users see it."""
        return {
            "changed": self.outcome.changed,
            "command": self.order.command,
            "protocol": self.target.protocol,
            "source": self.target.source,
            "confirmed": self.outcome.proof is not None,
            "proof": self.outcome.proof,
        }


def carry_out(options: t.Mapping[str, t.Any], check_mode: bool, warn: Warn) -> dict[str, t.Any]:
    """The result of the module ``guest_agent_command``."""
    where, order = Where.of(options), read_order(options, check_mode)
    with reach(where) as target:
        if order.command not in COMMANDS[target.protocol]:
            raise InvalidInput(
                f"the protocol {target.protocol} of {shown(target.source)} has no command {order.command}; it has "
                f"{', '.join(COMMANDS[target.protocol])}"
            )
        if target.protocol == QEMU and (order.delay or order.notice):
            raise InvalidInput(f"qemu-ga of {shown(target.source)} knows neither delay nor notice")
        try:
            return Result(order, target, _obeyed(order, target, warn)).to_dict()
        except VirtmapError as exc:
            # Once the order is out, a failure does not undo it.
            exc.result = {"changed": order.given, "command": order.command, "source": target.source, **exc.result}
            raise


def read_order(options: t.Mapping[str, t.Any], check_mode: bool) -> Order:
    """The order that the options of a module describe.

    Raises:
        InvalidInput: one does not fit the others.
    """
    command = options["command"]
    if options["delay"] < 0 or options["wait_timeout"] < 1:
        raise InvalidInput("delay must not be negative, and wait_timeout at least 1 second")
    if (options["delay"] or options["notice"]) and command not in ("shutdown", "reboot"):
        raise InvalidInput(f"delay and notice are for shutdown and reboot, not for {command}")
    if len(options["notice"] or "") > LONGEST_NOTICE:
        raise InvalidInput(f"notice is longer than {LONGEST_NOTICE} characters")
    names = ("delay", "notice", "username", "password", "wait", "wait_timeout")
    return Order(
        command, check_mode=check_mode, timeout=float(options["timeout"]), **{name: options[name] for name in names}
    )


def _obeyed(order: Order, target: Target, warn: Warn) -> Outcome:
    domain = target.domain
    if domain is not None and not domain.is_running():
        if order.command == "shutdown":
            return Outcome(changed=False, proof="the guest does not run")
        raise CannotConnect(f"the guest {shown(target.source)} does not run; start it first")
    if target.socket is None and domain is not None:
        return libvirt_orders.obeyed(order, domain)
    with Channel(target.socket or "", order.timeout) as channel:
        agent: OvirtAgent | QemuAgent
        if target.protocol == OVIRT:
            agent = OvirtAgent(channel, target.source)
            answers = agent.greet(order.timeout, heartbeat=False)
        else:
            agent = QemuAgent(channel, target.source)
            answers = agent.greet(order.timeout)
        if not answers:
            raise CannotConnect(f"{order.command} was not sent: {agent.report.reason}")
        try:
            if isinstance(agent, OvirtAgent):
                return ovirt_orders.obeyed(order, agent, domain)
            return qemu_orders.obeyed(order, agent)
        finally:
            for warning in agent.warnings():
                warn(warning)
