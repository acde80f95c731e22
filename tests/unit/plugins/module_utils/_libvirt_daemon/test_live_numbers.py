# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""libvirt_daemon_threadpool and libvirt_daemon_client_limits against real daemons."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.config_text import values
from ansible_collections.virtmap.core.tests.lab.libvirtd import Virtlogd

from .conftest import Daemon, connected

DEFAULT_POOL = {"min_workers": 5, "max_workers": 20, "prio_workers": 5}
DEFAULT_LIMITS = {"max_clients": 5000, "max_unauth_clients": 20}


@pytest.fixture(autouse=True)
def defaults(libvirtd: Daemon) -> t.Iterator[None]:
    yield
    libvirtd.admin(
        *["srv-threadpool-set", "libvirtd", "--min-workers", "5", "--max-workers", "20", "--priority-workers", "5"]
    )
    libvirtd.admin(*["srv-clients-set", "libvirtd", "--max-clients", "5000", "--max-unauth-clients", "20"])
    libvirtd.admin(
        *["srv-threadpool-set", "admin", "--min-workers", "5", "--max-workers", "20", "--priority-workers", "0"]
    )


def pool(daemon: Daemon, server: str = "libvirtd") -> dict[str, int]:
    told = daemon.admin("srv-threadpool-info", server)
    return {
        "min_workers": int(told["minWorkers"]),
        "max_workers": int(told["maxWorkers"]),
        "prio_workers": int(told["prioWorkers"]),
    }


def limits(daemon: Daemon, server: str = "libvirtd") -> dict[str, int]:
    told = daemon.admin("srv-clients-info", server)
    return {"max_clients": int(told["nclients_max"]), "max_unauth_clients": int(told["nclients_unauth_max"])}


@pytest.mark.parametrize(
    "wanted",
    [
        {"min_workers": 3, "max_workers": 10},
        {"min_workers": 20},
        {"min_workers": 30, "max_workers": 40},
        {"max_workers": 6},
        {"min_workers": 0},
        {"prio_workers": 8},
        {"prio_workers": 0},
        {"min_workers": 1, "max_workers": 2, "prio_workers": 2},
    ],
)
def test_a_pool_is_set_once(libvirtd: Daemon, wanted: dict[str, int]) -> None:
    after = {**DEFAULT_POOL, **wanted}
    predicted = libvirtd.run("threadpool", check=True, diff=True, **wanted)
    assert predicted["changed"]
    assert pool(libvirtd) == DEFAULT_POOL
    result = libvirtd.run("threadpool", diff=True, **wanted)
    assert result["changed"]
    assert pool(libvirtd) == after
    assert {name: result["threadpool"][name] for name in after} == after
    assert result["diff"] == predicted["diff"]
    assert result["diff"] == [
        {"before": {"server": "libvirtd", **DEFAULT_POOL}, "after": {"server": "libvirtd", **after}}
    ]
    again = libvirtd.run("threadpool", **wanted)
    assert not again["changed"]
    assert "diff" not in again


def test_workers_are_there_when_the_task_ends(libvirtd: Daemon) -> None:
    assert libvirtd.run("threadpool", min_workers=18)["threadpool"]["current_workers"] == 18
    assert libvirtd.run("threadpool", min_workers=2, max_workers=4)["threadpool"]["max_workers"] == 4


