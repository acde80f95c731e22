# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""XML-RPC over HTTP as both halves of the server speak it."""

from __future__ import annotations

import typing as t
import xmlrpc.client

from .._http import Response

CONTENT_TYPE = ("Content-Type", "text/xml;charset=utf-8")


class RpcFault(Exception):
    """What a call ends with instead of an answer."""

    def __init__(self, code: int, text: str) -> None:
        """A fault as the client sees it."""
        super().__init__(code, text)
        self.code = code
        self.text = text


class ServerError(Exception):
    """What the server answers with HTTP 500: any error that it has no fault for."""


def read(body: bytes) -> tuple[str, tuple[t.Any, ...]]:
    """Method and parameters of a call; raises an error of the XML parser or of xmlrpc.client."""
    parameters, method = xmlrpc.client.loads(body)
    if not method:
        raise xmlrpc.client.ResponseError("no methodName")
    return method, t.cast("tuple[t.Any, ...]", parameters)


def answer(value: t.Any) -> Response:
    """A good answer."""
    return Response(200, xmlrpc.client.dumps((value,), methodresponse=True).encode("utf-8"), [CONTENT_TYPE])


def fault(code: int, text: str) -> Response:
    """A fault, which is HTTP 200 as well."""
    body = xmlrpc.client.dumps(xmlrpc.client.Fault(code, text), methodresponse=True)
    return Response(200, body.encode("utf-8"), [CONTENT_TYPE])


def value_of(response: Response) -> t.Any:
    """The value in a good answer; raises xmlrpc.client.Fault for a fault."""
    return t.cast("tuple[t.Any, ...]", xmlrpc.client.loads(response.whole_body())[0])[0]
