# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The methods of ``/rpc/api`` about people and systems."""

from __future__ import annotations

import datetime
import typing as t
import xmlrpc.client

from . import certificate
from .api import LIFETIME, Dispatcher, Key, java_fault, unhandled
from .rpc import RpcFault
from .state import Database, Instance, System, User

NO_NAME = "(none)"


def moment(value: datetime.datetime) -> xmlrpc.client.DateTime:
    """A moment as it travels."""
    return xmlrpc.client.DateTime(value.strftime("%Y%m%dT%H:%M:%S"))


class People:
    """``api``, ``auth`` and ``user``."""

    def __init__(self, database: Database, dispatcher: Dispatcher) -> None:
        """Add the methods to the dispatcher."""
        self.database = database
        self.sessions = dispatcher.sessions
        dispatcher.add("api.getVersion", lambda: "23")
        dispatcher.add("api.systemVersion", lambda: "2.11")
        dispatcher.add("auth.login", self.login, str, str)
        dispatcher.add("auth.login", self.login, str, str, int)
        dispatcher.add("auth.logout", self.logout, str)
        dispatcher.add("user.getDetails", self.details, Key, str)

    def login(self, login: str, password: str, duration: int = LIFETIME) -> str:
        """Open a session."""
        user = self.database.users.get(login)
        if user is None or user.password != password:
            raise java_fault(2950, "Either the password or username is incorrect.")
        if not user.enabled:
            raise java_fault(2950, "Your account has been deactivated.")
        if duration > LIFETIME:
            raise java_fault(-1, f"The duration must not exceed the lifetime (currently {LIFETIME})")
        return self.sessions.open(login)

    def logout(self, key: str) -> int:
        """End a session."""
        self.sessions.close(key)
        return 1

    def details(self, user: User, login: str) -> dict[str, t.Any]:
        """Describe a user; the organisation is that of the caller."""
        other = self.database.users.get(login)
        if other is None or other.org_id != user.org_id:
            raise java_fault(-213, f"No such user: {login}")
        if other.login != user.login and not user.has_role("org_admin"):
            raise java_fault(-23, "You do not have permissions to perform this action.")
        return {
            "first_names": "A.",
            "first_name": "A.",
            "last_name": login.title(),
            "email": f"{login}@example.com",
            "prefix": "",
            "org_id": user.org_id,
            "org_name": self.database.organizations[user.org_id].name,
            "last_login_date": "11/21/26 8:00:00 AM UTC",
            "created_date": "11/20/26 8:00:00 AM UTC",
            "enabled": other.enabled,
            "use_pam": False,
            "read_only": other.read_only,
            "errata_notification": False,
        }


class Systems:
    """``system``: hosts, guests and certificates."""

    def __init__(self, database: Database, dispatcher: Dispatcher) -> None:
        """Add the methods to the dispatcher."""
        self.database = database
        dispatcher.add("system.listVirtualHosts", self.list_hosts, Key)
        dispatcher.add("system.listVirtualGuests", self.list_guests, Key, int)
        dispatcher.add("system.getId", self.get_id, Key, str)
        dispatcher.add("system.getUuid", self.get_uuid, Key, int)
        dispatcher.add("system.downloadSystemId", self.download, Key, int)
        dispatcher.add("system.deleteSystem", self.delete, Key, int)
        dispatcher.add("system.deleteSystem", self.delete_own, str)

    def _visible(self, user: User, number: int) -> System | None:
        system = self.database.systems.get(number)
        return system if system is not None and system.org_id == user.org_id else None

    def _overview(self, systems: t.Iterable[System]) -> list[dict[str, t.Any]]:
        return [
            {
                "id": system.id,
                "name": system.name,
                "last_checkin": moment(system.last_checkin),
                "created": moment(system.created),
            }
            for system in sorted(systems, key=lambda system: (system.name.upper(), system.id))
        ]

    def list_hosts(self, user: User) -> list[dict[str, t.Any]]:
        """Every visible system that is the host of a row, its own row included."""
        hosts = {row.host for row in self.database.instances() if row.host is not None}
        return self._overview(s for s in (self._visible(user, number) for number in hosts) if s is not None)

    def list_guests(self, user: User, host: int) -> list[dict[str, t.Any]]:
        """The guests of a host, without their state; nothing for a host that is not there."""
        if self._visible(user, host) is None:
            return []
        rows = [row for row in self.database.instances(host=host) if row.uuid is not None]
        # Sorted by name, then system, then uuid backwards; two stable sorts do that.
        rows.sort(key=lambda row: row.uuid or "", reverse=True)
        rows.sort(key=lambda row: (_name(row), row.system is None, row.system or 0))
        return [self._guest(row) for row in rows]

    def _guest(self, row: Instance) -> dict[str, t.Any]:
        entry: dict[str, t.Any] = {"uuid": row.uuid, "guest_name": _name(row)}
        system = self.database.systems.get(row.system) if row.system is not None else None
        if system is not None:
            entry.update(id=system.id, name=system.name, last_checkin=moment(system.last_checkin))
        return entry

    def get_id(self, user: User, name: str) -> list[dict[str, t.Any]]:
        """The systems of exactly this profile name."""
        return self._overview(s for s in self.database.systems.values() if s.name == name and s.org_id == user.org_id)

    def get_uuid(self, user: User, number: int) -> str:
        """The uuid of a guest; empty for a system that is none."""
        self._known(user, number)
        return next((row.uuid or "" for row in self.database.instances() if row.system == number), "")

    def download(self, user: User, number: int) -> str:
        """A new certificate for a system that is there."""
        return certificate.downloaded(self.database, self._known(user, number, f"sid = {number}"))

    def _known(self, user: User, number: int, what: str = "") -> System:
        system = self._visible(user, number)
        if system is None:
            raise java_fault(-208, f"No such system - {what or f'sid = {number}'}")
        return system

    def delete(self, user: User, number: int) -> int:
        """Delete a system by its number."""
        return self._delete(self._known(user, number))

    def delete_own(self, text: str) -> int:
        """Delete the system of a certificate."""
        system = certificate.check(self.database, text)
        if system is None:
            raise unhandled("Could not find the system of this certificate")
        return self._delete(system)

    def _delete(self, system: System) -> int:
        for row in self.database.instances(host=system.id):
            if row.system is not None and row.uuid is not None:
                self.database.orphan(row)
            else:
                self.database.remove_instance(row)
        del self.database.systems[system.id]
        return 1


def _name(row: Instance) -> str:
    return row.info.name if row.info is not None and row.info.name else NO_NAME


def missing_permission(role: str) -> RpcFault:
    """The fault of a call that a role is needed for, in the words of the older checks."""
    return unhandled(
        "You do not have permissions to perform this action. You need to have at least a "
        f"{role} role to perform this action"
    )
