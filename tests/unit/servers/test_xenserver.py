# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The test pool against what is known of XAPI, seen by the standard library's client and by plain HTTP."""

from __future__ import annotations

import http.client
import json
import threading
import typing as t
import xmlrpc.client

import pytest
from ansible_collections.virtmap.core.tests.servers.xenserver import Account, Host, Machine, Pool, XenServer

LOGIN = ["root", "secret", "2.0", "test"]


@pytest.fixture
def pool() -> t.Iterator[XenServer]:
    with XenServer(Pool([Host("xen1", "h1")], [Machine("wéb", "u1", host=0)], templates=3)) as server:
        yield server


def proxy(server: XenServer) -> t.Any:
    return xmlrpc.client.ServerProxy(server.url, allow_none=True)


def post(server: XenServer, path: str, body: str) -> tuple[int, str, t.Any]:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
    connection.request("POST", path, body.encode())
    response = connection.getresponse()
    kind, data = response.headers.get_content_type(), response.read()
    connection.close()
    return response.status, kind, json.loads(data) if kind == "application/json" else data.decode()


def call(server: XenServer, method: str, *parameters: t.Any, **more: t.Any) -> t.Any:
    document = {"jsonrpc": "2.0", "method": method, "params": list(parameters), "id": 7, **more}
    return post(server, "/jsonrpc", json.dumps(document))[2]


def test_both_forms_tell_the_same(pool: XenServer) -> None:
    client = proxy(pool)
    session = client.session.login_with_password(*LOGIN)["Value"]
    in_xml = client.VM.get_all_records(session)
    in_json = call(pool, "VM.get_all_records", session)
    assert in_xml["Status"] == "Success"
    assert in_json["id"] == 7
    assert in_json["jsonrpc"] == "2.0"
    assert in_xml["Value"].keys() == in_json["result"].keys()
    assert len(in_xml["Value"]) == 3 + 1 + 1  # templates, the control domain, the guest
    for ref, record in in_json["result"].items():
        xml = in_xml["Value"][ref]
        assert xml.keys() == record.keys()
        assert len(record) > 80
        assert xml["memory_static_max"] == str(record["memory_static_max"]) == "4294967296"
        assert isinstance(xml["snapshot_time"], xmlrpc.client.DateTime)
        assert xml["is_a_template"] is record["is_a_template"]
        assert xml["name_label"] == record["name_label"]
    assert client.VM_get_all(session)["Value"] == list(in_json["result"])
    assert client.session.logout(session) == {"Status": "Success", "Value": ""}
    assert pool.sessions == set()


def test_failures_in_three_forms(pool: XenServer) -> None:
    assert proxy(pool).host.get_all_records("OpaqueRef:x") == {
        "Status": "Failure",
        "ErrorDescription": ["SESSION_INVALID", "OpaqueRef:x"],
    }
    error = {"code": 1, "message": "SESSION_INVALID", "data": ["OpaqueRef:x"]}
    assert call(pool, "host.get_all_records", "OpaqueRef:x")["error"] == error
    old = post(pool, "/jsonrpc", json.dumps({"method": "host.get_all_records", "params": ["OpaqueRef:x"], "id": 1}))[2]
    assert old == {"result": None, "error": ["SESSION_INVALID", "OpaqueRef:x"], "id": 1}


@pytest.mark.parametrize("body", ["", "{", "[]", '{"method": "x", "id": null}', '{"method": 3, "id": 1}', "<x/>"])
@pytest.mark.parametrize("path", ["/", "/jsonrpc"])
def test_malformed_calls(path: str, body: str, pool: XenServer) -> None:
    assert post(pool, path, body)[:2] == (500, "text/html")


def test_an_old_host_answers_xml_to_everything() -> None:
    with XenServer(Pool([Host("xen1", "h1")]), speaks_json=False) as server:
        status, kind, _body = post(server, "/jsonrpc", '{"jsonrpc": "2.0", "method": "x", "id": 1}')
        assert (status, kind) == (200, "text/xml")
        assert proxy(server).session.login_with_password(*LOGIN)["Status"] == "Success"


def test_a_member_names_the_coordinator() -> None:
    with XenServer(Pool([Host("xen1", "h1")]), coordinator="192.0.2.7") as server:
        told = proxy(server).session.login_with_password(*LOGIN)
        assert told["ErrorDescription"] == ["HOST_IS_SLAVE", "192.0.2.7"]


def test_who_may_do_what() -> None:
    with XenServer(Pool([Host("xen1", "h1")]), Account("u", "p", role=False)) as server:
        wrong = call(server, "session.login_with_password", "u", "wrong")["error"]
        assert (wrong["message"], wrong["data"][0]) == ("SESSION_AUTHENTICATION_FAILED", "u")
        session = call(server, "session.login_with_password", "u", "p")["result"]
        assert call(server, "VM.get_all_records", session)["error"]["message"] == "RBAC_PERMISSION_DENIED"
        assert call(server, "session.logout", session)["result"] == ""


