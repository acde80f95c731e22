# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What travels: calls in, values and failures out, in JSON-RPC and in XML-RPC."""

from __future__ import annotations

import json
import typing as t
import xmlrpc.client
from xml.parsers.expat import ExpatError
from xml.sax.saxutils import escape

from .._http import Request, Response
from .records import Moment

JSON_PATH = "/jsonrpc"


class Malformed(Exception):
    """A request that is no call."""


class Failure(Exception):
    """What XAPI answers in place of a value.

    Args:
        code: such as ``SESSION_INVALID``.
        parameters: texts that belong to it.
    """

    def __init__(self, code: str, *parameters: str) -> None:
        super().__init__(code)
        self.code = code
        self.parameters = parameters


class Call(t.NamedTuple):
    """A call, and how its answer is to look.

    Attributes:
        version: of JSON-RPC, ``2.0`` or ``1.0``; empty for XML-RPC.
        id: of the JSON-RPC call.
    """

    method: str
    parameters: list[t.Any]
    version: str
    id: t.Any

    def text(self, value: t.Any) -> str:
        """A value as it travels."""
        if not self.version:
            return xml_value(value)
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def succeed(self, text: str) -> Response:
        """The answer with a value that is a text already."""
        if not self.version:
            members = _member("Status", "<value>Success</value>") + _member("Value", text)
            return _xml(f"<value><struct>{members}</struct></value>")
        if self.version == "1.0":
            return _json(f'{{"result":{text},"error":null,"id":{json.dumps(self.id)}}}')
        return _json(f'{{"jsonrpc":"2.0","result":{text},"id":{json.dumps(self.id)}}}')

    def fail(self, failure: Failure) -> Response:
        """The answer with a failure."""
        texts = [failure.code, *failure.parameters]
        if not self.version:
            members = _member("Status", "<value>Failure</value>") + _member("ErrorDescription", xml_value(texts))
            return _xml(f"<value><struct>{members}</struct></value>")
        if self.version == "1.0":
            return _json(json.dumps({"result": None, "error": texts, "id": self.id}))
        error = {"code": 1, "message": failure.code, "data": list(failure.parameters)}
        return _json(json.dumps({"jsonrpc": "2.0", "error": error, "id": self.id}))


def read(request: Request, speaks_json: bool = True) -> Call:
    """The call of a request.

    Raises:
        Malformed: it is none.
    """
    if request.path == JSON_PATH and speaks_json:
        return _read_json(request.body)
    try:
        parameters, method = xmlrpc.client.loads(request.body.decode("utf-8"))
    except (ExpatError, ValueError, xmlrpc.client.Error) as exc:
        raise Malformed(str(exc)) from exc
    if method is None:
        raise Malformed("no method")
    return Call(method, list(parameters), "", None)


def _read_json(body: bytes) -> Call:
    try:
        document = json.loads(body)
    except ValueError as exc:
        raise Malformed(str(exc)) from exc
    if not isinstance(document, dict) or document.get("id") is None:
        raise Malformed("notifications are not taken")
    method, parameters = document.get("method"), document.get("params", [])
    if not isinstance(method, str) or not isinstance(parameters, list):
        raise Malformed("no method")
    return Call(method, parameters, "2.0" if document.get("jsonrpc") == "2.0" else "1.0", document["id"])


def xml_value(value: t.Any) -> str:
    """A value as XAPI writes it in XML: texts without a tag, numbers as texts of digits."""
    if isinstance(value, bool):
        inner = f"<boolean>{int(value)}</boolean>"
    elif isinstance(value, float):
        inner = f"<double>{value!r}</double>"
    elif isinstance(value, Moment):
        inner = f"<dateTime.iso8601>{value}</dateTime.iso8601>"
    elif isinstance(value, dict):
        inner = f"<struct>{''.join(_member(name, xml_value(item)) for name, item in value.items())}</struct>"
    elif isinstance(value, list):
        inner = f"<array><data>{''.join(map(xml_value, value))}</data></array>"
    else:
        inner = escape(str(value))
    return f"<value>{inner}</value>"


def _member(name: str, value: str) -> str:
    return f"<member><name>{escape(name)}</name>{value}</member>"


def _xml(value: str) -> Response:
    text = f'<?xml version="1.0"?><methodResponse><params><param>{value}</param></params></methodResponse>'
    return Response(200, text.encode("utf-8"), [("Content-Type", "text/xml"), ("cache-control", "no-cache, no-store")])


def _json(text: str) -> Response:
    headers = [("Content-Type", "application/json"), ("cache-control", "no-cache, no-store")]
    return Response(200, text.encode("utf-8"), headers)
