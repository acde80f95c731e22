# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Sending a report, in the form that the server takes. Private to this collection."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass, replace
from urllib.parse import quote

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import VirtmapError
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin import jobs
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.accounting import Outcome, account
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.connection import (
    Candlepin,
    owner_missing,
)
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.consumers import hypervisor_ids
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.guest_form import wire_guests
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.payload import Report

Warn = t.Callable[[str], None]
_NOT_LEFT_ALONE = "its guests are not known, and the server knows no form of a check-in that leaves them alone"


@dataclass(frozen=True)
class Sender:
    """Sends reports of one reporter to one owner.

    Args:
        create_missing: whether the server may create hypervisors that it does not know.
    """

    server: Candlepin
    owner: str
    reporter: str
    create_missing: bool
    warn: Warn

    def start(self, report: Report, until: float) -> jobs.Job:
        """Send a report in the asynchronous form, again when another one stood in the way; returns its job."""
        return jobs.submit(self.server, lambda: self._post(report), until, self.warn)

    def finish(self, report: Report, job: jobs.Job, until: float) -> Outcome:
        """Follow a job to its end and tell what became of every hypervisor."""
        job = jobs.follow(self.server, job, until)
        jobs.check_finished(self.server, job)
        try:
            outcome = account(report.entries, job.result, self._look_up, self.server.what)
        except VirtmapError as exc:
            exc.result["job"] = job.to_dict()
            raise
        outcome.job = job.to_dict()
        return outcome

    def send_at_once(self, report: Report) -> Outcome:
        """Send a report in the form of old servers (before 2.0.3, SAM), which process it before they answer.

        It knows neither names nor facts, and takes guests that are not known for none.
        """
        entries = [replace(entry, name=None) for entry in report.entries if entry.guest_count is not None]
        body: dict[str, t.Any] = {}
        for entry in entries:
            body[entry.id] = wire_guests(self.server, entry.document()["guestIds"])
        params = {"owner": self.owner, "env": ""}
        if not self.create_missing:
            params["create_missing"] = "false"
        answer = self.server.call(
            "POST",
            "/hypervisors",
            params=params,
            body=json.dumps(body).encode("ascii"),
            content_type="application/json",
            repeatable=False,
            missing=owner_missing(self.owner, self.server.settings),
        )
        outcome = account(entries, answer.json(), self._look_up, self.server.what)
        outcome.failed += [(entry.id, _NOT_LEFT_ALONE) for entry in report.entries if entry.guest_count is None]
        return outcome

    def _post(self, report: Report) -> jobs.Job:
        params = {"reporter_id": self.reporter}
        if not self.create_missing:
            params["create_missing"] = "false"
        answer = self.server.call(
            "POST",
            f"/hypervisors/{quote(self.owner, safe='')}",
            params=params,
            body=report.body(),
            # The only type that Candlepin takes here, although it is JSON.
            content_type="text/plain",
            # Sent twice, the second answer would say "unchanged" of what the first one changed.
            repeatable=False,
            missing=owner_missing(self.owner, self.server.settings),
        )
        return jobs.read_job(answer.json(), self.server.what)

    def _look_up(self, uuids: t.Sequence[str]) -> dict[str, str]:
        try:
            return hypervisor_ids(self.server, self.owner, uuids)
        except VirtmapError as exc:
            # The report has been taken; that must not be lost because the names could not be told apart.
            self.warn(f"the ids of some hypervisors could not be looked up: {exc.message}")
            return {}
