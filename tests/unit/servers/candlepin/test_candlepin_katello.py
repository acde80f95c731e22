# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Katello in front: routes, rights, error shapes, what is passed on and what is not."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.virtmap.core.tests.servers.candlepin import CandlepinServer
from ansible_collections.virtmap.core.tests.unit.servers.candlepin.candlepin_client import Api, host, names, outcome


@pytest.fixture(name="katello")
def katello_fixture(make: t.Callable[..., CandlepinServer]) -> CandlepinServer:
    return make("katello")


@pytest.fixture(name="user")
def user_fixture(katello: CandlepinServer) -> Api:
    return Api(katello, ("admin", "secret"))


@pytest.fixture(name="reporter")
def reporter_fixture(katello: CandlepinServer) -> Api:
    return Api(katello, pair=katello.register("acme").pair)


def own_error(answer: t.Any, status: int, text: str) -> None:
    """Katello's shape."""
    assert (answer.status_code, answer.json()) == (status, {"displayMessage": text, "errors": [text]})
    assert "X-Version" not in answer.headers
    assert answer.headers["X-CANDLEPIN-VERSION"] == "katello/4.7.4"


class TestCheckIn:
    """POST /rhsm/hypervisors/{owner}."""

    def test_it_is_passed_on_with_the_reporter_alone(self, reporter: Api) -> None:
        job = reporter.result([host("h1", "esx1")], reporter_id="r&1", create_missing="false", env="x")
        assert names(job["resultData"]) == outcome(created=["esx1"])
        stored = reporter.server.state.hypervisors_of("acme")["h1"]
        assert stored.hypervisor is not None
        assert stored.hypervisor.reporter_id == "r&1"

    @pytest.mark.parametrize(("flavour", "identifier"), [("katello", 32), ("katello2", 54)])
    def test_katello_says_200_whatever_its_candlepin_says(
        self, make: t.Callable[..., CandlepinServer], flavour: str, identifier: int
    ) -> None:
        api = Api(make(flavour), ("admin", "secret"))
        answer = api.check_in([])
        assert (answer.status_code, len(answer.json()["id"])) == (200, identifier)
        answer = api("PUT", "/hypervisors/acme/heartbeat", params={"reporter_id": "r"})
        assert answer.status_code == 200

    def test_the_principal_is_the_login(self, user: Api) -> None:
        assert user.result([host("h1")])["principal"] == "admin"
        assert user.server.state.hypervisors_of("acme")["h1"].username == "admin"

    def test_errors_of_candlepin_are_relayed(self, reporter: Api) -> None:
        answer = reporter.check_in(None, raw=b"{}")
        assert answer.status_code == 400
        assert set(answer.json()) == {"displayMessage", "requestUuid"}
        assert answer.headers["X-Version"] == "4.7.4-1, 4.7.4-1"
        wrong = reporter.check_in([], owner="nobody")
        assert (wrong.status_code, wrong.json()["displayMessage"]) == (
            404,
            "Owner with ID(s) nobody could not be found.",
        )

    def test_an_unknown_label_is_katellos_own_403_for_a_user(self, user: Api) -> None:
        own_error(user.check_in([], owner="nobody"), 403, "Access denied")

    @pytest.mark.parametrize(
        ("permissions", "check_in", "heartbeat"),
        [({"create_hosts"}, 200, 403), ({"edit_hosts"}, 200, 200), (set(), 403, 403)],
    )
    def test_permissions(self, katello: CandlepinServer, permissions: set[str], check_in: int, heartbeat: int) -> None:
        katello.state.add_user("u", "p", {"acme": "all"}, permissions=frozenset(permissions))
        api = Api(katello, ("u", "p"))
        assert api.check_in([]).status_code == check_in
        assert api("PUT", "/hypervisors/acme/heartbeat", params={"reporter_id": "r"}).status_code == heartbeat

    def test_the_sync_form_is_routed_and_fails_behind(self, user: Api, make: t.Callable[..., CandlepinServer]) -> None:
        assert user("POST", "/hypervisors?owner=acme&env=1", {"h1": ["g1"]}).status_code == 404
        assert user("POST", "/hypervisors?owner=acme", {}, headers={"Content-Type": "text/plain"}).status_code == 415
        old = Api(make("katello2"), ("admin", "secret"))
        answer = old("POST", "/hypervisors?owner=acme&env=1", {"h1": ["g1"]})
        assert (answer.status_code, names(answer.json())) == (200, outcome(created=["h1"]))


class TestHeartbeat:
    """PUT /rhsm/hypervisors/{owner}/heartbeat."""

    def test_errors(self, user: Api, katello: CandlepinServer) -> None:
        query = {"reporter_id": "r"}
        own_error(
            user("PUT", "/hypervisors/nobody/heartbeat", params=query), 404, "Couldn't find Organization 'nobody'."
        )
        katello.state.add_user("far", "p", {"other": "all"})
        answer = Api(katello, ("far", "p"))("PUT", "/hypervisors/acme/heartbeat", params=query)
        own_error(answer, 404, "User 'far' does not belong to Organization 'acme'.")
        answer = user("PUT", "/hypervisors/acme/heartbeat", params=query, headers={"Content-Type": "text/plain"})
        assert answer.status_code == 415
        assert "displayMessage" not in answer.json()
        assert user("PUT", "/hypervisors/acme/heartbeat").json()["displayMessage"] == ("reporter_id is absent or empty")


