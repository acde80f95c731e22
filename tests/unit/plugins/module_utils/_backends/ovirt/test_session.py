# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""One login, logout on every path, one login more when a session ends, never a second try of a password."""

from __future__ import annotations

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    CannotConnect,
    Denied,
    InvalidInput,
    VirtmapError,
)
from ansible_collections.virtmap.core.tests.servers._http import HttpServer, Response, faults
from ansible_collections.virtmap.core.tests.servers.ovirt import LOGIN_PATH, LOGOUT_PATH, Accounts, fault

from .conftest import PASSWORD, PLACED, USER, Collector, Lab, complete, placed

API = "/ovirt-engine/api"
LISTS = [f"GET {API}/clusters", f"GET {API}/hosts", f"GET {API}/vms"]
GOOD = [f"POST {LOGIN_PATH}", *LISTS, f"POST {LOGOUT_PATH}"]


def test_five_requests_on_one_connection(lab: Lab, gather: Collector) -> None:
    with lab.serve() as server:
        assert placed(gather(server)) == PLACED
        assert server.log.calls() == GOOD
        assert len(server.log.used_connections()) == 1
        assert lab.accounts.tokens == {}, "the token was revoked"
        for entry in server.log.find(method="GET"):
            assert entry.header("Version") == "4"
            assert entry.header("Accept-Encoding") == "gzip"
            assert entry.query == {}, "whole lists"
        assert not [entry for entry in server.log.find() if PASSWORD in entry.target]
    assert gather.warnings == []


@pytest.mark.parametrize("options", [{"list_shaped": True}, {"list_shaped": True, "openid": True}])
def test_other_shapes_of_the_login(lab: Lab, gather: Collector, options: dict[str, bool]) -> None:
    lab.accounts = Accounts({USER: PASSWORD}, **options)
    with lab.serve() as server:
        assert placed(gather(server)) == PLACED
        with pytest.raises(Denied, match=r"refused the login of reader@internal \(Cannot authenticate user"):
            gather(server, password="wr0ng")


@pytest.mark.parametrize("refusal", [200, 400, 401])
@pytest.mark.parametrize("openid", [False, True])
def test_a_wrong_password_is_tried_once(lab: Lab, gather: Collector, refusal: int, openid: bool) -> None:
    lab.accounts = Accounts({USER: PASSWORD}, refusal=refusal, openid=openid)
    with lab.serve() as server:
        with pytest.raises(Denied, match="The user name or password is incorrect") as caught:
            gather(server, password="wr0ng-pa55word")
        assert server.log.calls() == [f"POST {LOGIN_PATH}"]
        assert "wr0ng-pa55word" not in caught.value.message


def test_a_user_name_without_its_profile(lab: Lab, gather: Collector) -> None:
    with lab.serve() as server, pytest.raises(Denied, match="needs its profile, as in admin@internal"):
        gather(server, username="reader")


def test_an_answer_that_repeats_the_password_does_not_show_it(lab: Lab, gather: Collector) -> None:
    with lab.serve() as server:
        document = {"error_code": "access_denied", "error": f"no {PASSWORD} here"}
        server.faults.add(faults.status(400, document), path=LOGIN_PATH)
        with pytest.raises(Denied, match=r"no \*\*\* here"):
            gather(server)


def test_a_name_that_the_engine_does_not_know(lab: Lab, gather: Collector) -> None:
    with lab.serve() as server:
        document = {"error_code": "unauthorized_client", "error": "The client is not authorized: FQDN not allowed."}
        server.faults.add(faults.status(400, document), path=LOGIN_PATH)
        with pytest.raises(Denied, match="SSO_ALTERNATE_ENGINE_FQDNS"):
            gather(server)


@pytest.mark.parametrize(
    "body", [{}, [], [1], None, "text", {"access_token": ""}, {"access_token": 7}, {"access_token": None}]
)
def test_a_login_without_a_token(lab: Lab, gather: Collector, body: object) -> None:
    with lab.serve() as server:
        server.faults.add(faults.status(200, body), path=LOGIN_PATH)
        with pytest.raises(BadAnswer):
            gather(server)
        assert server.log.calls() == [f"POST {LOGIN_PATH}"]


