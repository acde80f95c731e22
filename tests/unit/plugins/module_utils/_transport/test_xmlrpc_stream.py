# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A large XML-RPC struct, read in pieces of every size."""

from __future__ import annotations

import io
import typing as t
import xmlrpc.client

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer
from ansible_collections.virtmap.core.plugins.module_utils._transport import xmlrpc_stream
from hypothesis import given, settings
from hypothesis import strategies as st

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
WANTED = ("a", "b")


class Pieces:
    """Gives so many bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        self._stream, self._size = io.BytesIO(data), size

    def read(self, size: int) -> bytes:
        return self._stream.read(min(size, self._size))


def read(text: str | bytes, size: int = 7) -> tuple[dict[str, t.Any], bool, dict[str, t.Any]]:
    found: dict[str, t.Any] = {}
    data = text.encode("utf-8") if isinstance(text, str) else text
    others, streamed = xmlrpc_stream.members(Pieces(data, size), "Value", found.__setitem__, WANTED, "the server")
    return others, streamed, found


def answer(value: str) -> str:
    return f"<?xml version='1.0'?><methodResponse><params><param>{value}</param></params></methodResponse>"


def struct(**members: str) -> str:
    inner = "".join(f"<member><name>{name}</name>{value}</member>" for name, value in members.items())
    return f"<value><struct>{inner}</struct></value>"


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(TEXTS, st.dictionaries(st.sampled_from(["a", "b", "c", "other"]), VALUES), max_size=3),
    st.integers(1, 99),
)
def test_it_reads_what_the_standard_library_reads(records: dict[str, t.Any], size: int) -> None:
    text = xmlrpc.client.dumps(({"Status": "Success", "Value": records},), methodresponse=True, allow_none=True)
    kept = {ref: {name: record[name] for name in record if name in WANTED} for ref, record in records.items()}
    assert read(text, size) == ({"Status": "Success"}, True, kept)


def test_texts_without_a_tag_and_values_with_one() -> None:
    record = struct(a="<value> x </value>", b="<value><i4>12</i4></value>", c="<value><struct/></value>")
    text = answer(struct(Status="<value>Success</value>", Value=struct(ref=record)))
    assert read(text) == ({"Status": "Success"}, True, {"ref": {"a": " x ", "b": "12"}})
    assert read(answer(struct(Value="<value/>"))) == ({"Value": ""}, False, {})
    assert read(answer(struct(Value="<value><array><data><value>1</value></data></array></value>")))[0] == {
        "Value": ["1"]
    }


def test_failures_and_faults() -> None:
    error = "<value><array><data><value>SESSION_INVALID</value><value>OpaqueRef:1</value></data></array></value>"
    text = answer(struct(Status="<value>Failure</value>", ErrorDescription=error))
    assert read(text)[0] == {"Status": "Failure", "ErrorDescription": ["SESSION_INVALID", "OpaqueRef:1"]}
    fault = xmlrpc.client.dumps(xmlrpc.client.Fault(3, "no"), methodresponse=True)
    assert read(fault)[0] == {"faultCode": "3", "faultString": "no"}


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "{}", "<html/>", "<methodResponse>", "<methodResponse/>", answer("<value>x</value>"), answer(""),
        answer(struct(Value=struct(ref="<value>")))[:-40], answer("<value><struct><member><value>1</value></member></struct></value>"),
        answer("<name>x</name>"), answer(struct() + struct()), "<!DOCTYPE x [<!ENTITY a 'b'>]>" + answer(struct()),
        answer("<value>" + "<array><data><value>" * 60), b"<?xml version='1.0'?><methodResponse>\xff",
    ],
)  # fmt: skip
def test_what_is_no_xml_rpc(text: str | bytes) -> None:
    for size in (1, 4096):
        with pytest.raises(BadAnswer, match="^the server answered something that is not XML-RPC .*check that server"):
            read(text, size)


def test_a_member_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xmlrpc_stream, "LARGEST_MEMBER", 100_000)
    many = struct(**{f"r{number}": struct(a=f"<value>{'x' * 1000}</value>") for number in range(1000)})
    assert len(read(answer(struct(Value=many)), 65536)[2]) == 1000
    with pytest.raises(BadAnswer, match="more than 100000 bytes"):
        read(answer(struct(Value=struct(r=struct(c=f"<value>{'x' * 300_000}</value>")))), 65536)
