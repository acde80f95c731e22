# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The catalogue of misbehaviour. Every function makes a fault for :meth:`FaultPlan.add`."""

from __future__ import annotations

import itertools
import json
import typing as t

from .message import Headers, Response
from .plan import Fault, FaultPlan
from .wire import Exchange, chunk, head

__all__ = [
    "CATALOGUE",
    "Fault",
    "FaultPlan",
    "cut_off",
    "disconnect",
    "drip_body",
    "drip_headers",
    "edited",
    "flood",
    "hang",
    "nonsense",
    "raw",
    "redirect",
    "slow",
    "status",
    "throttled",
    "without",
]

LOGIN_PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><form>Please sign in</form></body></html>"
_NONSENSE: dict[str, tuple[str, bytes]] = {
    "html": ("text/html; charset=utf-8", LOGIN_PAGE),
    "binary": ("application/octet-stream", bytes(range(256)) * 4),
    "bad_json": ("application/json", b'{"state": "FINI'),
    "empty": ("application/json", b""),
    "null": ("application/json", b"null"),
    "list": ("application/json", b"[]"),
    "object": ("application/json", b"{}"),
    "string": ("application/json", b'"yes"'),
    "number": ("application/json", b"42"),
    "bad_utf8": ("application/json", b'{"name": "\xff\xfe"}'),
    "bad_xml": ("text/xml; charset=utf-8", b"<?xml version='1.0'?><Envelope><Body>"),
}


def hang(processed: bool = False) -> Fault:
    """Read the request and never answer; with ``processed`` the application has done its work before."""

    def act(exchange: Exchange) -> None:
        if processed:
            exchange.answer()
        exchange.stopping.wait()

    return Fault("hang", act)


def disconnect(processed: bool = False, reset: bool = False) -> Fault:
    """Close the connection (or reset it) before a byte of the answer."""

    def act(exchange: Exchange) -> None:
        if processed:
            exchange.answer()
        if reset:
            exchange.reset()

    return Fault("disconnect", act)


def drip_headers(interval: float = 0.05) -> Fault:
    """Begin an answer whose headers come byte by byte and never end."""

    def act(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Padding: ")
        exchange.drip(itertools.repeat(b"a"), interval)

    return Fault("drip_headers", act)


def drip_body(interval: float = 0.05, start: str = '{"state": ', content_type: str = "application/json") -> Fault:
    """Begin an answer whose body comes byte by byte (``start``, then blanks) and never ends."""

    def act(exchange: Exchange) -> None:
        response = Response(200, b"", [("Content-Type", content_type)])
        exchange.send(head(response, [("Content-Length", str(10**9))]))
        begin = (bytes([byte]) for byte in start.encode("utf-8"))
        exchange.drip(itertools.chain(begin, itertools.repeat(b" ")), interval)

    return Fault("drip_body", act)


def cut_off(part: float = 0.5, chunked: bool = False) -> Fault:
    """Send the true answer up to ``part`` of its body and close: too short for its Content-Length, or no last chunk."""

    def act(exchange: Exchange) -> None:
        response = exchange.answer()
        body = response.whole_body() or b" " * 64
        kept = body[: int(len(body) * part)]
        if chunked:
            exchange.send(head(response, [("Transfer-Encoding", "chunked")]) + (chunk(kept) if kept else b""))
        else:
            exchange.send(head(response, [("Content-Length", str(len(body)))]) + kept)

    return Fault("cut_off", act)


def nonsense(kind: str = "html", code: int = 200) -> Fault:
    """Answer with a body that makes no sense: html binary bad_json bad_utf8 bad_xml empty null list object ..."""
    content_type, body = _NONSENSE[kind]
    return Fault(f"nonsense {kind}", lambda _exchange: Response(code, body, [("Content-Type", content_type)]))


def status(code: int, body: t.Any = None, headers: Headers | None = None, content_type: str | None = None) -> Fault:
    """Answer with this status; the body is bytes or text as it is, or anything else as JSON; None for no body."""

    def act(_exchange: Exchange) -> Response:
        if isinstance(body, bytes):
            data, kind = body, content_type or "application/octet-stream"
        elif isinstance(body, str):
            data, kind = body.encode("utf-8"), content_type or "text/html; charset=utf-8"
        else:
            data = b"" if body is None else json.dumps(body).encode("utf-8")
            kind = content_type or "application/json"
        return Response(code, data, [("Content-Type", kind), *(tuple(pair) for pair in headers or [])])  # type: ignore[list-item]

    return Fault(f"status {code}", act)


def throttled(retry_after: str | int | None = None, code: int = 429, body: t.Any = None) -> Fault:
    """429 (or 503) with a Retry-After of seconds, of an HTTP date or of garbage; None for none."""
    headers = [] if retry_after is None else [("Retry-After", str(retry_after))]
    return status(code, body, headers)


def redirect(location: str, code: int = 302) -> Fault:
    """Send the client elsewhere."""
    return status(code, None, [("Location", location)])


def slow(seconds: float) -> Fault:
    """The true answer, late."""

    def act(exchange: Exchange) -> Response | None:
        return None if exchange.stopping.wait(seconds) else exchange.answer()

    return Fault("slow", act)


def flood(piece: int = 65536) -> Fault:
    """A body that never ends, as fast as the client reads."""

    def act(exchange: Exchange) -> None:
        response = Response(200, b"", [("Content-Type", "application/json")])
        exchange.send(head(response, [("Transfer-Encoding", "chunked")]))
        block = chunk(b" " * piece)
        while not exchange.stopping.is_set():
            exchange.send(block)

    return Fault("flood", act)


def raw(data: bytes | str) -> Fault:
    """These bytes instead of an HTTP answer, then close."""
    block = data.encode("utf-8") if isinstance(data, str) else data
    return Fault("raw", lambda exchange: exchange.send(block))


def edited(change: t.Callable[[t.Any], t.Any]) -> Fault:
    """The true JSON answer after ``change``, which edits it in place or returns another."""

    def act(exchange: Exchange) -> Response:
        response = exchange.answer()
        document = json.loads(response.whole_body())
        replaced = change(document)
        response.body = json.dumps(document if replaced is None else replaced).encode("utf-8")
        return response

    return Fault("edited", act)


def without(*keys: str) -> Fault:
    """The true JSON answer with these members missing; ``a.b`` is b of a, and lists are walked through."""

    def drop(document: t.Any, path: list[str]) -> None:
        if isinstance(document, list):
            for element in document:
                drop(element, path)
        elif isinstance(document, dict) and len(path) == 1:
            document.pop(path[0], None)
        elif isinstance(document, dict):
            drop(document.get(path[0]), path[1:])

    def change(document: t.Any) -> None:
        for key in keys:
            drop(document, key.split("."))

    return edited(change)


#: The faults that another process can ask for by name (see :mod:`.control`).
CATALOGUE: dict[str, t.Callable[..., Fault]] = {
    "cut_off": cut_off,
    "disconnect": disconnect,
    "drip_body": drip_body,
    "drip_headers": drip_headers,
    "flood": flood,
    "hang": hang,
    "nonsense": nonsense,
    "raw": raw,
    "redirect": redirect,
    "slow": slow,
    "status": status,
    "throttled": throttled,
    "without": without,
}
