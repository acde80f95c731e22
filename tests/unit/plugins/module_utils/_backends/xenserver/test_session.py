# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Logging in, being sent to the coordinator, losing the session, and logging out on every path."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    CannotConnect,
    Denied,
    InvalidInput,
    VirtmapError,
)
from ansible_collections.virtmap.core.tests.servers._http import HttpServer, Response, faults
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority
from ansible_collections.virtmap.core.tests.servers.xenserver import (
    Account,
    Host,
    Machine,
    Pool,
    XenServer,
    failing,
    method_of,
)
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._backends.xenserver.conftest import (
    PASSWORD,
    Collector,
)

GOOD = [
    "session.login_with_password",
    "pool.get_all_records",
    "host.get_all_records",
    "host_metrics.get_all_records",
    "VM.get_all_records",
    "session.logout",
]
ACCOUNT = Account("root", PASSWORD)
COORDINATOR = "127.0.0.2"


def small() -> Pool:
    return Pool(
        [Host("xen1", "h1"), Host("xen2", "h2")], [Machine("web1", "u1", host=1), Machine("db", "u2", "Halted")]
    )


def served(pool: Pool | None = None, **options: t.Any) -> XenServer:
    return XenServer(pool or small(), ACCOUNT, **options)


def calls(server: XenServer) -> list[str]:
    found = []
    for entry in server.log.entries:
        body = entry.body.decode()
        found.append(json.loads(body)["method"] if body.startswith("{") else body.split("methodName>")[1][:-2])
    return found


def test_six_calls_on_one_connection_whatever_the_size(gather: Collector) -> None:
    for machines in (1, 300):
        pool = Pool([Host("xen1", "h1")], [Machine(f"m{number}", f"u{number}", host=0) for number in range(machines)])
        with served(pool) as server:
            assert len(gather(server).hypervisors[0].guests or ()) == machines
            assert calls(server) == GOOD
            assert server.log.used_connections() == {1}
            assert server.sessions == set()


def test_an_old_host_is_asked_in_xml(gather: Collector) -> None:
    with served(speaks_json=False) as server, served() as modern:
        old, new = gather(server).to_dict(), gather(modern).to_dict()
        assert calls(server) == [GOOD[0], *GOOD]
        assert {entry.path for entry in server.log.entries[1:]} == {"/"}
        assert server.sessions == set()
    for mapping in (old, new):
        mapping.update(collected_at="", source="")
    assert old == new


def test_no_tls_is_told(gather: Collector) -> None:
    with served() as server:
        gather(server)
    assert [warning for warning in gather.warnings if "unencrypted" in warning]


# -- the coordinator


def test_a_member_sends_to_the_coordinator(gather: Collector, tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path)
    context = authority.server_context(authority.issue_server(["127.0.0.1", COORDINATOR]))
    with served(host=COORDINATOR, tls=context) as coordinator:
        with served(coordinator=COORDINATOR, port=coordinator.port, tls=context) as member:
            mapping = gather(member, ca_path=str(authority.path))
            assert calls(member) == GOOD[:1]
            assert calls(coordinator) == GOOD
            assert coordinator.sessions == set()
            assert mapping.source == f"127.0.0.1:{member.port}"
    assert len(mapping.hypervisors) == 2
    assert gather.warnings == []


def test_the_certificate_of_the_coordinator_is_verified_too(gather: Collector, tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path)
    context = authority.server_context(authority.issue_server(["127.0.0.1"]))
    with served(host=COORDINATOR, tls=context) as coordinator:
        with served(coordinator=COORDINATOR, port=coordinator.port, tls=context) as member:
            with pytest.raises(CannotConnect) as caught:
                gather(member, ca_path=str(authority.path))
            assert calls(coordinator) == []
    assert "is not valid for 127.0.0.2" in caught.value.message
    assert f"which 127.0.0.1:{member.port} names as the coordinator" in caught.value.message


def test_a_coordinator_that_does_not_answer_is_named_with_the_one_that_named_it(gather: Collector) -> None:
    with served(coordinator=COORDINATOR) as member:
        with pytest.raises(
            CannotConnect, match=rf"host 127.0.0.2:\d+, which 127.0.0.1:{member.port} names as the coord"
        ):
            gather(member)


def test_hosts_that_name_each_other_end(gather: Collector) -> None:
    with served(host=COORDINATOR, coordinator="127.0.0.1") as other:
        with served(coordinator=COORDINATOR, port=other.port) as member:
            with pytest.raises(BadAnswer, match="names 127.0.0.1, which is or was asked already"):
                gather(member)
            assert len(member.log.entries) + len(other.log.entries) == 2


