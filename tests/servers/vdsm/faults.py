# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What can go wrong with an answer of VDSM. Made for FaultPlan.add; hang, disconnect and raw of ``_http`` fit as well."""

from __future__ import annotations

import itertools
import json
import typing as t

from .._http.faults import Fault, disconnect, hang, raw
from .._http.message import Response
from .._http.wire import Exchange
from .frames import frame

__all__ = [
    "CATALOGUE",
    "Fault",
    "answer",
    "body",
    "cut_off",
    "disconnect",
    "drip",
    "endless_body",
    "endless_head",
    "error_frame",
    "field",
    "hang",
    "never",
    "raw",
    "rpc_error",
    "too_long",
    "wrong_length",
]


def cut_off(part: float = 0.5) -> Fault:
    """Send so much of the true frame and close."""

    def act(exchange: Exchange) -> None:
        data = exchange.answer().whole_body()
        exchange.send(data[: int(len(data) * part)])

    return Fault("cut_off", act)


def never() -> Fault:
    """Never answer, but stay: heart-beats go on, and so do other answers."""
    return Fault("never", lambda _exchange: Response())


def drip(interval: float = 0.05, part: float = 0.5) -> Fault:
    """Send so much of a frame at once, then a byte now and then, without end."""

    def act(exchange: Exchange) -> None:
        data = exchange.answer().whole_body().replace(b"content-length:", b"content-length:1")
        exchange.send(data[: int(len(data) * part)])
        exchange.drip(itertools.repeat(b" "), interval)

    return Fault("drip", act)


def error_frame(text: str = "Subscription not available") -> Fault:
    """Answer with ERROR; the connection stays open."""
    return Fault("error_frame", lambda _exchange: Response(body=frame("ERROR", [], text.encode())))


def body(data: bytes) -> Fault:
    """Answer with a frame whose body is this."""
    return Fault("body", lambda exchange: Response(body=_message(exchange, data)))


def answer(result: t.Any) -> Fault:
    """Answer with this result."""
    return _edited("answer", lambda _old: {"result": result})


def field(method_result: t.Callable[[t.Any], t.Any]) -> Fault:
    """Answer with the true result after this change of it."""
    return _edited("field", lambda old: {"result": method_result(old["result"])})


def rpc_error(code: int, message: str = "It broke") -> Fault:
    """Answer with an error of JSON-RPC."""
    return _edited("rpc_error", lambda _old: {"error": {"code": code, "message": message}})


def wrong_id() -> Fault:
    """Answer under another id; what was asked is never answered."""
    return _edited("wrong_id", lambda old: {"result": old["result"]}, "r999")


def too_long() -> Fault:
    """Announce a body of a terabyte."""

    def act(exchange: Exchange) -> None:
        exchange.send(_message(exchange, b"{}").replace(b"content-length:2", b"content-length:1000000000000"))
        exchange.stopping.wait()

    return Fault("too_long", act)


def wrong_length() -> Fault:
    """Announce fewer bytes than come."""

    def act(exchange: Exchange) -> Response:
        data = exchange.answer().whole_body()
        head, _blank, rest = data.partition(b"\n\n")
        return Response(body=head.replace(b"content-length:", b"content-length:1\nx:") + b"\n\n" + rest)

    return Fault("wrong_length", act)


def endless_head() -> Fault:
    """Send headers without end."""

    def act(exchange: Exchange) -> None:
        exchange.send(b"MESSAGE\n")
        exchange.drip(itertools.repeat(b"x:" + b"y" * 8000 + b"\n"), 0)

    return Fault("endless_head", act)


def endless_body() -> Fault:
    """Send one value without end, of which no length was announced."""

    def act(exchange: Exchange) -> None:
        exchange.send(_message(exchange, b'{"result": ["').replace(b"content-length:13\n", b"").rstrip(b"\0"))
        exchange.drip(itertools.repeat(b"a" * 65536), 0)

    return Fault("endless_body", act)


def _edited(name: str, edit: t.Callable[[t.Any], dict[str, t.Any]], other_id: str | None = None) -> Fault:
    """The true answer, its result or error replaced."""

    def act(exchange: Exchange) -> Response:
        data = exchange.answer().whole_body()
        head, _blank, rest = data.partition(b"\n\n")
        old = json.loads(rest.rstrip(b"\0"))
        new = {"jsonrpc": "2.0", "id": other_id or old["id"], **edit(old)}
        return Response(body=_message(exchange, json.dumps(new).encode()))

    return Fault(name, act)


def _message(exchange: Exchange, data: bytes) -> bytes:
    reply_to = exchange.request.header("reply-to")
    name = exchange.request.connection.session["subscriptions"][reply_to]
    return frame("MESSAGE", [("destination", reply_to), ("subscription", name)], data)


#: For ``python -m tests.servers.vdsm --fault NAME``.
CATALOGUE: dict[str, t.Callable[[], Fault]] = {
    "cut_off": cut_off,
    "disconnect": disconnect,
    "error_frame": error_frame,
    "hang": hang,
    "never": never,
    "nonsense": lambda: body(b"<html>"),
    "recovering": lambda: rpc_error(99, "Recovering from crash or Initializing"),
    "too_long": too_long,
    "wrong_id": wrong_id,
}
