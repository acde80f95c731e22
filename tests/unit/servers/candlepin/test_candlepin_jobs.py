# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Jobs: their two shapes, their states, blocking and queueing, cancelling, rights and retention."""

from __future__ import annotations

import math
import typing as t

import pytest
from ansible_collections.virtmap.core.tests.servers.candlepin import CandlepinServer
from ansible_collections.virtmap.core.tests.servers.candlepin.clock import DAY
from ansible_collections.virtmap.core.tests.unit.servers.candlepin.candlepin_client import Api, host, names, outcome

NEW_MEMBERS = [
    "attempts",
    "created",
    "endTime",
    "executor",
    "group",
    "id",
    "key",
    "maxAttempts",
    "name",
    "origin",
    "previousState",
    "principal",
    "resultData",
    "startTime",
    "state",
    "statusPath",
    "updated",
]
OLD_MEMBERS = {
    "id",
    "state",
    "startTime",
    "finishTime",
    "result",
    "principalName",
    "targetType",
    "targetId",
    "ownerId",
    "correlationId",
    "resultData",
    "done",
    "statusPath",
    "group",
    "created",
    "updated",
}


class TestNewGeneration:
    """Since 3.0."""

    def test_right_after_the_post(self, api: Api) -> None:
        answer = api.check_in([host("h1")])
        job = answer.json()
        assert answer.status_code == 200
        assert list(job) == NEW_MEMBERS
        assert (job["state"], job["previousState"], job["attempts"], job["maxAttempts"]) == ("CREATED", "CREATED", 0, 1)
        assert [job[name] for name in ("executor", "startTime", "endTime", "resultData", "group")] == [None] * 5
        assert (job["key"], job["name"]) == ("HypervisorUpdateJob", "Hypervisor Update")
        assert job["principal"] == "admin"
        assert job["statusPath"] == f"/jobs/{job['id']}"
        assert len(job["id"]) == 32

    def test_finished(self, api: Api) -> None:
        job = api.result([host("h1", "esx1")])
        assert (job["state"], job["previousState"], job["attempts"]) == ("FINISHED", "RUNNING", 1)
        assert job["executor"] is not None
        assert job["startTime"] is not None
        assert job["endTime"] is not None
        assert list(job["resultData"]) == ["created", "updated", "unchanged", "failedUpdate"]
        entry = job["resultData"]["created"][0]
        assert list(entry) == ["name", "owner", "uuid"]
        assert entry["uuid"] == api.server.state.hypervisors_of("acme")["h1"].uuid
        assert {name for name, value in entry["owner"].items() if value is not None} == {"key"}
        assert len(entry["owner"]) > 1

    def test_result_data_needs_no_parameter(self, api: Api) -> None:
        job = api.result([])
        assert api("GET", f"/jobs/{job['id']}").json() == job

    def test_running_then_failed_with_a_text(self, api: Api) -> None:
        api.server.jobs.configure(run_time=math.inf)
        job = api.check_in([host("h1")]).json()
        wait_for_state(api, job["id"], "RUNNING")
        api.server.jobs.fail_next("org.candlepin.async.JobExecutionException: the database is away")
        api.server.jobs.configure(run_time=0)
        api.server.jobs.settle()
        ended = api.job(job["id"])
        assert ended["state"] == "FAILED"
        assert ended["resultData"] == "org.candlepin.async.JobExecutionException: the database is away"
        assert api.server.state.consumers == {}

    def test_the_owner_vanished_meanwhile(self, api: Api, server: CandlepinServer) -> None:
        server.state.add_user("root", "secret", super_admin=True)
        server.jobs.configure(paused=True)
        job = api.check_in([host("h1")]).json()
        server.state.remove_owner("acme")
        server.jobs.configure(paused=False)
        server.jobs.settle()
        ended = Api(server, ("root", "secret")).job(job["id"])
        assert ended["state"] == "FINISHED"
        assert ended["resultData"] == 'Hypervisor update attempted against non-existent org: "acme"'

    def test_a_second_report_is_blocked_and_lost(self, api: Api) -> None:
        api.server.jobs.configure(paused=True)
        first = api.check_in([host("h1", "one")]).json()
        answer = api.check_in([host("h2", "two")])
        second = answer.json()
        assert answer.status_code == 200
        assert (second["state"], second["previousState"], second["attempts"]) == ("FAILED", "CREATED", 0)
        assert second["resultData"] == f"Job blocked by the following existing jobs: {first['id']}"
        assert api.check_in([host("h3")], owner="other").json()["state"] == "CREATED"
        api.server.jobs.configure(paused=False)
        api.server.jobs.settle()
        assert names(api.job(first["id"])["resultData"]) == outcome(created=["one"])
        assert list(api.server.state.hypervisors_of("acme")) == ["h1"]
        assert names(api.result([host("h2", "two")])["resultData"]) == outcome(created=["two"])

    def test_blocking_asks_not_who_sends(self, api: Api, server: CandlepinServer) -> None:
        server.jobs.configure(paused=True)
        reporter = Api(server, pair=server.register("acme").pair)
        first = api.check_in([]).json()
        second = reporter.check_in([]).json()
        assert second["state"] == "FAILED"
        # The job in the way belongs to somebody else, so that this caller cannot look at it.
        assert reporter("GET", f"/jobs/{first['id']}").status_code == 403

    def test_heartbeats_block_by_reporter(self, api: Api) -> None:
        api.server.jobs.configure(paused=True)
        path = "/hypervisors/acme/heartbeat"
        states = [api("PUT", path, params={"reporter_id": r}).json()["state"] for r in ("r1", "r1", "r2")]
        assert states == ["CREATED", "FAILED", "CREATED"]
        assert api.check_in([]).json()["state"] == "CREATED"


