# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The plainest script with pywinrm that reads a right mapping: the same questions, host after host, nothing guarded."""

from __future__ import annotations

import typing as t
import uuid
import xml.etree.ElementTree as ET

import xmltodict
from ansible_collections.virtmap.core.tests.bench.hyperv.account import PASSWORD, USER
from winrm.protocol import Protocol

ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
WQL = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
V2 = "root/virtualization/v2"
Row = dict[str, t.Optional[str]]
QUESTIONS = {
    "system": ("root/cimv2", "select DNSHostName, NumberOfProcessors from Win32_ComputerSystem"),
    "product": ("root/cimv2", "select UUID from Win32_ComputerSystemProduct"),
    "version": (
        "root/cimv2",
        "select Version from CIM_DataFile where Path = '\\\\windows\\\\system32\\\\' and FileName = 'vmms'",
    ),
    "machines": (
        V2,
        "select BIOSGUID, VirtualSystemIdentifier, VirtualSystemSubType, ElementName from Msvm_VirtualSystemSettingData "
        "where VirtualSystemType = 'Microsoft:Hyper-V:System:Realized'",
    ),
    "states": (V2, "select Name, EnabledState from Msvm_ComputerSystem"),
}


def plain(ca_path: str, *urls: str) -> dict[str, t.Any]:
    """Read in pages of a thousand."""
    return _read(ca_path, urls, {"w:MaxElements": "1000"}, {"n:MaxElements": "1000"})


def one_by_one(ca_path: str, *urls: str) -> dict[str, t.Any]:
    """Read without asking for more than the server sends by itself, as virt-who does: one object at a time."""
    return _read(ca_path, urls, {}, {})


def _read(ca_path: str, urls: t.Sequence[str], first: dict[str, str], more: dict[str, str]) -> dict[str, t.Any]:
    hosts = {}
    for url in urls:
        protocol = Protocol(
            f"{url}/wsman", transport="ntlm", username=USER, password=PASSWORD, ca_trust_path=ca_path, proxy=None,
            read_timeout_sec=300, operation_timeout_sec=290,
        )  # fmt: skip
        found = {name: _ask(protocol, *question, first, more) for name, question in QUESTIONS.items()}
        states = {row["Name"]: row["EnabledState"] for row in found["states"]}
        hosts[_swapped(found["product"][0]["UUID"])] = {
            "name": found["system"][0]["DNSHostName"],
            "sockets": found["system"][0]["NumberOfProcessors"],
            "version": found["version"][0]["Version"],
            "guests": [
                {
                    "uuid": _swapped(row["BIOSGUID"]),
                    "name": row["ElementName"],
                    "state": states[row["VirtualSystemIdentifier"]],
                    "generation": row["VirtualSystemSubType"],
                }
                for row in found["machines"]
            ],
        }
    return hosts


def _ask(protocol: Protocol, namespace: str, query: str, first: dict[str, str], more: dict[str, str]) -> list[Row]:
    rows: list[Row] = []
    optimized = {"w:OptimizeEnumeration": None} if first else {}
    body = {"n:Enumerate": {**optimized, **first, "w:Filter": {"@Dialect": WQL, "#text": query}}}
    context = _page(protocol, namespace, "Enumerate", body, rows)
    while context:
        body = {"n:Pull": {"n:EnumerationContext": context, **more}}
        context = _page(protocol, namespace, "Pull", body, rows)
    return rows


def _page(protocol: Protocol, namespace: str, action: str, body: dict[str, t.Any], rows: list[Row]) -> str | None:
    uri = f"http://schemas.microsoft.com/wbem/wsman/1/wmi/{namespace}/*"
    envelope = protocol.build_wsman_header(f"{ENUMERATION}/{action}", uri)
    envelope["env:Body"] = body
    answer = ET.fromstring(protocol.send_message(xmltodict.unparse({"env:Envelope": envelope})))
    for items in answer.iterfind(".//{*}Items"):
        rows += [{child.tag: child.text for child in item} for item in items]
    return answer.findtext(".//{*}EnumerationContext")


def _swapped(text: str | None) -> str:
    return str(uuid.UUID(bytes_le=uuid.UUID(text).bytes)).upper()