def test_a_token_with_a_line_break_never_becomes_a_header(lab: Lab, gather: Collector) -> None:
    with lab.serve() as server:
        server.faults.add(faults.status(200, {"access_token": "a\r\nX-Evil: 1"}), path=LOGIN_PATH)
        with pytest.raises(InvalidInput, match="Authorization"):
            gather(server)
        assert not [entry for entry in server.log.find() if entry.header("X-Evil")]


@pytest.mark.parametrize("bad", [faults.disconnect(processed=True), faults.cut_off(0.5), faults.status(502)])
def test_a_login_whose_answer_is_lost_is_not_repeated(lab: Lab, gather: Collector, bad: faults.Fault) -> None:
    with lab.serve() as server:
        server.faults.add(bad, path=LOGIN_PATH, times=None)
        with pytest.raises((CannotConnect, BadAnswer)):
            gather(server)
        assert server.log.calls().count(f"POST {LOGIN_PATH}") == 1


def test_a_token_of_the_user_lives_on(lab: Lab, gather: Collector) -> None:
    with lab.serve() as server:
        token = lab.accounts.issue(USER)
        assert placed(gather(server, username=None, password=None, token=f" {token}\n")) == PLACED
        assert server.log.calls() == LISTS
        assert lab.accounts.tokens == {token: USER}


def test_a_token_that_expired_is_not_replaced(lab: Lab, gather: Collector) -> None:
    with lab.serve() as server:
        with pytest.raises(Denied, match=r"refused the credentials \(401\)"):
            gather(server, username=None, password=None, token="long-gone")
        assert server.log.calls() == LISTS[:1]


@pytest.mark.parametrize("path", [f"{API}/clusters", f"{API}/hosts", f"{API}/vms"])
def test_a_session_that_ends_is_renewed_once(lab: Lab, gather: Collector, path: str) -> None:
    with lab.serve() as server:
        server.faults.add(faults.status(401, "<html>Unauthorized</html>"), path=path)
        assert placed(gather(server)) == PLACED
        assert server.log.calls().count(f"POST {LOGIN_PATH}") == 2
        assert server.log.calls().count(f"GET {path}") == 2
        assert server.log.calls()[-1] == f"POST {LOGOUT_PATH}"


def test_a_session_that_keeps_ending_is_an_error(lab: Lab, gather: Collector) -> None:
    with lab.serve() as server:
        server.faults.add(faults.status(401), path=f"{API}/.*", times=None)
        with pytest.raises(Denied):
            gather(server)
        assert server.log.calls().count(f"POST {LOGIN_PATH}") == 2
        server.faults.clear()
        server.log.clear()
        server.faults.add(faults.status(401), path=f"{API}/clusters")
        server.faults.add(faults.status(401), path=f"{API}/vms")
        with pytest.raises(Denied):
            gather(server)
        assert server.log.calls().count(f"POST {LOGIN_PATH}") == 2


@pytest.mark.parametrize("path", [f"{API}/clusters", f"{API}/hosts", f"{API}/vms"])
@pytest.mark.parametrize(
    "bad", [faults.cut_off(0.7), faults.status(500), faults.nonsense("html")], ids=lambda f: f.name
)
def test_it_logs_out_after_a_failure(lab: Lab, gather: Collector, path: str, bad: faults.Fault) -> None:
    with lab.serve() as server:
        server.faults.add(bad, path=path, times=None)
        with pytest.raises(VirtmapError):
            gather(server)
        assert server.log.calls()[-1] == f"POST {LOGOUT_PATH}"
        assert lab.accounts.tokens == {}
        assert gather.warnings == []


