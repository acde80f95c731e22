# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Jobs: their states, blocking (new) or queueing (old), cancelling, and how long they are remembered."""

from __future__ import annotations

import copy
import threading
import time
import typing as t
import uuid as uuids
from dataclasses import dataclass, field

from .clock import DAY, Clock, next_noon
from .errors import ApiError
from .model import entity_id

UPDATE = "HypervisorUpdateJob"
HEARTBEAT = "HypervisorHeartbeatUpdateJob"
NAMES = {UPDATE: "Hypervisor Update", HEARTBEAT: "Hypervisor Heartbeat Update"}
STATES = ("CREATED", "RUNNING", "FINISHED", "FAILED", "CANCELED")
TERMINAL = frozenset({"FINISHED", "FAILED", "CANCELED"})

KEEP_TERMINAL, KEEP_QUEUED, KEEP_RUNNING = 7 * DAY, 3 * DAY, 2 * DAY


class JobFailed(Exception):
    """The job ends in FAILED with this text."""


@dataclass
class Job:
    """One job; ``work`` returns what becomes ``result`` (the text of old jobs) and ``result_data``."""

    key: str
    owner_key: str
    principal: str
    created: float
    updated: float
    id: str
    work: t.Callable[[], tuple[str, t.Any]] | None
    #: Jobs with the same value do not run at the same time.
    constraint: tuple[str, ...]
    state: str = "CREATED"
    previous_state: str = "CREATED"
    attempts: int = 0
    start: float | None = None
    end: float | None = None
    result: str | None = None
    result_data: t.Any = None
    correlation_id: str | None = None
    #: ``time.monotonic()`` at which the next step is due.
    due: float = field(default=0.0, repr=False)

    @property
    def terminal(self) -> bool:
        """Nothing will happen to it any more."""
        return self.state in TERMINAL


