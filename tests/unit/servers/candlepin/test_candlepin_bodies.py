# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Which bodies of a check-in the server takes."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.virtmap.core.tests.servers.candlepin import CandlepinServer
from ansible_collections.virtmap.core.tests.unit.servers.candlepin.candlepin_client import (
    TEXT,
    Api,
    guest,
    host,
    names,
    outcome,
)

NOTHING = "Host to guest mapping was not provided for hypervisor update."
INVALID = "Invalid host to guest mapping was provided for hypervisor update."
NOTHING_SYNC = "Host to guest mapping was not provided for hypervisor check-in."


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", NOTHING),
        (b"no json", INVALID),
        (b'{"hypervisors": [', INVALID),
        (b"\xff\xfe", INVALID),
        (b"null", INVALID),
        (b"[]", INVALID),
        (b'"text"', INVALID),
        (b"7", INVALID),
        (b"{}", INVALID),
        (b'{"hypervisors": null}', INVALID),
        (b'{"hypervisors": {}}', INVALID),
        (b'{"hypervisors": ["h1"]}', INVALID),
        (b'{"hypervisors": [{"hypervisorId": "h1"}]}', INVALID),
        (b'{"hypervisors": [{"hypervisorId": {"hypervisorId": {}}}]}', INVALID),
        (b'{"hypervisors": [{"hypervisorId": {"hypervisorId": "h"}, "name": {}}]}', INVALID),
        (b'{"hypervisors": [{"hypervisorId": {"hypervisorId": "h"}, "guestIds": {}}]}', INVALID),
        (b'{"hypervisors": [{"hypervisorId": {"hypervisorId": "h"}, "guestIds": ["g"]}]}', INVALID),
        (b'{"hypervisors": [{"hypervisorId": {"hypervisorId": "h"}, "guestIds": [{"state": 1}]}]}', INVALID),
        (b'{"hypervisors": [{"hypervisorId": {"hypervisorId": "h"}, "facts": []}]}', INVALID),
        (b'{"hypervisors": [{"hypervisorId": {"hypervisorId": "h"}, "facts": {"a": {"b": "c"}}}]}', INVALID),
        (
            b'{"hypervisors": [{"hypervisorId": {"hypervisorId": "h"}, '
            b'"guestIds": [{"guestId": "g", "attributes": {"a": []}}]}]}',
            INVALID,
        ),
    ],
)
def test_a_wrong_body_is_400_and_makes_no_job(api: Api, body: bytes, message: str) -> None:
    answer = api.check_in(None, raw=body)
    assert answer.status_code == 400
    assert answer.json()["displayMessage"] == message
    assert answer.json()["requestUuid"] == answer.headers["x-candlepin-request-uuid"]
    assert api.server.jobs.submitted == []


def test_an_empty_list_finishes_with_four_empty_lists(api: Api) -> None:
    job = api.result([])
    assert job["state"] == "FINISHED"
    assert list(job["resultData"].items()) == [
        ("created", []),
        ("updated", []),
        ("unchanged", []),
        ("failedUpdate", []),
    ]


def test_unknown_members_are_ignored(api: Api) -> None:
    report = {"owner": "x", "hypervisors": [{**host("h1", "esx1", ["g1"]), "uuid": "mine", "type": "system"}]}
    assert api.check_in(None, raw=json.dumps(report).encode(), env="", cloaked="False").status_code == 200
    api.server.jobs.settle()
    stored = api.server.state.hypervisors_of("acme")["h1"]
    assert stored.type == "hypervisor"
    assert stored.uuid != "mine"


def test_a_null_among_the_hosts_passes_and_fails_the_job(api: Api) -> None:
    job = api.result([host("h1", "esx1"), None])
    assert job["state"] == "FAILED"
    assert "NullPointerException" in job["resultData"]
    assert api.server.state.hypervisors_of("acme") == {}


@pytest.mark.parametrize(
    "entry",
    [{}, {"name": "x"}, {"hypervisorId": None}, {"hypervisorId": {"hypervisorId": None}}, host("")],
    ids=["empty", "no id", "null id", "null inner id", "empty id"],
)
def test_hosts_without_an_id_are_skipped_silently(api: Api, entry: dict[str, t.Any]) -> None:
    job = api.result([entry, host("h1", "esx1")])
    assert names(job["resultData"]) == outcome(created=["esx1"])


def test_the_last_of_equal_ids_counts(api: Api) -> None:
    job = api.result([host("h1", "first", ["a"]), host("h1", "last", ["b"])])
    assert names(job["resultData"]) == outcome(created=["last"])
    assert [row.guest_id for row in api.server.state.hypervisors_of("acme")["h1"].guests] == ["b"]


def test_guests_without_an_id_are_dropped_and_duplicates_collapse(api: Api) -> None:
    guests = [guest("g1"), guest("g1"), guest("G1"), {"guestId": None}, {"guestId": ""}]
    api.result([host("h1", "esx1", guests)])
    assert [row.guest_id for row in api.server.state.hypervisors_of("acme")["h1"].guests] == ["g1", "G1"]


def test_scalars_are_stored_as_text(api: Api) -> None:
    guests = [{"guestId": "g", "attributes": {"active": 1, "on": True, "load": 1.5, "none": None}}]
    api.result([host("h1", "esx1", guests, {"sockets": 2, "ht": False})])
    stored = api.server.state.hypervisors_of("acme")["h1"]
    assert stored.guests[0].attributes == {"active": "1", "on": "true", "load": "1.5", "none": None}
    assert stored.facts == {"sockets": "2", "ht": "false"}
    # Therefore the same numbers once more are no change.
    assert names(api.result([host("h1", "esx1", guests, {"sockets": 2, "ht": False})])["resultData"]) == outcome(
        unchanged=["esx1"]
    )