def wait_for_state(api: Api, job_id: str, state: str) -> None:
    """Poll as a client does."""
    for _attempt in range(500):
        if api.job(job_id)["state"] == state:
            return
    raise AssertionError(f"never {state}")


class TestOldGeneration:
    """2.x."""

    @pytest.fixture(name="old")
    def old_fixture(self, make: t.Callable[..., CandlepinServer]) -> Api:
        return Api(make("candlepin2"), ("admin", "secret"))

    def test_shape(self, old: Api) -> None:
        answer = old.check_in([host("h1", "esx1")])
        assert answer.status_code == 202
        assert set(answer.json()) == OLD_MEMBERS
        assert answer.json()["id"].startswith("hypervisor_update_")
        old.server.jobs.settle()
        job = old.job(answer.json()["id"])
        assert (job["state"], job["done"], job["targetType"], job["targetId"]) == ("FINISHED", True, "owner", "acme")
        assert (job["ownerId"], job["principalName"], job["group"]) == ("acme", "admin", "async group")
        assert job["result"] == "Created: 1, Updated: 0, Unchanged: 0, Failed: 0"
        assert job["resultData"]["created"][0]["owner"] == {"key": "acme"}

    @pytest.mark.parametrize(
        ("parameter", "cloaked"), [(None, True), ("false", True), ("1", True), ("True", False), ("true", False)]
    )
    def test_results_are_cloaked_unless_asked_for(self, old: Api, parameter: str | None, cloaked: bool) -> None:
        job = old.result([])
        query = {} if parameter is None else {"result_data": parameter}
        assert (old("GET", f"/jobs/{job['id']}", params=query).json()["resultData"] == "[cloaked]") is cloaked

    def test_a_second_report_waits_its_turn(self, old: Api) -> None:
        old.server.jobs.configure(paused=True)
        first = old.check_in([host("h1", "one")]).json()
        second = old.check_in([host("h1", "two")]).json()
        assert (first["state"], second["state"], second["done"]) == ("CREATED", "WAITING", False)
        old.server.jobs.configure(paused=False)
        old.server.jobs.settle()
        assert names(old.job(first["id"])["resultData"]) == outcome(created=["one"])
        assert names(old.job(second["id"])["resultData"]) == outcome(updated=["two"])
        assert old.server.state.hypervisors_of("acme")["h1"].name == "two"

    def test_the_heartbeat_is_202_too(self, old: Api) -> None:
        assert old("PUT", "/hypervisors/acme/heartbeat", params={"reporter_id": "r"}).status_code == 202

    @pytest.mark.parametrize(
        ("sent", "kept"), [("abc-123", "abc-123"), ("a" * 50, "a" * 40), ("with blank", None), ("", None)]
    )
    def test_the_correlation_id(self, old: Api, sent: str, kept: str | None) -> None:
        headers = {"Content-Type": "text/plain", "X-Correlation-ID": sent}
        answer = old("POST", "/hypervisors/acme", {"hypervisors": []}, headers=headers)
        assert (answer.status_code, answer.json()["correlationId"]) == (202, kept)


