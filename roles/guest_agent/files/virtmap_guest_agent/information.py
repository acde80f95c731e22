# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""All that the agent can tell, as the arguments of its messages."""

from __future__ import annotations

import platform
import typing as t

from . import network, software, storage, system
from .configuration import Settings
from .patience import Patient

# The version of the protocol from which on a message exists; all others are as old as the protocol.
SINCE = {
    "number-of-cpus": 1,
    "os-info": 2,
    "timezone": 2,
    "containers": 3,
    "completion": 3,
}


class Information:
    """Tells what this machine is and does."""

    def __init__(self, settings: Settings) -> None:
        self.memory = system.Memory()
        self._fqdn: Patient[str] = Patient("the full name", system.fqdn, platform.node())
        self._applications: Patient[list[str]] = Patient(
            "installed packages", lambda: software.applications(settings.applications), []
        )
        self._containers: Patient[list[dict[str, t.Any]]] = Patient("containers", software.containers, [])
        self._file_systems: Patient[list[dict[str, t.Any]]] = Patient(
            "file systems", lambda: storage.file_systems(settings.ignored_fs, settings.ignore_zero_size_fs), []
        )
        self._interfaces: Patient[list[dict[str, t.Any]]] = Patient(
            "network interfaces", lambda: network.interfaces(settings.ignored_nics), []
        )
        self._user: Patient[str] = Patient("users", system.active_user, system.NOBODY, system.sessions_changed_at)
        self._locked: Patient[bool] = Patient("the lock", system.session_is_locked, False, system.sessions_changed_at)

    def user(self) -> str:
        """The first user who is logged in, or ``None`` as a text."""
        return self._user()

    def locked(self) -> bool:
        """Whether the desktop is locked."""
        return self._locked()

    def heartbeat(self) -> dict[str, t.Any]:
        """The arguments of a heartbeat but the version."""
        return self.memory()

    def message(self, name: str) -> dict[str, t.Any]:
        """The arguments of one message of information."""
        tell: dict[str, t.Callable[[], dict[str, t.Any]]] = {
            "host-name": lambda: {"name": self._fqdn()},
            "fqdn": lambda: {"fqdn": self._fqdn()},
            "os-version": lambda: {"version": platform.release()},
            "os-info": system.os_info,
            "timezone": system.timezone,
            "network-interfaces": lambda: {"interfaces": self._interfaces()},
            "applications": lambda: {"applications": self._applications()},
            "containers": lambda: {"list": self._containers()},
            "disks-usage": lambda: {"disks": self._file_systems(), "mapping": storage.disks()},
            "active-user": lambda: {"name": self.user()},
            "number-of-cpus": lambda: {"count": system.processors()},
        }
        return tell[name]()
