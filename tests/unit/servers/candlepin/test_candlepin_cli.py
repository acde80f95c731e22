# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The server as a process of its own, steered from another one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest
import requests
from ansible_collections.virtmap.core.tests.servers import candlepin
from ansible_collections.virtmap.core.tests.unit.servers.candlepin.candlepin_client import host

ROOT = Path(candlepin.__file__).resolve().parents[3]
REPORTER = "reporter.example.com"


class Process:
    """``python -m tests.servers.candlepin`` and what it said about itself."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.port_file = folder / "server.json"
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.servers.candlepin", "--port-file", str(self.port_file), *arguments],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
        )
        deadline = time.monotonic() + 60
        while not self.port_file.exists():
            assert self.process.poll() is None, "the server ended before it listened"
            assert time.monotonic() < deadline, "the server never listened"
            time.sleep(0.02)
        self.told = json.loads(self.port_file.read_text())
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = self.told["ca_path"] or True

    def __call__(self, method: str, path: str, body: t.Any = None, **options: t.Any) -> requests.Response:
        return self.session.request(method, self.told["url"] + path, json=body, timeout=30, **options)

    def stop(self) -> int:
        self.process.terminate()
        try:
            return self.process.wait(30)
        finally:
            if self.process.stdout:
                self.process.stdout.close()


@pytest.fixture(name="run")
def run_fixture(tmp_path: Path) -> t.Iterator[t.Callable[..., Process]]:
    started: list[Process] = []

    def run(*arguments: str) -> Process:
        started.append(Process(tmp_path, *arguments))
        return started[-1]

    yield run
    for one in started:
        if one.process.poll() is None:
            one.stop()


def test_tls_with_a_reporter_and_control(run: t.Callable[..., Process], tmp_path: Path) -> None:
    tls = tmp_path / "tls"
    server = run(
        "--tls-dir", str(tls), "--owner", "acme", "--user", "virtwho:se:cret", "--reporter", REPORTER, "--control"
    )
    assert server.told["url"].startswith("https://127.0.0.1:")
    assert (server.told["prefix"], server.told["pid"]) == ("/candlepin", server.process.pid)
    assert Path(server.told["ca_path"]) == tls / "ca.pem"
    assert server("GET", "/candlepin/status").json()["result"] is True
    assert server("GET", "/candlepin/users/virtwho/owners", auth=("virtwho", "se:cret")).json()[0]["key"] == "acme"

    reporter = server.told["reporters"]["acme"]
    answer = server.session.post(
        server.told["url"] + "/candlepin/hypervisors/acme",
        data=json.dumps({"hypervisors": [host("h1", "esx1", ["g1"])]}),
        headers={"Content-Type": "text/plain"},
        cert=(reporter["cert"], reporter["key"]),
        timeout=30,
    )
    assert answer.json()["principal"] == reporter["uuid"]
    for _attempt in range(200):
        state = server("GET", "/_test/state").json()
        if state["jobs"][0]["state"] == "FINISHED":
            break
        time.sleep(0.02)
    reported = [one for one in state["consumers"] if one["hypervisorId"]]
    assert [(one["name"], [row["guestId"] for row in one["guestIds"]]) for one in reported] == [("esx1", ["g1"])]
    log = server("GET", "/_test/requests").json()
    assert [(entry["method"], entry["path"], entry["client"]) for entry in log][-1] == (
        "POST",
        "/candlepin/hypervisors/acme",
        reporter["uuid"],
    )
    assert server.stop() == 0
    with pytest.raises(requests.ConnectionError):
        server("GET", "/candlepin/status")


def test_steering(run: t.Callable[..., Process]) -> None:
    server = run("--user", "u:p", "--paused", "--control", "--flavour", "hosted")
    auth = ("u", "p")

    def check_in() -> dict[str, t.Any]:
        answer = server(
            "POST",
            "/subscription/hypervisors/acme",
            {"hypervisors": []},
            auth=auth,
            headers={"Content-Type": "text/plain"},
        )
        return t.cast("dict[str, t.Any]", answer.json())

    def job(identifier: str) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", server("GET", f"/subscription/jobs/{identifier}", auth=auth).json())

    first = check_in()
    assert check_in()["state"] == "FAILED"
    assert job(first["id"])["state"] == "CREATED"
    assert server("PUT", "/_test/jobs", {"paused": False, "fail_next": "broken"}).status_code == 204
    for _attempt in range(200):
        if job(first["id"])["state"] == "FAILED":
            break
        time.sleep(0.02)
    assert job(first["id"])["resultData"] == "broken"
    assert server("PUT", "/_test/settings", {"mode": "SUSPEND", "capabilities": ["cores"]}).status_code == 204
    document = server("GET", "/subscription/status").json()
    assert (document["result"], document["managerCapabilities"]) == (False, ["cores"])
    assert server("PUT", "/_test/settings", {"mood": "bad"}).status_code == 400
    assert server("PUT", "/_test/jobs", {"speed": 1}).status_code == 400
    assert server("PUT", "/_test/settings", {"mode": "NORMAL"}).status_code == 204
    made = server("POST", "/_test/consumers", {"owner": "acme", "name": "new.example.com"}).json()
    assert Path(made["cert"]).exists()
    assert server("DELETE", f"/_test/consumers/{made['uuid']}").status_code == 204
    assert server("GET", f"/subscription/consumers/{made['uuid']}", auth=auth).status_code == 410
    assert server("POST", "/_test/clock", {"advance": 9 * 86400}).status_code == 204
    assert server("GET", f"/subscription/jobs/{first['id']}", auth=auth).status_code == 404


def test_wrong_arguments() -> None:
    for arguments in (["--user", "nocolon"], ["--reporter", "r"], ["--flavour", "vanilla"]):
        ended = subprocess.run(
            [sys.executable, "-m", "tests.servers.candlepin", *arguments],
            cwd=ROOT,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 2
        assert b"error:" in ended.stderr