class JobQueue:
    """The jobs of one server, run by one thread, one step at a time.

    ``queue_time`` and ``run_time`` say how many seconds a job stays CREATED and RUNNING (``math.inf``: for ever);
    while ``paused`` no queued job begins.
    """

    def __init__(self, clock: Clock, old: bool) -> None:
        """``old`` is the generation of 2.x."""
        self.clock = clock
        self.old = old
        self.paused = False
        self.queue_time = 0.0
        self.run_time = 0.0
        self._jobs: dict[str, Job] = {}
        #: Jobs that were asked for, in order; survives the clean-up.
        self.submitted: list[Job] = []
        self._failures: list[str] = []
        self._changed = threading.Condition()
        self._stopped = False
        self._next_clean = next_noon(clock.now())

    # -- for tests

    def configure(
        self, paused: bool | None = None, queue_time: float | None = None, run_time: float | None = None
    ) -> None:
        """Change the pace; jobs that wait already begin as soon as the new pace allows."""
        with self._changed:
            self.paused = self.paused if paused is None else paused
            self.queue_time = self.queue_time if queue_time is None else queue_time
            self.run_time = self.run_time if run_time is None else run_time
            now = time.monotonic()
            for job in self._jobs.values():
                job.due = now + (self.run_time if job.state == "RUNNING" else self.queue_time)
            self._changed.notify_all()

    def fail_next(self, text: str) -> None:
        """The next job that runs ends in FAILED with this text."""
        self._failures.append(text)

    def settle(self, timeout: float = 10.0) -> None:
        """Wait until every job has ended; raises TimeoutError."""
        with self._changed:
            done = self._changed.wait_for(lambda: all(job.terminal for job in self._jobs.values()), timeout)
        if not done:
            raise TimeoutError(f"jobs still open after {timeout} s: {self.unfinished()}")

    def unfinished(self) -> list[str]:
        """The ids of the jobs that have not ended."""
        return [job.id for job in self._jobs.values() if not job.terminal]

    # -- the API

    def submit(
        self,
        key: str,
        owner_key: str,
        principal: str,
        work: t.Callable[[], tuple[str, t.Any]],
        *,
        reporter_id: str | None = None,
        correlation_id: str | None = None,
    ) -> Job:
        """A new job. Where another one stands in its way it is born FAILED (new) or WAITING (old)."""
        constraint = (key, owner_key) if key == UPDATE else (key, owner_key, reporter_id or "")
        now = self.clock.now()
        prefix = {UPDATE: "hypervisor_update_", HEARTBEAT: "hypervisor_heartbeat_update_"}[key]
        identifier = prefix + str(uuids.uuid4()) if self.old else entity_id()
        job = Job(key, owner_key, principal, now, now, identifier, work, constraint, correlation_id=correlation_id)
        with self._changed:
            self.clean_if_due()
            job.due = time.monotonic() + self.queue_time
            blockers = [j.id for j in self._jobs.values() if j.constraint == constraint and not j.terminal]
            if blockers and self.old:
                job.state = "WAITING"
            elif blockers:
                job.state = "FAILED"
                job.result_data = f"Job blocked by the following existing jobs: {', '.join(blockers)}"
                job.work = None
            self._jobs[job.id] = job
            self.submitted.append(job)
            self._changed.notify_all()
            # What the caller is told is how the job was born, even where it runs a moment later.
            return copy.copy(job)

    def get(self, job_id: str) -> Job | None:
        """A job that is still remembered."""
        with self._changed:
            self.clean_if_due()
            return self._jobs.get(job_id)

    def remembered(self) -> list[Job]:
        """All jobs that are still remembered, oldest first."""
        with self._changed:
            self.clean_if_due()
            return list(self._jobs.values())

    def cancel(self, job: Job) -> None:
        """A queued job never runs; a running one goes on; one that has ended is an error."""
        with self._changed:
            if job.terminal:
                raise ApiError(
                    400,
                    f"Job {job.id} is already in a terminal state or otherwise cannot be canceled at this time",
                )
            if job.state != "RUNNING":
                self._move(job, "CANCELED")

    def clean_if_due(self) -> None:
        """Once a day at noon: forget what ended a week ago, give up what has been open for days."""
        now = self.clock.now()
        if now < self._next_clean:
            return
        self._next_clean = next_noon(now)
        for job in list(self._jobs.values()):
            age = now - job.updated
            if job.terminal and age > KEEP_TERMINAL:
                del self._jobs[job.id]
            elif not job.terminal and age > (KEEP_RUNNING if job.state == "RUNNING" else KEEP_QUEUED):
                self._move(job, "FAILED")

    # -- the thread

    def start(self) -> None:
        """Begin to work."""
        threading.Thread(target=self._run, name="candlepin-jobs", daemon=True).start()

    def stop(self) -> None:
        """End the thread; open jobs stay open."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._stopped:
                    return
                job, delay = self._next()
                if job is None:
                    self._changed.wait(delay)
                    continue
                if job.state != "RUNNING":
                    job.attempts = 1
                    job.start = self.clock.now()
                    self._move(job, "RUNNING")
                    job.due = time.monotonic() + self.run_time
                    continue
            self._execute(job)

    def _next(self) -> tuple[Job | None, float | None]:
        """The job whose next step is due; else None and the seconds to wait (None: until something changes)."""
        now = time.monotonic()
        waits = []
        busy = set()
        for job in self._jobs.values():
            if job.terminal:
                continue
            behind_another = job.constraint in busy
            busy.add(job.constraint)
            if behind_another or (self.paused and job.state != "RUNNING"):
                continue
            if job.due <= now:
                return job, None
            waits.append(job.due - now)
        soonest = min(waits, default=threading.TIMEOUT_MAX)
        return None, None if soonest >= threading.TIMEOUT_MAX else soonest

    def _execute(self, job: Job) -> None:
        try:
            if self._failures:
                raise JobFailed(self._failures.pop(0))
            result, data = job.work() if job.work else ("", None)
            state = "FINISHED"
        except JobFailed as error:
            result, data, state = str(error), str(error), "FAILED"
        except ApiError as error:
            data = f"org.candlepin.async.JobExecutionException: {error.message}"
            result, state = data, "FAILED"
        with self._changed:
            if not job.terminal:
                job.result, job.result_data, job.end = result, data, self.clock.now()
                self._move(job, state)

    def _move(self, job: Job, state: str) -> None:
        job.previous_state, job.state, job.updated = job.state, state, self.clock.now()
        if job.terminal:
            # The document of a large report is not kept longer than it is needed.
            job.work = None
        self._changed.notify_all()
