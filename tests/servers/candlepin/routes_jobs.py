# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Looking at jobs, cancelling them, and the administrator's switch of the scheduler."""

from __future__ import annotations

from .._http import Response, RouteTable
from .app import Call, Candlepin, Route
from .clock import parse_time
from .errors import ApiError, bad_request, forbidden, not_found
from .flavours import Flavour
from .jobs import STATES, Job
from .paging import page
from .security import Principal

#: Names that the server knows inside and never sends.
_INNER_STATES = {"WAITING", "SCHEDULED", "QUEUED", "FAILED_WITH_RETRY", "ABORTED"}


def add_routes(routes: RouteTable[Route], flavour: Flavour) -> None:
    """``/jobs``; the scheduler's switch is there since 3.0."""
    if not flavour.old_jobs:
        routes.add("GET", "/jobs/scheduler", Route(_scheduler))
        routes.add("POST", "/jobs/scheduler", Route(_switch_scheduler))
    routes.add("GET", "/jobs", Route(_list))
    routes.add("GET", "/jobs/{id}", Route(_get))
    routes.add("DELETE", "/jobs/{id}", Route(_cancel))


def _find(app: Candlepin, job_id: str) -> Job:
    job = app.jobs.get(job_id)
    if job is None:
        raise not_found(f"AsyncJobStatus with ID(s) {job_id} could not be found.")
    return job


def _may_see(app: Candlepin, principal: Principal, job: Job) -> bool:
    """A consumer sees what it has started, a user what was started in its organizations."""
    if principal.consumer is not None:
        return job.principal == principal.name
    owner = app.store.owners.get(job.owner_key)
    return principal.is_admin or (owner is not None and principal.sees(owner))


def _get(app: Candlepin, call: Call) -> Response:
    job = _find(app, call["id"])
    if not _may_see(app, call.principal, job):
        raise forbidden()
    return app.respond(app.views.job(job, with_result=call.flag("result_data")))


def _cancel(app: Candlepin, call: Call) -> Response:
    job = _find(app, call["id"])
    if not call.principal.is_admin and job.principal != call.principal.name:
        raise forbidden()
    app.jobs.cancel(job)
    return app.respond(app.views.job(job))


def _list(app: Candlepin, call: Call) -> Response:
    wanted = {name: set(call.request.query.get(name, [])) for name in ("id", "key", "owner", "principal")}
    states = {state.upper() for state in call.request.query.get("state", [])}
    unknown = sorted(states - set(STATES) - _INNER_STATES)
    if unknown:
        raise not_found(f"Unknown job states: [{', '.join(unknown)}]")
    after, before = _moment(call, "after"), _moment(call, "before")
    found = [
        job
        for job in app.jobs.remembered()
        if _may_see(app, call.principal, job)
        and (not wanted["id"] or job.id in wanted["id"])
        and (not wanted["key"] or job.key in wanted["key"])
        and (not wanted["owner"] or job.owner_key in wanted["owner"])
        and (not wanted["principal"] or job.principal in wanted["principal"])
        and (not states or job.state in states)
        and (after is None or job.updated >= after)
        and (before is None or job.updated <= before)
    ]
    shown, headers = page(call.request, found, {"created": lambda j: j.created, "updated": lambda j: j.updated})
    return app.respond([app.views.job(job, with_result=False) for job in shown], headers=headers)


def _moment(call: Call, name: str) -> float | None:
    text = call.argument(name)
    if not text:
        return None
    try:
        return parse_time(text)
    except ValueError as error:
        raise bad_request(f"Invalid date: {text}") from error


def _scheduler(app: Candlepin, call: Call) -> Response:
    if not call.principal.is_admin:
        raise forbidden()
    return app.respond({"isRunning": not app.jobs.paused})


def _switch_scheduler(app: Candlepin, call: Call) -> Response:
    if not call.principal.is_admin:
        raise forbidden()
    running = call.argument("running")
    if running not in {"true", "false"}:
        raise ApiError(400, "running must be true or false")
    app.jobs.configure(paused=running == "false")
    return _scheduler(app, call)
