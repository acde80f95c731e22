# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A JSON object that is read while it arrives is the same as one that is read at once."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._transport import json_items
from ansible_collections.virtmap.core.plugins.module_utils._transport.json_cursor import Malformed
from ansible_collections.virtmap.core.plugins.module_utils._transport.json_items import read_object

DOCUMENTS: list[t.Any] = [
    {},
    {"result": []},
    {"result": [1, -2.5e3, 'a"]}\\', None, True, [], {}, [[{"result": [1]}]]], "id": "r1"},
    {"id": 12345, "result": {"result": [1, 2]}, "é\U0001f600": "\U0001f600\n"},
    {"result": "text", "other": [1, 2, 3]},
    {"result": [{"vmId": str(number), "n": number} for number in range(50)], "jsonrpc": "2.0"},
]


def pieces(text: str, size: int) -> t.Iterator[bytes]:
    """The text in pieces, also in the middle of characters."""
    data = text.encode()
    return (data[begin : begin + size] for begin in range(0, len(data), size))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 10_000])
@pytest.mark.parametrize("document", DOCUMENTS, ids=range(len(DOCUMENTS)))
@pytest.mark.parametrize("indent", [None, 2])
def test_it_is_what_the_standard_library_reads(document: t.Any, size: int, indent: int | None) -> None:
    text = json.dumps(document, ensure_ascii=False, indent=indent)
    kept: list[t.Any] = []
    assert read_object(pieces(f" {text}\n", size), "result", lambda item: kept.append(item) or item) == document
    assert kept == (document.get("result") if isinstance(document.get("result"), list) else [])


@pytest.mark.parametrize("size", range(1, 8))
def test_a_number_is_whole_wherever_it_is_cut(size: int) -> None:
    text = '{"a": 1e5, "result": [1e5,2E+3,-0.5e-1,7]}'
    assert read_object(pieces(text, size), "result", lambda item: item) == json.loads(text)


def test_only_what_is_kept_stays() -> None:
    text = '{"result": [{"a": 1, "b": 2}, {"a": 3}]}'
    assert read_object(pieces(text, 5), "result", lambda item: item["a"]) == {"result": [1, 3]}


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "[]", "null", "{", "{]", '{"a"}', '{"a":}', '{"a":1', '{"a":1,}', '{"a":1}}', '{"a":1} x', "{1:2}",
        '{"result":[', '{"result":[1', '{"result":[1,]}', '{"result":[1 2]}', '{"result":[1}', '{"a":NaN}',
        '{"a":Infinity}', '{"a":01}', '{"a":"\n"}', '{"a":tru}', '{"a": ' + "9" * 65 + "}", '{"a": 1.' + "9" * 65 + "}",
        '{"a": ' + "[" * 100_000 + "}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [1, 1000])
def test_what_is_no_object_is_refused(text: str, size: int) -> None:
    if len(text) > 10_000 and size == 1:
        size = 100
    with pytest.raises(Malformed):
        read_object(pieces(text, size), "result", lambda item: item)


def test_broken_utf8_is_refused() -> None:
    for data in (b'{"a": "\xff"}', b'{"a": "\xc3'):
        with pytest.raises(Malformed, match="UTF-8"):
            read_object([data], "result", lambda item: item)


def test_a_value_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_items, "LARGEST_ITEM", 10_000)
    served: list[int] = []

    def endless() -> t.Iterator[bytes]:
        yield b'{"result": ["'
        while True:
            served.append(1)
            yield b"a" * 1000

    with pytest.raises(Malformed, match="more than 10000 characters"):
        read_object(endless(), "result", lambda item: item)
    assert len(served) < 50


def test_a_long_list_needs_little_memory() -> None:
    """Objects of a hundred megabytes come in; what is held at a time is a piece and one object."""
    item = json.dumps({"vmId": "x", "filler": "y" * 10_000}).encode()
    count = 10_000

    def stream() -> t.Iterator[bytes]:
        yield b'{"result": ['
        for number in range(count):
            yield item + (b"," if number < count - 1 else b"]}")

    import tracemalloc

    tracemalloc.start()
    found = read_object(stream(), "result", lambda one: one["vmId"])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found["result"]) == count
    assert peak < 5 * 1024 * 1024
