# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The check-in module as a process of its own: what it prints, and what it never prints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import ansible_collections
import pytest
from ansible_collections.virtmap.core.tests.lab.module_starter import RUNNER
from ansible_collections.virtmap.core.tests.servers._proxy import ProxyServer
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority
from ansible_collections.virtmap.core.tests.servers.candlepin import CandlepinServer
from ansible_collections.virtmap.core.tests.unit.run_module import run_module

PASSWORD = "s3cret-of-admin"
HOST = {"id": "A", "name": "a.example.com", "facts": {}, "guests": [{"uuid": "g1", "name": "web1", "state": "running"}]}
MAPPING = {"backend": "esx", "source": "vc", "collected_at": "2026-11-21T08:00:00Z", "hypervisors": [HOST]}


@pytest.fixture(name="server")
def server_fixture(tmp_path: Path) -> t.Iterator[CandlepinServer]:
    authority = CertificateAuthority(tmp_path / "ca")
    with CandlepinServer(tls=authority, users={"admin": PASSWORD}) as server:
        yield server


# What stands for the package systemd, and keeps what is logged.
JOURNAL = """
import os
def sendv(*_fields):
    raise NotImplementedError
def send(**fields):
    with open(os.environ["VIRTMAP_JOURNAL"], "a", encoding="utf-8") as stream:
        stream.write(repr(fields))
"""


def options(candlepin: CandlepinServer, **more: t.Any) -> dict[str, t.Any]:
    """The options of a good call; what is given as ... is left out."""
    given = {
        "server": candlepin.url,
        "prefix": candlepin.prefix,
        "ca_path": str(candlepin.ca.path),
        "username": "admin",
        "password": PASSWORD,
        "mappings": [MAPPING],
        "timeout": 10,
        **more,
    }
    return {name: value for name, value in given.items() if value is not ...}


def test_it_reports_and_prints_neither_the_password_nor_the_whole_mapping(server: CandlepinServer) -> None:
    with ProxyServer("web", "pr0xy/word") as proxy:
        url = proxy.url.replace("://", "://web:pr0xy%2Fword@")
        result = run_module("rhsm_hypervisor_checkin", options(server, proxy=url))
        assert proxy.connects()
    assert result["created"] == ["A"]
    assert result["changed"] is True
    assert result["invocation"]["module_args"]["mappings"] == "(1 entries, not repeated here)"
    for secret in (PASSWORD, "pr0xy%2Fword", "pr0xy/word"):
        assert secret not in result["_stdout"] + result["_stderr"]


def test_the_log_of_the_system_gets_no_whole_mapping(server: CandlepinServer, tmp_path: Path) -> None:
    (tmp_path / "systemd").mkdir()
    (tmp_path / "systemd" / "__init__.py").touch()
    (tmp_path / "systemd" / "journal.py").write_text(JOURNAL, encoding="utf-8")
    (tmp_path / "systemd" / "daemon.py").write_text("def booted():\n    return True\n", encoding="utf-8")
    paths = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    environment = {"VIRTMAP_JOURNAL": str(tmp_path / "journal"), "PYTHONPATH": paths}
    result = run_module("rhsm_hypervisor_checkin", options(server), environment=environment)
    assert result["created"] == ["A"]
    logged = (tmp_path / "journal").read_text(encoding="utf-8")
    assert "(1 entries, not repeated here)" in logged
    assert "Invoked with" in logged
    assert "hypervisors" not in logged
    assert PASSWORD not in logged


def test_a_failure_says_changed_when_something_changed(server: CandlepinServer) -> None:
    server.state.settings.broken_hypervisors = {"B"}
    both = {**MAPPING, "hypervisors": [HOST, {**HOST, "id": "B"}]}
    result = run_module("rhsm_hypervisor_checkin", options(server, mappings=[both]))
    assert result["failed"] is True
    assert result["changed"] is True
    assert [entry["id"] for entry in result["failed_hosts"]] == ["B"]
    assert "B" in result["msg"]


