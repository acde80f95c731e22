# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Lists: the hypervisors of an organization, consumers, the organizations of a user."""

from __future__ import annotations

import re

import pytest
from ansible_collections.virtmap.core.tests.servers.candlepin import CandlepinServer
from ansible_collections.virtmap.core.tests.servers.candlepin.checkin import Options, check_in
from ansible_collections.virtmap.core.tests.servers.candlepin.model import ReportedHost
from ansible_collections.virtmap.core.tests.unit.servers.candlepin.candlepin_client import Api, host

PATH = "/owners/acme/hypervisors"
TOO_MANY = "This endpoint does not support returning more than 3000 results at a time, please use paging."


def fill(server: CandlepinServer, count: int) -> None:
    """Report so many hosts, one after the other."""
    for number in range(count):
        host_ = ReportedHost(f"h{number:04}", f"esx{number:04}")
        check_in(server.state, server.state.owners["acme"], [host_], Options())


def shown(api: Api, **query: object) -> list[str]:
    return [one["name"] for one in api("GET", PATH, params=query).json()]


class TestHypervisors:
    """GET /owners/{key}/hypervisors."""

    def test_elements(self, api: Api) -> None:
        api.result([host("H1", "esx1", ["g1"], {"a": "1"})], reporter_id="r1")
        register = api("POST", "/consumers?owner=acme", {"type": "system", "name": "no-hypervisor"})
        assert register.status_code == 200
        (element,) = api("GET", PATH).json()
        assert not {"facts", "idCert"} & set(element)
        assert element["hypervisorId"]["hypervisorId"] == "h1"
        assert element["hypervisorId"]["reporterId"] == "r1"
        assert element["lastCheckin"] is not None
        assert element["type"]["label"] == "hypervisor"

    def test_the_filter_has_no_case(self, api: Api) -> None:
        fill(api.server, 4)
        assert sorted(shown(api, hypervisor_id=["H0001", "h0003", "nothing"])) == ["esx0001", "esx0003"]
        assert shown(api, hypervisor_id="nothing") == []

    def test_consumers_may_not(self, server: CandlepinServer) -> None:
        answer = Api(server, pair=server.register("acme").pair)("GET", PATH)
        assert (answer.status_code, answer.json()["displayMessage"]) == (403, "Insufficient permissions")

    def test_pages(self, api: Api) -> None:
        fill(api.server, 25)
        everything = [f"esx{number:04}" for number in range(25)]
        assert shown(api, page=1) == everything[:-11:-1]
        assert shown(api, page=3, per_page=10, order="asc") == everything[20:]
        assert shown(api, page=2, per_page=7, order="asc", sort_by="name") == everything[7:14]
        assert shown(api, page=9) == []
        assert len(shown(api)) == 25
        answer = api(
            "GET", PATH, params={"page": 2, "per_page": 10, "hypervisor_id": ["h0001", "h0002"], "order": "asc"}
        )
        assert answer.headers["X-total-count"] == "2"
        answer = api("GET", PATH, params={"page": 2, "per_page": 10, "order": "asc"})
        assert answer.headers["X-total-count"] == "25"
        links = {rel: url for url, rel in re.findall(r'<([^>]+)>; rel="(\w+)"', answer.headers["Link"])}
        assert set(links) == {"first", "prev", "next", "last"}
        assert links["next"] == f"{api.server.api}{PATH}?order=asc&page=3&per_page=10"
        followed = api.session.get(links["next"], timeout=10).json()
        assert [one["name"] for one in followed] == everything[20:]

    @pytest.mark.parametrize(
        "query", [{"page": 0}, {"page": "x"}, {"per_page": 3001}, {"page": 1, "sort_by": "colour"}, {"order": "up"}]
    )
    def test_bad_paging(self, api: Api, query: dict[str, object]) -> None:
        assert api("GET", PATH, params=query).status_code == 400

    def test_more_than_3000_need_pages(self, api: Api) -> None:
        fill(api.server, 3001)
        answer = api("GET", PATH)
        assert (answer.status_code, answer.json()["displayMessage"]) == (400, TOO_MANY)
        assert len(shown(api, page=1, per_page=3000)) == 3000
        assert len(shown(api, page=2, per_page=3000)) == 1


class TestSearch:
    """GET /consumers."""

    def test_criteria(self, api: Api) -> None:
        fill(api.server, 3)
        uuid = api.server.register("acme", "plain").uuid
        api.server.register("other", "far")

        def found(**query: object) -> list[str]:
            return sorted(one["name"] for one in api("GET", "/consumers", params=query).json())

        assert found(owner="acme", type="hypervisor") == ["esx0000", "esx0001", "esx0002"]
        assert found(type="system") == ["far", "plain"]
        assert found(uuid=uuid) == ["plain"]
        assert found(owner="acme", hypervisor_id=["H0001"]) == ["esx0001"]
        assert api("GET", "/consumers").status_code == 400
        assert api("GET", "/consumers", params={"owner": "nobody"}).status_code == 404


class TestOwners:
    """GET /users/{login}/owners and GET /consumers/{uuid}/owner."""

    def test_of_a_user(self, server: CandlepinServer) -> None:
        server.state.add_user("one", "p", {"other": "read_only"})
        server.state.add_user("none", "p", {})
        server.state.add_user("root", "p", super_admin=True)

        def keys(caller: str, login: str) -> list[str]:
            return [one["key"] for one in Api(server, (caller, "p"))("GET", f"/users/{login}/owners").json()]

        assert keys("one", "one") == ["other"]
        assert keys("none", "none") == []
        assert keys("root", "root") == ["acme", "other"]
        assert keys("root", "one") == ["other"]
        assert Api(server, ("one", "p"))("GET", "/users/root/owners").status_code == 403

    def test_of_a_consumer(self, server: CandlepinServer) -> None:
        registered = server.register("other")
        document = Api(server, pair=registered.pair)("GET", f"/consumers/{registered.uuid}/owner").json()
        assert document["key"] == "other"
        assert document["href"] == "/owners/other"
