# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Candlepin's jobs: sent, followed, sent again when another one stood in the way. Private to this collection."""

from __future__ import annotations

import re
import time
import typing as t
from dataclasses import dataclass
from urllib.parse import quote

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    CannotConnect,
    Denied,
    NotFound,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.text import listed, shown
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.connection import Candlepin

# Both generations: Candlepin before 3.0 has PENDING and WAITING, newer ones fold their inner states into five names.
_RUNNING = frozenset({"CREATED", "WAITING", "PENDING", "RUNNING", "QUEUED", "SCHEDULED", "FAILED_WITH_RETRY"})
_FINAL = frozenset({"FINISHED", "FAILED", "CANCELED", "ABORTED"})
_BLOCKED = re.compile(r"Job blocked by the following existing jobs:\s*(.*)", re.DOTALL)
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0
_GROWTH = 1.25


@dataclass(frozen=True)
class Job:
    """A job as the server described it last.

    Attributes:
        result: ``resultData``: a dictionary, a text or None.
    """

    id: str
    state: str
    result: t.Any

    @property
    def ended(self) -> bool:
        """Whether the state will not change any more."""
        return self.state in _FINAL

    @property
    def blockers(self) -> list[str] | None:
        """The jobs because of which the server threw this one away; None when it did not."""
        found = (
            _BLOCKED.search(self.result)
            if self.state in ("FAILED", "ABORTED") and isinstance(self.result, str)
            else None
        )
        return [name.strip() for name in found.group(1).split(",") if name.strip()] if found else None

    def to_dict(self) -> dict[str, str]:
        """The job as results show it."""
        return {"id": self.id, "state": self.state}


def read_job(document: t.Any, what: str) -> Job:
    """Read an AsyncJobStatus (3.0 and newer) or a JobStatus (2.x).

    Raises:
        BadAnswer: it is neither.
    """
    job_id = document.get("id") if isinstance(document, dict) else None
    state = document.get("state") if isinstance(document, dict) else None
    if not isinstance(job_id, str) or not job_id or not isinstance(state, str):
        raise BadAnswer(
            f"{what} answered something that is not a job; check that server, port and prefix name a Candlepin"
        )
    if state not in _RUNNING | _FINAL:
        raise BadAnswer(
            f"{what} says that job {shown(job_id)} is in the state {shown(state)}, which is not known; look at the job "
            "there"
        )
    return Job(job_id, state, document.get("resultData"))


def fetch(server: Candlepin, job_id: str) -> Job:
    """Ask for a job.

    Raises:
        NotFound, Denied: the server does not know it any more, or does not show it to this account.
    """
    missing = f"does not know the job {shown(job_id)} any more; it was removed, so that its outcome cannot be told"
    # Candlepin before 3.0 hides the result unless it is asked for.
    answer = server.call("GET", f"/jobs/{quote(job_id, safe='')}", params={"result_data": "true"}, missing=missing)
    return read_job(answer.json(), server.what)


def submit(server: Candlepin, send: t.Callable[[], Job], until: float, warn: t.Callable[[str], None]) -> Job:
    """Send a check-in, and again when another check-in for the same owner stood in the way.

    Candlepin runs one check-in per owner at a time. It answers a second one with a job that has already failed, and
    forgets its data.

    Args:
        send: posts the report and returns the job.
        until: moment of the monotonic clock at which to give up.

    Returns:
        the job that the server took.

    Raises:
        CannotConnect: it was blocked until the time was over.
    """
    pause = 1.0
    warned = False
    while True:
        job = send()
        blockers = job.blockers
        if blockers is None:
            return job
        pending = f"another check-in for this owner is pending at {server.what} (job {listed(blockers)})"
        if not warned:
            warn(f"{pending}; this report is sent again when that one has ended")
            warned = True
        for blocker in blockers:
            _wait_for_other(server, blocker, until)
        if time.monotonic() + pause >= until:
            raise CannotConnect(
                f"{pending} and did not end within wait_timeout, so that this report was not taken; run the task "
                "again later",
                {"job": job.to_dict()},
            )
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


def follow(server: Candlepin, job: Job, until: float) -> Job:
    """Wait for the end of a job.

    Raises:
        CannotConnect: it did not end in time; it goes on at the server.
        VirtmapError: the server did not tell its state. The error's result holds the job.
    """
    pause = _FIRST_PAUSE
    while not job.ended:
        left = until - time.monotonic()
        if left <= 0:
            raise CannotConnect(
                f"the job {shown(job.id)} at {server.what} is still {job.state} at the end of wait_timeout; it goes "
                "on there, its outcome is not known here. Run the task again later, or raise wait_timeout",
                {"job": job.to_dict()},
            )
        time.sleep(min(pause, left))
        pause = min(pause * _GROWTH, _LONGEST_PAUSE)
        try:
            job = fetch(server, job.id)
        except VirtmapError as exc:
            exc.result.setdefault("job", job.to_dict())
            raise
    return job


def check_finished(server: Candlepin, job: Job) -> None:
    """Make sure that a job that has ended did its work.

    Raises:
        BadAnswer: it failed or was cancelled.
    """
    if job.state == "FINISHED":
        return
    said = f": {shown(job.result)}" if isinstance(job.result, str) and job.result.strip() else ""
    if job.state == "CANCELED":
        message = f"the job {shown(job.id)} was cancelled at {server.what}{said}; run the task again"
    else:
        message = f"the job {shown(job.id)} failed at {server.what}{said}; look at the server's log"
    raise BadAnswer(message, {"job": job.to_dict()})


def _wait_for_other(server: Candlepin, job_id: str, until: float) -> None:
    """Wait for the end of somebody else's job, as far as this account may see it."""
    try:
        follow(server, Job(job_id, "RUNNING", None), until)
    except (Denied, NotFound):
        # Not shown to us, or gone already: the next attempt tells whether it is still there.
        return
    except CannotConnect:
        if time.monotonic() < until:
            raise
