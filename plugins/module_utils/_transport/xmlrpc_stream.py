# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""An XML-RPC answer whose one member is too large to be held: read while it arrives. Private to this collection.

For answers that are a struct, such as that of XAPI. What nobody wants of a record is parsed, but never converted.
"""

from __future__ import annotations

import typing as t
from xml.parsers import expat

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._transport.http_errors import begin_of
from ansible_collections.virtmap.core.plugins.module_utils._transport.jsonstream import CHUNK, Readable, Take
from ansible_collections.virtmap.core.plugins.module_utils._transport.xmlrpc import DEEPEST_NESTING

LARGEST_MEMBER = 32 * 1024 * 1024
# Numbers stay texts, as with _transport.jsonstream.
_TEXTS = frozenset({"string", "int", "i4", "i8", "double", "dateTime.iso8601", "base64"})


class _Malformed(Exception):
    """What was read is no XML-RPC."""


def members(
    source: Readable, name: str, take: Take, wanted: t.Container[str], what: str
) -> tuple[dict[str, t.Any], bool]:
    """Read the struct of an answer; where its member of this name is a struct, hand on its members one by one.

    The document is not known to be whole before this returns.

    Args:
        take: gets name and value of each member of the large member.
        wanted: the members to keep of each of these values where it is a struct.
        what: what the server is, for errors.

    Returns:
        all other members; and whether the member of this name was there and a struct. One that is no struct is among
        the others. A fault is a struct with ``faultCode`` and ``faultString``.

    Raises:
        BadAnswer: it is no XML-RPC, its value is no struct, or a member is too large.
    """
    reader, begin = _Reader(name, take, wanted), b""
    try:
        while data := source.read(CHUNK):
            begin = begin or data[:200]
            reader.feed(data)
        return reader.close()
    except _Malformed as exc:
        raise BadAnswer(
            f"{shown(what)} answered something that is not XML-RPC ({begin_of(begin)}; {exc}); "
            "check that server, port and path name the right service"
        ) from exc


class _Struct:
    """A struct that is being read; ``values`` is None where its members are handed on."""

    def __init__(self, values: dict[str, t.Any] | None) -> None:
        self.values = values
        self.name: str | None = None


class _Reader:
    # Stands for the large member, whose values are elsewhere.
    _handed_on = object()

    def __init__(self, name: str, take: Take, wanted: t.Container[str]) -> None:
        self._name, self._take, self._wanted = name, take, wanted
        self._open: list[_Struct | list[t.Any]] = []
        self._depth = 0
        self._skip = 0  # depth of the member that is left out
        self._size = 0  # of what came since the last member was handed on
        self._text: list[str] = []
        self._value: t.Any = None
        self._typed = False
        self._streamed = False
        self._result: t.Any = None
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text.append
        # Entities can only be declared in a document type definition, and no XML-RPC has one.
        self._parser.StartDoctypeDeclHandler = self._doctype

    def feed(self, data: bytes, final: bool = False) -> None:
        self._size += len(data)
        try:
            self._parser.Parse(data, final)
        except expat.ExpatError as exc:
            raise _Malformed(shown(exc, 80)) from exc
        if self._size > LARGEST_MEMBER:
            raise _Malformed(f"a value has more than {LARGEST_MEMBER} bytes")

    def close(self) -> tuple[dict[str, t.Any], bool]:
        self.feed(b"", final=True)
        if not isinstance(self._result, dict):
            raise _Malformed("its value is no struct")
        return self._result, self._streamed

    def _start(self, tag: str, _attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEEPEST_NESTING:
            raise _Malformed(f"it is nested more than {DEEPEST_NESTING} levels deep")
        if self._depth == 1 and tag != "methodResponse":
            raise _Malformed(f"its root is {shown(tag, 40)}")
        if self._skip:
            return
        self._text.clear()
        if tag == "value":
            self._typed = False
        elif tag == "array":
            self._open.append([])
        elif tag == "struct":
            outer = self._open[-1] if len(self._open) == 1 else None
            streams = isinstance(outer, _Struct) and outer.name == self._name
            self._streamed = self._streamed or streams
            self._open.append(_Struct(None if streams else {}))

    def _end(self, tag: str) -> None:
        self._depth -= 1
        if self._skip:
            if self._depth < self._skip:
                self._skip = 0
                self._parser.CharacterDataHandler = self._text.append
            return
        if tag == "value":
            self._attach(self._value if self._typed else "".join(self._text))
            self._typed = False
        elif tag == "name":
            self._named("".join(self._text))
        elif tag in _TEXTS:
            self._value, self._typed = "".join(self._text), True
        elif tag == "boolean":
            self._value, self._typed = "".join(self._text).strip() == "1", True
        elif tag == "nil":
            self._value, self._typed = None, True
        elif tag in ("struct", "array"):
            closed = self._open.pop()
            values = closed.values if isinstance(closed, _Struct) else closed
            self._value, self._typed = self._handed_on if values is None else values, True

    def _named(self, name: str) -> None:
        struct = self._open[-1] if self._open else None
        if not isinstance(struct, _Struct):
            raise _Malformed("a name stands outside of a struct")
        struct.name = name
        above = self._open[-2] if len(self._open) > 1 else None
        if isinstance(above, _Struct) and above.values is None and name not in self._wanted:
            self._skip = self._depth
            self._parser.CharacterDataHandler = None

    def _attach(self, value: t.Any) -> None:
        if not self._open:
            if self._result is not None:
                raise _Malformed("it holds several values")
            self._result = value
            return
        inner = self._open[-1]
        if not isinstance(inner, _Struct):
            inner.append(value)
        elif inner.name is None:
            raise _Malformed("a member has no name")
        elif inner.values is None:
            self._take(inner.name, value)
            self._size = 0
        elif value is not self._handed_on:
            inner.values[inner.name] = value

    def _doctype(self, *_declaration: object) -> None:
        raise _Malformed("it has a document type definition")
