# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""SOAP 1.1 as vSphere speaks it: reading requests strictly, writing answers and faults."""

from __future__ import annotations

from xml.sax.saxutils import escape

from lxml import etree

from .inventory import Enum, Ref, Value

NAMESPACE = "urn:vim25"
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    f'<soapenv:Envelope xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:soapenv="{ENVELOPE}" '
    f'xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="{XSI}">\n<soapenv:Body>\n'
)
_TAIL = "\n</soapenv:Body>\n</soapenv:Envelope>"
#: The children of each element in the order of the schema; a trailing star means any number.
ORDER = {
    "RetrieveServiceContent": "_this",
    "Login": "_this userName password locale",
    "Logout": "_this",
    "CurrentTime": "_this",
    "TerminateSession": "_this sessionId*",
    "CreateContainerView": "_this container type* recursive",
    "DestroyView": "_this",
    "RetrievePropertiesEx": "_this specSet* options",
    "ContinueRetrievePropertiesEx": "_this token",
    "CancelRetrievePropertiesEx": "_this token",
    "CreatePropertyCollector": "_this",
    "DestroyPropertyCollector": "_this",
    "CreateFilter": "_this spec partialUpdates",
    "WaitForUpdatesEx": "_this version options",
    "CancelWaitForUpdates": "_this",
    "specSet": "propSet* objectSet* reportMissingObjectsInResults",
    "spec": "propSet* objectSet* reportMissingObjectsInResults",
    "propSet": "type all pathSet*",
    "objectSet": "obj skip selectSet*",
    "selectSet": "name type path skip selectSet*",
    "options": "maxObjects maxWaitSeconds maxObjectUpdates",
}


class VimFault(Exception):
    """A fault for the client: the type of its detail, members of the detail as XML, and the sentence."""

    def __init__(self, kind: str, members: str = "", text: str = "") -> None:
        super().__init__(kind)
        self.kind = kind
        self.members = members
        self.text = text


def read(body: bytes) -> etree._Element:
    """The operation in a request; raises VimFault for one that the schema does not allow."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        envelope = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise VimFault("InvalidRequest", text=f"XML document is not well formed: {error}") from error
    operation = envelope.find(f"{{{ENVELOPE}}}Body/*")
    if envelope.tag != f"{{{ENVELOPE}}}Envelope" or operation is None:
        raise VimFault("InvalidRequest", text="no SOAP body")
    _check(operation)
    return operation


def _check(element: etree._Element) -> None:
    name = etree.QName(element)
    if name.namespace != NAMESPACE:
        raise VimFault("InvalidRequest", text=f"Unexpected namespace of {name.localname}")
    rule = ORDER.get(name.localname)
    if rule is None:
        if len(element):
            raise VimFault("InvalidRequest", text=f"Unexpected element tag {name.localname!r}")
        return
    allowed = rule.split()
    place = 0
    for child in element:
        tag = etree.QName(child).localname
        while place < len(allowed) and allowed[place].rstrip("*") != tag:
            place += 1
        if place == len(allowed):
            raise VimFault("InvalidRequest", text=f"Unexpected element tag {tag!r} seen in {name.localname!r}")
        if not allowed[place].endswith("*"):
            place += 1
        _check(child)


def text(element: etree._Element, name: str, default: str = "") -> str:
    """The text of one child."""
    found = element.find(f"{{{NAMESPACE}}}{name}")
    return default if found is None else found.text or ""


def has(element: etree._Element, name: str) -> bool:
    """Is there such a child?"""
    return element.find(f"{{{NAMESPACE}}}{name}") is not None


def every(element: etree._Element, name: str) -> list[etree._Element]:
    """All children of this name."""
    return element.findall(f"{{{NAMESPACE}}}{name}")


def ref(element: etree._Element, name: str) -> Ref:
    """A child that is a reference to a managed object."""
    found = element.find(f"{{{NAMESPACE}}}{name}")
    if found is None or not found.text or "type" not in found.attrib:
        raise VimFault("InvalidRequest", text=f"no reference {name}")
    return Ref(found.get("type", ""), found.text)


def answer(operation: str, content: str) -> bytes:
    """The answer to an operation."""
    body = f'<{operation}Response xmlns="{NAMESPACE}">{content}</{operation}Response>'
    return (_HEAD + body + _TAIL).encode()


def fault(kind: str, members: str = "", sentence: str = "") -> bytes:
    """A fault as a vCenter writes it; the sentence is localised on a real one, so clients must not read it."""
    detail = f'<{kind}Fault xmlns="{NAMESPACE}" xsi:type="{kind}">{members}</{kind}Fault>'
    body = (
        f"<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>{escape(sentence)}</faultstring>"
        f"<detail>{detail}</detail></soapenv:Fault>"
    )
    return (_HEAD + body + _TAIL).encode()


def reference(name: str, target: Ref) -> str:
    """A reference as an element."""
    return f'<{name} type="{target.type}">{escape(target.id)}</{name}>'


def value(target: Value) -> str:
    """A property's value."""
    if isinstance(target, Ref):
        return f'<val type="{target.type}" xsi:type="ManagedObjectReference">{escape(target.id)}</val>'
    if isinstance(target, Enum):
        return f'<val xsi:type="{target.type}">{escape(target.value)}</val>'
    if isinstance(target, bool):
        return f'<val xsi:type="xsd:boolean">{str(target).lower()}</val>'
    kind = "int" if isinstance(target, int) else "string"
    return f'<val xsi:type="xsd:{kind}">{escape(str(target))}</val>'


def missing(path: str, kind: str) -> str:
    """A property that could not be read."""
    return (
        f'<missingSet><path>{path}</path><fault><fault xsi:type="{kind}"></fault>'
        f"<localizedMessage>{kind}</localizedMessage></fault></missingSet>"
    )
