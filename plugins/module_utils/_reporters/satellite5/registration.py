# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Getting the system id of a hypervisor: found again at the server, or by registering it. Private to this collection.

A registration makes a new profile each time, also under a name that is in use. So it is sent once, and only after the
server was asked for a profile of that name; when its answer is lost, the server is asked again.
"""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, CannotConnect, VirtmapError
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5 import faults
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5.certificate import (
    OS_NAME,
    is_hypervisor,
)
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5.channel import (
    ARCH,
    RELEASE,
    BaseChannel,
)
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5.connection import Connection
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5.session import ApiSession, Warn
from ansible_collections.virtmap.core.plugins.module_utils._transport.xmlrpc import XmlRpcFault


class Registrar:
    """Finds and makes profiles."""

    def __init__(self, connection: Connection, session: ApiSession, channel: BaseChannel, warn: Warn) -> None:
        self._connection = connection
        self._session = session
        self._channel = channel
        self._warn = warn

    def profiles(self, name: str) -> list[int]:
        """The numbers of the profiles of this name, the one that checked in last first.

        Raises:
            Denied, CannotConnect, BadAnswer: see _transport.
        """
        method = "system.getId"
        found = self._session.records(method, name)
        if not all(isinstance(entry.get("id"), int) for entry in found):
            raise BadAnswer(f"{self._session.what} answered {method} without an id; look at the server's log")
        found.sort(key=lambda entry: (str(entry.get("last_checkin", "")), entry["id"]), reverse=True)
        return [entry["id"] for entry in found]

    def recover(self, name: str, profiles: t.Sequence[int]) -> str | None:
        """The system id of a hypervisor that is registered already; None when none of the profiles is a hypervisor's.

        Args:
            name: of the profiles, for a warning.
            profiles: see ``profiles``.

        Raises:
            Denied, NotFound, CannotConnect, BadAnswer: the system id is not handed out. Then the hypervisor is not
                registered a second time.
        """
        for number in profiles:
            system_id = self._session.call("system.downloadSystemId", number)
            if not isinstance(system_id, str) or not system_id:
                raise BadAnswer(f"{self._session.what} answered system.downloadSystemId without one")
            self._connection.hide(system_id)
            if is_hypervisor(system_id):
                if len(profiles) > 1:
                    self._warn(
                        f"{self._session.what} has {len(profiles)} profiles named {shown(name)}; number {number} is "
                        "used, which checked in last; delete the others"
                    )
                return system_id
        return None

    def prepare(self) -> None:
        """See that hypervisors can be registered. See BaseChannel.ensure."""
        self._channel.ensure()

    def register(self, name: str, known: t.Sequence[int]) -> str:
        """Register a hypervisor and return its system id.

        Args:
            known: the numbers of all profiles of this name before.

        Raises:
            Denied, NotFound, CannotConnect, BadAnswer: it is not registered, or nobody can tell now. In the latter case
                the next run finds it.
        """
        self.prepare()
        method = "registration.new_system_user_pass"
        try:
            answer = self._connection.backend(
                method, name, OS_NAME, RELEASE, ARCH, self._session.username, self._session.password, {},
                repeatable=False,
            )  # fmt: skip
            system_id = answer.get("system_id") if isinstance(answer, dict) else None
            if not isinstance(system_id, str) or not system_id:
                raise BadAnswer(f"{self._session.what} answered {method} without a system id; look at the server's log")
        except XmlRpcFault as exc:
            # A fault has undone the whole call.
            raise faults.sentence(exc, self._session.what, method) from exc
        except (CannotConnect, BadAnswer) as exc:
            return self._after_lost_answer(name, known, exc)
        self._connection.hide(system_id)
        return system_id

    def _after_lost_answer(self, name: str, known: t.Sequence[int], lost: VirtmapError) -> str:
        try:
            system_id = self.recover(name, [number for number in self.profiles(name) if number not in known])
        except VirtmapError as exc:
            raise type(lost)(
                f"{lost.message}; whether it has registered the hypervisor will show in the next run"
            ) from exc
        if system_id is None:
            raise lost
        return system_id

    def empty_hardware(self, system_id: str) -> None:
        """Give a new profile its hardware list, which is empty: what runs there is not known here."""
        method = "registration.refresh_hw_profile"
        try:
            self._connection.backend(method, system_id, [])
        except XmlRpcFault as exc:
            # Nothing that is reported depends on it.
            self._warn(faults.sentence(exc, self._session.what, method).message)
