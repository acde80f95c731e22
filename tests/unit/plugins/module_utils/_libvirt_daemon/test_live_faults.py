# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Daemons that hang, are gone, or do not like who asks."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.tests.lab.libvirtd import Libvirtd

from .conftest import Daemon, connected, run_module

# Three times the timeout of 1 second and ten more.
END = 13
ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "info": {},
    "threadpool": {"min_workers": 6},
    "client_limits": {"max_clients": 100},
    "client_disconnect": {"transport": ["tcp"]},
    "logging": {"level": "debug"},
    "timeout": {"idle_timeout": 0},
}


@pytest.mark.parametrize("module", sorted(ARGUMENTS))
def test_a_frozen_daemon_is_given_up(libvirtd: Daemon, module: str) -> None:
    libvirtd.lab.freeze()
    try:
        begin = time.monotonic()
        result = libvirtd.run(module, timeout=1, **ARGUMENTS[module])
        assert time.monotonic() - begin < END
    finally:
        libvirtd.lab.thaw()
    assert "did not answer within 1 seconds while connecting" in result["msg"]
    assert not result.get("changed")


def test_an_admin_server_without_room_is_given_up(own_libvirtd: Daemon) -> None:
    result = own_libvirtd.run(
        "client_limits", daemon_server="admin", max_clients=0, allow_zero=True, allow_below_current=True
    )
    assert result["changed"]
    begin = time.monotonic()
    refused = own_libvirtd.run("info", timeout=1)
    assert time.monotonic() - begin < END
    assert "its server admin has as many clients as it may have" in refused["msg"]


IN_THE_MIDDLE = """
import os, sys, time
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import VirtmapError
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.connection import AdminConnection
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.uri import DaemonUri
uri, pid, number = DaemonUri.parse(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
try:
    with AdminConnection(uri, 1) as daemon:
        print(daemon.threadpool("libvirtd")["maxWorkers"])
        os.kill(pid, number)
        time.sleep(0.2)
        if sys.argv[4] == "ask":
            daemon.threadpool("libvirtd")
    print("nothing was left to ask")
except VirtmapError as exc:
    print(type(exc).__name__, exc)
"""


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (signal.SIGSTOP, "did not answer within 1 seconds while reading the thread pool"),
        (signal.SIGKILL, "the daemon ended the connection while reading the thread pool"),
    ],
)
def test_a_daemon_that_fails_in_the_middle(own_libvirtd: Daemon, number: signal.Signals, said: str) -> None:
    lab = own_libvirtd.lab
    arguments = [sys.executable, "-c", IN_THE_MIDDLE, lab.admin_uri, str(lab.pid), str(int(number)), "ask"]
    begin = time.monotonic()
    done = subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=60)
    assert time.monotonic() - begin < END
    first, second = done.stdout.splitlines()
    assert first == "20"
    assert second.startswith("CannotConnect libvirtd:///")
    assert said in second
    assert not done.stderr


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL])
def test_a_daemon_that_fails_when_all_is_done_takes_nothing_back(own_libvirtd: Daemon, number: signal.Signals) -> None:
    lab = own_libvirtd.lab
    arguments = [sys.executable, "-c", IN_THE_MIDDLE, lab.admin_uri, str(lab.pid), str(int(number)), "leave"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines() == ["20", "nothing was left to ask"]
    assert not done.stderr


@contextlib.contextmanager
def stranger(folder: Path, answer: t.Callable[[socket.socket], None]) -> t.Iterator[str]:
    """Something else that listens where a daemon should."""
    path = str(folder / "sock")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()

        def run() -> None:
            while True:
                try:
                    connection, _address = server.accept()
                except OSError:
                    return
                with connection:
                    answer(connection)

        threading.Thread(target=run, daemon=True).start()
        yield f"libvirtd:///system?socket={path}"
        server.shutdown(socket.SHUT_RDWR)


def test_a_socket_that_hangs_up(tmp_path: Path) -> None:
    with stranger(tmp_path, lambda connection: None) as uri:
        result = run_module("info", uri=uri, timeout=5)
    assert "the daemon closed the connection, as it does for every user but its own" in result["msg"]


def test_a_socket_that_talks_nonsense(tmp_path: Path) -> None:
    with stranger(tmp_path, lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")) as uri:
        result = run_module("info", uri=uri, timeout=5)
    assert result["failed"]
    assert result["msg"].startswith(uri)


def test_a_socket_that_drips(tmp_path: Path) -> None:
    done = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"\x00\x00\x00\x40")
        while not done.wait(0.2):
            connection.sendall(b"\x00")

    with stranger(tmp_path, drip) as uri:
        begin = time.monotonic()
        result = run_module("info", uri=uri, timeout=2)
        assert time.monotonic() - begin < 16
        done.set()
    assert result["failed"]
    assert result["msg"].startswith(uri)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run a daemon of somebody else")
def test_not_even_root_may_administer_the_daemon_of_somebody_else() -> None:
    with Libvirtd(mode="session") as lab:
        result = run_module("info", uri=lab.admin_uri, timeout=10)
    assert result["failed"]
    assert "run the task as the user of the daemon" in result["msg"]


def test_a_daemon_that_dies_leaves_a_plain_sentence(own_libvirtd: Daemon) -> None:
    own_libvirtd.lab.kill()
    result = own_libvirtd.run("info", timeout=5)
    assert "the daemon does not run, or has its admin socket elsewhere" in result["msg"]


def test_the_daemon_survives_all_that(libvirtd: Daemon) -> None:
    with connected(libvirtd.lab.uri(driver="test")) as client:
        assert client.is_connected()
    assert set(libvirtd.run("info")["servers"]) == {"admin", "libvirtd"}
