# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The check-in in both its forms, and the heartbeat."""

from __future__ import annotations

import typing as t

from .._http import Response, RouteTable
from .app import Call, Candlepin, Route
from .checkin import Options, check_in, heartbeat
from .errors import bad_request, forbidden
from .flavours import Flavour
from .jobs import HEARTBEAT, UPDATE, Job, JobFailed
from .mapping import NullHypervisor, parse_async, parse_sync
from .model import Owner, ReportedHost
from .security import visible_owner
from .views import Document

NULL_ELEMENT = (
    "org.candlepin.async.JobExecutionException: java.lang.NullPointerException: "
    'Cannot invoke "Consumer.getHypervisorId()" because "consumer" is null'
)


def add_routes(routes: RouteTable[Route], flavour: Flavour) -> None:
    """``POST /hypervisors/{owner}``, its heartbeat, and ``POST /hypervisors``, each where the release has it."""
    if flavour.async_form:
        routes.add("POST", "/hypervisors/{owner}", Route(_check_in, consumes=("text/plain",)))
        routes.add("PUT", "/hypervisors/{owner}/heartbeat", Route(_heartbeat))
    if flavour.sync_form:
        routes.add("POST", "/hypervisors", Route(_check_in_sync, consumes=("application/json",)))


def _reported_to(app: Candlepin, call: Call, key: str) -> Owner:
    """The organization, when the caller may report to it."""
    owner = visible_owner(app.store, call.principal, key)
    if not call.principal.may_check_in(owner):
        raise forbidden()
    return owner


def _seen(app: Candlepin, call: Call) -> None:
    """A consumer that reports has checked in itself."""
    if call.principal.consumer is not None:
        call.principal.consumer.last_checkin = app.store.clock.now()


def accepted(app: Candlepin, job: Job) -> Response:
    """The answer that carries a new job."""
    return app.respond(app.views.job(job), 202 if app.flavour.old_jobs else 200)


def _check_in(app: Candlepin, call: Call) -> Response:
    owner = _reported_to(app, call, call["owner"])
    read = _reader(app, call.request.body)
    _seen(app, call)
    options = Options(
        create_missing=call.flag("create_missing", True),
        reporter_id=call.argument("reporter_id") or None,
        username=call.principal.login,
    )

    def work() -> tuple[str, t.Any]:
        _refuse_without_auto_attach(app, owner.key)
        hosts = read()
        if app.store.owners.get(owner.key) is not owner:
            text = f'Hypervisor update attempted against non-existent org: "{owner.key}"'
            return text, text
        outcome = check_in(app.store, owner, hosts, options)
        return outcome.counts(), app.views.result(outcome)

    job = app.jobs.submit(UPDATE, owner.key, call.principal.name, work, correlation_id=call.correlation_id)
    return accepted(app, job)


def _reader(app: Candlepin, body: bytes) -> t.Callable[[], list[ReportedHost]]:
    """A function for the hosts. Current releases have checked the document when it is returned, old ones have not."""

    def read() -> list[ReportedHost]:
        try:
            return parse_async(body, strict_guests=app.flavour.checks_body)
        except NullHypervisor as error:
            raise JobFailed(NULL_ELEMENT) from error

    if not app.flavour.checks_body:
        return read
    try:
        hosts = parse_async(body)
    except NullHypervisor:
        return read
    return lambda: hosts


def _refuse_without_auto_attach(app: Candlepin, key: str) -> None:
    if key in app.store.settings.auto_attach_disabled:
        raise bad_request(f"Could not update host/guest mapping. Auto-attach is disabled for owner {key}.")


def _heartbeat(app: Candlepin, call: Call) -> Response:
    owner = _reported_to(app, call, call["owner"])
    reporter_id = call.argument("reporter_id")
    if not reporter_id:
        raise bad_request("reporter_id is absent or empty")

    def work() -> tuple[str, t.Any]:
        heartbeat(app.store, owner, reporter_id)
        text = f'Last hypervisor check-in updated for owner "{owner.key}" by reporter: {reporter_id}'
        return text, text

    job = app.jobs.submit(
        HEARTBEAT,
        owner.key,
        call.principal.name,
        work,
        reporter_id=reporter_id,
        correlation_id=call.correlation_id,
    )
    return accepted(app, job)


def _check_in_sync(app: Candlepin, call: Call) -> Response:
    owner = _reported_to(app, call, call.argument("owner") or "")
    hosts = parse_sync(call.request.body)
    _refuse_without_auto_attach(app, owner.key)
    _seen(app, call)
    options = Options(call.flag("create_missing", True), None, call.principal.login, sync=True)
    result: Document = app.views.result(check_in(app.store, owner, hosts, options))
    return app.respond(result)
