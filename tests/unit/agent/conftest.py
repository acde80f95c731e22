# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The agent on a terminal that stands for the port: the tests hold the host's end."""

from __future__ import annotations

import json
import os
import select
import sys
import threading
import time
import tty
from pathlib import Path

import pytest

PROGRAM = Path(__file__).resolve().parents[3] / "roles" / "guest_agent" / "files"
sys.path.insert(0, str(PROGRAM))

from virtmap_guest_agent.agent import Agent  # noqa: E402
from virtmap_guest_agent.configuration import read_settings  # noqa: E402
from virtmap_guest_agent.information import Information  # noqa: E402
from virtmap_guest_agent.work import Worker  # noqa: E402

PATIENCE = 20.0


class Host:
    """The host's end of the port."""

    def __init__(self):
        self.end, self._guest_end = os.openpty()
        tty.setraw(self._guest_end)
        self.path = os.ttyname(self._guest_end)
        self._data = b""

    def send(self, name, **arguments):
        self.write(json.dumps({"__name__": name, **arguments}).encode() + b"\n")

    def write(self, data):
        while data:
            data = data[os.write(self.end, data) :]

    def line(self, patience=PATIENCE):
        """The next line that is not blank; fails when none comes."""
        until = time.monotonic() + patience
        while True:
            line, end, rest = self._data.partition(b"\n")
            if end:
                self._data = rest
                if line.strip():
                    return line
                continue
            ready = select.select([self.end], [], [], max(0, until - time.monotonic()))[0]
            assert ready, f"nothing more came; begun: {self._data[:200]!r}"
            self._data += os.read(self.end, 65536)

    def message(self, patience=PATIENCE):
        return json.loads(self.line(patience))

    def until(self, name, patience=PATIENCE):
        """All messages up to and with the next one of a name."""
        found = []
        while not found or found[-1]["__name__"] != name:
            found.append(self.message(patience))
        return found

    def fence(self):
        """All messages that the agent sends before it has taken everything that was sent so far."""
        self.send("echo", fence="here")
        return self.until("echo")[:-1]

    def close(self):
        os.close(self.end)
        os.close(self._guest_end)


@pytest.fixture
def host():
    host = Host()
    yield host
    host.close()


@pytest.fixture
def settings(host, tmp_path):
    """Settings as read from a file, with a quick heart."""

    def make(text="heart_beat_rate = 1\nreport_user_rate = 1\n", hooks=None):
        path = tmp_path / "agent.conf"
        path.write_text(f"[general]\n{text}\n[virtio]\ndevice = {host.path}\n")
        return read_settings((str(path),), str(hooks or tmp_path / "hooks.d"))

    return make


class Orders:
    """Notes what the host ordered; nothing is shut down here."""

    def __init__(self):
        self.taken = []
        self.event = threading.Event()

    def table(self):
        return {name: self._note(name) for name in ("shutdown", "lock-screen", "log-off", "login", "hibernate")}

    def _note(self, name):
        def note(arguments):
            self.taken.append((name, dict(arguments)))
            self.event.set()

        return note


@pytest.fixture
def orders():
    return Orders()


@pytest.fixture
def start(settings, orders):
    """Start an agent in a thread; it is ended after the test."""
    running = []

    def start(chosen=None, **more):
        chosen = chosen or settings()
        agent = Agent(chosen, Information(chosen), Worker(orders.table(), chosen.hooks), **more)
        thread = threading.Thread(target=agent.run, daemon=True)
        thread.start()
        running.append((agent, thread))
        return agent, thread

    yield start
    for agent, thread in running:
        agent.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive(), "the agent did not end"
