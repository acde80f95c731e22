# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The engine test server against what the API's documentation says, seen by requests."""

from __future__ import annotations

import subprocess
import sys
import typing as t
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import requests
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority
from ansible_collections.virtmap.core.tests.servers.ovirt import (
    CA_PATH,
    LOGIN_PATH,
    LOGOUT_PATH,
    Accounts,
    EngineServer,
    Inventory,
)
from ansible_collections.virtmap.core.tests.servers.ovirt.__main__ import fleet

USER, PASSWORD = "admin@internal", "s3cret"
API = "/ovirt-engine/api"
FORM = {"grant_type": "password", "scope": "ovirt-app-api", "username": USER, "password": PASSWORD}


@pytest.fixture
def engine() -> t.Iterator[EngineServer]:
    with EngineServer(fleet(3, 250), Accounts({USER: PASSWORD})) as server:
        yield server


def ask(server: EngineServer, path: str, **options: t.Any) -> requests.Response:
    options.setdefault("auth", (USER, PASSWORD))
    return requests.get(f"{server.url}{API}{path}", timeout=10, **options)


def log_in(server: EngineServer, **changes: str) -> requests.Response:
    return requests.post(f"{server.url}{LOGIN_PATH}", data={**FORM, **changes}, timeout=10)


def test_a_token_lives_until_it_is_revoked(engine: EngineServer) -> None:
    told = log_in(engine).json()
    assert told.keys() == {"access_token", "scope", "exp", "token_type"}
    assert told["token_type"] == "bearer"
    headers = {"Authorization": f"Bearer {told['access_token']}"}
    assert ask(engine, "/clusters", auth=None, headers=headers).status_code == 200
    form = {"scope": "ovirt-app-api", "token": told["access_token"]}
    assert requests.post(f"{engine.url}{LOGOUT_PATH}", data=form, timeout=10).status_code == 200
    gone = ask(engine, "/clusters", auth=None, headers=headers)
    assert gone.status_code == 401
    assert 'Basic realm="RESTAPI"' in gone.headers["WWW-Authenticate"]
    assert gone.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"scope": ""}, "invalid_scope"),
        ({"grant_type": "magic"}, "unsupported_grant_type"),
        ({"password": "wrong"}, "access_denied"),
        ({"username": "admin"}, "access_denied"),
    ],
)
def test_a_login_that_is_refused(engine: EngineServer, changes: dict[str, str], code: str) -> None:
    answer = log_in(engine, **changes)
    assert (answer.status_code, answer.json()["error_code"]) == (400, code)
    engine.accounts.openid = engine.accounts.list_shaped = True
    assert log_in(engine, **changes).json()[0]["error"] == code


def test_without_single_sign_on_there_is_only_basic() -> None:
    with EngineServer(fleet(1, 1), Accounts({USER: PASSWORD}, sso=False), versions=(3, 4)) as server:
        assert log_in(server).status_code == 404
        assert ask(server, "").status_code == 200
        assert ask(server, "", auth=(USER, "wrong")).headers["WWW-Authenticate"] == 'Basic realm="RESTAPI"'