class TestCallers:
    """Who is let in, and how others are refused."""

    @pytest.mark.parametrize("credential", [("admin", "wrong"), ("nobody", "x"), None])
    def test_a_bad_login_has_no_display_message(self, katello: CandlepinServer, credential: t.Any) -> None:
        answer = Api(katello, credential).check_in([])
        name = credential[0] if credential else ""
        assert answer.status_code == 401
        assert answer.json() == {"error": {"message": f"Unable to authenticate user {name}"}}

    def test_a_deleted_consumer_is_410(self, katello: CandlepinServer) -> None:
        registered = katello.register("acme")
        katello.state.delete(registered.consumer)
        answer = Api(katello, pair=registered.pair).check_in([])
        assert (answer.status_code, answer.json()["deletedId"]) == (410, registered.uuid)

    def test_a_certificate_goes_before_a_password(self, katello: CandlepinServer) -> None:
        registered = katello.register("acme")
        assert Api(katello, ("admin", "wrong"), registered.pair).check_in([]).status_code == 200

    def test_candlepin_is_down(self, user: Api) -> None:
        user.server.state.settings.candlepin_down = True
        for answer in (user.check_in([]), user("GET", "/status")):
            assert answer.status_code == 500
            assert "X-Version" not in answer.headers


class TestDiscovery:
    """What it says of itself."""

    def test_root(self, katello: CandlepinServer) -> None:
        document = {entry["rel"]: entry["href"] for entry in Api(katello)("GET", "").json()}
        assert {"hypervisors", "guestids", "heartbeat"} <= set(document)
        assert all(href.startswith("/rhsm/") for href in document.values())

    def test_status_is_candlepins_with_one_capability_more(self, katello: CandlepinServer) -> None:
        assert "combined_reporting" in Api(katello)("GET", "/status/").json()["managerCapabilities"]

    def test_status_is_cached(self, katello: CandlepinServer) -> None:
        api = Api(katello)
        katello.state.settings.status_cache = 180
        assert api("GET", "/status").json()["mode"] == "NORMAL"
        katello.state.settings.mode = "SUSPEND"
        assert api("GET", "/status").json()["mode"] == "NORMAL"
        katello.state.clock.advance(181)
        assert api("GET", "/status").json()["mode"] == "SUSPEND"

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("DELETE", "/jobs/x"),
            ("GET", "/owners/acme/hypervisors"),
            ("GET", "/consumers/x/guests"),
            ("GET", "/consumers/x/host"),
            ("GET", "/jobs"),
        ],
    )
    def test_what_is_not_routed(self, user: Api, method: str, path: str) -> None:
        answer = user(method, path)
        assert answer.status_code == 404
        assert "displayMessage" not in answer.json()


class TestConsumers:
    """The local mode and registration through Katello."""

    def test_local_mode(self, katello: CandlepinServer) -> None:
        registered = katello.register("acme")
        api, path = Api(katello, pair=registered.pair), f"/consumers/{registered.uuid}"
        answer = api("PUT", path, {"guestIds": ["g1"], "hypervisorId": {"hypervisorId": "mine"}, "facts": {"a": "1"}})
        assert (answer.status_code, answer.json()) == (200, {"content": "Facts successfully updated."})
        assert registered.consumer.hypervisor is None
        assert registered.consumer.facts == {"a": "1"}
        assert [row["guestId"] for row in api("GET", path + "/guestids").json()] == ["g1"]
        # 204 of Candlepin becomes 200.
        assert api("PUT", path + "/guestids", ["g2"]).status_code == 200
        assert api("DELETE", path + "/guestids/g2").status_code == 200
        assert api("GET", path + "/owner").json()["key"] == "acme"
        assert api("PUT", path, {"guestIds": [None]}).status_code == 400

    def test_guest_rows_are_for_the_consumer_alone(self, katello: CandlepinServer, user: Api) -> None:
        one, two = katello.register("acme"), katello.register("acme")
        own_error(user("GET", f"/consumers/{one.uuid}/guestids"), 403, "Access denied")
        own_error(Api(katello, pair=two.pair)("GET", f"/consumers/{one.uuid}/guestids"), 403, "Access denied")

    def test_registration_and_unregistration(self, user: Api) -> None:
        body = {"type": "system", "name": "web1.example.com"}
        own_error(user("POST", "/consumers?owner=nobody", body), 404, "Couldn't find Organization 'nobody'.")
        document = user("POST", "/consumers?owner=acme", body).json()
        assert document["idCert"]["cert"].startswith("-----BEGIN CERTIFICATE-----")
        assert user("GET", f"/consumers/{document['uuid']}").json()["name"] == "web1.example.com"

    def test_a_consumer_leaves(self, katello: CandlepinServer) -> None:
        registered = katello.register("acme")
        api = Api(katello, pair=registered.pair)
        assert api("DELETE", f"/consumers/{registered.uuid}").status_code == 204
        assert api.check_in([]).status_code == 410

    def test_owners_of_a_user(self, user: Api) -> None:
        assert user("GET", "/users/admin/owners").json() == [
            {"key": "acme", "displayName": "acme"},
            {"key": "other", "displayName": "other"},
        ]

    def test_a_users_job_by_another_user(self, user: Api, katello: CandlepinServer) -> None:
        katello.state.add_user("second", "p")
        job = user.result([])
        assert Api(katello, ("second", "p")).job(job["id"])["principal"] == "admin"
