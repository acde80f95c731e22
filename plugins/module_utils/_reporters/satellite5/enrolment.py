# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""From a hypervisor to the system id that it is reported under. Private to this collection."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Hypervisor
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5.certificate import system_number
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5.connection import Connection
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5.registration import Registrar
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5.results import Results
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5.session import ApiSession
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5.store import Record, Store


@dataclass
class Standing:
    """How a hypervisor stands at the server before its plan is sent.

    Attributes:
        record: what is kept for it; None in check mode for one that is not kept.
        number: of its profile where that is known without the record.
        new: it has (in check mode: gets) a new profile.
    """

    record: Record | None = None
    number: int | None = None
    new: bool = False

    def took(self, digest: str) -> bool:
        """Whether the server has taken the plan of this digest as the last one."""
        accepted = self.record.accepted if self.record is not None else None
        return accepted is not None and accepted.digest == digest


class Enrolment:
    """Finds or makes the profiles of hypervisors, and keeps their system ids.

    Args:
        results: notes what was registered and recovered.
        patience: seconds to wait for another task that is registering the same hypervisor.
    """

    def __init__(
        self,
        connection: Connection,
        session: ApiSession,
        store: Store,
        registrar: Registrar,
        results: Results,
        patience: float,
    ) -> None:
        self._connection = connection
        self._session = session
        self._store = store
        self._registrar = registrar
        self._results = results
        self._patience = patience

    def kept(self, hypervisor: Hypervisor) -> Standing | None:
        """How a hypervisor stands whose system id is kept; None when it is not.

        Raises:
            InvalidInput: the file cannot be read.
        """
        record = self._store.load(hypervisor.id)
        if record is None:
            return None
        self._connection.hide(record.system_id)
        return Standing(record)

    def foresee(self, hypervisor: Hypervisor, profile: str) -> Standing:
        """What ``obtain`` would come to, found by reading only.

        Raises:
            see Registrar.
        """
        profiles = self._registrar.profiles(profile)
        if profiles:
            self._results.recovered.append(hypervisor.id)
            return Standing(number=profiles[0])
        self._registrar.prepare()
        self._results.registered.append(hypervisor.id)
        return Standing(new=True)

    def obtain(self, hypervisor: Hypervisor, profile: str, rejected: str | None = None) -> Standing:
        """Get a system id from the server and keep it.

        Args:
            rejected: the system id that the server does not take.

        Raises:
            InvalidInput: it cannot be kept.
            CannotConnect: another task has been registering this hypervisor for too long.
            see Registrar for others.
        """
        with self._store.registering(hypervisor.id, self._patience):
            return self._obtain(hypervisor, profile, rejected)

    def _obtain(self, hypervisor: Hypervisor, profile: str, rejected: str | None) -> Standing:
        kept = self.kept(hypervisor)
        if kept is not None and kept.record is not None and kept.record.system_id != rejected:
            return kept  # another task was faster
        profiles = self._registrar.profiles(profile)
        system_id = self._registrar.recover(profile, profiles)
        new = system_id is None
        if system_id is None:
            system_id = self._registrar.register(profile, profiles)
        (self._results.registered if new else self._results.recovered).append(hypervisor.id)
        record = Record(hypervisor.id, system_id)
        # At once: whatever fails from here on must not cost the system id.
        self._store.save(record)
        if new:
            self._registrar.empty_hardware(system_id)
        return Standing(record, new=new)

    def guests_before(self, standing: Standing) -> dict[str, str | None] | None:
        """The state words of the guests that the server holds by uuid, for a diff.

        Returns:
            None for a hypervisor that has no profile yet; a word is None where the server does not tell the state,
            and it never does: states are known from the last report only.

        Raises:
            Denied, CannotConnect, BadAnswer: see _transport.
        """
        if standing.new:
            return None
        record, number = standing.record, standing.number
        if record is not None and record.accepted is not None:
            return {**record.accepted.states}
        if number is None:
            if record is None:
                raise AssertionError("a standing without a record has a number")
            number = system_number(record.system_id)
        method = "system.listVirtualGuests"
        found: t.Iterable[t.Any] = [entry.get("uuid") for entry in self._session.records(method, number)]
        if not all(isinstance(uuid, str) for uuid in found):
            raise BadAnswer(f"{self._session.what} answered {method} without uuids; look at the server's log")
        return dict.fromkeys(found)