def test_objects_are_as_large_as_real_ones(engine: EngineServer) -> None:
    """About 8 KB for a machine and 6 KB for a host, most of it links."""
    assert 7_000 < len(ask(engine, "/vms").content) / 250 < 9_000
    assert 4_000 < len(ask(engine, "/hosts").content) / 4 < 7_000
    packed = ask(engine, "/vms", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Transfer-Encoding"] == "chunked"
    assert "Content-Encoding" not in ask(engine, "/vms", headers={"Accept-Encoding": "identity"}).headers


def test_a_machine(engine: EngineServer) -> None:
    vms = ET.fromstring(ask(engine, "/vms").content)
    assert (vms.tag, len(vms)) == ("vms", 250)
    first = vms[0]
    host = first.find("host")
    assert first.get("href") == f"{API}/vms/{first.get('id')}"
    assert first.findtext("name") == "vm1"
    assert host is not None
    assert host.get("id") in {entry.id for entry in engine.inventory.hosts}
    assert first.findtext("status") == "up"
    down = [vm for vm in vms if vm.findtext("status") == "down"]
    assert down
    assert not [vm for vm in down if vm.find("host") is not None]
    assert ET.fromstring(ask(engine, f"/vms/{first.get('id')}").content).findtext("name") == "vm1"
    assert ask(engine, "/vms/nobody").status_code == 404


def test_a_host_in_both_versions() -> None:
    with EngineServer(fleet(1, 0), Accounts({USER: PASSWORD}), versions=(3, 4)) as server:
        old = ET.fromstring(ask(server, "/hosts").content)[0]
        new = ET.fromstring(ask(server, "/hosts", headers={"Version": "4"}).content)[0]
        assert ET.fromstring(ask(server, "/v4/hosts").content)[0].findtext("status") == "up"
        assert old.findtext("status/state") == new.findtext("status") == "up"
        topology, version = old.find("cpu/topology"), old.find("version")
        assert topology is not None
        assert version is not None
        assert topology.get("sockets") == new.findtext("cpu/topology/sockets") == "2"
        assert version.get("full_version") == new.findtext("version/full_version")
        assert old.findtext("hardware_information/uuid") == server.inventory.hosts[0].hardware_uuid
        assert ask(server, "/v5/hosts").status_code == 404
        assert ask(server, "/hosts", headers={"Version": "5"}).status_code == 400


def test_a_host_that_was_never_up() -> None:
    inventory = Inventory()
    inventory.add_host("host1", inventory.add_cluster("Blue")).never_up()
    with EngineServer(inventory, Accounts({USER: PASSWORD})) as server:
        host = ET.fromstring(ask(server, "/hosts").content)[0]
        assert host.findtext("status") == "install_failed"
        for path in ("hardware_information", "cpu", "version"):
            assert host.find(path) is None


def test_pages(engine: EngineServer) -> None:
    def page(**params: str) -> list[str | None]:
        return [vm.findtext("name") for vm in ET.fromstring(ask(engine, "/vms", params=params).content)]

    assert len(page()) == 250
    assert len(page(max="7")) == 7
    assert len(page(search="page 1")) == 100, "a search is limited unless it says how much it wants"
    names = sorted(f"vm{number}" for number in range(1, 251))
    assert page(search="sortby name asc page 3", max="100") == names[200:]
    assert page(search="sortby name desc", max="2") == names[:-3:-1]
    assert page(search="page 9", max="100") == []
    fault = ask(engine, "/vms", params={"search": "nam=="})
    assert fault.status_code == 400
    assert ET.fromstring(fault.content).tag == "fault"
    assert ask(engine, "/vms", params={"max": "many"}).status_code == 400


def test_an_account_without_rights() -> None:
    with EngineServer(fleet(1, 1), Accounts({USER: PASSWORD}, without_rights=frozenset({USER}))) as server:
        refused = ask(server, "/vms")
        assert refused.status_code == 403
        assert "insufficient permissions" in (ET.fromstring(refused.content).findtext("detail") or "")


def test_what_is_not_the_api(engine: EngineServer) -> None:
    assert requests.get(f"{engine.url}/", timeout=10).status_code == 404
    assert ask(engine, "/nothing").status_code == 404
    assert ask(engine, "/vms", headers={"Accept": "text/csv"}).status_code == 406
    assert requests.post(f"{engine.url}{API}/vms", auth=(USER, PASSWORD), timeout=10).status_code == 405


def test_it_hands_out_its_ca_to_everybody(tmp_path: Path) -> None:
    ca = CertificateAuthority(tmp_path / "ca")
    with EngineServer(fleet(1, 1), Accounts({}), tls=ca.server_context(), ca=ca.path) as server:
        params = {"resource": "ca-certificate", "format": "X509-PEM-CA"}
        told = requests.get(f"{server.url}{CA_PATH}", params=params, verify=str(ca.path), timeout=10)
        assert told.content == ca.path.read_bytes()


def test_the_command_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.servers.ovirt", "--help"]
    root = Path(__file__).parents[3]
    done = subprocess.run(command, cwd=root, check=True, stdout=subprocess.PIPE, text=True)
    assert "--old" in done.stdout
