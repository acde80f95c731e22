# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Guests on unix sockets, of which one client at a time is served, as QEMU does it."""

from __future__ import annotations

import json
import socket
import threading

import pytest


class Guest:
    """A listener that serves one client after the other in a thread.

    Args:
        path: of the socket.
        serve: gets the connection; what it raises ends the connection only.
    """

    def __init__(self, path, serve):
        self.path = str(path)
        self.heard = []
        self._serve = serve
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen(4)
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            with connection:
                try:
                    self._serve(self, connection)
                except OSError:
                    continue

    def lines(self, connection):
        """What the host says, line by line, without the blank ones, as agents take it."""
        with connection.makefile("rb") as stream:
            for line in stream:
                if line.strip():
                    self.heard.append(line)
                    yield line

    def names(self):
        """The names of the messages that the host sent."""
        return [json.loads(line)["__name__"] for line in list(self.heard)]

    def close(self):
        self._listener.close()


@pytest.fixture
def guest(tmp_path):
    guests = []

    def make(serve):
        guests.append(Guest(tmp_path / f"guest{len(guests)}", serve))
        return guests[-1]

    yield make
    for one in guests:
        one.close()


def tell(connection, name, /, **arguments):
    """Send a message of the oVirt protocol."""
    connection.sendall(json.dumps({"__name__": name, **arguments}).encode() + b"\n")


@pytest.fixture
def ovirt(guest):
    """A guest with an agent that answers; what it does more is a function of the message."""

    def make(more=lambda _connection, _name, _arguments: None, before=b""):
        def serve(this, connection):
            connection.sendall(before)
            for line in this.lines(connection):
                message = json.loads(line)
                name = message.pop("__name__")
                if name == "echo":
                    tell(connection, "echo", **message)
                    tell(
                        connection,
                        "heartbeat",
                        **{"free-ram": "10", "memory-stat": {"mem_total": 2048}, "apiVersion": 3},
                    )
                if more(connection, name, message) == "hang up":
                    return

        return guest(serve)

    return make


@pytest.fixture
def options():
    """Options of the modules, as ansible-core completes them."""

    def make(**given):
        return {
            "socket": None, "domain": None, "uri": "qemu:///system", "protocol": "auto", "timeout": 2,
            "delay": 0, "notice": None, "username": None, "password": None, "wait": True, "wait_timeout": 4, **given,
        }  # fmt: skip

    return make


@pytest.fixture
def warnings():
    return []
