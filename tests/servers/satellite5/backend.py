# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""``/XMLRPC``: registration with user name and password, then calls with the certificate."""

from __future__ import annotations

import re
import typing as t

from . import certificate, plan
from .backend_faults import BackendFault
from .state import Database, Instance, System, User, now

#: The architectures of clients that the server knows, and the channel architecture of each.
CHANNEL_ARCHS = {
    "x86_64": "channel-x86_64",
    "amd64": "channel-x86_64",
    "ia32e": "channel-x86_64",
    "i386": "channel-ia32",
    "i486": "channel-ia32",
    "i586": "channel-ia32",
    "i686": "channel-ia32",
    "ia64": "channel-ia64",
    "ppc64": "channel-ppc",
    "s390x": "channel-s390x",
}
_BAD_USERNAME = re.compile(r"[\s&+%'`\"=#]")
_HARDWARE = frozenset({"cpu", "netinfo", "memory", "dmi", "installinfo", "netinterfaces"})
_PROFILE_NAME = 128


class Registration:
    """The class ``registration`` of the Python half. Every method is one transaction, made by the caller."""

    def __init__(self, database: Database) -> None:
        """Work on this database."""
        self.database = database
        self.methods: dict[str, t.Callable[..., t.Any]] = {
            "new_system": self.new_system,
            "new_system_user_pass": self.new_system_user_pass,
            "refresh_hw_profile": self.refresh_hw_profile,
            "virt_notify": self.virt_notify,
            "welcome_message": self.welcome_message,
            "get_possible_orgs": self.get_possible_orgs,
            "finish_message": self.finish_message,
        }

    # -- with user name and password

    def user(self, username: str, password: str, registering: bool = False) -> User:
        """Check the shape of both, then the user, then the password."""
        if not username:
            raise BackendFault(11)
        if len(username) < 3:
            raise BackendFault(13)
        if len(username) > 64:
            raise BackendFault(700)
        if _BAD_USERNAME.search(username):
            raise BackendFault(15)
        if not password:
            raise BackendFault(12)
        if len(password) < 5:
            raise BackendFault(14, "password must be at least 5 characters")
        if len(password) > 32:
            raise BackendFault(701)
        user = self.database.users.get(username)
        if user is None:
            raise BackendFault(2, "Attempt to register a system to an invalid username" if registering else "")
        if user.password != password or not user.enabled:
            raise BackendFault(2)
        if user.read_only and registering:
            raise BackendFault(702)
        return user

    def get_possible_orgs(self, username: str, password: str) -> dict[str, t.Any]:
        """Which organisation the user may register into; creates nothing."""
        user = self.user(username, password)
        number = str(user.org_id)
        return {"orgs": {number: self.database.organizations[user.org_id].name}, "default_org": number}

    def new_system(self, _data: dict[str, t.Any], _packages: t.Any = None) -> str:
        """The older way to register, which no hypervisor report uses."""
        raise BackendFault(21, "this server registers with new_system_user_pass only")

    def new_system_user_pass(
        self,
        profile_name: str,
        os_release_name: str,
        version: str,
        arch: str,
        username: str,
        password: str,
        other: dict[str, t.Any],
    ) -> dict[str, t.Any]:
        """Register a new system: always a new one, also under a name that is in use."""
        user = self.user(username, password, registering=True)
        number = self.database.system_number()
        if not profile_name:
            raise BackendFault(800)
        full_arch = arch if "-" in arch else f"{arch}-redhat-linux"
        short_arch = full_arch.partition("-")[0]
        if short_arch not in CHANNEL_ARCHS or full_arch != f"{short_arch}-redhat-linux":
            raise BackendFault(24, f"Architecture `{full_arch}' is not supported")
        channel = self._base_channel(user.org_id, version, CHANNEL_ARCHS[short_arch])
        key = self.database.organizations[user.org_id].default_key
        if channel is None and key is None:
            raise BackendFault(70)
        system = System(
            number,
            profile_name[:_PROFILE_NAME],
            user.org_id,
            user.login,
            os_release_name,
            version,
            arch,
            channel,
            str(other.get("description", ""))[:256],
        )
        self.database.do(
            lambda: self.database.systems.__setitem__(number, system), lambda: self.database.systems.pop(number)
        )
        self._join_guest(system, other)
        return {
            "system_id": certificate.registered(self.database, system),
            "channels": [channel] if channel else [],
            "failed_channels": [],
            "failed_options": [],
            "system_slots": ["enterprise_entitled"],
            "failed_system_slots": [],
            "universal_activation_key": [key] if key else [],
        }

    def _base_channel(self, org_id: int, release: str, arch_label: str) -> str | None:
        """The channel of the map for (organisation, release, architecture); the name of the OS does not count."""
        fitting = [row for row in self.database.maps if row.release == release and row.arch_label == arch_label]
        own = [row for row in fitting if row.org_id == org_id]
        default = [row for row in fitting if row.org_id is None]
        return next((row.channel_label for row in (*own, *default)), None)

    def _join_guest(self, system: System, other: dict[str, t.Any]) -> None:
        """Connect a guest that registers itself with what hypervisors have reported about it."""
        uuid, virt_type = other.get("virt_uuid"), other.get("virt_type")
        smbios = other.get("smbios") or {}
        if uuid:
            if virt_type not in ("para", "fully"):
                raise RuntimeError("virt_uuid without a known virt_type")
        elif smbios.get("smbios.system.uuid"):
            uuid, virt_type = smbios["smbios.system.uuid"].replace("-", ""), "fully"
        else:
            return
        normal = plan.normalized(uuid)
        rows: list[Instance] = self.database.instances(uuid=normal)
        free = next((row for row in rows if row.system is None), None)
        if free is not None:
            self.database.set(free, system=system.id)
            return
        host = next((row.host for row in rows if row.confirmed), None)
        info = plan.new_info({"name": system.name, "virt_type": f"{virt_type}_virtualized", "state": "running"})
        self.database.add_instance(host, normal, system=system.id, info=info)

    # -- with the certificate

    def system(self, system_id: object) -> System:
        """The system of a certificate, which has now checked in."""
        system = certificate.check(self.database, system_id)
        if system is None:
            raise BackendFault(9, "Please run rhn_register as root on this client")
        self.database.set(system, last_checkin=now())
        return system

    def refresh_hw_profile(self, system_id: str, profile: t.Any) -> int:
        """Replace the hardware list."""
        system = self.system(system_id)
        if not isinstance(profile, list):
            raise TypeError("the hardware profile is no array")
        names: list[str] = []
        for device in profile:
            if not isinstance(device, dict):
                raise TypeError("a device is no struct")
            name = str(device.get("class", "")).lower()
            if name in _HARDWARE:
                names.append(name)
        self.database.set(system, hardware=names)
        return 0

    def virt_notify(self, system_id: str, actions: t.Any) -> int:
        """Tell which guests a host runs."""
        system = self.system(system_id)
        plan.apply(self.database, system, actions)
        return 0

    def finish_message(self, system_id: str) -> list[t.Any]:
        """The message after a registration; there is none."""
        self.system(system_id)
        return [0, "", ""]

    def welcome_message(self, _language: str | None = None) -> str:
        """The greeting of the old registration client."""
        return "Red Hat Satellite Welcome Message"
