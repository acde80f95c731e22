# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Reporting mappings to a Satellite 5. Private to this collection."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    CannotConnect,
    InvalidInput,
    Partial,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.merge import VIRT_WHO_TYPES, merge
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Hypervisor, Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.parse import parse_report
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5 import faults
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5.channel import BaseChannel
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5.connection import Connection
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5.enrolment import Enrolment, Standing
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5.plan import Plan, build, profile_name
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5.registration import Registrar
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5.results import Results, difference
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5.session import ApiSession, Warn
from ansible_collections.virtmap.core.plugins.module_utils._reporters.satellite5.store import Accepted, Record, Store
from ansible_collections.virtmap.core.plugins.module_utils._transport.xmlrpc import XmlRpcFault

_METHOD = "registration.virt_notify"


def report(options: t.Mapping[str, t.Any], *, check_mode: bool, diff: bool, warn: Warn) -> dict[str, t.Any]:
    """Report which guests run on which hypervisors.

    Args:
        options: those of OPTIONS.
        check_mode: log in and read only; the result says what would be done.
        diff: say for each hypervisor what changes.

    Returns:
        the result of the module.

    Raises:
        InvalidInput: an option or a mapping is wrong; nothing was contacted.
        Partial: some hypervisors were not reported; its result says which, and what was done.
    """
    mappings = parse_report(options)
    if not mappings and not options["allow_empty"]:
        raise InvalidInput(
            "there is no mapping to report, mostly because every source failed; if that is right, set allow_empty"
        )
    merged = merge(mappings)
    for conflict in merged.conflicts:
        warn(conflict.message)
    connection = Connection(options)
    store = Store(options["systemid_dir"], connection.server, warn)
    if not check_mode:
        store.prepare()
    results = Results()
    session = ApiSession(connection, options["username"], options["password"])
    channel = BaseChannel(session, warn, check_mode=check_mode)
    registrar = Registrar(connection, session, channel, warn)
    enrolment = Enrolment(connection, session, store, registrar, results, patience=float(options["timeout"]))
    reporter = _Reporter(connection, session, enrolment, store, results, warn, check_mode=check_mode, diff=diff)
    try:
        if check_mode:
            session.login()
        reporter.run(merged.hypervisors, _types(mappings))
        session.logout(warn)
    finally:
        connection.close()
    if channel.state is not None:
        results.channel = channel.state.to_dict()
        results.channel_changed = channel.state.changed
    result = results.to_dict(with_diff=diff)
    if results.failed_hosts:
        raise Partial(results.failure(len(merged.hypervisors)), result)
    return result


def _types(mappings: t.Iterable[Mapping]) -> dict[str, str]:
    """virt-who's word for each hypervisor id in lower case: that of the first mapping that knows it.

    Not that of the newest answer, because the names of the profile and of its guests are made with it: they must not
    change with the order in which sources answer.
    """
    types: dict[str, str] = {}
    for mapping in mappings:
        for hypervisor in mapping.hypervisors:
            types.setdefault(hypervisor.id.lower(), VIRT_WHO_TYPES[mapping.backend])
    return types


class _Reporter:
    """The report of one run."""

    def __init__(
        self,
        connection: Connection,
        session: ApiSession,
        enrolment: Enrolment,
        store: Store,
        results: Results,
        warn: Warn,
        *,
        check_mode: bool,
        diff: bool,
    ) -> None:
        self._connection = connection
        self._session = session
        self._enrolment = enrolment
        self._store = store
        self._results = results
        self._warn = warn
        self._check_mode = check_mode
        self._diff = diff

    def run(self, hypervisors: t.Iterable[Hypervisor], types: t.Mapping[str, str]) -> None:
        """Report each hypervisor; one that fails does not stop the others, a server that is gone does."""
        for hypervisor in hypervisors:
            gone = self._connection.gone
            try:
                if gone is not None:
                    raise CannotConnect(f"not tried after this: {gone.message}")
                self._report(hypervisor, types[hypervisor.id.lower()])
            except VirtmapError as exc:
                self._results.fail(hypervisor, exc.message)

    def _report(self, hypervisor: Hypervisor, virt_type: str) -> None:
        results = self._results
        if hypervisor.guests is None:
            self._warn(
                f"the guests of hypervisor {shown(hypervisor.id)} are not known; what the server holds was left alone"
            )
            results.unchanged.append(hypervisor.id)
            return
        plan = build(hypervisor, virt_type)
        for entry in plan.left_out:
            self._warn(results.leave_out(hypervisor, entry))
        profile = profile_name(hypervisor.id, virt_type)
        standing = self._enrolment.kept(hypervisor)
        if self._check_mode:
            standing = standing or self._enrolment.foresee(hypervisor, profile)
            before = self._before(standing, plan)
        else:
            standing = standing or self._enrolment.obtain(hypervisor, profile)
            standing, before = self._deliver(hypervisor, profile, standing, plan)
        same = standing.took(plan.digest)
        (results.unchanged if same else results.notified).append(hypervisor.id)
        if self._diff and not same:
            results.diff.append(difference(profile, before, plan))

    def _before(self, standing: Standing, plan: Plan) -> dict[str, str | None] | None:
        if not self._diff or standing.took(plan.digest):
            return {}
        return self._enrolment.guests_before(standing)

    def _deliver(
        self, hypervisor: Hypervisor, profile: str, standing: Standing, plan: Plan
    ) -> tuple[Standing, dict[str, str | None] | None]:
        """Send a plan and note that it was accepted; returns how the hypervisor stood before."""
        before = self._before(standing, plan)
        record = t.cast(Record, standing.record)
        try:
            self._send(record, plan)
        except XmlRpcFault as exc:
            if exc.code != faults.BAD_SYSTEM_ID or standing.new:
                raise faults.sentence(exc, self._connection.what, _METHOD) from exc
            # The profile was deleted, or the system id is that of another server. Once, because the new one is good.
            standing = self._enrolment.obtain(hypervisor, profile, rejected=record.system_id)
            before = self._before(standing, plan)
            record = t.cast(Record, standing.record)
            try:
                self._send(record, plan)
            except XmlRpcFault as again:
                raise faults.sentence(again, self._connection.what, _METHOD) from again
        if not standing.took(plan.digest):
            self._store.save(replace(record, accepted=Accepted.now(plan)))
        return standing, before

    def _send(self, record: Record, plan: Plan) -> None:
        try:
            answer = self._connection.backend(_METHOD, record.system_id, plan.items)
            if answer != 0:
                raise BadAnswer(f"{self._connection.what} answered {_METHOD} with {shown(answer)} instead of 0")
        except XmlRpcFault:
            raise  # undone by the server as a whole
        except VirtmapError:
            if record.accepted is not None and record.accepted.digest != plan.digest:
                # Nobody knows which plan the server holds now, so the next one counts as a change.
                self._store.save(replace(record, accepted=None))
            raise
