# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Asking an agent for everything. Private to this collection."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import CannotConnect
from ansible_collections.virtmap.core.plugins.module_utils._core.module import Warn
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.channel import Channel
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.libvirt_agent import look
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.options import OVIRT, Where
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.ovirt import OvirtAgent
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.qemu import QemuAgent
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.reach import Target, reach
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.shape import Report, unresponsive


def information(options: t.Mapping[str, t.Any], warn: Warn) -> dict[str, t.Any]:
    """The result of the module ``guest_agent_info``."""
    where = Where.of(options)
    with reach(where) as target:
        return {"changed": False, "guest_agent": ask(target, where.timeout, warn).to_dict()}


def ask(target: Target, timeout: float, warn: Warn) -> Report:
    """What a guest says about itself; an agent that does not answer makes a report that says so.

    Args:
        timeout: seconds for all of it.
    """
    if target.domain is not None and not target.domain.is_running():
        return unresponsive(target.source, target.protocol, "the guest does not run")
    if target.domain is not None and target.socket is None:
        return look(target.domain)
    with Channel(target.socket or "", timeout) as channel:
        ask_one = _ask_ovirt if target.protocol == OVIRT else _ask_qemu
        return ask_one(channel, target.source, timeout, warn)


def _ask_ovirt(channel: Channel, source: str, timeout: float, warn: Warn) -> Report:
    agent = OvirtAgent(channel, source)
    try:
        agent.greet(timeout, heartbeat=True)
    except CannotConnect as exc:
        agent.report.responsive, agent.report.reason = False, exc.message
    _pass_on(agent.warnings(), warn)
    return agent.report


def _ask_qemu(channel: Channel, source: str, timeout: float, warn: Warn) -> Report:
    agent = QemuAgent(channel, source)
    try:
        if agent.greet(timeout):
            agent.look(timeout)
    except CannotConnect as exc:
        agent.report.responsive, agent.report.reason = False, exc.message
    _pass_on(agent.warnings(), warn)
    return agent.report


def _pass_on(warnings: t.Iterable[str], warn: Warn) -> None:
    for warning in warnings:
        warn(warning)