def test_the_admin_server_has_a_pool_too(libvirtd: Daemon) -> None:
    assert libvirtd.run("threadpool", daemon_server="admin", min_workers=3, prio_workers=1)["changed"]
    assert pool(libvirtd, "admin") == {"min_workers": 3, "max_workers": 20, "prio_workers": 1}
    assert pool(libvirtd) == DEFAULT_POOL


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"min_workers": 21}, "min_workers (21) would be greater than max_workers (20)"),
        ({"max_workers": 4}, "min_workers (5) would be greater than max_workers (4)"),
        ({"min_workers": 10_001, "max_workers": 10_001}, "must be 0 to 10000"),
        ({"prio_workers": -1}, "must be 0 to 10000"),
        ({"max_workers": 0, "min_workers": 0}, "cannot be changed from 20 to 0"),
        ({"daemon_server": "nope", "min_workers": 6}, "the daemon has no such server"),
        ({"daemon_server": "", "min_workers": 6}, "no such server"),
        ({}, "one of the following is required"),
    ],
)
def test_a_pool_that_cannot_be_is_refused(libvirtd: Daemon, wanted: dict[str, t.Any], said: str) -> None:
    result = libvirtd.run("threadpool", **wanted)
    assert said in result["msg"]
    assert not result.get("changed")
    assert pool(libvirtd) == DEFAULT_POOL


def test_virtlogd_has_no_pool_to_set(virtlogd: Daemon) -> None:
    assert "cannot be changed from 0 to 5" in virtlogd.run("threadpool", max_workers=5)["msg"]
    assert not virtlogd.run("threadpool", max_workers=0)["changed"]


@pytest.mark.parametrize(
    "wanted", [{"max_clients": 100}, {"max_clients": 10, "max_unauth_clients": 10}, {"max_unauth_clients": 5000}]
)
def test_limits_are_set_once(libvirtd: Daemon, wanted: dict[str, int]) -> None:
    assert libvirtd.run("client_limits", check=True, **wanted)["changed"]
    assert limits(libvirtd) == DEFAULT_LIMITS
    assert libvirtd.run("client_limits", **wanted)["changed"]
    assert limits(libvirtd) == {**DEFAULT_LIMITS, **wanted}
    assert not libvirtd.run("client_limits", **wanted)["changed"]


def test_limits_of_virtlogd_and_of_the_admin_server(virtlogd: Daemon) -> None:
    assert virtlogd.run("client_limits", max_clients=100, max_unauth_clients=50)["changed"]
    assert limits(virtlogd, "virtlogd") == {"max_clients": 100, "max_unauth_clients": 50}
    assert virtlogd.run("client_limits", daemon_server="admin", max_clients=2, max_unauth_clients=2)["changed"]
    assert limits(virtlogd, "admin") == {"max_clients": 2, "max_unauth_clients": 2}
    refused = virtlogd.run("client_limits", daemon_server="admin", max_clients=1, max_unauth_clients=1)
    assert "allow_zero" in refused["msg"]
    assert limits(virtlogd, "admin") == {"max_clients": 2, "max_unauth_clients": 2}


def test_limits_that_lock_out_need_their_override(libvirtd: Daemon) -> None:
    uri = libvirtd.lab.uri(driver="test")
    with connected(uri), connected(uri):
        for check in (True, False):
            refused = libvirtd.run("client_limits", check=check, max_clients=1, max_unauth_clients=1)
            assert "1 while 2 clients are connected" in refused["msg"]
        refused = libvirtd.run("client_limits", max_clients=0, max_unauth_clients=0, allow_below_current=True)
        assert "allow_zero" in refused["msg"]
        assert limits(libvirtd) == DEFAULT_LIMITS
        allowed = libvirtd.run("client_limits", max_clients=1, max_unauth_clients=1, allow_below_current=True)
        assert allowed["changed"]
        assert "new clients wait until enough of them left" in str(allowed["warnings"])
        with connected(uri, wait=False) as waiting:
            libvirtd.run("client_limits", max_clients=10)
            assert waiting.says() == "connected"


def test_a_lockout_that_is_meant_can_be_taken_back(libvirtd: Daemon) -> None:
    closed = {"max_clients": 0, "max_unauth_clients": 0}
    assert libvirtd.run("client_limits", allow_zero=True, allow_below_current=True, **closed)["changed"]
    assert limits(libvirtd) == closed
    assert libvirtd.run("client_limits", **DEFAULT_LIMITS)["changed"]
    with connected(libvirtd.lab.uri(driver="test")) as client:
        assert client.is_connected()


