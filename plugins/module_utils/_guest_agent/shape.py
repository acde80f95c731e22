# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The one shape that both protocols end up in. Private to this collection."""

from __future__ import annotations

import typing as t
from dataclasses import asdict, dataclass, field

from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.values import reachable


@dataclass
class Report:
    """What a guest says about itself. What it does not say is None or empty.

    Attributes:
        source: the socket, or the domain and where it is.
        protocol: ``ovirt`` or ``qemu``.
        responsive: whether the agent answered.
        reason: why it counts as not responsive.
        agent_version: of the program.
        api_version: of the oVirt protocol, as the two sides agreed on it.
        os: ``type``, ``id``, ``name``, ``version``, ``codename``, ``kernel``, ``arch``.
        timezone: ``zone``, ``offset`` in minutes east of UTC.
        interfaces: ``name``, ``hw``, ``inet``, ``inet6``.
        filesystems: ``path``, ``fs``, ``total``, ``used``; the last two in bytes.
        disks: ``serial``, ``name``.
        session: ``unknown``, ``logged_on``, ``locked``, ``active``, ``logged_off``.
        memory: bytes by kind.
        cpus: processors that are online.
        commands: what the agent allows to be asked of it.
        fsfreeze: ``thawed`` or ``frozen``.
    """

    source: str
    protocol: str
    responsive: bool = False
    reason: str | None = None
    agent_version: str | None = None
    api_version: int | None = None
    hostname: str | None = None
    fqdn: str | None = None
    os: dict[str, str | None] = field(default_factory=dict)
    timezone: dict[str, t.Any] = field(default_factory=dict)
    interfaces: list[dict[str, t.Any]] = field(default_factory=list)
    filesystems: list[dict[str, t.Any]] = field(default_factory=list)
    disks: list[dict[str, t.Any]] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    session: str = "unknown"
    memory: dict[str, int] = field(default_factory=dict)
    cpus: int | None = None
    applications: list[str] = field(default_factory=list)
    containers: list[dict[str, t.Any]] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    fsfreeze: str | None = None

    def to_dict(self) -> dict[str, t.Any]:
        """The report as users see it."""
        return {**asdict(self), "addresses": reachable(self.interfaces)}


def unresponsive(source: str, protocol: str, reason: str) -> Report:
    """The report about an agent that does not answer."""
    return Report(source, protocol, reason=reason)
