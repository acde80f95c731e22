# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Status, resources, headers, suspend mode, and what the flavours differ in."""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible_collections.virtmap.core.tests.servers.candlepin import (
    FLAVOURS,
    CandlepinServer,
    api_error,
    gone_elsewhere,
    user_service_down,
)
from ansible_collections.virtmap.core.tests.unit.servers.candlepin.candlepin_client import Api

STATUS_MEMBERS = {
    "mode",
    "modeReason",
    "modeChangeTime",
    "result",
    "version",
    "release",
    "standalone",
    "timeUTC",
    "rulesSource",
    "rulesVersion",
    "managerCapabilities",
    "keycloakRealm",
    "keycloakAuthUrl",
    "keycloakResource",
    "deviceAuthRealm",
    "deviceAuthUrl",
    "deviceAuthClientId",
    "deviceAuthScope",
}


@pytest.mark.parametrize(
    ("flavour", "prefix", "asynchronous", "heartbeat", "standalone", "version"),
    [
        ("plain", "/candlepin", True, True, True, "4.7.5"),
        ("hosted", "/subscription", True, True, False, "5.0.3"),
        ("katello", "/rhsm", True, True, True, "4.7.4"),
        ("candlepin3", "/candlepin", True, True, True, "3.1.31"),
        ("candlepin2", "/candlepin", True, True, True, "2.9.32"),
        ("katello2", "/rhsm", True, True, True, "2.9.32"),
        ("sam", "/sam/api", False, False, True, "0.9.54.25"),
    ],
)
def test_flavours(
    make: t.Callable[..., CandlepinServer],
    flavour: str,
    prefix: str,
    asynchronous: bool,
    heartbeat: bool,
    standalone: bool,
    version: str,
) -> None:
    server = make(flavour)
    assert server.api == f"{server.url}{prefix}"
    document = Api(server)("GET", "/status/").json()
    assert set(document) == STATUS_MEMBERS
    assert ("hypervisors_async" in document["managerCapabilities"]) is asynchronous
    assert ("hypervisors_heartbeat" in document["managerCapabilities"]) is heartbeat
    assert (document["standalone"], document["version"], document["result"]) == (standalone, version, True)
    assert document["mode"] == "NORMAL"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000", document["timeUTC"])


def test_every_flavour_is_in_the_table() -> None:
    assert set(FLAVOURS) == {"plain", "hosted", "katello", "candlepin3", "candlepin2", "katello2", "sam"}


def test_another_prefix(make: t.Callable[..., CandlepinServer]) -> None:
    server = make("sam", prefix="/sam2/")
    assert Api(server)("GET", "/status").status_code == 200
    assert server.api.endswith("/sam2")


def test_capabilities_can_be_hidden(server: CandlepinServer) -> None:
    server.state.settings.capabilities -= {"hypervisors_heartbeat"}
    assert "hypervisors_heartbeat" not in Api(server)("GET", "/status").json()["managerCapabilities"]


def test_the_root_lists_resources(server: CandlepinServer) -> None:
    document = {entry["rel"]: entry["href"] for entry in Api(server)("GET", "/").json()}
    assert document["guestids"] == "/consumers/{consumer_uuid}/guestids"
    assert document["hypervisors"] == "/hypervisors"
    assert {"consumers", "owners", "jobs", "status", "content_overrides"} <= set(document)
    assert not {"environments", "packages"} & set(document)


class TestSuspendMode:
    """Everything but the status is away."""

    def test_503(self, api: Api) -> None:
        api.server.state.settings.mode = "SUSPEND"
        message = "Candlepin is in Suspend mode, please check /status resource to get more details"
        for answer in (api.check_in([]), api("GET", "/"), Api(api.server)("GET", "/jobs/x"), api("GET", "/nothing")):
            assert (answer.status_code, answer.json()["displayMessage"]) == (503, message)
        document = api("GET", "/status").json()
        assert (document["mode"], document["result"]) == ("SUSPEND", False)

    def test_a_dead_database_is_a_false_result_too(self, api: Api) -> None:
        api.server.state.settings.healthy = False
        document = api("GET", "/status").json()
        assert (document["mode"], document["result"]) == ("NORMAL", False)


class TestHeaders:
    """What comes with every answer."""

    def test_success(self, api: Api) -> None:
        answer = api("GET", "/status")
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", answer.headers["x-candlepin-request-uuid"])
        assert answer.headers["X-Version"] == "4.7.5-1"
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Transfer-Encoding"] == "chunked"
        assert "Date" in answer.headers

    def test_errors_say_the_version_twice(self, api: Api) -> None:
        assert api("GET", "/jobs/x").headers["X-Version"] == "4.7.5-1, 4.7.5-1"

    @pytest.mark.parametrize(("flavour", "alphabetical"), [("plain", True), ("candlepin2", False)])
    def test_the_order_of_members(
        self, make: t.Callable[..., CandlepinServer], flavour: str, alphabetical: bool
    ) -> None:
        members = list(Api(make(flavour))("GET", "/status").json())
        assert (members == sorted(members)) is alphabetical

    @pytest.mark.parametrize(
        ("method", "path", "status"), [("GET", "/nothing", 404), ("PATCH", "/jobs/x", 405), ("PUT", "/status", 405)]
    )
    def test_unknown_routes(self, api: Api, method: str, path: str, status: int) -> None:
        answer = api(method, path)
        assert answer.status_code == status
        assert answer.json()["displayMessage"].startswith("Runtime Error ")

    def test_connections_are_kept(self, api: Api) -> None:
        for _number in range(3):
            api("GET", "/status")
            api("GET", "/nothing")
        assert api.server.log.used_connections() == {1}


class TestFaults:
    """Misbehaviour in the API's own words."""

    def test_gone_about_somebody_else(self, server: CandlepinServer) -> None:
        reporter = server.register("acme")
        server.faults.add(gone_elsewhere(), path=r".*/hypervisors/.*")
        answer = Api(server, pair=reporter.pair).check_in([])
        assert answer.status_code == 410
        assert answer.json()["deletedId"] != reporter.uuid
        assert answer.json()["deletedId"] in answer.json()["displayMessage"]

    def test_words(self, api: Api) -> None:
        api.server.faults.add(user_service_down())
        api.server.faults.add(api_error(429, "slow down", [("Retry-After", "7")]))
        first, second = api.check_in([]), api.check_in([])
        assert (first.status_code, first.json()["displayMessage"]) == (503, "Error contacting user service")
        assert (second.status_code, second.headers["Retry-After"]) == (429, "7")
        assert api.check_in([]).status_code == 200
