# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Messages of WS-Management that ask WMI: Enumerate and Pull out, pages and faults in. Private to this collection; pure.

The wire is DSP0226 (WS-Management) with Microsoft's MS-WSMV on top.
"""

from __future__ import annotations

import typing as t
import uuid
from dataclasses import dataclass, field
from io import BytesIO
from xml.sax.saxutils import escape

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown, whole_number
from ansible_collections.virtmap.core.plugins.module_utils._transport.xmlstream import elements

if t.TYPE_CHECKING:
    from lxml.etree import _Element

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
WMI = "http://schemas.microsoft.com/wbem/wsman/1/wmi/"
WQL = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
_WSMAN_FAULT = "{http://schemas.microsoft.com/wbem/wsman/1/wsmanfault}"
_WMI_ERROR = "{http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError}"
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
# Windows counts in UTF-16 and sends half of what it is asked for at the most; more lets a single large object through.
ENVELOPE_BYTES = 512_000
# How many objects are asked for at a time; Windows ends a page earlier when it is full.
PAGE = 1000

Row = dict[str, t.Optional[str]]

# Codes of faults; Windows gives them in decimal.
ACCESS_DENIED = frozenset({5, 0x80070005, 0x80041003})
CANNOT_PROCESS_FILTER = 0x8033801A
INVALID_CONTEXT = 0x8033801B
TIMED_OUT = frozenset({0x8033801C, 0x80338029})
ENCODING_LIMIT = 0x80338035
QUOTA = 0x803381A5
SHUTTING_DOWN = 0x80041033


class WsmanFault(Exception):
    """A fault that the server answered with. Whoever knows the service makes an error of the family of it.

    Attributes:
        code: WinRM's number; None when the fault holds none.
        subcode: name of the fault without its prefix, such as ``AccessDenied``.
        sentence: the server's words, in its language; for people only.
    """

    def __init__(self, code: int | None, subcode: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.subcode = subcode
        self.sentence = sentence

    @property
    def denied(self) -> bool:
        """Whether the account is known but has no right."""
        return self.code in ACCESS_DENIED or self.subcode == "AccessDenied"

    @property
    def timed_out(self) -> bool:
        """Whether the provider needs more time; an enumeration goes on."""
        return self.code in TIMED_OUT or self.subcode == "TimedOut"


@dataclass
class Page:
    """Some of the rows that a query finds.

    Attributes:
        rows: by the names of their properties in lower case, as WMI does not tell case apart; None for NULL.
        context: what the next Pull must bring; None where none may follow.
        ended: no row follows.
    """

    rows: list[Row] = field(default_factory=list)
    context: str | None = None
    ended: bool = False


# -- requests


def enumerate_message(to: str, namespace: str, query: str, seconds: float) -> str:
    """Run a query and ask for its first rows.

    Args:
        to: URL of the service.
        namespace: of WMI, such as ``root/cimv2``.
        query: in WQL, naming the columns it wants.
        seconds: after which the server is to say that it needs more time.
    """
    body = (
        f"<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>{PAGE}</w:MaxElements>"
        f'<w:Filter Dialect="{WQL}">{escape(query)}</w:Filter></n:Enumerate>'
    )
    return _envelope(to, namespace, "Enumerate", body, seconds)


def pull_message(to: str, namespace: str, context: str, seconds: float) -> str:
    """Ask for the next rows of a query; arguments as for ``enumerate_message``."""
    body = (
        f"<n:Pull><n:EnumerationContext>{escape(context)}</n:EnumerationContext>"
        f"<n:MaxElements>{PAGE}</n:MaxElements></n:Pull>"
    )
    return _envelope(to, namespace, "Pull", body, seconds)


def _envelope(to: str, namespace: str, action: str, body: str, seconds: float) -> str:
    must = 's:mustUnderstand="true"'
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}" '
        f'xmlns:n="{ENUMERATION}" xmlns:w="{WSMAN}"><s:Header><a:To>{escape(to)}</a:To><a:ReplyTo>'
        f"<a:Address {must}>{ADDRESSING}/role/anonymous</a:Address></a:ReplyTo>"
        f"<a:Action {must}>{ENUMERATION}/{action}</a:Action><a:MessageID>uuid:{uuid.uuid4()}</a:MessageID>"
        f"<w:ResourceURI {must}>{WMI}{namespace}/*</w:ResourceURI>"
        f"<w:MaxEnvelopeSize {must}>{ENVELOPE_BYTES}</w:MaxEnvelopeSize>"
        f'<w:Locale s:mustUnderstand="false" xml:lang="en-US"/>'
        f"<w:OperationTimeout>PT{seconds:.3f}S</w:OperationTimeout></s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )


# -- answers

# An optimized first page is written in the namespace of WS-Management, the others in that of enumerations.
_ITEMS = (f"{{{ENUMERATION}}}Items", f"{{{WSMAN}}}Items")
_CONTEXT = f"{{{ENUMERATION}}}EnumerationContext"
_END = (f"{{{ENUMERATION}}}EndOfSequence", f"{{{WSMAN}}}EndOfSequence")
_RESPONSES = (f"{{{ENUMERATION}}}EnumerateResponse", f"{{{ENUMERATION}}}PullResponse")
_FAULT = f"{{{SOAP}}}Fault"
_ENVELOPE = f"{{{SOAP}}}Envelope"
_TAGS = (*_ITEMS, _CONTEXT, *_END, *_RESPONSES, _FAULT)


def read_page(document: bytes, what: str) -> Page:
    """Read the answer to Enumerate or Pull.

    Raises:
        WsmanFault: it is a fault.
        BadAnswer: it is neither.
    """
    page = Page()
    whole = False
    for element in elements(BytesIO(document), _TAGS, what, "SOAP", _ENVELOPE):
        if element.tag in _ITEMS:
            page.rows += [_row(item) for item in element]
        elif element.tag == _CONTEXT:
            page.context = (element.text or "").strip() or None
        elif element.tag in _END:
            page.ended = True
        elif element.tag == _FAULT:
            raise _fault(element)
        else:
            whole = True
    if not whole:
        raise BadAnswer(
            f"{shown(what)} answered XML that is no answer of WS-Management; "
            "check that server, port and path name the right service"
        )
    return page


def read_fault(document: bytes, what: str) -> WsmanFault:
    """Read the answer with which a server refuses a message.

    Raises:
        BadAnswer: there is no fault in it.
    """
    for element in elements(BytesIO(document), (_FAULT,), what, "SOAP", _ENVELOPE):
        return _fault(element)
    raise BadAnswer(f"{shown(what)} refused a message and did not say why; look at the server's log")


_NAMES: dict[t.Any, str] = {}
_MOST_NAMES = 1000


def _row(item: _Element) -> Row:
    row: Row = {}
    for element in item:
        tag, value = element.tag, element.text
        name = _NAMES.get(tag) or _name(tag)
        if value is None and element.get(_NIL) not in ("true", "1"):
            value = ""
        # Of a property with several values the first; none of those that are read here has more.
        if name not in row:
            row[name] = value
    return row


def _name(tag: t.Any) -> str:
    """The name of a property in lower case, remembered: a query has few of them, and each occurs in every row."""
    name = str(tag).rpartition("}")[2].lower()
    if len(_NAMES) < _MOST_NAMES:
        _NAMES[tag] = name
    return name


def _fault(fault: _Element) -> WsmanFault:
    names = {"s": SOAP}
    subcode = fault.findtext("s:Code/s:Subcode/s:Value", "", names).rpartition(":")[2].strip()
    reason = " ".join(fault.findtext("s:Reason/s:Text", "", names).split())
    classic = fault.find(f"s:Detail/{_WSMAN_FAULT}WSManFault", names)
    modern = fault.find(f"s:Detail/{_WMI_ERROR}MSFT_WmiError", names)
    number, detail = "", ""
    if classic is not None:
        # WSManFault holds a message, or one of a provider within which is another WSManFault.
        number = classic.get("Code", "")
        detail = " ".join(" ".join(str(text) for text in classic.itertext()).split())
    elif modern is not None:
        number = modern.findtext(f"{_WMI_ERROR}error_Code", "")
        detail = " ".join(modern.findtext(f"{_WMI_ERROR}Message", "").split())
    sentence = f"{reason} ({detail})" if detail and detail != reason else reason
    # Windows has been seen to write it as a signed number of 32 bits, too.
    code = whole_number(number)
    return WsmanFault(None if code is None else code & 0xFFFFFFFF, subcode, sentence or "no reason is given")
