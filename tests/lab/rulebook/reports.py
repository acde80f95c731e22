# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A Candlepin that the rulebook report_on_change reports to, and what has arrived there."""

from __future__ import annotations

import json
import typing as t
from contextlib import contextmanager
from pathlib import Path

from ...servers._tls import CertificateAuthority
from ...servers.candlepin.server import CandlepinServer
from .runner import Rulebook

USER, PASSWORD = "reporter", "s3cret-word"
OWNER = "acme"


class Reports:
    """What has arrived at a Candlepin."""

    def __init__(self, server: CandlepinServer, ca_path: Path) -> None:
        self._server = server
        #: The options for the module that reports.
        self.options = {
            "server": server.url,
            "prefix": server.prefix,
            "username": USER,
            "password": PASSWORD,
            "owner": OWNER,
            "ca_path": str(ca_path),
            "reporter_id": "events",
        }

    def all(self) -> list[dict[str, dict[str, int]]]:
        """Each check-in that has arrived: by hypervisor, the numbers of the states of its guests."""
        return [
            {
                entry["hypervisorId"]["hypervisorId"]: {guest["guestId"]: guest["state"] for guest in entry["guestIds"]}
                for entry in json.loads(request.body)["hypervisors"]
            }
            for request in self._server.log.find()
            if request.method == "POST" and request.path.endswith(f"/hypervisors/{OWNER}")
        ]

    def last(self) -> dict[str, dict[str, int]]:
        """The guests of each hypervisor as last reported."""
        known: dict[str, dict[str, int]] = {}
        for report in self.all():
            known.update(report)
        return known


@contextmanager
def reporting(folder: Path, sources: list[dict[str, t.Any]], **more: t.Any) -> t.Iterator[tuple[Rulebook, Reports]]:
    """Run the rulebook report_on_change for some sources, with a Candlepin of its own, until what they have is there.

    Args:
        more: further variables of the rulebook.
    """
    ca = CertificateAuthority(folder / "tls")
    with CandlepinServer(tls=ca, owners=[OWNER], users={USER: PASSWORD}) as server:
        reports = Reports(server, ca.path)
        variables = {"virtmap_sources": sources, "virtmap_report": reports.options, **more}
        with Rulebook("virtmap.core.report_on_change", folder, variables) as rulebook:
            rulebook.wait_until("each source was reported", lambda: len(reports.all()) >= len(sources))
            yield rulebook, reports
