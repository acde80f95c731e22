# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The agent: reports on time, answers its host, has work done aside. Nothing in it waits but in one place."""

from __future__ import annotations

import logging
import time
import typing as t
from collections import deque

from . import system
from .configuration import Settings
from .information import SINCE, Information
from .port import Busy, Gone, Port, drain, poke, wait, wake_pipe
from .wire import Lines, decode, encode
from .work import DONE, Worker

_log = logging.getLogger("agent")
HIGHEST_VERSION = 3
AT_START = "host-name os-version network-interfaces active-user applications containers fqdn timezone os-info".split()
AT_REFRESH = (
    "active-user applications containers host-name os-version network-interfaces disks-usage fqdn timezone os-info "
    "number-of-cpus"
).split()
REPORTS = {
    "report_application_rate": "applications host-name fqdn os-version network-interfaces containers".split(),
    "report_disk_usage": ["disks-usage"],
    "report_num_cpu_rate": ["number-of-cpus"],
}
# A host may have written while nobody had the port open, and that is delivered now. It is over when nothing more has
# come for a while.
STALE_QUIET = 0.5
STALE_AT_LEAST = 2.0
STALE_AT_MOST = 10.0
RETRY_SECONDS = 2.0
GOODBYE_SECONDS = 1.0


class Agent:
    """One agent.

    Args:
        work: does what the host orders, aside.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        settings: Settings,
        information: Information,
        work: Worker,
        clock: t.Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._information = information
        self._work = work
        self._clock = clock
        self._awake, self.waker = wake_pipe()
        self._stopping = False
        self._version = 0
        self._beaten = False
        self._user = system.NOBODY
        self._locked = False
        self._lines = Lines()
        self._due: dict[str, float] = {}
        self._done: deque[tuple[str, dict[str, t.Any]]] = deque()
        self._port: Port
        self._opened = self._heard = 0.0
        self._old_is_over = False

    def stop(self) -> None:
        """Ask the agent to end; may be called from a signal handler or another thread."""
        self._stopping = True
        poke(self.waker)

    def report(self, name: str, arguments: dict[str, t.Any]) -> None:
        """Have a message sent; may be called from another thread."""
        self._done.append((name, arguments))
        poke(self.waker)

    def run(self) -> None:
        """Serve until told to stop. A port that is missing, busy or unplugged is waited for."""
        told = ""
        while not self._stopping:
            try:
                port = self._open()
            except (Busy, Gone) as exc:
                if str(exc) != told:
                    _log.warning("%s; trying again until it can be", exc)
                    told = str(exc)
                self._rest(RETRY_SECONDS)
                continue
            told = ""
            try:
                self.serve(port)
            except Gone as exc:
                _log.warning("%s", exc)
                self._rest(RETRY_SECONDS)
            finally:
                port.close()

    def serve(self, port: Port) -> None:
        """Talk over an open port until told to stop.

        Raises:
            Gone: the port was unplugged.
        """
        self._start(port)
        while not self._stopping:
            now = self._clock()
            self._send_due(now)
            while self._done:
                self._tell(*self._done.popleft())
            if port.host_is_there():
                port.flush()
            else:
                port.forget()
            wait(port, self._awake, min(self._due.values()) - now)
            drain(self._awake)
            self._receive(port)
        self._tell("session-shutdown", {})
        self._say_goodbye(port)

    def _start(self, port: Port) -> None:
        now = self._clock()
        self._port, self._lines = port, Lines()
        self._version, self._beaten = 0, False
        self._due = {name: now + seconds for name, seconds in self._settings.rates.items()}
        self._tell("session-startup", {})
        self._inform(AT_START)
        # Looking at all this takes time, in which nothing was read.
        self._opened = self._heard = self._clock()
        self._old_is_over = False

    def _open(self) -> Port:
        problems = []
        for path in self._settings.ports:
            try:
                port = Port.open(path)
            except Gone as exc:
                problems.append(str(exc))
                continue
            _log.info("using %s", path)
            return port
        raise Gone("; ".join(problems) or "no port is configured")

    def _rest(self, seconds: float) -> None:
        until = self._clock() + seconds
        while not self._stopping and self._clock() < until:
            time.sleep(0.1)

    def _say_goodbye(self, port: Port) -> None:
        until = self._clock() + GOODBYE_SECONDS
        while port.pending and port.host_is_there() and self._clock() < until:
            port.flush()
            time.sleep(0.01)

    def _tell(self, name: str, arguments: dict[str, t.Any]) -> None:
        if SINCE.get(name, 0) <= self._version:
            self._port.send(encode(name, arguments))

    def _inform(self, names: t.Iterable[str]) -> None:
        for name in names:
            if SINCE.get(name, 0) <= self._version:
                self._tell(name, self._information.message(name))

    def _send_due(self, now: float) -> None:
        for name in [name for name, when in self._due.items() if when <= now]:
            self._due[name] = now + self._settings.rates[name]
            if name == "heart_beat_rate":
                # The first one after a start says 0, so that a host which knew another version asks again.
                version = HIGHEST_VERSION if self._beaten else 0
                self._beaten = True
                self._tell("heartbeat", {**self._information.heartbeat(), "apiVersion": version})
            elif name == "report_user_rate":
                self._watch_session()
            else:
                self._inform(REPORTS[name])

    def _watch_session(self) -> None:
        """Tell what changed about the user and the lock since the last look."""
        user = self._information.user()
        if user != self._user:
            if user == system.NOBODY:
                self._tell("session-logoff", {})
            elif self._user == system.NOBODY:
                self._tell("session-logon", {})
            self._tell("active-user", {"name": user})
            self._user = user
        locked = user != system.NOBODY and self._information.locked()
        if locked != self._locked:
            if user != system.NOBODY:
                self._tell("session-lock" if locked else "session-unlock", {})
            self._locked = locked

    def _receive(self, port: Port) -> None:
        data = port.read()
        if not data:
            return
        now = self._clock()
        stale, self._heard = self._is_stale(now), now
        for line in self._lines.feed(data):
            message = decode(line)
            if message is not None:
                self._obey(*message, stale=stale)

    def _is_stale(self, now: float) -> bool:
        """Whether what comes now may have been written before this agent had the port open."""
        age = now - self._opened
        if self._old_is_over or age > STALE_AT_MOST:
            return False
        # Nothing but more of the old comes so soon after it.
        self._old_is_over = age > STALE_AT_LEAST and now - self._heard > STALE_QUIET
        return not self._old_is_over

    def _obey(self, name: str, arguments: dict[str, t.Any], *, stale: bool) -> None:
        if name == "refresh":
            if "apiVersion" not in arguments:
                self._version = 0
            self._refresh()
        elif name == "api-version":
            self._agree(arguments.get("apiVersion"))
        elif name == "echo":
            self._tell("echo", arguments)
        elif name == "set-number-of-cpus":
            self._inform(["number-of-cpus"])
        elif not self._work.knows(name):
            _log.warning("the host asks for %.60r, which this agent does not know", name)
        elif stale:
            _log.warning("%r is not obeyed: it may be older than this agent", name)
            self._refuse(name, arguments)
        elif not self._work.take(name, arguments, self.report):
            _log.warning("%r is not obeyed: too much is waiting to be done", name)
            self._refuse(name, arguments)

    def _refuse(self, name: str, arguments: dict[str, t.Any]) -> None:
        """Nobody shall wait for the end of something that was never begun."""
        if "reply_id" in arguments:
            self._tell(DONE, {"reply_id": arguments["reply_id"], "done": True})

    def _refresh(self) -> None:
        self._tell("session-startup", {})
        self._inform(AT_REFRESH)

    def _agree(self, wanted: t.Any) -> None:
        if not isinstance(wanted, int) or isinstance(wanted, bool):
            return
        version = max(0, min(wanted, HIGHEST_VERSION))
        if version != self._version:
            self._version = version
            self._refresh()