class TestHeartbeat:
    """PUT without a body."""

    def test_result(self, api: Api) -> None:
        api.result([host("h1")], reporter_id="r 1")
        before = api.server.state.hypervisors_of("acme")["h1"].last_checkin
        answer = api("PUT", "/hypervisors/acme/heartbeat", params={"reporter_id": "r 1"})
        assert answer.status_code == 200
        assert answer.json()["key"] == "HypervisorHeartbeatUpdateJob"
        assert answer.json()["name"] == "Hypervisor Heartbeat Update"
        api.server.jobs.settle()
        text = 'Last hypervisor check-in updated for owner "acme" by reporter: r 1'
        assert api.job(answer.json()["id"])["resultData"] == text
        after = api.server.state.hypervisors_of("acme")["h1"].last_checkin
        assert after is not None
        assert before is not None
        assert after > before

    @pytest.mark.parametrize(
        ("owner", "query", "status", "message"),
        [
            ("acme", {}, 400, "reporter_id is absent or empty"),
            ("acme", {"reporter_id": ""}, 400, "reporter_id is absent or empty"),
            ("nobody", {}, 404, "Owner with ID(s) nobody could not be found."),
        ],
    )
    def test_errors(self, api: Api, owner: str, query: dict[str, str], status: int, message: str) -> None:
        answer = api("PUT", f"/hypervisors/{owner}/heartbeat", params=query)
        assert (answer.status_code, answer.json()["displayMessage"]) == (status, message)


class TestCancel:
    """DELETE /jobs/{id}."""

    def test_a_queued_job_never_runs(self, api: Api) -> None:
        api.server.jobs.configure(paused=True)
        job = api.check_in([host("h1")]).json()
        answer = api("DELETE", f"/jobs/{job['id']}")
        assert (answer.status_code, answer.json()["state"]) == (200, "CANCELED")
        api.server.jobs.configure(paused=False)
        assert names(api.result([host("h2", "two")])["resultData"]) == outcome(created=["two"])
        assert list(api.server.state.hypervisors_of("acme")) == ["h2"]

    def test_a_running_job_goes_on(self, api: Api) -> None:
        api.server.jobs.configure(run_time=math.inf)
        job = api.check_in([host("h1")]).json()
        wait_for_state(api, job["id"], "RUNNING")
        answer = api("DELETE", f"/jobs/{job['id']}")
        assert (answer.status_code, answer.json()["state"]) == (200, "RUNNING")
        api.server.jobs.configure(run_time=0)
        api.server.jobs.settle()
        assert api.job(job["id"])["state"] == "FINISHED"

    def test_an_ended_job_is_an_error(self, api: Api) -> None:
        job = api.result([])
        answer = api("DELETE", f"/jobs/{job['id']}")
        assert answer.status_code == 400
        assert answer.json()["displayMessage"] == (
            f"Job {job['id']} is already in a terminal state or otherwise cannot be canceled at this time"
        )


