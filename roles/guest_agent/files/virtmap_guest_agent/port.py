# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The virtio-serial port.

A port has one opener. Without a host that listens it can be read at once (and gives nothing), reports that the other
side has hung up, and takes no byte; it comes back by itself when a host connects. So nothing here ever blocks, and
whoever waits must not ask again and again while no host is there.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import select

_log = logging.getLogger("port")
# The kernel takes no more at once.
LARGEST_WRITE = 32768
LARGEST_READ = 4096
# What waits for a host that is connected but does not read; a whole refresh of a large guest is well below.
LARGEST_QUEUE = 4 * 1024 * 1024


class Busy(Exception):
    """Another program has the port open."""


class Gone(Exception):
    """The port is not there, or not there any more."""


class Port:
    """An open port.

    Args:
        descriptor: its file descriptor, which is not blocking.
    """

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self.descriptor = descriptor
        self._queue: list[bytes] = []
        self._size = 0
        self._sent_of_first = 0
        self._dropped = 0

    @classmethod
    def open(cls, path: str) -> Port:
        """Open the port at a path.

        Raises:
            Busy, Gone: see there.
        """
        try:
            return cls(os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY))
        except OSError as exc:
            if exc.errno == errno.EBUSY:
                raise Busy(f"another program has {path} open") from exc
            raise Gone(f"{path} cannot be opened: {exc.strerror}") from exc

    def close(self) -> None:
        """Let the port go."""
        with contextlib.suppress(OSError):
            os.close(self.descriptor)

    @property
    def pending(self) -> bool:
        """Whether bytes wait to be sent."""
        return bool(self._queue)

    def host_is_there(self) -> bool:
        """Whether somebody on the host is connected now."""
        poller = select.poll()
        poller.register(self.descriptor, select.POLLIN)
        return not any(events & select.POLLHUP for _fd, events in poller.poll(0))

    def read(self) -> bytes:
        """What has come; nothing when nothing has, or no host is there.

        Raises:
            Gone: the port was unplugged.
        """
        try:
            return os.read(self.descriptor, LARGEST_READ)
        except BlockingIOError:
            return b""
        except OSError as exc:
            # EIO is what a terminal says, which stands for the port where there is none.
            if exc.errno == errno.EIO:
                return b""
            raise Gone(f"the port went away: {exc.strerror}") from exc

    def send(self, line: bytes) -> None:
        """Queue a line; it is dropped when the host has not read for long."""
        if self._size + len(line) > LARGEST_QUEUE:
            if not self._dropped:
                _log.warning("the host does not read; messages are dropped until it does")
            self._dropped += 1
            return
        self._queue.append(line)
        self._size += len(line)

    def flush(self) -> None:
        """Write as much as is taken now.

        Raises:
            Gone: the port was unplugged.
        """
        while self._queue:
            line = self._queue[0]
            part = line[self._sent_of_first : self._sent_of_first + LARGEST_WRITE]
            try:
                written = os.write(self.descriptor, part)
            except BlockingIOError:
                return
            except OSError as exc:
                if exc.errno == errno.EIO:
                    return
                raise Gone(f"the port went away: {exc.strerror}") from exc
            self._sent_of_first += written
            if self._sent_of_first >= len(line):
                self._size -= len(line)
                self._queue.pop(0)
                self._sent_of_first = 0
        if self._dropped:
            _log.warning("the host reads again; %d messages were dropped", self._dropped)
            self._dropped = 0

    def forget(self) -> None:
        """Drop what waits: no host is there, and the next one wants news. The rest of a line that was begun is replaced
        by its end, so that the next message stands on a line of its own."""
        begun = self._sent_of_first > 0
        self._queue = [b"\n"] if begun else []
        self._size, self._sent_of_first, self._dropped = len(self._queue), 0, 0


def wait(port: Port, wake: int, seconds: float) -> None:
    """Wait until there is something to do: bytes from the host, room for ours, a wake-up, or time.

    Args:
        wake: a descriptor that can be read when somebody wants attention.
    """
    poller = select.poll()
    poller.register(wake, select.POLLIN)
    if port.host_is_there():
        poller.register(port.descriptor, select.POLLIN | (select.POLLOUT if port.pending else 0))
        poller.poll(max(0.0, seconds) * 1000)
    else:
        # The port would say "ready" at once for ever.
        poller.poll(max(0.0, min(seconds, 1.0)) * 1000)


def drain(descriptor: int) -> None:
    """Take all wake-ups off a pipe."""
    with contextlib.suppress(BlockingIOError):
        while os.read(descriptor, 4096):
            pass


def wake_pipe() -> tuple[int, int]:
    """A pipe that neither end of blocks on: where to read, where to write."""
    ends: tuple[int, int] = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    return ends


def poke(descriptor: int) -> None:
    """Wake whoever waits on the other end."""
    # A full pipe wakes as well.
    with contextlib.suppress(BlockingIOError):
        os.write(descriptor, b"\0")
