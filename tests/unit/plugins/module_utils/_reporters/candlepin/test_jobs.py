# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Jobs that take long, fail, are blocked, cancelled or forgotten."""

from __future__ import annotations

import threading
import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, CannotConnect, NotFound
from ansible_collections.virtmap.core.tests.servers._http import Request, faults
from ansible_collections.virtmap.core.tests.servers.candlepin.jobs import UPDATE
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._reporters.candlepin.reporter import (
    Reporter,
    host,
    mapping,
)

REPORT = mapping(host("A", ["g1"]))


def another_check_in(reporter: Reporter, principal: str = "admin") -> t.Any:
    """A check-in of somebody else, which has been queued."""
    return reporter.server.jobs.submit(UPDATE, "acme", principal, lambda: ("", {}))


@pytest.mark.parametrize("flavour", ["plain", "candlepin2", "katello"])
def test_a_job_is_followed_to_its_end(make: t.Callable[..., Reporter], flavour: str) -> None:
    reporter = make(flavour)
    reporter.server.jobs.configure(queue_time=0.4, run_time=0.4)
    assert reporter(REPORT)["created"] == ["A"]


def test_a_job_that_does_not_end_in_time_is_a_failure_with_its_id(reporter: Reporter) -> None:
    reporter.server.jobs.configure(paused=True)
    failure = reporter.fails(REPORT, wait_timeout=1)
    assert isinstance(failure, CannotConnect)
    assert failure.result["job"]["state"] == "CREATED"
    assert failure.result["job"]["id"] in failure.message
    assert "wait_timeout" in failure.message
    assert failure.result["changed"] is False
    assert "created" not in failure.result


@pytest.mark.parametrize("flavour", ["plain", "candlepin2"])
def test_a_failed_job_says_why(make: t.Callable[..., Reporter], flavour: str) -> None:
    reporter = make(flavour)
    reporter.server.jobs.fail_next("java.lang.NullPointerException: at line 7")
    failure = reporter.fails(REPORT, heartbeat=False)
    assert isinstance(failure, BadAnswer)
    assert "NullPointerException" in failure.message
    assert failure.result["job"]["state"] == "FAILED"


def test_a_cancelled_job_is_a_failure(reporter: Reporter) -> None:
    jobs = reporter.server.jobs
    jobs.configure(paused=True)

    def cancel(_request: Request) -> bool:
        jobs.cancel(jobs.get(jobs.unfinished()[0]))
        return False

    reporter.server.faults.add(faults.hang(), path="/candlepin/jobs/.*", when=cancel)
    failure = reporter.fails(REPORT)
    assert failure.result["job"]["state"] == "CANCELED"
    assert "cancelled" in failure.message


def test_a_job_that_the_server_forgot_is_a_failure(reporter: Reporter) -> None:
    reporter.server.faults.add(
        faults.status(404, {"displayMessage": "AsyncJobStatus with ID(s) x could not be found."}),
        path="/candlepin/jobs/.*",
    )
    failure = reporter.fails(REPORT)
    assert isinstance(failure, NotFound)
    assert "does not know the job" in failure.message
    assert failure.result["job"]["state"] == "CREATED"


@pytest.mark.parametrize("wait", [True, False])
def test_a_blocked_report_is_sent_again_when_the_other_one_has_ended(reporter: Reporter, wait: bool) -> None:
    reporter.server.jobs.configure(queue_time=0.8)
    other = another_check_in(reporter)
    result = reporter(REPORT, wait=wait)
    reporter.server.jobs.settle()
    assert reporter.guests_of("a") == ["g1"]
    assert reporter.posts() == 2
    assert any("is pending" in text and other.id in text for text in reporter.warnings)
    assert result["job"]["id"] != other.id


def test_a_blocking_job_that_is_not_shown_to_us_is_waited_for_all_the_same(reporter: Reporter) -> None:
    registered = reporter.server.register("acme")
    reporter.defaults.update(
        username=None, password=None, client_cert=str(registered.pair.cert), client_key=str(registered.pair.key)
    )
    reporter.server.jobs.configure(queue_time=1.5)
    another_check_in(reporter)
    assert reporter(REPORT)["created"] == ["A"]
    assert reporter.posts() > 1


def test_a_report_that_stays_blocked_is_a_failure_that_says_so(reporter: Reporter) -> None:
    reporter.server.jobs.configure(paused=True)
    other = another_check_in(reporter)
    failure = reporter.fails(REPORT, wait_timeout=3)
    assert isinstance(failure, CannotConnect)
    assert "was not taken" in failure.message
    assert other.id in failure.message
    assert reporter.posts() <= 4
    assert reporter.server.state.hypervisors_of("acme") == {}


def test_two_runs_at_once_both_report(reporter: Reporter) -> None:
    reporter.server.jobs.configure(run_time=0.5)
    second = Reporter(reporter.server)
    results: dict[str, t.Any] = {}
    threads = [
        threading.Thread(target=lambda: results.update(first=reporter(REPORT))),
        threading.Thread(target=lambda: results.update(second=second(mapping(host("B"))))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert results["first"]["created"] == ["A"]
    assert results["second"]["created"] == ["B"]
    assert len([text for text in reporter.warnings + second.warnings if "is pending" in text]) == 1


def test_an_owner_that_vanished_meanwhile_is_a_failure(reporter: Reporter) -> None:
    reporter.server.jobs.configure(queue_time=0.5)
    reporter.server.state.users["admin"].super_admin = True

    def remove(_request: Request) -> bool:
        if "acme" in reporter.server.state.owners:
            reporter.server.state.remove_owner("acme")
        return False

    reporter.server.faults.add(faults.hang(), path="/candlepin/jobs/.*", when=remove)
    failure = reporter.fails(REPORT)
    assert "non-existent org" in failure.message
    assert failure.result["job"]["state"] == "FINISHED"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"state": "EXPLODED"}, "EXPLODED"),
        ({"id": None}, "not a job"),
        ({"resultData": None, "state": "FINISHED"}, "did not tell which hypervisors"),
        ({"resultData": ["x"], "state": "FINISHED"}, "did not tell which hypervisors"),
        ({"resultData": {"created": "x"}, "state": "FINISHED"}, "created that is no list"),
        ({"resultData": {"created": [{"uuid": 1}]}, "state": "FINISHED"}, "no consumer"),
        ({"resultData": {}, "state": "FINISHED"}, "does not mention it"),
    ],
)
def test_a_job_of_another_shape_is_a_failure(reporter: Reporter, change: dict[str, t.Any], words: str) -> None:
    reporter.server.faults.add(faults.edited(lambda job: {**job, **change}), path="/candlepin/jobs/.*", times=None)
    failure = reporter.fails(REPORT)
    assert words in failure.message
    assert failure.result["job"]["id"]
