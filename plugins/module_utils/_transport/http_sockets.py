# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The open sockets of a client, so that another thread can end what waits for them. Private to this collection."""

from __future__ import annotations

import socket
import threading
import typing as t
import weakref


class OpenSockets:
    """Sockets, for as long as somebody else keeps them."""

    def __init__(self) -> None:
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._guard = threading.Lock()

    def add(self, sock: socket.socket) -> None:
        """Know this one."""
        with self._guard:
            self._sockets.add(sock)

    def shut(self) -> None:
        """End each: whoever reads from it, in any thread, comes to its end now."""
        with self._guard:
            found = list(self._sockets)
        for sock in found:
            try:
                # Not that of SSLSocket, which takes the TLS state away from the thread that is reading.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
            except OSError:
                # Closed already, by the other side or by ours: nothing waits for it.
                continue


class KnowsSockets:
    """Added to a connection pool of urllib3: it makes connections whose sockets are known."""

    def __init__(self, *args: t.Any, sockets: OpenSockets, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self._sockets = sockets

    def _new_conn(self) -> t.Any:
        connection = super()._new_conn()  # type: ignore[misc]
        connection.sockets = self._sockets
        return connection
