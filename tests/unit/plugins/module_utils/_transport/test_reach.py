# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Names with several addresses: whichever way is taken, the one that answers is reached in time."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import CannotConnect
from ansible_collections.virtmap.core.plugins.module_utils._transport.http import HttpClient
from ansible_collections.virtmap.core.plugins.module_utils._transport.server import parse_server
from ansible_collections.virtmap.core.plugins.module_utils._transport.tcp import BrokenOff, Deadline, TcpConnection
from ansible_collections.virtmap.core.tests.servers._http import HttpServer, Response
from ansible_collections.virtmap.core.tests.servers._http.dead import full_queue, refused_address

Address = tuple[int, int, int, str, t.Any]
Way = t.Callable[[float], None]
# Any that Linux names and that no kernel of today has.
NO_SUCH_FAMILY: Address = (socket.AF_DECnet, socket.SOCK_STREAM, 0, "", ("both", 1))


def at(where: t.Any) -> Address:
    return (socket.AF_INET, socket.SOCK_STREAM, 6, "", where)


def by_http(seconds: float) -> None:
    server = parse_server("http://both.example.com", port=None)
    with HttpClient(server, what="it", timeout=seconds, proxy="") as client:
        client.request("GET", "/")


def by_tcp(seconds: float) -> None:
    connection = TcpConnection("both.example.com", 80, what="it", context=None)
    deadline = Deadline(seconds)
    try:
        connection.open(deadline)
        assert deadline.left > 0
    finally:
        connection.close()


@pytest.fixture(params=[by_http, by_tcp])
def way(request: pytest.FixtureRequest) -> Way:
    return t.cast(Way, request.param)


@pytest.fixture
def name_has(monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., None]:
    def give(*addresses: Address) -> None:
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: list(addresses))

    return give


@pytest.fixture
def good() -> t.Iterator[Address]:
    with HttpServer(lambda _request: Response.text("ok")) as server:
        yield at((server.host, server.port))


def test_one_that_leads_nowhere_leaves_time_for_the_next(
    way: Way, name_has: t.Callable[..., None], good: Address
) -> None:
    with full_queue() as nowhere:
        name_has(at(nowhere), good)
        way(2.0)


@pytest.mark.parametrize("last", [False, True])
def test_one_of_a_family_that_this_machine_lacks_is_passed_over(
    way: Way, name_has: t.Callable[..., None], good: Address, last: bool
) -> None:
    """As IPv6 is where an administrator has switched it off."""
    with contextlib.suppress(OSError):
        socket.socket(*NO_SUCH_FAMILY[:3]).close()
        pytest.skip("this kernel knows every family")
    name_has(*([good, NO_SUCH_FAMILY] if last else [NO_SUCH_FAMILY, good]))
    way(30.0)


def test_the_last_one_tells_why(way: Way, name_has: t.Callable[..., None]) -> None:
    with refused_address() as closed:
        name_has(NO_SUCH_FAMILY, at(closed))
        with pytest.raises(CannotConnect, match="it cannot be reached: the connection was refused") as caught:
            way(5.0)
    assert way is by_http or isinstance(caught.value, BrokenOff)


def test_a_name_without_any_is_said_so(way: Way, name_has: t.Callable[..., None]) -> None:
    name_has()
    with pytest.raises(CannotConnect, match="it cannot be reached: it has no address"):
        way(1.0)


def test_a_name_that_nobody_knows(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_args: t.Any, **_kwargs: t.Any) -> t.Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(CannotConnect, match="it cannot be reached: its name cannot be resolved"):
        way(1.0)


def test_a_resolver_that_hangs_ends_with_the_deadline(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: release.wait(60) and [])
    began = time.monotonic()
    try:
        with pytest.raises(CannotConnect, match="did not answer in full within 1 second|not resolved within 1 second"):
            way(1.0)
    finally:
        release.set()
    assert time.monotonic() - began < 30
