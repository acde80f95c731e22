# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Messages of WS-Management, in the forms in which they were recorded from Windows."""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer
from ansible_collections.virtmap.core.plugins.module_utils._transport import wsman
from ansible_collections.virtmap.core.plugins.module_utils._transport.wsman import (
    Page,
    WsmanFault,
    read_fault,
    read_page,
)
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

HEAD = (
    '<s:Envelope xml:lang="en-US" xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
    'xmlns:n="http://schemas.xmlsoap.org/ws/2004/09/enumeration" '
    'xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    "<s:Header><a:Action>x</a:Action></s:Header><s:Body>"
)
TAIL = "</s:Body></s:Envelope>"
CLASS = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/Win32_ComputerSystem"


def answered(body: str) -> bytes:
    """An answer with this body."""
    return f"{HEAD}{body}{TAIL}".encode()


def page(body: str) -> Page:
    """The page in an answer."""
    return read_page(answered(body), "the host")


def test_an_optimized_first_page_is_in_the_other_namespace() -> None:
    found = page(
        "<n:EnumerateResponse><n:EnumerationContext>uuid:1</n:EnumerationContext><w:Items><w:XmlFragment>"
        "<BIOSGUID>{1}</BIOSGUID><ElementName>a &lt;b&gt; \u00e4</ElementName><Notes xsi:nil='true'/><Empty/>"
        "</w:XmlFragment></w:Items></n:EnumerateResponse>"
    )
    row = {"biosguid": "{1}", "elementname": "a <b> \u00e4", "notes": None, "empty": ""}
    assert found == Page([row], "uuid:1", False)


def test_a_first_page_with_everything_has_an_empty_context() -> None:
    found = page(
        "<n:EnumerateResponse><n:EnumerationContext/><w:Items><w:XmlFragment><Name>HV1</Name></w:XmlFragment>"
        "</w:Items><w:EndOfSequence/></n:EnumerateResponse>"
    )
    assert found == Page([{"name": "HV1"}], None, True)


def test_a_page_of_whole_objects() -> None:
    found = page(
        "<n:PullResponse><n:EnumerationContext>uuid:2</n:EnumerationContext><n:Items>"
        f'<p:Win32_ComputerSystem xmlns:p="{CLASS}" xsi:type="p:Win32_ComputerSystem_Type"><p:Name>HV1</p:Name>'
        "<p:Roles>first</p:Roles><p:Roles>second</p:Roles><p:InstallDate xsi:nil='true'/></p:Win32_ComputerSystem>"
        "</n:Items></n:PullResponse>"
    )
    assert found == Page([{"name": "HV1", "roles": "first", "installdate": None}], "uuid:2", False)


def test_the_last_page_has_no_context() -> None:
    assert page("<n:PullResponse><n:Items/><n:EndOfSequence/></n:PullResponse>") == Page([], None, True)


CLASSIC = (
    "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>n:CannotProcessFilter</s:Value></s:Subcode></s:Code>"
    "<s:Reason><s:Text xml:lang='en-US'>The filter is wrong. </s:Text></s:Reason><s:Detail>"
    "<f:WSManFault xmlns:f='http://schemas.microsoft.com/wbem/wsman/1/wsmanfault' Code='2150858778' Machine='hv1'>"
    "<f:Message><f:ProviderFault provider='WMI Provider' path='WsmWmiPl.dll'><f:WSManFault Code='2150858778'>"
    "<f:Message>HRESULT = 0x8004100e\n </f:Message></f:WSManFault></f:ProviderFault></f:Message></f:WSManFault>"
    "</s:Detail></s:Fault>"
)
MODERN = (
    "<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>w:QuotaLimit</s:Value></s:Subcode></s:Code>"
    "<s:Reason><s:Text xml:lang='en-US'>Too many.</s:Text></s:Reason><s:Detail>"
    "<p:MSFT_WmiError b:IsCIM_Error='true' xmlns:p='http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError' "
    "xmlns:b='http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd'><p:CIMStatusCode>27</p:CIMStatusCode>"
    "<p:Message>Too many.</p:Message><p:error_Code>2150859173</p:error_Code></p:MSFT_WmiError></s:Detail></s:Fault>"
)


