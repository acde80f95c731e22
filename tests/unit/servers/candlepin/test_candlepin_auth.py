# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Who is let in, and what for."""

from __future__ import annotations

import typing as t

import pytest
import requests
from ansible_collections.virtmap.core.tests.servers.candlepin import CandlepinServer
from ansible_collections.virtmap.core.tests.unit.servers.candlepin.candlepin_client import TEXT, Api, host


def refused(answer: requests.Response, status: int, message: str) -> None:
    assert (answer.status_code, answer.json()["displayMessage"]) == (status, message)
    assert answer.json()["requestUuid"] == answer.headers["x-candlepin-request-uuid"]


class TestBasic:
    """User name and password."""

    @pytest.mark.parametrize("user", [("admin", "wrong"), ("nobody", "secret"), ("admin", "")])
    def test_wrong_credentials_end_it(self, server: CandlepinServer, user: tuple[str, str]) -> None:
        answer = Api(server, user).check_in([])
        refused(answer, 401, "Invalid Credentials")
        assert answer.headers["WWW-Authenticate"] == "Basic Realm=candlepin"

    def test_wrong_credentials_are_not_saved_by_a_certificate(self, server: CandlepinServer) -> None:
        reporter = server.register("acme")
        refused(Api(server, ("admin", "wrong"), reporter.pair).check_in([]), 401, "Invalid Credentials")

    def test_the_scheme_has_no_case_and_the_password_may_have_colons(self, server: CandlepinServer) -> None:
        server.state.add_user("u", "p:w")
        answer = Api(server)(
            "POST", "/hypervisors/acme", {"hypervisors": []}, headers={**TEXT, "Authorization": "bAsIc dTpwOnc="}
        )
        assert answer.status_code == 200

    @pytest.mark.parametrize("header", ["Basic ???", "Basic", "Basic bm9jb2xvbg=="])
    def test_nonsense(self, server: CandlepinServer, header: str) -> None:
        refused(Api(server)("GET", "/jobs", headers={"Authorization": header}), 401, "Invalid Credentials")


class TestCertificate:
    """Consumers."""

    def test_a_consumer_reports_to_its_own_organization(self, server: CandlepinServer) -> None:
        reporter = server.register("acme")
        before = reporter.consumer.last_checkin
        job = Api(server, pair=reporter.pair).result([host("h1")])
        assert job["principal"] == reporter.uuid
        assert server.state.hypervisors_of("acme")["h1"].username is None
        # It has checked in itself, too.
        assert reporter.consumer.last_checkin is not None
        assert before is not None
        assert reporter.consumer.last_checkin > before

    def test_another_organization_does_not_exist_for_it(self, server: CandlepinServer) -> None:
        answer = Api(server, pair=server.register("acme").pair).check_in([], owner="other")
        refused(answer, 404, "Owner with ID(s) other could not be found.")

    def test_a_deleted_consumer_gets_410_everywhere(self, server: CandlepinServer) -> None:
        reporter = server.register("acme")
        server.state.delete(reporter.consumer)
        api = Api(server, pair=reporter.pair)
        for answer in (api.check_in([]), api("GET", "/jobs/x"), api("GET", f"/consumers/{reporter.uuid}")):
            refused(answer, 410, f"Unit {reporter.uuid} has been deleted")
            assert answer.json()["deletedId"] == reporter.uuid

    def test_an_unknown_uuid(self, server: CandlepinServer) -> None:
        pair = server.ca.issue_client("8d1f0b0e-0000-4000-8000-000000000000", "acme")
        refused(Api(server, pair=pair).check_in([]), 401, "Invalid Credentials")

    def test_a_content_certificate(self, server: CandlepinServer) -> None:
        reporter = server.register("acme")
        pair = server.content_certificate(reporter.consumer)
        refused(Api(server, pair=pair).check_in([]), 401, "Invalid Certificate Type")

    def test_an_expired_one_does_not_get_through_tls(self, server: CandlepinServer) -> None:
        reporter = server.register("acme", expired=True)
        with pytest.raises(requests.ConnectionError):
            Api(server, pair=reporter.pair).check_in([])
        assert server.log.entries == []


