# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""SOAP 1.1 over HTTP: a call in, the elements of its answer out while they arrive. Private to this collection."""

from __future__ import annotations

import typing as t
from collections import deque
from dataclasses import dataclass
from io import BytesIO
from xml.sax.saxutils import escape

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer
from ansible_collections.virtmap.core.plugins.module_utils._transport.http import HttpClient
from ansible_collections.virtmap.core.plugins.module_utils._transport.http_answer import Stream
from ansible_collections.virtmap.core.plugins.module_utils._transport.http_errors import from_response
from ansible_collections.virtmap.core.plugins.module_utils._transport.xmlstream import elements, require_lxml

if t.TYPE_CHECKING:
    from lxml.etree import _Element

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    f'<soapenv:Envelope xmlns:soapenv="{ENVELOPE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>'
)
_TAIL = "</soapenv:Body></soapenv:Envelope>"
_ROOT = f"{{{ENVELOPE}}}Envelope"
_FAULT = f"{{{ENVELOPE}}}Fault"
_LARGEST_FAULT = 1024 * 1024


class SoapFault(Exception):
    """A fault that the server answered with. Whoever knows the service makes an error of the family of it.

    Attributes:
        kind: type of the fault's detail, without a prefix; empty when there is none.
        sentence: the server's words, in its language; for people only.
        members: texts of the detail's children by their names.
    """

    def __init__(self, kind: str, sentence: str, members: dict[str, str]) -> None:
        super().__init__(kind or sentence)
        self.kind = kind
        self.sentence = sentence
        self.members = members


@dataclass
class SoapClient:
    """Calls of one SOAP service.

    Attributes:
        path: appended to the path of the server.
        action: the header SOAPAction, without quotes.
    """

    http: HttpClient
    path: str
    action: str

    def __post_init__(self) -> None:
        require_lxml(f"to read the answers of {self.http.what}")

    def call(
        self,
        body: str,
        tags: t.Sequence[str],
        *,
        headers: t.Mapping[str, str] | None = None,
        repeatable: bool = True,
        timeout: float | None = None,
    ) -> Call:
        """Send a call; read its answer from what this returns, within ``with``.

        Args:
            body: what stands inside the SOAP body, as XML.
            tags: which elements of the answer are wanted, in the form ``{namespace}name``.
            repeatable: as for HttpClient.request.
            timeout: as for HttpClient.request.

        Raises:
            SoapFault: the server answered with a fault.
            CannotConnect, Denied, NotFound, BadAnswer: as HttpClient.request.
        """
        stream = self.http.stream(
            "POST",
            self.path,
            body=(_HEAD + body + _TAIL).encode(),
            headers={
                "Content-Type": "text/xml; charset=utf-8",
                "SOAPAction": f'"{self.action}"',
                "Accept-Encoding": "gzip",
                **(headers or {}),
            },
            expect=(500,),
            repeatable=repeatable,
            timeout=timeout,
        )
        if stream.status == 500:
            with stream:
                raise _fault(stream, self.http.what, self.http.server.path + self.path)
        return Call(stream, tags, self.http.what)


class Call:
    """The answer to a call: an iterator over its wanted elements, each valid until the next one."""

    def __init__(self, stream: Stream, tags: t.Sequence[str], what: str) -> None:
        self._stream = stream
        self._tags = tags
        self._what = what
        self.cookies = stream.cookies

    def __enter__(self) -> Call:
        return self

    def __exit__(self, *exc: t.Any) -> None:
        self._stream.__exit__(*exc)

    def finish(self) -> None:
        """Read the answer to its end and make sure that it is whole, as iterating does."""
        deque(self, maxlen=0)

    def __iter__(self) -> t.Iterator[_Element]:
        """Yield the wanted elements.

        Raises:
            CannotConnect: the answer broke off or did not end in time.
            BadAnswer: it is not SOAP.
        """
        return elements(self._stream, self._tags, self._what, "SOAP", _ROOT)


def element(name: str, text: object, **attributes: str) -> str:
    """An element with a text, both escaped."""
    more = "".join(f' {key}="{escape(value, {chr(34): "&quot;"})}"' for key, value in attributes.items())
    return f"<{name}{more}>{escape(str(text))}</{name}>"


def local_type(element: _Element) -> str:
    """The ``xsi:type`` of an element without its prefix; empty when it has none."""
    return element.get(XSI_TYPE, "").rpartition(":")[2]


def local_name(element: _Element) -> str:
    """The name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def _fault(stream: Stream, what: str, path: str) -> Exception:
    """The fault in an answer with status 500, or the error that there is none in it."""
    body = stream.read_some(_LARGEST_FAULT)
    cause: BadAnswer | None = None
    try:
        for fault in elements(BytesIO(body), (_FAULT,), what, "SOAP", _ROOT):
            return _read_fault(fault)
    except BadAnswer as exc:
        cause = exc
    error = from_response(stream.status, stream.headers, body, what, f"POST {path}", None)
    error.__cause__ = cause
    return error


def _read_fault(fault: _Element) -> SoapFault:
    sentence = (fault.findtext("faultstring") or "").strip()
    detail = fault.find("detail/*")
    if detail is None:
        return SoapFault("", sentence, {})
    kind = local_type(detail) or local_name(detail).removesuffix("Fault")
    return SoapFault(kind, sentence, {local_name(child): child.text or "" for child in detail})
