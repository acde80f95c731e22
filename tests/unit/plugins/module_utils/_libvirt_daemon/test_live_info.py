# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""libvirt_daemon_info against real daemons."""

from __future__ import annotations

import socket
import time
import typing as t

import pytest

from .conftest import Daemon, connected

USER = {"user": "reader", "password": "s3cret"}


def test_servers_and_numbers_are_those_of_virt_admin(libvirtd: Daemon) -> None:
    result = libvirtd.run("info")
    assert not result["changed"]
    assert set(result["servers"]) == {"admin", "libvirtd"}
    pool = libvirtd.admin("srv-threadpool-info", "libvirtd")
    names = {
        "min_workers": "minWorkers",
        "max_workers": "maxWorkers",
        "current_workers": "nWorkers",
        "free_workers": "freeWorkers",
        "prio_workers": "prioWorkers",
        "job_queue_depth": "jobQueueDepth",
    }
    assert result["servers"]["libvirtd"]["threadpool"] == {ours: int(pool[theirs]) for ours, theirs in names.items()}
    limits = libvirtd.admin("srv-clients-info", "libvirtd")
    names = {
        "max_clients": "nclients_max",
        "clients": "nclients",
        "max_unauth_clients": "nclients_unauth_max",
        "unauth_clients": "nclients_unauth",
    }
    assert result["servers"]["libvirtd"]["client_limits"] == {
        ours: int(limits[theirs]) for ours, theirs in names.items()
    }
    assert result["version"] in str(libvirtd.admin("version"))
    assert result["logging"] == {"filters": [], "outputs": [f"2:file:{libvirtd.lab.log}"]}


def test_virtlogd_has_no_workers(virtlogd: Daemon) -> None:
    result = virtlogd.run("info")
    assert set(result["servers"]) == {"admin", "virtlogd"}
    assert set(result["servers"]["virtlogd"]["threadpool"].values()) == {0}
    assert result["daemon"] == "virtlogd"


def test_clients_of_all_transports_are_described(libvirtd: Daemon) -> None:
    lab = libvirtd.lab
    with (
        connected(lab.uri(driver="test")) as local,
        connected(lab.uri("tcp", driver="test"), **USER),
        connected(lab.uri("tls", driver="test")),
        connected(lab.uri(driver="test"), read_only=True),
        socket.create_connection(("127.0.0.1", lab.tcp_port or 0)),
    ):
        deadline = time.monotonic() + 10
        clients: list[dict[str, t.Any]] = []
        while len(clients) < 5 and time.monotonic() < deadline:
            clients = libvirtd.run("info", gather_subset=["clients"])["servers"]["libvirtd"]["clients"]
        assert {client["id"] for client in clients} == libvirtd.client_ids()
        unix, tcp, tls, read_only, silent = clients
        assert (unix["transport"], unix["pid"], unix["read_only"], unix["authenticated"]) == (
            "unix",
            local.pid,
            False,
            True,
        )
        assert (tcp["transport"], tcp["address"], tcp["sasl_user"].split("@")[0]) == ("tcp", "127.0.0.1", "reader")
        assert (tls["transport"], tls["x509_dn"], tls["user"]) == ("tls", "CN=client", None)
        told = libvirtd.admin("client-info", "libvirtd", str(read_only["id"]))["readonly"]
        assert (read_only["transport"], read_only["read_only"]) == ("unix", told == "yes")
        assert (silent["transport"], silent["authenticated"], silent["address"]) == ("tcp", False, None)
        detail = libvirtd.admin("client-info", "libvirtd", str(tcp["id"]))
        assert detail["sock_addr"] == f"{tcp['address']}:{tcp['port']}"
        assert detail["sasl_user_name"] == tcp["sasl_user"]
        assert libvirtd.admin("client-info", "libvirtd", str(tls["id"]))["tls_x509_dname"] == tls["x509_dn"]

        chosen = libvirtd.run(
            "info", gather_subset=["clients"], transport=["tcp"], unauthenticated=False, daemon_server="libvirtd"
        )
        assert list(chosen["servers"]) == ["libvirtd"]
        assert [client["id"] for client in chosen["servers"]["libvirtd"]["clients"]] == [tcp["id"]]


def test_only_what_is_asked_for_is_gathered(libvirtd: Daemon) -> None:
    result = libvirtd.run("info", gather_subset=["servers"])
    assert result["servers"] == {"admin": {}, "libvirtd": {}}
    assert not {"version", "logging"} & set(result)


def test_an_unknown_server_is_named(libvirtd: Daemon) -> None:
    result = libvirtd.run("info", daemon_server="nope")
    assert result["msg"].endswith("the daemon has no server nope, only admin, libvirtd")


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("libvirtd:///system?socket=/nonexistent/sock", "the daemon does not run, or has its admin socket elsewhere"),
        ("libvirtd+tls:///system", "local socket"),
    ],
)
def test_no_daemon(libvirtd: Daemon, uri: str, said: str) -> None:
    result = libvirtd.run("info", uri=uri)
    assert result["failed"]
    assert result["msg"].startswith(uri.split(" ", 1)[0]) or result["msg"].startswith("uri ")
    assert said in result["msg"]