def test_other_failures(pool: XenServer) -> None:
    session = call(pool, "session.login_with_password", *LOGIN)["result"]
    for method, parameters, code in (
        ("VM.dance", [session], "MESSAGE_METHOD_UNKNOWN"),
        ("VM.get_all_records", [], "MESSAGE_PARAMETER_COUNT_MISMATCH"),
        ("VM.get_record", [session, "OpaqueRef:gone"], "HANDLE_INVALID"),
        ("session.login_with_password", ["root"], "MESSAGE_PARAMETER_COUNT_MISMATCH"),
    ):
        assert call(pool, method, *parameters)["error"]["message"] == code
    assert "VM.get_all_records" in proxy(pool).system.listMethods()["Value"]
    pool.end_sessions()
    assert call(pool, "VM.get_all_records", session)["error"]["message"] == "SESSION_INVALID"


def test_events_since_a_token(pool: XenServer) -> None:
    client = proxy(pool)
    session = client.session.login_with_password(*LOGIN)["Value"]

    def events(classes: list[str], token: str, seconds: float = 0.0) -> dict[str, t.Any]:
        answer = client.event_from(session, classes, token, seconds)
        assert answer["Status"] == "Success", answer
        return t.cast(dict[str, t.Any], answer["Value"])

    everything = events(["vm", "Host"], "")
    assert {(event["class"], event["operation"]) for event in everything["events"]} == {("vm", "add"), ("host", "add")}
    assert len(everything["events"]) == 6
    assert everything["valid_ref_counts"] == {"pool": "1", "host": "1", "host_metrics": "1", "vm": "5"}
    guest, host = next(reversed(pool.tables["VM"])), next(iter(pool.tables["host"]))
    token = client.event_inject(session, "host", host)["Value"]
    assert len(token) == 41
    injected = events(["*"], token)
    assert [(event["operation"], event["ref"]) for event in injected["events"]] == [("mod", host)]
    assert injected["events"][0]["snapshot"]["uuid"] == "h1"
    token = injected["token"]
    assert events(["*"], token) == {**injected, "events": []}, "nothing has happened, and the token is the same"
    pool.database.change("VM", guest, power_state="Paused")
    pool.database.change("VM", guest, power_state="Running")
    pool.database.add("VM", "OpaqueRef:new", dict(pool.tables["VM"][guest]))
    assert [event["operation"] for event in events(["vm"], token)["events"]] == ["mod", "add"], "one for each object"
    assert events([f"vm/{guest}"], token)["events"][0]["snapshot"]["power_state"] == "Running"
    assert events(["host"], token)["events"] == []
    pool.database.remove("VM", "OpaqueRef:new")
    pool.database.remove("VM", guest)
    gone = events(["vm"], token)["events"]
    assert [(event["operation"], event["ref"], "snapshot" in event) for event in gone] == [("del", guest, False)]
    pool.database.forget_deleted()
    assert events(["vm"], token)["events"] == []


def test_events_are_waited_for(pool: XenServer) -> None:
    session = call(pool, "session.login_with_password", *LOGIN)["result"]
    pool_ref = next(iter(pool.tables["pool"]))
    token = call(pool, "event.inject", session, "pool", pool_ref)["result"]
    token = call(pool, "event.from", session, ["pool"], token, 1)["result"]["token"]
    answers: list[t.Any] = []

    def wait(kind: str) -> None:
        answers.append(call(pool, "event.from", session, [kind], token, 1000.0))

    ends = {"pool": lambda: pool.database.change("pool", pool_ref, name_label="x"), "vm": pool.end_sessions}
    for kind, end in ends.items():
        waiting = threading.Thread(target=wait, args=(kind,))
        waiting.start()
        pool.wait_for("event.from")
        end()
        waiting.join(30)
    assert [event["snapshot"]["name_label"] for event in answers[0]["result"]["events"]] == ["x"]
    assert answers[1]["error"]["message"] == "SESSION_INVALID"


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ((["vm"], "", 1), "FIELD_TYPE_ERROR"),
        (("vm", "", 1.0), "FIELD_TYPE_ERROR"),
        ((["vm"], "7", 1.0), "EVENT_FROM_TOKEN_PARSE_FAILURE"),
        ((["vm/a/b"], "", 1.0), "EVENT_SUBSCRIPTION_PARSE_FAILURE"),
        ((["vm"], ""), "MESSAGE_PARAMETER_COUNT_MISMATCH"),
    ],
)
def test_events_that_are_asked_for_wrongly(pool: XenServer, parameters: tuple[t.Any, ...], code: str) -> None:
    client = proxy(pool)
    session = client.session.login_with_password(*LOGIN)["Value"]
    assert client.event_from(session, *parameters)["ErrorDescription"][0] == code
    assert client.event.inject(session, "vm", "OpaqueRef:none")["ErrorDescription"][0] == "HANDLE_INVALID"