def test_a_host_that_names_itself_ends(gather: Collector) -> None:
    with served(coordinator="127.0.0.1") as member:
        with pytest.raises(BadAnswer, match="names 127.0.0.1, which is or was asked already"):
            gather(member)
        assert len(member.log.entries) == 1


def test_a_chain_of_members_ends(gather: Collector) -> None:
    with (
        served(host="127.0.0.4", coordinator="127.0.0.5") as last,
        served(host="127.0.0.3", coordinator="127.0.0.4", port=last.port) as third,
        served(host=COORDINATOR, coordinator="127.0.0.3", port=last.port) as second,
        served(coordinator=COORDINATOR, port=last.port) as first,
    ):
        with pytest.raises(BadAnswer, match="hosts before it were not either"):
            gather(first)
        assert [len(server.log.entries) for server in (first, second, third, last)] == [1, 1, 1, 0]


@pytest.mark.parametrize("named", ["", "evil.example.com/path", "root:x@evil.example.com", "a b", "http://evil", "x:1"])
def test_an_address_that_is_none_is_not_followed(named: str, gather: Collector) -> None:
    with served(coordinator=named) as member:
        with pytest.raises(BadAnswer, match="no host name or address"):
            gather(member)
        assert PASSWORD not in repr(gather.warnings)


# -- the session


def test_a_session_that_expires_is_renewed_once(gather: Collector) -> None:
    with served() as server:
        server.faults.add(failing("SESSION_INVALID", "OpaqueRef:old"), when=lambda r: method_of(r).startswith("VM"))
        assert len(gather(server).hypervisors) == 2
        assert calls(server) == [*GOOD[:5], *GOOD]
        # The first session lives on at this server, which only said otherwise.
        assert len(server.sessions) == 1


def test_a_session_that_expires_again_fails_without_showing_it(gather: Collector) -> None:
    with served() as server:
        session = "OpaqueRef:0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
        server.faults.add(failing("SESSION_INVALID", session), times=None, when=lambda r: method_of(r).startswith("VM"))
        with pytest.raises(CannotConnect, match="ended the session at VM.get_all_records"):
            gather(server)
        assert calls(server) == [*GOOD[:5], *GOOD[:5]]


def test_a_change_of_the_coordinator_meanwhile_is_followed(gather: Collector) -> None:
    with served(host=COORDINATOR) as new, served(port=new.port) as old:

        def demote(_request: t.Any) -> bool:
            if method_of(_request) != "VM.get_all_records":
                return False
            old.coordinator = COORDINATOR
            return True

        old.faults.add(failing("HOST_IS_SLAVE", COORDINATOR), when=demote)
        assert len(gather(old).hypervisors) == 2
        assert calls(old) == [*GOOD[:5], GOOD[0]]
        assert calls(new) == GOOD


@pytest.mark.parametrize(
    "fault",
    [
        failing("RBAC_PERMISSION_DENIED", "vm.get_all_records", "No permission"),
        failing("INTERNAL_ERROR", "Db_exn"),
        faults.status(500),
        faults.cut_off(0.5),
        faults.nonsense("html"),
    ],
    ids=lambda fault: fault.name,
)
def test_it_logs_out_after_a_failure(fault: faults.Fault, gather: Collector) -> None:
    with served() as server:
        server.faults.add(fault, times=None, when=lambda request: method_of(request) == "VM.get_all_records")
        with pytest.raises(VirtmapError):
            gather(server)
        assert server.sessions == set()
        assert calls(server)[-1] == "session.logout"
    assert [warning for warning in gather.warnings if "session" in warning] == []


def test_a_logout_that_fails_is_told_and_the_mapping_kept(gather: Collector) -> None:
    with served() as server:
        server.faults.add(faults.status(500), when=lambda request: method_of(request) == "session.logout")
        assert len(gather(server).hypervisors) == 2
        session = next(iter(server.sessions))
    assert any("stays open there for a day" in warning for warning in gather.warnings)
    assert session not in repr(gather.warnings)


def test_a_wrong_password_is_tried_once(gather: Collector) -> None:
    with served() as server:
        with pytest.raises(
            Denied, match=r"refused the user name or password of root \(SESSION_AUTHENTICATION_FAILED\)"
        ):
            gather(server, password="wrong-pa55word")
        assert calls(server) == GOOD[:1]