@pytest.mark.parametrize("read", [read_page, read_fault])
def test_both_shapes_of_faults(read: t.Callable[[bytes, str], t.Any]) -> None:
    caught = []
    for body in (CLASSIC, MODERN):
        try:
            caught.append(read(answered(body), "the host"))
        except WsmanFault as fault:
            caught.append(fault)
    first, second = caught
    assert (first.code, first.subcode) == (wsman.CANNOT_PROCESS_FILTER, "CannotProcessFilter")
    assert first.sentence == "The filter is wrong. (HRESULT = 0x8004100e)"
    assert (second.code, second.subcode, second.sentence) == (wsman.QUOTA, "QuotaLimit", "Too many.")


@pytest.mark.parametrize(
    "detail, code, denied, timed_out",
    [
        ("<f:WSManFault Code='5'/>", 5, True, False),
        ("<f:WSManFault Code='-2147024891'/>", 0x80070005, True, False),
        ("<f:WSManFault Code='2150858793'/>", 0x80338029, False, True),
        ("<f:WSManFault Code='2150858780'/>", 0x8033801C, False, True),
        ("<f:WSManFault Code='five'/>", None, False, False),
        ("<f:WSManFault Code='--5'/>", None, False, False),
        (f"<f:WSManFault Code='{'5' * 5000}'/>", None, False, False),
        ("<f:WSManFault/>", None, False, False),
        ("", None, False, False),
    ],
)
def test_numbers_of_faults(detail: str, code: int | None, denied: bool, timed_out: bool) -> None:
    detail = detail.replace("WSManFault", "WSManFault xmlns:f='http://schemas.microsoft.com/wbem/wsman/1/wsmanfault'")
    fault = read_fault(answered(f"<s:Fault><s:Detail>{detail}</s:Detail></s:Fault>"), "the host")
    assert (fault.code, fault.denied, fault.timed_out) == (code, denied, timed_out)
    assert fault.sentence == "no reason is given"


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"null",
        b"<html><body>Sign in</body></html>",
        answered(""),
        answered("<n:ReleaseResponse/>"),
        answered("<n:PullResponse>")[:-5],
        b"<!DOCTYPE s [<!ENTITY a 'b'>]>" + answered("<n:PullResponse/>"),
        answered("<n:PullResponse>" + "<n:x>" * 3000 + "</n:x>" * 3000 + "</n:PullResponse>"),
    ],
)
def test_what_is_no_answer(document: bytes) -> None:
    with pytest.raises(BadAnswer, match="^the host "):
        read_page(document, "the host")


def test_entities_are_not_expanded() -> None:
    document = b"<!DOCTYPE x [<!ENTITY file SYSTEM 'file:///etc/passwd'>]>" + answered(
        "<n:PullResponse>&file;</n:PullResponse>"
    )
    with pytest.raises(BadAnswer, match="document type declaration"):
        read_page(document, "the host")


@given(st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc"))))
def test_whatever_stands_in_a_message_is_escaped(text: str) -> None:
    for message in (
        wsman.enumerate_message("https://hv1/wsman", "root/cimv2", text, 15.0),
        wsman.pull_message("https://hv1/wsman", "root/cimv2", text, 15.0),
    ):
        root = etree.fromstring(message.encode())
        found = root.findtext(".//{*}Filter") if "Enumerate>" in message else root.findtext(".//{*}EnumerationContext")
        assert (found or "") == text


def test_what_is_asked() -> None:
    message = wsman.enumerate_message("https://hv1:5986/wsman", "root/virtualization/v2", "select A from B", 45.0)
    root = etree.fromstring(message.encode())
    texts = {etree.QName(element).localname: element.text for element in root.iter() if element.text}
    assert texts["To"] == "https://hv1:5986/wsman"
    assert texts["Action"] == "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate"
    assert texts["ResourceURI"] == "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/v2/*"
    assert texts["OperationTimeout"] == "PT45.000S"
    assert re.fullmatch(r"uuid:[0-9a-f-]{36}", texts["MessageID"] or "")
    assert int(texts["MaxEnvelopeSize"] or 0) >= 153_600
    assert int(texts["MaxElements"] or 0) > 1, "else Windows sends one object at a time"
