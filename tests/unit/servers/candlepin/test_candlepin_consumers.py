# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Consumers: registration, the local mode, guest rows, deletion."""

from __future__ import annotations

import datetime
import typing as t

import pytest
import requests
from ansible_collections.virtmap.core.tests.servers.candlepin import CandlepinServer
from ansible_collections.virtmap.core.tests.unit.servers.candlepin.candlepin_client import Api, guest, host
from cryptography import x509

UUID = "9705DF9F-76D4-4343-BF10-229E8692ECEE"
CONSUMER_MEMBERS = {
    "activationKeys",
    "addOns",
    "annotations",
    "autoheal",
    "canActivate",
    "capabilities",
    "contentAccessMode",
    "contentTags",
    "created",
    "entitlementCount",
    "entitlementStatus",
    "environment",
    "environments",
    "facts",
    "guestIds",
    "href",
    "hypervisorId",
    "id",
    "idCert",
    "installedProducts",
    "lastCheckin",
    "name",
    "owner",
    "registrationAuthenticationMethod",
    "releaseVer",
    "role",
    "serviceLevel",
    "serviceType",
    "systemPurposeStatus",
    "type",
    "updated",
    "usage",
    "username",
    "uuid",
}


def message(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["displayMessage"]


def register(api: Api, owner: str | None = "acme", query: dict[str, str] | None = None, **body: t.Any) -> t.Any:
    """POST /consumers."""
    parameters = {**({"owner": owner} if owner else {}), **(query or {})}
    return api("POST", "/consumers", {"type": "system", "name": "web1.example.com", **body}, params=parameters)


class TestRegistration:
    """POST /consumers."""

    def test_the_document(self, api: Api) -> None:
        answer = register(api, facts={"uname.machine": "x86_64"}, type={"label": "system"}, role="Server")
        document = answer.json()
        assert answer.status_code == 200
        assert set(document) == CONSUMER_MEMBERS
        assert document["type"]["label"] == "system"
        assert document["type"]["manifest"] is False
        assert (document["username"], document["role"], document["guestIds"]) == ("admin", "Server", [])
        assert set(document["owner"]) == {"anonymous", "contentAccessMode", "displayName", "href", "id", "key"}
        assert document["owner"]["key"] == "acme"
        assert document["hypervisorId"] is None
        assert api("GET", f"/consumers/{document['uuid']}").json() == document

    def test_the_certificate_lets_the_consumer_in(self, api: Api, tmp_path: t.Any) -> None:
        document = register(api).json()
        identity = document["idCert"]
        certificate = x509.load_pem_x509_certificate(identity["cert"].encode())
        assert certificate.subject.rfc4514_string() == f"O=acme,CN={document['uuid']}"
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert [name.value.rfc4514_string() for name in names] == ["CN=web1.example.com", f"CN={document['uuid']}"]
        span = certificate.not_valid_after_utc - certificate.not_valid_before_utc
        assert span == datetime.timedelta(days=5 * 365, hours=1)
        assert identity["serial"]["serial"] == certificate.serial_number
        assert set(identity) == {"id", "key", "cert", "serial", "created", "updated"}
        for name in ("cert", "key"):
            (tmp_path / name).write_text(identity[name])
        session = requests.Session()
        session.trust_env = False
        answer = session.get(
            f"{api.server.api}/consumers/{document['uuid']}/owner",
            cert=(str(tmp_path / "cert"), str(tmp_path / "key")),
            verify=str(api.server.ca.path),
            timeout=10,
        )
        assert answer.json()["key"] == "acme"

    def test_no_certificate_when_none_is_wanted(self, api: Api) -> None:
        assert register(api, query={"identity_cert_creation": "false"}).json()["idCert"] is None

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ({"type": None}, "Unit type must be specified."),
            ({"type": {}}, "Unit type must be specified."),
            ({"type": "toaster"}, "Invalid unit type: toaster"),
            ({"name": "#web1"}, "System name cannot begin with # character"),
            ({"name": "w" * 251}, "Name of the consumer should be shorter than 251 characters."),
            ({"name": "web 1"}, "System name cannot contain most special characters."),
            ({"name": "web<1>"}, "System name cannot contain most special characters."),
        ],
    )
    def test_400(self, api: Api, body: dict[str, t.Any], expected: str) -> None:
        assert message(register(api, **body)) == (400, expected)
        assert api.server.state.consumers == {}

    def test_organizations(self, api: Api, server: CandlepinServer) -> None:
        assert message(register(api, "nobody")) == (400, "Organization nobody does not exist.")
        assert message(register(api, None)) == (400, "You must specify an organization for new units.")
        server.state.add_user("one", "p", {"acme": "all"})
        assert register(Api(server, ("one", "p")), None).json()["owner"]["key"] == "acme"
        assert message(register(Api(server, ("one", "p")), "other")) == (404, "owner with key: other was not found.")
        assert register(Api(server)).status_code == 401

    def test_activation_keys(self, server: CandlepinServer) -> None:
        server.state.owners["acme"].activation_keys = {"web", "db"}
        assert register(Api(server), query={"activation_keys": "web,db"}).json()["username"] is None
        assert register(Api(server), query={"activation_keys": "web,wrong"}).status_code == 401

    def test_no_manifest_types_for_subscription_manager(self, api: Api) -> None:
        body = {"type": "candlepin", "name": "satellite"}
        assert api("POST", "/consumers?owner=acme", body).json()["type"]["manifest"] is True
        headers = {"User-Agent": "RHSM/1.0 (cmd=subscription-manager)"}
        assert api("POST", "/consumers?owner=acme", body, headers=headers).status_code == 400

    def test_facts_are_sanitised(self, api: Api) -> None:
        facts = register(api, facts={"a": "v" * 300, "cpu.cpu(s)": "many"}).json()["facts"]
        assert facts == {"a": "v" * 252 + "..."}


