# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""One login, logout on every path, one login more when a session ends, never a second try of a password."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    CannotConnect,
    Denied,
    InvalidInput,
    VirtmapError,
)
from ansible_collections.virtmap.core.tests.servers._http import faults
from ansible_collections.virtmap.core.tests.servers.vcenter import VCenterServer
from ansible_collections.virtmap.core.tests.unit.run_module import run_module

from .conftest import GOOD, PASSWORD, Collector, Lab, placed


def test_five_calls_and_one_for_the_page(lab: Lab, gather: Collector) -> None:
    with VCenterServer(lab.inventory) as server:
        gather(server)
        assert server.calls() == GOOD
        assert server.sessions == {}
        assert len(server.log.used_connections()) == 1


def test_the_cookie_is_sent_back_as_it_came(lab: Lab, gather: Collector) -> None:
    with VCenterServer(lab.inventory) as server:
        gather(server)
        cookies = [entry.header("Cookie") for entry in server.log.find()]
        assert cookies[:2] == [None, None]
        assert all(cookie and cookie.startswith('vmware_soap_session="') for cookie in cookies[2:])


def test_a_wrong_password_is_tried_once(lab: Lab, gather: Collector) -> None:
    with VCenterServer(lab.inventory, password="another") as server:
        with pytest.raises(Denied, match=r"refused the login of administrator@vsphere.local .*tried once only"):
            gather(server)
        assert server.calls() == ["RetrieveServiceContent", "Login"]


@pytest.mark.parametrize("fault", [faults.disconnect(processed=True), faults.cut_off(0.5), faults.status(502)])
def test_a_login_whose_answer_is_lost_is_not_repeated(lab: Lab, gather: Collector, fault: faults.Fault) -> None:
    with VCenterServer(lab.inventory) as server:
        server.misbehave(fault, "Login", times=None)
        with pytest.raises((CannotConnect, BadAnswer)):
            gather(server)
        assert server.calls().count("Login") == 1


@pytest.mark.parametrize("operation", ["CreateContainerView", "RetrievePropertiesEx"])
def test_a_session_that_ends_is_renewed_once(lab: Lab, gather: Collector, operation: str) -> None:
    with VCenterServer(lab.inventory) as server:
        whole = placed(gather(server))
        server.log.clear()
        server.fail(operation, "NotAuthenticated")
        assert placed(gather(server)) == whole
        assert server.calls().count("Login") == 2
        assert server.calls()[-1] == "Logout"
        # Logged in without the cookie of the dead session: with it the login would look like a wrong password.
        assert [entry.header("Cookie") for entry in server.log.find() if b"<Login" in entry.body] == [None, None]


def test_a_session_that_keeps_ending_is_an_error(lab: Lab, gather: Collector) -> None:
    with VCenterServer(lab.inventory) as server:
        server.fail("RetrievePropertiesEx", "NotAuthenticated", times=None)
        with pytest.raises(Denied, match="ended the session of administrator@vsphere.local"):
            gather(server)
        assert server.calls().count("Login") == 2


def test_the_password_that_changed_meanwhile_is_not_tried_again(lab: Lab, gather: Collector) -> None:
    with VCenterServer(lab.inventory) as server:
        server.fail("RetrievePropertiesEx", "NotAuthenticated")
        server.fail("Login", "InvalidLogin", skip=1, times=None)
        with pytest.raises(Denied, match="tried once only"):
            gather(server)
        assert server.calls().count("Login") == 2


def test_an_ended_session_that_only_shows_in_missing_properties(lab: Lab, gather: Collector) -> None:
    with VCenterServer(lab.inventory) as server:
        whole = placed(gather(server))
        entity = lab.inventory.entities[lab.machines["web1"]]
        entity.missing["name"] = "NotAuthenticated"
        with pytest.raises(Denied, match="ended the session"):
            gather(server)
        entity.missing.clear()
        assert placed(gather(server)) == whole


@pytest.mark.parametrize("operation", GOOD[2:4])
@pytest.mark.parametrize("kind", ["NoPermission", "InvalidProperty", "RuntimeFault", "NotSupported"])
def test_it_logs_out_after_a_fault(lab: Lab, gather: Collector, operation: str, kind: str) -> None:
    with VCenterServer(lab.inventory) as server:
        server.fail(operation, kind)
        with pytest.raises(VirtmapError):
            gather(server)
        assert server.calls()[-1] == "Logout"
        assert ("DestroyView" in server.calls()) == (operation == "RetrievePropertiesEx")
        assert server.sessions == {}
        assert gather.warnings == []


