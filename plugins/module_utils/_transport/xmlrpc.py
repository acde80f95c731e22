# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""XML-RPC over HTTP: marshalling of the standard library, transport and deadline of ours. Private to this collection.

The standard library's own transport verifies TLS but has no deadline for a whole exchange and no proxy, and its parser
obeys whatever a document type definition asks of it.
"""

from __future__ import annotations

import re
import typing as t
import xmlrpc.client
from xml.parsers import expat

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown, whole_number
from ansible_collections.virtmap.core.plugins.module_utils._transport.http import CHUNK, HttpClient, Stream
from ansible_collections.virtmap.core.plugins.module_utils._transport.http_errors import begin_of

LARGEST_ANSWER = 32 * 1024 * 1024
DEEPEST_NESTING = 100
# Far more digits than any number of the protocol has; Python before 3.11 takes minutes for millions of them.
LONGEST_NUMBER = 64
_NUMBERS = frozenset({"int", "i1", "i2", "i4", "i8", "biginteger", "bigdecimal", "double", "float", "boolean"})
# What XML 1.0 cannot carry, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Session keys, digests of certificates.
_LONG_HEX = re.compile(r"[0-9a-fA-F]{32,}")


class XmlRpcFault(BadAnswer):
    """The server understood the call and refused it.

    Args:
        what: the server, as the beginning of a sentence.
        code: the fault code.
        text: the fault string, free of secrets.
    """

    def __init__(self, what: str, method: str, code: int, text: str) -> None:
        super().__init__(f"{what} answered {method} with fault {code}: {shown(text.strip())}")
        self.code = code
        self.text = text


class _Malformed(Exception):
    """An answer that is no XML-RPC, or none that an honest server sends."""


class XmlRpcClient:
    """One endpoint of a server.

    Args:
        path: of the endpoint, appended to that of the server.
    """

    def __init__(self, http: HttpClient, path: str) -> None:
        self._http = http
        self._path = path
        self._secrets: set[str] = set()

    def hide(self, secret: str) -> None:
        """Never show this text in an error: servers quote what they were sent."""
        if secret:
            self._secrets.add(secret)

    def call(self, method: str, *parameters: t.Any, repeatable: bool = True) -> t.Any:
        """Call a method and return its answer in Python's own types (moments as xmlrpc.client.DateTime).

        Args:
            repeatable: whether the call may be sent again when it is not known if the server acted on it.

        Raises:
            InvalidInput: a parameter holds characters that XML cannot carry, or a number that is too large.
            XmlRpcFault: the server answered with a fault.
            BadAnswer: the answer is no XML-RPC.
            CannotConnect, Denied, NotFound: see _transport.http_errors.
        """
        body = encode(method, parameters)
        if not repeatable:
            # On a connection kept alive the server may hang up just now, and nobody could tell whether it has acted.
            self._http.close()
        with self._http.stream(
            "POST", self._path, body=body, headers={"Content-Type": "text/xml"}, repeatable=repeatable
        ) as stream:
            return self._read(method, stream)

    def _read(self, method: str, stream: Stream) -> t.Any:
        reader, begin, size = _Reader(), b"", 0
        try:
            if stream.headers.get("content-encoding", "identity") != "identity":
                raise _Malformed("it is compressed, which was not asked for")
            while True:
                data = stream.read(CHUNK)
                begin, size = begin or data[:200], size + len(data)
                if size > LARGEST_ANSWER:
                    raise _Malformed(f"it is larger than {LARGEST_ANSWER} bytes")
                if not data:
                    return reader.close()
                reader.feed(data)
        except xmlrpc.client.Fault as exc:
            text = self._without_secrets(str(exc.faultString))
            raise XmlRpcFault(shown(self._http.what), method, _fault_code(exc), text) from None
        except _Malformed as exc:
            raise BadAnswer(
                f"{shown(self._http.what)} answered {method} with something that is not XML-RPC ({exc}; "
                f"{self._without_secrets(begin_of(begin))}); check that server, port and path name the right service"
            ) from exc

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return _LONG_HEX.sub("***", text)


def encode(method: str, parameters: tuple[t.Any, ...]) -> bytes:
    """A call as it travels.

    Raises:
        InvalidInput: a parameter cannot be expressed in XML-RPC.
    """
    try:
        text = xmlrpc.client.dumps(parameters, method)
    except (OverflowError, TypeError) as exc:
        raise InvalidInput(f"a parameter of {method} cannot be expressed in XML-RPC: {exc}") from exc
    if _NOT_XML.search(text):
        raise InvalidInput(f"a parameter of {method} holds control characters, which XML-RPC cannot carry")
    return text.encode("utf-8")


def xml_text(text: str) -> str:
    """Text with a question mark for each character that XML cannot carry."""
    return _NOT_XML.sub("?", text)


def read_params(data: bytes) -> t.Any:
    """The one value of a document that is only ``<params>``, such as a Satellite system id.

    Raises:
        ValueError: it is none.
    """
    reader = _Reader("params")
    try:
        reader.feed(data)
        return reader.close()
    except _Malformed as exc:
        raise ValueError(str(exc)) from exc


def _fault_code(fault: xmlrpc.client.Fault) -> int:
    code: object = fault.faultCode
    number = whole_number(code) if isinstance(code, str) else code
    # No code of its own: -1 is what servers use when they have none.
    return number if isinstance(number, int) else -1


class _Reader:
    """Expat in front of the standard library's unmarshaller, and in between the limits that neither has."""

    def __init__(self, root: str = "methodResponse") -> None:
        self._root = root
        self._target = xmlrpc.client.Unmarshaller()
        self._target.xml("", None)  # no encoding: expat hands over text
        self._depth = 0
        self._length = 0
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._data
        # Entities can only be declared in a document type definition, and no XML-RPC has one.
        self._parser.StartDoctypeDeclHandler = self._doctype

    def feed(self, data: bytes, final: bool = False) -> None:
        """Parse a piece.

        Raises:
            _Malformed: it cannot be the next piece of an XML-RPC answer.
        """
        try:
            self._parser.Parse(data, final)
        except (expat.ExpatError, xmlrpc.client.ResponseError, *_CONVERSION_ERRORS) as exc:
            raise _Malformed(shown(exc)) from exc

    def close(self) -> t.Any:
        """The value of the answer.

        Raises:
            xmlrpc.client.Fault: the answer is a fault.
            _Malformed: the answer is not whole or not one value.
        """
        self.feed(b"", final=True)
        try:
            values: t.Any = self._target.close()
        except (xmlrpc.client.ResponseError, *_CONVERSION_ERRORS) as exc:
            raise _Malformed(shown(exc) or "it holds no value") from exc
        if len(values) != 1:
            raise _Malformed(f"it holds {len(values)} values instead of one")
        return values[0]

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._depth == 0 and tag != self._root:
            raise _Malformed(f"its root is {shown(tag, 40)}")
        self._depth += 1
        if self._depth > DEEPEST_NESTING:
            raise _Malformed(f"it is nested more than {DEEPEST_NESTING} levels deep")
        self._length = 0
        self._target.start(tag, attributes)

    def _end(self, tag: str) -> None:
        self._depth -= 1
        if tag in _NUMBERS and self._length > LONGEST_NUMBER:
            raise _Malformed(f"it holds a number of {self._length} characters")
        self._target.end(tag)

    def _data(self, text: str) -> None:
        self._length += len(text)
        self._target.data(text)

    def _doctype(self, *_declaration: object) -> None:
        raise _Malformed("it has a document type definition")


# What the unmarshaller raises for values that are not what their tags say.
_CONVERSION_ERRORS = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError)
