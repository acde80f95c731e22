# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Options of the modules for guest agents. Private to this collection."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.options import OptionGroup, check_timeout

OVIRT, QEMU = "ovirt", "qemu"
QEMU_PORT = "org.qemu.guest_agent.0"
# Where a domain has both, the host listens on the older one as the agent does; new definitions have the newer.
OVIRT_PORTS = ("com.redhat.rhevm.vdsm", "ovirt-guest-agent.0")
WHERE = OptionGroup(
    {
        "socket": {"type": "path"},
        "domain": {"type": "str"},
        "uri": {"type": "str", "default": "qemu:///system"},
        "protocol": {"type": "str", "choices": ["auto", OVIRT, QEMU], "default": "auto"},
        "timeout": {"type": "int", "default": 15},
    },
    mutually_exclusive=(("socket", "domain"),),
    required_one_of=(("socket", "domain"),),
)
COMMAND = OptionGroup(
    {
        "command": {
            "type": "str",
            "required": True,
            "choices": ["shutdown", "reboot", "hibernate", "lock", "logoff", "login", "fsfreeze", "fsthaw"],
        },
        "delay": {"type": "int", "default": 0},
        "notice": {"type": "str"},
        "username": {"type": "str"},
        "password": {"type": "str", "no_log": True},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": 180},
    },
    required_if=(("command", "login", ("username", "password")),),
)


@dataclass(frozen=True)
class Where:
    """Which agent is meant.

    Attributes:
        socket: path of the host's end of the channel; None for a domain of libvirt.
        domain: name or uuid; None for a socket.
        uri: of the libvirt that has the domain.
        protocol: ``auto``, ``ovirt`` or ``qemu``.
        timeout: seconds for what the agent is asked.
    """

    socket: str | None
    domain: str | None
    uri: str
    protocol: str
    timeout: float

    @classmethod
    def of(cls, options: t.Mapping[str, t.Any]) -> Where:
        """What the options of a module say.

        Raises:
            InvalidInput: an option is empty.
        """
        for name in ("socket", "domain"):
            if options[name] == "":
                raise InvalidInput(f"{name} is empty")
        names = ("socket", "domain", "uri", "protocol")
        return cls(**{name: options[name] for name in names}, timeout=check_timeout(options))

    @property
    def socket_protocol(self) -> str:
        """The protocol that is spoken over the socket: as told, else as the name of its port says."""
        if self.protocol != "auto":
            return self.protocol
        return QEMU if (self.socket or "").endswith(QEMU_PORT) else OVIRT