@pytest.mark.parametrize("kind", ["application/json", "text/html", ""])
def test_only_text_plain_is_consumed(api: Api, kind: str) -> None:
    answer = api("POST", "/hypervisors/acme", {"hypervisors": []}, headers={"Content-Type": kind})
    assert answer.status_code == 415
    assert answer.json()["displayMessage"].startswith("Runtime Error ")


def test_a_charset_does_not_matter(api: Api) -> None:
    headers = {"Content-Type": "text/plain;charset=UTF-8"}
    assert api("POST", "/hypervisors/acme", {"hypervisors": []}, headers=headers).status_code == 200


def test_a_content_type_without_a_slash(api: Api) -> None:
    answer = api("POST", "/hypervisors/acme", {"hypervisors": []}, headers={"Content-Type": "json"})
    assert (answer.status_code, answer.text) == (400, "Invalid Content-Type json")
    assert answer.headers["Content-Type"] == "text/plain"


class TestOldServers:
    """Before 3.1 bodies were not looked at before the job ran."""

    @pytest.mark.parametrize("body", [b"", b"no json", b"{}", b'{"hypervisors": ["h1"]}'])
    def test_a_wrong_body_is_accepted_and_the_job_fails(
        self, make: t.Callable[..., CandlepinServer], body: bytes
    ) -> None:
        api = Api(make("candlepin2"), ("admin", "secret"))
        answer = api("POST", "/hypervisors/acme", body, headers=TEXT)
        assert answer.status_code == 202
        api.server.jobs.settle()
        assert api.job(answer.json()["id"])["state"] == "FAILED"

    def test_a_guest_without_the_key_is_dropped(self, make: t.Callable[..., CandlepinServer]) -> None:
        api = Api(make("candlepin2"), ("admin", "secret"))
        api.result([host("h1", "esx1", [{"state": 1}, guest("g")])])
        assert [row.guest_id for row in api.server.state.hypervisors_of("acme")["h1"].guests] == ["g"]

    def test_auto_attach_disabled_was_an_error(self, make: t.Callable[..., CandlepinServer]) -> None:
        api = Api(make("candlepin2"), ("admin", "secret"))
        api.server.state.settings.auto_attach_disabled = {"acme"}
        text = "Could not update host/guest mapping. Auto-attach is disabled for owner acme."
        assert text in api.result([host("h1")])["resultData"]
        answer = api("POST", "/hypervisors", {"h1": []}, params={"owner": "acme"})
        assert (answer.status_code, answer.json()["displayMessage"]) == (400, text)


class TestSyncForm:
    """``POST /hypervisors?owner=``: a map of ids to guests, answered at once."""

    @pytest.fixture(name="old", params=["sam", "candlepin2", "candlepin3"])
    def old_fixture(self, request: pytest.FixtureRequest, make: t.Callable[..., CandlepinServer]) -> Api:
        return Api(make(request.param), ("admin", "secret"))

    def send(self, api: Api, body: t.Any, **query: str) -> t.Any:
        return api("POST", "/hypervisors", body, params={"owner": "acme", "env": "", **query})

    def test_create_update_unchanged(self, old: Api) -> None:
        first = self.send(old, {"H1": ["g1"], "#h2": [{"guestId": "g2"}], "": ["g3"], "h4": None})
        assert first.status_code == 200
        assert sorted(entry["name"] for entry in first.json()["created"]) == ["H1", "h2", "h4"]
        assert list(first.json()) == ["created", "updated", "unchanged", "failedUpdate"]
        second = self.send(old, {"h1": ["g1", ""], "#h2": []}).json()
        assert names(second) == outcome(updated=["h2"], unchanged=["H1"])
        assert old.server.state.hypervisors_of("acme")["h1"].hypervisor.reporter_id is None  # type: ignore[union-attr]

    def test_create_missing_false(self, old: Api) -> None:
        answer = self.send(old, {"h1": []}, create_missing="false").json()
        assert names(answer) == outcome(failed=['h1: Unable to find hypervisor in org "acme"'])

    @pytest.mark.parametrize("body", [b"", b"null"])
    def test_null(self, old: Api, body: bytes) -> None:
        answer = self.send(old, body)
        assert (answer.status_code, answer.json()["displayMessage"]) == (400, NOTHING_SYNC)

    @pytest.mark.parametrize("body", [[], {"h1": "g1"}, {"h1": [["g1"]]}])
    def test_nonsense(self, old: Api, body: t.Any) -> None:
        assert self.send(old, body).status_code == 400

    def test_json_only(self, old: Api) -> None:
        assert old("POST", "/hypervisors", {}, params={"owner": "acme"}, headers=TEXT).status_code == 415

    def test_what_the_lists_hold(self, make: t.Callable[..., CandlepinServer]) -> None:
        sam = self.send(Api(make("sam"), ("admin", "secret")), {"h1": []}).json()["created"][0]
        later = self.send(Api(make("candlepin3"), ("admin", "secret")), {"h1": []}).json()["created"][0]
        assert {"facts", "type", "hypervisorId", "lastCheckin"} <= set(sam)
        assert list(later) == ["name", "owner", "uuid"]

    def test_it_is_gone_from_current_releases(self, api: Api) -> None:
        answer = self.send(api, {"h1": []})
        assert answer.status_code == 404
        assert "displayMessage" in answer.json()
