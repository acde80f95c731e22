# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The test pool against what is known of XAPI, seen by the standard library's client and by plain HTTP."""

from __future__ import annotations

import http.client
import json
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