class TestCoupling:
    """A registration and a reported hypervisor with the same system uuid are one."""

    def test_a_system_gets_its_system_uuid_as_hypervisor_id(self, api: Api) -> None:
        assert register(api, facts={"dmi.system.uuid": UUID}).json()["hypervisorId"]["hypervisorId"] == UUID.lower()

    def test_a_guest_does_not(self, api: Api) -> None:
        facts = {"dmi.system.uuid": UUID, "virt.is_guest": "true"}
        assert register(api, facts=facts).json()["hypervisorId"] is None

    def test_an_explicit_id_comes_first(self, api: Api) -> None:
        body = {"facts": {"dmi.system.uuid": UUID}, "hypervisorId": {"hypervisorId": "MINE"}}
        assert register(api, **body).json()["hypervisorId"]["hypervisorId"] == "mine"

    def test_a_reported_hypervisor_is_merged(self, api: Api) -> None:
        api.result([host(UUID, "esx1", ["g1"])], reporter_id="r1")
        reported = api.server.state.hypervisors_of("acme")[UUID.lower()]
        document = register(api, facts={"dmi.system.uuid": UUID}).json()
        assert document["uuid"] == reported.uuid
        assert document["type"]["label"] == "hypervisor"
        assert document["idCert"] is not None
        assert len(reported.guests) == 1


