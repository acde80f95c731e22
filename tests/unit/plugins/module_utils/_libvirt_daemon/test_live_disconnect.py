# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""libvirt_daemon_client_disconnect against a real daemon."""

from __future__ import annotations

import getpass
import os
import socket
import time
import typing as t

import pytest

from .conftest import Daemon, connected

USER = {"user": "reader", "password": "s3cret"}


def wait_for(condition: t.Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def disconnected(result: dict[str, t.Any]) -> list[str]:
    return [client["transport"] for client in result["disconnected"]]


def test_clients_are_chosen_by_transport(libvirtd: Daemon) -> None:
    lab = libvirtd.lab
    with (
        connected(lab.uri(driver="test")) as unix,
        connected(lab.uri("tcp", driver="test"), **USER) as tcp,
        connected(lab.uri("tls", driver="test")) as tls,
    ):
        network: dict[str, t.Any] = {"transport": ["tcp", "tls"]}
        before = libvirtd.client_ids()
        predicted = libvirtd.run("client_disconnect", check=True, **network)
        assert (predicted["changed"], disconnected(predicted)) == (True, ["tcp", "tls"])
        assert libvirtd.client_ids() == before
        result = libvirtd.run("client_disconnect", diff=True, **network)
        assert (result["changed"], disconnected(result), result["left"]) == (True, ["tcp", "tls"], [])
        assert result["disconnected"] == predicted["disconnected"]
        assert result["diff"] == [{"before": {"clients": result["disconnected"]}, "after": {"clients": []}}]
        assert libvirtd.client_ids() == before - {client["id"] for client in result["disconnected"]}
        assert unix.is_connected()
        assert not tcp.is_connected()
        assert not tls.is_connected()
        again = libvirtd.run("client_disconnect", **network)
        assert (again["changed"], again["disconnected"]) == (False, [])


CRITERIA: list[tuple[dict[str, t.Any], list[str]]] = [
    ({"address": ["127.0.0.0/8"]}, ["tcp", "tls"]),
    ({"address": ["127.0.0.1"], "exclude": [{"x509_dn": ["CN=client"]}]}, ["tcp"]),
    ({"address": ["198.51.100.0/24"]}, []),
    ({"x509_dn": ["CN=client"]}, ["tls"]),
    ({"user": [getpass.getuser()]}, ["unix"]),
    ({"uid": [os.getuid()], "transport": ["tcp"]}, []),
    ({"uid": [424242]}, []),
    ({"older_than": 3600}, []),
    ({"read_only": False, "exclude": [{"transport": ["tcp", "tls"]}]}, ["unix"]),
    ({"id": [999_999]}, []),
]


def test_criteria(libvirtd: Daemon) -> None:
    lab = libvirtd.lab
    with (
        connected(lab.uri(driver="test")),
        connected(lab.uri("tcp", driver="test"), **USER),
        connected(lab.uri("tls", driver="test")),
    ):
        for criteria, transports in CRITERIA:
            told = libvirtd.run("client_disconnect", check=True, **criteria)
            assert (told["changed"], disconnected(told)) == (bool(transports), transports), criteria


def test_age_counts_from_the_connection(libvirtd: Daemon) -> None:
    with connected(libvirtd.lab.uri(driver="test")) as client:
        assert not libvirtd.run("client_disconnect", older_than=600)["changed"]
        assert client.is_connected()
        wait_for(lambda: bool(libvirtd.run("client_disconnect", check=True, older_than=1)["changed"]))
        result = libvirtd.run("client_disconnect", older_than=1)
        assert [gone["pid"] for gone in result["disconnected"]] == [client.pid]
        assert not client.is_connected()


def test_clients_that_never_authenticate_are_cleared_away(libvirtd: Daemon) -> None:
    """The reason for the module: enough of them keep everybody out, local clients too."""
    lab = libvirtd.lab
    libvirtd.run("client_limits", max_unauth_clients=2)
    address = ("127.0.0.1", lab.tcp_port or 0)
    try:
        with socket.create_connection(address), socket.create_connection(address):
            wait_for(lambda: len(libvirtd.client_ids()) == 2)
            with connected(lab.uri(driver="test"), wait=False) as waiting:
                result = libvirtd.run("client_disconnect", unauthenticated=True)
                assert [client["authenticated"] for client in result["disconnected"]] == [False, False]
                assert waiting.says() == "connected"
                assert not libvirtd.run("client_disconnect", unauthenticated=True)["changed"]
    finally:
        libvirtd.run("client_limits", max_unauth_clients=20)


def test_too_many_at_once_are_refused(libvirtd: Daemon) -> None:
    uri = libvirtd.lab.uri(driver="test")
    with connected(uri) as first, connected(uri) as second:
        result = libvirtd.run("client_disconnect", transport=["unix"], max_disconnects=1)
        assert "2 clients match, but max_disconnects is 1, so that none was disconnected" in result["msg"]
        assert {client["pid"] for client in result["matching"]} == {first.pid, second.pid}
        assert first.is_connected()
        assert second.is_connected()
        assert libvirtd.run("client_disconnect", transport=["unix"], max_disconnects=2)["changed"]


@pytest.mark.parametrize(
    ("criteria", "said"),
    [
        ({}, "say which clients are to be disconnected"),
        ({"exclude": [{"user": ["root"]}]}, "say which clients are to be disconnected"),
        ({"user": []}, "user is an empty list"),
        ({"address": ["10.0.0.0/33"]}, "is no IP address and no network"),
        ({"transport": ["unix"], "exclude": [{}]}, "names no criterion"),
        ({"transport": ["carrier pigeon"]}, "must be one or more of: unix, tcp, tls"),
        ({"transport": ["unix"], "max_disconnects": -1}, "max_disconnects is -1"),
        ({"transport": ["unix"], "daemon_server": "nope"}, "no such server"),
    ],
)
def test_a_careless_call_is_refused(libvirtd: Daemon, criteria: dict[str, t.Any], said: str) -> None:
    with connected(libvirtd.lab.uri(driver="test")) as client:
        result = libvirtd.run("client_disconnect", **criteria)
        assert result["failed"]
        assert said in result["msg"]
        assert client.is_connected()


def test_the_task_does_not_cut_itself_off(libvirtd: Daemon) -> None:
    result = libvirtd.run("client_disconnect", daemon_server="admin", transport=["unix"])
    assert (result["changed"], result["disconnected"]) == (False, [])