def test_settings_survive_a_restart(own_libvirtd: Daemon) -> None:
    daemon = own_libvirtd
    config = daemon.lab.config_file
    original = config.read_text()
    assert daemon.persist("threadpool", check=True, min_workers=7)["persisted"]["changed"]
    assert config.read_text() == original
    result = daemon.persist("threadpool", diff=True, min_workers=7, max_workers=30, prio_workers=3)
    assert result["persisted"]["changed"]
    with open(result["persisted"]["backup_file"], encoding="utf-8") as backup:
        assert backup.read() == original
    assert result["diff"][1]["before"] == original
    assert result["diff"][1]["after"] == config.read_text()
    assert daemon.persist("client_limits", max_clients=300, max_unauth_clients=30)["changed"]
    assert daemon.persist("client_limits", daemon_server="admin", max_clients=9)["changed"]
    assert daemon.persist("threadpool", daemon_server="admin", min_workers=2, max_workers=4)["changed"]
    again = daemon.persist("threadpool", min_workers=7, max_workers=30, prio_workers=3)
    assert (again["changed"], again["persisted"]["changed"], again["persisted"]["backup_file"]) == (False, False, None)
    assert values(config.read_text())["max_anonymous_clients"] == 30
    daemon.lab.kill()
    daemon.lab.start()
    assert pool(daemon) == {"min_workers": 7, "max_workers": 30, "prio_workers": 3}
    assert limits(daemon) == {"max_clients": 300, "max_unauth_clients": 30}
    assert limits(daemon, "admin")["max_clients"] == 9
    after = pool(daemon, "admin")
    assert (after["min_workers"], after["max_workers"]) == (2, 4)


def test_a_file_with_which_the_daemon_would_not_start_is_never_written(own_libvirtd: Daemon) -> None:
    result = own_libvirtd.persist("client_limits", max_clients=30, max_unauth_clients=10)
    assert result["changed"]
    refused = own_libvirtd.persist("client_limits", max_clients=9)
    assert "it would hold max_anonymous_clients = 10 with max_clients = 9" in refused["msg"]
    own_libvirtd.lab.kill()
    own_libvirtd.lab.start()
    assert limits(own_libvirtd) == {"max_clients": 30, "max_unauth_clients": 10}


def test_virtlogd_keeps_its_limit() -> None:
    with Virtlogd() as lab:
        daemon = Daemon(lab)
        assert daemon.persist("client_limits", max_clients=10)["failed"]
        assert daemon.run("client_limits", max_clients=10, max_unauth_clients=10)["changed"]
        assert daemon.persist("client_limits", max_clients=10)["persisted"]["changed"]
        lab.kill()
        lab.start()
        assert limits(daemon, "virtlogd")["max_clients"] == 10


def test_a_setting_that_runs_but_is_not_kept_is_a_change(own_libvirtd: Daemon) -> None:
    own_libvirtd.run("threadpool", min_workers=7)
    result = own_libvirtd.persist("threadpool", min_workers=7)
    assert result["changed"]
    assert result["persisted"]["changed"]
    assert not own_libvirtd.persist("threadpool", min_workers=7)["changed"]


def test_a_broken_file_is_found_before_anything_is_changed(own_libvirtd: Daemon) -> None:
    config = own_libvirtd.lab.config_file
    config.write_text(config.read_text() + "min_workers 3\n")
    result = own_libvirtd.persist("threadpool", min_workers=7)
    assert "nothing was changed" in result["msg"]
    assert "it is no setting" in result["msg"]
    assert pool(own_libvirtd) == DEFAULT_POOL


def test_what_cannot_be_kept_is_not_set_either(libvirtd: Daemon) -> None:
    result = libvirtd.persist("threadpool", daemon_server="admin", prio_workers=3)
    assert "cannot be kept" in result["msg"]
    assert "config_file" in libvirtd.run("threadpool", persist=True, min_workers=7)["msg"]
    assert pool(libvirtd) == DEFAULT_POOL
