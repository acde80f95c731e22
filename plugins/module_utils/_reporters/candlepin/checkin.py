# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The whole of a check-in: from mappings to what became of every hypervisor. Private to this collection."""

from __future__ import annotations

import time
import typing as t
from urllib.parse import quote

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    InvalidInput,
    NotFound,
    Partial,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.merge import merge
from ansible_collections.virtmap.core.plugins.module_utils._core.options import check_timeout
from ansible_collections.virtmap.core.plugins.module_utils._core.parse import parse_mappings
from ansible_collections.virtmap.core.plugins.module_utils._core.text import listed
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin import diff, jobs
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.accounting import Outcome, account
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.connection import (
    Candlepin,
    owner_missing,
)
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.consumers import hypervisor_ids
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.heartbeat import send_heartbeat
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.payload import Report, build_report
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.reporter_id import reporter_id
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.settings import resolve

Warn = t.Callable[[str], None]
Result = dict[str, t.Any]


def prepare(options: t.Mapping[str, t.Any], warn: Warn) -> Report | None:
    """Read the mappings and build what is sent.

    Returns:
        None when there is nothing but a heartbeat to send.

    Raises:
        InvalidInput: a mapping is not whole, or empty without ``allow_empty``.
    """
    mappings = parse_mappings(options["mappings"])
    if not mappings:
        if not options["heartbeat"]:
            raise InvalidInput("there is nothing to send: mappings is empty and heartbeat is false")
        return None
    for index, mapping in enumerate(mappings):
        if not mapping.hypervisors and not options["allow_empty"]:
            raise InvalidInput(
                f"mappings[{index}] of {mapping.source} holds no hypervisor; an empty answer is mostly a failure of "
                "the source. Set allow_empty to true if it is right"
            )
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
        reporter = reporter_id(options["reporter_id"])
        settings = resolve(options)
        report = prepare(options, self.warn)
        with Candlepin(settings) as server:
            server.status()
            owner = server.owner()
            result: Result = {
                "changed": False,
                "job": None,
                "heartbeat": self._heartbeat(server, owner, reporter, report is None),
            }
            if report is None:
                return {**result, **Outcome().to_dict()}
            result["sent"] = {"hypervisors": len(report.entries), "guests": report.guest_count}
            try:
                return {**result, **self._report(server, owner, reporter, report)}
            except VirtmapError as exc:
                exc.result = {**result, **exc.result}
                raise

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

    def _report(self, server: Candlepin, owner: str, reporter: str, report: Report) -> Result:
        if report.unfit and not report.entries:
            # What would be left to send is an empty report, which nobody asked for.
            return self._conclude(server, report, Outcome())
        if server.status().katello and not self.options["create_missing"]:
            self.warn(
                f"{server.what} is a Satellite, which passes create_missing on to nobody: unknown hypervisors are "
                "created"
            )
        difference: Result = {}
        if self.check_mode or self.want_diff:
            plan = diff.foresee(server, owner, report.entries, self.options["create_missing"], self.warn)
            difference = {"diff": plan.to_diff(server.what)} if self.want_diff else {}
            if self.check_mode and not plan.known:
                return {"changed": True, **difference}
            if self.check_mode:
                outcome = Outcome(plan.created, plan.updated, plan.unchanged, plan.missing)
                return {**self._conclude(server, report, outcome), **difference}
        until = time.monotonic() + self.options["wait_timeout"]
        job = jobs.submit(server, lambda: self._post(server, owner, reporter, report), until, self.warn)
        if not self.options["wait"]:
            return {"job": job.to_dict()}
        job = jobs.follow(server, job, until)
        jobs.check_finished(server, job)
        try:
            outcome = account(
                report.entries, job.result, lambda uuids: self._look_up(server, owner, uuids), server.what
            )
            return {**self._conclude(server, report, outcome), "job": job.to_dict(), **difference}
        except VirtmapError as exc:
            exc.result["job"] = job.to_dict()
            raise

    def _post(self, server: Candlepin, owner: str, reporter: str, report: Report) -> jobs.Job:
        params = {"reporter_id": reporter}
        if not self.options["create_missing"]:
            params["create_missing"] = "false"
        answer = server.call(
            "POST",
            f"/hypervisors/{quote(owner, safe='')}",
            params=params,
            body=report.body(),
            # The only type that Candlepin takes here, although it is JSON.
            content_type="text/plain",
            # Sent twice, the second answer would say "unchanged" of what the first one changed.
            repeatable=False,
            missing=owner_missing(owner, server.settings),
        )
        return jobs.read_job(answer.json(), server.what)

    def _look_up(self, server: Candlepin, owner: str, uuids: t.Sequence[str]) -> dict[str, str]:
        try:
            return hypervisor_ids(server, owner, uuids)
        except VirtmapError as exc:
            # The report has been taken; that must not be lost because the names could not be told apart.
            self.warn(f"the ids of some hypervisors could not be looked up: {exc.message}")
            return {}

    def _conclude(self, server: Candlepin, report: Report, outcome: Outcome) -> Result:
        for sentence in outcome.warnings:
            self.warn(sentence)
        outcome.failed += report.unfit.items()
        result = outcome.to_dict()
        if outcome.failed:
            raise Partial(_failure(server, outcome, len(report.entries) + len(report.unfit)), result)
        return result


def _failure(server: Candlepin, outcome: Outcome, total: int) -> str:
    reasons = listed((f"{key or 'a hypervisor'} ({reason})" for key, reason in outcome.failed), 5)
    return f"{server.what} did not take {len(outcome.failed)} of {total} hypervisors: {reasons}"
