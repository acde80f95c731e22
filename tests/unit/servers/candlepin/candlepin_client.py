# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A raw client for the tests that state the rules of the in-memory Candlepin, and the documents that it sends."""

from __future__ import annotations

import json
import typing as t

import requests
from ansible_collections.virtmap.core.tests.servers._tls import Pair
from ansible_collections.virtmap.core.tests.servers.candlepin import CandlepinServer

JSON = {"Content-Type": "application/json"}
TEXT = {"Content-Type": "text/plain"}


class Api:
    """One caller of one server: a user (name and password) or a certificate."""

    def __init__(self, server: CandlepinServer, user: tuple[str, str] | None = None, pair: Pair | None = None) -> None:
        self.server = server
        self.session = requests.Session()
        # Else REQUESTS_CA_BUNDLE and .netrc of the machine come before what is set here.
        self.session.trust_env = False
        self.session.verify = str(server.ca.path)
        self.session.auth = user
        if pair is not None:
            self.session.cert = (str(pair.cert), str(pair.key))

    def __call__(self, method: str, path: str, body: t.Any = None, **options: t.Any) -> requests.Response:
        """Ask; a body that is not bytes is sent as JSON."""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        headers = {**JSON, **options.pop("headers", {})}
        return self.session.request(
            method, self.server.api + path, data=body, headers=headers, timeout=30, allow_redirects=False, **options
        )

    def check_in(
        self, hypervisors: t.Any, owner: str = "acme", *, raw: bytes | None = None, **query: t.Any
    ) -> requests.Response:
        """POST a report in the async form."""
        body = raw if raw is not None else {"hypervisors": hypervisors}
        return self("POST", f"/hypervisors/{owner}", body, headers=TEXT, params=query)

    def result(self, hypervisors: t.Any, owner: str = "acme", **query: t.Any) -> dict[str, t.Any]:
        """POST a report, wait, and return the job as it ended."""
        answer = self.check_in(hypervisors, owner, **query)
        assert answer.status_code in (200, 202), answer.text
        self.server.jobs.settle()
        return self.job(answer.json()["id"])

    def job(self, job_id: str) -> dict[str, t.Any]:
        """One job with its result."""
        answer = self("GET", f"/jobs/{job_id}", params={"result_data": "True"})
        assert answer.status_code == 200, answer.text
        return t.cast("dict[str, t.Any]", answer.json())


def host(
    identifier: str,
    name: str | None = None,
    guests: t.Sequence[t.Any] | None = None,
    facts: dict[str, t.Any] | None = None,
) -> dict[str, t.Any]:
    """A hypervisor as it is sent: what is None is left out; a guest given as text is running."""
    document: dict[str, t.Any] = {"hypervisorId": {"hypervisorId": identifier}}
    if name is not None:
        document["name"] = name
    if guests is not None:
        document["guestIds"] = [guest(one) if isinstance(one, str) else one for one in guests]
    if facts is not None:
        document["facts"] = facts
    return document


def guest(identifier: str, active: int = 1, kind: str = "libvirt") -> dict[str, t.Any]:
    """A guest as virt-who sends it."""
    return {
        "guestId": identifier,
        "state": 1 if active else 5,
        "attributes": {"virtWhoType": kind, "active": active},
    }


def names(result: dict[str, t.Any]) -> dict[str, list[str]]:
    """The four lists of a result by name."""
    lists = {key: sorted(entry["name"] for entry in result[key]) for key in ("created", "updated", "unchanged")}
    return {**lists, "failedUpdate": sorted(result["failedUpdate"])}


def outcome(
    created: t.Sequence[str] = (),
    updated: t.Sequence[str] = (),
    unchanged: t.Sequence[str] = (),
    failed: t.Sequence[str] = (),
) -> dict[str, list[str]]:
    """What :func:`names` should return."""
    return {
        "created": list(created),
        "updated": list(updated),
        "unchanged": list(unchanged),
        "failedUpdate": list(failed),
    }
