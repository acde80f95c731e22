# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The host's end of a channel: a unix socket that QEMU listens on, for one client at a time. Private to this collection."""

from __future__ import annotations

import collections
import socket
import time
import types

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import CannotConnect, Denied, NotFound
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.wire import (
    LARGEST_FLOOD,
    MOST_LINES,
    LineReader,
)

CHUNK = 65536


class Closed(CannotConnect):
    """The other end hung up: QEMU ended, or gave the channel to another client."""


class Channel:
    """A connection to the socket; a context manager.

    Args:
        path: of the socket.
        timeout: seconds for connecting and for each sending.

    Attributes:
        lines: what came so far.
        flooded: the guest sent more than any agent would; nothing more is read then.
    """

    def __init__(self, path: str, timeout: float) -> None:
        self.path = path
        self.lines = LineReader()
        self.flooded = False
        self._timeout = timeout
        self._socket = socket.socket(socket.AF_UNIX)
        self._ready: collections.deque[bytes] = collections.deque()

    def __enter__(self) -> Channel:
        self._socket.settimeout(self._timeout)
        try:
            self._socket.connect(self.path)
        except FileNotFoundError as exc:
            self._socket.close()
            raise NotFound(
                f"there is no socket {shown(self.path)}; check the path, and that the guest runs: it is made when it starts"
            ) from exc
        except PermissionError as exc:
            self._socket.close()
            raise Denied(f"this user may not open {shown(self.path)}; run the task with become") from exc
        except BlockingIOError as exc:
            self._socket.close()
            raise CannotConnect(
                f"{shown(self.path)} takes no more clients: other programs wait for it already; find out which one "
                "holds it, such as VDSM or libvirt"
            ) from exc
        except OSError as exc:
            self._socket.close()
            raise CannotConnect(
                f"{shown(self.path)} cannot be connected to: {exc.strerror or exc}; check that the guest runs and that "
                "this is the socket of its channel"
            ) from exc
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: types.TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Send all of it.

        Raises:
            CannotConnect: it is not taken in time.
            Closed: the other end hung up.
        """
        self._socket.settimeout(self._timeout)
        try:
            self._socket.sendall(data)
        except socket.timeout as exc:
            raise CannotConnect(
                f"{shown(self.path)} takes nothing more: the guest does not read; check the agent in the guest"
            ) from exc
        except OSError as exc:
            raise self._closed() from exc

    def line(self, until: float) -> bytes | None:
        """The next line that is not blank; None when none came until then, or too much came.

        Args:
            until: in seconds of :func:`time.monotonic`.

        Raises:
            Closed: the other end hung up.
        """
        if self.flooded:
            return None
        while not self._ready:
            left = until - time.monotonic()
            if left <= 0:
                return None
            self._socket.settimeout(left)
            try:
                data = self._socket.recv(CHUNK)
            except socket.timeout:
                return None
            except OSError as exc:
                raise self._closed() from exc
            if not data:
                raise self._closed()
            self._ready.extend(self.lines.feed(data))
            if self.lines.received > LARGEST_FLOOD or self.lines.count > MOST_LINES:
                self.flooded = True
                return None
        return self._ready.popleft() if time.monotonic() < until else None

    def silence(self, sentence: str, seconds: float) -> str:
        """Why the agent counts as not responsive.

        Args:
            sentence: what to say when it said nothing, with places for ``path`` and ``seconds``.
        """
        path = shown(self.path)
        if self.flooded:
            return f"the guest at {path} floods the channel and answers nothing"
        return sentence.format(path=path, seconds=f"{seconds:g}")

    def warnings(self, bad: int, kind: str) -> list[str]:
        """What the guest sent that no agent should.

        Args:
            bad: lines that made no sense.
            kind: what they should have been.
        """
        path, found = shown(self.path), []
        if self.flooded:
            found.append(f"the guest at {path} sends more than any agent would; what came after that was not read")
        if self.lines.too_long:
            found.append(f"{self.lines.too_long} lines from the guest at {path} were too long and left out")
        if bad:
            found.append(f"{bad} lines from the guest at {path} were no {kind} and left out")
        return found

    def _closed(self) -> Closed:
        return Closed(f"{shown(self.path)} was closed by the other end; check that the guest still runs")
