# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A TCP relay that makes loopback as far away as a data centre, and that can be cut.

::

    with Relay(("127.0.0.1", server.port), latency=0.020) as relay:
        requests.get(f"https://127.0.0.1:{relay.port}/status")     # 40 ms per round trip
        relay.freeze()                                             # packets get lost, nobody hangs up
        relay.cut()                                                # connections reset, new ones refused
        relay.restore()
"""

from __future__ import annotations

import queue
import socket
import threading
import time
import typing as t

from ._http.wire import reset

Address = tuple[str, int]


class Relay:
    """Relay connections to ``target``, each byte ``latency`` seconds later, in each direction.

    A new connection's first bytes wait for two more latencies: the round trip that TCP's handshake costs on a real
    line, which loopback gives away.
    """

    def __init__(self, target: Address, latency: float = 0.0) -> None:
        """``target`` is host and port; ``latency`` is one way, in seconds."""
        self.target = target
        self.latency = latency
        self.host = "127.0.0.1"
        self.port = 0
        #: Accepted connections, and bytes towards the target and back.
        self.connections = 0
        self.sent = 0
        self.received = 0
        self._flowing = threading.Event()
        self._flowing.set()
        self._open: set[tuple[socket.socket, socket.socket]] = set()
        self._listener: socket.socket | None = None

    def __enter__(self) -> Relay:
        """Listen on a free port."""
        self.restore()
        return self

    def __exit__(self, *_error: object) -> None:
        """Close everything."""
        self.cut()

    def restore(self) -> None:
        """Listen (again, on the same port) and let bytes flow."""
        self._flowing.set()
        if self._listener is not None:
            return
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.host, self.port))
        listener.listen(128)
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def freeze(self) -> None:
        """Let nothing through in either direction, without closing anything."""
        self._flowing.clear()

    def cut(self) -> None:
        """Reset every connection and refuse new ones."""
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        self._flowing.set()
        for client, server in list(self._open):
            _abort(client)
            _abort(server)
        self._open.clear()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _peer = listener.accept()
            except OSError:
                # cut() has shut the listener down.
                return
            self.connections += 1
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self.target, timeout=10)
        except OSError:
            # What a client behind a line sees of a dead server.
            _abort(client)
            return
        server.settimeout(None)
        for sock in (client, server):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._open.add((client, server))
        open_ways = [server, client]

        def ended(sink: socket.socket) -> None:
            open_ways.remove(sink)
            if not open_ways:
                self._open.discard((client, server))
                client.close()
                server.close()

        for source, sink, extra in ((client, server, 2 * self.latency), (server, client, 0.0)):
            line: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
            start = time.monotonic() + extra
            threading.Thread(target=self._read, args=(source, line, start, sink is server), daemon=True).start()
            threading.Thread(target=self._write, args=(line, sink, ended), daemon=True).start()

    def _read(self, source: socket.socket, line: t.Any, start: float, forth: bool) -> None:
        while True:
            try:
                data = source.recv(65536)
            except OSError:
                # Reset or cut: for the other side the stream ends.
                data = b""
            line.put((max(time.monotonic(), start) + self.latency, data))
            if not data:
                return
            if forth:
                self.sent += len(data)
            else:
                self.received += len(data)

    def _write(self, line: t.Any, sink: socket.socket, ended: t.Callable[[socket.socket], None]) -> None:
        try:
            while True:
                due, data = line.get()
                time.sleep(max(0.0, due - time.monotonic()))
                self._flowing.wait()
                if not data:
                    sink.shutdown(socket.SHUT_WR)
                    return
                sink.sendall(data)
        except OSError:
            # The sink is gone; its own reader ends the other direction.
            return
        finally:
            ended(sink)


def _abort(sock: socket.socket) -> None:
    try:
        reset(sock)
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    except OSError:
        # Already closed by the peer.
        return
    finally:
        sock.close()