class TestLocalMode:
    """PUT /consumers/{uuid} by the host itself."""

    @pytest.fixture(name="local")
    def local_fixture(self, server: CandlepinServer) -> tuple[Api, str]:
        registered = server.register("acme", "kvm1.example.com")
        return Api(server, pair=registered.pair), f"/consumers/{registered.uuid}"

    def rows(self, local: tuple[Api, str]) -> list[str]:
        return [row["guestId"] for row in local[0]("GET", local[1] + "/guestids").json()]

    @pytest.mark.parametrize("guests", [["g1", "g2"], [guest("g1"), guest("g2")], ["g1", guest("g2"), ""]])
    def test_ids_or_objects(self, local: tuple[Api, str], guests: list[t.Any]) -> None:
        answer = local[0]("PUT", local[1], {"guestIds": guests})
        assert (answer.status_code, answer.content) == (204, b"")
        assert self.rows(local) == ["g1", "g2"]

    def test_only_what_is_sent_changes(self, local: tuple[Api, str]) -> None:
        api, path = local
        api("PUT", path, {"guestIds": ["g1"], "facts": {"a": "1"}, "hypervisorId": {"hypervisorId": "H1"}})
        before = api("GET", path).json()
        assert before["hypervisorId"]["hypervisorId"] == "h1"
        assert before["guestIds"] == []
        api("PUT", path, {"guestIds": ["g2"]})
        after = api("GET", path).json()
        assert (after["facts"], after["hypervisorId"]) == (before["facts"], before["hypervisorId"])
        assert self.rows(local) == ["g2"]
        api("PUT", path, {"guestIds": []})
        assert self.rows(local) == []

    def test_last_check_in_moves(self, local: tuple[Api, str]) -> None:
        consumer = next(iter(local[0].server.state.consumers.values()))
        before = consumer.last_checkin
        local[0]("PUT", local[1], {"guestIds": []})
        assert consumer.last_checkin is not None
        assert before is not None
        assert consumer.last_checkin > before

    @pytest.mark.parametrize("guests", [[None], ["g1", None], {}, [["g"]]])
    def test_bad_guests_are_400_and_change_nothing(self, local: tuple[Api, str], guests: t.Any) -> None:
        local[0]("PUT", local[1], {"guestIds": ["g1"]})
        assert local[0]("PUT", local[1], {"guestIds": guests, "facts": {"x": "y"}}).status_code == 400
        assert self.rows(local) == ["g1"]
        assert local[0]("GET", local[1]).json()["facts"] == {}

    def test_a_used_hypervisor_id(self, local: tuple[Api, str], api: Api) -> None:
        api.result([host("taken")])
        answer = local[0]("PUT", local[1], {"hypervisorId": {"hypervisorId": "TAKEN"}})
        assert answer.status_code == 400
        assert message(answer)[1].startswith("Problem updating unit ")
        assert message(answer)[1].endswith("Hypervisor id: TAKEN is already used.")

    def test_the_same_id_is_fine_and_an_empty_one_clears(self, local: tuple[Api, str]) -> None:
        for identifier, stored in (("h1", "h1"), ("H1", "h1"), ("", None)):
            assert local[0]("PUT", local[1], {"hypervisorId": {"hypervisorId": identifier}}).status_code == 204
            found = local[0]("GET", local[1]).json()["hypervisorId"]
            assert (found and found["hypervisorId"]) == stored

    def test_facts_are_sanitised(self, local: tuple[Api, str]) -> None:
        local[0]("PUT", local[1], {"facts": {"cpu.cpu_socket(s)": "two", "a": 1}})
        assert local[0]("GET", local[1]).json()["facts"] == {"a": "1"}

    def test_somebody_elses(self, local: tuple[Api, str], server: CandlepinServer) -> None:
        near, far = (server.register(owner).uuid for owner in ("acme", "other"))
        assert local[0]("PUT", f"/consumers/{near}", {}).status_code == 403
        assert message(local[0]("PUT", f"/consumers/{far}", {})) == (
            404,
            f"Consumer with ID(s) {far} could not be found.",
        )

    def test_json_only(self, local: tuple[Api, str]) -> None:
        assert local[0]("PUT", local[1], {}, headers={"Content-Type": "text/plain"}).status_code == 415