@pytest.mark.parametrize("speaks_json", [True, False])
@pytest.mark.parametrize(
    ("failure", "error", "sign"),
    [
        (("SESSION_AUTHORIZATION_FAILED", "root", "no role"), Denied, "has no role there"),
        (
            ("RBAC_PERMISSION_DENIED", "vm.get_all_records", "No permission"),
            Denied,
            "give the account the role read-only",
        ),
        (("HOST_STILL_BOOTING",), CannotConnect, r"not in service now \(HOST_STILL_BOOTING\)"),
        (("CANNOT_CONTACT_HOST", "OpaqueRef:1"), CannotConnect, "not in service now"),
        (("MESSAGE_METHOD_UNKNOWN", "x"), BadAnswer, "does not know"),
        (
            ("INTERNAL_ERROR", f"quoted {PASSWORD} and OpaqueRef:0a1b2c3d"),
            BadAnswer,
            r"quoted \*\*\* and OpaqueRef:\*\*\*",
        ),
        (("two\nlines",), BadAnswer, r"two\\nlines"),
        (("HOST_IS_SLAVE",), CannotConnect, "ended the session"),
    ],
)
@pytest.mark.parametrize("method", ["session.login_with_password", "VM.get_all_records"])
def test_failures_in_words(
    method: str,
    failure: tuple[str, ...],
    error: type[VirtmapError],
    sign: str,
    speaks_json: bool,
    gather: Collector,
) -> None:
    with served(speaks_json=speaks_json) as server:
        server.faults.add(failing(*failure), times=None, when=lambda request: method_of(request) == method
                          and (speaks_json or request.path == "/"))  # fmt: skip
        with pytest.raises(error, match=sign) as caught:
            gather(server)
        assert PASSWORD not in caught.value.message
        assert "\n" not in caught.value.message


@pytest.mark.parametrize("document", [{"error": {}}, {"error": "no"}, {"error": {"message": None}}, {"error": []}])
def test_a_failure_without_a_code(document: dict[str, t.Any], gather: Collector) -> None:
    with HttpServer(lambda _request: Response.json({"jsonrpc": "2.0", "id": 1, **document})) as server:
        with pytest.raises(BadAnswer, match="without saying why"):
            gather(server.url)


@pytest.mark.parametrize(
    "document",
    [{"result": "x"}, {"result": "x", "id": 99}, {"id": 1}, {"result": {"a": 1}, "id": 1}, {"result": "", "id": 1},
     {"result": 5, "id": 1}, {"result": None, "id": 1}],
)  # fmt: skip
def test_a_login_without_a_session(document: dict[str, t.Any], gather: Collector) -> None:
    with HttpServer(lambda _request: Response.json({"jsonrpc": "2.0", **document})) as server:
        with pytest.raises(BadAnswer):
            gather(server.url)


@pytest.mark.parametrize("value", [None, [], "", 5, True])
def test_records_that_are_no_map(value: t.Any, gather: Collector) -> None:
    with served() as server:
        server.tables["VM"] = value
        with pytest.raises(BadAnswer, match="VM.get_all_records with a value of another kind"):
            gather(server)
        assert server.sessions == set()


def test_json_rpc_of_the_first_kind_is_understood(gather: Collector) -> None:
    failure = {"result": None, "error": ["SESSION_AUTHENTICATION_FAILED", "root"], "id": 1}
    with HttpServer(lambda _request: Response.json(failure)) as server:
        with pytest.raises(Denied):
            gather(server.url)


@pytest.mark.parametrize(
    ("options", "sign"),
    [
        ({"server": "root:pw@xen1"}, "must not hold a user name"),
        ({"server": "ftp://xen1"}, "scheme"),
        ({"server": "127.0.0.1", "port": 0}, "between 1 and 65535"),
        ({"hypervisor_id": "hwuuid"}, "use uuid or hostname"),
        ({"ca_path": "/nowhere/ca.pem"}, "does not exist"),
    ],
)
def test_options_are_refused_before_contact(options: dict[str, t.Any], sign: str, gather: Collector) -> None:
    with pytest.raises(InvalidInput, match=sign):
        gather(options.pop("server", "https://127.0.0.1:1"), **options)


def test_two_hosts_with_one_name_are_told(gather: Collector) -> None:
    with served(Pool([Host("localhost", "h1"), Host("localhost", "h2")])) as server:
        assert len(gather(server, hypervisor_id="hostname").hypervisors) == 2
    assert any("localhost" in warning for warning in gather.warnings)
