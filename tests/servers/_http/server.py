# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A threaded HTTP/1.1 server on loopback: plain or TLS, keep-alive, with a log and faults."""

from __future__ import annotations

import socket
import ssl
import threading
import time
import typing as t
from types import TracebackType

from .connection import ConnectionHandler
from .control import CONTROL_PREFIX, Control
from .log import RequestLog
from .message import Request, Response
from .plan import FaultPlan
from .wire import shut

Application = t.Callable[[Request], Response]
_Self = t.TypeVar("_Self", bound="HttpServer")


class HttpServer:
    """Serve an application on a free port of 127.0.0.1 until :meth:`stop` (or the end of the ``with``).

    Anything that the application raises is answered with 500, kept in ``errors`` and raised again at the end of the
    ``with``, so that a mistake in a test server never passes for a fault under test.
    """

    #: What serves an accepted connection.
    handler: type[ConnectionHandler] = ConnectionHandler

    def __init__(
        self,
        application: Application,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        control: bool = False,
        keep_bodies: bool = True,
    ) -> None:
        """Prepare; ``control`` adds the ``/_test/`` routes through which another process steers the server."""
        self.application = application
        self.host = host
        self.port = port
        self.tls = tls
        self.log = RequestLog(keep_bodies)
        self.faults = FaultPlan()
        self.control = Control(self.log, self.faults) if control else None
        self.stopping = threading.Event()
        self.errors: list[Exception] = []
        self._listener: socket.socket | None = None
        self._threads: dict[threading.Thread, socket.socket] = {}
        self._lock = threading.Lock()

    # -- life

    def start(self: _Self) -> _Self:
        """Bind, listen and serve in the background."""
        self._listener = self._bind(self.port)
        self.port = self._listener.getsockname()[1]
        self.resume()
        return self

    def _bind(self, port: int) -> socket.socket:
        listener = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.host, port))
        return listener

    def resume(self) -> None:
        """Accept connections (again)."""
        listener = self._listener
        assert listener is not None, "the server was not started"
        listener.listen(128)
        threading.Thread(target=self._accept, args=(listener,), name=f"accept-{self.port}", daemon=True).start()

    def pause(self) -> None:
        """Refuse new connections and drop those that are open; the port stays reserved for :meth:`resume`."""
        self._stop_listening()
        self._drop_connections()
        self._listener = self._bind(self.port)

    def stop(self) -> None:
        """End every fault, close every connection and the port. May be called twice."""
        self.stopping.set()
        self._stop_listening()
        self._drop_connections()
        deadline = time.monotonic() + 10
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def __enter__(self: _Self) -> _Self:
        """Start."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop; a mistake of the application is raised unless the block failed anyway."""
        self.stop()
        if kind is None and self.errors:
            raise AssertionError(f"the test server itself failed: {self.errors[0]!r}") from self.errors[0]

    # -- addresses

    @property
    def scheme(self) -> str:
        """``http`` or ``https``."""
        return "https" if self.tls else "http"

    @property
    def url(self) -> str:
        """``scheme://host:port`` without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    # -- for the threads of this server

    def answer(self, request: Request) -> Response:
        """Run the application (or the control routes) on a request."""
        try:
            if self.control is not None and request.path.startswith(CONTROL_PREFIX):
                return self.control(request)
            return self.application(request)
        except Exception as error:  # noqa: BLE001 # pylint: disable=broad-except
            self.errors.append(error)
            return Response.text(f"the test server itself failed: {error!r}\n", 500)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                sock, peer = listener.accept()
            except OSError as error:
                # pause() and stop() shut the listening socket down, which is how this loop ends.
                if self._listener is listener:
                    self.errors.append(error)
                return
            thread = threading.Thread(target=self._serve, args=(sock, peer), name=f"serve-{self.port}", daemon=True)
            with self._lock:
                self._threads[thread] = sock
                # Whoever ends the server waits for threads that have begun only.
                thread.start()

    def _serve(self, sock: socket.socket, peer: tuple[str, int]) -> None:
        try:
            self.handler(self, sock, peer).run()
        finally:
            with self._lock:
                self._threads.pop(threading.current_thread(), None)

    def replace_socket(self, sock: socket.socket) -> None:
        """The connection of the calling thread has become this socket (TLS)."""
        with self._lock:
            self._threads[threading.current_thread()] = sock

    def _drop_connections(self) -> None:
        with self._lock:
            open_sockets = list(self._threads.values())
        for sock in open_sockets:
            shut(sock)

    def _stop_listening(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            shut(listener)
            listener.close()
