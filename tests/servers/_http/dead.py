# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Addresses that misbehave before any HTTP: closed, silent, or speaking another protocol."""

from __future__ import annotations

import contextlib
import socket
import threading
import typing as t

from .wire import reset

Address = tuple[str, int]


@contextlib.contextmanager
def refused_address() -> t.Iterator[Address]:
    """An address that refuses connections, and that nobody else can take meanwhile."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()


@contextlib.contextmanager
def full_queue() -> t.Iterator[Address]:
    """An address whose connections are never completed."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _number in range(4)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
        try:
            yield listener.getsockname()
        finally:
            for sock in waiting:
                sock.close()


@contextlib.contextmanager
def silent_address() -> t.Iterator[Address]:
    """An address that accepts and never says a word: a TLS handshake hangs there, too."""
    with _listener(lambda _sock: None) as address:
        yield address


@contextlib.contextmanager
def speaking_address(greeting: bytes = b"SSH-2.0-OpenSSH_9.2p1\r\n") -> t.Iterator[Address]:
    """An address that accepts, says this and waits for ever."""
    with _listener(lambda sock: sock.sendall(greeting)) as address:
        yield address


@contextlib.contextmanager
def resetting_address() -> t.Iterator[Address]:
    """An address that accepts and resets the connection at once."""

    def hang_up(sock: socket.socket) -> None:
        reset(sock)
        sock.close()

    with _listener(hang_up) as address:
        yield address


@contextlib.contextmanager
def _listener(greet: t.Callable[[socket.socket], None]) -> t.Iterator[Address]:
    accepted: list[socket.socket] = []
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)

        def accept() -> None:
            while True:
                try:
                    sock, _peer = listener.accept()
                except OSError:
                    # The listener was shut down: the test is over.
                    return
                accepted.append(sock)
                greet(sock)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            for sock in accepted:
                sock.close()
