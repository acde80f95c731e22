# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Calls to XAPI in its two forms, JSON-RPC and XML-RPC. Private to this collection."""

from __future__ import annotations

import itertools
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.xenserver.faults import Failure
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._transport import jsonstream, xmlrpc_stream
from ansible_collections.virtmap.core.plugins.module_utils._transport.http import HttpClient
from ansible_collections.virtmap.core.plugins.module_utils._transport.jsonstream import Take
from ansible_collections.virtmap.core.plugins.module_utils._transport.xmlrpc import encode

JSON_PATH, XML_PATH = "/jsonrpc", "/"


class NoJson(Exception):
    """The host is too old for JSON-RPC: it took the call for XML-RPC."""


class Call(t.NamedTuple):
    """A call.

    Attributes:
        take: gets name and value of each member, where the value is a struct: of a map of records, reference and
            record of each object.
        wanted: the fields of a record, or the names in any other struct that is a member, that are looked at; others
            may be missing in it.
        repeatable: whether it may be sent again when it is not known if the host acted on it.
        timeout: another deadline than that of the client.
    """

    method: str
    parameters: t.Sequence[t.Any]
    take: Take | None = None
    wanted: t.Container[str] = ()
    repeatable: bool = True
    timeout: float | None = None


class JsonWire:
    """JSON-RPC 2.0."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        self._numbers = itertools.count(1)

    def call(self, call: Call) -> t.Any:
        """Make a call.

        Returns:
            the value; None where it went to ``call.take``.

        Raises:
            Failure: XAPI refused the call.
            NoJson: JSON-RPC is not known there.
            BadAnswer: the answer is not what the protocol allows.
            CannotConnect, Denied, NotFound: see _transport.http_errors.
        """
        number, what = next(self._numbers), self._http.what
        body = {"jsonrpc": "2.0", "method": call.method, "params": list(call.parameters), "id": number}
        with self._http.stream(
            "POST", JSON_PATH, json_body=body, repeatable=call.repeatable, timeout=call.timeout
        ) as stream:
            if stream.headers.get("content-type", "").partition(";")[0].strip().lower() == "text/xml":
                raise NoJson
            answer, streamed = jsonstream.members(stream, "result", call.take or _refuse, what, "JSON-RPC")
        error = answer.get("error")
        if error is not None:
            raise _failure(error, what, call.method)
        if str(answer.get("id")) != str(number) or not (streamed or "result" in answer):
            raise BadAnswer(
                f"{shown(what)} answered {call.method} with something that is not JSON-RPC (no result of this call); "
                "check that server, port and path name the right service"
            )
        return _checked(answer.get("result"), streamed, call, what)


class XmlWire:
    """XML-RPC, which every release speaks and which is three times as long."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def call(self, call: Call) -> t.Any:
        """As that of JsonWire."""
        what, headers = self._http.what, {"Content-Type": "text/xml"}
        body = encode(call.method, tuple(call.parameters))
        with self._http.stream(
            "POST", XML_PATH, body=body, headers=headers, repeatable=call.repeatable, timeout=call.timeout
        ) as stream:
            answer, streamed = xmlrpc_stream.members(stream, "Value", call.take or _refuse, call.wanted, what)
        if answer.get("Status") == "Failure":
            raise _failure(answer.get("ErrorDescription"), what, call.method)
        if answer.get("Status") != "Success" or not (streamed or "Value" in answer):
            said = shown(str(answer.get("faultString", "no Status")).strip())
            raise BadAnswer(
                f"{shown(what)} answered {call.method} with no value of XAPI ({said}); "
                "check that server, port and path name the right service"
            )
        return _checked(answer.get("Value"), streamed, call, what)


Wire = t.Union[JsonWire, XmlWire]


def _refuse(_name: str, _value: t.Any) -> None:
    """For calls whose value is no map of records; _checked complains once it is read."""


def _checked(value: t.Any, streamed: bool, call: Call, what: str) -> t.Any:
    if streamed != (call.take is not None):
        raise BadAnswer(
            f"{shown(what)} answered {call.method} with a value of another kind than it has; look at the server's log"
        )
    return value


def _failure(error: t.Any, what: str, method: str) -> Exception:
    """The failure that an answer tells: a list of texts, or in JSON-RPC 2.0 an object."""
    if isinstance(error, dict):
        data = error.get("data")
        error = [error.get("message"), *(data if isinstance(data, list) else [])]
    if not isinstance(error, list) or not error or not isinstance(error[0], str):
        return BadAnswer(f"{shown(what)} failed at {method} without saying why; look at the server's log")
    return Failure(error[0], [str(text) for text in error[1:]])
