# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Misbehaviour that only an XML-RPC server is capable of; the rest of it is in ``_http.faults``."""

from __future__ import annotations

import typing as t

from .._http import Request, Response, faults
from .._http.wire import Exchange
from . import rpc


def calling(method: str) -> t.Callable[[Request], bool]:
    """For ``faults.add(..., when=...)``: requests that call this method."""
    mark = f"<methodName>{method}</methodName>".encode("ascii")
    return lambda request: mark in request.body


def failing(code: int, text: str) -> faults.Fault:
    """Answer with this fault."""
    return faults.Fault(f"fault {code}", lambda _exchange: rpc.fault(code, text))


def answering(value: t.Any) -> faults.Fault:
    """Answer with this value and do nothing."""
    return faults.Fault("answering", lambda _exchange: rpc.answer(value))


def rewritten(change: t.Callable[[t.Any], t.Any]) -> faults.Fault:
    """The true answer after ``change``, which edits it in place or returns another."""

    def act(exchange: Exchange) -> Response:
        value = rpc.value_of(exchange.answer())
        replaced = change(value)
        return rpc.answer(value if replaced is None else replaced)

    return faults.Fault("rewritten", act)