class TestGuestRows:
    """/consumers/{uuid}/guestids and what hangs on it."""

    @pytest.fixture(name="hosts")
    def hosts_fixture(self, api: Api) -> list[str]:
        api.result([host("h1", guests=["g1", "g2"]), host("h2", guests=["g3"])])
        stored = api.server.state.hypervisors_of("acme")
        return [f"/consumers/{stored[name].uuid}" for name in ("h1", "h2")]

    def ids(self, api: Api, path: str) -> list[str]:
        return [row["guestId"] for row in api("GET", path + "/guestids").json()]

    def test_the_list_has_no_attributes_and_one_row_has(self, api: Api, hosts: list[str]) -> None:
        rows = api("GET", hosts[0] + "/guestids").json()
        assert [set(row) for row in rows] == [{"created", "guestId", "id", "updated"}] * 2
        row = api("GET", hosts[0] + "/guestids/G1").json()
        assert row["attributes"] == {"virtWhoType": "libvirt", "active": "1"}
        assert message(api("GET", hosts[0] + "/guestids/g9")) == (404, "Guest with UUID g9 could not be found.")

    def test_replace(self, api: Api, hosts: list[str]) -> None:
        assert api("PUT", hosts[0] + "/guestids", [guest("g1"), guest("g4")]).status_code == 204
        assert self.ids(api, hosts[0]) == ["g1", "g4"]
        assert api("PUT", hosts[0] + "/guestids", []).status_code == 204
        assert self.ids(api, hosts[0]) == []

    def test_one_guest_moves(self, api: Api, hosts: list[str]) -> None:
        assert api("PUT", hosts[1] + "/guestids/g1", guest("G1", active=0)).status_code == 204
        assert self.ids(api, hosts[0]) == ["g2"]
        assert self.ids(api, hosts[1]) == ["g3", "G1"]
        assert message(api("PUT", hosts[1] + "/guestids/g2", guest("g1"))) == (
            400,
            'Guest ID in json "g1" does not match path guest ID "g2"',
        )

    def test_delete(self, api: Api, hosts: list[str]) -> None:
        assert api("DELETE", hosts[0] + "/guestids/g1").status_code == 204
        assert self.ids(api, hosts[0]) == ["g2"]
        assert api("DELETE", hosts[0] + "/guestids/g1").status_code == 404

    def test_unregistering_a_guest_is_not_for_consumers(self, api: Api, server: CandlepinServer) -> None:
        local = server.register("acme")
        caller = Api(server, pair=local.pair)
        caller("PUT", f"/consumers/{local.uuid}/guestids", ["g1"])
        vm = register(api, facts={"virt.is_guest": "true", "virt.uuid": "g1"}).json()["uuid"]
        path = f"/consumers/{local.uuid}/guestids/g1?unregister=true"
        assert caller("DELETE", path).status_code == 403
        assert api("DELETE", path).status_code == 204
        assert api("GET", f"/consumers/{vm}").status_code == 410

    def test_hosts_and_guests(self, api: Api, hosts: list[str]) -> None:
        vm = register(api, facts={"virt.is_guest": "true", "virt.uuid": "G1"}).json()["uuid"]
        lone = register(api, facts={"virt.is_guest": "true", "virt.uuid": "g9"}).json()["uuid"]
        metal = register(api).json()["uuid"]
        assert f"/consumers/{api('GET', f'/consumers/{vm}/host').json()['uuid']}" == hosts[0]
        found = api("GET", hosts[0] + "/guests").json()
        assert [one["uuid"] for one in found] == [vm]
        assert not {"facts", "idCert"} & set(found[0])
        assert api("GET", hosts[1] + "/guests").json() == []
        answer = api("GET", f"/consumers/{lone}/host")
        assert (answer.status_code, answer.content) == (204, b"")
        assert message(api("GET", f"/consumers/{metal}/host")) == (
            400,
            f"The system with UUID {metal} is not a virtual guest.",
        )
        assert message(api("GET", f"/consumers/{vm}/guests")) == (
            400,
            f"The system with UUID {vm} is a virtual guest. It does not have guests.",
        )


class TestDeletion:
    """DELETE /consumers/{uuid}."""

    def test_gone_for_ever(self, api: Api) -> None:
        api.result([host("h1", "esx1")])
        uuid = api.server.state.hypervisors_of("acme")["h1"].uuid
        assert api("DELETE", f"/consumers/{uuid}").status_code == 204
        answer = api("GET", f"/consumers/{uuid}")
        assert message(answer) == (410, f"Unit {uuid} has been deleted")
        assert answer.json()["deletedId"] == uuid
        # Its id is free again: the next report makes another consumer.
        created = api.result([host("h1", "esx1")])["resultData"]["created"]
        assert created[0]["uuid"] != uuid

    def test_rights(self, server: CandlepinServer) -> None:
        server.state.add_user("reader", "p", {"acme": "read_only"})
        local, near = server.register("acme"), server.register("acme")
        caller = Api(server, pair=local.pair)
        assert Api(server, ("reader", "p"))("DELETE", f"/consumers/{local.uuid}").status_code == 403
        assert caller("DELETE", f"/consumers/{near.uuid}").status_code == 403
        assert caller("DELETE", f"/consumers/{local.uuid}").status_code == 204
        assert caller("GET", "/jobs/x").status_code == 410

    def test_unknown(self, api: Api) -> None:
        assert message(api("GET", "/consumers/x")) == (404, "Consumer with ID(s) x could not be found.")
