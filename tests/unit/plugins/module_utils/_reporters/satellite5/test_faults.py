# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What is said and done when the server misbehaves."""

from __future__ import annotations

import json
import re
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import Partial
from ansible_collections.virtmap.core.plugins.module_utils._transport import http
from ansible_collections.virtmap.core.tests.servers._http import faults
from ansible_collections.virtmap.core.tests.servers._proxy import ProxyServer
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority
from ansible_collections.virtmap.core.tests.servers.satellite5 import (
    Satellite5Server,
    answering,
    calling,
    failing,
    rewritten,
)
from ansible_collections.virtmap.core.tests.unit.contract.faults.rows import ANSWERED, ELSEWHERE, Answered, Elsewhere
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._reporters.satellite5.reports import (
    Reporter,
    groups,
    guest,
    mapping,
)

NOTIFY = "registration.virt_notify"
REGISTER = "registration.new_system_user_pass"
# What the tests may take beyond the deadline on a busy machine.
GRACE = 10.0


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pauses between attempts are real, but short."""
    monkeypatch.setattr(http, "FIRST_PAUSE", 0.01)


def failure(reporter: Reporter, *mappings: dict[str, t.Any], **options: t.Any) -> Partial:
    """A report that fails, in time and with one sentence."""
    began = time.monotonic()
    error = reporter.failing(*mappings, **options)
    assert time.monotonic() - began < 3 * options.get("timeout", 5) + 10 + GRACE
    assert not re.search(r"0x[0-9a-f]{6}|Traceback|urllib3|HTTPSConnectionPool|object at", error.message)
    return error


@pytest.mark.parametrize("row", ELSEWHERE, ids=lambda row: row.name)
def test_no_good_server(reporter: Reporter, row: Elsewhere, tmp_path: Path) -> None:
    with row.at(tmp_path) as (host, port, more):
        options = {"server": f"https://{host}:{port}", **more, **({"timeout": 1} if row.slow else {})}
        error = failure(reporter, mapping(h1=[guest()], h2=[], h3=[]), **options)
    assert re.search(row.says, error.message), error.message
    assert f"the Satellite 5 server {host}:{port}" in error.message
    assert groups(error.result) == {"failed": ["h1", "h2", "h3"]}
    assert error.result["changed"] is False


@pytest.mark.parametrize("phase", ["first run", "second run"])
@pytest.mark.parametrize("row", ANSWERED, ids=lambda row: row.name)
def test_bad_answers(reporter: Reporter, row: Answered, phase: str) -> None:
    """The first run begins at /rpc/api, the second does all of its work at /XMLRPC."""
    fleet = mapping(**{f"h{number}": [guest()] for number in range(8)})
    if phase == "second run":
        reporter(fleet)
    reporter.server.faults.add(row.fault, times=None)
    error = failure(reporter, fleet, timeout=1 if row.slow else 5)
    assert re.search(row.says, error.message), error.message
    assert str(reporter.server.port) in error.message
    assert len(error.result["failed_hosts"]) == 8
    assert error.result["changed"] is False
    reporter.server.faults.clear()
    ids = sorted(entry["id"] for entry in fleet["hypervisors"])
    wanted = {"unchanged": ids} if phase == "second run" else {"registered": ids, "notified": ids}
    assert groups(reporter(fleet)) == wanted


@pytest.mark.parametrize(
    "fault",
    [faults.disconnect(), faults.throttled(0), faults.throttled(None, 503), faults.status(502)],
    ids=lambda fault: fault.name,
)
def test_a_passing_fault_is_overcome(reporter: Reporter, fault: faults.Fault) -> None:
    reporter(mapping(h1=[guest()]))
    reporter.server.faults.add(fault)
    assert groups(reporter(mapping(h1=[guest()]))) == {"unchanged": ["h1"]}


@pytest.mark.parametrize(
    "fault",
    [
        failing(1, "While running 'registration.virt_notify': caught\n<class 'KeyError'> : 'x'\n"),
        faults.status(500),
        faults.nonsense("html"),
        answering(1),
        answering([]),
        faults.disconnect(),
    ],
    ids=lambda fault: fault.name,
)
def test_one_hypervisor_that_fails_does_not_stop_the_others(reporter: Reporter, fault: faults.Fault) -> None:
    fleet = mapping(h1=[guest()], h2=[], h3=[])
    reporter(fleet)
    second = calling(NOTIFY)
    # Enough of them to outlast the repetition of what may be repeated.
    times = 3 if fault.name == "disconnect" else 1
    reporter.server.faults.add(fault, when=second, skip=1, times=times)
    error = failure(reporter, mapping(h1=[], h2=[guest()], h3=[guest()]))
    assert groups(error.result) == {"notified": ["h1", "h3"], "failed": ["h2"]}
    assert error.result["changed"] is True
    assert error.message.startswith("1 of 3 hypervisors was not reported (h2): the Satellite 5 server ")
    assert groups(reporter(mapping(h1=[], h2=[guest()], h3=[guest()]))) == {
        "notified": ["h2"],
        "unchanged": ["h1", "h3"],
    }


def test_a_dead_server_is_not_waited_for_again_and_again(reporter: Reporter) -> None:
    fleet = mapping(**{f"h{number}": [guest()] for number in range(50)})
    reporter(fleet)
    rule = reporter.server.faults.add(faults.hang(), times=None)
    error = failure(reporter, fleet, timeout=1)
    assert rule.hits == 2
    reasons = [entry["reason"] for entry in error.result["failed_hosts"]]
    assert len(reasons) == 50
    assert sum("not tried after this" in reason for reason in reasons) == 48
    assert "and 45 more, see failed_hosts" in error.message


def test_slow_failures_are_not_waited_for_again_and_again(reporter: Reporter, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = mapping(**{f"h{number}": [guest()] for number in range(50)})
    reporter(fleet)
    monkeypatch.setattr(http, "FIRST_PAUSE", 1.0)
    rule = reporter.server.faults.add(faults.status(502), times=None)
    error = failure(reporter, fleet, timeout=1)
    assert rule.hits == 3, "one exchange with its repetitions"
    assert groups(error.result) == {"failed": sorted(entry["id"] for entry in fleet["hypervisors"])}


def test_a_server_that_asks_to_wait_long_is_asked_once(reporter: Reporter) -> None:
    fleet = mapping(**{f"h{number}": [] for number in range(50)})
    reporter(fleet)
    rule = reporter.server.faults.add(faults.throttled(7200), times=None)
    failure(reporter, fleet)
    assert rule.hits <= 2


def test_wrong_password_is_tried_once(reporter: Reporter) -> None:
    reporter(mapping(h1=[guest()]))
    fleet = mapping(h1=[guest(state="paused")], h2=[], h3=[])
    error = failure(reporter, fleet, password="wrong-one")
    assert reporter.calls.count("auth.login") == 1
    assert groups(error.result) == {"notified": ["h1"], "failed": ["h2", "h3"]}
    assert "refused the user name or password (fault 2950: Either the password or username is incorrect.)" in (
        error.message
    )


INFO = "\nError Class Info: "
JAVA = "redstone.xmlrpc.XmlRpcFault: "
CREDENTIALS = "Invalid username and password combination."
NO_CHANNEL = "No matching base channel found for your system."
NO_PERMISSION = "You do not have permissions to perform this action."
GONE = "While running 'x': caught\nclass xmlrpc.registration is not defined (function = x)"
DOWN = JAVA + "unhandled internal exception: it is down"
FAULTS = [
    (REGISTER, -2, INFO + CREDENTIALS, f"refused the user name or password (fault -2: {CREDENTIALS})"),
    (REGISTER, -70, f"{INFO}\n   {NO_CHANNEL}\nExplanation:\n", f"channel for hypervisors (fault -70: {NO_CHANNEL})"),
    (REGISTER, -71, "not allowed", "does not let this user subscribe"),
    (REGISTER, -90, "full", "has no entitlement left"),
    (REGISTER, -43, "full", "has no entitlement left"),
    (REGISTER, -702, INFO + "This user has read only API access.", "lets this user only read"),
    (REGISTER, -1001, "unreachable", "the Spacewalk proxy in front of"),
    (REGISTER, -1, GONE, "Uyuni does since version 2024.07 only"),
    (REGISTER, -1, "\nIMPORTANT MESSAGE FOLLOWS:\nWe move on Monday", "is out of service"),
    (REGISTER, -48, "known", "answered registration.new_system_user_pass with an error (fault -48: known)"),
    ("system.getId", -23, JAVA + NO_PERMISSION, f"this user to call system.getId (fault -23: {NO_PERMISSION})"),
    ("system.getId", -1, "The getId API is not available to user admin", "this user to call system.getId"),
    ("system.getId", -1, DOWN, "system.getId with an error (fault -1: it is down)"),
    (
        "auth.login",
        2950,
        JAVA + "Your account has been deactivated.",
        "(fault 2950: Your account has been deactivated.)",
    ),
]


@pytest.mark.parametrize("method, code, text, says", FAULTS)
def test_faults_in_plain_words(reporter: Reporter, method: str, code: int, text: str, says: str) -> None:
    reporter.server.faults.add(failing(code, text), times=None, when=calling(method))
    error = failure(reporter, mapping(h1=[]))
    assert says in error.message
    assert groups(error.result) == {"failed": ["h1"]}


def test_a_read_only_user(reporter: Reporter) -> None:
    reporter.server.admin.read_only = True
    assert "lets this user only read" in failure(reporter, mapping(h1=[])).message


FIELDS: list[tuple[str, t.Callable[[t.Any], t.Any], str]] = [
    ("auth.login", lambda _value: 17, "auth.login without a session key"),
    ("auth.login", lambda _value: "", "auth.login without a session key"),
    ("user.getDetails", lambda value: value.pop("org_id") and None, "user.getDetails without org_id"),
    ("user.getDetails", lambda _value: [], "user.getDetails without org_id"),
    ("channel.software.getDetails", lambda _value: "x", "channel.software.getDetails without a struct"),
    ("distchannel.listMapsForOrg", lambda _value: "x", "distchannel.listMapsForOrg without a list of structs"),
    ("system.getId", lambda _value: [1], "system.getId without a list of structs"),
    ("system.getId", lambda _value: [{"name": "x"}], "system.getId without an id"),
    (REGISTER, lambda value: value.pop("system_id") and None, "without a system id"),
]


@pytest.mark.parametrize("method, change, says", FIELDS)
def test_a_field_that_is_missing(
    reporter: Reporter, method: str, change: t.Callable[[t.Any], t.Any], says: str
) -> None:
    reporter(mapping(h0=[]))
    server = reporter.server
    server.faults.add(rewritten(change), when=calling(method))
    if method == REGISTER:
        # Else it would be found again at once.
        server.faults.add(failing(-1, "not now"), when=calling("system.getId"), skip=1)
    error = failure(reporter, mapping(h1=[]))
    assert says in error.message
    assert groups(error.result) == {"failed": ["h1"]}
    server.faults.clear()
    reporter(mapping(h1=[]))
    assert sorted(system.name for system in server.database.systems.values()) == [
        "esx hypervisor h0",
        "esx hypervisor h1",
    ]


@pytest.mark.parametrize("text", ["", "<a/>", "<params/>", "<params><param><value>x</value></param></params>"])
def test_a_system_id_that_cannot_be_read(reporter: Reporter, text: str) -> None:
    reporter(mapping(h1=[]))
    reporter.file("h1").unlink()
    reporter.server.faults.add(answering(text), when=calling("system.downloadSystemId"))
    reporter.server.faults.add(failing(-70, "no channel"), when=calling(REGISTER))
    assert groups(failure(reporter, mapping(h1=[])).result) == {"failed": ["h1"]}
    assert len(reporter.server.database.systems) == 1


def test_channel_and_map_must_be_made_for_sure(reporter: Reporter) -> None:
    reporter.server.faults.add(answering(0), when=calling("channel.software.create"))
    assert "did not create the channel" in failure(reporter, mapping(h1=[])).message
    reporter.server.faults.add(answering(0), when=calling("distchannel.setMapForOrg"))
    assert "did not set the distribution channel map" in failure(reporter, mapping(h1=[])).message
    assert groups(reporter(mapping(h1=[])))["registered"] == ["h1"]


def test_a_hardware_list_that_is_refused_is_a_warning(reporter: Reporter) -> None:
    reporter.server.faults.add(failing(1, "odd"), when=calling("registration.refresh_hw_profile"))
    assert groups(reporter(mapping(h1=[])))["notified"] == ["h1"]
    assert "refresh_hw_profile with an error (fault 1: odd)" in reporter.warnings[0]


def test_an_old_map_list_without_rights_is_no_obstacle(reporter: Reporter) -> None:
    reporter(mapping(h1=[]))
    reporter.server.faults.add(failing(-23, "no"), when=calling("distchannel.listMapsForOrg"))
    assert groups(reporter(mapping(h2=[])))["registered"] == ["h2"]


def test_a_session_that_expires_is_opened_again(reporter: Reporter) -> None:
    reporter(mapping(h0=[]))
    gone = "com.redhat.rhn.common.hibernate.LookupException: Could not find session with id: 7"
    rule = reporter.server.faults.add(failing(-1, gone), skip=1, when=calling("system.getId"))
    assert groups(reporter(mapping(h1=[], h2=[])))["registered"] == ["h1", "h2"]
    assert rule.hits == 1
    assert reporter.calls.count("auth.login") == 2


def test_a_session_that_always_expires_ends(reporter: Reporter) -> None:
    rule = reporter.server.faults.add(
        failing(-1, "Session id: 7 is not valid."), times=None, when=calling("system.getId")
    )
    failure(reporter, mapping(h1=[]))
    assert rule.hits == 2


def test_a_logout_that_fails_is_a_warning(reporter: Reporter) -> None:
    reporter.server.faults.add(failing(-1, "no"), when=calling("auth.logout"))
    assert groups(reporter(mapping(h1=[])))["registered"] == ["h1"]
    assert "the session was left to expire by itself" in reporter.warnings[0]


def test_secrets_that_the_server_quotes_are_not_shown(reporter: Reporter) -> None:
    reporter(mapping(h1=[guest()]))
    kept = json.loads(reporter.file("h1").read_text(encoding="utf-8"))["system_id"]
    digest = re.search(r"[0-9a-f]{64}", kept)
    assert digest is not None
    quoting = f"bad: {kept} {digest.group()} and again"
    reporter.server.faults.add(failing(1, quoting), when=calling(NOTIFY))
    message = failure(reporter, mapping(h1=[])).message
    assert "bad: *** *** and again" in message
    reporter.server.faults.add(failing(-1, "secret123 is no password"), when=calling("auth.login"))
    assert "*** is no password" in failure(reporter, mapping(h2=[])).message


def test_a_uyuni_without_registration(tmp_path: Path) -> None:
    with Satellite5Server(registration=False, python=3) as server:
        server.database.maps.clear()
        error = failure(Reporter(server, tmp_path / "ids"), mapping(h1=[], h2=[]))
    assert "no longer registers hypervisors" in error.message
    assert "virtual host managers" in error.message


def test_not_found_at_the_backend_names_uyuni(reporter: Reporter) -> None:
    reporter.server.faults.add(faults.status(404), times=None, path="/XMLRPC")
    error = failure(reporter, mapping(h1=[], h2=[]))
    assert "does not know POST /XMLRPC (404)" in error.message
    assert "a Uyuni from 2024.07 on answers like this" in error.message
    reporter.server.faults.clear()
    reporter(mapping(h1=[]))
    reporter.server.faults.add(faults.status(500), skip=1, path="/XMLRPC")
    assert "Uyuni" not in failure(reporter, mapping(h1=[], h2=[])).message


# -- TLS and proxies


def test_tls_is_verified_by_default(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path / "ca")
    with Satellite5Server(tls=authority.server_context()) as server:
        reporter = Reporter(server, tmp_path / "ids")
        assert "is not trusted" in failure(reporter, mapping(h1=[])).message
        assert server.log.find() == []
        assert reporter(mapping(h1=[]), ca_path=str(authority.path))["changed"] is True
        assert reporter(mapping(h1=[]), validate_certs=False)["changed"] is False


def test_through_a_proxy(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path / "ca")
    with Satellite5Server(tls=authority.server_context()) as server, ProxyServer("me", "proxy-word") as proxy:
        reporter = Reporter(server, tmp_path / "ids")
        options: dict[str, t.Any] = {"ca_path": str(authority.path)}
        good = f"http://me:proxy-word@{proxy.host}:{proxy.port}"
        assert reporter(mapping(h1=[]), proxy=good, **options)["changed"] is True
        assert set(proxy.connects()) == {f"{server.host}:{server.port}"}
        error = failure(reporter, mapping(h1=[]), proxy=good.replace("proxy-word", "wrong"), **options)
        assert "cannot be reached through the proxy" in error.message
        assert "wrong" not in error.message