def test_a_logout_that_fails_is_told_and_loses_nothing(lab: Lab, gather: Collector) -> None:
    with lab.serve() as server:
        server.faults.add(faults.status(500), path=LOGOUT_PATH, times=None)
        assert placed(gather(server)) == PLACED
        assert [warning for warning in gather.warnings if "the token lives there until it expires" in warning]
        assert not [warning for warning in gather.warnings if any(token in warning for token in lab.accounts.tokens)]


def test_before_there_was_single_sign_on_basic_is_used(lab: Lab, gather: Collector) -> None:
    lab.accounts = Accounts({USER: PASSWORD}, sso=False)
    with lab.serve(versions=(3,)) as server:
        # A release that knows version 3 only refuses the wish for 4; what it says is shown.
        with pytest.raises(BadAnswer, match="status 400: Unsupported API version 4"):
            gather(server)
    with lab.serve(versions=(3, 4)) as server:
        assert placed(gather(server)) == PLACED
        assert server.log.calls() == [f"POST {LOGIN_PATH}", *LISTS]
        with pytest.raises(Denied, match=r"refused the credentials \(401\)"):
            gather(server, password="wr0ng")


@pytest.mark.parametrize(
    "path", ["", "/", "/ovirt-engine", "/ovirt-engine/", "/ovirt-engine/api", "/ovirt-engine/api/v4/"]
)
def test_the_path_of_the_api_may_be_written_or_not(lab: Lab, gather: Collector, path: str) -> None:
    with lab.serve() as server:
        mapping = gather(f"{server.url}{path}")
        assert placed(mapping) == PLACED
        assert mapping.source == f"127.0.0.1:{server.port}"
        assert server.log.calls() == GOOD


def test_a_password_for_an_account_without_rights(lab: Lab, gather: Collector) -> None:
    lab.accounts = Accounts({USER: PASSWORD}, without_rights=frozenset({USER}))
    with lab.serve() as server:
        with pytest.raises(Denied, match=r"does not allow GET .*insufficient permissions.*give the account the right"):
            gather(server)
        assert lab.accounts.tokens == {}


def test_what_the_engine_says_of_its_own_failure_is_shown(lab: Lab, gather: Collector) -> None:
    with lab.serve() as server:
        body = fault("Operation Failed", "The database <main> is gone & away")
        server.faults.add(faults.status(500, body, content_type="application/xml"), path=f"{API}/vms", times=None)
        with pytest.raises(BadAnswer, match="status 500: The database <main> is gone & away; look at the server's log"):
            gather(server)


def test_an_old_fault_within_an_action(lab: Lab, gather: Collector) -> None:
    with lab.serve() as server:
        body = "<action><status>failed</status><fault><reason>Operation Failed</reason></fault></action>"
        server.faults.add(faults.status(409, body), path=f"{API}/vms", times=None)
        with pytest.raises(BadAnswer, match="status 409: Operation Failed"):
            gather(server)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"username": None, "password": None}, "one of the following is required: token, username"),
        ({"password": None}, "required together: username, password"),
        ({"token": "t0ken-of-mine"}, "mutually exclusive: token"),
        ({"username": " ", "password": "p"}, "username is empty"),
        ({"password": ""}, "password is empty"),
        ({"page_size": 0}, "page_size is 0, but must be at least 1"),
        ({"server": "https://user:pw@engine.example.com"}, "must not hold a user name or password"),
        ({"server": "ftp://engine.example.com"}, "scheme 'ftp'"),
    ],
)
def test_wrong_options_are_refused_before_contact(gather: Collector, options: dict[str, object], says: str) -> None:
    with HttpServer(lambda _request: Response(500)) as server:
        with pytest.raises(InvalidInput, match=says):
            gather(**{"server": server.url, **options})
        assert server.log.connections == 0


def test_credentials_from_the_environment(lab: Lab, gather: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    with lab.serve() as server:
        monkeypatch.setenv("VIRTMAP_OVIRT_TOKEN", lab.accounts.issue(USER))
        assert placed(gather(server, username=None, password=None)) == PLACED
    assert complete("engine.example.com", username=None, password=None)["token"]