class TestNobody:
    """No credential at all."""

    def test_with_tls(self, server: CandlepinServer) -> None:
        refused(Api(server).check_in([]), 401, "Invalid Credentials")

    def test_without_tls(self, make: t.Callable[..., CandlepinServer]) -> None:
        server = make(tls=None)
        refused(Api(server).check_in([]), 400, "Please use SSL when accessing protected resources")
        assert Api(server, ("admin", "secret")).check_in([]).status_code == 200

    @pytest.mark.parametrize("path", ["/", "", "/status", "/status/"])
    def test_what_needs_none_does_not_look_at_it(self, server: CandlepinServer, path: str) -> None:
        assert Api(server, ("admin", "wrong"))("GET", path).status_code == 200


class TestRights:
    """Users and organizations."""

    @pytest.mark.parametrize(
        ("right", "check_in", "listing"),
        [
            ("all", 200, 200),
            ("read_only", 200, 200),
            ("hypervisors", 200, 403),
            ("other", 403, 403),
            (None, 404, 404),
        ],
    )
    def test_table(self, server: CandlepinServer, right: str | None, check_in: int, listing: int) -> None:
        server.state.add_user("u", "p", {"acme": right} if right else {})
        api = Api(server, ("u", "p"))
        assert api.check_in([]).status_code == check_in
        assert api("PUT", "/hypervisors/acme/heartbeat", params={"reporter_id": "r"}).status_code == check_in
        assert api("GET", "/owners/acme/hypervisors").status_code == listing

    def test_a_super_admin_may_everything(self, server: CandlepinServer) -> None:
        server.state.add_user("root", "p", super_admin=True)
        assert Api(server, ("root", "p")).check_in([]).status_code == 200

    def test_the_key_is_case_sensitive(self, api: Api) -> None:
        refused(api.check_in([], owner="Acme"), 404, "Owner with ID(s) Acme could not be found.")

    def test_keys_are_decoded(self, make: t.Callable[..., CandlepinServer]) -> None:
        api = Api(make(owners=["a b/\u00e9"]), ("admin", "secret"))
        assert api("POST", "/hypervisors/a%20b%2F%C3%A9", {"hypervisors": []}, headers=TEXT).status_code == 200

    def test_order_of_checks(self, server: CandlepinServer) -> None:
        server.state.add_user("u", "p", {"acme": "other"})
        nonsense = b"no json"
        assert Api(server).check_in(None, "nobody", raw=nonsense).status_code == 401
        api = Api(server, ("u", "p"))
        assert api.check_in(None, "nobody", raw=nonsense).status_code == 404
        assert api.check_in(None, "acme", raw=nonsense).status_code == 403
        assert Api(server, ("admin", "secret")).check_in(None, "acme", raw=nonsense).status_code == 400


class TestTrustedHeaders:
    """How a front end speaks for others, where it is switched on."""

    def ask(self, server: CandlepinServer, **headers: str) -> requests.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Api(server)("POST", "/hypervisors/acme", {"hypervisors": []}, headers={**TEXT, **named})

    def test_off(self, server: CandlepinServer) -> None:
        assert self.ask(server, cp_user="anybody").status_code == 401

    def test_on(self, server: CandlepinServer) -> None:
        server.state.settings.trusted_headers = True
        server.state.add_user("u", "p", {"acme": "other"})
        uuid = server.register("acme").uuid
        assert self.ask(server, cp_consumer=uuid).json()["principal"] == uuid
        server.jobs.settle()
        assert self.ask(server, cp_user="anybody").json()["principal"] == "anybody"
        assert self.ask(server, cp_user="u", cp_lookup_permissions="true").status_code == 403
        assert self.ask(server).status_code == 401