def test_it_logs_out_after_half_a_page(lab: Lab, gather: Collector) -> None:
    with VCenterServer(lab.inventory) as server:
        server.misbehave(faults.cut_off(0.5), "RetrievePropertiesEx", times=None)
        with pytest.raises(CannotConnect, match="broke off"):
            gather(server)
        assert server.sessions == {}


def test_a_logout_that_fails_is_told_and_loses_nothing(lab: Lab, gather: Collector) -> None:
    with VCenterServer(lab.inventory) as server:
        server.fail("DestroyView", "RuntimeFault")
        server.fail("Logout", "RuntimeFault")
        assert gather(server).guest_count == 4
    assert ["it is released there" in warning for warning in gather.warnings] == [True, False]
    assert "the session may stay open there" in gather.warnings[1]


def test_a_login_without_a_cookie_is_an_error(lab: Lab, gather: Collector) -> None:
    with VCenterServer(lab.inventory) as server:
        server.misbehave(faults.status(200, LOGIN, content_type="text/xml"), "Login")
        with pytest.raises(BadAnswer, match="set no cookie"):
            gather(server)


LOGIN = (
    '<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body>'
    '<LoginResponse xmlns="urn:vim25"/></Body></Envelope>'
)


@pytest.mark.parametrize("part", ["propertyCollector", "sessionManager", "rootFolder", "viewManager", "about"])
def test_service_content_with_a_part_missing(lab: Lab, gather: Collector, part: str) -> None:
    with VCenterServer(lab.inventory) as server:
        whole = server._content()
        begin = whole.index(f"<{part}")
        end = whole.index(f"</{part}>") + len(f"</{part}>")
        rest = f'<R xmlns="urn:vim25">{whole[:begin]}{whole[end:]}</R>'
        body = LOGIN.replace('<LoginResponse xmlns="urn:vim25"/>', rest)
        server.misbehave(faults.status(200, body, content_type="text/xml"), "RetrieveServiceContent")
        with pytest.raises(BadAnswer, match="did not tell its service content"):
            gather(server)
        assert "Login" not in server.calls()


@pytest.mark.parametrize("form", ["127.0.0.1", "127.0.0.1:{port}", "http://127.0.0.1:{port}", "{url}/", "{url}/sdk"])
def test_forms_of_the_server(lab: Lab, gather: Collector, form: str) -> None:
    with VCenterServer(lab.inventory) as server:
        text = form.format(port=server.port, url=server.url)
        if "://" not in text:
            text = f"http://{text}"
        mapping = gather(text, port=server.port)
        assert mapping.source == f"127.0.0.1:{server.port}"
        assert mapping.guest_count == 4


@pytest.mark.parametrize("form", ["http://[::1]:{port}", "http://[::1]"])
def test_an_ipv6_address(lab: Lab, gather: Collector, form: str) -> None:
    with VCenterServer(lab.inventory, host="::1") as server:
        mapping = gather(form.format(port=server.port), port=server.port)
        assert mapping.source == f"[::1]:{server.port}"
        assert mapping.guest_count == 4


@pytest.mark.parametrize(
    "bad", ["https://user:secret@vc.example.com", "ftp://vc.example.com", "a b", "https://vc/?x=1"]
)
def test_a_bad_server_is_refused_before_contact(gather: Collector, bad: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        gather(bad)
    assert "secret" not in caught.value.message


def test_it_takes_compressed_answers(lab: Lab, gather: Collector) -> None:
    with VCenterServer(lab.inventory, compress=True) as server:
        assert gather(server).guest_count == 4


def test_a_name_and_password_with_markup_travel_whole(lab: Lab, gather: Collector) -> None:
    user, password = "a&b <c>\"'@x", "]]>&amp;<é ü\\"
    with VCenterServer(lab.inventory, user=user, password=password) as server:
        assert gather(server, username=user, password=password).guest_count == 4


def test_without_lxml_the_module_says_what_to_install(tmp_path: Path) -> None:
    package = tmp_path / "lxml"
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError('not here')\n", encoding="utf-8")
    options = {"server": "127.0.0.1", "port": 1, "username": "u", "password": PASSWORD}
    paths = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    result = run_module("esx_hypervisor_guest_facts", options, environment={"PYTHONPATH": paths})
    assert result["failed"] is True
    assert "(lxml)" in result["msg"]
    assert "to read the answers of the vCenter or ESXi 127.0.0.1:1" in result["msg"]
