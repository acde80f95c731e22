# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""SOAP envelopes: reading those of clients, and writing answers and items as WinRM does."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from xml.sax.saxutils import escape

from lxml import etree

from .faults import ACTION_NOT_SUPPORTED, INVALID_URI, Fault, encoding_limit
from .model import Row, Value
from .names import ADDRESSING, ANONYMOUS, CIM, ENUMERATION, SOAP, WMI, WSMAN, XSI

_NAMES = {"s": SOAP, "a": ADDRESSING, "w": WSMAN, "n": ENUMERATION}
# A client that asks for less than this gets a fault.
_SMALLEST_ENVELOPE = 8192


@dataclass(frozen=True)
class Message:
    """A request.

    Attributes:
        action: the last word of the action, for example Pull.
        namespace: of WMI, with forward slashes.
        body: the element inside the SOAP body.
    """

    action: str
    message_id: str
    namespace: str
    body: etree._Element

    def text(self, name: str) -> str | None:
        """The text of an element of the body, for example ``w:MaxElements``."""
        return self.body.findtext(name, namespaces=_NAMES)

    def has(self, name: str) -> bool:
        """Whether the body has this element."""
        return self.body.find(name, namespaces=_NAMES) is not None

    def filter(self) -> tuple[str, str]:
        """Dialect and text of the filter, both empty where there is none."""
        element = self.body.find("w:Filter", namespaces=_NAMES)
        return ("", "") if element is None else (element.get("Dialect", ""), element.text or "")

    @property
    def most(self) -> int:
        """How many items the client takes at once: one, where it does not say."""
        return int(self.text("w:MaxElements") or self.text("n:MaxElements") or 1)


def read(document: bytes) -> Message:
    """Read a request.

    Raises:
        Fault: a header is missing or wrong.
        lxml.etree.XMLSyntaxError: it is no XML.
    """
    root = etree.fromstring(document, etree.XMLParser(resolve_entities=False))
    if root.tag != f"{{{SOAP}}}Envelope":
        raise Fault(INVALID_URI, "The request is no SOAP 1.2 envelope.", "w:SchemaValidationError")
    header = {name: root.findtext(f"s:Header/{name}", "", namespaces=_NAMES) for name in _HEADERS}
    for name, value in header.items():
        if not value:
            raise Fault(INVALID_URI, f"The header {name} is missing.", "a:MessageInformationHeaderRequired")
    if root.findtext("s:Header/a:ReplyTo/a:Address", "", namespaces=_NAMES) != ANONYMOUS:
        raise Fault(INVALID_URI, "The reply goes to nobody.", "a:MessageInformationHeaderRequired")
    if int(header["w:MaxEnvelopeSize"]) < _SMALLEST_ENVELOPE:
        raise encoding_limit()
    address, action = header["w:ResourceURI"], header["a:Action"]
    if not address.startswith(WMI) or not address.endswith("/*"):
        raise Fault(INVALID_URI, f"The resource URI {address} is not known.", "a:DestinationUnreachable")
    if not action.startswith(f"{ENUMERATION}/"):
        raise Fault(ACTION_NOT_SUPPORTED, f"The action {action} is not supported.", "a:ActionNotSupported")
    body = root.find("s:Body/*", namespaces=_NAMES)
    if body is None:
        raise Fault(INVALID_URI, "The body is empty.", "w:SchemaValidationError")
    return Message(action.rpartition("/")[2], header["a:MessageID"], address[len(WMI) : -len("/*")], body)


_HEADERS = ("a:To", "a:MessageID", "a:Action", "w:MaxEnvelopeSize", "w:ResourceURI", "w:OperationTimeout")


def write(action: str, relates_to: str, body: str) -> bytes:
    """An answer."""
    return (
        f'<s:Envelope xml:lang="en-US" xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}" xmlns:n="{ENUMERATION}" '
        f'xmlns:w="{WSMAN}" xmlns:xsi="{XSI}" xmlns:cim="{CIM}"><s:Header><a:Action>{action}</a:Action>'
        f"<a:MessageID>uuid:{str(uuid.uuid4()).upper()}</a:MessageID><a:To>{ANONYMOUS}</a:To>"
        f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo></s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def item(row: Row, namespace: str, name: str, fragment: bool) -> str:
    """A row as an item: a fragment for a projection, else the whole object."""
    if fragment:
        return f"<w:XmlFragment>{''.join(_property(key, value, '') for key, value in row.items())}</w:XmlFragment>"
    children = "".join(_property(key, value, "p:") for key, value in row.items())
    return f'<p:{name} xmlns:p="{WMI}{namespace}/{name}" xsi:type="p:{name}_Type">{children}</p:{name}>'


def _property(name: str, value: Value, prefix: str) -> str:
    name = prefix + name
    if value is None:
        return f'<{name} xsi:nil="true"/>'
    if isinstance(value, list):
        return "".join(_property(name, each, "") for each in value)
    if isinstance(value, bool):
        value = "true" if value else "false"
    return f"<{name}>{escape(str(value))}</{name}>"