def test_credentials_come_from_the_environment(server: CandlepinServer) -> None:
    given = options(server, server=..., username=..., password=...)
    environment = {
        "VIRTMAP_RHSM_SERVER": server.url,
        "VIRTMAP_RHSM_USERNAME": "admin",
        "VIRTMAP_RHSM_PASSWORD": PASSWORD,
        "VIRTMAP_RHSM_OWNER": "acme",
    }
    result = run_module("rhsm_hypervisor_checkin", given, environment=environment)
    assert result["created"] == ["A"]
    assert PASSWORD not in result["_stdout"] + result["_stderr"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"server": ...}, "one of the following is required: server, rhsm_conf"),
        ({"password": ...}, "required together: username, password"),
        ({"password": None}, "username and password must not be empty"),
        ({"username": "", "password": ""}, "username and password must not be empty"),
        ({"server": None}, "give server, or rhsm_conf"),
        ({"client_cert": "/c.pem"}, "mutually exclusive: username|client_cert"),
        ({"timeout": 0}, "timeout is 0"),
        ({"proxy": "ftp://web:pr0xyword@proxy"}, "proxy must be the URL of an HTTP proxy"),
    ],
)
def test_wrong_options_are_refused(server: CandlepinServer, change: dict[str, t.Any], words: str) -> None:
    result = run_module("rhsm_hypervisor_checkin", options(server, **change))
    assert result["failed"] is True
    assert words in result["msg"]
    assert "pr0xyword" not in result["_stdout"]
    assert server.log.connections == 0


@pytest.mark.parametrize("wrong", [False, True])
def test_no_secret_is_shown_at_the_highest_verbosity(server: CandlepinServer, tmp_path: Path, wrong: bool) -> None:
    with ProxyServer("web", "pr0xy/word") as proxy:
        given = options(server, proxy=proxy.url.replace("://", "://web:pr0xy%2Fword@"))
        if wrong:
            server.state.users["admin"].password = "another"
        task = {"name": "Report", "virtmap.core.rhsm_hypervisor_checkin": given}
        play = [{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]
        (tmp_path / "play.json").write_text(json.dumps(play))
        done = subprocess.run(
            [sys.executable, "-m", "ansible", "playbook", "-vvvv", "-c", "local", "-i", "localhost,", "play.json"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={
                **os.environ,
                "HOME": str(tmp_path),
                "ANSIBLE_COLLECTIONS_PATH": str(Path(next(iter(ansible_collections.__path__))).parent),
                "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
                "ANSIBLE_LOG_PATH": str(tmp_path / "log"),
                "VIRTMAP_RHSM_OWNER": "acme",
            },
        )
    shown = done.stdout + done.stderr + (tmp_path / "log").read_text()
    assert ("refused the user admin" in shown) if wrong else ('"created"' in shown), shown
    assert '"invocation"' in shown
    assert (done.returncode != 0) is wrong
    for secret in (PASSWORD, "pr0xy%2Fword", "pr0xy/word"):
        assert secret not in shown


def test_a_run_that_is_killed_leaves_no_broken_state_file(server: CandlepinServer, tmp_path: Path) -> None:
    path = tmp_path / "accepted.json"
    given = options(server, state_path=str(path))
    assert run_module("rhsm_hypervisor_checkin", given)["created"] == ["A"]
    server.jobs.configure(paused=True)
    other = {**MAPPING, "hypervisors": [{**HOST, "guests": []}]}
    (tmp_path / "arguments.json").write_text(json.dumps({"ANSIBLE_MODULE_ARGS": {**given, "mappings": [other]}}))
    name = "ansible_collections.virtmap.core.plugins.modules.rhsm_hypervisor_checkin"
    command = [sys.executable, "-c", RUNNER, name, str(tmp_path / "arguments.json")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while len(server.log.find("POST")) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        process.kill()
    server.jobs.configure(paused=False)
    server.jobs.settle()
    assert list(json.loads(path.read_text())) == ["version", "pending"]
    # The server has taken the report of the killed run; what was accepted before it must not pass for its state.
    assert run_module("rhsm_hypervisor_checkin", given)["updated"] == ["A"]
    assert run_module("rhsm_hypervisor_checkin", given)["sent"]["hypervisors"] == 0
    assert [entry.name for entry in tmp_path.iterdir() if "accepted" in entry.name] == ["accepted.json"]
