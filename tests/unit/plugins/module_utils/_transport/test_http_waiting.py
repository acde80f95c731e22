# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Answers that take their time: what is there is read at once, and another thread can end the waiting."""

from __future__ import annotations

import threading
import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, CannotConnect
from ansible_collections.virtmap.core.plugins.module_utils._transport import http
from ansible_collections.virtmap.core.plugins.module_utils._transport.http import HttpClient
from ansible_collections.virtmap.core.tests.servers._http import HttpServer, Request, Response, faults
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority

Connect = t.Callable[..., HttpClient]
PATIENCE = 30


class Slowly:
    """Answers in pieces, each when it is asked for; then waits until the server stops."""

    def __init__(self, *pieces: bytes, ends: bool = False, **headers: str) -> None:
        self.pieces = pieces
        self.ends = ends
        self.headers = list(headers.items())
        self.go = threading.Semaphore(0)

    def __call__(self, request: Request) -> Response:
        return Response(200, self._body(request), self.headers)

    def _body(self, request: Request) -> t.Iterator[bytes]:
        for piece in self.pieces:
            assert self.go.acquire(timeout=PATIENCE)
            yield piece
        if not self.ends:
            request.stopping.wait()


def test_what_is_there_is_handed_on_at_once(connect: Connect) -> None:
    slowly = Slowly(b"one\n", b"tw", b"o\n", ends=True)
    with HttpServer(slowly) as server:
        client = connect(server)
        with client.stream("GET", "/") as stream:
            found = []
            slowly.go.release()
            for piece in stream.pieces():
                found.append(piece)
                slowly.go.release()
            assert found == [b"one\n", b"tw", b"o\n"]
        # The answer has ended, so that the connection serves the next one.
        slowly.pieces = ()
        client.request("GET", "/")
        assert server.log.used_connections() == {1}


def test_also_without_chunks(connect: Connect) -> None:
    def answer(_request: Request) -> Response:
        return Response(200, b"one\ntwo\n")

    with HttpServer(answer) as server, connect(server).stream("GET", "/") as stream:
        assert b"".join(stream.pieces()) == b"one\ntwo\n"


def test_pieces_that_break_off(connect: Connect) -> None:
    slowly = Slowly(b"one\n" * 10, ends=True)
    slowly.go.release()
    with HttpServer(slowly) as server:
        server.faults.add(faults.cut_off(chunked=True))
        with connect(server).stream("GET", "/") as stream:
            pieces = stream.pieces()
            assert next(pieces) == b"one\n" * 5
            with pytest.raises(CannotConnect, match="broke off"):
                next(pieces)


def test_pieces_that_do_not_end_in_time(connect: Connect) -> None:
    with HttpServer(Slowly()) as server, connect(server).stream("GET", "/", timeout=0.2) as stream:
        with pytest.raises(CannotConnect, match="did not answer in full within 0.2 seconds"):
            list(stream.pieces())


def test_packed_pieces_are_refused(connect: Connect) -> None:
    slowly = Slowly(ends=True, **{"Content-Encoding": "gzip"})
    with HttpServer(slowly) as server, connect(server).stream("GET", "/") as stream:
        with pytest.raises(BadAnswer, match="packs what was asked for unpacked"):
            list(stream.pieces())


class Waiting:
    """Something that runs in a thread until it fails."""

    def __init__(self, action: t.Callable[[], object]) -> None:
        self.error: BaseException | None = None
        self._action = action
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            self._action()
        except CannotConnect as error:
            self.error = error

    def interrupted(self, client: HttpClient, server: HttpServer) -> BaseException | None:
        """Interrupt it once the server has its request; the error that it ended with."""
        self._thread.start()
        while not server.log.entries:
            assert self._thread.is_alive()
        client.interrupt()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        return self.error


@pytest.mark.parametrize("secure", [False, True])
def test_a_request_is_ended_from_another_thread(
    secure: bool, connect: Connect, authority: CertificateAuthority
) -> None:
    tls = authority.server_context() if secure else None
    with HttpServer(lambda _request: Response(200, b"{}"), tls=tls) as server:
        server.faults.add(faults.hang())
        client = connect(server)
        waiting = Waiting(lambda: client.request("GET", "/", timeout=1000))
        assert isinstance(waiting.interrupted(client, server), CannotConnect)
        assert len(server.log.entries) == 1, "it is not sent again"
        assert client.request("GET", "/").json() == {}


def test_reading_an_answer_is_ended_from_another_thread(connect: Connect) -> None:
    slowly = Slowly(b"one\n")
    slowly.go.release()
    with HttpServer(slowly) as server:
        client = connect(server)
        waiting = Waiting(lambda: list(client.stream("GET", "/", timeout=1000).pieces()))
        assert isinstance(waiting.interrupted(client, server), CannotConnect)


def test_the_pause_before_the_next_attempt_is_ended(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "threading", threading)
    monkeypatch.setattr(http, "FIRST_PAUSE", 1000.0)
    with HttpServer(lambda _request: Response(200, b"{}")) as server:
        server.faults.add(faults.status(503), times=None)
        client = connect(server)
        waiting = Waiting(lambda: client.request("GET", "/", timeout=1000))
        assert "out of service" in str(waiting.interrupted(client, server))