class TestRights:
    """Who sees and cancels whose jobs."""

    @pytest.fixture(name="callers")
    def callers_fixture(self, server: CandlepinServer) -> dict[str, Api]:
        server.jobs.configure(paused=True)
        server.state.add_user("root", "secret", super_admin=True)
        server.state.add_user("reader", "secret", {"acme": "read_only"})
        server.state.add_user("stranger", "secret", {"other": "all"})
        return {
            **{name: Api(server, (name, "secret")) for name in ("admin", "root", "reader", "stranger")},
            **{name: Api(server, pair=server.register("acme", name).pair) for name in ("one", "two")},
        }

    @pytest.mark.parametrize(
        ("creator", "caller", "sees", "cancels"),
        [
            ("one", "one", 200, 200),
            ("one", "two", 403, 403),
            ("one", "admin", 200, 403),
            ("one", "reader", 200, 403),
            ("one", "stranger", 403, 403),
            ("one", "root", 200, 200),
            ("admin", "admin", 200, 200),
            ("admin", "one", 403, 403),
            ("admin", "reader", 200, 403),
        ],
    )
    def test_see_and_cancel(self, callers: dict[str, Api], creator: str, caller: str, sees: int, cancels: int) -> None:
        path = f"/jobs/{callers[creator].check_in([]).json()['id']}"
        seen = callers[caller]("GET", path)
        assert seen.status_code == sees
        if sees == 403:
            assert seen.json()["displayMessage"] == "Insufficient permissions"
        assert callers[caller]("DELETE", path).status_code == cancels

    def test_the_list(self, callers: dict[str, Api]) -> None:
        mine = callers["one"].check_in([]).json()["id"]
        callers["admin"].check_in([], owner="other")
        ids = {name: [job["id"] for job in callers[name]("GET", "/jobs").json()] for name in callers}
        assert ids["one"] == [mine]
        assert ids["two"] == []
        assert ids["reader"] == [mine]
        assert len(ids["admin"]) == len(ids["root"]) == 2
        assert len(callers["root"]("GET", "/jobs", params={"owner": "other"}).json()) == 1
        assert len(callers["root"]("GET", "/jobs", params={"state": ["FINISHED", "FAILED"]}).json()) == 0
        assert len(callers["root"]("GET", "/jobs", params={"state": "created"}).json()) == 2
        assert len(callers["root"]("GET", "/jobs", params={"after": "2999-01-01T00:00:00+0000"}).json()) == 0
        answer = callers["root"]("GET", "/jobs", params={"state": "SLEEPING"})
        assert (answer.status_code, answer.json()["displayMessage"]) == (404, "Unknown job states: [SLEEPING]")

    def test_the_scheduler_is_the_administrators(self, callers: dict[str, Api]) -> None:
        assert callers["admin"]("POST", "/jobs/scheduler", params={"running": "true"}).status_code == 403
        assert callers["root"]("GET", "/jobs/scheduler").json() == {"isRunning": False}
        job = callers["one"].check_in([]).json()
        assert callers["root"]("POST", "/jobs/scheduler", params={"running": "true"}).json() == {"isRunning": True}
        callers["root"].server.jobs.settle()
        assert callers["one"].job(job["id"])["state"] == "FINISHED"


class TestRetention:
    """What is forgotten, and when."""

    def test_an_unknown_job(self, api: Api) -> None:
        answer = api("GET", "/jobs/nothing")
        assert (answer.status_code, answer.json()["displayMessage"]) == (
            404,
            "AsyncJobStatus with ID(s) nothing could not be found.",
        )

    def test_ended_jobs_are_forgotten_after_a_week(self, api: Api) -> None:
        job = api.result([])
        api.server.state.clock.advance(6.5 * DAY)
        assert api.job(job["id"])["state"] == "FINISHED"
        api.server.state.clock.advance(2 * DAY)
        assert api("GET", f"/jobs/{job['id']}").status_code == 404

    @pytest.mark.parametrize(("pace", "days"), [({"paused": True}, 3), ({"run_time": math.inf}, 2)])
    def test_stuck_jobs_are_given_up(self, api: Api, pace: dict[str, t.Any], days: int) -> None:
        api.server.jobs.configure(**pace)
        job = api.check_in([]).json()
        if "run_time" in pace:
            wait_for_state(api, job["id"], "RUNNING")
        assert api.job(job["id"])["state"] != "FAILED"
        api.server.state.clock.advance((days + 1) * DAY)
        assert api.job(job["id"])["state"] == "FAILED"
        assert api.check_in([]).json()["state"] == "CREATED"
