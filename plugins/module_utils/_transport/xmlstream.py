# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""XML from a server, parsed while it arrives and with nothing of it trusted. Private to this collection.

The parser (lxml, so libxml2) loads no DTD, expands no entity, opens no file and no connection, and keeps libxml2's
limits on depth and on the length of a text. A document type declaration is refused: the protocols that this is for
forbid it.
"""

from __future__ import annotations

import traceback
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, MissingLibrary
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._transport.http_errors import begin_of

try:
    from lxml import etree
except ImportError:
    LXML_ERROR: str | None = traceback.format_exc()
else:
    LXML_ERROR = None

CHUNK = 128 * 1024
# Answers of the biggest fleets have some ten megabytes for each page; this is only to end what never ends.
LARGEST = 1024**3


class Readable(t.Protocol):
    """Something to read bytes from."""

    def read(self, size: int) -> bytes:
        """At most ``size`` bytes; empty at the end."""


def require_lxml(reason: str) -> None:
    """Make sure that lxml is there.

    Args:
        reason: what it is needed for, completes "This is required".

    Raises:
        MissingLibrary: it is not installed.
    """
    if LXML_ERROR is not None:
        raise MissingLibrary("lxml", reason=reason, traceback=LXML_ERROR)


def elements(
    source: Readable, tags: t.Sequence[str], what: str, expected: str, root: str, largest: int = LARGEST
) -> t.Iterator[etree._Element]:
    """Yield each element with one of the tags when its end has arrived.

    An element is valid until the next one is asked for; soon after, its memory is freed. Elements inside one that is
    yielded must not have one of the tags. The document is not known to be whole before the iteration has ended.

    Args:
        tags: in the form ``{namespace}name``.
        what: what the server is, for errors.
        expected: what the answer should have been, for errors, for example ``SOAP``.
        root: tag that the outermost element must have.
        largest: how many bytes of XML are read at the most.

    Raises:
        BadAnswer: it is not well-formed XML, has another outermost element or a document type declaration, or is too
            large.
    """
    parser = etree.XMLPullParser(
        events=("end",), tag=tags, resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False,
        huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    begin = b""
    total = 0
    used: etree._Element | None = None
    try:
        while chunk := source.read(CHUNK):
            begin = begin or chunk[:200]
            total += len(chunk)
            if total > largest:
                raise BadAnswer(f"{shown(what)} sent more than {largest} bytes in one answer; look at the server's log")
            parser.feed(chunk)
            element: t.Any
            for _event, element in parser.read_events():
                if used is None:
                    _refuse_doctype(element, what, expected)
                used = element
                yield element
            if used is not None:
                _free_before(used)
        outermost = parser.close()
        _refuse_doctype(outermost, what, expected)
        if outermost.tag != root:
            raise _not_expected(what, expected, begin, "XML of another kind")
    except etree.XMLSyntaxError as exc:
        raise _not_expected(what, expected, begin, shown(exc.msg or exc)) from exc


def _not_expected(what: str, expected: str, begin: bytes, reason: str) -> BadAnswer:
    return BadAnswer(
        f"{shown(what)} answered something that is not {expected} ({begin_of(begin)}; {reason}); "
        "check that server, port and path name the right service"
    )


def _refuse_doctype(element: etree._Element, what: str, expected: str) -> None:
    if element.getroottree().docinfo.internalDTD is not None:
        raise BadAnswer(
            f"{shown(what)} answered with a document type declaration, which {expected} does not allow; "
            "check that server, port and path name the right service"
        )


def _free_before(element: etree._Element) -> None:
    """Free the siblings before an element. It itself the parser may still have in hand."""
    parent = element.getparent()
    if parent is not None:
        del parent[: parent.index(element)]
