# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The whole of a check-in: from mappings to what became of every hypervisor. Private to this collection."""

from __future__ import annotations

import time
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    InvalidInput,
    NotFound,
    Partial,
    VirtmapError,
    told,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.merge import merge
from ansible_collections.virtmap.core.plugins.module_utils._core.options import check_timeout
from ansible_collections.virtmap.core.plugins.module_utils._core.parse import parse_report
from ansible_collections.virtmap.core.plugins.module_utils._core.text import listed
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin import diff
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.accounting import Outcome
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.connection import Candlepin
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.heartbeat import send_heartbeat
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.payload import Report, build_report
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.reporter_id import reporter_id
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.sending import Sender
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.settings import resolve
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.state import StateFile, check_state_path

Warn = t.Callable[[str], None]
Result = dict[str, t.Any]


def prepare(options: t.Mapping[str, t.Any], warn: Warn) -> Report | None:
    """Read the mappings and build what is sent.

    Returns:
        None when there is nothing but a heartbeat to send.

    Raises:
        InvalidInput: a mapping is not whole, or empty without ``allow_empty``.
    """
    mappings = parse_report(options)
    if not mappings:
        if not options["heartbeat"]:
            raise InvalidInput("there is nothing to send: mappings is empty and heartbeat is false")
        return None
    merged = merge(mappings)
    for conflict in merged.conflicts:
        warn(conflict.message)
    return build_report(merged.hypervisors, warn)


class CheckIn:
    """One run of the module.

    Args:
        options: the options of OptionGroup CHECKIN.
        warn: receives sentences for the user.
        want_diff: whether to show what changes at the server.
    """

    def __init__(self, options: t.Mapping[str, t.Any], warn: Warn, check_mode: bool, want_diff: bool) -> None:
        self.options = options
        self.warn = warn
        self.check_mode = check_mode
        self.want_diff = want_diff

    def run(self) -> Result:
        """Do it.

        Returns:
            the result of the module.

        Raises:
            Partial: some hypervisors were not taken; its result names all of them.
            VirtmapError: nothing can be said about the report, or it was refused.
        """
        options = self.options
        check_timeout(options, "wait_timeout")
        state_max_age = check_timeout(options, "state_max_age")
        state_path = check_state_path(options["state_path"]) if options["state_path"] is not None else None
        reporter = reporter_id(options["reporter_id"])
        settings = resolve(options)
        report = prepare(options, self.warn)
        with Candlepin(settings) as server:
            server.status()
            owner = server.owner()
            receiver = {"server": settings.server.url, "owner": owner, "reporter_id": reporter}
            state = StateFile(state_path, receiver, state_max_age) if state_path is not None else None
            alive = self._heartbeat(server, owner, reporter, report is None)
            result: Result = {"changed": False, "job": None, "heartbeat": alive}
            if report is None:
                return {**result, **Outcome().to_dict()}
            accepted = state.load(self.warn) if state is not None else {}
            if alive and _covers(accepted, report):
                unchanged = Outcome(unchanged=[entry.id for entry in report.entries])
                return {**result, **unchanged.to_dict(), "sent": {"hypervisors": 0, "guests": 0}}
            result["sent"] = {"hypervisors": len(report.entries), "guests": report.guest_count}
            sender = Sender(server, owner, reporter, options["create_missing"], self.warn)
            with told(result):
                result.update(self._report(sender, report, state, accepted))
            return result

    def _heartbeat(self, server: Candlepin, owner: str, reporter: str, alone: bool) -> bool:
        """Send a heartbeat if one is wanted; returns whether the server took it (in check mode: it would)."""
        if not self.options["heartbeat"]:
            return False
        try:
            if not server.status().heartbeat:
                if alone:
                    raise NotFound(f"{server.what} does not take heartbeats; Candlepin 2.7.1 is the first that does")
                return False
            if not self.check_mode:
                send_heartbeat(server, owner, reporter)
        except VirtmapError as exc:
            if alone:
                raise
            self.warn(f"the heartbeat was not sent: {exc.message}")
            return False
        return True

    def _report(self, sender: Sender, report: Report, state: StateFile | None, accepted: dict[str, str]) -> Result:
        server = sender.server
        if report.unfit and not report.entries:
            # What would be left to send is an empty report, which nobody asked for.
            return self._conclude(server, report, Outcome())
        if server.status().katello and not sender.create_missing:
            self.warn(f"{server.what} is a Satellite, which ignores create_missing: unknown hypervisors are created")
        difference: Result = {}
        if self.check_mode or self.want_diff:
            plan = self._foresee(sender, report, accepted)
            if plan is not None and self.want_diff:
                difference = {"diff": plan.to_diff(server.what)}
            if plan is not None and self.check_mode:
                return {**self._planned(server, report, plan), **difference}
        if state is not None:
            state.begin()
        sent = self._send(sender, report)
        if isinstance(sent, dict):
            return sent
        if state is not None:
            taken = {*sent.created, *sent.updated, *sent.unchanged}
            state.commit({entry.id: entry.digest for entry in report.entries if entry.id in taken}, self.warn)
        return {**self._conclude(server, report, sent), **difference}

    def _foresee(self, sender: Sender, report: Report, accepted: dict[str, str]) -> diff.Plan | None:
        """What the check-in would change; None where that cannot be told and the report is sent all the same."""
        try:
            return diff.foresee(sender.server, sender.owner, report.entries, sender.create_missing, accepted, self.warn)
        except VirtmapError as exc:
            if self.check_mode:
                raise
            self.warn(f"the difference is not shown: {exc.message}")
            return None

    def _planned(self, server: Candlepin, report: Report, plan: diff.Plan) -> Result:
        """The result of check mode."""
        if not plan.known:
            return {"changed": bool(plan.after)}
        return self._conclude(server, report, Outcome(plan.created, plan.updated, plan.unchanged, plan.missing))

    def _send(self, sender: Sender, report: Report) -> Outcome | Result:
        """Send the report; returns what became of it, or only its job when that is not waited for."""
        mode = self.options["mode"]
        if mode == "sync" or (mode == "auto" and not sender.server.status().asynchronous):
            return sender.send_at_once(report)
        until = time.monotonic() + self.options["wait_timeout"]
        job = sender.start(report, until)
        return sender.finish(report, job, until) if self.options["wait"] else {"job": job.to_dict()}

    def _conclude(self, server: Candlepin, report: Report, outcome: Outcome) -> Result:
        for sentence in outcome.warnings:
            self.warn(sentence)
        outcome.failed += report.unfit.items()
        result = outcome.to_dict()
        if outcome.failed:
            raise Partial(_failure(server, outcome, len(report.entries) + len(report.unfit)), result)
        return result


def _covers(accepted: dict[str, str], report: Report) -> bool:
    """Whether the server has accepted exactly this of every hypervisor of the report before."""
    return (
        not report.unfit and all(accepted.get(entry.id) == entry.digest for entry in report.entries) and bool(accepted)
    )


def _failure(server: Candlepin, outcome: Outcome, total: int) -> str:
    reasons = listed((f"{key or 'a hypervisor'} ({reason})" for key, reason in outcome.failed), 5)
    return f"{server.what} did not take {len(outcome.failed)} of {total} hypervisors: {reasons}"
